"""Spans of time, and the weekly hours in which a place hands kits over or an office answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Self

from kit_booking.domain.time.local_time import local, local_day

LONGEST_PAUSE = timedelta(days=7)
"""How far ahead or back an open hour is looked for; longer pauses are closures, not weekly hours."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time: its start belongs to it, its end does not."""

    from_at: datetime
    until_at: datetime

    def overlaps(self, other: "Span") -> bool:
        return self.from_at < other.until_at and other.from_at < self.until_at


@dataclass(frozen=True)
class WeeklyHours:
    """Monday to Sunday, each with opening and closing time, or None on a closed day."""

    days: tuple[tuple[time, time] | None, ...]

    @classmethod
    def of(cls, stored: list[list[str] | None]) -> Self:
        """From seven ``["07:30", "17:00"]`` or None, as the database keeps them; ``ValueError`` if they are not."""
        if len(stored) != 7:
            raise ValueError("a week has seven days")
        days = tuple((time.fromisoformat(d[0]), time.fromisoformat(d[1])) if d else None for d in stored)
        if any(day and day[0] >= day[1] for day in days):
            raise ValueError("a day opens before it closes")
        return cls(days)

    def stored(self) -> list[list[str] | None]:
        """As the database keeps them; ``of`` reads it."""
        return [[f"{day[0]:%H:%M}", f"{day[1]:%H:%M}"] if day else None for day in self.days]

    def on(self, day: date) -> Span | None:
        hours = self.days[day.weekday()]
        return Span(local(day, hours[0]), local(day, hours[1])) if hours else None

    def last_before(self, instant: datetime) -> datetime | None:
        """The last open moment at or before the instant; a closing time counts as open."""
        return next((min(open_.until_at, instant) for open_ in self._backward(instant)), None)

    def first_after(self, instant: datetime) -> datetime | None:
        """The first open moment at or after the instant."""
        return next((max(open_.from_at, instant) for open_ in self._forward(instant)), None)

    def later(self, instant: datetime, open_time: timedelta) -> datetime | None:
        """The moment at which so much open time has passed since the instant."""
        for open_ in self._forward(instant):
            start = max(open_.from_at, instant)
            if open_.until_at - start >= open_time:
                return start + open_time
            open_time -= open_.until_at - start
        return None

    def earlier(self, instant: datetime, open_time: timedelta) -> datetime | None:
        """The last moment from which so much open time passes until the instant."""
        for open_ in self._backward(instant):
            end = min(open_.until_at, instant)
            if end - open_.from_at >= open_time:
                return end - open_time
            open_time -= end - open_.from_at
        return None

    def open_time(self, from_at: datetime, until_at: datetime) -> timedelta:
        """How much open time lies between the two; looks at most a week ahead."""
        open_ = takewhile(lambda hours: hours.from_at < until_at, self._forward(from_at))
        spans = (Span(max(o.from_at, from_at), min(o.until_at, until_at)) for o in open_)
        return sum((s.until_at - s.from_at for s in spans if s.from_at < s.until_at), timedelta())

    def _forward(self, instant: datetime) -> Iterator[Span]:
        today = local_day(instant)
        for ahead in range(LONGEST_PAUSE.days + 1):
            open_ = self.on(today + timedelta(days=ahead))
            if open_ and open_.until_at >= instant:
                yield open_

    def _backward(self, instant: datetime) -> Iterator[Span]:
        today = local_day(instant)
        for back in range(LONGEST_PAUSE.days + 1):
            open_ = self.on(today - timedelta(days=back))
            if open_ and open_.from_at <= instant:
                yield open_


EVERY_DAY: list[list[str] | None] = [["07:30", "17:00"] for _ in range(7)]
"""The hours of a new place and a new office, as the database keeps them."""
