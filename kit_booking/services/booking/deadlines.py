"""Lapsing of requests and offers, and reminding clerks; each step is safe to run twice."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.deadlines import grace_until
from kit_booking.domain.time.hours import WeeklyHours
from kit_booking.models import Booking, Commune, Role, Staff, StaffRole, WaitingEntry, WaitingState
from kit_booking.services.audit import SYSTEM
from kit_booking.services.marks import find_mark
from kit_booking.services.timeline.closed_time import closed_spans
from kit_booking.services.timeline.locks import lock_booking
from kit_booking.services.timeline.moves import move
from kit_booking.services.timeline.standing import booked
from kit_booking.services.timeline.texts import queue_booking_text


@dataclass(frozen=True)
class Due:
    """The codes of bookings, and the ids of waiting entries, that a step is due for."""

    lapsing: list[str]
    to_remind_of: list[str]
    waiting_over: list[int]


def find_due(*, now: datetime) -> Due:
    """Reads only, so that an idle worker locks nothing."""
    rows = read(
        select(Booking.code, Booking.answer_by_at, Commune.office_hours)
        .join(Commune, Commune.id == Booking.commune_id)
        .where(
            or_(
                and_(Booking.status.in_((Status.REQUESTED, Status.OFFERED)), Booking.answer_by_at <= now),
                and_(Booking.status == Status.REQUESTED, Booking.remind_staff_at <= now),
            )
        )
        .order_by(Booking.answer_by_at, Booking.id)
    )
    back_at = find_mark("back", now=now)
    over = select(WaitingEntry.id).where(WaitingEntry.state == WaitingState.WAITING, WaitingEntry.until_at <= now)
    return Due(
        lapsing=[
            row.code for row in rows if row.answer_by_at <= now and not _in_grace(back_at, row.office_hours, now=now)
        ],
        to_remind_of=[row.code for row in rows if row.answer_by_at > now],
        waiting_over=[row.id for row in read(over)],
    )


def _in_grace(back_at: datetime | None, office_hours: list[list[str] | None], *, now: datetime) -> bool:
    """After an outage of the worker, nothing lapses before people had time to answer."""
    return back_at is not None and now < grace_until(back_at, WeeklyHours.of(office_hours))


@transaction
def lapse(session: Session, code: str, *, now: datetime) -> None:
    """Lapse an unanswered request or offer; a request is approved instead where the commune's policy says so."""
    booking = lock_booking(session, code)
    if booking.answer_by_at > now:
        return
    if booking.status == Status.OFFERED:
        move(session, booking, Status.LAPSED, SYSTEM, now=now)
    elif booking.status == Status.REQUESTED and _approves_on_silence(session, booking, now=now):
        move(session, booking, Status.APPROVED, SYSTEM, now=now)
        queue_booking_text(session, Kind.APPROVED, booking, now=now)
    elif booking.status == Status.REQUESTED:
        move(session, booking, Status.LAPSED, SYSTEM, now=now)
        queue_booking_text(session, Kind.LAPSED, booking, now=now)


def _approves_on_silence(session: Session, booking: Booking, *, now: datetime) -> bool:
    """Whether the policy approves unanswered requests, the household is not paused, and the kit is not closed."""
    policy = booking.policy
    if not policy.approve_on_silence or now >= booking.pick_up_at:
        return False
    if closed_spans(session, booking.kit_id, booking.pick_up_at, booking.return_at):
        return False
    has = booked(
        session, booking.household_id, booking.pick_up_at, commune_id=booking.commune_id, policy=policy, now=now
    )
    return has.standing.pause is None


@transaction
def remind_staff(session: Session, code: str, *, now: datetime) -> None:
    """Text the commune's clerks, once, when half of the time to answer a request is over."""
    booking = lock_booking(session, code)
    if booking.status != Status.REQUESTED or booking.remind_staff_at is None or booking.remind_staff_at > now:
        return
    booking.remind_staff_at = None
    mobiles = session.scalars(
        select(Staff.mobile)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(
            StaffRole.commune_id == booking.commune_id,
            StaffRole.role == Role.CLERK,
            Staff.is_active,
            Staff.mobile != "",
        )
        .distinct()
    ).all()
    for mobile in mobiles:
        queue_booking_text(session, Kind.STAFF_DUE, booking, now=now, due_at=booking.answer_by_at, to=mobile)
