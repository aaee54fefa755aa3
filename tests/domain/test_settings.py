"""What a commune may set: which plans make sense, and what differs between two states."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from kit_booking.domain.policy import Policy
from kit_booking.domain.settings import (
    CommuneSettings,
    Difference,
    PlaceSettings,
    Problem,
    Trouble,
    differences,
    plan_troubles,
    policy_troubles,
    renamed,
)
from kit_booking.domain.time.slots import DEFAULT_PLAN, SlotPlanLine
from tests.domain.weeks import EVERY_DAY_HOURS, WEEKDAYS

TODAY = date(2026, 12, 1)
PLACE = PlaceSettings(7, "Phú Túc", "Cô Hằng", "0912000111", EVERY_DAY_HOURS)
SETTINGS = CommuneSettings(
    commune_id=3,
    slug="phuong-duc",
    name="Phượng Dực",
    version=1,
    phone="02433854321",
    office=EVERY_DAY_HOURS,
    policy=Policy(),
    plans=((date(2026, 1, 1), DEFAULT_PLAN),),
    places=(PLACE,),
)


def slot(name: str, from_time: str, until_time: str, weekdays: str = "0123456") -> SlotPlanLine:
    times = (time.fromisoformat(clock) for clock in (from_time, until_time))
    return SlotPlanLine(name, *times, frozenset(int(day) for day in weekdays))


def problems(*plan: SlotPlanLine, valid_from: date = TODAY) -> list[Problem]:
    return [trouble.problem for trouble in plan_troubles(valid_from, plan, today=TODAY)]


def test_the_usual_plan_makes_sense() -> None:
    assert problems(*DEFAULT_PLAN) == []


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ((), [Problem.NO_SLOT]),
        ((slot("Sáng", "08:00", "11:00", ""),), [Problem.NO_WEEKDAY]),
        ((slot("Sáng", "08:00", "08:29"),), [Problem.SHORT]),
        ((slot("Sáng", "08:00", "08:30"),), []),
        ((slot("Sáng", "08:00", "08:00"),), [Problem.SHORT]),
        ((slot("Sáng", "08:00", "20:01"),), [Problem.LONG]),
        ((slot("Sáng", "08:00", "20:00"),), []),
        ((slot("Đêm", "22:00", "01:00"),), []),
        ((slot("Sáng", "08:00", "09:00"), slot("SANG", "10:00", "11:00")), [Problem.SAME_NAME]),
        ((slot("Sáng", "08:00", "09:00"), slot("SANG", "08:30", "11:00")), [Problem.SAME_NAME]),
        ((slot("Sáng", "08:00", "11:00"), slot("Trưa", "11:00", "13:00")), []),
        ((slot("Trưa", "11:00", "13:00"), slot("Sáng", "08:00", "11:00")), []),
        ((slot("Sáng", "08:00", "11:01"), slot("Trưa", "11:00", "13:00")), [Problem.OVERLAP]),
        ((slot("Trưa", "11:00", "13:00"), slot("Sáng", "08:00", "11:01")), [Problem.OVERLAP]),
        ((slot("Sáng", "08:00", "11:01", "01"), slot("Trưa", "11:00", "13:00", "23")), []),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(plan: tuple[SlotPlanLine, ...], found: list[Problem]) -> None:
    assert problems(*plan) == found


def test_a_slot_past_midnight_can_run_into_the_next_morning_and_the_next_week() -> None:
    night, early = slot("Đêm", "22:00", "01:00", "6"), slot("Sớm", "00:30", "02:00", "0")
    assert problems(night, early) == [Problem.OVERLAP]
    assert problems(early, night) == [Problem.OVERLAP]
    assert problems(night, replace(early, from_time=time(1))) == []


def test_a_plan_begins_today_at_the_earliest_and_within_a_year() -> None:
    assert problems(*DEFAULT_PLAN, valid_from=TODAY - timedelta(days=1)) == [Problem.BEGAN]
    assert problems(*DEFAULT_PLAN, valid_from=TODAY) == []
    assert problems(*DEFAULT_PLAN, valid_from=TODAY + timedelta(days=366)) == []
    assert problems(*DEFAULT_PLAN, valid_from=TODAY + timedelta(days=367)) == [Problem.TOO_FAR]


def test_every_reason_against_a_plan_is_said_at_once_with_the_slots_it_is_about() -> None:
    plan = (slot("Sáng", "08:00", "08:10", ""), slot("Trưa", "08:05", "21:00"))
    assert list(plan_troubles(TODAY - timedelta(days=1), plan, today=TODAY)) == [
        Trouble(Problem.BEGAN),
        Trouble(Problem.NO_WEEKDAY, ("Sáng",)),
        Trouble(Problem.SHORT, ("Sáng",)),
        Trouble(Problem.LONG, ("Trưa",)),
    ]


def test_a_plan_holds_from_its_first_day_until_the_next_one_begins() -> None:
    evenings, nothing = (DEFAULT_PLAN[3],), ()
    first, second = TODAY + timedelta(days=10), TODAY + timedelta(days=20)
    settings = replace(SETTINGS, plans=((first, DEFAULT_PLAN), (second, evenings)))
    assert settings.plan_on(first - timedelta(days=1)) == nothing
    assert settings.plan_on(first) == settings.plan_on(second - timedelta(days=1)) == DEFAULT_PLAN
    assert settings.plan_on(second) == evenings


def test_a_plan_is_added_replaced_or_taken_away_without_touching_the_others() -> None:
    evenings = (DEFAULT_PLAN[3],)
    (begins, usual), later = SETTINGS.plans[0], TODAY + timedelta(days=20)
    settings = replace(SETTINGS, plans=((begins, usual), (later, usual)))
    soon = TODAY + timedelta(days=10)
    assert settings.with_plan(soon, evenings) == ((begins, usual), (soon, evenings), (later, usual))
    assert settings.with_plan(begins, evenings) == ((begins, evenings), (later, usual))
    assert settings.with_plan(later, None) == ((begins, usual),)


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "reminder", "is_quiet"),
    [
        (time(21), time(6, 30), time(18), False),
        (time(21), time(6, 30), time(21), True),
        (time(21), time(6, 30), time(6, 29), True),
        (time(21), time(6, 30), time(6, 30), False),
        (time(21), time(6, 30), time(20, 59), False),
        (time(12), time(13), time(11, 59), False),
        (time(12), time(13), time(12), True),
        (time(12), time(13), time(12, 59), True),
        (time(12), time(13), time(13), False),
        (time(12), time(12), time(12), False),
    ],
)
def test_the_reminder_of_the_day_before_is_not_in_the_quiet_hours(
    quiet_from: time, quiet_until: time, reminder: time, is_quiet: bool
) -> None:
    policy = Policy(quiet_from=quiet_from, quiet_until=quiet_until, day_reminder=reminder)
    found = [trouble.problem for trouble in policy_troubles(policy)]
    assert found == ([Problem.REMINDER_IN_QUIET] if is_quiet else [])


def test_nothing_differs_from_itself() -> None:
    assert differences(SETTINGS, SETTINGS) == []


def test_each_difference_is_written_down_as_old_and_new() -> None:
    begins = date(2026, 12, 10)
    plan = (*DEFAULT_PLAN[:3], replace(DEFAULT_PLAN[3], until_time=time(21), weekdays=frozenset({5, 6})))
    new = replace(
        SETTINGS,
        office=WEEKDAYS,
        policy=Policy(open_to_others=False, day_opens=time(8)),
        plans=SETTINGS.with_plan(begins, plan),
        places=(replace(PLACE, keeper="Chú Ba"),),
    )
    evening = {"name": "Tối", "from": "19:00", "until": "22:00", "weekdays": "0123456"}
    assert differences(SETTINGS, new) == [
        Difference("office", ["07:30", "17:00"], None, weekday=5),
        Difference("office", ["07:30", "17:00"], None, weekday=6),
        Difference("day_opens", "07:00", "08:00"),
        Difference("open_to_others", True, False),
        Difference("plan", evening, evening | {"until": "21:00", "weekdays": "56"}, since="2026-12-10"),
        Difference("keeper", "Cô Hằng", "Chú Ba", place="Phú Túc"),
    ]


def test_numbers_that_look_alike_when_masked_differ_all_the_same() -> None:
    [found] = differences(SETTINGS, replace(SETTINGS, phone="02433859321"))
    assert (found.old, found.new) == ("0243 *** 321", "0243 *** 321")


def test_the_number_of_a_keeper_is_masked_too_and_a_new_place_differs_from_nothing() -> None:
    other = replace(PLACE, id=8, name="Văn Hoàng")
    keeper = replace(SETTINGS, places=(replace(PLACE, keeper_phone="0912000222"), other))
    assert differences(SETTINGS, keeper) == [
        Difference("keeper_phone", "0912 *** 111", "0912 *** 222", place="Phú Túc"),
    ]


def test_hours_of_a_place_differ_day_by_day() -> None:
    weekdays = replace(SETTINGS, places=(replace(PLACE, handover=WEEKDAYS),))
    assert differences(SETTINGS, weekdays) == [
        Difference("handover", ["07:30", "17:00"], None, 5, place="Phú Túc"),
        Difference("handover", ["07:30", "17:00"], None, 6, place="Phú Túc"),
    ]


MORNING, NOON, AFTERNOON, EVENING = DEFAULT_PLAN


@pytest.mark.parametrize(
    ("new", "names"),
    [
        (DEFAULT_PLAN, {}),
        ((*DEFAULT_PLAN[:3], replace(EVENING, name="Buổi tối")), {"Tối": "Buổi tối"}),
        ((*DEFAULT_PLAN[:3], SlotPlanLine("Khuya", time(20), time(23))), {"Tối": "Khuya"}),
        (
            (MORNING, NOON, replace(EVENING, name="Buổi tối"), replace(AFTERNOON, name="Buổi chiều")),
            {"Chiều": "Buổi chiều", "Tối": "Buổi tối"},
        ),
        (DEFAULT_PLAN[:3], {}),
        ((*DEFAULT_PLAN[:2], SlotPlanLine("Một", time(14), time(15)), SlotPlanLine("Hai", time(18), time(19))), {}),
    ],
)
def test_a_slot_is_the_same_under_another_name_by_its_hours_or_when_only_one_is_new(
    new: tuple[SlotPlanLine, ...], names: dict[str, str]
) -> None:
    assert renamed(DEFAULT_PLAN, new) == names
