"""Putting right what was recorded wrongly at the counter, once it can't be undone any more."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from kit_booking.database import Rollback, transaction
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.seen import BookingChanged, SeenBooking
from kit_booking.domain.booking.status import HAD_KIT, Status
from kit_booking.models import Booking, HandedPart, Handover, Hold, Household, Photo
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.timeline.locks import bump_version, lock_booking
from kit_booking.services.timeline.moves import hold_again, record_change

CORRECTED = {Status.OUT: Status.APPROVED, Status.RETURNED: Status.OUT}
"""What a booking is after its wrong hand-over, or its wrong take-back, was corrected."""


class CorrectionResult(StrEnum):
    DONE = "done"
    STATUS = "status"
    """There is nothing to correct, or it was corrected before."""
    TAKEN = "taken"
    """Another household has the kit, has had it since, or has booked the time."""


@transaction
def correct_handover(
    session: Session, seen: SeenBooking, staff_id: int, reason: str, *, now: datetime
) -> CorrectionResult:
    """The kit did not go out, or did not come back: the booking is as it was, and the check of its parts goes."""
    booking = lock_booking(session, seen.code)
    if booking.status not in CORRECTED or booking.status is CORRECTED.get(seen.status):
        return CorrectionResult.STATUS
    if booking.seen != seen:
        raise BookingChanged(seen, booking.seen)
    if booking.status is Status.OUT:
        way = Direction.OUT
        early = update(Hold).where(Hold.booking_id == booking.id, Hold.from_at < booking.pick_up_at)
        session.execute(early.values(from_at=booking.pick_up_at))
    else:
        way = Direction.BACK
        from_at = now if now < booking.return_at else booking.pick_up_at
        if _went_on(session, booking) or not hold_again(session, booking, from_at, now=now):
            raise Rollback(CorrectionResult.TAKEN)
    of_handover = select(Handover.id).where(Handover.booking_id == booking.id, Handover.way == way).scalar_subquery()
    for table in (HandedPart, Photo):
        session.execute(delete(table).where(table.handover_id == of_handover))
    session.execute(delete(Handover).where(Handover.booking_id == booking.id, Handover.way == way))
    record_change(session, booking, CORRECTED[booking.status], Actor(staff_id=staff_id), now=now, reason=reason)
    return CorrectionResult.DONE


def _went_on(session: Session, booking: Booking) -> bool:
    """Whether a later booking had the kit, or one has it now."""
    later = exists().where(
        Booking.kit_id == booking.kit_id,
        Booking.id != booking.id,
        or_(Booking.status == Status.OUT, Booking.status.in_(HAD_KIT) & (Booking.pick_up_at > booking.pick_up_at)),
    )
    return bool(session.scalar(select(later)))


@transaction
def remove_strike(session: Session, seen: SeenBooking, staff_id: int, reason: str, *, now: datetime) -> bool:
    """What happened with this booking does not count against its household any more; False if it did not count."""
    booking = lock_booking(session, seen.code)
    if booking.strike_at is None:
        return False
    if booking.seen != seen:
        raise BookingChanged(seen, booking.seen)
    booking.strike_at = None
    booking.undo, booking.undo_until_at = None, None
    record_audit(
        session,
        "strike_removed",
        Actor(staff_id=staff_id),
        now=now,
        commune_id=booking.commune_id,
        booking_id=booking.id,
        household_id=booking.household_id,
        reason=reason,
    )
    bump_version(session, Household, booking.household_id)
    return True
