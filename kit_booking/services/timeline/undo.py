"""Undo: taking back the office's last action on a booking for two minutes, as if it had not happened.

What an action changes is found by comparing the rows of the booking before and after it, so that a new action
needs no undo of its own. Until then the time that it took from the booking is kept, and texts about it wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Date, Enum, Table, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kit_booking.database import Base, UtcDateTime, read, transaction
from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.domain.booking.status import UNDO_TIME, Status
from kit_booking.domain.time.hours import Span
from kit_booking.models import Booking, HandedPart, Handover, Hold, Household, Kit, Message, Photo, WaitingEntry
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.timeline.create import raise_unless_overlap
from kit_booking.services.timeline.locks import bump_version, lock, lock_booking
from kit_booking.services.timeline.offers import release_time

_NOT_UNDONE = {"id", "version", "changed_at", "undo_until_at", "undo", "is_usable"}
"""Columns that an undo leaves alone: versions only rise, and whether a kit can be lent is said apart."""


class UndoResult(StrEnum):
    DONE = "done"
    TOO_LATE = "too_late"
    """Two minutes have passed, or it was undone before."""
    CHANGED = "changed"
    """Somebody has done something with the booking since."""
    QUEUE = "queue"
    """The household was offered another slot since, or left the queue."""
    PHONED = "phoned"
    """The household was phoned about it."""
    TAKEN = "taken"
    """The kit is with another household by now."""


_WHY = {"waiting_entry": UndoResult.QUEUE, "message": UndoResult.PHONED, "hold": UndoResult.TAKEN}


def _rows_of(booking: Booking) -> list[tuple[type[Base], ColumnElement[bool]]]:
    """The tables in which an action on the booking changes rows, and which rows those are."""
    return [
        (Booking, Booking.id == booking.id),
        (Hold, or_(Hold.booking_id == booking.id, Hold.kept_for_id == booking.id)),
        (WaitingEntry, WaitingEntry.household_id == booking.household_id),
        (Message, Message.booking_id == booking.id),
        (Handover, Handover.booking_id == booking.id),
    ]


Rows = dict[tuple[str, int], dict[str, Any]]
"""Rows by table and id, each a dictionary of values as JSON."""


def _image(session: Session, booking: Booking) -> Rows:
    session.flush()
    image: Rows = {}
    for model, condition in _rows_of(booking):
        table = Base.metadata.tables[model.__tablename__]
        for row in session.execute(select(table).where(condition)).mappings():
            values = {column.name: _as_json(row[column]) for column in table.c if column.name not in _NOT_UNDONE}
            image[table.name, row[table.c.id]] = values
    return image


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _from_json(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    if value is None:
        return None
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return kind.enum_class(value) if isinstance(kind, Enum) and kind.enum_class else value


def _digest(values: dict[str, Any] | None) -> str:
    return sha256(repr(values).encode()).hexdigest()[:16] if values else ""


@contextmanager
def can_be_undone(session: Session, booking: Booking, by: Actor, *, now: datetime) -> Iterator[datetime | None]:
    """Remember what the block, if staff do it, changes, so that `undo` can take it back. The booking is locked.

    The block gets the moment until which the time that it frees is to be kept; None if it can't be undone.
    """
    if by.staff_id is None:
        yield None
        return
    before = _image(session, booking)
    yield now + UNDO_TIME
    after = _image(session, booking)
    booking.undo = [
        [*key, before.get(key), _digest(after.get(key))]
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]
    booking.undo_until_at = now + UNDO_TIME
    session.flush()


@transaction
def undo(session: Session, seen: SeenBooking, staff_id: int, *, now: datetime) -> UndoResult:
    """Take back the office's last action on the booking, unless somebody has done something since."""
    kept = select(Hold.kit_id).join(Booking, Booking.id == Hold.kept_for_id).where(Booking.code == seen.code)
    booking = lock_booking(session, seen.code, *session.scalars(kept))
    if not booking.can_be_undone(now):
        return UndoResult.TOO_LATE
    if booking.seen != seen:
        return UndoResult.CHANGED
    changes = booking.undo or []
    present = _image(session, booking)
    for table_name, row_id, _before, digest in changes:
        if _digest(present.get((table_name, row_id))) != digest:
            return _WHY.get(table_name, UndoResult.CHANGED)
    if booking.status is Status.RETURNED and is_out(session, booking.kit_id):
        return UndoResult.TAKEN
    taken = [present.get((table_name, row_id)) for table_name, row_id, *_ in changes if table_name == "hold"]
    freed = [_time(hold) for hold in taken if hold and hold["booking_id"]]
    try:
        with session.begin_nested():
            _restore(session, changes)
    except IntegrityError as error:
        raise_unless_overlap(error)
        return UndoResult.TAKEN
    undone = booking.status
    session.refresh(booking)
    booking.undo, booking.undo_until_at = None, None
    booking.changed_at, booking.version = now, booking.version + 1
    record_audit(
        session,
        "undone",
        Actor(staff_id=staff_id),
        now=now,
        commune_id=booking.commune_id,
        booking_id=booking.id,
        from_status=undone,
        status=booking.status,
    )
    bump_version(session, Household, booking.household_id)
    for kit_id in sorted({booking.kit_id, *(kit_id for kit_id, _ in freed)}):
        bump_version(session, Kit, kit_id)
    for kit_id, span in freed:  # What the action had taken, as the new slot of a move.
        release_time(session, kit_id, span, now=now)
    return UndoResult.DONE


