"""Calendar feeds (RFC 5545 and 7986), written by the icalendar library.

No METHOD (a feed is no invitation), times in UTC, no alarms, and nothing that differs between two calls
while the events are the same: clients and caches compare bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from icalendar import Calendar, Event, vText

from kit_booking.domain.text import clean


@dataclass(frozen=True)
class FeedEvent:
    """One event; `sequence` and `changed_at` rise with every change of the booking behind it."""

    uid: str
    from_at: datetime
    until_at: datetime
    summary: str
    description: str
    location: str
    is_tentative: bool
    sequence: int
    changed_at: datetime


def calendar(name: str, events: Iterable[FeedEvent]) -> bytes:
    """The feed as UTF-8 with CRLF line ends."""
    feed = Calendar()  # Not Calendar.new(): that invents a UID and a time stamp on every call.
    feed.add("prodid", "-//kit_booking//Lich bo livestream xa//VI")
    feed.add("version", "2.0")
    feed.add("calscale", "GREGORIAN")
    feed.add("name", clean(name, 200))
    feed.add("x-wr-calname", clean(name, 200))
    feed.add("x-wr-timezone", "Asia/Ho_Chi_Minh")
    feed.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    feed.add("x-published-ttl", "PT1H")
    for event in events:
        feed.add_component(_component(event))
    return bytes(feed.to_ical())


def _component(event: FeedEvent) -> Event:
    component = Event()
    component.add("uid", event.uid)
    component.add("dtstamp", event.changed_at)
    component.add("last-modified", component["dtstamp"], encode=False)
    component.add("sequence", event.sequence)
    component.add("dtstart", event.from_at)
    component.add("dtend", event.until_at)
    component.add("summary", _line(event.summary), encode=False)
    if event.description:
        component.add("description", "\n".join(clean(line, 500) for line in event.description.splitlines()))
    component.add("location", _line(event.location), encode=False)
    component.add("status", _line("TENTATIVE" if event.is_tentative else "CONFIRMED"), encode=False)
    return component


@lru_cache(maxsize=256)
def _line(text: str) -> vText:
    """A text that many events share, made once."""
    return vText(clean(text, 300))
