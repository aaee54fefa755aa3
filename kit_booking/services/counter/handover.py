"""Handing a kit over and taking it back, with the check of its parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from kit_booking.database import Rollback, transaction
from kit_booking.domain.booking.counter import (
    CheckedPart,
    Direction,
    TimeProblem,
    earliest_out,
    has_fault,
    time_problem,
)
from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking, HandedPart, Handover, Photo
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.timeline.closed_time import is_in_closed_time
from kit_booking.services.timeline.locks import lock_seen
from kit_booking.services.timeline.moves import hold_again, hold_from, move
from kit_booking.services.timeline.undo import can_be_undone

CAN_GO_OUT = frozenset({Status.APPROVED, Status.NO_SHOW})


@dataclass(frozen=True)
class KitCheck:
    """What the clerk ticked and wrote when a kit went out or came back."""

    parts: Sequence[CheckedPart]
    person: str = ""
    """Who came; empty: the household itself."""
    saw_id: bool = False
    note: str = ""
    happened_at: datetime | None = None
    """None: now."""
    photos: Sequence[bytes] = ()
    """JPEG."""


class HandoverRefusal(StrEnum):
    STATUS = "status"
    """The booking is not in a status from which this can be done."""
    KIT_IS_OUT = "kit_is_out"
    CLOSED = "closed"
    """A closure stands in the booking's time, and the note does not say why the kit goes out."""
    NOT_FREE = "not_free"
    """Another hold overlaps the booking's time."""


@dataclass(frozen=True)
class HandoverResult:
    """The booking's status; ``refusal`` is None when the handover was written."""

    status: Status
    refusal: HandoverRefusal | TimeProblem | None = None
    out_code: str = ""
    """The code of the booking that still has the kit, for ``KIT_IS_OUT``."""
    has_fault: bool = False

    @property
    def is_done(self) -> bool:
        return self.refusal is None


@transaction
def hand_over(
    session: Session, seen: SeenBooking, staff_id: int, check: KitCheck, *, now: datetime
) -> HandoverResult:
    """The kit goes out; after a no-show too, while the rest of the booking's time is free."""
    booking = lock_seen(session, seen, Status.OUT)
    status, happened_at = booking.status, check.happened_at or now
    if status not in CAN_GO_OUT:
        return HandoverResult(status, HandoverRefusal.STATUS)
    if out_code := session.scalar(
        select(Booking.code).where(Booking.kit_id == booking.kit_id, Booking.status == Status.OUT)
    ):
        return HandoverResult(status, HandoverRefusal.KIT_IS_OUT, out_code)
    if problem := time_problem(
        happened_at, not_before=earliest_out(booking.pick_up_at), before=booking.return_at, now=now
    ):
        return HandoverResult(status, problem)
    if not check.note and is_in_closed_time(session, booking):
        return HandoverResult(status, HandoverRefusal.CLOSED)
    by = Actor(staff_id=staff_id)
    with can_be_undone(session, booking, by, now=now):
        if status is Status.NO_SHOW:
            is_held = hold_again(session, booking, now, now=now)
        else:
            is_held = happened_at >= booking.pick_up_at or hold_from(session, booking, happened_at, now=now)
        if not is_held:
            raise Rollback(HandoverResult(status, HandoverRefusal.NOT_FREE))
        booking.strike_at = None
        move(session, booking, Status.OUT, by, now=now, happened_at=happened_at)
        return _add_handover(session, booking, Direction.OUT, staff_id, check, now=now)


@transaction
def take_back(
    session: Session, seen: SeenBooking, staff_id: int, check: KitCheck, *, now: datetime
) -> HandoverResult:
    """The kit is back; when that is early, the rest of the booking's time comes free."""
    booking = lock_seen(session, seen, Status.RETURNED)
    status, happened_at = booking.status, check.happened_at or now
    if status is not Status.OUT:
        return HandoverResult(status, HandoverRefusal.STATUS)
    out_at = session.scalar(
        select(Handover.happened_at).where(Handover.booking_id == booking.id, Handover.way == Direction.OUT)
    )
    if problem := time_problem(happened_at, not_before=out_at or earliest_out(booking.pick_up_at), now=now):
        return HandoverResult(status, problem)
    by = Actor(staff_id=staff_id)
    with can_be_undone(session, booking, by, now=now) as until_at:
        move(session, booking, Status.RETURNED, by, now=now, happened_at=happened_at, kept_until_at=until_at)
        return _add_handover(session, booking, Direction.BACK, staff_id, check, now=now)


def _add_handover(
    session: Session, booking: Booking, way: Direction, staff_id: int, check: KitCheck, *, now: datetime
) -> HandoverResult:
    handover = Handover(
        booking_id=booking.id,
        way=way,
        staff_id=staff_id,
        person=check.person or booking.household.name,
        saw_id=check.saw_id,
        note=check.note,
        happened_at=check.happened_at or now,
        written_at=now,
        has_fault=has_fault(check.parts),
    )
    session.add(handover)
    session.flush()
    session.add_all(
        HandedPart(
            handover_id=handover.id,
            name=part.name,
            expected=part.expected,
            count=part.count,
            is_broken=part.is_broken,
        )
        for part in check.parts
    )
    session.add_all(Photo(handover_id=handover.id, jpeg=jpeg) for jpeg in check.photos)
    return HandoverResult(booking.status, has_fault=handover.has_fault)


@transaction
def say_whether_usable(session: Session, code: str, staff_id: int, is_usable: bool, *, now: datetime) -> None:
    """Record whether a kit that came back with a fault can be lent again; the last answer counts."""
    booking = session.scalars(select(Booking).where(Booking.code == code)).one()
    changed = session.execute(
        update(Handover)
        .where(Handover.booking_id == booking.id, Handover.way == Direction.BACK, Handover.has_fault)
        .values(is_usable=is_usable)
        .returning(Handover.id)
    ).all()
    if changed:
        record_audit(
            session,
            "kit_usable" if is_usable else "kit_unusable",
            Actor(staff_id=staff_id),
            now=now,
            commune_id=booking.commune_id,
            booking_id=booking.id,
        )


def forget_people(session: Session, of_bookings: ColumnElement[bool]) -> None:
    """Erase persons, notes and photos of these bookings' handovers; the parts stay."""
    ids = select(Handover.id).join(Booking, Booking.id == Handover.booking_id).where(of_bookings)
    for statement in (
        delete(Photo).where(Photo.handover_id.in_(ids)),
        update(Handover).where(Handover.id.in_(ids)).values(person="", note=""),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
