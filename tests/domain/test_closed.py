"""Closed time as calendars show it."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given

from kit_booking.domain.closed import joined, whole_days
from kit_booking.domain.hours import Span
from tests.domain.examples import few_examples
from tests.domain.stretches import hours_in, spans
from tests.domain.weeks import MONDAY
from tests.times import at

DAY = timedelta(days=1)


def day(number: int, days: int = 1) -> Span:
    first = MONDAY + number * DAY
    return Span(at(first, "00:00"), at(first + days * DAY, "00:00"))


def test_days_that_follow_each_other_are_one_stretch_and_a_gap_makes_two() -> None:
    assert joined([day(1), day(0), day(3)]) == [day(0, 2), day(3)]


def test_what_overlaps_is_one_stretch() -> None:
    assert joined([day(0, 5), day(1), day(4, 3)]) == [day(0, 7)]
    assert joined([day(0, 5), day(1)]) == [day(0, 5)]


def test_without_closed_time_there_is_no_stretch() -> None:
    assert joined([]) == []


@few_examples
@given(spans)
def test_joining_keeps_every_hour_and_leaves_nothing_that_touches(closed: list[Span]) -> None:
    shown = joined(closed)
    assert hours_in(shown) == hours_in(closed)
    assert all(one.until_at < other.from_at for one, other in pairwise(shown))
    assert joined(shown) == shown


def test_from_midnight_to_midnight_in_vietnam_are_whole_days() -> None:
    assert whole_days(day(0)) == (MONDAY, MONDAY + DAY)
    assert whole_days(day(0, 3)) == (MONDAY, MONDAY + 3 * DAY)


def test_anything_else_has_its_hours() -> None:
    assert whole_days(Span(at(MONDAY, "00:00"), at(MONDAY, "17:00"))) is None
    assert whole_days(Span(at(MONDAY, "07:30"), at(MONDAY + DAY, "00:00"))) is None
    assert whole_days(Span(at(MONDAY, "07:00"), at(MONDAY + DAY, "07:00"))) is None  # Midnight in London is not.
