"""Weekly hours to test with: the usual ones, and whatever Hypothesis invents."""

from datetime import time

from hypothesis import strategies as st

from kit_booking.domain.hours import EVERY_DAY, WeeklyHours

EVERY_DAY_HOURS = WeeklyHours.of(EVERY_DAY)
WEEKDAYS = WeeklyHours.of([["07:30", "17:00"]] * 5 + [None, None])
CLOSED_SUNDAYS = WeeklyHours.of([["07:30", "17:00"]] * 6 + [None])
NEVER = WeeklyHours((None,) * 7)

minutes = st.integers(0, 24 * 60 - 1)
clocks = minutes.map(lambda minute: time(minute // 60, minute % 60))
open_days = st.lists(clocks, min_size=2, max_size=2, unique=True).map(lambda pair: (min(pair), max(pair)))
weeks = st.lists(st.none() | open_days, min_size=7, max_size=7).map(lambda days: WeeklyHours(tuple(days)))
"""Any weekly hours, closed all week included."""
