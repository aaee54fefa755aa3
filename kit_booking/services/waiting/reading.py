"""Those who wait: to a household its own place in the queue, to staff everybody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import joinedload

from kit_booking.database import load, read
from kit_booking.domain.booking import Reason
from kit_booking.domain.hours import Span
from kit_booking.domain.queue import RECENT, PlaceInQueue, in_order, place_of
from kit_booking.domain.slots import Slot
from kit_booking.domain.text import slug
from kit_booking.models import Commune, Hold, Household, WaitingEntry, WaitingState
from kit_booking.models.waiting import OPEN
from kit_booking.services.communes.facts import CommuneFacts, KitFacts, commune_facts
from kit_booking.services.communes.slots import BookableSlot
from kit_booking.services.timeline.queue import WaitingForSlot, waiting, waiting_of, who_waits, who_waits_with

MOST = 20
"""So many entries are shown; a household may have a few."""

_entries = select(WaitingEntry).options(
    joinedload(WaitingEntry.commune).defer(Commune.search, raiseload=True), joinedload(WaitingEntry.booking)
)


def open_entries(household_id: int, *, now: datetime) -> list[WaitingEntry]:
    """What the household waits for or is offered, with commune and booking; the nearest day first."""
    return load(
        _entries.where(
            WaitingEntry.household_id == household_id, WaitingEntry.state.in_(OPEN), WaitingEntry.until_at > now
        ).order_by(WaitingEntry.day, WaitingEntry.id)
    )


@dataclass(frozen=True)
class QueuedEntry:
    """One household's place in the queue for one slot."""

    entry: WaitingEntry
    commune: CommuneFacts
    slot: Slot | None
    """None when the commune's plan has no such slot any more."""
    place_names: list[str]
    """Where the household would fetch the kit; empty: anywhere."""
    place: PlaceInQueue | None
    """None when it waits no more."""


def find_entry(entry_id: int, *, now: datetime) -> QueuedEntry | None:
    queued = _in_queue(load(_entries.where(WaitingEntry.id == entry_id)), now=now)
    return queued[0] if queued else None


def entries_of(household_id: int, *, now: datetime) -> list[QueuedEntry]:
    """What the household waits for, the nearest day first."""
    entries = open_entries(household_id, now=now)
    return _in_queue([entry for entry in entries if entry.state == WaitingState.WAITING][:MOST], now=now)


def _in_queue(entries: list[WaitingEntry], *, now: datetime) -> list[QueuedEntry]:
    everybody = who_waits_with([entry.id for entry in entries], now=now)
    return [_queued(entry, everybody[entry.id]) for entry in entries]


def _queued(entry: WaitingEntry, everybody: list[WaitingForSlot]) -> QueuedEntry:
    commune = commune_facts(entry.commune_id, entry.commune.version)
    place_ids = frozenset(entry.place_ids)
    rivals = [one.one for one in everybody if not place_ids or not one.place_ids or one.place_ids & place_ids]
    is_in_line = any(rival.entry_id == entry.id for rival in rivals)
    kits = [kit for kit in commune.kits if not place_ids or kit.place_id in place_ids]
    return QueuedEntry(
        entry,
        commune,
        _slot_of(kits, entry.day, entry.slot_name),
        place_names(commune, entry.place_ids),
        place_of(entry.id, rivals) if is_in_line else None,
    )


def _slot_of(kits: Sequence[KitFacts], day: date, slot_name: str) -> Slot | None:
    return next(filter(None, (kit.timetable.slot(day, slug(slot_name)) for kit in kits)), None)


def place_names(commune: CommuneFacts, place_ids: Sequence[int]) -> list[str]:
    """The names of these places of the commune, each once."""
    return list(dict.fromkeys(kit.place for kit in commune.kits if kit.place_id in place_ids))


