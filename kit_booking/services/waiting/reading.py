"""Those who wait, as pages show them: to a household its own place, to staff everybody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, select

from kit_booking.database import read
from kit_booking.domain.booking import Reason
from kit_booking.domain.hours import Span
from kit_booking.domain.queue import RECENT, Place, in_order, place_of
from kit_booking.domain.slots import Slot
from kit_booking.domain.text import slug
from kit_booking.models import Booking, Commune, Hold, Household, WaitingEntry, WaitingState
from kit_booking.services.communes.facts import CommuneFacts, KitFacts, commune_facts
from kit_booking.services.communes.slots import BookableSlot
from kit_booking.services.timeline.holds import overlaps
from kit_booking.services.timeline.queue import WaitingForSlot, waiting, waiting_of, who_waits, who_waits_with

OPEN = (WaitingState.WAITING, WaitingState.OFFERED)
MOST = 20
"""So many entries are shown; a household may have a few."""


@dataclass(frozen=True)
class ShownEntry:
    """One household's place in the queue for one slot."""

    id: int
    household_id: int
    commune: CommuneFacts
    day: date
    slot_name: str
    slot: Slot | None
    """None when the commune's plan has no such slot any more."""
    places: tuple[str, ...]
    """Where the household would fetch the kit; empty: anywhere."""
    until_at: datetime
    state: WaitingState
    booking_code: str
    """The booking that was offered to it."""
    place: Place | None
    """None when it waits no more."""


_entries: Select[Any] = (
    select(
        WaitingEntry.id,
        WaitingEntry.household_id,
        WaitingEntry.commune_id,
        Commune.version,
        WaitingEntry.day,
        WaitingEntry.slot_name,
        WaitingEntry.place_ids,
        WaitingEntry.until_at,
        WaitingEntry.state,
        Booking.code,
    )
    .join(Commune, Commune.id == WaitingEntry.commune_id)
    .outerjoin(Booking, Booking.id == WaitingEntry.booking_id)
)


def find_entry(entry_id: int, *, now: datetime) -> ShownEntry | None:
    found = _shown(read(_entries.where(WaitingEntry.id == entry_id)), now=now)
    return found[0] if found else None


def entries_of(household_id: int, *, now: datetime) -> list[ShownEntry]:
    """What the household waits for, the nearest day first."""
    open_ones = _entries.where(
        WaitingEntry.household_id == household_id,
        WaitingEntry.state == WaitingState.WAITING,
        WaitingEntry.until_at > now,
    )
    return _shown(read(open_ones.order_by(WaitingEntry.day, WaitingEntry.id).limit(MOST)), now=now)


def own_entry(found: BookableSlot, household_id: int) -> int | None:
    """The household's open entry for this slot, wherever its kit stands."""
    rows = read(
        select(WaitingEntry.id).where(
            WaitingEntry.household_id == household_id,
            WaitingEntry.commune_id == found.commune.id,
            WaitingEntry.day == found.slot.day,
            WaitingEntry.slot_name == found.slot.name,
            WaitingEntry.state.in_(OPEN),
        )
    )
    return rows[0].id if rows else None


def _shown(rows: Sequence[Row[Any]], *, now: datetime) -> list[ShownEntry]:
    everybody = who_waits_with([row.id for row in rows], now=now)
    return [_entry(row, everybody[row.id]) for row in rows]


def _entry(row: Row[Any], everybody: list[WaitingForSlot]) -> ShownEntry:
    commune = commune_facts(row.commune_id, row.version)
    place_ids = frozenset(row.place_ids)
    rivals = [one.one for one in everybody if not place_ids or not one.place_ids or one.place_ids & place_ids]
    is_in_line = any(rival.entry_id == row.id for rival in rivals)
    kits = [kit for kit in commune.kits if not place_ids or kit.place_id in place_ids]
    slots = [slot for kit in kits if (slot := kit.timetable.slot(row.day, slug(row.slot_name)))]
    return ShownEntry(
        row.id,
        row.household_id,
        commune,
        row.day,
        row.slot_name,
        slots[0] if slots else None,
        tuple(dict.fromkeys(kit.place for kit in kits)) if place_ids else (),
        row.until_at,
        WaitingState(row.state),
        row.code or "",
        place_of(row.id, rivals) if is_in_line else None,
    )


