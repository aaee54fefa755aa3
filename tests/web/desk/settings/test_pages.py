"""The settings of a commune on screen: what a clerk sees, changes, and is told before anything is saved."""

from datetime import date, time, timedelta

import hypothesis
import pytest
from hypothesis import strategies as st

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.policy import NUMBERS, Policy
from kit_booking.domain.settings import policy_troubles
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import AuditEntry, Commune, Place, PlannedSlot
from kit_booking.web.desk.settings.forms import parse_clock
from kit_booking.web.frame.formats import day as day_word
from tests.domain.typed import ANYTHING
from tests.support.town import NO_QUOTAS, Browser, Town, where, words_of
from tests.support.typed import typed
from tests.times import at, set_clock

PATH = "/staff/settings/phuong-duc"


def change(browser: Browser, section: str, **fields: object) -> dict[str, list[str]]:
    """Open the section's form and type this into it; what would be sent."""
    return typed(browser.get(f"{PATH}/{section}")) | {
        name: value if isinstance(value, list) else [value] for name, value in fields.items()
    }


def look(browser: Browser, section: str, **fields: object) -> tuple[str, dict[str, list[str]]]:
    """The words of the second step, and what its form would send."""
    page = browser.post(f"{PATH}/{section}", change(browser, section, **fields))
    assert page.status_code == 200, words_of(page)
    return words_of(page), typed(page)


def save(browser: Browser, section: str, **fields: object) -> str:
    path, _sign, query = section.partition("?")
    page = browser.post(f"{PATH}/{path}", change(browser, f"{path}?{query}", **fields))
    assert page.status_code == 200, words_of(page)
    return where(browser.post(f"{PATH}/{path}", typed(page) | {"confirmed": "1"}))


def commune(town: Town) -> Commune:
    return town.world.fresh(town.commune)


def test_every_number_is_shown_with_what_is_usual(town: Town) -> None:
    page = words_of(town.browser(town.clerk).get(PATH))
    assert "Mỗi hộ được có nhiều nhất bao nhiêu phiếu sắp tới của các buổi khác? 99 phiếu (thường là 2 phiếu)" in page
    assert "Cho đăng ký trước bao nhiêu ngày? 14 ngày Ngày mới" in page, "what is usual says nothing more"
    for said in ("Sáng 8–11h", "024 3385 4321", "cả tuần 7h30–17h", "Phú Túc", "Cô Hằng"):
        assert said in page


def test_a_leader_sees_and_is_told_who_changes(town: Town) -> None:
    page = town.browser(town.leader).get(PATH)
    assert "Cán bộ xã hoặc người vận hành mới sửa được." in words_of(page)
    assert f"{PATH}/fairness" not in page.text


def test_nothing_is_saved_before_the_preview_is_confirmed(town: Town) -> None:
    clerk, before = town.browser(town.clerk), commune(town)
    words, fields = look(clerk, "fairness", most_a_week="3")
    assert "Mỗi hộ được mượn nhiều nhất bao nhiêu buổi mỗi loại một tuần? từ 99 buổi thành 3 buổi" in words
    assert (commune(town).policy, commune(town).version) == (before.policy, before.version)
    assert where(clerk.post(f"{PATH}/fairness", fields | {"confirmed": "1"})) == f"303 {PATH}"
    assert "Đã lưu." in words_of(clerk.get(PATH))
    after = commune(town)
    assert after.policy == NO_QUOTAS | {"most_a_week": 3, "most_waiting": 99}
    assert after.version == before.version + 1


def test_only_differences_from_what_is_usual_are_kept(town: Town) -> None:
    usual = {"most_peak_ahead": "1", "most_ahead": "2", "most_a_week": "2"}
    save(town.browser(town.clerk), "fairness", **usual, strikes="3")
    assert commune(town).policy == {"strikes": 3, "most_waiting": 99}


def test_a_change_is_in_the_audit_list_with_old_and_new(town: Town) -> None:
    save(town.browser(town.clerk), "texts", day_reminder="17h30", quiet_from="22:00")
    entries = town.world.all(AuditEntry, action="settings_changed")
    assert [entry.detail for entry in entries] == [
        {"field": "day_reminder", "old": "18:00", "new": "17:30"},
        {"field": "quiet_from", "old": "21:00", "new": "22:00"},
    ]
    assert {(entry.staff_id, entry.commune_id) for entry in entries} == {(town.clerk.id, town.commune.id)}


