"""Changing a booking to another slot by its household."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.booking import Reason, Refusal
from kit_booking.domain.deadlines import half_way
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import Status
from kit_booking.services.audit import Actor
from kit_booking.services.booking.answers import WITHDRAWABLE, is_late
from kit_booking.services.booking.ask import AskResult, why_not
from kit_booking.services.communes.slots import NoSuchSlot, find_slot
from kit_booking.services.timeline.locks import lock_booking, locked_booking
from kit_booking.services.timeline.moves import reschedule
from kit_booking.services.timeline.texts import queue_booking_text


@transaction
def change_slot(
    session: Session, code: str, kit_code: str, day: date, slot_key: str, household_id: int, *, now: datetime
) -> AskResult:
    """Move the booking to another free slot of its commune; when that is refused, the booking stays as it is.

    Raises ``NoSuchSlot``, for a slot of another commune too. A booking that can't be changed any more is
    refused as TOO_LATE.
    """
    bookable = find_slot(kit_code, day, slot_key)
    locked = lock_booking(session, code, bookable.kit.id)
    booking = locked.booking
    if booking.commune_id != bookable.commune.id:
        raise NoSuchSlot
    if booking.status not in WITHDRAWABLE or now >= booking.pick_up_at or is_late(locked, now=now):
        return AskResult(refusals=[Refusal(Reason.TOO_LATE, at=booking.pick_up_at - locked.policy.late_cancel)])
    if (booking.kit_id, booking.day, booking.slot_name) == (bookable.kit.id, day, bookable.slot.name):
        return AskResult(code=code)
    if reasons := why_not(session, bookable, household_id, now=now, without=booking.id):
        return AskResult(refusals=reasons)
    was_requested = booking.status == Status.REQUESTED
    if not reschedule(session, booking, bookable, Actor(household_id=household_id), now=now, reason=""):
        return AskResult(refusals=[Refusal(Reason.TAKEN)])
    if was_requested:
        booking.answer_by_at = bookable.kit.timetable.answer_by(now, bookable.slot.hold.from_at)
        booking.remind_staff_at = half_way(now, booking.answer_by_at, bookable.kit.timetable.office)
    else:
        booking.approved_at = now  # The time to give it up without a strike starts anew.
    kind = Kind.RECEIVED if was_requested else Kind.APPROVED
    queue_booking_text(session, kind, locked_booking(session, booking.id), now=now)
    return AskResult(code=code)
