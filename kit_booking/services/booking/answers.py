"""Approving, declining, withdrawing and cancelling a booking, and marking a no-show; each one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import Booking, Handover
from kit_booking.services.audit import Actor
from kit_booking.services.booking.withdrawal import withdrawal_in
from kit_booking.services.timeline.closed_time import is_in_closed_time
from kit_booking.services.timeline.locks import lock_seen
from kit_booking.services.timeline.moves import move
from kit_booking.services.timeline.standing import booked
from kit_booking.services.timeline.texts import queue_booking_text
from kit_booking.services.timeline.undo import can_be_undone

WITHDRAWABLE = frozenset({Status.REQUESTED, Status.APPROVED})
CANCELLABLE = WITHDRAWABLE | {Status.OFFERED}


@dataclass(frozen=True)
class AnswerResult:
    """Whether the status was changed, and the status that the booking has now."""

    is_done: bool
    status: Status
    is_closed: bool = False
    """Not done, because a closure stands in its time and no reason was given to go on."""


@transaction
def approve(session: Session, seen: SeenBooking, staff_id: int, reason: str = "", *, now: datetime) -> AnswerResult:
    """Staff approve a request whose time on air is not over; in closed time only with a reason."""
    booking = lock_seen(session, seen, Status.APPROVED)
    if booking.status != Status.REQUESTED or now >= booking.until_at:
        return AnswerResult(False, booking.status)
    if not reason and is_in_closed_time(session, booking):
        return AnswerResult(False, booking.status, is_closed=True)
    return _done(session, booking, Status.APPROVED, Kind.APPROVED, Actor(staff_id=staff_id), now=now, reason=reason)


@transaction
def decline(session: Session, seen: SeenBooking, staff_id: int, reason: str, *, now: datetime) -> AnswerResult:
    """Staff decline a request, with a reason that the household reads."""
    booking = lock_seen(session, seen, Status.DECLINED)
    if booking.status != Status.REQUESTED:
        return AnswerResult(False, booking.status)
    return _done(session, booking, Status.DECLINED, Kind.DECLINED, Actor(staff_id=staff_id), now=now, reason=reason)


@transaction
def withdraw(
    session: Session, seen: SeenBooking, household_id: int, *, unless_strike: bool = False, now: datetime
) -> AnswerResult:
    """The household gives up its booking before the pick-up; late, that is a strike, unless the kit isn't there.

    With ``unless_strike``, for a household that was told it would be no strike, the booking stays as it is when it
    would be one by now.
    """
    booking = lock_seen(session, seen, Status.CANCELLED)
    if booking.status not in WITHDRAWABLE or now >= booking.pick_up_at:
        return AnswerResult(False, booking.status)
    is_strike = withdrawal_in(session, booking, now=now).is_strike
    if is_strike and unless_strike:
        return AnswerResult(False, booking.status)
    by, strike_at = Actor(household_id=household_id), now if is_strike else None
    return _done(session, booking, Status.CANCELLED, Kind.WITHDRAWN, by, now=now, strike_at=strike_at)


@transaction
def cancel(session: Session, seen: SeenBooking, staff_id: int, reason: str, *, now: datetime) -> AnswerResult:
    """Staff cancel a booking, with a reason that the household reads."""
    booking = lock_seen(session, seen, Status.CANCELLED)
    if booking.status not in CANCELLABLE or booking.is_over(now):
        return AnswerResult(False, booking.status)
    return _done(session, booking, Status.CANCELLED, Kind.CANCELLED, Actor(staff_id=staff_id), now=now, reason=reason)


@transaction
def mark_no_show(session: Session, seen: SeenBooking, staff_id: int, *, now: datetime) -> AnswerResult:
    """Nobody came for the kit: a strike, and the rest of the booking's time comes free.

    No strike when the kit came back from the booking before only after this one's pick-up.
    """
    booking = lock_seen(session, seen, Status.NO_SHOW)
    back_at = session.scalar(
        select(func.max(Handover.happened_at))
        .join(Booking, Booking.id == Handover.booking_id)
        .where(
            Booking.kit_id == booking.kit_id,
            Handover.way == Direction.BACK,
            Handover.happened_at > booking.pick_up_at,
        )
    )
    if booking.status != Status.APPROVED or now < (back_at or booking.pick_up_at) + booking.policy.no_show:
        return AnswerResult(False, booking.status)
    if session.scalar(select(exists().where(Booking.kit_id == booking.kit_id, Booking.status == Status.OUT))):
        return AnswerResult(False, booking.status)  # The kit was not there.
    strike_at = None if back_at else now
    by = Actor(staff_id=staff_id)
    return _done(session, booking, Status.NO_SHOW, Kind.NO_SHOW, by, now=now, strike_at=strike_at)


def _done(
    session: Session,
    booking: Booking,
    status: Status,
    kind: Kind,
    by: Actor,
    *,
    now: datetime,
    reason: str = "",
    strike_at: datetime | None = None,
) -> AnswerResult:
    with can_be_undone(session, booking, by, now=now) as until_at:
        booking.strike_at = strike_at
        move(session, booking, status, by, now=now, reason=reason, kept_until_at=until_at)
        queue_booking_text(session, kind, booking, now=now)
        if strike_at:
            _tell_of_pause(session, booking, now=now)
    return AnswerResult(True, status)


def _tell_of_pause(session: Session, booking: Booking, *, now: datetime) -> None:
    """A text when this strike pauses the household's requests."""
    at, home, policy = booking.pick_up_at, booking.commune_id, booking.policy
    pause = booked(session, booking.household_id, at, commune_id=home, policy=policy, now=now).standing.pause
    if pause and pause.from_at == now:
        queue_booking_text(session, Kind.PAUSED, booking, now=now, due_at=pause.until_at)
