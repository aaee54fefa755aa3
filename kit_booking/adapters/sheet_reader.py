"""Reads a workbook in a process of its own: the file on its input, its sheets as JSON on its output.

A few bytes can ask for any amount of memory and time, so the process has limits, and nothing but it can die of them.
"""

import io
import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

MOST_MEMORY = 512 * 1024 * 1024
MOST_SECONDS = 10
MOST_SHEETS = 10
PASSWORD, NO_SHEET = 3, 4
"""How the process ends for a file with a password, and for one that is no workbook."""


def limit() -> None:
    """Windows has no such limits; there the time limit of whoever started the process is the only one."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def sheets(content: bytes, most_rows: int, most_columns: int, most_letters: int) -> list[dict[str, Any]]:
    """Each sheet's name and lines; of a sheet with more rows one row more than ``most_rows`` is read."""
    read = []
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for name in book.sheet_names[:MOST_SHEETS]:
        sheet = book.get_sheet_by_name(name)
        rows = sheet.to_python(skip_empty_area=False, nrows=most_rows + 1)
        lines = [[text_of(cell)[:most_letters] for cell in row[:most_columns]] for row in rows]
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
            for line in lines[top : bottom + 1]:
                for column in range(left, min(right + 1, len(line))):
                    line[column] = lines[top][left]
        read.append({"name": name, "lines": lines})
    return read


def text_of(cell: Any) -> str:
    match cell:
        case datetime() if cell.time() != time():
            return f"{cell:%Y-%m-%d %H:%M}"
        case datetime() | date():
            return f"{cell:%Y-%m-%d}"
        case time():
            return f"{cell:%H:%M}"
        case timedelta():
            return f"{cell.seconds // 3600:02}:{cell.seconds // 60 % 60:02}"
        case float() if cell.is_integer():
            return str(int(cell))  # Excel takes a phone number for one.
        case _:
            return str(cell)


def main() -> int:
    limit()
    try:
        read = sheets(sys.stdin.buffer.read(), *(int(number) for number in sys.argv[1:]))
    except PasswordError:
        return PASSWORD
    except CalamineError:
        return NO_SHEET
    sys.stdout.buffer.write(json.dumps(read).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
