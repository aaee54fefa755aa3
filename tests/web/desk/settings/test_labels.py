"""What settings are called on screen: every number has words, and every difference is described."""

from typing import get_args

from flask import Flask

from kit_booking.domain.policy import NUMBERS, Policy, Section, Unit
from kit_booking.domain.settings import Difference, Problem, Trouble
from kit_booking.web.desk.settings.labels import (
    SECTIONS,
    TROUBLES,
    UNITS,
    describe,
    number_text,
    trouble_text,
    weekdays_text,
)
from tests.support.databases import on_sqlite

EVENING = {"name": "Tối", "from": "19:00", "until": "22:00", "weekdays": "0123456"}


def test_every_section_unit_and_trouble_has_words() -> None:
    assert set(SECTIONS) == {"plan", "office", *get_args(Section)}
    assert set(UNITS) == set(get_args(Unit))
    assert set(TROUBLES) == set(Problem)


@on_sqlite
def test_every_number_is_described(app: Flask) -> None:
    with app.test_request_context():
        usual = {name: number_text(name, value) for name, value in Policy().stored().items()}
        described = {name: describe(Difference(name, value, value)) for name, value in Policy().stored().items()}
    assert usual == {
        "window_days": "14 ngày",
        "most_of_number": "4 phiếu",
        "day_opens": "7h",
        "lead_minutes": "2 giờ",
        "open_to_others": "Có",
        "answer_office_hours": "8 giờ",
        "approve_on_silence": "Không",
        "handover_minutes": "15 phút",
        "no_show_minutes": "30 phút",
        "most_peak_ahead": "1 phiếu",
        "most_ahead": "2 phiếu",
        "most_a_week": "2 buổi",
        "free_hours": "24 giờ",
        "late_cancel_hours": "12 giờ",
        "strikes": "2 lần",
        "strike_days": "60 ngày",
        "pause_days": "14 ngày",
        "offer_hours": "4 giờ",
        "most_waiting": "3 chỗ",
        "day_reminder": "18h",
        "soon_reminder_minutes": "2 giờ",
        "quiet_from": "21h",
        "quiet_until": "6h30",
        "sms_budget": "0 đ",
        "keep_days": "365 ngày",
    }
    assert described == {name: (NUMBERS[name].label, usual[name], usual[name]) for name in usual}


@on_sqlite
def test_a_difference_is_described_as_old_and_new(app: Flask) -> None:
    late, open_, place = EVENING | {"from": "20:00", "weekdays": "01234"}, ["07:30", "17:00"], "Phú Túc"
    with app.test_request_context():
        for difference, described in (
            (Difference("phone", "0243 *** 321", "0243 *** 999"), "Điện thoại của xã: 0243 *** 321 → 0243 *** 999"),
            (Difference("office", open_, weekday=6), "Giờ làm việc CN: 7h30–17h → nghỉ"),
            (Difference("handover", None, open_, 0, place=place), "Giờ giao bộ T2 ở Phú Túc: nghỉ → 7h30–17h"),
            (Difference("keeper", "Cô Hằng", "", place=place), "Người giữ bộ ở Phú Túc: Cô Hằng → chưa có"),
            (Difference("keeper_phone", None, "x", place=place), "Điện thoại người giữ bộ ở Phú Túc: chưa có → x"),
            (
                Difference("plan", EVENING, late, since="2026-12-10"),
                "Buổi Tối, từ T5 10/12: 19–22h, cả tuần → 20–22h, T2–T6",
            ),
            (Difference("plan", EVENING, since="2026-12-10"), "Buổi Tối, từ T5 10/12: 19–22h, cả tuần → không có"),
            (Difference("lead_minutes", 0, 90), f"{NUMBERS['lead_minutes'].label}: 0 phút → 1 giờ 30 phút"),
            (Difference("lantern_hours", 2, 3), "lantern_hours: 2 → 3"),
            (Difference("sms_budget", 0, 1_500_000), f"{NUMBERS['sms_budget'].label}: 0 đ → 1.500.000 đ"),
        ):
            change = describe(difference)
            assert f"{change.what}: {change.old} → {change.new}" == described


@on_sqlite
def test_weekdays_in_a_row_are_drawn_together(app: Flask) -> None:
    with app.test_request_context():
        assert [weekdays_text(days) for days in (range(7), [5, 6], [0, 1, 2, 4, 6], [])] == [
            "cả tuần",
            "T7, CN",
            "T2–T4, T6, CN",
            "",
        ]


@on_sqlite
def test_a_trouble_names_its_slots(app: Flask) -> None:
    with app.test_request_context():
        assert (
            trouble_text(Trouble(Problem.OVERLAP, ("Sáng", "Trưa"))) == "Buổi “Sáng” và buổi “Trưa” trùng giờ nhau."
        )
        assert trouble_text(Trouble(Problem.NO_SLOT)) == "Cần ít nhất một buổi."
