"""Spans of time and weekly hours."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.time.hours import EVERY_DAY, LONGEST_PAUSE, Span, WeeklyHours
from tests.domain.examples import few_examples
from tests.domain.weeks import (
    CLOSED_SUNDAYS,
    EVERY_DAY_HOURS,
    FRIDAY,
    FRIDAYS_ONLY,
    MONDAY,
    NEVER,
    SATURDAY,
    SUNDAY,
    WEEKDAYS,
    instants,
    weeks,
)
from tests.times import at

open_times = st.integers(1, 40 * 60).map(lambda minutes: timedelta(minutes=minutes))


def test_spans_that_touch_do_not_overlap():
    morning = Span(at(FRIDAY, "08:00"), at(FRIDAY, "11:00"))
    midday = Span(at(FRIDAY, "11:00"), at(FRIDAY, "13:00"))
    assert not morning.overlaps(midday)
    assert not midday.overlaps(morning)


@pytest.mark.parametrize(
    ("start", "end"), [("10:59", "13:00"), ("07:00", "08:01"), ("09:00", "10:00"), ("07:00", "12:00")]
)
def test_spans_that_share_a_minute_overlap_both_ways(start: str, end: str):
    morning, other = Span(at(FRIDAY, "08:00"), at(FRIDAY, "11:00")), Span(at(FRIDAY, start), at(FRIDAY, end))
    assert morning.overlaps(other)
    assert other.overlaps(morning)


def test_the_hours_of_a_day_are_those_of_its_weekday():
    assert WEEKDAYS.on(FRIDAY) == Span(at(FRIDAY, "07:30"), at(FRIDAY, "17:00"))
    assert WEEKDAYS.on(SATURDAY) is None


@pytest.mark.parametrize(
    "stored",
    [
        [["07:30", "17:00"]] * 6,
        [["07:30", "17:00"]] * 8,
        [["17:00", "07:30"]] * 7,
        [["08:00", "08:00"]] * 7,
        [["7 o'clock", "17:00"]] * 7,
    ],
)
def test_hours_that_are_no_week_are_refused(stored: list[list[str] | None]):
    with pytest.raises(ValueError, match=r"\w"):
        WeeklyHours.of(stored)


@few_examples
@given(weeks)
def test_hours_are_stored_and_read_alike(hours: WeeklyHours):
    assert WeeklyHours.of(hours.stored()) == hours


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (at(FRIDAY, "12:00"), at(FRIDAY, "12:00")),
        (at(FRIDAY, "17:00"), at(FRIDAY, "17:00")),
        (at(FRIDAY, "18:45"), at(FRIDAY, "17:00")),
        (at(SATURDAY, "07:29"), at(FRIDAY, "17:00")),
        (at(SATURDAY, "07:30"), at(SATURDAY, "07:30")),
        (at(MONDAY, "06:00"), at(SATURDAY, "17:00")),
    ],
)
def test_the_last_open_moment_is_now_or_the_closing_time_before(instant: datetime, expected: datetime):
    assert CLOSED_SUNDAYS.last_before(instant) == expected


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (at(FRIDAY, "12:00"), at(FRIDAY, "12:00")),
        (at(FRIDAY, "17:00"), at(FRIDAY, "17:00")),
        (at(FRIDAY, "17:01"), at(SATURDAY, "07:30")),
        (at(SATURDAY, "22:15"), at(MONDAY, "07:30")),
    ],
)
def test_the_first_open_moment_is_now_or_the_opening_time_after(instant: datetime, expected: datetime):
    assert CLOSED_SUNDAYS.first_after(instant) == expected


def test_office_time_pauses_over_night_and_over_the_weekend():
    asked_at = at(FRIDAY, "15:00")
    assert WEEKDAYS.later(asked_at, timedelta(hours=2)) == at(FRIDAY, "17:00")
    assert WEEKDAYS.later(asked_at, timedelta(hours=3)) == at(MONDAY, "08:30")
    assert EVERY_DAY_HOURS.later(asked_at, timedelta(hours=3)) == at(SATURDAY, "08:30")
    assert WEEKDAYS.later(at(SATURDAY, "10:00"), timedelta(hours=1)) == at(MONDAY, "08:30")


def test_office_time_is_counted_back_over_night_and_over_the_weekend():
    assert WEEKDAYS.earlier(at(MONDAY, "08:30"), timedelta(hours=1)) == at(MONDAY, "07:30")
    assert WEEKDAYS.earlier(at(MONDAY, "08:00"), timedelta(hours=1)) == at(FRIDAY, "16:30")
    assert WEEKDAYS.earlier(at(SUNDAY, "20:00"), timedelta(hours=1)) == at(FRIDAY, "16:00")


def test_a_place_that_opens_once_a_week_is_found_a_week_away():
    last_friday, next_friday = FRIDAY - timedelta(days=7), FRIDAY + timedelta(days=7)
    assert FRIDAYS_ONLY.first_after(at(FRIDAY, "18:00")) == at(next_friday, "07:30")
    assert FRIDAYS_ONLY.last_before(at(FRIDAY, "07:00")) == at(last_friday, "17:00")


def test_no_office_time_lies_between_an_instant_and_an_earlier_one():
    assert WEEKDAYS.open_time(at(FRIDAY, "09:00"), at(FRIDAY, "12:00")) == timedelta(hours=3)
    assert WEEKDAYS.open_time(at(FRIDAY, "12:00"), at(FRIDAY, "09:00")) == timedelta()


def test_a_new_place_is_open_every_day_from_half_past_seven_until_five():
    assert WeeklyHours.of(EVERY_DAY).on(SUNDAY) == Span(at(SUNDAY, "07:30"), at(SUNDAY, "17:00"))


def test_hours_are_stored_as_clocks_and_closed_days_as_none():
    assert WEEKDAYS.stored() == [["07:30", "17:00"]] * 5 + [None, None]


def test_a_place_that_never_opens_has_no_open_moment():
    noon = at(FRIDAY, "12:00")
    assert NEVER.last_before(noon) is None
    assert NEVER.first_after(noon) is None
    assert NEVER.later(noon, timedelta(hours=1)) is None
    assert NEVER.earlier(noon, timedelta(hours=1)) is None


@few_examples
@given(weeks, instants)
def test_nothing_is_open_between_an_instant_and_the_moments_found_around_it(hours: WeeklyHours, instant: datetime):
    before, after = hours.last_before(instant), hours.first_after(instant)
    is_ever_open = any(hours.days)
    assert (before is not None) == (after is not None) == is_ever_open
    if before and after:
        assert instant - LONGEST_PAUSE <= before <= instant <= after <= instant + LONGEST_PAUSE
        assert hours.first_after(before) == before
        assert hours.last_before(after) == after
        assert before == after == instant or before == after or not _is_open(hours, before + (after - before) / 2)


@few_examples
@given(weeks, instants, open_times)
def test_so_much_open_time_lies_between_an_instant_and_the_moment_found(
    hours: WeeklyHours, instant: datetime, open_time: timedelta
):
    later, earlier = hours.later(instant, open_time), hours.earlier(instant, open_time)
    if later:
        assert _open_time(hours, instant, later) == open_time
    if earlier:
        assert _open_time(hours, earlier, instant) == open_time
    if all(hours.days) and hours.days.count(hours.days[0]) == 7 and _open_time_of_a_week(hours) >= open_time:
        assert later is not None
        assert earlier is not None


def _is_open(hours: WeeklyHours, instant: datetime) -> bool:
    return hours.first_after(instant) == instant


def _open_time(hours: WeeklyHours, start: datetime, end: datetime) -> timedelta:
    """Counted the slow way: day by day, what each has in common with the stretch."""
    total = timedelta()
    for n in range(-1, (end - start).days + 3):
        if open_ := hours.on(start.date() + timedelta(days=n)):
            total += max(timedelta(), min(open_.until_at, end) - max(open_.from_at, start))
    return total


def _open_time_of_a_week(hours: WeeklyHours) -> timedelta:
    spans = (hours.on(MONDAY + timedelta(days=n)) for n in range(7))
    return sum((span.until_at - span.from_at for span in spans if span), timedelta())
