"""Days, weekly hours and timetables to test with: the usual ones, and whatever Hypothesis invents."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import strategies as st

from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import EVERY_DAY, WeeklyHours
from kit_booking.domain.time.slots import DEFAULT_PLAN, Timetable

FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 12, 4) + timedelta(days=n) for n in range(4))

EVERY_DAY_HOURS = WeeklyHours.of(EVERY_DAY)
WEEKDAYS = WeeklyHours.of([["07:30", "17:00"]] * 5 + [None, None])
CLOSED_SUNDAYS = WeeklyHours.of([["07:30", "17:00"]] * 6 + [None])
FRIDAYS_ONLY = WeeklyHours.of([None] * 4 + [["07:30", "17:00"], None, None])
NEVER = WeeklyHours((None,) * 7)

USUAL = Timetable(((date(2026, 1, 1), DEFAULT_PLAN),), EVERY_DAY_HOURS, EVERY_DAY_HOURS, Policy())

instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
minutes = st.integers(0, 24 * 60 - 1)
clocks = minutes.map(lambda minute: time(minute // 60, minute % 60))
open_days = st.lists(clocks, min_size=2, max_size=2, unique=True).map(lambda pair: (min(pair), max(pair)))
weeks = st.lists(st.none() | open_days, min_size=7, max_size=7).map(lambda days: WeeklyHours(tuple(days)))
"""Any weekly hours, closed all week included."""
