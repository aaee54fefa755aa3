"""Sheets as Excel and others write them, and files that only pretend to be one."""

import io
import zipfile
from datetime import date

import pytest

from kit_booking.adapters import sheet_file
from kit_booking.adapters.sheet_file import MOST_BYTES, Unreadable, read_lines, template

LINES = [["Tên", "Điện thoại"], ["Đỗ Thị Hạnh", "0912345678"]]
openpyxl = pytest.importorskip("openpyxl")


def excel(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


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
    assert read_lines(b"a,b\n1,2\n\n\n , \n", 1) == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", Unreadable.EMPTY),
        (b" \n\n", Unreadable.EMPTY),
        (b",,,\n,", Unreadable.EMPTY),
        (b"x" * (MOST_BYTES + 1), Unreadable.TOO_LARGE),
        (b"a\n" * 12, Unreadable.TOO_MANY_ROWS),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", Unreadable.OLD_EXCEL),
        ("Tên\nHạnh".encode()[:-1] + b"\xff", Unreadable.ENCODING),
        (b"a\0b", Unreadable.NO_SHEET),
        (b'a\n"b', Unreadable.NO_SHEET),
        (b"PK\x03\x04 and nothing else", Unreadable.NO_SHEET),
        (zipped(a__txt=b"not Excel"), Unreadable.NO_SHEET),
        (zipped(a__xml=b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x/>'), Unreadable.NO_SHEET),
        (zipped(**{f"part{n}": b"" for n in range(300)}), Unreadable.TOO_LARGE),
        (zipped(sheet__xml=b"0" * (sheet_file.MOST_UNPACKED + 1)), Unreadable.TOO_LARGE),
    ],
)
def test_what_is_no_sheet_is_refused_and_said_why(content: bytes, why: Unreadable) -> None:
    assert read_lines(content, 10) == why


def test_a_sheet_with_too_many_rows_is_refused() -> None:
    assert read_lines(excel([["x"]] * 12), 10) == Unreadable.TOO_MANY_ROWS


def test_a_broken_excel_file_is_refused() -> None:
    whole = excel([["x"]])
    for end in (100, len(whole) // 2, len(whole) - 10):
        assert read_lines(whole[:end], 10) == Unreadable.NO_SHEET
    assert read_lines(whole.replace(b"xl/workbook", b"xl/w0rkbook"), 10) == Unreadable.NO_SHEET


def test_the_template_is_read_back_and_holds_no_formula() -> None:
    content = template(["Tên", "Điện thoại"], [["=1+1", "+84"]], ("Sổ", "Cách ghi"))
    assert read_lines(content, 10) == [["Tên", "Điện thoại"]]
    notes = openpyxl.load_workbook(io.BytesIO(content)).worksheets[1]
    assert [(cell.value, cell.data_type) for cell in notes[1]] == [("=1+1", "s"), ("+84", "s")]
