"""Moving a booking to another slot: by staff to any free one around its day, or by its household."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from kit_booking.database import Rollback, transaction
from kit_booking.domain.booking.refusals import Reason, Refusal
from kit_booking.domain.booking.seen import BookingChanged, SeenBooking
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.deadlines import half_way
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local_day
from kit_booking.domain.time.slots import Slot, opens_at, slots_between
from kit_booking.models import Booking
from kit_booking.services.audit import Actor
from kit_booking.services.booking.answers import WITHDRAWABLE
from kit_booking.services.booking.ask import AskResult, why_not
from kit_booking.services.booking.withdrawal import withdrawal_in
from kit_booking.services.communes.facts import KitFacts
from kit_booking.services.communes.slots import BookableSlot, NoSuchSlot, find_kit, find_slot
from kit_booking.services.timeline.closed_time import closed_spans
from kit_booking.services.timeline.holds import time_lines
from kit_booking.services.timeline.locks import lock_booking, locked_booking
from kit_booking.services.timeline.moves import reschedule
from kit_booking.services.timeline.standing import booked, bookings_that_count, is_on_air
from kit_booking.services.timeline.texts import queue_booking_text
from kit_booking.services.timeline.undo import can_be_undone

BEFORE, AFTER = timedelta(days=3), timedelta(days=7)
"""The days before and after its own in which free slots are listed."""


@dataclass(frozen=True)
class FreeSlot:
    """A free slot that the booking can be moved to."""

    kit: KitFacts
    slot: Slot
    needs_reason: bool
    """Households can't ask for it: its day is not open yet, or its lead time has passed."""


def free_slots(booking: Booking, *, now: datetime) -> list[FreeSlot]:
    """The free slots of the booking's commune around its day, by day, time and kit."""
    facts = find_kit(booking.kit_id)
    if facts is None:
        return []
    commune = facts[0]
    first, last = max(booking.day - BEFORE, local_day(now)), booking.day + AFTER
    slots = [(kit, slot) for kit in commune.kits for slot in slots_between(kit.timetable, first, last)]
    if not slots:
        return []
    reach = Span(min(slot.hold.from_at for _, slot in slots), max(slot.hold.until_at for _, slot in slots))
    lines = time_lines((kit.id for kit in commune.kits), reach, without=booking.code)
    own = (booking.kit_id, booking.pick_up_at)
    free = [
        FreeSlot(kit, slot, _is_beyond(kit, slot, now=now))
        for kit, slot in slots
        if slot.hold.from_at > now
        and (kit.id, slot.hold.from_at) != own
        and not any(slot.hold.overlaps(held) for held in lines[kit.id])
    ]
    return sorted(free, key=lambda one: (one.slot.day, one.slot.on_air.from_at, one.kit.code))


def _is_beyond(kit: KitFacts, slot: Slot, *, now: datetime) -> bool:
    return now >= slot.ask_until_at or now < opens_at(slot.day, kit.timetable.policy)


class MoveResult(StrEnum):
    DONE = "done"
    TAKEN = "taken"
    """The slot is no longer free, or its pick-up has passed; nothing was changed."""
    CHANGED = "changed"
    """The booking can't be moved any more."""
    NEEDS_REASON = "needs_reason"
    OWN = "own"
    """The household has another booking at that time."""


