"""The only writer of a booking's status, slot and hold after it was created.

Time that comes free is offered to those who wait for it in the same transaction. Whoever calls has locked the kit
and the household.
"""

from datetime import datetime

from sqlalchemy import Insert, Update, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kit_booking.domain.booking.status import LIVE, Status, may_move
from kit_booking.domain.time.closure import without
from kit_booking.domain.time.hours import Span
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
    kept_until_at: datetime | None = None,
) -> None:
    """Give the booking another status. When it is no longer live, its hold is deleted and its time offered.

    With ``kept_until_at`` its time is kept until then. ``happened_at`` is given when it is recorded later than it
    happened.
    """
    from_status = booking.status
    if not may_move(from_status, to_status):
        raise ValueError(f"a booking can't go from {from_status} to {to_status}")
    if to_status is Status.APPROVED:
        booking.approved_at = now
    record_change(session, booking, to_status, by, now=now, reason=reason, happened_at=happened_at)
    if from_status in LIVE and to_status not in LIVE:
        if kept_until_at:
            kept = {"booking_id": None, "kept_for_id": booking.id, "kept_until_at": kept_until_at}
            session.execute(update(Hold).where(Hold.booking_id == booking.id).values(kept))
        elif hold := session.execute(
            delete(Hold).where(Hold.booking_id == booking.id).returning(Hold.from_at, Hold.until_at)
        ).one_or_none():
            release_time(session, booking.kit_id, Span(hold.from_at, hold.until_at), lost_by=booking, now=now)
    if from_status is Status.OFFERED:
        _end_offer(session, booking, to_status, by, now=now)


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
    booking.undo, booking.undo_until_at = None, None
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


def hold_again(session: Session, booking: Booking, from_at: datetime, *, now: datetime) -> bool:
    """Hold the booking's time again, as far as it is after this instant; False when it is over or not free."""
    span = Span(max(booking.pick_up_at, from_at), booking.return_at)
    values = {"booking_id": booking.id, "kit_id": booking.kit_id, "from_at": span.from_at, "until_at": span.until_at}
    statement = insert(Hold).values(values)
    return span.from_at < span.until_at and _write_hold(session, statement, booking.kit_id, span, booking, now=now)


def hold_from(session: Session, booking: Booking, from_at: datetime, *, now: datetime) -> bool:
    """Begin the booking's hold earlier, when the kit really goes out; False when it is not free then.

    Time that is kept for an undo is free: the kit itself is there.
    """
    statement = update(Hold).where(Hold.booking_id == booking.id).values(from_at=from_at)
    return _write_hold(session, statement, booking.kit_id, Span(from_at, booking.pick_up_at), None, now=now)


def _write_hold(
    session: Session, statement: Insert | Update, kit_id: int, span: Span, booking: Booking | None, *, now: datetime
) -> bool:
    """Execute the statement, which holds ``span``; False, and nothing changed, when another hold overlaps.

    What is kept of this time for the booking, or without one for any, is kept no longer.
    """
    kept = and_(Hold.kit_id == kit_id, Hold.from_at < span.until_at, Hold.until_at > span.from_at)
    of_whom = Hold.kept_for_id == booking.id if booking else Hold.kept_for_id.is_not(None)
    try:
        with session.begin_nested():
            freed = session.execute(
                delete(Hold).where(kept, of_whom).returning(Hold.from_at, Hold.until_at),
                execution_options={"synchronize_session": False},
            ).all()
            session.execute(statement)
    except IntegrityError as error:
        raise_unless_overlap(error)
        return False
    for row in freed:
        release_time(session, kit_id, Span(*row), now=now)
    return True


def _keep(session: Session, booking: Booking, kit_id: int, span: Span, until_at: datetime) -> None:
    """Keep the time on this kit, which the booking had."""
    own = [Span(booking.pick_up_at, booking.return_at)] if booking.kit_id == kit_id else []
    for rest in without([span], own):
        values = {"kit_id": kit_id, "from_at": rest.from_at, "until_at": rest.until_at}
        session.execute(insert(Hold).values(**values, kept_for_id=booking.id, kept_until_at=until_at))


def reschedule(
    session: Session,
    booking: Booking,
    bookable: BookableSlot,
    by: Actor,
    *,
    now: datetime,
    reason: str,
    kept_until_at: datetime | None = None,
) -> bool:
    """Move the booking to another slot or kit of the commune, in the same status; False when that was just taken.

    Both kits are locked. The time that it had comes free, or is kept as by `move`.
    """
    kit, slot = bookable.kit, bookable.slot
    old_kit_id, old_span = booking.kit_id, Span(booking.pick_up_at, booking.return_at)
    values = {"kit_id": kit.id, "from_at": slot.hold.from_at, "until_at": slot.hold.until_at}
    statement = update(Hold).where(Hold.booking_id == booking.id).values(values)
    if not _write_hold(session, statement, kit.id, slot.hold, booking, now=now):
        return False
    # Read under the lock: the facts are older, and the kit may have moved to another place.
    booking.place_id = session.scalars(select(Kit.place_id).where(Kit.id == kit.id)).one()
    booking.commune_id, booking.kit_id = bookable.commune.id, kit.id
    booking.day, booking.slot_name = slot.day, slot.name
    booking.from_at, booking.until_at = slot.on_air.from_at, slot.on_air.until_at
    booking.pick_up_at, booking.return_at = slot.hold.from_at, slot.hold.until_at
    booking.is_peak = slot.is_peak
    record_change(session, booking, booking.status, by, now=now, reason=reason)
    if old_kit_id != kit.id:
        bump_version(session, Kit, old_kit_id)
    end_waiting_for(session, booking, now=now)
    if kept_until_at:
        _keep(session, booking, old_kit_id, old_span, kept_until_at)
    else:
        release_time(session, old_kit_id, old_span, now=now)
    return True


def _end_offer(session: Session, booking: Booking, to_status: Status, by: Actor, *, now: datetime) -> None:
    """Give the waiting entry of an answered offer its state; when staff cancelled the offer, it waits again."""
    entry = session.scalar(select(WaitingEntry).where(WaitingEntry.booking_id == booking.id))
    if entry is None:
        return
    if to_status is Status.CANCELLED and by.staff_id is not None:
        entry.state, entry.booking_id = WaitingState.WAITING, None
    else:
        entry.state = WaitingState.SERVED if to_status is Status.APPROVED else WaitingState.PASSED
        entry.ended_at = now
    session.flush()
