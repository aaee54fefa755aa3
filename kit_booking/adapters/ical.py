"""Calendar feeds (RFC 5545 and 7986), written by the icalendar library.

No METHOD (a feed is no invitation), times in UTC, no alarms, and nothing that differs between two calls
while the events are the same: clients and caches compare bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from icalendar import Calendar, Event, vDate, vDatetime, vInt, vText

from kit_booking.domain.text import clean


@dataclass(frozen=True)
class FeedEvent:
    """One event; `sequence` and `changed_at` rise with every change of what is behind it.

    From a day until the day after the last one it takes whole days and leaves people's time free.
    """

    uid: str
    from_at: datetime | date
    until_at: datetime | date
    changed_at: datetime
    summary: str
    description: str = ""
    location: str = ""
    is_tentative: bool = False
    sequence: int = 0


def calendar(name: str, events: Iterable[FeedEvent], *, refreshes: bool = True) -> bytes:
    """The feed as UTF-8 with CRLF line ends; without ``refreshes`` it is a file that is not asked for again."""
    begin, end = _frame(name, refreshes)
    return b"".join([begin, *map(_event, events), end])


@lru_cache(maxsize=256)
def _frame(name: str, refreshes: bool) -> tuple[bytes, bytes]:
    """What stands before and after the events."""
    feed = Calendar()  # Not Calendar.new(): that invents a UID and a time stamp on every call.
    feed.add("version", "2.0")
    feed.add("prodid", "-//kit_booking//Lich bo livestream xa//VI")
    feed.add("calscale", "GREGORIAN")
    feed.add("name", clean(name, 200))
    feed.add("x-wr-calname", clean(name, 200))
    feed.add("x-wr-timezone", "Asia/Ho_Chi_Minh")
    if refreshes:
        feed.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
        feed.add("x-published-ttl", "PT1H")
    begin, end, after = feed.to_ical(sorted=False).rpartition(b"END:VCALENDAR")
    return begin, end + after


@lru_cache(maxsize=8192)
def _event(event: FeedEvent) -> bytes:
    """Cached, because of a feed that is made anew all events but those that changed were written before.

    The properties are ready-made values, because `add` would first find out for each what it is.
    """
    component = Event()
    component["UID"] = vText(event.uid)
    component["DTSTAMP"] = component["LAST-MODIFIED"] = _moment(event.changed_at)
    component["SEQUENCE"] = vInt(event.sequence)
    component["DTSTART"] = _moment(event.from_at)
    component["DTEND"] = _moment(event.until_at)
    component["SUMMARY"] = _line(event.summary)
    if event.description:
        component["DESCRIPTION"] = vText("\n".join(_tidy(line, 500) for line in event.description.split("\n")))
    if event.location:
        component["LOCATION"] = _line(event.location)
    component["STATUS"] = _line("TENTATIVE" if event.is_tentative else "CONFIRMED")
    if not isinstance(event.from_at, datetime):
        component["TRANSP"] = _line("TRANSPARENT")
    return bytes(component.to_ical(sorted=False))


def _moment(at: datetime | date) -> vDatetime | vDate:
    if isinstance(at, datetime):
        return vDatetime(at)
    day = vDate(at)
    day.params["VALUE"] = "DATE"
    return day


@lru_cache(maxsize=256)
def _line(text: str) -> vText:
    """A text that many events share, made once."""
    return vText(_tidy(text, 300))


def _tidy(text: str, most: int) -> str:
    """One line; a typed backslash before an N would be taken for a line's end by the library."""
    return clean(text, most).replace("\\N", "/N")
