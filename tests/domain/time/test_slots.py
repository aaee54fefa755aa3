"""Which slots a kit has, how long it is away for each, and until when each can be asked for."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import Span, WeeklyHours
from kit_booking.domain.time.local_time import local_day
from kit_booking.domain.time.slots import (
    ANSWER_MARGIN,
    DEFAULT_PLAN,
    Slot,
    SlotPlanLine,
    Timetable,
    opens_at,
    slots_between,
    window,
)
from tests.domain.examples import few_examples
from tests.domain.weeks import (
    CLOSED_SUNDAYS,
    EVERY_DAY_HOURS,
    FRIDAY,
    MONDAY,
    NEVER,
    SATURDAY,
    SUNDAY,
    USUAL,
    WEEKDAYS,
    clocks,
    weeks,
)
from tests.times import at

days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def usual_with(
    *lines: SlotPlanLine,
    handover: WeeklyHours = EVERY_DAY_HOURS,
    office: WeeklyHours = EVERY_DAY_HOURS,
    **numbers: int,
) -> Timetable:
    plans = ((date(2026, 1, 1), lines or DEFAULT_PLAN),)
    return Timetable(plans, handover, office, Policy(**numbers))


def slot_of(timetable: Timetable, day: date, key: str) -> Slot:
    slot = timetable.slot(day, key)
    assert slot
    return slot


def test_a_usual_day_has_four_slots_each_with_its_time_away():
    assert [(slot.key, slot.hold) for slot in USUAL.slots_on(FRIDAY)] == [
        ("sang", Span(at(FRIDAY, "07:45"), at(FRIDAY, "11:15"))),
        ("trua", Span(at(FRIDAY, "11:15"), at(FRIDAY, "13:15"))),
        ("chieu", Span(at(FRIDAY, "13:15"), at(FRIDAY, "16:45"))),
        ("toi", Span(at(FRIDAY, "17:00"), at(SATURDAY, "07:30"))),
    ]


def test_an_evening_kit_is_away_over_night_and_back_before_the_next_morning():
    evening, morning = slot_of(USUAL, FRIDAY, "toi"), slot_of(USUAL, SATURDAY, "sang")
    assert evening.on_air == Span(at(FRIDAY, "19:00"), at(FRIDAY, "22:00"))
    assert evening.hold.until_at < morning.hold.from_at


@few_examples
@given(days, st.integers(0, 105), st.integers(0, 105), st.integers(0, 15))
def test_no_two_slots_of_the_usual_plan_overlap_if_the_place_opens_between_them(
    day: date, earlier: int, later: int, margin: int
):
    opens, closes = (at(day, "07:45") - timedelta(minutes=earlier), at(day, "16:45") + timedelta(minutes=later))
    hours = WeeklyHours(((_clock(opens), _clock(closes)),) * 7)
    timetable = usual_with(handover=hours, handover_minutes=margin)
    slots = slots_between(timetable, day, day + timedelta(days=7))
    assert len(slots) == 4 * 8
    assert not any(one.hold.overlaps(other.hold) for one, other in combinations(slots, 2))


@few_examples
@given(weeks, days, clocks, st.integers(1, 300), st.integers(0, 60))
def test_a_kit_goes_and_comes_back_when_its_place_is_open_and_is_not_away_for_longer(
    hours: WeeklyHours, day: date, start: time, minutes: int, margin: int
):
    timetable = usual_with(_line(start, minutes), handover=hours, handover_minutes=margin)
    slots = timetable.slots_on(day)
    assert bool(slots) == any(hours.days)
    for slot in slots:
        leaves_by = slot.on_air.from_at - timedelta(minutes=margin)
        back_from = slot.on_air.until_at + timedelta(minutes=margin)
        assert slot.on_air.until_at - slot.on_air.from_at == timedelta(minutes=minutes)
        assert slot.hold.from_at <= leaves_by < back_from <= slot.hold.until_at
        assert hours.last_before(slot.hold.from_at) == slot.hold.from_at == hours.last_before(leaves_by)
        assert hours.first_after(slot.hold.until_at) == slot.hold.until_at == hours.first_after(back_from)


@few_examples
@given(weeks, days, clocks, clocks, st.integers(1, 300))
def test_two_slots_overlap_just_if_the_kit_cannot_be_handed_over_between_them(
    hours: WeeklyHours, day: date, first: time, second: time, minutes: int
):
    timetable = usual_with(_line(first, minutes, "A"), _line(second, minutes, "B"), handover=hours)
    assume(any(hours.days))
    for one, other in combinations(slots_between(timetable, day, day + timedelta(days=2)), 2):
        back_from, leaves_by = (
            one.on_air.until_at + timetable.policy.handover,
            other.on_air.from_at - timetable.policy.handover,
        )
        if back_from > leaves_by:
            continue  # They are on air at nearly the same time, or in the other order.
        opens = hours.first_after(back_from)
        assert opens
        assert one.hold.overlaps(other.hold) == (opens > leaves_by)


def test_a_weekend_without_handover_keeps_the_kit_from_friday_to_monday():
    timetable = usual_with(handover=WEEKDAYS)
    away = Span(at(FRIDAY, "17:00"), at(MONDAY, "07:30"))
    assert [slot.hold for slot in slots_between(timetable, SATURDAY, SUNDAY)] == [away] * 8
    assert slot_of(timetable, FRIDAY, "toi").hold == away


def test_on_saturday_evening_a_kit_of_a_place_closed_on_sundays_comes_back_on_monday():
    timetable = usual_with(handover=CLOSED_SUNDAYS)
    assert slot_of(timetable, SATURDAY, "toi").hold == Span(at(SATURDAY, "17:00"), at(MONDAY, "07:30"))
    assert slot_of(timetable, MONDAY, "sang").hold.from_at == at(MONDAY, "07:45")


def test_a_slot_over_midnight_belongs_to_the_day_it_begins_on():
    late = SlotPlanLine("Khuya", time(22, 0), time(1, 0))
    slot = slot_of(usual_with(late), FRIDAY, "khuya")
    assert slot.on_air == Span(at(FRIDAY, "22:00"), at(SATURDAY, "01:00"))
    assert slot.hold == Span(at(FRIDAY, "17:00"), at(SATURDAY, "07:30"))
    assert slot.day == FRIDAY


def test_a_slot_until_midnight_ends_with_its_day():
    slot = slot_of(usual_with(SlotPlanLine("Khuya", time(22, 0), time(0, 0))), FRIDAY, "khuya")
    assert slot.on_air.until_at == at(SATURDAY, "00:00")


def test_a_slot_is_offered_on_its_weekdays_only():
    weekend = SlotPlanLine("Chợ phiên", time(8, 0), time(11, 0), frozenset({5, 6}))
    slots = slots_between(usual_with(weekend), FRIDAY, MONDAY)
    assert [(slot.day, slot.key) for slot in slots] == [(SATURDAY, "cho-phien"), (SUNDAY, "cho-phien")]


@pytest.mark.parametrize("closed", ["handover", "office"])
def test_a_kit_that_nobody_hands_over_or_answers_for_has_no_slots(closed: str):
    assert usual_with(**{closed: NEVER}).slots_on(FRIDAY) == ()


def test_a_plan_holds_from_its_first_day_until_the_next_plan():
    shorter = (SlotPlanLine("Tối", time(20, 0), time(22, 0)),)
    timetable = replace(USUAL, plans=((FRIDAY, DEFAULT_PLAN), (SUNDAY, shorter)))
    assert timetable.slots_on(FRIDAY - timedelta(days=1)) == ()
    assert len(timetable.slots_on(FRIDAY)) == len(timetable.slots_on(SATURDAY)) == 4
    assert [slot.on_air.from_at for slot in timetable.slots_on(SUNDAY)] == [at(SUNDAY, "20:00")]
    assert slot_of(timetable, SATURDAY, "toi").on_air.from_at == at(SATURDAY, "19:00")


def test_a_slot_can_be_asked_for_until_two_hours_before_its_pick_up():
    assert slot_of(USUAL, FRIDAY, "toi").ask_until_at == at(FRIDAY, "15:00")
    assert slot_of(USUAL, FRIDAY, "trua").ask_until_at == at(FRIDAY, "09:15")


def test_a_commune_sets_how_long_before_its_pick_up_a_slot_can_be_asked_for():
    assert slot_of(usual_with(lead_minutes=4 * 60), FRIDAY, "toi").ask_until_at == at(FRIDAY, "13:00")
    assert slot_of(usual_with(lead_minutes=0), FRIDAY, "toi").ask_until_at == at(FRIDAY, "15:00"), "to be answered"


def test_a_morning_is_asked_for_while_the_office_can_still_answer_the_day_before():
    assert slot_of(USUAL, FRIDAY, "sang").ask_until_at == at(FRIDAY - timedelta(days=1), "16:00")


def test_a_weekend_is_asked_for_while_an_office_of_weekdays_can_still_answer():
    timetable = usual_with(office=WEEKDAYS)
    assert slot_of(timetable, SUNDAY, "toi").ask_until_at == at(FRIDAY, "16:00")
    assert slot_of(timetable, MONDAY, "sang").ask_until_at == at(FRIDAY, "16:00")
    assert slot_of(timetable, MONDAY, "trua").ask_until_at == at(MONDAY, "09:15")


@few_examples
@given(weeks, weeks, days)
def test_one_office_hour_is_left_before_the_deadline_of_whoever_asks_last(
    handover: WeeklyHours, office: WeeklyHours, day: date
):
    timetable = usual_with(handover=handover, office=office)
    for slot in timetable.slots_on(day):
        assert slot.ask_until_at <= slot.hold.from_at - timetable.policy.lead
        deadline = slot.hold.from_at - ANSWER_MARGIN
        an_office_hour_later = office.later(slot.ask_until_at, timedelta(hours=1))
        assert an_office_hour_later
        assert an_office_hour_later <= deadline
        assert slot.ask_until_at <= timetable.answer_by(slot.ask_until_at, slot.hold.from_at) <= deadline


def test_a_request_is_answered_within_eight_office_hours():
    pick_up_at = at(FRIDAY, "17:00")
    assert USUAL.answer_by(at(SATURDAY, "09:00"), at(MONDAY, "17:00")) == at(SATURDAY, "17:00")
    assert USUAL.answer_by(at(SATURDAY, "10:00"), at(MONDAY, "17:00")) == at(SUNDAY, "08:30")
    assert usual_with(office=WEEKDAYS).answer_by(at(SATURDAY, "10:00"), at(MONDAY, "17:00")) == at(MONDAY, "15:30")
    assert USUAL.answer_by(at(FRIDAY, "14:00"), pick_up_at) == at(FRIDAY, "16:00"), "an hour before the pick-up"


def test_a_request_to_an_office_without_hours_is_answered_an_hour_before_the_pick_up():
    assert usual_with(office=NEVER).answer_by(at(FRIDAY, "09:00"), at(MONDAY, "17:00")) == at(MONDAY, "16:00")


@pytest.mark.parametrize(
    ("clock", "last_open", "opens"),
    [
        ("00:00", 13, at(FRIDAY, "07:00")),
        ("06:59", 13, at(FRIDAY, "07:00")),
        ("07:00", 14, at(SATURDAY, "07:00")),
        ("23:59", 14, at(SATURDAY, "07:00")),
    ],
)
def test_the_fortnight_is_today_and_14_days_and_its_last_day_opens_at_seven(
    clock: str, last_open: int, opens: datetime
):
    seen = window(Policy(), now=at(FRIDAY, clock))
    assert (seen.first, seen.last) == (FRIDAY, FRIDAY + timedelta(days=14))
    assert seen.last_open == FRIDAY + timedelta(days=last_open)
    assert seen.next_opens_at == opens
    assert seen.next_to_open == seen.last_open + timedelta(days=1)


def test_a_day_opens_at_seven_a_fortnight_before():
    assert opens_at(FRIDAY, Policy()) == at(FRIDAY - timedelta(days=14), "07:00")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.integers(0, 60), clocks)  # noqa: DTZ001
def test_the_window_and_the_opening_of_a_day_agree(wall: datetime, length: int, opens: time):
    policy = Policy(window_days=length, day_opens=opens)
    now = at(wall.date(), f"{wall.time():%H:%M:%S}")
    seen = window(policy, now=now)
    assert seen.first == local_day(now)
    assert opens_at(seen.last_open, policy) <= now < opens_at(seen.next_to_open, policy) == seen.next_opens_at


def _line(start: time, minutes: int, name: str = "Buổi") -> SlotPlanLine:
    end = datetime.combine(FRIDAY, start) + timedelta(minutes=minutes)
    return SlotPlanLine(name, start, end.time())


def _clock(instant: datetime) -> time:
    local = instant + timedelta(hours=7)
    return local.time()


def test_a_slot_that_holds_the_kit_over_a_night_is_a_peak_slot_unless_the_plan_says_otherwise():
    assert [slot.is_peak for slot in USUAL.slots_on(FRIDAY)] == [False, False, False, True]
    lines = [replace(line, is_peak=line.name == "Sáng") for line in DEFAULT_PLAN]
    assert [slot.is_peak for slot in usual_with(*lines).slots_on(FRIDAY)] == [True, False, False, False]
