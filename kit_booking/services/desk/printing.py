"""A commune's week for printing, slot by slot."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, select

from kit_booking.database import read
from kit_booking.domain.booking.status import LIVE, Status
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local, to_local
from kit_booking.domain.time.slots import Slot, slots_between
from kit_booking.models import Booking, Household
from kit_booking.services.closures.reading import closures_between
from kit_booking.services.communes.facts import CommuneFacts, KitFacts
from kit_booking.services.communes.schedule import SlotState

PRINTED = LIVE | {Status.RETURNED}
WEEK = timedelta(days=7)
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class PaperSlot:
    """One field of the week; without the household where its booking is not certain yet."""

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


def week_on_paper(commune: CommuneFacts, monday: date) -> PaperWeek:
    """The seven days from Monday on, with what is taken, asked for and closed; two statements."""
    days = [monday + timedelta(days=n) for n in range(7)]
    by_kit = {kit.id: slots_between(kit.timetable, days[0], days[-1]) for kit in commune.kits}
    rows = _rows(by_kit.values())
    reach = Span(local(monday, time()) - A_DAY, local(monday, time()) + WEEK + A_DAY)
    bookings = _by_kit(_bookings(list(by_kit), reach))
    closures = _by_kit(closures_between(list(by_kit), reach.from_at, reach.until_at))
    kits = []
    for kit in commune.kits:
        slots = {(slot.key, slot.day): slot for slot in by_kit[kit.id]}
        own = bookings[kit.id], closures[kit.id]
        kits.append((kit, [[_field(slots.get((row.key, day)), *own) for day in days] for row in rows]))
    return PaperWeek(days, rows, kits)


def _rows(slots_of_kits: Iterable[tuple[Slot, ...]]) -> list[Slot]:
    by_key = {slot.key: slot for slots in slots_of_kits for slot in slots}
    return sorted(by_key.values(), key=lambda slot: to_local(slot.on_air.from_at).time())


def _bookings(kit_ids: list[int], reach: Span) -> Sequence[Row[Any]]:
    return read(
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
        .join(Booking.household)
        .where(
            Booking.kit_id.in_(kit_ids),
            Booking.status.in_(PRINTED),
            Booking.pick_up_at < reach.until_at,
            Booking.pick_up_at > reach.from_at - WEEK,
            Booking.return_at > reach.from_at,
        )
    )


def _by_kit(rows: Iterable[Row[Any]]) -> defaultdict[int, list[Row[Any]]]:
    by_kit: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_kit[row.kit_id].append(row)
    return by_kit


def _field(slot: Slot | None, bookings: list[Row[Any]], closures: list[Row[Any]]) -> PaperSlot:
    if slot is None:
        return PaperSlot(None)
    own = next((row for row in bookings if (row.day, row.slot_name) == (slot.day, slot.name)), None)
    if own and own.status in (Status.REQUESTED, Status.OFFERED):
        return PaperSlot(SlotState.WAITING)
    if own:
        return PaperSlot(SlotState.TAKEN, own.name, own.village)
    if any(Span(row.pick_up_at, row.return_at).overlaps(slot.hold) for row in bookings):
        return PaperSlot(SlotState.TAKEN)
    for row in closures:
        if Span(row.from_at, row.until_at).overlaps(slot.hold):
            return PaperSlot(SlotState.CLOSED, reason=row.reason)
    return PaperSlot(SlotState.FREE)


def day_between(day: date) -> tuple[datetime, datetime]:
    """The first moment of the day, and that of the next."""
    return local(day, time()), local(day + A_DAY, time())