def test_the_audit_list_never_holds_a_whole_number(town: Town) -> None:
    save(town.browser(town.clerk), "office", phone="024 3385 9999")
    [entry] = town.world.all(AuditEntry, action="settings_changed")
    assert entry.detail == {"field": "phone", "old": "0243 *** 321", "new": "0243 *** 999"}
    assert commune(town).phone == "024 3385 9999"


def test_bad_values_are_explained_and_what_was_typed_stays(town: Town) -> None:
    clerk = town.browser(town.clerk)
    page = clerk.post(
        f"{PATH}/asking", change(clerk, "asking", window_days="90", day_opens="7 giờ tối", lead_minutes="")
    )
    assert page.status_code == 422
    words = words_of(page)
    assert "Ghi một số từ 1 đến 28." in words
    assert "Ghi giờ như 7h30 hoặc 19h" in words
    assert "Ghi một số từ 0 đến 2880." in words
    assert (typed(page)["window_days"], typed(page)["day_opens"]) == (["90"], ["7 giờ tối"])
    assert "open_to_others" in typed(page)
    assert commune(town).policy == town.commune.policy


def test_a_reminder_in_the_quiet_hours_is_refused(town: Town) -> None:
    clerk = town.browser(town.clerk)
    page = clerk.post(f"{PATH}/texts", change(clerk, "texts", day_reminder="22h"))
    assert page.status_code == 422
    assert "Giờ nhắc hôm trước đang nằm trong giờ đêm" in words_of(page)


def test_an_office_that_never_opens_is_refused(town: Town) -> None:
    clerk = town.browser(town.clerk)
    never = {f"days-{n}-{which}": "" for n in range(7) for which in ("opens", "closes")}
    page = clerk.post(f"{PATH}/office", change(clerk, "office", **never))
    assert page.status_code == 422
    assert "ít nhất một ngày làm việc" in words_of(page)
    half = clerk.post(f"{PATH}/office", change(clerk, "office", **{"days-2-closes": "", "days-3-opens": "18h"}))
    assert "T4: Ghi cả giờ mở và giờ đóng" in words_of(half)
    assert "T5: Giờ đóng phải sau giờ mở." in words_of(half)


def test_a_plan_of_weekdays_begins_on_its_day_and_tells_what_vanishes(town: Town) -> None:
    clerk, today = town.browser(town.clerk), local_day(utc_now())
    set_clock(at(today, "09:00"))  # The last day of the fortnight is open.
    begins = today + timedelta(days=3)
    booking = town.world.booking(town.kit, town.owner, begins + timedelta(days=1), "trua", asked_at=utc_now())
    words, fields = look(
        clerk,
        "plan",
        valid_from=str(begins),
        **{"lines-1-name": "", "lines-1-from_time": "", "lines-1-until_time": ""},
    )
    assert f"Buổi Trưa, từ {day_word(begins)} từ 11h30–13h, cả tuần thành không có" in words
    assert "23 buổi đang còn trống sẽ không còn trên lịch" in words, "12 days on two kits, but the one that is booked"
    assert "mỗi tuần có 42 buổi cho mượn (hiện nay 56)" in words
    assert "1 phiếu đã ghi vẫn giữ nguyên buổi, giờ và nơi nhận." in words
    assert "Trong đó 1 phiếu khác với lịch mới." in words

    assert where(clerk.post(f"{PATH}/plan", fields | {"confirmed": "1"})) == f"303 {PATH}"
    lines = town.world.all(PlannedSlot, commune_id=town.commune.id, valid_from=begins)
    assert [line.name for line in lines] == ["Sáng", "Chiều", "Tối"]
    assert len(town.world.all(PlannedSlot, commune_id=town.commune.id)) == 7, "the plan before it stays"
    after = town.world.fresh(booking)
    assert (after.slot_name, after.pick_up_at, after.status) == ("Trưa", booking.pick_up_at, Status.REQUESTED)
    shown = town.browser().get("/communes/phuong-duc").text
    assert f"/kits/PD-2/{begins}/trua" not in shown
    assert f"/kits/PD-2/{begins - timedelta(days=1)}/trua" in shown


