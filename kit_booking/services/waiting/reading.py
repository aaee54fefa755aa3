"""Reading the waiting list: a household's own entries with their places in the queue, and all queues for staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import joinedload

from kit_booking.database import load, read
from kit_booking.domain.booking.queue import RECENT, PlaceInQueue, in_order, place_of
from kit_booking.domain.booking.refusals import Reason
from kit_booking.domain.text import slug
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.slots import Slot
from kit_booking.models import Commune, Hold, Household, WaitingEntry, WaitingState
from kit_booking.models.kit import IS_CLOSED
from kit_booking.models.waiting import OPEN
from kit_booking.services.communes.facts import CommuneFacts, KitFacts, commune_facts
from kit_booking.services.communes.slots import BookableSlot
from kit_booking.services.timeline.queue import WaitingForSlot, waiting, waiting_of, who_waits, who_waits_with

MOST = 20
"""How many of a household's entries are listed."""

_entries = select(WaitingEntry).options(
    joinedload(WaitingEntry.commune).defer(Commune.search, raiseload=True), joinedload(WaitingEntry.booking)
)


def open_entries(household_id: int, *, now: datetime) -> list[WaitingEntry]:
    """The household's entries that wait or are offered, with commune and booking, by day."""
    return load(
        _entries.where(
            WaitingEntry.household_id == household_id, WaitingEntry.state.in_(OPEN), WaitingEntry.until_at > now
        ).order_by(WaitingEntry.day, WaitingEntry.id)
    )


@dataclass(frozen=True)
class QueuedEntry:
    """An entry, its slot and its place in the queue."""

    entry: WaitingEntry
    commune: CommuneFacts
    slot: Slot | None
    """None when the commune's plan has no such slot any more."""
    place_names: list[str]
    """The places at which it waits; empty: all."""
    place: PlaceInQueue | None
    """None when it no longer waits."""


def find_entry(entry_id: int, *, now: datetime) -> QueuedEntry | None:
    queued = _in_queue(load(_entries.where(WaitingEntry.id == entry_id)), now=now)
    return queued[0] if queued else None


def entries_of(household_id: int, *, now: datetime) -> list[QueuedEntry]:
    """The household's entries that wait, by day."""
    entries = open_entries(household_id, now=now)
    return _in_queue([entry for entry in entries if entry.state == WaitingState.WAITING][:MOST], now=now)


def _in_queue(entries: list[WaitingEntry], *, now: datetime) -> list[QueuedEntry]:
    rivals = who_waits_with([entry.id for entry in entries], now=now)
    return [_queued(entry, rivals[entry.id]) for entry in entries]


def _queued(entry: WaitingEntry, same_slot: list[WaitingForSlot]) -> QueuedEntry:
    commune = commune_facts(entry.commune_id, entry.commune.version)
    place_ids = frozenset(entry.place_ids)
    rivals = [one.one for one in same_slot if not place_ids or not one.place_ids or one.place_ids & place_ids]
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


def select_own_entry(bookable: BookableSlot, household_id: int) -> Select[tuple[int]]:
    """Selects the id of the household's open entry for this slot, on whichever kit."""
    return select(WaitingEntry.id).where(
        WaitingEntry.household_id == household_id,
        WaitingEntry.commune_id == bookable.commune.id,
        WaitingEntry.day == bookable.slot.day,
        WaitingEntry.slot_name == bookable.slot.name,
        WaitingEntry.state.in_(OPEN),
    )


def own_entry(bookable: BookableSlot, household_id: int) -> int | None:
    rows = read(select_own_entry(bookable, household_id))
    return rows[0].id if rows else None


@dataclass(frozen=True)
class PlaceToWait:
    """A place of the commune, and the slot on one of its kits; ``held`` is None when it is free there."""

    id: int
    name: str
    kit: KitFacts
    held: Reason | None


@dataclass(frozen=True)
class WaitOptions:
    """The places at which a household can wait for a slot, and how many entries wait already."""

    places: list[PlaceToWait]
    waiting: int
    last_pick_up_at: datetime


def wait_options(bookable: BookableSlot, *, now: datetime) -> WaitOptions:
    """Reads with two statements, however many kits the commune has."""
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
    return WaitOptions(
        list(places.values()),
        sum(one.slot_name == bookable.slot.name for one in others),
        max(slot.hold.from_at for _, slot in slots),
    )


def _held(slots: list[tuple[int, Span]]) -> dict[int, Reason]:
    """By the ids of those kits that are not free in the whole span, the reason: TAKEN or CLOSED."""
    spans = dict(slots)
    rows = read(
        select(Hold.kit_id, IS_CLOSED.label("is_closed"), Hold.from_at, Hold.until_at).where(
            Hold.kit_id.in_(spans),
            Hold.from_at < max(span.until_at for span in spans.values()),
            Hold.until_at > min(span.from_at for span in spans.values()),
        )
    )
    held: dict[int, Reason] = {}
    for row in rows:
        if Span(row.from_at, row.until_at).overlaps(spans[row.kit_id]) and held.get(row.kit_id) != Reason.TAKEN:
            held[row.kit_id] = Reason.CLOSED if row.is_closed else Reason.TAKEN
    return held


@dataclass(frozen=True)
class SlotQueue:
    """All entries for one slot of a commune."""

    commune: CommuneFacts
    day: date
    slot_name: str
    slot: Slot | None
    people: list[Row[Any]]
    """In the order in which they get an offer: rows of `_people`."""


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
    """All queues of these communes, by day and time; one statement."""
    rows = read(
        _people.where(WaitingEntry.commune_id.in_(commune_ids), WaitingEntry.until_at > now),
        {"recent_at": now - RECENT},
    )
    queues = []
    for (commune_id, version, day, slot_name), group in groupby(
        rows, key=attrgetter("commune_id", "version", "day", "slot_name")
    ):
        commune = commune_facts(commune_id, version)
        people = {row.id: row for row in group}
        order = in_order(waiting_of(row).one for row in people.values())
        slot = _slot_of(commune.kits, day, slot_name)
        queues.append(SlotQueue(commune, day, slot_name, slot, [people[one.entry_id] for one in order]))
    return sorted(queues, key=lambda queue: (queue.day, queue.slot.on_air.from_at if queue.slot else now))
