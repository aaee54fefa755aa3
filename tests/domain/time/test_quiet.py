"""The quiet hours: when they end, when the next ones begin, and that the two fit together."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.policy import Policy
from kit_booking.domain.time.local_time import local, to_local
from kit_booking.domain.time.quiet import quiet_end, quiet_start
from tests.domain.weeks import FRIDAY, SATURDAY, SUNDAY, clocks, instants
from tests.times import at

A_DAY = timedelta(days=1)
policies = st.builds(Policy, quiet_from=clocks, quiet_until=clocks)


@pytest.mark.parametrize(
    ("clock", "ends"),
    [
        ("20:59", None),
        ("21:00", at(SATURDAY, "06:30")),
        ("23:59", at(SATURDAY, "06:30")),
        ("00:00", at(FRIDAY, "06:30")),
        ("06:29", at(FRIDAY, "06:30")),
        ("06:30", None),
        ("12:00", None),
    ],
)
def test_the_night_is_quiet_from_nine_until_half_past_six(clock: str, ends: datetime | None):
    assert quiet_end(at(FRIDAY, clock), Policy()) == ends


def test_the_next_night_begins_the_same_evening_or_the_one_after():
    assert quiet_start(at(FRIDAY, "12:00"), Policy()) == at(FRIDAY, "21:00")
    assert quiet_start(at(FRIDAY, "06:30"), Policy()) == at(FRIDAY, "21:00")


def test_a_commune_that_is_quiet_at_noon_only():
    noon = Policy(quiet_from=time(12, 0), quiet_until=time(13, 30))
    assert quiet_end(at(FRIDAY, "12:00"), noon) == at(FRIDAY, "13:30")
    assert quiet_end(at(FRIDAY, "23:00"), noon) is None
    assert quiet_start(at(FRIDAY, "13:30"), noon) == at(SATURDAY, "12:00")


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "clock", "ends"),
    [
        (time(21), time(6, 30), time(21), local(SUNDAY, time(6, 30))),
        (time(21), time(6, 30), time(0), local(SATURDAY, time(6, 30))),
        (time(0), time(6), time(0), local(SATURDAY, time(6))),
        (time(0), time(6), time(6), None),
        (time(12), time(14), time(11), None),
        (time(12), time(14), time(12), local(SATURDAY, time(14))),
        (time(12), time(14), time(13), local(SATURDAY, time(14))),
        (time(12), time(14), time(14), None),
        (time(21), time(0), time(23), local(SUNDAY, time(0))),
        (time(21), time(0), time(0), None),
        (time(21), time(21), time(21), None),
    ],
)
def test_quiet_hours_end_on_the_day_they_begin_or_on_the_next_one(
    quiet_from: time, quiet_until: time, clock: time, ends: datetime | None
):
    policy = Policy(quiet_from=quiet_from, quiet_until=quiet_until)
    answer = quiet_end(local(SATURDAY, clock), policy)
    assert answer == ends
    assert answer is None or answer.tzinfo is UTC


def test_a_commune_without_quiet_hours_has_no_next_start_of_them():
    assert quiet_start(at(FRIDAY, "12:00"), Policy(quiet_from=time(0), quiet_until=time(0))) is None


@given(instants, clocks)
def test_quiet_hours_that_begin_when_they_end_are_none(instant: datetime, clock: time):
    never = Policy(quiet_from=clock, quiet_until=clock)
    assert quiet_end(instant, never) is None
    assert quiet_start(instant, never) is None


@given(instants, policies)
def test_the_end_of_the_quiet_hours_is_ahead_within_a_day_and_no_longer_quiet(instant: datetime, policy: Policy):
    end = quiet_end(instant, policy)
    if end is not None:
        assert instant < end <= instant + A_DAY
        assert to_local(end).time() == policy.quiet_until
        assert quiet_end(end, policy) is None


@given(instants, policies)
def test_between_an_end_and_the_next_start_nothing_is_quiet(instant: datetime, policy: Policy):
    awake = quiet_end(instant, policy) or instant
    start = quiet_start(awake, policy)
    if start is not None:
        assert awake < start <= awake + A_DAY
        assert quiet_end(start, policy) is not None
        assert quiet_end(start - timedelta(microseconds=1), policy) is None
        assert quiet_end(awake + (start - awake) / 2, policy) is None