def test_a_slot_that_cannot_be_handed_over_is_named(town: Town) -> None:
    clerk, place = town.browser(town.clerk), town.world.all(Place, commune_id=town.commune.id)[0]
    closed = {f"days-{n}-{which}": "" for n in range(1, 7) for which in ("opens", "closes")}
    words, fields = look(clerk, f"places/{place.id}", **closed, **{"days-0-opens": "8h", "days-0-closes": "11h"})
    assert "Giờ giao bộ T3 ở Phú Túc từ 7h30–17h thành nghỉ" in words
    assert "không hiện" not in words, "within a week there is always that morning"
    never = closed | {"days-0-opens": "", "days-0-closes": ""}
    words, fields = look(clerk, f"places/{place.id}", **never)
    assert "Buổi Tối (cả tuần) ở Phú Túc không giao hoặc không nhận lại bộ được, nên không hiện trên lịch." in words
    assert where(clerk.post(f"{PATH}/places/{place.id}", fields | {"confirmed": "1"})) == f"303 {PATH}"
    assert town.world.fresh(place).handover_hours == [None] * 7


def test_a_shorter_window_says_what_closes_and_when_the_next_day_opens(town: Town) -> None:
    words, _ = look(town.browser(town.clerk), "asking", window_days="7", day_opens="0h")
    today = local_day(utc_now())
    assert f"Ngay khi lưu, bà con chỉ đăng ký được đến hết {day_word(today + timedelta(days=7))}." in words
    assert (
        f"Ngày kế tiếp, {day_word(today + timedelta(days=8))}, mở lúc 0h {day_word(today + timedelta(days=1))}."
        in words
    )


def test_who_is_over_the_new_quota_keeps_the_bookings(town: Town) -> None:
    for _ in range(3):
        town.booking(Status.APPROVED)
    words, _ = look(town.browser(town.clerk), "fairness", most_ahead="1", most_peak_ahead="1")
    assert "1 hộ đang có nhiều phiếu hơn mức mới; các phiếu đó vẫn giữ." in words


def test_strikes_by_the_new_numbers_are_counted(town: Town) -> None:
    town.booking(Status.NO_SHOW, strike_at=utc_now() - timedelta(days=2))
    words, _ = look(town.browser(town.clerk), "fairness", strikes="1")
    assert "1 hộ sẽ phải tạm nghỉ đăng ký ngay khi lưu." in words
    words, _ = look(town.browser(town.clerk), "fairness", strikes="3")
    assert "Hôm nay chưa hộ nào bị tạm nghỉ thêm" in words


def test_without_a_change_there_is_no_preview(town: Town) -> None:
    clerk, before = town.browser(town.clerk), commune(town)
    assert where(clerk.post(f"{PATH}/office", change(clerk, "office"))) == f"303 {PATH}"
    assert "Không có gì thay đổi." in words_of(clerk.get(PATH))
    assert commune(town).version == before.version


def test_the_second_of_two_windows_loses_nothing_and_overwrites_nothing(town: Town) -> None:
    one, other = town.browser(town.clerk), town.browser(town.operator)
    _, first = look(one, "fairness", most_ahead="3")
    _, second = look(other, "fairness", most_a_week="4")
    assert where(one.post(f"{PATH}/fairness", first | {"confirmed": "1"})) == f"303 {PATH}"
    answer = other.post(f"{PATH}/fairness", second | {"confirmed": "1"})
    assert answer.status_code == 409
    words = words_of(answer)
    assert "Chưa lưu: trong lúc đó có người vừa sửa thiết lập của xã." in words
    assert town.clerk.name in words
    assert "phiếu sắp tới của các buổi khác? từ 3 phiếu thành 99 phiếu" in words, "what would be undone is shown"
    assert typed(answer)["most_a_week"] == ["4"]
    assert commune(town).policy == NO_QUOTAS | {"most_ahead": 3, "most_waiting": 99}
    again = other.post(f"{PATH}/fairness", typed(answer) | {"most_ahead": "3"})
    assert where(other.post(f"{PATH}/fairness", typed(again) | {"confirmed": "1"})) == f"303 {PATH}"
    assert commune(town).policy == NO_QUOTAS | {"most_ahead": 3, "most_a_week": 4, "most_waiting": 99}


