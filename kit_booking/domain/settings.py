"""What a commune may set: numbers, hours, plans; their limits, and the differences between two versions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from enum import StrEnum
from itertools import combinations, product
from typing import Any

from kit_booking.domain.phone import masked
from kit_booking.domain.policy import NUMBERS, Affects, Policy
from kit_booking.domain.text import slug
from kit_booking.domain.time.hours import WeeklyHours
from kit_booking.domain.time.slots import SlotPlanLine

MOST_SLOTS = 8
"""A plan has at most so many slots a day."""
SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=12)
"""A time on air is at least and at most this long."""
FURTHEST = timedelta(days=366)
"""A plan begins at most this far ahead."""

Plan = tuple[SlotPlanLine, ...]
DAY, WEEK = timedelta(days=1), timedelta(days=7)


def renamed(old: Plan, new: Plan) -> dict[str, str]:
    """The slots that only got another name: the new names by the old ones.

    A line that is gone and one that is new are one slot if they are on air at the same time, or if they are the
    only ones.
    """
    gone = [line for line in old if line.name not in {other.name for other in new}]
    added = [line for line in new if line.name not in {other.name for other in old}]
    if len(gone) == len(added) == 1:
        return {gone[0].name: added[0].name}
    at = {(line.from_time, line.until_time): line.name for line in added}
    return {line.name: at[times] for line in gone if (times := (line.from_time, line.until_time)) in at}


@dataclass(frozen=True)
class PlaceSettings:
    id: int
    name: str
    keeper: str
    keeper_phone: str
    handover: WeeklyHours


@dataclass(frozen=True)
class CommuneSettings:
    """All that a commune may set, at one version of it."""

    commune_id: int
    slug: str
    name: str
    version: int
    phone: str
    office: WeeklyHours
    policy: Policy
    plans: tuple[tuple[date, Plan], ...]
    places: tuple[PlaceSettings, ...]

    def plan_on(self, day: date) -> Plan:
        return next((plan for valid_from, plan in reversed(self.plans) if valid_from <= day), ())

    def with_plan(self, valid_from: date, plan: Plan | None) -> tuple[tuple[date, Plan], ...]:
        """The plans with this one from that day on; with None, without the one that begins then."""
        others = {day: lines for day, lines in self.plans if day != valid_from}
        return tuple(sorted((others | ({valid_from: plan} if plan else {})).items()))

    def place(self, place_id: int) -> PlaceSettings | None:
        return next((place for place in self.places if place.id == place_id), None)


class Problem(StrEnum):
    REMINDER_IN_QUIET = "reminder_in_quiet"
    NEVER_OPEN = "never_open"
    NO_SLOT = "no_slot"
    SAME_NAME = "same_name"
    NO_WEEKDAY = "no_weekday"
    SHORT = "short"
    LONG = "long"
    OVERLAP = "overlap"
    BEGAN = "began"
    TOO_FAR = "too_far"


@dataclass(frozen=True)
class Trouble:
    """A reason why the settings can't be saved, and the names of the slots that it is about."""

    problem: Problem
    names: tuple[str, ...] = ()


def policy_troubles(policy: Policy) -> Iterator[Trouble]:
    """What does not fit together of numbers that are each within their limits."""
    begins, ends, at = policy.quiet_from, policy.quiet_until, policy.day_reminder
    is_quiet = (at >= begins or at < ends) if begins > ends else begins <= at < ends
    if is_quiet:
        yield Trouble(Problem.REMINDER_IN_QUIET)


def plan_troubles(valid_from: date, plan: Plan, *, today: date) -> Iterator[Trouble]:
    """Every reason why this can't be a plan from that day on."""
    if valid_from < today:
        yield Trouble(Problem.BEGAN)
    if valid_from > today + FURTHEST:
        yield Trouble(Problem.TOO_FAR)
    if not plan:
        yield Trouble(Problem.NO_SLOT)
    for line in plan:
        if not line.weekdays:
            yield Trouble(Problem.NO_WEEKDAY, (line.name,))
        if _length(line) < SHORTEST:
            yield Trouble(Problem.SHORT, (line.name,))
        if _length(line) > LONGEST:
            yield Trouble(Problem.LONG, (line.name,))
    for one, other in combinations(plan, 2):
        if slug(one.name) == slug(other.name):
            yield Trouble(Problem.SAME_NAME, (one.name,))
        elif _overlap(one, other):
            yield Trouble(Problem.OVERLAP, (one.name, other.name))


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute)


