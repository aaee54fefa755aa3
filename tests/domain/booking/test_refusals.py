"""Whether a household may ask for a slot: every reason against it, each with what explains it."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.booking.refusals import CODE_LETTERS, OF_THE_SLOT, Booked, Reason, Refusal, refusals, week_of
from kit_booking.domain.booking.standing import Pause, Standing
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.slots import Slot
from tests.domain.weeks import FRIDAY, MONDAY, USUAL
from tests.times import at

EVENING = USUAL.slot(FRIDAY, "toi")
MORNING = USUAL.slot(FRIDAY, "sang")
EARLY = at(FRIDAY - timedelta(days=2), "09:00")
"""While the limits of a household count."""
LAST_MOMENT = at(FRIDAY, "15:00")
OPENS = at(FRIDAY - timedelta(days=14), "07:00")
NOTHING = Booked(ahead=0, in_week=0)


def against(
    now: datetime,
    *,
    slot: Slot | None = EVENING,
    taken: Reason | None = None,
    has_clerk: bool = True,
    booked: Booked | None = NOTHING,
    **numbers: int,
) -> list[Refusal]:
    assert slot
    return list(refusals(slot, taken=taken, has_clerk=has_clerk, booked=booked, policy=Policy(**numbers), now=now))


def test_a_free_slot_of_the_open_fortnight_can_be_asked_for():
    assert against(at(FRIDAY, "09:00")) == []


def test_somebody_not_known_yet_meets_no_quota():
    assert against(at(FRIDAY, "09:00"), booked=None) == []


def test_it_is_too_late_from_the_last_moment_on():
    assert against(LAST_MOMENT - timedelta(microseconds=1)) == []
    assert against(LAST_MOMENT) == [Refusal(Reason.TOO_LATE, at=LAST_MOMENT)]


def test_a_day_is_open_from_seven_in_the_morning_on():
    assert against(OPENS) == []
    assert against(OPENS - timedelta(microseconds=1)) == [Refusal(Reason.NOT_OPEN, at=OPENS)]


@pytest.mark.parametrize("taken", [Reason.TAKEN, Reason.CLOSED])
def test_a_kit_that_is_away_or_closed_is_refused_as_what_it_is(taken: Reason):
    assert against(at(FRIDAY, "09:00"), taken=taken) == [Refusal(taken)]


def test_one_evening_and_two_other_slots_ahead_are_enough():
    assert against(EARLY, booked=Booked(ahead=9, in_week=9, peak_ahead=0, peak_in_week=1)) == []
    assert against(EARLY, booked=Booked(0, 0, peak_ahead=1)) == [Refusal(Reason.PEAK_AHEAD, most=1)]
    assert against(EARLY, slot=MORNING, booked=Booked(ahead=1, in_week=1, peak_ahead=9, peak_in_week=9)) == []
    assert against(EARLY, slot=MORNING, booked=Booked(ahead=2, in_week=1)) == [Refusal(Reason.AHEAD, most=2)]


def test_two_of_each_kind_in_a_week_are_enough():
    assert against(EARLY, booked=Booked(0, 0, peak_in_week=2)) == [Refusal(Reason.PEAK_WEEK, most=2)]
    assert against(EARLY, slot=MORNING, booked=Booked(ahead=1, in_week=2)) == [Refusal(Reason.WEEK, most=2)]


def test_what_is_still_free_a_day_before_its_pick_up_anybody_may_take():
    assert EVENING
    enough, day_before = Booked(9, 9, peak_ahead=9, peak_in_week=9), EVENING.hold.from_at - timedelta(hours=24)
    assert against(day_before, booked=enough) == []
    reasons = [Refusal(Reason.PEAK_AHEAD, most=1), Refusal(Reason.PEAK_WEEK, most=2)]
    assert against(day_before - timedelta(microseconds=1), booked=enough) == reasons
    assert against(day_before, booked=enough, free_hours=23) == reasons
    assert against(LAST_MOMENT - timedelta(hours=1), booked=enough, free_hours=0) == reasons


def test_a_paused_household_may_not_take_it_even_then():
    paused = Booked(0, 0, standing=Standing(pause=Pause(EARLY, at(MONDAY, "09:00"))))
    assert [one.reason for one in against(at(FRIDAY, "09:00"), booked=paused)] == [Reason.PAUSED]


def test_a_commune_sets_how_many_bookings_are_enough():
    has = Booked(ahead=3, in_week=3, peak_ahead=3, peak_in_week=3)
    assert against(EARLY, slot=MORNING, booked=has, most_ahead=4, most_a_week=4) == []
    assert against(EARLY, booked=has, most_peak_ahead=4, most_a_week=4) == []
    assert against(EARLY, slot=MORNING, booked=has, most_ahead=5, most_a_week=3) == [Refusal(Reason.WEEK, most=3)]
    assert against(EARLY, slot=MORNING, booked=has, most_ahead=3, most_a_week=4) == [Refusal(Reason.AHEAD, most=3)]


def test_a_paused_household_is_refused_and_told_until_when():
    now = at(FRIDAY, "09:00")
    pause = Pause(now - timedelta(days=1), at(MONDAY, "09:00"))
    paused = Booked(ahead=0, in_week=0, standing=Standing(pause=pause))
    assert against(now, booked=paused) == [Refusal(Reason.PAUSED, at=at(MONDAY, "09:00"))]


def test_a_pause_for_a_late_kit_has_no_end_that_could_be_told():
    now = at(FRIDAY, "09:00")
    paused = Booked(ahead=0, in_week=0, standing=Standing(pause=Pause(now, None)))
    assert against(now, booked=paused) == [Refusal(Reason.PAUSED)]


def test_a_strike_that_pauses_nothing_refuses_nothing():
    now = at(FRIDAY, "09:00")
    assert against(now, booked=Booked(ahead=0, in_week=0, standing=Standing((now,), now))) == []


def test_households_of_other_communes_may_ask_unless_the_commune_keeps_its_kits_to_itself():
    now = at(FRIDAY, "09:00")
    from_elsewhere = Booked(ahead=0, in_week=0, is_from_here=False)
    assert against(now, booked=from_elsewhere) == []
    assert against(now, booked=from_elsewhere, open_to_others=False) == [Refusal(Reason.OTHERS)]
    assert against(now, booked=NOTHING, open_to_others=False) == []


def test_nobody_overrides_that_a_kit_is_away_or_closed_or_the_household_busy():
    assert {Reason.TAKEN, Reason.CLOSED, Reason.OWN} == OF_THE_SLOT


def test_a_household_that_has_another_booking_at_the_time_is_refused_as_its_own():
    busy = Booked(ahead=0, in_week=0, has_same_time=True)
    assert against(at(FRIDAY, "09:00"), booked=busy) == [Refusal(Reason.OWN)]


def test_a_commune_without_a_clerk_takes_no_requests():
    assert against(at(FRIDAY, "09:00"), has_clerk=False) == [Refusal(Reason.NO_CLERK)]


@pytest.mark.parametrize(
    ("now", "by_time"),
    [
        (LAST_MOMENT, Refusal(Reason.TOO_LATE, at=LAST_MOMENT)),
        (OPENS - timedelta(days=1), Refusal(Reason.NOT_OPEN, at=OPENS)),
    ],
)
def test_every_reason_is_named_at_once(now: datetime, by_time: Refusal):
    has = Booked(0, 0, peak_ahead=1, peak_in_week=2)
    assert against(now, taken=Reason.TAKEN, has_clerk=False, booked=has, free_hours=0) == [
        Refusal(Reason.TAKEN),
        by_time,
        Refusal(Reason.PEAK_AHEAD, most=1),
        Refusal(Reason.PEAK_WEEK, most=2),
        Refusal(Reason.NO_CLERK),
    ]


def test_a_friday_is_in_the_week_of_the_monday_before_it():
    assert week_of(FRIDAY) == (MONDAY - timedelta(days=7), MONDAY)
    assert week_of(MONDAY) == (MONDAY, MONDAY + timedelta(days=7))


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_a_week_runs_from_monday_to_monday(day: date):
    monday, next_monday = week_of(day)
    assert monday.weekday() == 0
    assert next_monday - monday == timedelta(days=7)
    assert monday <= day < next_monday


def test_a_code_is_made_of_letters_that_are_not_taken_for_others():
    assert not set(CODE_LETTERS) & set("01IOLS")
    assert len(set(CODE_LETTERS)) == len(CODE_LETTERS)


def test_the_number_binds_only_who_shares_it():
    def reasons(**has: int) -> list[Reason]:
        booked = Booked(in_week=0, **has)
        found = against(at(FRIDAY, "09:00"), booked=booked, most_ahead=9, most_a_week=9)
        return [refusal.reason for refusal in found]

    assert reasons(ahead=4, of_number=4) == []
    assert reasons(ahead=0, of_number=3) == []
    assert reasons(ahead=0, of_number=4) == [Reason.NUMBER]
    assert reasons(ahead=3, of_number=5) == [Reason.NUMBER]
