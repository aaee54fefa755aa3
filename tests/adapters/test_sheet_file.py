"""Sheets as Excel and others write them, and files that only pretend to be one."""

import io
import resource
import time
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
import xlsxwriter

from kit_booking.adapters.sheet_file import MOST_BYTES, Unreadable, read_sheets, write_sheets

LINES = [["Tên", "Điện thoại"], ["Đỗ Thị Hạnh", "0912345678"]]


def excel(*sheets: list[list[object]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return file.getvalue()


def read_lines(content: bytes, most_rows: int) -> list[list[str]] | Unreadable:
    sheets = read_sheets(content, most_rows)
    return sheets if isinstance(sheets, Unreadable) else sheets[0].lines


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "."), content)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_is_read_however_it_was_written(encoding: str, delimiter: str, end: str) -> None:
    text = "".join(delimiter.join(line) + end for line in LINES)
    assert read_lines(text.encode(encoding), 10) == LINES


def test_cells_of_csv_may_hold_what_parts_them() -> None:
    content = 'Tên;"Thôn, làng"\n"Đỗ ""Hạnh""";"Giẽ;\nHạ"\n'.encode()
    assert read_lines(content, 10) == [["Tên", "Thôn, làng"], ['Đỗ "Hạnh"', "Giẽ;\nHạ"]]


def test_excel_is_read_as_what_people_see() -> None:
    content = excel([["Tên", "Số", "Ngày", ""], ["Hạnh", 912345678, date(2026, 12, 5), None], ["Bình", 1.5, True]])
    assert read_lines(content, 10) == [
        ["Tên", "Số", "Ngày"],
        ["Hạnh", "912345678", "2026-12-05"],
        ["Bình", "1.5", "True"],
    ]


def test_blank_lines_at_the_end_don_t_count() -> None:
    assert read_lines(b"a,b\n1,2\n\n\n , \n", 2) == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", Unreadable.EMPTY),
        (b" \n\n", Unreadable.EMPTY),
        (b",,,\n,", Unreadable.EMPTY),
        (b"x" * (MOST_BYTES + 1), Unreadable.TOO_LARGE),
        (b"a\n" * 12, Unreadable.TOO_MANY_ROWS),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", Unreadable.NO_SHEET),
        ("Tên\nHạnh".encode()[:-1] + b"\xff", Unreadable.ENCODING),
        (b"a\0b", Unreadable.NO_SHEET),
        (b'a\n"b', Unreadable.NO_SHEET),
        (b"PK\x03\x04 and nothing else", Unreadable.NO_SHEET),
        (zipped(a__txt=b"not Excel"), Unreadable.NO_SHEET),
    ],
)
def test_what_is_no_sheet_is_refused_and_said_why(content: bytes, why: Unreadable) -> None:
    assert read_lines(content, 10) == why


def test_a_sheet_with_too_many_rows_is_refused() -> None:
    assert read_lines(excel([["x"]] * 12), 10) == Unreadable.TOO_MANY_ROWS


def test_a_broken_excel_file_is_refused() -> None:
    whole = excel([["x"]])
    for end in (100, len(whole) // 2, len(whole) - 10):
        assert isinstance(read_lines(whole[:end], 10), Unreadable)
    assert isinstance(read_lines(whole.replace(b"xl/workbook", b"xl/w0rkbook"), 10), Unreadable)


def test_every_sheet_is_read_but_empty_ones() -> None:
    sheets = read_sheets(excel([], [["a"], ["b"]], [["c"]]), 10)
    assert not isinstance(sheets, Unreadable)
    assert [(sheet.name, sheet.lines) for sheet in sheets] == [("Sheet2", [["a"], ["b"]]), ("Sheet3", [["c"]])]


def test_merged_cells_repeat_what_they_hold() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        sheet.merge_range(1, 0, 2, 0, "x")
        sheet.write(2, 1, "y")
    assert read_lines(file.getvalue(), 10) == [["a", "b"], ["x", ""], ["x", "y"]]


def with_sheet(change: Callable[[bytes], bytes]) -> bytes:
    """A workbook whose only sheet is what the function makes of its XML."""
    content, sheet = io.BytesIO(), "xl/worksheets/sheet1.xml"
    old = zipfile.ZipFile(io.BytesIO(excel([["x"]])))
    with old, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == sheet else old.read(part))
    return content.getvalue()


def far_cell() -> bytes:
    """One cell in the last corner of the sheet: laid out, it takes 512 GiB."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(excel([["x"]]))) as old, zipfile.ZipFile(content, "w") as new:
        for part in old.namelist():
            new.writestr(
                part,
                old.read(part).replace(b'r="A1"', b'r="XFD1048576"').replace(b'ref="A1"', b'ref="A1:XFD1048576"'),
            )
    return content.getvalue()


def many_cells() -> bytes:
    """Fifty million cells of one byte each, which pack well."""
    row = b"<row>" + b"<c><v>1</v></c>" * 500 + b"</row>"
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(excel([["x"]]))) as old,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            body = old.read(part)
            if part.endswith("sheet1.xml"):
                head, _, _rest = body.partition(b"<sheetData>")
                body = head + b"<sheetData>" + row * 20_000 + b"</sheetData></worksheet>"
            new.writestr(part, body)
    return content.getvalue()


@pytest.mark.parametrize("hurtful", [far_cell, many_cells])
def test_a_file_made_to_hurt_costs_a_process_of_its_own_and_seconds(hurtful: Callable[[], bytes]) -> None:
    content = hurtful()
    assert len(content) < MOST_BYTES
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    assert isinstance(read_lines(content, 5000), Unreadable)
    assert time.monotonic() - began < 12
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_entities_that_multiply_are_not_followed() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    assert isinstance(read_lines(zipped(xl__workbook=bomb), 10), Unreadable)


def test_what_is_written_is_read_back_and_holds_no_formula() -> None:
    content = write_sheets([("Sổ", [["Tên", "Điện thoại"], ["=1+1", "0912345678"]]), ("Cách ghi", [["+84"]])])
    sheets = read_sheets(content, 10)
    assert not isinstance(sheets, Unreadable)
    assert [sheet.lines for sheet in sheets] == [[["Tên", "Điện thoại"], ["=1+1", "0912345678"]], [["+84"]]]
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
