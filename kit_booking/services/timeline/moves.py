"""The only writer of a booking's status, slot and hold after it was created.

Time that comes free is offered to those who wait for it in the same transaction. Whoever calls has locked the kit
and the household.
"""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kit_booking.domain.hours import Span
from kit_booking.domain.status import LIVE, Status, may_move
from kit_booking.models import Booking, Hold, Household, Kit, WaitingEntry, WaitingState
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.communes.slots import BookableSlot
from kit_booking.services.timeline.create import end_waiting_for, raise_unless_overlap
from kit_booking.services.timeline.locks import bump_version
from kit_booking.services.timeline.offers import release_time


def move(
    session: Session,
    booking: Booking,
    to_status: Status,
    by: Actor,
    *,
    now: datetime,
    reason: str = "",
    happened_at: datetime | None = None,
) -> None:
    """Make the one move. When the booking is live no more its hold goes, and what is left of it comes free.

    ``happened_at`` differs from ``now`` when it was written down later.
    """
    from_status = booking.status
    if not may_move(from_status, to_status):
        raise ValueError(f"a booking can't go from {from_status} to {to_status}")
    if to_status is Status.APPROVED:
        booking.approved_at = now
    record_change(session, booking, to_status, by, now=now, reason=reason, happened_at=happened_at)
    if from_status in LIVE and to_status not in LIVE:
        gone = session.execute(
            delete(Hold).where(Hold.booking_id == booking.id).returning(Hold.from_at, Hold.until_at)
        ).one_or_none()
        if gone:
            release_time(session, booking.kit_id, Span(gone.from_at, gone.until_at), now=now)
    if from_status is Status.OFFERED:  # Only now, or what staff took back would be offered to the same one again.
        _settle_entry(session, booking, to_status, by, now=now)


def record_change(
    session: Session,
    booking: Booking,
    to_status: Status,
    by: Actor,
    *,
    now: datetime,
    reason: str = "",
    happened_at: datetime | None = None,
) -> None:
    """Give a booking its status, which may be the one it has, raise all versions and write the audit entry."""
    from_status = booking.status
    booking.status = to_status
    booking.reason = reason
    booking.changed_at = now
    booking.version += 1
    session.flush()
    record_audit(
        session,
        to_status if to_status is not from_status else "changed",
        by,
        now=now,
        commune_id=booking.commune_id,
        booking_id=booking.id,
        happened_at=happened_at,
        from_status=from_status,
        reason=reason,
    )
    bump_version(session, Kit, booking.kit_id)
    bump_version(session, Household, booking.household_id)


def hold_again(session: Session, booking: Booking, *, now: datetime) -> bool:
    """Hold what is left of the booking's time once more; False when that is nobody's to give any more."""
    from_at = max(booking.pick_up_at, now)
    if from_at >= booking.return_at:
        return False
    try:
        with session.begin_nested():
            values = {"kit_id": booking.kit_id, "from_at": from_at, "until_at": booking.return_at}
            session.execute(insert(Hold).values(booking_id=booking.id, **values))
    except IntegrityError as error:
        raise_unless_overlap(error)
        return False
    return True


def hold_from(session: Session, booking: Booking, from_at: datetime) -> bool:
    """Hold the kit from an earlier moment on, at which it really goes out; False when it is not free by then."""
    try:
        with session.begin_nested():
            session.execute(update(Hold).where(Hold.booking_id == booking.id).values(from_at=from_at))
    except IntegrityError as error:
        raise_unless_overlap(error)
        return False
    return True


def reschedule(
    session: Session, booking: Booking, bookable: BookableSlot, by: Actor, *, now: datetime, reason: str
) -> bool:
    """Put the booking into another slot or on another kit, in one step; False when that was just taken.

    It stays the same booking, in the same status; both kits are locked. The one it had comes free.
    """
    kit, slot = bookable.kit, bookable.slot
    old_kit_id, old = booking.kit_id, Span(booking.pick_up_at, booking.return_at)
    try:
        with session.begin_nested():
            session.execute(
                update(Hold)
                .where(Hold.booking_id == booking.id)
                .values(kit_id=kit.id, from_at=slot.hold.from_at, until_at=slot.hold.until_at)
            )
    except IntegrityError as error:
        raise_unless_overlap(error)
        return False
    booking.commune_id, booking.kit_id = bookable.commune.id, kit.id
    booking.place_id = _place_of(session, kit.id)
    booking.day, booking.slot_name = slot.day, slot.name
    booking.from_at, booking.until_at = slot.on_air.from_at, slot.on_air.until_at
    booking.pick_up_at, booking.return_at = slot.hold.from_at, slot.hold.until_at
    record_change(session, booking, booking.status, by, now=now, reason=reason)
    if old_kit_id != kit.id:
        bump_version(session, Kit, old_kit_id)
    end_waiting_for(session, booking, now=now)
    release_time(session, old_kit_id, old, now=now)
    return True


def _settle_entry(session: Session, booking: Booking, to_status: Status, by: Actor, *, now: datetime) -> None:
    """What became of an offer decides what becomes of the place in the queue; taken back by staff, it stays."""
    entry = session.scalar(select(WaitingEntry).where(WaitingEntry.booking_id == booking.id))
    if entry is None:
        return
    if to_status is Status.CANCELLED and by.staff_id is not None:
        entry.state, entry.booking_id = WaitingState.WAITING, None
    else:
        entry.state = WaitingState.SERVED if to_status is Status.APPROVED else WaitingState.PASSED
        entry.ended_at = now
    session.flush()


_place = select(Kit.place_id).where(Kit.id == bindparam("kit_id"))


def _place_of(session: Session, kit_id: int) -> int:
    """Where the locked kit stands; the commune's facts were read before the lock, and it may just have been moved."""
    return int(session.connection().execute(_place, {"kit_id": kit_id}).scalar_one())
