"""Reading a paper register that was typed into a spreadsheet: its rows, and what is wrong with which cell."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from kit_booking.domain.phone import PhoneProblem, dialled, parse_mobile
from kit_booking.domain.text import clean, search_key, slug
from kit_booking.domain.time.slots import Slot

MOST_ROWS = 5000


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
    Column.NAME: ("Tên chủ hộ", "họ tên", "họ và tên", "chủ hộ", "tên", "tên hộ"),
    Column.PHONE: ("Điện thoại", "số điện thoại", "sđt", "số di động", "di động"),
    Column.VILLAGE: ("Thôn, làng", "thôn", "làng", "thôn/làng", "địa chỉ"),
    Column.CRAFT: ("Nghề", "ngành nghề", "làm nghề"),
    Column.DAY: ("Ngày mượn", "ngày"),
    Column.SLOT: ("Buổi", "ca", "buổi mượn"),
    Column.KIT: ("Bộ", "mã bộ", "nơi để bộ"),
    Column.SELLS: ("Bán hàng", "bán gì", "mặt hàng"),
}
"""What a column may be called; the first is what the template calls it."""
NEEDED = (Column.NAME, Column.VILLAGE, Column.CRAFT)
WIDTHS = {Column.NAME: 80, Column.VILLAGE: 80, Column.CRAFT: 80, Column.SELLS: 120}
_BY_HEADING = {search_key(word): column for column, words in HEADINGS.items() for word in words}


class Fault(StrEnum):
    """What is wrong with a cell."""

    NO_COLUMN = "no_column"
    """The whole column is missing."""
    TWO_COLUMNS = "two_columns"
    MISSING = "missing"
    TOO_LONG = "too_long"
    NO_NUMBER = "no_number"
    NO_DAY = "no_day"
    TOO_FAR = "too_far"
    """More than a year ahead, which is mostly a wrong year."""
    NO_SUCH_SLOT = "no_such_slot"
    NO_SUCH_KIT = "no_such_kit"
    WHICH_KIT = "which_kit"
    """The commune has several."""
    TAKEN = "taken"
    CLOSED = "closed"
    CLASH = "clash"
    """Another row has this kit at this time; its number is the detail."""


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
    village: str
    craft: str
    sells: str
    day: date | None = None
    slot: str = ""
    kit: str = ""


@dataclass(frozen=True)
class Sheet:
    rows: list[RegisterRow] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)


def read_sheet(lines: Sequence[Sequence[str]], *, today: date) -> Sheet:
    """The rows below the headings, without blank ones; they are not to be used if there is any problem."""
    if not lines:
        return Sheet(problems=[CellProblem(1, column, Fault.NO_COLUMN) for column in NEEDED])
    columns = [_BY_HEADING.get(search_key(heading)) for heading in lines[0]]
    problems = [CellProblem(1, column, Fault.NO_COLUMN) for column in NEEDED if column not in columns]
    problems += [CellProblem(1, column, Fault.TWO_COLUMNS) for column in Column if columns.count(column) > 1]
    if problems:
        return Sheet(problems=problems)
    rows = []
    for number, cells in enumerate(lines[1:], 2):
        typed = {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if column}
        if any(typed.values()):
            row, faults = _row(number, typed, today)
            rows.append(row)
            problems += faults
    return Sheet(rows, problems)


def _row(line: int, typed: dict[Column, str], today: date) -> tuple[RegisterRow, list[CellProblem]]:
    problems = [CellProblem(line, column, Fault.MISSING) for column in NEEDED if not typed.get(column)]
    problems += [
        CellProblem(line, column, Fault.TOO_LONG, str(most))
        for column, most in WIDTHS.items()
        if len(typed.get(column, "")) > most
    ]
    cells = {column: clean(typed.get(column, ""), WIDTHS.get(column, 80)) for column in Column}
    phone, landline, wrong = _numbers(typed.get(Column.PHONE, ""))
    if wrong:
        problems.append(CellProblem(line, Column.PHONE, Fault.NO_NUMBER, typed[Column.PHONE][:40]))
    day = None
    if cells[Column.DAY] or cells[Column.SLOT]:
        day = parse_day(cells[Column.DAY], today)
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


def _numbers(typed: str) -> tuple[str, str, bool]:
    """Mobile, landline, and whether it is neither."""
    answer = parse_mobile(typed[:100])
    match answer:
        case PhoneProblem.EMPTY:
            return "", "", False
        case PhoneProblem.LANDLINE:
            return "", dialled(typed) or "", False
        case PhoneProblem():
            return "", "", True
    return answer, "", False


_DAY = re.compile(r"(?:(?:T\s?[2-7]|CN|thứ \S+|chủ nhật),?\s+)?(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2}))?", re.I)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T].*)?")


def parse_day(typed: str, today: date) -> date | None:
    """``05/12/2026``, ``5-12-26``, ``T7 05/12`` (the next one from today), or as computers write it."""
    try:
        if match := _ISO.fullmatch(typed):
            return date(*(int(part) for part in match.groups()))
        if not (match := _DAY.fullmatch(typed)):
            return None
        day, month, year = match.groups()
        if year:
            return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
        this_year = date(today.year, int(month), int(day))
        return this_year if this_year >= today else this_year.replace(year=today.year + 1)
    except ValueError:
        return None


def is_called(typed: str, slot: Slot) -> bool:
    """Whether this names the slot: with or without accents, and with or without "buổi" before it."""
    return slug(typed).removeprefix("buoi-") in (slot.key, slot.key.removeprefix("buoi-"))