def test_a_coming_plan_can_be_given_up(town: Town) -> None:
    clerk, begins = town.browser(town.clerk), local_day(utc_now()) + timedelta(days=5)
    assert save(clerk, "plan", valid_from=str(begins), **{"lines-3-from_time": "20h"}) == f"303 {PATH}"
    page = clerk.get(f"{PATH}/plan")
    fields = {"version": typed(page)["version"], "drop": str(begins)}
    looked = clerk.post(f"{PATH}/plan", fields)
    assert "từ 20–22h, cả tuần thành 19–22h, cả tuần" in words_of(looked)
    assert where(clerk.post(f"{PATH}/plan", typed(looked) | {"confirmed": "1"})) == f"303 {PATH}"
    assert town.world.all(PlannedSlot, commune_id=town.commune.id, valid_from=begins) == []
    assert where(clerk.post(f"{PATH}/plan", fields)) == f"303 {PATH}/plan", "sent twice"
    fields = {"version": typed(clerk.get(f"{PATH}/plan"))["version"][0], "drop": str(begins)}
    assert clerk.post(f"{PATH}/plan", fields).status_code == 404


def test_giving_up_a_plan_can_be_thought_over_and_never_goes_by_an_old_page(town: Town) -> None:
    clerk, begins = town.browser(town.clerk), local_day(utc_now()) + timedelta(days=5)
    save(clerk, "plan", valid_from=str(begins), **{"lines-3-from_time": "20h"})
    fields = {"version": typed(clerk.get(f"{PATH}/plan"))["version"], "drop": str(begins)}
    looked = clerk.post(f"{PATH}/plan", fields)
    assert where(clerk.post(f"{PATH}/plan", typed(looked) | {"again": "1"})) == f"303 {PATH}/plan"
    save(clerk, "fairness", strikes="3")
    assert where(clerk.post(f"{PATH}/plan", typed(looked) | {"confirmed": "1"})) == f"303 {PATH}/plan"
    assert "có người vừa sửa thiết lập" in words_of(clerk.get(f"{PATH}/plan"))
    assert town.world.all(PlannedSlot, commune_id=town.commune.id, valid_from=begins)


def test_going_back_from_the_second_step_keeps_everything(town: Town) -> None:
    clerk = town.browser(town.clerk)
    _, fields = look(clerk, "plan", **{"lines-3-from_time": "20h", "lines-0-weekdays": ["5", "6"]})
    page = clerk.post(f"{PATH}/plan", fields | {"again": "1"})
    assert page.status_code == 200
    assert {name: typed(page)[name] for name in fields} == fields


def test_lines_that_no_page_has_are_left_out(town: Town) -> None:
    clerk = town.browser(town.clerk)
    for name in ("lines-²-name", f"lines-{'9' * 5000}-name"):
        assert where(clerk.post(f"{PATH}/plan", change(clerk, "plan", **{name: "Đêm"}))) == f"303 {PATH}", name[:20]


def test_plans_that_make_no_sense_are_explained(town: Town) -> None:
    clerk = town.browser(town.clerk)
    page = clerk.post(
        f"{PATH}/plan",
        change(
            clerk,
            "plan",
            valid_from=str(date(2020, 1, 1)),
            **{"lines-1-name": "sang", "lines-2-from_time": "10h", "lines-3-weekdays": [], "lines-4-name": "Đêm"},
        ),
    )
    assert page.status_code == 422
    assert "Ghi giờ bắt đầu và giờ kết thúc." in words_of(page)
    page = clerk.post(f"{PATH}/plan", typed(page) | {"lines-4-from_time": ["22h"], "lines-4-until_time": ["22h10"]})
    words = words_of(page)
    for said in (
        "Ngày bắt đầu phải từ hôm nay trở đi",
        "Có hai buổi cùng tên “Sáng”",
        "trùng giờ nhau",
        "Buổi “Tối” chưa chọn ngày nào trong tuần.",
        "Buổi “Đêm” ngắn quá",
    ):
        assert said in words


def test_approving_on_silence_says_whom_it_concerns(town: Town) -> None:
    town.booking()
    words, _ = look(town.browser(town.clerk), "answering", approve_on_silence="y")
    assert "Quá hạn mà xã chưa trả lời thì coi như duyệt từ Không thành Có" in words
    assert "1 phiếu đang chờ duyệt sẽ được coi là duyệt nếu đến hạn mà xã chưa trả lời." in words


