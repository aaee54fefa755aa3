"""Sheets that people upload: Excel's .xlsx and .xls, LibreOffice's .ods, or CSV; and sheets to fill in or correct."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import xlsxwriter

from kit_booking.adapters import sheet_reader

MOST_BYTES = 900_000
MOST_COLUMNS = 30
MOST_LETTERS = 300
"""Of a cell; more is cut, and found too long by whoever reads it."""
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx and .ods, and how .xls begin."""


class Unreadable(StrEnum):
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    PASSWORD = "password"  # noqa: S105
    ENCODING = "encoding"
    NO_SHEET = "no_sheet"
    """Neither Excel nor CSV, or a broken one."""


@dataclass(frozen=True)
class SheetLines:
    """One sheet: its name, empty for CSV, and its cells as text; what is merged stands in each of its cells."""

    name: str
    lines: list[list[str]]


def read_sheets(content: bytes, most_rows: int) -> list[SheetLines] | Unreadable:
    """The sheets that are not empty, or why the file can't be read."""
    if not content.strip():
        return Unreadable.EMPTY
    if len(content) > MOST_BYTES:
        return Unreadable.TOO_LARGE
    sheets = _workbook(content, most_rows) if content.startswith(WORKBOOKS) else _csv(content)
    if isinstance(sheets, Unreadable):
        return sheets
    for sheet in sheets:
        while sheet.lines and not any(cell.strip() for cell in sheet.lines[-1]):
            sheet.lines.pop()
    if any(len(sheet.lines) > most_rows for sheet in sheets):
        return Unreadable.TOO_MANY_ROWS
    return [sheet for sheet in sheets if sheet.lines] or Unreadable.EMPTY


def _csv(content: bytes) -> list[SheetLines] | Unreadable:
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return Unreadable.ENCODING
    if "\0" in text:
        return Unreadable.NO_SHEET
    first, _, rest = text.lstrip().partition("\n")
    if first[:4].lower() == "sep=":  # Excel says so which one it uses.
        text, delimiter = rest, first[4:5] or ";"
    else:
        delimiter = max(";,\t", key=first.count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [SheetLines("", [[cell[:MOST_LETTERS] for cell in row[:MOST_COLUMNS]] for row in rows])]
    except csv.Error:
        return Unreadable.NO_SHEET


def _workbook(content: bytes, most_rows: int) -> list[SheetLines] | Unreadable:
    limits = (str(number) for number in (most_rows, MOST_COLUMNS, MOST_LETTERS))
    command = [sys.executable, "-I", str(Path(sheet_reader.__file__)), *limits]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=content, capture_output=True, timeout=sheet_reader.MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Unreadable.TOO_LARGE
    match done.returncode:
        case 0:
            return [SheetLines(**sheet) for sheet in json.loads(done.stdout)]
        case sheet_reader.PASSWORD:
            return Unreadable.PASSWORD
        case sheet_reader.NO_SHEET:
            return Unreadable.NO_SHEET
        case _:
            return Unreadable.TOO_LARGE


def write_sheets(sheets: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> bytes:
    """An .xlsx of these sheets, each a name and lines whose first one is bold; all is text, nothing a formula."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        for name, lines in sheets:
            sheet = book.add_worksheet(name)
            sheet.set_column(0, MOST_COLUMNS, 20, text)  # Else Excel eats the 0 that numbers begin with.
            sheet.freeze_panes(1, 0)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line, bold if number == 0 else text)
    return file.getvalue()