@dataclass(frozen=True)
class PlaceToWait:
    """A place of the commune, and how the slot stands there."""

    id: int
    name: str
    kit: KitFacts
    held: Reason | None


@dataclass(frozen=True)
class QueueOfSlot:
    """How it stands with a slot at all places of a commune, for whoever thinks of waiting."""

    places: list[PlaceToWait]
    waiting: int
    last_pick_up_at: datetime


def queue_of(found: BookableSlot, *, now: datetime) -> QueueOfSlot:
    day, key = found.slot.day, found.slot.key
    slots = [(kit, slot) for kit in found.commune.kits if (slot := kit.timetable.slot(day, key))]
    places: dict[int, PlaceToWait] = {}
    for kit, slot in slots:
        if now < slot.ask_until_at:
            held = _held(kit.id, slot.hold)
            if kit.place_id not in places or held is None:
                places[kit.place_id] = PlaceToWait(kit.place_id, kit.place, kit, held)
    others = who_waits(read, found.commune.id, day, day, now=now)
    return QueueOfSlot(
        list(places.values()),
        sum(one.slot_name == found.slot.name for one in others),
        max(slot.hold.from_at for _, slot in slots),
    )


def _held(kit_id: int, span: Span) -> Reason | None:
    rows = read(select(Hold.booking_id).where(overlaps(kit_id, span)))
    if not rows:
        return None
    return Reason.TAKEN if any(row.booking_id for row in rows) else Reason.CLOSED


@dataclass(frozen=True)
class PersonWaiting:
    """Somebody who waits, as staff see it, with what decided the place."""

    entry: WaitingForSlot
    household_name: str
    village: str
    phone: str
    reason: str
    """Why staff put it forward."""
    places: tuple[str, ...]


@dataclass(frozen=True)
class SlotQueue:
    commune: CommuneFacts
    day: date
    slot_name: str
    slot: Slot | None
    people: list[PersonWaiting]
    """In order: the first is asked first."""


_people = (
    waiting.add_columns(
        WaitingEntry.commune_id,
        Commune.version,
        Household.name,
        Household.village,
        Household.phone,
        Household.landline,
        WaitingEntry.reason,
    )
    .join(Commune, Commune.id == WaitingEntry.commune_id)
    .join(Household, Household.id == WaitingEntry.household_id)
    .order_by(WaitingEntry.commune_id, WaitingEntry.day, WaitingEntry.slot_name)
)


def queues_of(commune_ids: Sequence[int], *, now: datetime) -> list[SlotQueue]:
    """All queues of these communes, slot by slot; one statement."""
    rows = read(
        _people.where(WaitingEntry.commune_id.in_(commune_ids), WaitingEntry.until_at > now),
        {"recent_at": now - RECENT},
    )
    queues = []
    for (commune_id, version, day, slot_name), group in groupby(rows, key=_slot_of):
        commune = commune_facts(commune_id, version)
        people = {row.id: _person(row, commune) for row in group}
        order = in_order(person.entry.one for person in people.values())
        slots = (kit.timetable.slot(day, slug(slot_name)) for kit in commune.kits)
        queues.append(
            SlotQueue(
                commune, day, slot_name, next(filter(None, slots), None), [people[one.entry_id] for one in order]
            )
        )
    return sorted(queues, key=lambda queue: (queue.day, queue.slot.on_air.from_at if queue.slot else now))


def _slot_of(row: Row[Any]) -> tuple[int, int, date, str]:
    return row.commune_id, row.version, row.day, row.slot_name


def _person(row: Row[Any], commune: CommuneFacts) -> PersonWaiting:
    entry = waiting_of(row)
    names = dict.fromkeys(kit.place for kit in commune.kits if kit.place_id in entry.place_ids)
    return PersonWaiting(entry, row.name, row.village, row.phone or row.landline, row.reason, tuple(names))
