"""Handing a kit over and taking it back, with what was seen of its parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.counter import CheckedPart, Direction, TimeProblem, earliest_out, has_fault, time_problem
from kit_booking.domain.status import Status
from kit_booking.models import Booking, HandedPart, Handover, Photo
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.timeline.locks import LockedBooking, lock_booking
from kit_booking.services.timeline.moves import hold_again, hold_from, move

CAN_GO_OUT = frozenset({Status.APPROVED, Status.NO_SHOW})


@dataclass(frozen=True)
class Seen:
    """What the clerk ticked and wrote down."""

    parts: Sequence[CheckedPart]
    person: str = ""
    """Who came; empty: the household itself."""
    saw_id: bool = False
    note: str = ""
    happened_at: datetime | None = None
    """When it was, if it is written down later; None: now."""
    photos: Sequence[bytes] = ()
    """JPEG."""


class HandoverRefusal(StrEnum):
    STATUS = "status"
    """The booking is not in a status from which this can be done."""
    KIT_IS_OUT = "kit_is_out"
    NOT_FREE = "not_free"
    """Somebody else's booking stands on the kit's time line."""


@dataclass(frozen=True)
class HandoverResult:
    """Whether it is written down; else what stood against it."""

    status: Status
    refusal: HandoverRefusal | TimeProblem | None = None
    out_code: str = ""
    """The booking that still has the kit."""
    has_fault: bool = False

    @property
    def is_done(self) -> bool:
        return self.refusal is None


@transaction
def hand_over(session: Session, code: str, staff_id: int, seen: Seen, *, now: datetime) -> HandoverResult:
    """The kit goes out; also to somebody who came after all, as long as the time is still theirs to have."""
    locked = lock_booking(session, code)
    booking = locked.booking
    status, happened_at = booking.status, seen.happened_at or now
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
    if not _has_its_hold(session, booking, status, happened_at, now=now):
        return HandoverResult(status, HandoverRefusal.NOT_FREE)
    booking.strike_at = None
    move(session, booking, Status.OUT, Actor(staff_id=staff_id), now=now, happened_at=happened_at)
    return _write_down(session, locked, Direction.OUT, staff_id, seen, now=now)


def _has_its_hold(
    session: Session, booking: Booking, status: Status, happened_at: datetime, *, now: datetime
) -> bool:
    if status is Status.NO_SHOW:
        return hold_again(session, booking, now=now)
    return happened_at >= booking.pick_up_at or hold_from(session, booking, happened_at)


@transaction
def take_back(session: Session, code: str, staff_id: int, seen: Seen, *, now: datetime) -> HandoverResult:
    """The kit is back; when that is early, the rest of its time comes free."""
    locked = lock_booking(session, code)
    booking = locked.booking
    status, happened_at = booking.status, seen.happened_at or now
    if status is not Status.OUT:
        return HandoverResult(status, HandoverRefusal.STATUS)
    out_at = session.scalar(
        select(Handover.happened_at).where(Handover.booking_id == booking.id, Handover.way == Direction.OUT)
    )
    if problem := time_problem(happened_at, not_before=out_at or earliest_out(booking.pick_up_at), now=now):
        return HandoverResult(status, problem)
    move(session, booking, Status.RETURNED, Actor(staff_id=staff_id), now=now, happened_at=happened_at)
    return _write_down(session, locked, Direction.BACK, staff_id, seen, now=now)


def _write_down(
    session: Session, locked: LockedBooking, way: Direction, staff_id: int, seen: Seen, *, now: datetime
) -> HandoverResult:
    handover = Handover(
        booking_id=locked.booking.id,
        way=way,
        staff_id=staff_id,
        person=seen.person or locked.household.name,
        saw_id=seen.saw_id,
        note=seen.note,
        happened_at=seen.happened_at or now,
        written_at=now,
        has_fault=has_fault(seen.parts),
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
        for part in seen.parts
    )
    session.add_all(Photo(handover_id=handover.id, jpeg=jpeg) for jpeg in seen.photos)
    return HandoverResult(locked.booking.status, has_fault=handover.has_fault)


@transaction
def say_whether_usable(session: Session, code: str, staff_id: int, is_usable: bool, *, now: datetime) -> None:
    """The clerk's word on a kit that came back with a fault; the last word counts."""
    booking = session.scalars(select(Booking).where(Booking.code == code)).one()
    said = session.execute(
        update(Handover)
        .where(Handover.booking_id == booking.id, Handover.way == Direction.BACK, Handover.has_fault)
        .values(is_usable=is_usable)
        .returning(Handover.id)
    ).all()
    if said:
        record_audit(
            session,
            "kit_usable" if is_usable else "kit_unusable",
            Actor(staff_id=staff_id),
            now=now,
            commune_id=booking.commune_id,
            booking_id=booking.id,
        )


def forget_people(session: Session, of_bookings: ColumnElement[bool]) -> None:
    """Forget who came to the counter, what was noted of it, and the photos; what was there of the kit stays."""
    ids = select(Handover.id).join(Booking, Booking.id == Handover.booking_id).where(of_bookings)
    for statement in (
        delete(Photo).where(Photo.handover_id.in_(ids)),
        update(Handover).where(Handover.id.in_(ids)).values(person="", note=""),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