def test_pages_follow_at_once(town: Town) -> None:
    visitor = town.browser()
    before = visitor.get("/communes/phuong-duc")
    save(town.browser(town.clerk), "office", phone="0912 345 678")
    after = visitor.get("/communes/phuong-duc", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "0912 345 678" in words_of(after)


def test_the_settings_of_another_commune_do_not_exist(town: Town) -> None:
    assert town.browser(town.foreign_clerk).get(PATH).status_code == 404
    elsewhere = town.world.all(Place, commune_id=town.elsewhere.id)[0]
    assert town.browser(town.clerk).get(f"{PATH}/places/{elsewhere.id}").status_code == 404


clocks = st.times(time(0), time(23, 59)).map(lambda clock: clock.replace(second=0, microsecond=0))
policies = st.builds(
    Policy,
    **{
        name: st.booleans()
        if number.unit == "yes_no"
        else clocks
        if number.unit == "clock"
        else st.integers(number.least, number.most)
        for name, number in NUMBERS.items()
    },
).filter(lambda policy: not list(policy_troubles(policy)))
NAMES: dict[str, list[str]] = {
    section: [name for name, number in NUMBERS.items() if number.section == section]
    for section in {number.section for number in NUMBERS.values()}
}


@hypothesis.settings(max_examples=12, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(policy=policies)
def test_whatever_is_saved_is_what_is_read(town: Town, policy: Policy) -> None:
    clerk = town.browser(town.clerk)
    usual = {"quiet_from": "22h", "quiet_until": "6h", "day_reminder": "12h"}
    for fields_ in (usual, {}):  # On the way from one to the other the reminder may not fall into the night.
        for section, names in NAMES.items():
            written = {name: as_typed(getattr(policy, name)) for name in names}
            _save_all(clerk, section, {**written, **{k: v for k, v in fields_.items() if k in written}})
    assert Policy.of(commune(town).policy) == policy
    assert Policy.of(policy.changes()) == policy
    for section, names in NAMES.items():
        shown = typed(clerk.get(f"{PATH}/{section}"))
        assert all(shown.get(name, [""])[0] == as_typed(getattr(policy, name)) for name in names)


def as_typed(value: object) -> str:
    if isinstance(value, bool):
        return "y" if value else ""
    return f"{value.hour}h{value:%M}" if isinstance(value, time) else str(value)


def _save_all(clerk: Browser, section: str, written: dict[str, str]) -> None:
    fields_ = typed(clerk.get(f"{PATH}/{section}")) | {k: [v] for k, v in written.items()} | {"confirmed": ["1"]}
    answer = clerk.post(f"{PATH}/{section}", {k: v for k, v in fields_.items() if v != [""]})
    assert where(answer) == f"303 {PATH}", words_of(answer)


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ("7h30", time(7, 30)),
        ("07:30", time(7, 30)),
        ("7.30", time(7, 30)),
        (" 19 h ", time(19)),
        ("19 giờ", time(19)),
        ("0h", time(0)),
        ("23h59", time(23, 59)),
        ("24h", None),
        ("7h60", None),
        ("7h3", None),
        ("h30", None),
        ("sáng", None),
        ("-1h", None),
        ("", None),
    ],
)
def test_a_clock_is_read_as_people_write_it(written: str, clock: time | None) -> None:
    assert parse_clock(written) == clock


@hypothesis.given(ANYTHING)
def test_no_text_breaks_the_clock(written: str) -> None:
    assert parse_clock(written) is None or isinstance(parse_clock(written), time)


def test_the_plan_says_what_is_a_peak_slot(town: Town) -> None:
    clerk, today = town.browser(town.clerk), local_day(utc_now())
    words, fields = look(clerk, "plan", **{"lines-0-peak": "1", "lines-3-peak": "0"})
    assert "từ 8–11h, cả tuần thành 8–11h, cả tuần, cao điểm" in words
    assert "từ 19–22h, cả tuần thành 19–22h, cả tuần, không cao điểm" in words
    assert where(clerk.post(f"{PATH}/plan", fields | {"confirmed": "1"})) == f"303 {PATH}"
    lines = town.world.all(PlannedSlot, commune_id=town.commune.id, valid_from=today)
    assert {line.name: line.is_peak for line in lines} == {"Sáng": True, "Trưa": None, "Chiều": None, "Tối": False}
    assert typed(clerk.get(f"{PATH}/plan"))["lines-0-peak"] == ["1"]