def is_out(session: Session, kit_id: int) -> bool:
    """Whether a household has the kit."""
    return bool(session.scalar(select(exists().where(Booking.kit_id == kit_id, Booking.status == Status.OUT))))


def _time(hold: dict[str, Any]) -> tuple[int, Span]:
    """The kit's id and the time of a hold."""
    return hold["kit_id"], Span(datetime.fromisoformat(hold["from_at"]), datetime.fromisoformat(hold["until_at"]))


def _restore(session: Session, changes: list[Any]) -> None:
    """Delete what was added, then give the other rows their values of before; a hold makes room for another."""
    tables = Base.metadata.tables
    for table_name, row_id, before, _digest_after in changes:
        if before is None:
            if table_name == "handover":
                for part in (HandedPart, Photo):
                    session.execute(delete(part).where(part.handover_id == row_id))
            session.execute(delete(tables[table_name]).where(tables[table_name].c.id == row_id))
    for table_name, row_id, before, digest in changes:
        if before is not None:
            table = tables[table_name]
            values = {name: _from_json(table, name, value) for name, value in before.items()}
            if digest:
                session.execute(update(table).where(table.c.id == row_id).values(values))
            else:
                session.execute(insert(table).values(id=row_id, **values))


@transaction
def keep_no_longer(session: Session, hold_id: int, *, now: datetime) -> None:
    """Free time that was kept for an undo, and offer it."""
    hold = session.get(Hold, hold_id)
    if hold is None:
        return
    lock(session, Kit, hold.kit_id)
    row = session.execute(
        delete(Hold)
        .where(Hold.id == hold_id, Hold.kept_until_at <= now)
        .returning(Hold.kit_id, Hold.from_at, Hold.until_at)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row:
        bump_version(session, Kit, row.kit_id)
        booking = session.get(Booking, hold.kept_for_id)
        release_time(session, row.kit_id, Span(row.from_at, row.until_at), lost_by=booking, now=now)


def find_kept(*, now: datetime) -> list[int]:
    """The ids of holds whose time is kept no longer."""
    return [row.id for row in read(select(Hold.id).where(Hold.kept_until_at <= now).order_by(Hold.kept_until_at))]


def find_over(*, now: datetime) -> list[int]:
    """The ids of bookings whose last action can't be undone any more."""
    return [row.id for row in read(select(Booking.id).where(Booking.undo_until_at <= now))]


@transaction
def forget(session: Session, booking_id: int, *, now: datetime) -> None:
    """Delete what was remembered for an action that can't be undone any more."""
    session.execute(
        update(Booking)
        .where(Booking.id == booking_id, Booking.undo_until_at <= now)
        .values(undo=None, undo_until_at=None)
    )
