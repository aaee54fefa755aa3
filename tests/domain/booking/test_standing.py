"""Strikes and late kits: what counts, what is spent, when a pause begins and ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.booking.standing import (
    GOOD_STANDING,
    TOO_LATE,
    Pause,
    Standing,
    is_late_to_cancel,
    standing,
)
from kit_booking.domain.policy import Policy
from tests.domain.examples import few_examples

START = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
USUAL = Policy()
A_SECOND = timedelta(seconds=1)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def standing_on(number: float, *strikes: float, policy: Policy = USUAL, **more: datetime | None) -> Standing:
    return standing([day(strike) for strike in strikes], policy=policy, now=day(number), **more)


def test_without_strikes_the_standing_is_good():
    assert standing_on(0) == GOOD_STANDING


def test_one_strike_counts_for_sixty_days_and_pauses_nothing():
    assert standing_on(0, 0) == Standing((day(0),), day(60))
    assert standing_on(59.9, 0) == Standing((day(0),), day(60))
    assert standing_on(60, 0) == GOOD_STANDING


def test_the_second_strike_within_sixty_days_spends_both_and_pauses_for_fourteen():
    assert standing_on(10, 0, 10) == Standing(pause=Pause(day(10), day(24)))
    assert standing_on(23.9, 0, 10).pause
    assert standing_on(24, 0, 10) == GOOD_STANDING


def test_two_strikes_sixty_days_apart_are_one_and_one():
    assert standing_on(60, 0, 60) == Standing((day(60),), day(120))
    assert standing_on(59.9, 0, 59.9).pause


def test_a_third_strike_after_a_pause_is_the_first_of_the_next_two():
    assert standing_on(30, 0, 10, 30) == Standing((day(30),), day(90))
    assert standing_on(40, 0, 10, 30, 40) == Standing(pause=Pause(day(40), day(54)))


def test_a_strike_during_a_pause_counts_beside_it():
    assert standing_on(12, 0, 10, 12) == Standing((day(12),), day(72), Pause(day(10), day(24)))


def test_strikes_are_taken_in_the_order_of_time():
    assert standing_on(12, 12, 0, 10) == standing_on(12, 0, 10, 12)


def test_a_lifted_pause_is_over_and_its_strikes_stay_spent():
    assert standing_on(12, 0, 10, lifted_at=day(11)) == GOOD_STANDING
    assert standing_on(13, 0, 10, 13, lifted_at=day(11)) == Standing((day(13),), day(73))
    assert standing_on(12, 0, 10, lifted_at=day(10)) == GOOD_STANDING


def test_what_was_lifted_before_a_pause_began_does_not_end_it():
    assert standing_on(12, 0, 10, lifted_at=day(9)).pause == Pause(day(10), day(24))


def test_a_kit_pauses_when_it_is_more_than_a_day_late_and_until_it_is_back():
    assert standing_on(1, late_since_at=day(0)) == GOOD_STANDING
    late = standing([], late_since_at=day(0), policy=USUAL, now=day(1) + A_SECOND)
    assert late == Standing(pause=Pause(day(0) + TOO_LATE, None))
    assert standing_on(99, late_since_at=day(0)).pause == Pause(day(1), None)
    assert standing_on(99) == GOOD_STANDING


def test_a_pause_for_a_late_kit_can_be_lifted_too_and_leaves_that_for_strikes():
    assert standing_on(3, late_since_at=day(0), lifted_at=day(2)) == GOOD_STANDING
    assert standing_on(3, late_since_at=day(0), lifted_at=day(0.5)).pause == Pause(day(1), None)
    both = standing_on(6, 0, 5, late_since_at=day(0), lifted_at=day(2))
    assert both.pause == Pause(day(5), day(19))


def test_a_commune_may_be_stricter_or_kinder():
    assert standing_on(1, 1, policy=Policy(strikes=1, pause_days=3)).pause == Pause(day(1), day(4))
    assert standing_on(2, 0, 1, 2, policy=Policy(strikes=4)) == Standing((day(0), day(1), day(2)), day(60))


numbers = st.builds(Policy, strikes=st.integers(1, 4), strike_days=st.integers(1, 90), pause_days=st.integers(1, 60))
moments = st.integers(0, 400 * 24).map(lambda hours: START + timedelta(hours=hours))
struck = st.lists(moments, max_size=12, unique=True)


@few_examples
@given(struck, moments, numbers)
def test_strikes_that_count_are_too_few_for_a_pause_and_recent(
    strikes: list[datetime], now: datetime, policy: Policy
):
    past = [strike for strike in strikes if strike <= now]
    found = standing(past, policy=policy, now=now)
    counts = timedelta(days=policy.strike_days)
    assert len(found.strikes) < policy.strikes
    assert list(found.strikes) == sorted(found.strikes)
    assert set(found.strikes) <= set(past)
    assert all(now - strike < counts for strike in found.strikes)
    assert found.counts_until_at == (found.strikes[0] + counts if found.strikes else None)


@few_examples
@given(struck, moments, numbers)
def test_a_pause_begins_with_a_strike_lasts_its_days_and_needed_that_many(
    strikes: list[datetime], now: datetime, policy: Policy
):
    past = [strike for strike in strikes if strike <= now]
    pause = standing(past, policy=policy, now=now).pause
    if pause:
        assert pause.from_at in past
        assert pause.until_at == pause.from_at + timedelta(days=policy.pause_days) > now
        near = [s for s in past if timedelta() <= pause.from_at - s < timedelta(days=policy.strike_days)]
        assert len(near) >= policy.strikes
        lifted = standing(past, lifted_at=now, policy=policy, now=now)
        assert lifted.pause is None
        assert lifted.strikes == standing(past, policy=policy, now=now).strikes


@few_examples
@given(struck, moments, numbers)
def test_every_strike_is_spent_at_most_once(strikes: list[datetime], now: datetime, policy: Policy):
    """The pauses that ever began can't be more than the strikes pay for."""
    past = sorted(strike for strike in strikes if strike <= now)
    pauses = {
        found.from_at
        for index, strike in enumerate(past)
        if (found := standing(past[: index + 1], policy=policy, now=strike).pause)
    }
    assert len(pauses) * policy.strikes <= len(past)


