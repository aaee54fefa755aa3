"""The union of stretches of time, and what is left of it around what stands in it."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.closure import union, without
from kit_booking.domain.hours import Span
from tests.times import NOW

HOURS = 30


def span(from_hour: int, until_hour: int) -> Span:
    return Span(NOW + timedelta(hours=from_hour), NOW + timedelta(hours=until_hour))


spans = st.lists(
    st.tuples(st.integers(0, HOURS), st.integers(1, 8)).map(lambda pair: span(pair[0], pair[0] + pair[1])), max_size=6
)


def hours_of(stretches: list[Span]) -> set[int]:
    return {hour for hour in range(HOURS + 8) if any(one.overlaps(span(hour, hour + 1)) for one in stretches)}


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
