"""The slots of a commune's fortnight and their states without bookings, cached."""

import functools
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum, auto
from itertools import pairwise

from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.domain.time.slots import Slot, Window, slots_between, window
from kit_booking.services.communes.facts import CommuneFacts, KitFacts


class SlotState(IntEnum):
    """The state of a slot; an int, which indexes the list of signs and words on a page of 300 slots."""

    FREE = 0
    WAITING = auto()
    TAKEN = auto()
    MINE = auto()
    OFFERED = auto()
    """Held for this household until it takes or refuses it."""
    CLOSED = auto()
    NOT_OPEN = auto()
    PAST = auto()


@dataclass(frozen=True, eq=False)
class KitSchedule:
    kit: KitFacts
    slots: tuple[Slot, ...]
    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    """Begin and end of each slot's hold, in ascending order."""
    states: tuple[SlotState, ...]
    """Free, unless it is too early or too late to ask."""
    closed: tuple[tuple[Span, str], ...]
    """The closures that touch the days shown, with their reasons."""
    days: tuple[tuple[date, slice], ...]
    """Each day with the slice of `slots` that it has."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """True until `until_at`, when a slot passes, a day opens or the day ends."""

    until_at: datetime
    window: Window
    kits: tuple[KitSchedule, ...]
    reach: Span | None
    """From the first pick-up to the last return of any slot."""


def schedule(commune: CommuneFacts, *, now: datetime) -> Schedule:
    """The commune's schedule at this time; cached until a slot passes, a day opens or the day ends."""
    moments = _moments(commune, local_day(now))
    next_one = bisect_right(moments, now)
    return _schedule(commune, moments[next_one - 1], moments[next_one])


@functools.lru_cache(maxsize=512)
def _moments(commune: CommuneFacts, day: date) -> list[datetime]:
    """When something changes by itself on a day, from its beginning to its end."""
    begin, end = local(day, time()), local(day + timedelta(days=1), time())
    shown = window(commune.policy, now=begin)
    moments = {begin, local(day, commune.policy.day_opens), end}
    for kit in commune.kits:
        moments.update(slot.ask_until_at for slot in slots_between(kit.timetable, shown.first, shown.last))
    return sorted(moment for moment in moments if begin <= moment <= end)


@functools.lru_cache(maxsize=256)
def _schedule(commune: CommuneFacts, from_at: datetime, until_at: datetime) -> Schedule:
    shown = window(commune.policy, now=from_at)
    kits = tuple(_kit_schedule(commune, kit, shown, from_at) for kit in commune.kits)
    starts = [kit.starts[0] for kit in kits if kit.slots]
    reach = Span(min(starts), max(end for kit in kits for end in kit.ends)) if starts else None
    return Schedule(until_at, shown, kits, reach)


def _kit_schedule(commune: CommuneFacts, kit: KitFacts, shown: Window, from_at: datetime) -> KitSchedule:
    slots = slots_between(kit.timetable, shown.first, shown.last)
    days = [shown.first + timedelta(days=n) for n in range((shown.last - shown.first).days + 1)]
    of_slots = [slot.day for slot in slots]
    fortnight = Span(local(shown.first, time()), local(shown.last + timedelta(days=1), time()))
    cuts = [0, *(bisect_right(of_slots, day) for day in days)]
    return KitSchedule(
        kit,
        slots,
        tuple(slot.hold.from_at for slot in slots),
        tuple(slot.hold.until_at for slot in slots),
        tuple(_state_of(slot, shown, from_at) for slot in slots),
        tuple(commune.closed(kit.id, fortnight)),
        tuple((day, slice(*cut)) for day, cut in zip(days, pairwise(cuts), strict=True)),
    )


def _state_of(slot: Slot, shown: Window, from_at: datetime) -> SlotState:
    if from_at >= slot.ask_until_at:
        return SlotState.PAST
    return SlotState.FREE if slot.day <= shown.last_open else SlotState.NOT_OPEN
