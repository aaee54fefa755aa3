"""Whatever people write, a feed stays valid; and it looks as agreed."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from kit_booking.adapters.ical import FeedEvent, calendar
from tests.builders import NOW
from tests.feeds import events_by_ical_js, libical_errors

NASTY = [
    "🎥 Livestream 👨‍👩‍👧 bán hàng 🇻🇳",
    'Nói "được", rồi thôi; có, không: \\ hết',
    "dòng một\ndòng hai\r\nEND:VEVENT\r\nBEGIN:VEVENT",
    "Phươ\u0323ng Dực " * 40,
    "x" * 500,
    "ký\x00tự\x07điều\x1bkhiển\x7f",
    "BEGIN:VALARM",
    "một\u2028hai\u2029ba\u0085",
]


@pytest.mark.parametrize("text", NASTY)
def test_nasty_text_never_breaks_a_line(text: str) -> None:
    body = calendar(text, [_event(text)])
    assert libical_errors(body) == []
    (seen,) = events_by_ical_js(body)
    assert (seen["uid"], seen["sequence"]) == ("booking-1@localhost", 3)
    assert body.split(b"\r\n").count(b"BEGIN:VEVENT") == 1
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert b"\n" not in body.replace(b"\r\n", b"")
    body.decode()


def _event(text: str, *, is_tentative: bool = False) -> FeedEvent:
    start = NOW + timedelta(days=4)
    return FeedEvent("booking-1@localhost", start, start + timedelta(hours=3), text, text, text, is_tentative, 3, NOW)


def test_the_feeds_look_as_agreed(golden: Callable[[str, str], None]) -> None:
    empty = calendar("Bộ livestream xã Phượng Dực", [])
    golden("feeds/empty.ics", empty.decode())
    two = [_event("Chờ duyệt: bộ PD-4, buổi tối", is_tentative=True), _event(NASTY[1])]
    golden("feeds/two.ics", calendar("Bộ livestream xã Phượng Dực", two).decode())
