"""What a change of settings would mean is said for just what was changed."""

from dataclasses import replace
from datetime import date, time
from typing import get_args

from flask import Flask

from kit_booking.domain.policy import NUMBERS, Affects, Policy
from kit_booking.domain.settings import Difference
from kit_booking.domain.time.local_time import local
from kit_booking.domain.time.slots import Window
from kit_booking.services.settings.effects import Effect, NotShown
from kit_booking.web.desk.settings.effects import LINES, effect_lines
from tests.support.databases import on_sqlite

FIRST = date(2026, 12, 3)
OLD_WINDOW = Window(FIRST, date(2026, 12, 17), date(2026, 12, 17), local(date(2026, 12, 4), time(7)))
NEW_WINDOW = Window(FIRST, date(2026, 12, 10), date(2026, 12, 10), local(date(2026, 12, 4), time(8)))
EFFECT = Effect(
    policy=Policy(),
    first=FIRST,
    window=(OLD_WINDOW, NEW_WINDOW),
    a_week=(28, 21),
    vanish=[],
    appear=[],
    not_shown=[NotShown("Phú Túc", "Tối", [5, 6])],
    bookings=5,
    unlike=4,
    requests=3,
    from_others=2,
    over_quota=6,
    newly_paused=7,
    no_longer_paused=8,
    waits_in_vain=9,
    queued_texts=10,
)
TIMETABLE = [
    "Các buổi đang còn trống trên lịch không đổi.",
    "Tính từ T5 03/12, mỗi tuần có 21 buổi cho mượn (hiện nay 28).",
    "Buổi Tối (T7, CN) ở Phú Túc không giao hoặc không nhận lại bộ được, nên không hiện trên lịch.",
    "5 phiếu đã ghi vẫn giữ nguyên buổi, giờ và nơi nhận.",
    "Trong đó 4 phiếu khác với lịch mới.",
    "9 lượt chờ chỗ trống là của buổi sẽ không còn nữa.",
]
WINDOW = [
    "Ngay khi lưu, bà con chỉ đăng ký được đến hết T5 10/12.",
    "Ngày kế tiếp, T6 11/12, mở lúc 8h T6 04/12.",
]
STRIKES = ["7 hộ sẽ phải tạm nghỉ đăng ký ngay khi lưu.", "8 hộ đang tạm nghỉ sẽ được đăng ký lại ngay."]
WAITING = ["Các chỗ đang giữ và các lượt đang chờ không đổi; mức mới tính từ nay."]
REMINDERS = ["Các lần nhắc từ nay theo giờ mới; ai đã được nhắc thì không nhắc lại."]
QUEUED = ["10 tin nhắn đã soạn vẫn gửi vào giờ đã định."]
ANSWERS = ["3 phiếu đang chờ duyệt giữ hạn trả lời đã ghi."]
KEEPER = ["Trang của xã và các phiếu hiện người giữ bộ mới ngay."]
SENTENCES = {
    "phone": [
        "Trang của xã và các tin nhắn mới ghi số mới ngay.",
        "10 tin nhắn đã soạn, đang chờ gửi, vẫn ghi số cũ.",
    ],
    "office": TIMETABLE + ANSWERS,
    "plan": TIMETABLE,
    "keeper": KEEPER,
    "keeper_phone": KEEPER,
    "handover": TIMETABLE,
    "window_days": TIMETABLE + WINDOW,
    "day_opens": TIMETABLE + WINDOW,
    "lead_minutes": TIMETABLE,
    "open_to_others": ["2 phiếu của hộ xã khác đang có vẫn giữ."],
    "answer_office_hours": ANSWERS,
    "approve_on_silence": ["3 phiếu đang chờ duyệt sẽ hết hạn nếu xã không trả lời kịp."],
    "handover_minutes": TIMETABLE,
    "no_show_minutes": ["Tính cho các lần giao bộ từ nay."],
    "most_peak_ahead": ["6 hộ đang có nhiều phiếu hơn mức mới; các phiếu đó vẫn giữ."],
    "free_hours": ["Mức mới tính cho các phiếu đăng ký từ nay; phiếu đã ghi vẫn giữ."],
    "most_ahead": ["6 hộ đang có nhiều phiếu hơn mức mới; các phiếu đó vẫn giữ."],
    "most_a_week": ["Mức mới tính cho các phiếu đăng ký từ nay; phiếu đã ghi vẫn giữ."],
    "most_of_number": ["Mức mới tính cho các phiếu đăng ký từ nay; phiếu đã ghi vẫn giữ."],
    "late_cancel_hours": ["Chỉ tính cho các lần hủy từ nay."],
    "strikes": STRIKES,
    "strike_days": STRIKES,
    "pause_days": STRIKES,
    "offer_hours": WAITING,
    "most_waiting": WAITING,
    "day_reminder": REMINDERS + QUEUED,
    "soon_reminder_minutes": REMINDERS + QUEUED,
    "quiet_from": QUEUED,
    "quiet_until": QUEUED,
    "sms_budget": [],
    "keep_days": [],
}


@on_sqlite
def test_the_effect_of_each_change_has_its_sentences(app: Flask) -> None:
    with app.test_request_context():
        assert {name: effect_lines(EFFECT, [Difference(name)]) for name in SENTENCES} == SENTENCES
    assert SENTENCES.keys() >= NUMBERS.keys()
    assert set(LINES) == set(get_args(Affects))


@on_sqlite
def test_changes_with_the_same_meaning_say_it_once(app: Flask) -> None:
    changes = [Difference("strike_days"), Difference("most_ahead"), Difference("strikes")]
    with app.test_request_context():
        assert effect_lines(EFFECT, changes) == SENTENCES["most_ahead"] + STRIKES


@on_sqlite
def test_what_nothing_would_change_for_is_said_where_people_would_wonder(app: Flask) -> None:
    calm = replace(EFFECT, over_quota=0, newly_paused=0, no_longer_paused=0, queued_texts=0)
    changes = [Difference("most_ahead"), Difference("strikes"), Difference("quiet_from")]
    with app.test_request_context():
        assert effect_lines(calm, changes) == [
            "Chưa hộ nào có nhiều phiếu hơn mức mới.",
            "Hôm nay chưa hộ nào bị tạm nghỉ thêm hay được đăng ký lại.",
        ]
