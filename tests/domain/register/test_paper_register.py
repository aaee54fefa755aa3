"""Reading the lines of a paper register: what they say, and what is wrong with which cell."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.register.paper_register import (
    CellProblem,
    Column,
    Fault,
    RegisterRow,
    Sheet,
    is_called,
    parse_day,
    read_sheet,
)
from tests.domain.examples import few_examples
from tests.domain.weeks import FRIDAY, USUAL

TODAY = date(2026, 12, 1)
HEADINGS = ["Tên chủ hộ", "Điện thoại", "Thôn, làng", "Nghề", "Ngày mượn", "Buổi", "Bộ", "Bán hàng"]
LINE = ["Nguyễn Thị Hạnh", "0912 345 678", "Lưu Thượng", "mây tre", "05/12/2026", "Tối", "PD-1", "làn mây"]


def read(*lines: list[str]) -> Sheet:
    return read_sheet([HEADINGS, *lines], today=TODAY)


def changed(column: int, cell: str) -> list[str]:
    return [*LINE[:column], cell, *LINE[column + 1 :]]


def faults(column: int, cell: str) -> list[tuple[str, str]]:
    return [(problem.column, problem.fault) for problem in read(changed(column, cell)).problems]


def test_a_line_is_a_household_and_its_booking() -> None:
    assert read(LINE) == Sheet(
        [
            RegisterRow(
                2,
                "Nguyễn Thị Hạnh",
                "+84912345678",
                "",
                "Lưu Thượng",
                "mây tre",
                "làn mây",
                date(2026, 12, 5),
                "Tối",
                "PD-1",
            )
        ]
    )


def test_headings_come_in_any_order_with_or_without_accents_and_others_are_passed_over() -> None:
    sheet = read_sheet(
        [["STT", "NGHE", "Thon", "ho va ten", "SĐT"], ["1", "thêu", "Giẽ", "Lê Bình", "912345678"]], today=TODAY
    )
    assert sheet.problems == []
    assert [(row.name, row.phone, row.craft, row.day) for row in sheet.rows] == [
        ("Lê Bình", "+84912345678", "thêu", None)
    ]


def test_blank_lines_are_passed_over_and_lines_counted_as_the_sheet_shows_them() -> None:
    assert [row.line for row in read(LINE, [""] * 8, ["  "], LINE).rows] == [2, 5]


def test_missing_columns_are_named_once() -> None:
    sheet = read_sheet([["Tên", "Nghề"], ["Lê Bình", "thêu"]], today=TODAY)
    assert sheet.problems == [CellProblem(1, Column.VILLAGE, Fault.NO_COLUMN)]
    assert len(read_sheet([], today=TODAY).problems) == 3


def test_two_columns_of_one_name_are_one_too_many() -> None:
    sheet = read_sheet([["Tên", "Họ tên", "Thôn", "Nghề"]], today=TODAY)
    assert sheet.problems == [CellProblem(1, Column.NAME, Fault.TWO_COLUMNS)]


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        (0, "", Fault.MISSING),
        (2, " ", Fault.MISSING),
        (3, "", Fault.MISSING),
        (4, "", Fault.MISSING),
        (5, "", Fault.MISSING),
        (0, "x" * 81, Fault.TOO_LONG),
        (1, "0912", Fault.NO_NUMBER),
        (1, "0912345678 0987654321", Fault.NO_NUMBER),
        (1, "01662345678", Fault.NO_NUMBER),
        (4, "32/12/2026", Fault.NO_DAY),
        (4, "tối mai", Fault.NO_DAY),
        (4, "05/12/2062", Fault.TOO_FAR),
    ],
)
def test_each_problem_names_its_cell(column: int, cell: str, fault: Fault) -> None:
    assert faults(column, cell) == [(list(Column)[column], fault)]


def test_a_name_is_as_long_as_its_field_and_no_longer() -> None:
    assert faults(0, "x" * 80) == []
    assert read(changed(0, "x" * 81)).problems == [CellProblem(2, Column.NAME, Fault.TOO_LONG, "80")]


def test_a_booking_is_at_most_a_year_ahead() -> None:
    assert faults(4, f"{TODAY + timedelta(days=366):%d/%m/%Y}") == []
    assert faults(4, f"{TODAY + timedelta(days=367):%d/%m/%Y}") == [(Column.DAY, Fault.TOO_FAR)]


def test_a_row_has_no_day_while_something_is_wrong_with_its_booking() -> None:
    assert [row.day for row in read(LINE, changed(5, ""), changed(4, "05/12/2062")).rows] == [
        date(2026, 12, 5),
        None,
        None,
    ]


def test_a_landline_is_kept_as_one_and_no_number_is_fine() -> None:
    rows = read(changed(1, "024 3385 4321"), changed(1, "")).rows
    assert [(row.phone, row.landline) for row in rows] == [("", "02433854321"), ("", "")]


def test_every_problem_of_every_line_is_told_at_once() -> None:
    sheet = read(changed(0, ""), LINE, changed(4, "x"), changed(1, "12"))
    assert [problem.line for problem in sheet.problems] == [2, 4, 5]


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
        ("30/11", date(2027, 11, 30)),
        ("2026-12-05", date(2026, 12, 5)),
        ("2026-12-05 00:00:00", date(2026, 12, 5)),
        ("29/02", None),
        ("31/11/2026", None),
        ("12", None),
        ("", None),
    ],
)
def test_days_are_read_as_people_write_them(typed: str, day: date | None) -> None:
    assert parse_day(typed, TODAY) == day


@few_examples
@given(st.lists(st.lists(st.text(max_size=20), max_size=9), max_size=5))
def test_whatever_is_in_the_cells_it_is_read_or_a_problem(lines: list[list[str]]) -> None:
    sheet = read_sheet([HEADINGS, *lines], today=TODAY)
    assert all(row.line >= 2 for row in sheet.rows)


@few_examples
@given(st.dates(TODAY, TODAY + timedelta(days=364)))
def test_a_day_without_its_year_is_the_next_one(day: date) -> None:
    assert parse_day(f"{day:%d/%m}", TODAY) == day


@pytest.mark.parametrize("typed", ["Tối", "toi", "TỐI", "buổi tối", "Buoi toi"])
def test_a_slot_is_named_with_or_without_accents_and_the_word_for_slot(typed: str) -> None:
    evening = USUAL.slot(FRIDAY, "toi")
    assert evening
    assert is_called(typed, evening)
    assert is_called(typed, replace(evening, key="buoi-toi"))
    assert not is_called(typed, replace(evening, key="trua"))
