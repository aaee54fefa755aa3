"""The rules of the counter: what is a fault, and when something can have happened."""

from datetime import timedelta

import pytest

from kit_booking.domain.booking.counter import CheckedPart, TimeProblem, earliest_out, has_fault, time_problem
from tests.times import NOW, at, days_ahead

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("part", "missing", "is_fault"),
    [
        (CheckedPart("đèn", 2, 2), 0, False),
        (CheckedPart("đèn", 2, 3), 0, False),
        (CheckedPart("đèn", 2, 1), 1, True),
        (CheckedPart("đèn", 2, 0), 2, True),
        (CheckedPart("đèn", 2, 2, is_broken=True), 0, True),
    ],
)
def test_what_is_missing_or_broken_is_a_fault(part: CheckedPart, missing: int, is_fault: bool) -> None:
    assert (part.missing, part.has_fault) == (missing, is_fault)
    assert has_fault([CheckedPart("chân máy", 1, 1), part]) is is_fault


def test_a_kit_goes_out_from_midnight_of_its_day_on() -> None:
    assert earliest_out(at(days_ahead(0), "17:00")) == at(days_ahead(0), "00:00")
    assert earliest_out(at(days_ahead(0), "00:30")) == at(days_ahead(0), "00:00")


def test_what_is_written_down_has_happened_after_what_came_before_it() -> None:
    span = {"not_before": NOW - 10 * MINUTE, "before": NOW - MINUTE, "now": NOW}
    assert time_problem(NOW + MINUTE, **span) is TimeProblem.AHEAD
    assert time_problem(NOW - 11 * MINUTE, **span) is TimeProblem.TOO_EARLY
    assert time_problem(NOW - MINUTE, **span) is TimeProblem.OVER
    assert time_problem(NOW - 10 * MINUTE, **span) is None
    assert time_problem(NOW, not_before=NOW, now=NOW) is None
