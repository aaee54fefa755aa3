"""Moving a booking to another kit or slot by the office: what is free around its time, and the move itself."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.deadlines import half_way
from kit_booking.domain.hours import Span
from kit_booking.domain.local_time import local_day
from kit_booking.domain.messages import Kind
from kit_booking.domain.slots import Slot, opens_at, slots_between
from kit_booking.domain.status import Status
from kit_booking.models import Booking
from kit_booking.services.audit import Actor
from kit_booking.services.booking.answers import WITHDRAWABLE
from kit_booking.services.booking.reading import ShownBooking
from kit_booking.services.communes.facts import KitFacts
from kit_booking.services.communes.slots import BookableSlot, find_kit, find_slot
from kit_booking.services.timeline.holds import time_lines
from kit_booking.services.timeline.locks import lock_booking, locked_booking
from kit_booking.services.timeline.moves import reschedule
from kit_booking.services.timeline.texts import queue_booking_text

BEFORE, AFTER = timedelta(days=3), timedelta(days=7)
"""So far around its own day a booking is moved by click."""


@dataclass(frozen=True)
class FreeSlot:
    """A slot that the booking can be moved to."""

    kit: KitFacts
    slot: Slot
    needs_reason: bool
    """Households can't ask for it: its day is not open yet, or its lead time has passed."""


def free_slots(booking: ShownBooking, *, now: datetime) -> list[FreeSlot]:
    """What is free in the booking's commune around its day, the nearest in time first."""
    found = find_kit(booking.kit_code)
    if found is None:
        return []
    commune, _ = found
    first, last = max(booking.day - BEFORE, local_day(now)), booking.day + AFTER
    slots = [(kit, slot) for kit in commune.kits for slot in slots_between(kit.timetable, first, last)]
    if not slots:
        return []
    reach = Span(min(slot.hold.from_at for _, slot in slots), max(slot.hold.until_at for _, slot in slots))
    lines = time_lines((kit.id for kit in commune.kits), reach, without=booking.code)
    own = (booking.kit_code, booking.pick_up_at)
    free = [
        FreeSlot(kit, slot, _is_beyond(kit, slot, now=now))
        for kit, slot in slots
        if slot.hold.from_at > now
        and (kit.code, slot.hold.from_at) != own
        and not any(slot.hold.overlaps(held) for held in lines[kit.id])
    ]
    return sorted(free, key=lambda one: (abs(one.slot.on_air.from_at - booking.from_at), one.kit.code))


def _is_beyond(kit: KitFacts, slot: Slot, *, now: datetime) -> bool:
    return now >= slot.ask_until_at or now < opens_at(slot.day, kit.timetable.policy)


class Moved(StrEnum):
    """What came of moving a booking."""

    DONE = "done"
    TAKEN = "taken"
    """The slot is no longer free, or its pick-up has passed; nothing was changed."""
    CHANGED = "changed"
    """The booking is no longer where the office saw it, or can't be moved any more."""
    NEEDS_REASON = "needs_reason"


@dataclass(frozen=True)
class SeenSlot:
    """Where a booking is: a kit and when it is picked up."""

    kit_code: str
    pick_up_at: datetime


@transaction
def move_booking(
    session: Session,
    code: str,
    seen: SeenSlot,
    kit_code: str,
    day: date,
    slot_key: str,
    staff_id: int,
    reason: str,
    *,
    now: datetime,
) -> Moved:
    """The office moves a booking from where it saw it to another slot of its commune; quotas don't count.

    Of two who move it at once the second is told where it is now. Raises ``NoSuchSlot``.
    """
    to = find_slot(kit_code, day, slot_key)
    was = find_kit(seen.kit_code)
    locked = lock_booking(session, code, to.kit.id)
    booking = locked.booking
    if (booking.kit_id, booking.pick_up_at) == (to.kit.id, to.slot.hold.from_at):
        return Moved.DONE  # Sent twice, or moved there by the other clerk.
    is_where_seen = was is not None and (booking.kit_id, booking.pick_up_at) == (was[1].id, seen.pick_up_at)
    if not is_where_seen or booking.status not in WITHDRAWABLE:
        return Moved.CHANGED
    if to.commune.id != booking.commune_id or to.slot.hold.from_at <= now:
        return Moved.TAKEN
    if not reason and _is_beyond(to.kit, to.slot, now=now):
        return Moved.NEEDS_REASON
    if not reschedule(session, booking, to, Actor(staff_id=staff_id), now=now, reason=reason):
        return Moved.TAKEN
    booking.moved_at = now
    if booking.status == Status.REQUESTED:
        _answer_later(booking, to, now=now)
    queue_booking_text(session, Kind.MOVED, locked_booking(session, booking.id), now=now)
    return Moved.DONE


def _answer_later(booking: Booking, to: BookableSlot, *, now: datetime) -> None:
    """A request stays one; its deadlines follow its slot, but it never lapses by being moved."""
    answer_by_at = to.kit.timetable.answer_by(now, to.slot.hold.from_at)
    booking.answer_by_at = answer_by_at if answer_by_at > now else to.slot.hold.from_at
    booking.remind_staff_at = half_way(now, booking.answer_by_at, to.kit.timetable.office)
