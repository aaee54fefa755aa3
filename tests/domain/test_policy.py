"""A commune's numbers: their defaults, what they come to, and how they are stored."""

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.policy import NUMBERS, Policy
from tests.domain.weeks import clocks


def test_a_commune_that_changes_nothing_has_the_numbers_of_the_rules():
    assert Policy() == Policy(
        window_days=14,
        day_opens=time(7),
        lead_minutes=2 * 60,
        handover_minutes=15,
        answer_office_hours=8,
        approve_on_silence=False,
        open_to_others=True,
        most_ahead=2,
        most_a_week=2,
        late_cancel_hours=12,
        no_show_minutes=30,
        strikes=2,
        strike_days=60,
        pause_days=14,
        offer_hours=4,
        most_waiting=3,
        day_reminder=time(18),
        soon_reminder_minutes=2 * 60,
        keep_days=365,
        quiet_from=time(21),
        quiet_until=time(6, 30),
        sms_budget=0,
    )


def test_every_default_is_within_the_limits_of_its_number():
    usual = vars(Policy())
    whole = {name: number for name, number in NUMBERS.items() if number.unit not in ("clock", "yes_no")}
    assert whole.keys() == {name for name, value in usual.items() if type(value) is int}
    assert [name for name, one in whole.items() if not one.least <= usual[name] <= one.most] == []


def test_no_commune_can_set_itself_so_that_nobody_books_or_waits():
    needed = ("window_days", "most_ahead", "most_a_week", "answer_office_hours", "strikes", "offer_hours")
    assert [name for name in (*needed, "most_waiting") if NUMBERS[name].least < 1] == []


def test_no_commune_can_pause_for_longer_than_three_months_or_forget_names_within_one():
    assert (NUMBERS["pause_days"].least, NUMBERS["pause_days"].most) == (1, 90)
    assert NUMBERS["keep_days"].least == 30


def test_no_commune_can_ask_for_more_than_two_days_of_notice():
    assert (NUMBERS["lead_minutes"].least, NUMBERS["lead_minutes"].most) == (0, 2 * 24 * 60)


def test_minutes_and_hours_are_what_their_names_say():
    policy = Policy(lead_minutes=90, late_cancel_hours=10, no_show_minutes=25, handover_minutes=20)
    assert policy.lead == timedelta(minutes=90)
    assert policy.late_cancel == timedelta(hours=10)
    assert policy.no_show == timedelta(minutes=25)
    assert policy.handover == timedelta(minutes=20)


def test_only_what_a_commune_changed_is_stored():
    assert Policy().changes() == {}
    assert Policy(day_opens=time(8), most_ahead=3).changes() == {"day_opens": "08:00", "most_ahead": 3}
    assert Policy(strikes=2).changes() == {}


def test_what_is_stored_is_read_with_the_defaults_for_all_else():
    assert Policy.of({"quiet_from": "22:30", "open_to_others": False}) == Policy(
        quiet_from=time(22, 30), open_to_others=False
    )


def test_a_number_that_does_not_exist_and_a_time_that_is_none_are_errors():
    with pytest.raises(TypeError):
        Policy.of({"most_waiting_now": 3})
    with pytest.raises(ValueError, match="isoformat"):
        Policy.of({"day_opens": "noon"})


@given(
    st.builds(
        Policy, day_opens=clocks, quiet_from=clocks, approve_on_silence=st.booleans(), strikes=st.integers(0, 9)
    )
)
def test_a_policy_is_stored_and_read_alike(policy: Policy):
    assert Policy.of(policy.changes()) == policy
    assert all(getattr(Policy(), name) != getattr(policy, name) for name in policy.changes())
