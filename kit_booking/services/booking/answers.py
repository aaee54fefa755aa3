"""What becomes of a request: approved, declined, given up, taken back, not collected; each one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.counter import Direction
from kit_booking.domain.messages import Kind
from kit_booking.domain.standing import is_late_to_cancel
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Handover
from kit_booking.services.audit import Actor
from kit_booking.services.timeline.closed_time import closed_spans
from kit_booking.services.timeline.locks import LockedBooking, lock_booking
from kit_booking.services.timeline.moves import move
from kit_booking.services.timeline.texts import queue_booking_text

WITHDRAWABLE = frozenset({Status.REQUESTED, Status.APPROVED})
CANCELLABLE = WITHDRAWABLE | {Status.OFFERED}


@dataclass(frozen=True)
class Outcome:
    """Whether the move was made; else the status that stood against it."""

    is_done: bool
    status: Status


@transaction
def approve(session: Session, code: str, staff_id: int, *, now: datetime) -> Outcome:
    """Staff say yes to a request whose time on air is not over."""
    locked = lock_booking(session, code)
    booking = locked.booking
    if booking.status != Status.REQUESTED or now >= booking.until_at:
        return Outcome(False, booking.status)
    return _done(session, locked, Status.APPROVED, Kind.APPROVED, Actor(staff_id=staff_id), now=now)


@transaction
def decline(session: Session, code: str, staff_id: int, reason: str, *, now: datetime) -> Outcome:
    """Staff say no to a request, with a reason that the household reads."""
    locked = lock_booking(session, code)
    if locked.booking.status != Status.REQUESTED:
        return Outcome(False, locked.booking.status)
    return _done(session, locked, Status.DECLINED, Kind.DECLINED, Actor(staff_id=staff_id), now=now, reason=reason)


@transaction
def withdraw(session: Session, code: str, household_id: int, *, now: datetime) -> Outcome:
    """The household gives its own booking up, until the pick-up; too late, that is a strike if it could have it."""
    locked = lock_booking(session, code)
    booking = locked.booking
    if booking.status not in WITHDRAWABLE or now >= booking.pick_up_at:
        return Outcome(False, booking.status)
    if is_late(locked, now=now) and not _is_endangered(session, booking, now=now):
        booking.strike_at = now
    return _done(session, locked, Status.CANCELLED, Kind.WITHDRAWN, Actor(household_id=household_id), now=now)


def is_late(locked: LockedBooking, *, now: datetime) -> bool:
    booking = locked.booking
    return is_late_to_cancel(
        pick_up_at=booking.pick_up_at,
        approved_at=booking.approved_at,
        moved_at=booking.moved_at,
        policy=locked.policy,
        now=now,
    )


def _is_endangered(session: Session, booking: Booking, *, now: datetime) -> bool:
    """The one before keeps the kit, or it is closed then: giving the booking up is not the household's fault."""
    kept = exists().where(
        Booking.kit_id == booking.kit_id,
        Booking.status == Status.OUT,
        Booking.return_at <= min(now, booking.pick_up_at),
    )
    return bool(
        session.scalar(select(kept)) or closed_spans(session, booking.kit_id, booking.pick_up_at, booking.return_at)
    )


@transaction
def cancel(session: Session, code: str, staff_id: int, reason: str, *, now: datetime) -> Outcome:
    """Staff take a booking back, with a reason that the household reads."""
    locked = lock_booking(session, code)
    if locked.booking.status not in CANCELLABLE:
        return Outcome(False, locked.booking.status)
    return _done(session, locked, Status.CANCELLED, Kind.CANCELLED, Actor(staff_id=staff_id), now=now, reason=reason)


@transaction
def mark_no_show(session: Session, code: str, staff_id: int, *, now: datetime) -> Outcome:
    """Nobody came for the kit: a strike, and what is left of its time comes free.

    No strike when the one before had the kit still: whoever came in time found none.
    """
    locked = lock_booking(session, code)
    booking = locked.booking
    back_at = session.scalar(
        select(func.max(Handover.happened_at))
        .join(Booking, Booking.id == Handover.booking_id)
        .where(
            Booking.kit_id == booking.kit_id,
            Handover.way == Direction.BACK,
            Handover.happened_at > booking.pick_up_at,
        )
    )
    if booking.status != Status.APPROVED or now < (back_at or booking.pick_up_at) + locked.policy.no_show:
        return Outcome(False, booking.status)
    if session.scalar(select(exists().where(Booking.kit_id == booking.kit_id, Booking.status == Status.OUT))):
        return Outcome(False, booking.status)  # The kit was not there to be collected.
    booking.strike_at = None if back_at else now
    return _done(session, locked, Status.NO_SHOW, Kind.NO_SHOW, Actor(staff_id=staff_id), now=now)


def _done(
    session: Session, locked: LockedBooking, status: Status, kind: Kind, by: Actor, *, now: datetime, reason: str = ""
) -> Outcome:
    move(session, locked.booking, status, by, now=now, reason=reason)
    queue_booking_text(session, kind, locked, now=now)
    return Outcome(True, status)
