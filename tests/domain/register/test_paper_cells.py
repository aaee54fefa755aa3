"""What people write into the cells of a register."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.register.paper_cells import TypedDay, is_called, parse_day, parse_numbers
from tests.domain.examples import few_examples
from tests.domain.weeks import FRIDAY, USUAL

TODAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("05/12/2026", date(2026, 12, 5)),
        ("5-12-26", date(2026, 12, 5)),
        ("T7 05/12", date(2026, 12, 5)),
        ("CN 06.12", date(2026, 12, 6)),
        ("Thứ Bảy 05/12/2026", date(2026, 12, 5)),
        ("01/12", TODAY),
        ("cn 6/12", date(2026, 12, 6)),
        ("30/11", date(2026, 11, 30)),
        ("T7 28/11", date(2026, 11, 28)),
        ("ngày 7 tháng 12", date(2026, 12, 7)),
        ("Thứ 4 ngày 9/12", date(2026, 12, 9)),
        ("ngày 7 tháng 1 năm 2027", date(2027, 1, 7)),
        ("07.12.2026", date(2026, 12, 7)),
        ("12/7/2026", date(2026, 7, 12)),
        ("46362", date(2026, 12, 6)),
        ("2026-12-05 19:00", date(2026, 12, 5)),
        ("2026-12-05", date(2026, 12, 5)),
        ("2026-12-05 00:00:00", date(2026, 12, 5)),
        ("29/02", None),
        ("31/11/2026", None),
        ("12", None),
        ("", None),
    ],
)
def test_days_are_read_as_people_write_them(typed: str, day: date | None) -> None:
    found = parse_day(typed, TODAY)
    assert (found and found.day) == day


@few_examples
@given(st.dates(TODAY - timedelta(days=182), TODAY + timedelta(days=182)))
def test_a_day_without_its_year_is_the_nearest_one(day: date) -> None:
    assert parse_day(f"{day:%d/%m}", TODAY) == TypedDay(day)


@pytest.mark.parametrize("typed", ["T6 05/12", "CN 05/12/2026", "thứ tư 05/12", "Thứ 2 ngày 5/12"])
def test_a_weekday_that_does_not_fit_is_noticed(typed: str) -> None:
    assert parse_day(typed, TODAY) == TypedDay(date(2026, 12, 5), is_other_weekday=True)


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("0912345678", ("+84912345678", "")),
        ("912345678", ("+84912345678", "")),
        ("0912345678 (vợ)", ("+84912345678", "")),
        ("0912345678/0987654321", ("+84912345678", "0987654321")),
        ("0912345678; 024 3385 4321", ("+84912345678", "02433854321")),
        ("024 3385 4321 - 0912345678", ("+84912345678", "02433854321")),
        ("02433854321", ("", "02433854321")),
        ("0912-345-678", ("+84912345678", "")),
        ("", ("", "")),
        ("(không có)", ("", "")),
        ("0912345678/091", None),
        ("không có", None),
        ("01662345678", None),
        ("/", None),
    ],
)
def test_a_cell_may_hold_two_numbers_and_whose_they_are(typed: str, numbers: tuple[str, str] | None) -> None:
    assert parse_numbers(typed) == numbers


@pytest.mark.parametrize("typed", ["19h-22h", "19h00 - 22h00", "19:00–22:00", "từ 19h đến 22h", "19h", "19 giờ"])
def test_a_slot_is_named_by_its_hours(typed: str) -> None:
    evening, noon = USUAL.slot(FRIDAY, "toi"), USUAL.slot(FRIDAY, "trua")
    assert evening
    assert noon
    assert is_called(typed, evening)
    assert not is_called(typed, noon)
    assert not is_called("19h-21h", evening)


@pytest.mark.parametrize("typed", ["Tối", "toi", "TỐI", "buổi tối", "Buoi toi"])
def test_a_slot_is_named_with_or_without_accents_and_the_word_for_slot(typed: str) -> None:
    evening = USUAL.slot(FRIDAY, "toi")
    assert evening
    assert is_called(typed, evening)
    assert is_called(typed, replace(evening, key="buoi-toi"))
    assert not is_called(typed, replace(evening, key="trua"))
