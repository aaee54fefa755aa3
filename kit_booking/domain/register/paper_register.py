"""Reading a paper register that was typed into a spreadsheet: where it stands, its rows, and what is wrong there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from kit_booking.domain.register.old_fonts import from_old_font
from kit_booking.domain.register.paper_cells import parse_day, parse_numbers
from kit_booking.domain.text import clean, search_key

MOST_ROWS = 5000
MOST_LINES_ABOVE = 10
"""So many lines are looked through for the headings: titles may stand above them."""


class Column(StrEnum):
    NAME = "name"
    PHONE = "phone"
    VILLAGE = "village"
    CRAFT = "craft"
    DAY = "day"
    SLOT = "slot"
    KIT = "kit"
    SELLS = "sells"


HEADINGS: dict[Column, tuple[str, ...]] = {
    Column.NAME: (
        "Tên chủ hộ",
        *("họ tên", "họ và tên", "chủ hộ", "tên", "tên hộ", "họ và tên chủ hộ", "họ tên chủ hộ", "hộ"),
        *("hộ gia đình", "người mượn", "tên người mượn", "họ tên người mượn", "họ và tên người mượn"),
    ),
    Column.PHONE: (
        "Điện thoại",
        *("số điện thoại", "sđt", "số đt", "đt", "số di động", "di động", "số máy", "số zalo", "zalo", "liên hệ"),
    ),
    Column.VILLAGE: (
        "Thôn, làng",
        *("thôn", "làng", "thôn/làng", "thôn xóm", "xóm", "địa chỉ", "khu", "tổ dân phố", "làng nghề"),
    ),
    Column.CRAFT: ("Nghề", "ngành nghề", "làm nghề", "nghề nghiệp"),
    Column.DAY: (
        "Ngày mượn",
        *("ngày", "ngày live", "ngày livestream", "ngày phát", "ngày dùng", "ngày sử dụng", "ngày tháng"),
    ),
    Column.SLOT: ("Buổi", "ca", "buổi mượn", "ca mượn", "thời gian", "giờ", "khung giờ", "giờ live", "buổi live"),
    Column.KIT: ("Bộ", "mã bộ", "bộ số", "số bộ", "nơi để bộ", "bộ livestream", "thiết bị"),
    Column.SELLS: ("Bán hàng", "bán gì", "mặt hàng", "hàng bán", "sản phẩm"),
}
"""What a column may be called; the first is what the template calls it."""
NEEDED = (Column.NAME, Column.VILLAGE, Column.CRAFT)
WIDTHS = {Column.NAME: 80, Column.VILLAGE: 80, Column.CRAFT: 80, Column.SELLS: 120}


def _heading_key(text: str) -> str:
    return " ".join(re.findall(r"\w+", search_key(from_old_font(clean(text, 80)))))


_BY_HEADING = {_heading_key(word): column for column, words in HEADINGS.items() for word in words}


class Fault(StrEnum):
    """What is wrong with a cell, or is to be asked about it."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    NO_NUMBER = "no_number"
    NO_DAY = "no_day"
    TOO_FAR = "too_far"
    """More than a year ahead, which is mostly a wrong year."""
    WEEKDAY = "weekday"
    """Another weekday stands beside the day."""
    WHO = "who"
    """It may be a household that is known, or one of another line."""
    NO_SUCH_SLOT = "no_such_slot"
    NO_SUCH_KIT = "no_such_kit"
    WHICH_KIT = "which_kit"
    """The commune has several."""
    TAKEN = "taken"
    CLOSED = "closed"
    CLASH = "clash"
    """Another row has this kit at this time; its number is the detail."""
    PAST = "past"
    """Its time has come, but it is not over; so it is neither history nor to be booked."""


@dataclass(frozen=True)
class CellProblem:
    """What is wrong with one cell. Lines are counted from 1, as spreadsheets show them."""

    line: int
    column: Column
    fault: Fault
    detail: str = ""


@dataclass(frozen=True)
class RegisterRow:
    """One line of the register: a household and, where day and slot are given, what it has booked."""

    line: int
    name: str
    phone: str
    """E.164, or empty."""
    landline: str
    """Another number to call, or empty."""
    village: str
    craft: str
    sells: str
    day: date | None = None
    slot: str = ""
    kit: str = ""


