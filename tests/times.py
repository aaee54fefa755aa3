"""The time in tests: one fixed moment, and days and clocks as they are read in Vietnam."""

from datetime import UTC, date, datetime, time, timedelta

from kit_booking.domain.local_time import local, local_day

NOW = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
"""Tuesday 1 December, 9 in the morning in Vietnam: for whatever is handed the time."""


def days_ahead(days: int, now: datetime = NOW) -> date:
    return local_day(now) + timedelta(days=days)


def at(day: date, clock: str) -> datetime:
    """The instant at which clocks in Vietnam show this time, as `"17:30"`."""
    return local(day, time.fromisoformat(clock))
