"""What a commune may set: its numbers, hours, plans; their limits, and what differs between two states of them."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, time, timedelta
from enum import StrEnum
from itertools import combinations

from kit_booking.domain.hours import WeeklyHours
from kit_booking.domain.phone import masked
from kit_booking.domain.policy import Policy
from kit_booking.domain.slots import SlotPlanLine
from kit_booking.domain.text import slug

LIMITS: dict[str, tuple[int, int]] = {
    "window_days": (1, 28),
    "lead_minutes": (0, 48 * 60),
    "handover_minutes": (0, 180),
    "answer_office_hours": (1, 40),
    "most_ahead": (1, 99),
    "most_a_week": (1, 99),
    "late_cancel_hours": (0, 72),
    "no_show_minutes": (5, 240),
    "strikes": (1, 10),
    "strike_days": (7, 365),
    "pause_days": (1, 90),
    "offer_hours": (1, 48),
    "most_waiting": (1, 10),
    "keep_days": (30, 3650),
    "sms_budget": (0, 1_000_000_000),
    "soon_reminder_minutes": (30, 12 * 60),
}
"""The least and the most that makes sense of each number of `Policy`."""

MOST_SLOTS = 8
"""A plan has at most so many slots a day."""
SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=12)
"""A time on air is at least and at most this long."""
FURTHEST = timedelta(days=366)
"""A plan begins at most this far ahead."""

Plan = tuple[SlotPlanLine, ...]
MIDNIGHT = timedelta(days=1)


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
    """What can't be so, and the names of the slots that it is about."""

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
    length = _since_midnight(line.until_time) - _since_midnight(line.from_time)
    return length if length >= timedelta() else length + MIDNIGHT


def _overlap(one: SlotPlanLine, other: SlotPlanLine) -> bool:
    return any(
        a < b + _length(other) and b < a + _length(one)
        for a in _starts(one)
        for b in (*_starts(other), *(start + shift for start in _starts(other) for shift in (-_WEEK, _WEEK)))
    )


_WEEK = timedelta(days=7)


def _starts(line: SlotPlanLine) -> list[timedelta]:
    return [timedelta(days=day) + _since_midnight(line.from_time) for day in sorted(line.weekdays)]


@dataclass(frozen=True)
class Difference:
    """One thing that was set anew, as plain values: ``21:00``, ``07:30-17:00``, ``Tối 19:00-22:00 0123456``.

    ``key`` is a number's name, ``phone``, ``office.0`` (Monday), ``plan.2026-12-10.toi``, ``keeper``,
    ``keeper_phone`` or ``handover.0``; of the last three ``at`` is the place. Empty stands for nothing. Phone
    numbers are masked, because a difference stays in the audit list.
    """

    key: str
    old: str
    new: str
    at: str = ""

    def __str__(self) -> str:
        return f"{self.key}{' @' if self.at else ''}{self.at}: {self.old} → {self.new}"


def differences(old: CommuneSettings, new: CommuneSettings) -> list[Difference]:
    """What was set anew, in the order of the page."""
    pairs = [("phone", old.phone, new.phone, "")]
    office = enumerate(zip(_days(old.office), _days(new.office), strict=True))
    pairs += [(f"office.{n}", a, b, "") for n, (a, b) in office]
    pairs += [(f.name, _word(getattr(old.policy, f.name)), _word(getattr(new.policy, f.name)), "") for f in _FIELDS]
    for day in sorted({day for day, _ in (*old.plans, *new.plans)}):
        before, after = (_lines(settings.plan_on(day)) for settings in (old, new))
        pairs += [(f"plan.{day}.{key}", before.get(key, ""), after.get(key, ""), "") for key in before | after]
    for place in new.places:
        pairs += _of_place(old.place(place.id) or place, place)
    return [
        Difference(key, _shown(key, before), _shown(key, after), at)
        for key, before, after, at in pairs
        if before != after
    ]


_FIELDS = fields(Policy)


def _of_place(old: PlaceSettings, new: PlaceSettings) -> list[tuple[str, str, str, str]]:
    hours = enumerate(zip(_days(old.handover), _days(new.handover), strict=True))
    return [
        ("keeper", old.keeper, new.keeper, new.name),
        ("keeper_phone", old.keeper_phone, new.keeper_phone, new.name),
        *((f"handover.{n}", a, b, new.name) for n, (a, b) in hours),
    ]


def _shown(key: str, value: str) -> str:
    return masked(value) if value and key in ("phone", "keeper_phone") else value


def _days(hours: WeeklyHours) -> list[str]:
    return [f"{day[0]:%H:%M}-{day[1]:%H:%M}" if day else "" for day in hours.days]


def _word(value: object) -> str:
    return f"{value:%H:%M}" if isinstance(value, time) else str(value)


def _lines(plan: Plan) -> dict[str, str]:
    """By their keys the lines of a plan, as they are written down."""
    return {slug(line.name): line_text(line) for line in plan}


def line_text(line: SlotPlanLine) -> str:
    days = "".join(str(day) for day in sorted(line.weekdays))
    return f"{line.name} {line.from_time:%H:%M}-{line.until_time:%H:%M} {days}"
