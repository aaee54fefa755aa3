"""The only reader of the clock; everything else is handed `now`."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def machine_now() -> datetime:
    return datetime.now(UTC)


_clock: Clock = machine_now


def utc_now() -> datetime:
    return _clock()


def set_clock(clock: Clock) -> None:
    """Let this whole process take the time from another clock, as tests do."""
    global _clock
    _clock = clock
