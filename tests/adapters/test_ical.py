"""Whatever people write, a feed stays valid; and it looks as agreed."""

from collections.abc import Callable
from datetime import date, timedelta
from unicodedata import combining, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from kit_booking.adapters.ical import FeedEvent, calendar
from kit_booking.domain.text import clean
from tests.support.feeds import events_by_ical_js, libical_errors
from tests.times import NOW

NASTY = [
    "🎥 Livestream 👨‍👩‍👧 bán hàng 🇻🇳",
    'Nói "được", rồi thôi; có, không: \\ hết',
    "dòng một\ndòng hai\r\nEND:VEVENT\r\nBEGIN:VEVENT",
    "Phươ\u0323ng Dực " * 40,
    "x" * 500,
    "ế" * 500,
    "🎥" * 500,
    "ký\x00tự\x07điều\x1bkhiển\x7f",
    "BEGIN:VALARM",
    "một\u2028hai\u2029ba\u0085",
    "\\n \\N \\, \\; \\\\ ^n ^' %0D%0A",
    "\ufeffđầu\u200bgiữa\u202ecuối",
    "q\u0323\u0302 không có chữ dựng sẵn " * 20,
]


@pytest.mark.parametrize("text", NASTY)
def test_nasty_text_never_breaks_a_line(text: str) -> None:
    body = calendar(text, [_event(text)])
    assert libical_errors(body) == []
    (seen,) = events_by_ical_js(body)
    assert (seen["uid"], seen["sequence"]) == ("booking-1@localhost", 3)
    assert seen["summary"] == clean(text, 300).replace("\\N", "/N")
    assert_whole_lines(body)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_any_text_comes_through_tidied_and_its_letters_are_never_cut(text: str) -> None:
    body = calendar("lịch", [_event(text)])
    assert_whole_lines(body)
    (event,) = Calendar.from_ical(body).walk("VEVENT")
    assert str(event["SUMMARY"]) == clean(text, 300).replace("\\N", "/N")
    if text:
        assert str(event["DESCRIPTION"]) == "\n".join(clean(line, 500) for line in text.split("\n")).replace(
            "\\N", "/N"
        )


def assert_whole_lines(body: bytes) -> None:
    lines = body.split(b"\r\n")
    assert lines.count(b"BEGIN:VEVENT") == 1
    assert all(len(line) <= 75 for line in lines)
    assert b"\n" not in body.replace(b"\r\n", b"")
    for line in lines:
        line.decode()  # It fails where a letter's bytes are on two lines.


@pytest.mark.parametrize("name", ["Phượng Dực", "Nguyễn Thị Hạnh", "Xã Đại Xuyên, thôn Giẽ Thượng"])
def test_decomposed_vietnamese_is_composed_so_that_no_mark_stands_alone_after_a_fold(name: str) -> None:
    body = calendar("lịch", [_event(normalize("NFD", name) * 8)])
    firsts = [line.decode()[1] for line in body.split(b"\r\n") if line.startswith(b" ")]
    assert firsts
    assert not any(combining(char) for char in body.decode())


def _event(text: str, *, is_tentative: bool = False) -> FeedEvent:
    start = NOW + timedelta(days=4)
    return FeedEvent("booking-1@localhost", start, start + timedelta(hours=3), NOW, text, text, text, is_tentative, 3)


def test_the_feeds_look_as_agreed(golden: Callable[[str, str], None]) -> None:
    empty = calendar("Bộ livestream xã Phượng Dực", [])
    golden("feeds/empty.ics", empty.decode())
    first, last = date(2026, 12, 7), date(2026, 12, 9)
    three = [
        _event("Chờ duyệt: bộ PD-4, buổi tối", is_tentative=True),
        _event(NASTY[1]),
        FeedEvent("closed-1@localhost", first, last, NOW, "Nghỉ, không cho mượn", sequence=1),
    ]
    golden("feeds/three.ics", calendar("Bộ livestream xã Phượng Dực", three).decode())
