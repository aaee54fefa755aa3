"""The union of stretches of time, what is left of it around what stands in it, and which of it is whole days."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.closure import union, whole_days, without
from kit_booking.domain.hours import Span
from tests.times import NOW, at

HOURS = 30
MONDAY, DAY = date(2026, 12, 7), timedelta(days=1)


def span(from_hour: int, until_hour: int) -> Span:
    return Span(NOW + timedelta(hours=from_hour), NOW + timedelta(hours=until_hour))


spans = st.lists(
    st.tuples(st.integers(0, HOURS), st.integers(1, 8)).map(lambda pair: span(pair[0], pair[0] + pair[1])), max_size=6
)


def hours_of(stretches: list[Span]) -> set[int]:
    return {hour for hour in range(HOURS + 8) if any(one.overlaps(span(hour, hour + 1)) for one in stretches)}


def days(first: int, count: int = 1) -> Span:
    return Span(at(MONDAY + first * DAY, "00:00"), at(MONDAY + (first + count) * DAY, "00:00"))


def test_days_that_follow_each_other_are_one_stretch_and_a_gap_makes_two():
    assert union([days(1), days(0), days(3)]) == [days(0, 2), days(3)]
    assert union([]) == []


def test_stretches_that_overlap_or_touch_are_one():
    assert union([span(5, 7), span(0, 2), span(2, 3), span(6, 9)]) == [span(0, 3), span(5, 9)]


def test_what_is_taken_is_cut_out():
    assert without([span(0, 10)], [span(2, 3), span(5, 6)]) == [span(0, 2), span(3, 5), span(6, 10)]


def test_what_reaches_over_the_ends_leaves_no_crumbs():
    assert without([span(2, 8)], [span(0, 3), span(7, 12)]) == [span(3, 7)]
    assert without([span(2, 8)], [span(2, 8)]) == []


@given(spans, spans)
def test_it_is_what_sets_of_hours_would_say(closed: list[Span], taken: list[Span]):
    merged, left = union(closed), without(closed, taken)
    assert hours_of(merged) == hours_of(closed)
    assert hours_of(left) == hours_of(closed) - hours_of(taken)
    for stretches in (merged, left):
        assert all(one.from_at < one.until_at for one in stretches)
        assert all(one.until_at <= other.from_at for one, other in pairwise(stretches))


def test_from_midnight_to_midnight_in_vietnam_are_whole_days() -> None:
    assert whole_days(days(0)) == (MONDAY, MONDAY + DAY)
    assert whole_days(days(0, 3)) == (MONDAY, MONDAY + 3 * DAY)


def test_anything_else_has_its_hours() -> None:
    assert whole_days(Span(at(MONDAY, "00:00"), at(MONDAY, "17:00"))) is None
    assert whole_days(Span(at(MONDAY, "07:30"), at(MONDAY + DAY, "00:00"))) is None
    assert whole_days(Span(at(MONDAY, "07:00"), at(MONDAY + DAY, "07:00"))) is None  # Midnight in London is not.
