"""Until when an offer is held, a request is answered, and its clerk reminded."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kit_booking.domain.policy import Policy
from kit_booking.domain.time.deadlines import (
    GRACE,
    STEP,
    grace_until,
    half_way,
    is_worth_offering,
    offer_until,
    offers_end_at,
)
from kit_booking.domain.time.hours import WeeklyHours
from kit_booking.domain.time.quiet import quiet_end, quiet_start
from tests.domain.examples import few_examples
from tests.domain.weeks import (
    EVERY_DAY_HOURS,
    FRIDAY,
    MONDAY,
    NEVER,
    SATURDAY,
    WEEKDAYS,
    clocks,
    instants,
    weeks,
)
from tests.times import at

USUAL = Policy()
ahead = st.timedeltas(timedelta(), timedelta(days=15))
policies = st.builds(
    Policy,
    quiet_from=clocks,
    quiet_until=clocks,
    offer_hours=st.integers(1, 24),
    lead_minutes=st.integers(0, 48 * 60),
)


@pytest.mark.parametrize(
    ("sent", "until"),
    [
        (at(FRIDAY, "09:00"), at(FRIDAY, "13:00")),
        (at(FRIDAY, "09:02"), at(FRIDAY, "13:05")),
        (at(FRIDAY, "17:00"), at(FRIDAY, "21:00")),
        (at(FRIDAY, "19:00"), at(SATURDAY, "08:30")),
        (at(FRIDAY, "21:00"), at(SATURDAY, "10:30")),
        (at(SATURDAY, "03:00"), at(SATURDAY, "10:30")),
        (at(SATURDAY, "06:30"), at(SATURDAY, "10:30")),
    ],
)
def test_an_offer_is_held_for_four_hours_in_which_the_night_does_not_count(sent: datetime, until: datetime):
    assert offer_until(sent, at(MONDAY, "17:00"), USUAL) == until


def test_no_offer_is_held_past_the_lead_time():
    assert offer_until(at(FRIDAY, "12:00"), at(FRIDAY, "17:00"), USUAL) == at(FRIDAY, "15:00")
    assert offer_until(at(FRIDAY, "19:00"), at(SATURDAY, "07:45"), USUAL) == at(SATURDAY, "05:45")


def test_an_offer_sent_after_the_lead_time_is_over_at_once():
    assert offer_until(at(FRIDAY, "15:30"), at(FRIDAY, "17:00"), USUAL) == at(FRIDAY, "15:00")


def test_half_an_hour_is_enough_for_an_offer_and_less_is_not():
    pick_up = at(FRIDAY, "17:00")
    assert is_worth_offering(pick_up, USUAL, now=at(FRIDAY, "14:30"))
    assert not is_worth_offering(pick_up, USUAL, now=at(FRIDAY, "14:30") + timedelta(seconds=1))


@given(instants, ahead, policies)
def test_an_offer_ends_at_the_lead_time_or_after_its_hours_of_waking_time(
    sent: datetime, to_pick_up: timedelta, policy: Policy
):
    pick_up = sent + to_pick_up
    until, end = offer_until(sent, pick_up, policy), offers_end_at(pick_up, policy)
    hours = timedelta(hours=policy.offer_hours)
    assert until <= end
    if until == end:
        assert _waking(sent, end - STEP, policy) < hours or sent >= end
    else:
        assert until.timestamp() % STEP.total_seconds() == 0
        # Rounded up, at most the last step of it may lie in the quiet hours.
        assert hours - STEP < _waking(sent, until, policy) < hours + STEP
        assert _waking(sent, until - STEP, policy) < hours


@few_examples
@given(instants, ahead, policies)
def test_an_offer_sent_in_the_night_is_held_as_long_as_one_sent_when_the_night_ends(
    sent: datetime, to_pick_up: timedelta, policy: Policy
):
    morning = quiet_end(sent, policy)
    assume(morning is not None)
    assert morning
    assert offer_until(sent, sent + to_pick_up, policy) == offer_until(morning, sent + to_pick_up, policy)


@given(instants, ahead, ahead, ahead, policies)
def test_what_is_sent_later_or_picked_up_later_is_never_held_for_shorter(
    sent: datetime, later: timedelta, to_pick_up: timedelta, longer: timedelta, policy: Policy
):
    pick_up = sent + to_pick_up
    until = offer_until(sent, pick_up, policy)
    assert until <= offer_until(sent + later, pick_up, policy)
    assert until <= offer_until(sent, pick_up + longer, policy)


def _waking(from_at: datetime, until_at: datetime, policy: Policy) -> timedelta:
    """How much of the time between the two is not quiet; counted night by night."""
    total, clock = timedelta(), from_at
    while clock < until_at:
        if asleep_until := quiet_end(clock, policy):
            clock = asleep_until
            continue
        stop = min(quiet_start(clock, policy) or until_at, until_at)
        total, clock = total + (stop - clock), stop
    return total


def test_the_clerk_is_reminded_when_half_of_the_office_time_is_over():
    assert half_way(at(FRIDAY, "09:00"), at(FRIDAY, "17:00"), EVERY_DAY_HOURS) == at(FRIDAY, "13:00")
    assert half_way(at(FRIDAY, "16:00"), at(MONDAY, "10:30"), WEEKDAYS) == at(MONDAY, "08:30")
    assert half_way(at(FRIDAY, "20:00"), at(MONDAY, "07:30"), WEEKDAYS) is None


@few_examples
@given(instants, ahead, weeks)
def test_half_way_leaves_as_much_office_time_after_it_as_before(
    asked: datetime, wait: timedelta, office: WeeklyHours
):
    wait = min(wait, timedelta(days=7))
    moment = half_way(asked, asked + wait, office)
    if moment is None:
        assert office.open_time(asked, asked + wait) == timedelta()
    else:
        assert asked <= moment <= asked + wait
        before, after = office.open_time(asked, moment), office.open_time(moment, asked + wait)
        assert abs(before - after) <= timedelta(microseconds=1)


def test_after_an_outage_people_get_two_hours_of_office_time():
    assert grace_until(at(FRIDAY, "08:00"), WEEKDAYS) == at(FRIDAY, "10:00")
    assert grace_until(at(FRIDAY, "16:00"), WEEKDAYS) == at(MONDAY, "08:30")
    assert grace_until(at(SATURDAY, "12:00"), NEVER) == at(SATURDAY, "14:00")


@few_examples
@given(instants, weeks)
def test_grace_is_never_shorter_than_two_hours(back: datetime, office: WeeklyHours):
    assert grace_until(back, office) >= back + GRACE


@given(clocks, clocks)
def test_a_deadline_that_people_read_is_round(quiet_from: time, quiet_until: time):
    policy = Policy(quiet_from=quiet_from, quiet_until=quiet_until)
    until = offer_until(at(FRIDAY, "09:01") + timedelta(seconds=7), at(MONDAY, "17:00"), policy)
    assert (until.second, until.microsecond, until.minute % 5) == (0, 0, 0) or until == at(MONDAY, "15:00")
