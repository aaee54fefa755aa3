"""Sheets that people upload: Excel's .xlsx, or CSV as Excel and others write it; and the template to fill in."""

import csv
import io
import zipfile
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

MOST_BYTES = 900_000
MOST_UNPACKED = 30_000_000
"""Bytes; a real register of 5,000 rows has about three million, a file made to fill the memory has billions."""
MOST_PARTS = 200
MOST_COLUMNS = 20
MOST_LETTERS = 300
"""Of a cell; more is cut, and found too long by whoever reads it."""
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class Unreadable(StrEnum):
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    OLD_EXCEL = "old_excel"
    ENCODING = "encoding"
    NO_SHEET = "no_sheet"
    """Neither Excel nor CSV, or a broken one."""


def read_lines(content: bytes, most_rows: int) -> list[list[str]] | Unreadable:
    """The cells of the first sheet as text, line by line with its headings; or why it can't be read."""
    if not content.strip():
        return Unreadable.EMPTY
    if len(content) > MOST_BYTES:
        return Unreadable.TOO_LARGE
    if content.startswith(OLD_EXCEL):
        return Unreadable.OLD_EXCEL
    lines = _excel(content, most_rows) if content.startswith(ZIP) else _csv(content)
    if isinstance(lines, Unreadable):
        return lines
    while lines and not any(cell.strip() for cell in lines[-1]):
        lines.pop()
    if not lines:
        return Unreadable.EMPTY
    return lines if len(lines) - 1 <= most_rows else Unreadable.TOO_MANY_ROWS


def _csv(content: bytes) -> list[list[str]] | Unreadable:
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return Unreadable.ENCODING
    if "\0" in text:
        return Unreadable.NO_SHEET
    headings = text.lstrip().partition("\n")[0]
    delimiter = max(";,\t", key=headings.count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [[cell[:MOST_LETTERS] for cell in row[:MOST_COLUMNS]] for row in rows]
    except csv.Error:
        return Unreadable.NO_SHEET


def _excel(content: bytes, most_rows: int) -> list[list[str]] | Unreadable:
    if problem := _why_not_unpack(content):
        return problem
    import openpyxl  # Here, because it takes long to load and hardly any process ever reads a sheet.

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(max_row=most_rows + 2, max_col=MOST_COLUMNS, values_only=True)
        return [_filled([_text(cell)[:MOST_LETTERS] for cell in row]) for row in rows]
    except Exception:  # A broken file ends in any of a dozen errors, and means the same to who sent it.
        return Unreadable.NO_SHEET


def _filled(cells: list[str]) -> list[str]:
    """Without the empty ones at the end, of which Excel's lines have as many as were asked for."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _why_not_unpack(content: bytes) -> Unreadable | None:
    """A file that grows without end, or whose XML brings words of its own, is not even opened."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                return Unreadable.TOO_LARGE
            if any(_has_own_words(archive, part) for part in parts if part.filename.endswith((".xml", ".rels"))):
                return Unreadable.NO_SHEET
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        return Unreadable.NO_SHEET
    return None


def _has_own_words(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether it begins with a DOCTYPE, where entities that multiply are declared; Excel never writes one."""
    with archive.open(part) as file:
        return b"<!DOCTYPE" in file.read(1024)


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case datetime() | date():
            return f"{cell:%Y-%m-%d}"
        case time():
            return f"{cell:%H:%M}"
        case float() if cell.is_integer():
            return str(int(cell))  # Excel takes a phone number for one.
        case _:
            return str(cell)


def template(headings: list[str], notes: list[list[str]], names: tuple[str, str]) -> bytes:
    """An .xlsx to fill in: the headings on one sheet, notes on the other; nothing in it is ever a formula."""
    import openpyxl
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    form, help_ = (book.create_sheet(name) for name in names)
    for column, heading in enumerate(headings, 1):
        form.cell(1, column, heading).font = Font(bold=True)
        letter = get_column_letter(column)
        form.column_dimensions[letter].width = 20
        form.column_dimensions[letter].number_format = "@"  # Else Excel eats the 0 that numbers begin with.
    form.freeze_panes = "A2"
    for line, words in enumerate(notes, 1):
        for column, word in enumerate(words, 1):
            help_.cell(line, column, word).data_type = "s"
    help_.column_dimensions["A"].width, help_.column_dimensions["B"].width = 24, 90
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
