"""The time in tests: each begins at the same moment, whatever the machine's clock says.

`kit_booking.clock.utc_now` tells this time in every thread of the tests' process and in the processes that tests
start. It runs on, so that what happens later is later. TEST_NOW chooses another moment: `make test-hours` runs the
tests whose result may depend on the hour just after midnight, at the end of a month, on the eve of Tết and so on.
"""

import os
from datetime import UTC, date, datetime, time, timedelta

from kit_booking import clock
from kit_booking.clock import machine_now
from kit_booking.domain.time.local_time import ZONE, local, local_day

NOW = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
"""Tuesday 1 December, 9 in the morning in Vietnam: for whatever is handed the time."""
START = NOW
"""When each test begins; TEST_NOW is written as clocks in Vietnam show it, such as `2026-12-31T23:52`."""
if chosen := os.environ.get("TEST_NOW"):
    START = datetime.fromisoformat(chosen).replace(tzinfo=ZONE).astimezone(UTC)

AHEAD = "TEST_CLOCK_AHEAD"
"""The environment variable that tells a process of a test by how many seconds its clock is ahead of the machine's."""


def set_clock(now: datetime, *, runs: bool = True) -> None:
    """From here on it is this time, here and in processes that are started; unless it runs, here it stands still."""
    os.environ[AHEAD] = str((now - machine_now()).total_seconds())
    follow_clock()
    if not runs:
        clock.set_clock(lambda: now)


def follow_clock() -> None:
    """Live by the clock of the test that started this process."""
    ahead = timedelta(seconds=float(os.environ.get(AHEAD, "0")))
    clock.set_clock(lambda: machine_now() + ahead)


def days_ahead(days: int, now: datetime = NOW) -> date:
    return local_day(now) + timedelta(days=days)


def at(day: date, clock: str) -> datetime:
    """The instant at which clocks in Vietnam show this time, as `"17:30"`."""
    return local(day, time.fromisoformat(clock))