@transaction
def move_booking(
    session: Session,
    seen: SeenBooking,
    kit_code: str,
    day: date,
    slot_key: str,
    staff_id: int,
    reason: str,
    *,
    now: datetime,
) -> MoveResult:
    """Staff move a booking to another slot of its commune; quotas don't count.

    Raises ``NoSuchSlot``, and ``BookingChanged`` unless it is there already: sent twice, or moved by another clerk.
    """
    to = find_slot(kit_code, day, slot_key)
    booking = lock_booking(session, seen.code, to.kit.id)
    if (booking.kit_id, booking.pick_up_at) == (to.kit.id, to.slot.hold.from_at):
        return MoveResult.DONE
    if booking.seen != seen:
        raise BookingChanged(seen, booking.seen)
    if booking.status not in WITHDRAWABLE or booking.is_over(now):
        return MoveResult.CHANGED
    if to.commune.id != booking.commune_id or to.slot.hold.from_at <= now:
        return MoveResult.TAKEN
    at = to.slot.hold.from_at
    counted = bookings_that_count(session, booking.household, at, now=now)
    own = [one for one in counted.own if one.id != booking.id]
    if is_on_air(own, to.slot.on_air):
        return MoveResult.OWN
    if closed_spans(session, to.kit.id, at, to.slot.hold.until_at):
        return MoveResult.TAKEN
    if not reason and _is_beyond(to.kit, to.slot, now=now):
        return MoveResult.NEEDS_REASON
    by = Actor(staff_id=staff_id)
    with can_be_undone(session, booking, by, now=now) as until_at:
        if not reschedule(session, booking, to, by, now=now, reason=reason, kept_until_at=until_at):
            raise Rollback(MoveResult.TAKEN)
        booking.moved_at = now
        if booking.status == Status.REQUESTED:
            _answer_later(booking, to, now=now)
        queue_booking_text(session, Kind.MOVED, locked_booking(session, booking.id), now=now)
    return MoveResult.DONE


def _answer_later(booking: Booking, to: BookableSlot, *, now: datetime) -> None:
    """Set the request's deadlines for its new slot; never to a moment that has passed."""
    answer_by_at = to.kit.timetable.answer_by(now, to.slot.hold.from_at)
    booking.answer_by_at = answer_by_at if answer_by_at > now else to.slot.hold.from_at
    booking.remind_staff_at = half_way(now, booking.answer_by_at, to.kit.timetable.office)


@transaction
def change_slot(
    session: Session, seen: SeenBooking, kit_code: str, day: date, slot_key: str, household_id: int, *, now: datetime
) -> AskResult:
    """Move the booking to another free slot of its commune; when that is refused, the booking stays as it is.

    Raises ``NoSuchSlot``, for a slot of another commune too, and ``BookingChanged`` unless it is in that slot
    already. A booking that can't be changed any more is refused as TOO_LATE.
    """
    bookable = find_slot(kit_code, day, slot_key)
    booking, code = lock_booking(session, seen.code, bookable.kit.id), seen.code
    if booking.commune_id != bookable.commune.id:
        raise NoSuchSlot
    if (booking.kit_id, booking.day, booking.slot_name) == (bookable.kit.id, day, bookable.slot.name):
        return AskResult(code=code)
    if booking.seen != seen:
        raise BookingChanged(seen, booking.seen)
    if not booking.can_be_withdrawn(now) or withdrawal_in(session, booking, now=now).is_strike:
        return AskResult(refusals=[Refusal(Reason.TOO_LATE, at=booking.pick_up_at - booking.policy.late_cancel)])
    policy = bookable.commune.policy
    pick_up_at, commune_id = bookable.slot.hold.from_at, bookable.commune.id
    has = booked(
        session,
        household_id,
        pick_up_at,
        commune_id=commune_id,
        policy=policy,
        now=now,
        without=booking.id,
        on_air=bookable.slot.on_air,
    )
    if closed_spans(session, bookable.kit.id, pick_up_at, bookable.slot.hold.until_at):
        return AskResult(refusals=[Refusal(Reason.CLOSED)])  # Behind its own hold no closed time is written.
    if reasons := why_not(session, bookable, has, without=booking.id, now=now):
        return AskResult(refusals=reasons)
    if not reschedule(session, booking, bookable, Actor(household_id=household_id), now=now, reason=""):
        return AskResult(refusals=[Refusal(Reason.TAKEN)])
    booking.chosen_at = now
    if booking.status == Status.REQUESTED:
        booking.answer_by_at = bookable.kit.timetable.answer_by(now, bookable.slot.hold.from_at)
        booking.remind_staff_at = half_way(now, booking.answer_by_at, bookable.kit.timetable.office)
    queue_booking_text(session, Kind.CHANGED, locked_booking(session, booking.id), now=now)
    return AskResult(code=code)
