"""What goes on paper: a commune's week, slot by slot, as values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from kit_booking.database import read
from kit_booking.domain.hours import Span
from kit_booking.domain.local_time import local, to_local
from kit_booking.domain.slots import Slot, slots_between
from kit_booking.domain.status import LIVE, Status
from kit_booking.models import Booking, Household
from kit_booking.services.closures.reading import closures_between
from kit_booking.services.communes.facts import CommuneFacts, KitFacts
from kit_booking.services.communes.schedule import SlotState

SHOWN = LIVE | {Status.RETURNED}
WEEK = timedelta(days=7)
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class PaperSlot:
    """One field of the week; the household is known only where its booking is certain."""

    state: SlotState | None
    """FREE, WAITING, TAKEN or CLOSED; None where the plan has no such slot on this day."""
    household: str = ""
    village: str = ""
    reason: str = ""


@dataclass(frozen=True)
class PaperWeek:
    days: list[date]
    rows: list[Slot]
    """One of each slot that occurs, by the time of day."""
    kits: list[tuple[KitFacts, list[list[PaperSlot]]]]
    """For each kit its rows, each with a field for every day."""


@dataclass(frozen=True)
class _Taken:
    span: Span
    day: date
    slot_name: str
    status: Status
    household: str
    village: str


def week_on_paper(commune: CommuneFacts, monday: date) -> PaperWeek:
    """The seven days from Monday on, with what is taken, asked for and closed; two statements."""
    days = [monday + timedelta(days=n) for n in range(7)]
    by_kit = {kit.id: slots_between(kit.timetable, days[0], days[-1]) for kit in commune.kits}
    rows = _rows(by_kit.values())
    reach = Span(local(monday, time()) - A_DAY, local(monday, time()) + WEEK + A_DAY)
    taken = _taken([kit.id for kit in commune.kits], reach)
    closed: dict[int, list[tuple[Span, str]]] = {kit.id: [] for kit in commune.kits}
    for one in closures_between(list(closed), reach.from_at, reach.until_at):
        closed[one.kit_id].append((Span(one.from_at, one.until_at), one.reason))
    kits = []
    for kit in commune.kits:
        slots = {(slot.key, slot.day): slot for slot in by_kit[kit.id]}
        fields = [[_field(slots.get((row.key, day)), taken[kit.id], closed[kit.id]) for day in days] for row in rows]
        kits.append((kit, fields))
    return PaperWeek(days, rows, kits)


def _rows(slots_of_kits: Iterable[tuple[Slot, ...]]) -> list[Slot]:
    found = {slot.key: slot for slots in slots_of_kits for slot in slots}
    return sorted(found.values(), key=lambda slot: to_local(slot.on_air.from_at).time())


def _taken(kit_ids: list[int], reach: Span) -> dict[int, list[_Taken]]:
    rows = read(
        select(
            Booking.kit_id,
            Booking.pick_up_at,
            Booking.return_at,
            Booking.day,
            Booking.slot_name,
            Booking.status,
            Household.name,
            Household.village,
        )
        .join(Household, Household.id == Booking.household_id)
        .where(
            Booking.kit_id.in_(kit_ids),
            Booking.status.in_(SHOWN),
            Booking.pick_up_at < reach.until_at,
            Booking.pick_up_at > reach.from_at - WEEK,
            Booking.return_at > reach.from_at,
        )
    )
    taken: dict[int, list[_Taken]] = {kit_id: [] for kit_id in kit_ids}
    for kit_id, pick_up_at, return_at, *rest in rows:
        taken[kit_id].append(_Taken(Span(pick_up_at, return_at), *rest))
    return taken


def _field(slot: Slot | None, taken: list[_Taken], closed: list[tuple[Span, str]]) -> PaperSlot:
    if slot is None:
        return PaperSlot(None)
    own = next((one for one in taken if (one.day, one.slot_name) == (slot.day, slot.name)), None)
    if own and own.status in (Status.REQUESTED, Status.OFFERED):
        return PaperSlot(SlotState.WAITING)
    if own:
        return PaperSlot(SlotState.TAKEN, own.household, own.village)
    if any(one.span.overlaps(slot.hold) for one in taken):
        return PaperSlot(SlotState.TAKEN)
    for span, reason in closed:
        if span.overlaps(slot.hold):
            return PaperSlot(SlotState.CLOSED, reason=reason)
    return PaperSlot(SlotState.FREE)


def day_between(day: date) -> tuple[datetime, datetime]:
    """The first moment of the day, and that of the next."""
    return local(day, time()), local(day + A_DAY, time())
