"""Which slots a kit has: from the slot plan, the handover hours and the commune's numbers."""

import functools
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from kit_booking.domain.policy import Policy
from kit_booking.domain.text import slug
from kit_booking.domain.time.hours import Span, WeeklyHours
from kit_booking.domain.time.local_time import local, local_day

ANSWER_MARGIN = timedelta(hours=1)
"""A request is answered at the latest this long before the pick-up, and has at least so much office time."""


@dataclass(frozen=True)
class SlotPlanLine:
    """One line of a slot plan: a named daily time on air, on some weekdays (Monday is 0)."""

    name: str
    from_time: time
    until_time: time
    weekdays: frozenset[int] = frozenset(range(7))
    is_peak: bool | None = None
    """Whether many want it, so that quotas count it apart; None: if the kit is away over a night."""


DEFAULT_PLAN = (
    SlotPlanLine("Sáng", time(8, 0), time(11, 0)),
    SlotPlanLine("Trưa", time(11, 30), time(13, 0)),
    SlotPlanLine("Chiều", time(13, 30), time(16, 30)),
    SlotPlanLine("Tối", time(19, 0), time(22, 0)),
)


@dataclass(frozen=True, slots=True)
class Slot:
    """One bookable stretch of one day on one kit: its time on air and the time the kit is away."""

    day: date
    name: str
    key: str
    """The name as it stands in addresses."""
    on_air: Span
    hold: Span
    """From the pick-up to the return."""
    ask_until_at: datetime
    """The first moment at which it is too late to ask for it."""
    is_peak: bool
    """Whether many want it, so that quotas count it apart."""


def spans_night(hold: Span) -> bool:
    return local_day(hold.from_at) != local_day(hold.until_at)


@dataclass(frozen=True)
class Timetable:
    """All that decides which slots a kit has; plans with the day from which each is valid, oldest first."""

    plans: tuple[tuple[date, tuple[SlotPlanLine, ...]], ...]
    handover: WeeklyHours
    office: WeeklyHours
    policy: Policy

    def plan_on(self, day: date) -> tuple[SlotPlanLine, ...]:
        return next((plan for valid_from, plan in reversed(self.plans) if valid_from <= day), ())

    def slots_on(self, day: date) -> tuple[Slot, ...]:
        return slots_between(self, day, day)

    def slot(self, day: date, key: str) -> Slot | None:
        return next((slot for slot in self.slots_on(day) if slot.key == key), None)

    def answer_by(self, asked_at: datetime, pick_up_at: datetime) -> datetime:
        """Until when a request is to be answered."""
        at_the_latest = pick_up_at - ANSWER_MARGIN
        due = self.office.later(asked_at, timedelta(hours=self.policy.answer_office_hours))
        return min(due, at_the_latest) if due else at_the_latest


@functools.lru_cache(maxsize=512)
def slots_between(timetable: Timetable, first: date, last: date) -> tuple[Slot, ...]:
    """The slots of the days from first to last, both included, in order; without those that can't be handed over."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    slots = (_slot(timetable, line, day) for day in days for line in timetable.plan_on(day))
    return tuple(slot for slot in slots if slot)


def _slot(timetable: Timetable, line: SlotPlanLine, day: date) -> Slot | None:
    if day.weekday() not in line.weekdays:
        return None
    on_air = Span(
        local(day, line.from_time),
        local(day + timedelta(days=line.until_time <= line.from_time), line.until_time),
    )
    margin = timetable.policy.handover
    pick_up_at = timetable.handover.last_before(on_air.from_at - margin)
    return_at = timetable.handover.first_after(on_air.until_at + margin)
    if pick_up_at is None or return_at is None:
        return None
    answerable = timetable.office.earlier(pick_up_at - ANSWER_MARGIN, ANSWER_MARGIN)
    if answerable is None:
        return None
    ask_until_at = min(pick_up_at - timetable.policy.lead, answerable)
    hold = Span(pick_up_at, return_at)
    is_peak = spans_night(hold) if line.is_peak is None else line.is_peak
    return Slot(day, line.name, slug(line.name), on_air, hold, ask_until_at, is_peak)


@dataclass(frozen=True)
class Window:
    """The days that people see: the first to the last, and which of them are open by now."""

    first: date
    last: date
    last_open: date
    next_opens_at: datetime
    """When the next day opens: the last one shown, or the one after it."""

    @property
    def next_to_open(self) -> date:
        return self.last_open + timedelta(days=1)


def window(policy: Policy, *, now: datetime) -> Window:
    """Today and the days ahead; the last of them opens in the morning, so that nobody wins by staying up."""
    today = local_day(now)
    last = today + timedelta(days=policy.window_days)
    opens_today_at = local(today, policy.day_opens)
    if now < opens_today_at:
        return Window(today, last, last - timedelta(days=1), opens_today_at)
    return Window(today, last, last, opens_today_at + timedelta(days=1))


def opens_at(day: date, policy: Policy) -> datetime:
    """When a day can first be asked for."""
    return local(day - timedelta(days=policy.window_days), policy.day_opens)