def own_entry(bookable: BookableSlot, household_id: int) -> int | None:
    """The household's open entry for this slot, wherever its kit stands."""
    rows = read(
        select(WaitingEntry.id).where(
            WaitingEntry.household_id == household_id,
            WaitingEntry.commune_id == bookable.commune.id,
            WaitingEntry.day == bookable.slot.day,
            WaitingEntry.slot_name == bookable.slot.name,
            WaitingEntry.state.in_(OPEN),
        )
    )
    return rows[0].id if rows else None


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


def queue_of(bookable: BookableSlot, *, now: datetime) -> QueueOfSlot:
    """Two statements, however many kits the commune has."""
    commune, day, key = bookable.commune, bookable.slot.day, bookable.slot.key
    slots = [(kit, slot) for kit in commune.kits if (slot := kit.timetable.slot(day, key))]
    held_by_kit = _held([(kit.id, slot.hold) for kit, slot in slots])
    places: dict[int, PlaceToWait] = {}
    for kit, slot in slots:
        if now < slot.ask_until_at:
            held = held_by_kit.get(kit.id)
            if kit.place_id not in places or held is None:
                places[kit.place_id] = PlaceToWait(kit.place_id, kit.place, kit, held)
    others = who_waits(read, commune.id, day, day, now=now)
    return QueueOfSlot(
        list(places.values()),
        sum(one.slot_name == bookable.slot.name for one in others),
        max(slot.hold.from_at for _, slot in slots),
    )


def _held(wanted: list[tuple[int, Span]]) -> dict[int, Reason]:
    """By the id of a kit that is not free all the time wanted of it, why: something closed it, or somebody has it."""
    spans = dict(wanted)
    rows = read(
        select(Hold.kit_id, Hold.booking_id, Hold.from_at, Hold.until_at).where(
            Hold.kit_id.in_(spans),
            Hold.from_at < max(span.until_at for span in spans.values()),
            Hold.until_at > min(span.from_at for span in spans.values()),
        )
    )
    held: dict[int, Reason] = {}
    for row in rows:
        if Span(row.from_at, row.until_at).overlaps(spans[row.kit_id]) and held.get(row.kit_id) != Reason.TAKEN:
            held[row.kit_id] = Reason.TAKEN if row.booking_id else Reason.CLOSED
    return held


@dataclass(frozen=True)
class SlotQueue:
    commune: CommuneFacts
    day: date
    slot_name: str
    slot: Slot | None
    people: list[Row[Any]]
    """In order, the first is asked first: the columns of `waiting`, household_name, village, phone and reason."""


_people = (
    waiting.add_columns(
        WaitingEntry.commune_id,
        Commune.version,
        WaitingEntry.reason,
        Household.name.label("household_name"),
        Household.village,
        Household.phone,
        Household.landline,
    )
    .join(WaitingEntry.commune)
    .join(WaitingEntry.household)
    .order_by(WaitingEntry.commune_id, WaitingEntry.day, WaitingEntry.slot_name)
)


def queues_of(commune_ids: Sequence[int], *, now: datetime) -> list[SlotQueue]:
    """All queues of these communes, slot by slot; one statement."""
    rows = read(
        _people.where(WaitingEntry.commune_id.in_(commune_ids), WaitingEntry.until_at > now),
        {"recent_at": now - RECENT},
    )
    queues = []
    for (commune_id, version, day, slot_name), group in groupby(rows, key=_queue_key):
        commune = commune_facts(commune_id, version)
        people = {row.id: row for row in group}
        order = in_order(waiting_of(row).one for row in people.values())
        slot = _slot_of(commune.kits, day, slot_name)
        queues.append(SlotQueue(commune, day, slot_name, slot, [people[one.entry_id] for one in order]))
    return sorted(queues, key=lambda queue: (queue.day, queue.slot.on_air.from_at if queue.slot else now))


def _queue_key(row: Row[Any]) -> tuple[int, int, date, str]:
    return row.commune_id, row.version, row.day, row.slot_name
