"""Reading the lines of a paper register: what they say, and what is wrong with which cell."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.register.paper_register import (
    CellProblem,
    Column,
    Fault,
    RegisterRow,
    find_table,
    read_rows,
)
from tests.domain.examples import few_examples

TODAY = date(2026, 12, 1)
HEADINGS = ["Tên chủ hộ", "Điện thoại", "Thôn, làng", "Nghề", "Ngày mượn", "Buổi", "Bộ", "Bán hàng"]
LINE = ["Nguyễn Thị Hạnh", "0912 345 678", "Lưu Thượng", "mây tre", "05/12/2026", "Tối", "PD-1", "làn mây"]


Read = tuple[list[RegisterRow], list[CellProblem]]


def read_sheet(*lines: list[str]) -> Read:
    return read_rows(find_table([lines]), today=TODAY)


def read(*lines: list[str]) -> Read:
    return read_sheet(HEADINGS, *lines)


def problems_of(*lines: list[str]) -> list[CellProblem]:
    return read(*lines)[1]


def changed(column: int, cell: str) -> list[str]:
    return [*LINE[:column], cell, *LINE[column + 1 :]]


def faults(column: int, cell: str) -> list[tuple[str, str]]:
    return [(problem.column, problem.fault) for problem in problems_of(changed(column, cell))]


def test_a_line_is_a_household_and_its_booking() -> None:
    [row], problems = read(LINE)
    assert problems == []
    assert row == RegisterRow(
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


def test_headings_come_in_any_order_with_or_without_accents_and_others_are_passed_over() -> None:
    rows, problems = read_sheet(
        ["STT", "NGHE", "Thon", "ho va ten", "SĐT"], ["1", "thêu", "Giẽ", "Lê Bình", "912345678"]
    )
    assert problems == []
    assert [(row.name, row.phone, row.craft, row.day) for row in rows] == [("Lê Bình", "+84912345678", "thêu", None)]


def test_blank_lines_are_passed_over_and_lines_counted_as_the_sheet_shows_them() -> None:
    assert [row.line for row in read(LINE, [""] * 8, ["  "], LINE)[0]] == [2, 5]


def test_the_headings_stand_on_any_of_the_first_lines_of_any_sheet() -> None:
    above = [["UBND XÃ"], [], ["Sổ mượn, tên các hộ"]]
    table = find_table([[["Bìa"]], [*above, HEADINGS, LINE]])
    assert [row.line for row in read_rows(table, today=TODAY)[0]] == [5]
    assert find_table([[["x"]] * 10 + [HEADINGS]]).missing == [Column.NAME, Column.VILLAGE, Column.CRAFT]


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("Số ĐT", Column.PHONE),
        ("SĐT:", Column.PHONE),
        ("Ho va ten chu ho", Column.NAME),
        ("HỌ VÀ TÊN", Column.NAME),
        ("Ngày live", Column.DAY),
        ("Thời gian", Column.SLOT),
        ("Bộ số", Column.KIT),
        ("Thôn / làng", Column.VILLAGE),
        ("§iÖn tho¹i", Column.PHONE),
        ("Ký nhận", None),
        ("Ngày đăng ký", None),
    ],
)
def test_headings_are_known_as_people_write_them(heading: str, column: Column | None) -> None:
    assert find_table([[["Nghề", heading], ["x", "y"]]]).columns == (Column.CRAFT, column)


def test_missing_columns_are_named_and_can_be_chosen() -> None:
    table = find_table([[["Tên", "Nghề", "Chỗ ở"], ["Lê Bình", "thêu", "Giẽ"]]])
    assert table.missing == [Column.VILLAGE]
    chosen = table.with_columns(["name", "craft", "village"])
    assert chosen.missing == []
    assert [row.village for row in read_rows(chosen, today=TODAY)[0]] == ["Giẽ"]


def test_of_two_columns_of_one_name_the_first_counts() -> None:
    assert find_table([[["Tên", "Họ tên", "Thôn"], ["a", "b", "c"]]]).columns == (
        Column.NAME,
        None,
        Column.VILLAGE,
    )


@pytest.mark.parametrize("names", [["x", "name", "", "phone", "y" * 500], [], ["name"] * 30])
def test_whatever_is_chosen_there_are_as_many_columns_as_headings(names: list[str]) -> None:
    table = find_table([[["Tên", "Nghề"], ["Lê Bình", "thêu"]]]).with_columns(names)
    assert len(table.columns) == 2


def test_another_weekday_is_asked_about_until_somebody_says_that_the_day_is_right() -> None:
    line = changed(4, "T6 05/12/2026")
    assert problems_of(line) == [CellProblem(2, Column.DAY, Fault.WEEKDAY, "T6 05/12/2026")]
    rows, problems = read_rows(find_table([[HEADINGS, line]]), today=TODAY, confirmed=frozenset([2]))
    assert problems == []
    assert rows[0].day == date(2026, 12, 5)


def test_old_fonts_are_converted_unless_somebody_says_no() -> None:
    table = find_table([[HEADINGS, changed(0, "NguyÔn ThÞ H¹nh")]])
    assert table.old_font() == [("NguyÔn ThÞ H¹nh", "Nguyễn Thị Hạnh")]
    assert [read_rows(table, today=TODAY, converts=c)[0][0].name for c in (True, False)] == [
        "Nguyễn Thị Hạnh",
        "NguyÔn ThÞ H¹nh",
    ]


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
        (1, "0912345678/0912", Fault.NO_NUMBER),
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
    assert problems_of(changed(0, "x" * 81)) == [CellProblem(2, Column.NAME, Fault.TOO_LONG, "80")]


def test_a_booking_is_at_most_a_year_ahead() -> None:
    assert faults(4, f"{TODAY + timedelta(days=366):%d/%m/%Y}") == []
    assert faults(4, f"{TODAY + timedelta(days=367):%d/%m/%Y}") == [(Column.DAY, Fault.TOO_FAR)]


def test_a_row_has_no_day_while_something_is_wrong_with_its_booking() -> None:
    assert [row.day for row in read(LINE, changed(5, ""), changed(4, "05/12/2062"))[0]] == [
        date(2026, 12, 5),
        None,
        None,
    ]


def test_a_landline_is_kept_as_one_and_no_number_is_fine() -> None:
    rows = read(changed(1, "024 3385 4321"), changed(1, ""))[0]
    assert [(row.phone, row.landline) for row in rows] == [("", "02433854321"), ("", "")]


def test_every_problem_of_every_line_is_told_at_once() -> None:
    found = problems_of(changed(0, ""), LINE, changed(4, "x"), changed(1, "12"))
    assert [problem.line for problem in found] == [2, 4, 5]


@few_examples
@given(st.lists(st.lists(st.text(max_size=20), max_size=9), max_size=5))
def test_whatever_is_in_the_cells_it_is_read_or_a_problem(lines: list[list[str]]) -> None:
    assert all(row.line >= 2 for row in read(*lines)[0])
