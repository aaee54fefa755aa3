"""Vietnam's wall clock: one zone, UTC+7 all year, for the whole country."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def local(day: date, clock: time) -> datetime:
    """The instant, in UTC, at which clocks in Vietnam show this time on this day."""
    return datetime.combine(day, clock, ZONE).astimezone(UTC)


def to_local(instant: datetime) -> datetime:
    return instant.astimezone(ZONE)


def local_day(instant: datetime) -> date:
    """The calendar day in Vietnam at this instant."""
    return instant.astimezone(ZONE).date()
