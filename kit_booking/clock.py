"""The only reader of the clock; everything else is handed `now`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def _machine() -> datetime:
    return datetime.now(UTC)


_clock: ContextVar[Clock] = ContextVar("clock", default=_machine)


def utc_now() -> datetime:
    return _clock.get()()


@contextmanager
def told_by(clock: Clock) -> Iterator[None]:
    """What runs inside, in this thread, takes the time from another clock: a rehearsal, a test of a whole day."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)