@dataclass(frozen=True)
class Table:
    """Where the register stands in a file: its lines from the headings on, and what each column holds."""

    headings: tuple[str, ...]
    columns: tuple[Column | None, ...]
    """As many as there are headings; None for one that is not used."""
    first_line: int
    """The number of the first line below the headings."""
    lines: Sequence[Sequence[str]]

    @property
    def missing(self) -> list[Column]:
        """The columns without which no row can be taken."""
        return [column for column in NEEDED if column not in self.columns]

    def with_columns(self, names: Sequence[str]) -> "Table":
        """With what somebody chose for each column, by name; a column that is chosen twice counts once."""
        columns: list[Column | None] = []
        for name in [*names, *[""] * len(self.columns)][: len(self.columns)]:
            column = Column(name) if name in list(Column) else None
            columns.append(None if column in columns else column)
        return replace(self, columns=tuple(columns))

    def old_font(self, most: int = 5) -> list[tuple[str, str]]:
        """Texts that were typed for an old font, each with what it says in Unicode; ``most`` of them."""
        found: dict[str, str] = {}
        for cells in self.lines:
            for text in cells:
                if text and text not in found and (converted := from_old_font(text)) != text:
                    found[text] = converted
                    if len(found) == most:
                        return list(found.items())
        return list(found.items())


def find_table(sheets: Sequence[Sequence[Sequence[str]]]) -> Table:
    """The line with the most known headings, among the first ones of every sheet; else the first of all."""
    best, most = (0, 0), 0
    for sheet, lines in enumerate(sheets):
        for number, cells in enumerate(lines[:MOST_LINES_ABOVE]):
            known = len({_BY_HEADING[key] for key in map(_heading_key, cells) if key in _BY_HEADING})
            if known > most:
                best, most = (sheet, number), known
    sheet, number = best
    headings = tuple(sheets[sheet][number])
    width = max(len(cells) for cells in sheets[sheet][number:])
    headings += ("",) * (width - len(headings))
    table = Table(headings, (None,) * width, number + 2, sheets[sheet][number + 1 :])
    return table.with_columns([_BY_HEADING.get(_heading_key(heading), "") for heading in headings])


def read_rows(
    table: Table, *, today: date, converts: bool = True, confirmed: frozenset[int] = frozenset()
) -> tuple[list[RegisterRow], list[CellProblem]]:
    """The rows that are not blank, and what is wrong with their cells.

    With ``converts`` what was typed for an old font is read in Unicode. On ``confirmed`` lines the day is right
    although another weekday stands beside it.
    """
    rows, problems = [], []
    for number, cells in enumerate(table.lines, table.first_line):
        typed = {column: cell.strip() for column, cell in zip(table.columns, cells, strict=False) if column}
        if converts:
            typed = {column: from_old_font(cell) for column, cell in typed.items()}
        if any(typed.values()):
            row, faults = _row(number, typed, today, is_confirmed=number in confirmed)
            rows.append(row)
            problems += faults
    return rows, problems


def _row(
    line: int, typed: dict[Column, str], today: date, *, is_confirmed: bool
) -> tuple[RegisterRow, list[CellProblem]]:
    problems = [CellProblem(line, column, Fault.MISSING) for column in NEEDED if not typed.get(column)]
    problems += [
        CellProblem(line, column, Fault.TOO_LONG, str(most))
        for column, most in WIDTHS.items()
        if len(typed.get(column, "")) > most
    ]
    cells = {column: clean(typed.get(column, ""), WIDTHS.get(column, 80)) for column in Column}
    numbers = parse_numbers(typed.get(Column.PHONE, ""))
    if numbers is None:
        problems.append(CellProblem(line, Column.PHONE, Fault.NO_NUMBER, typed[Column.PHONE][:40]))
    phone, landline = numbers or ("", "")
    day = None
    if cells[Column.DAY] or cells[Column.SLOT]:
        found = parse_day(cells[Column.DAY], today)
        day = found.day if found else None
        if found and found.is_other_weekday and not is_confirmed:
            problems.append(CellProblem(line, Column.DAY, Fault.WEEKDAY, cells[Column.DAY][:40]))
        if of_booking := list(_booking_problems(line, cells, day, today)):
            problems += of_booking
            day = None
    row = RegisterRow(
        line=line,
        name=cells[Column.NAME],
        phone=phone,
        landline=landline,
        village=cells[Column.VILLAGE],
        craft=cells[Column.CRAFT],
        sells=cells[Column.SELLS],
        day=day,
        slot=cells[Column.SLOT],
        kit=cells[Column.KIT],
    )
    return row, problems


def _booking_problems(line: int, cells: dict[Column, str], day: date | None, today: date) -> Iterator[CellProblem]:
    for column in (Column.DAY, Column.SLOT):
        if not cells[column]:
            yield CellProblem(line, column, Fault.MISSING)
    if cells[Column.DAY] and day is None:
        yield CellProblem(line, Column.DAY, Fault.NO_DAY, cells[Column.DAY][:40])
    if day and (day - today).days > 366:
        yield CellProblem(line, Column.DAY, Fault.TOO_FAR, cells[Column.DAY][:40])
