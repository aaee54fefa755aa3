"""The union of stretches of time, what is left of it around what stands in it, and which of it is whole days."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given

from kit_booking.domain.time.closure import union, whole_days, without
from kit_booking.domain.time.hours import Span
from tests.domain.examples import few_examples
from tests.domain.stretches import hours_in, span, spans
from tests.domain.weeks import MONDAY
from tests.times import at

DAY = timedelta(days=1)


def days(first: int, count: int = 1) -> Span:
    return Span(at(MONDAY + first * DAY, "00:00"), at(MONDAY + (first + count) * DAY, "00:00"))


def test_stretches_that_overlap_or_touch_are_one():
    assert union([span(5, 7), span(0, 2), span(2, 3), span(6, 9)]) == [span(0, 3), span(5, 9)]


def test_a_stretch_within_a_longer_one_changes_nothing():
    assert union([span(0, 9), span(2, 3)]) == [span(0, 9)]


def test_what_is_taken_is_cut_out():
    assert without([span(0, 10)], [span(2, 3), span(5, 6)]) == [span(0, 2), span(3, 5), span(6, 10)]


def test_what_is_taken_and_what_is_closed_may_come_in_any_order():
    assert without([span(8, 10), span(0, 7)], [span(5, 6), span(2, 3)]) == [
        span(0, 2),
        span(3, 5),
        span(6, 7),
        span(8, 10),
    ]
    assert without([span(0, 4), span(2, 6)], []) == [span(0, 6)]


def test_what_reaches_over_the_ends_leaves_no_empty_stretch():
    assert without([span(2, 8)], [span(0, 3), span(7, 12)]) == [span(3, 7)]
    assert without([span(2, 8)], [span(2, 3), span(7, 8)]) == [span(3, 7)]
    assert without([span(2, 8)], [span(2, 8)]) == []


@few_examples
@given(spans, spans)
def test_hours_are_closed_or_cut_out_as_sets_of_hours_would_be(closed: list[Span], taken: list[Span]):
    merged, left = union(closed), without(closed, taken)
    assert hours_in(merged) == hours_in(closed)
    assert hours_in(left) == hours_in(closed) - hours_in(taken)
    assert all(one.until_at < other.from_at for one, other in pairwise(merged)), "what touches is one stretch"
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
