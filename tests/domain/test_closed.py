"""Closed time as calendars show it."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.closed import joined, whole_days
from kit_booking.domain.hours import Span
from tests.times import NOW, at

MONDAY = date(2026, 12, 7)
DAY = timedelta(days=1)


def day(number: int, days: int = 1) -> Span:
    first = MONDAY + number * DAY
    return Span(at(first, "00:00"), at(first + days * DAY, "00:00"))


def test_days_that_follow_each_other_are_one_stretch_and_a_gap_makes_two() -> None:
    assert joined([day(1), day(0), day(3)]) == [day(0, 2), day(3)]


def test_what_overlaps_is_one_stretch() -> None:
    assert joined([day(0, 5), day(1), day(4, 3)]) == [day(0, 7)]


def test_nothing_is_closed_never() -> None:
    assert joined([]) == []


hours = st.integers(0, 200)
spans = st.lists(
    st.tuples(hours, st.integers(1, 30)).map(
        lambda it: Span(NOW + timedelta(hours=it[0]), NOW + timedelta(hours=it[0] + it[1]))
    )
)


def hours_in(found: list[Span]) -> set[int]:
    each = (
        range(int((s.from_at - NOW).total_seconds()), int((s.until_at - NOW).total_seconds()), 3600) for s in found
    )
    return {second for seconds in each for second in seconds}


@given(spans)
def test_joining_keeps_every_hour_and_leaves_nothing_that_touches(found: list[Span]) -> None:
    shown = joined(found)
    assert hours_in(shown) == hours_in(found)
    assert all(one.until_at < other.from_at for one, other in pairwise(shown))
    assert joined(shown) == shown


def test_from_midnight_to_midnight_in_vietnam_are_whole_days() -> None:
    assert whole_days(day(0)) == (MONDAY, MONDAY + DAY)
    assert whole_days(day(0, 3)) == (MONDAY, MONDAY + 3 * DAY)


def test_anything_else_has_its_hours() -> None:
    assert whole_days(Span(at(MONDAY, "00:00"), at(MONDAY, "17:00"))) is None
    assert whole_days(Span(at(MONDAY, "07:30"), at(MONDAY + DAY, "00:00"))) is None
    assert whole_days(Span(at(MONDAY, "07:00"), at(MONDAY + DAY, "07:00"))) is None  # Midnight in London is not.
