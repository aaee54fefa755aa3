"""Stretches of whole hours, and the hours that are in them, to compare with."""

from collections.abc import Iterable
from datetime import timedelta

from hypothesis import strategies as st

from kit_booking.domain.time.hours import Span
from tests.times import NOW

LAST_HOUR = 38


def span(from_hour: int, until_hour: int) -> Span:
    return Span(NOW + timedelta(hours=from_hour), NOW + timedelta(hours=until_hour))


spans = st.lists(
    st.tuples(st.integers(0, LAST_HOUR - 8), st.integers(1, 8)).map(lambda pair: span(pair[0], sum(pair))), max_size=6
)


def hours_in(stretches: Iterable[Span]) -> set[int]:
    stretches = list(stretches)
    return {hour for hour in range(LAST_HOUR) if any(one.overlaps(span(hour, hour + 1)) for one in stretches)}