def _length(line: SlotPlanLine) -> timedelta:
    """A slot that ends before it begins goes on past midnight; one that ends as it begins has no length."""
    return (_since_midnight(line.until_time) - _since_midnight(line.from_time)) % DAY


def _overlap(one: SlotPlanLine, other: SlotPlanLine) -> bool:
    """Whether one of them begins while the other lasts; what begins on a Sunday may last into the Monday."""
    return any(
        (b - a) % WEEK < _length(one) or (a - b) % WEEK < _length(other)
        for a, b in product(_starts(one), _starts(other))
    )


def _starts(line: SlotPlanLine) -> list[timedelta]:
    """Since the Monday's midnight."""
    return [timedelta(days=day) + _since_midnight(line.from_time) for day in line.weekdays]


@dataclass(frozen=True)
class Difference:
    """One thing that differs, in values that JSON has, because it is the detail of an audit entry.

    ``field`` is a number's name, ``phone``, ``office``, ``plan``, ``keeper``, ``keeper_phone`` or ``handover``.
    Times are ``07:30``, the hours of a weekday ``["07:30", "17:00"]``, a slot of a plan as `stored_slot` has it; None
    and an empty text stand for nothing. Phone numbers are masked.
    """

    field: str
    old: Any = None
    new: Any = None
    weekday: int | None = None
    """Of office and handover; Monday is 0."""
    since: str | None = None
    """The first day of the plan, ``2026-12-10``."""
    place: str | None = None
    """The name of the place of the last three fields."""

    @property
    def affects(self) -> tuple[Affects, ...]:
        return NUMBERS[self.field].affects if self.field in NUMBERS else _AFFECTS[self.field]


_AFFECTS: dict[str, tuple[Affects, ...]] = {
    "phone": ("phone",),
    "office": ("timetable", "answers"),
    "plan": ("timetable",),
    "keeper": ("keeper",),
    "keeper_phone": ("keeper",),
    "handover": ("timetable",),
}


def differences(old: CommuneSettings, new: CommuneSettings) -> list[Difference]:
    """What differs, in the order of the page."""
    return [
        replace(one, old=one.old and masked(one.old), new=one.new and masked(one.new))
        if "phone" in one.field
        else one
        for one in _compared(old, new)
        if one.old != one.new
    ]


def _compared(old: CommuneSettings, new: CommuneSettings) -> Iterator[Difference]:
    yield Difference("phone", old.phone, new.phone)
    yield from _hours("office", old.office, new.office)
    before, after = old.policy.stored(), new.policy.stored()
    yield from (Difference(name, before[name], after[name]) for name in NUMBERS)
    for day in sorted({day for day, _ in (*old.plans, *new.plans)}):
        before, after = ({slug(one.name): stored_slot(one) for one in plans.plan_on(day)} for plans in (old, new))
        yield from (
            Difference("plan", before.get(key), after.get(key), since=day.isoformat()) for key in before | after
        )
    for place in new.places:
        was = old.place(place.id) or place
        yield Difference("keeper", was.keeper, place.keeper, place=place.name)
        yield Difference("keeper_phone", was.keeper_phone, place.keeper_phone, place=place.name)
        yield from _hours("handover", was.handover, place.handover, place.name)


def _hours(field: str, old: WeeklyHours, new: WeeklyHours, place: str | None = None) -> Iterator[Difference]:
    for weekday, (before, after) in enumerate(zip(old.stored(), new.stored(), strict=True)):
        yield Difference(field, before, after, weekday=weekday, place=place)


def stored_slot(slot: SlotPlanLine) -> dict[str, str]:
    """``{"name": "Tối", "from": "19:00", "until": "22:00", "weekdays": "0123456"}``; with ``"peak": "1"`` if set."""
    times = {"from": f"{slot.from_time:%H:%M}", "until": f"{slot.until_time:%H:%M}"}
    peak = {} if slot.is_peak is None else {"peak": f"{slot.is_peak:d}"}
    return {"name": slot.name, **times, "weekdays": "".join(str(day) for day in sorted(slot.weekdays)), **peak}