@few_examples
@given(struck, moments, numbers)
def test_without_further_strikes_the_standing_only_gets_better(
    strikes: list[datetime], now: datetime, policy: Policy
):
    past = [strike for strike in strikes if strike <= now]
    today, later = (standing(past, policy=policy, now=when) for when in (now, now + timedelta(days=1)))
    assert set(later.strikes) <= set(today.strikes)
    assert later.pause in (None, today.pause)
    far = now + timedelta(days=max(policy.strike_days, policy.pause_days))
    assert standing(past, policy=policy, now=far) == GOOD_STANDING


PICK_UP = day(5)
APPROVED = day(0)


@pytest.mark.parametrize(
    ("before_pick_up", "is_late"),
    [
        (timedelta(hours=12), False),
        (timedelta(hours=12) - A_SECOND, True),
        (A_SECOND, True),
        (timedelta(days=2), False),
    ],
)
def test_giving_an_approved_booking_up_under_twelve_hours_ahead_is_late(before_pick_up: timedelta, is_late: bool):
    now = PICK_UP - before_pick_up
    found = is_late_to_cancel(pick_up_at=PICK_UP, approved_at=APPROVED, moved_at=None, policy=USUAL, now=now)
    assert found == is_late


def test_for_half_an_hour_after_the_approval_nothing_is_late():
    approved = PICK_UP - timedelta(hours=3)
    for passed, is_late in [(timedelta(minutes=30), False), (timedelta(minutes=30) + A_SECOND, True)]:
        now = approved + passed
        late = is_late_to_cancel(pick_up_at=PICK_UP, approved_at=approved, moved_at=None, policy=USUAL, now=now)
        assert late == is_late


def test_what_the_commune_moved_can_be_given_up_until_the_pick_up():
    given = {"pick_up_at": PICK_UP, "approved_at": APPROVED, "policy": USUAL, "now": PICK_UP - A_SECOND}
    assert is_late_to_cancel(**given, moved_at=None)
    assert not is_late_to_cancel(**given, moved_at=day(1))


def test_what_the_household_chose_itself_since_counts_from_the_first_minute():
    """Neither the move by the commune before it, nor the half hour after the approval, helps any more."""
    given = {"pick_up_at": PICK_UP, "policy": USUAL, "now": PICK_UP - A_SECOND}
    early, late = PICK_UP - timedelta(minutes=20), PICK_UP - timedelta(minutes=10)
    assert not is_late_to_cancel(**given, approved_at=early, moved_at=None, chosen_at=None)
    assert is_late_to_cancel(**given, approved_at=early, moved_at=None, chosen_at=late)
    assert is_late_to_cancel(**given, approved_at=APPROVED, moved_at=early, chosen_at=late)
    assert not is_late_to_cancel(**given, approved_at=APPROVED, moved_at=late, chosen_at=early), "moved after that"
    assert not is_late_to_cancel(**given, approved_at=late, moved_at=None, chosen_at=early), "approved after that"


def test_a_request_that_nobody_approved_can_be_given_up_until_the_pick_up():
    now = PICK_UP - A_SECOND
    assert not is_late_to_cancel(pick_up_at=PICK_UP, approved_at=None, moved_at=None, policy=USUAL, now=now)


@given(moments, st.none() | moments, st.none() | moments)
def test_what_was_never_approved_or_was_moved_by_the_commune_is_never_late(
    now: datetime, approved: datetime | None, moved: datetime | None
):
    late = is_late_to_cancel(pick_up_at=PICK_UP, approved_at=approved, moved_at=moved, policy=USUAL, now=now)
    if approved is None or moved is not None:
        assert not late
