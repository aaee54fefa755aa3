"""Steps that use cases share; each takes the open session of the transaction it is a part of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from kit_booking.database import upsert
from kit_booking.domain.messages import Kind, Slip, booking_text, send_at, useful_until
from kit_booking.domain.policy import Policy
from kit_booking.domain.status import IN_CALENDARS, LIVE, Status, may_move
from kit_booking.models import (
    AuditEntry,
    Booking,
    BookingMove,
    Commune,
    Hold,
    Household,
    Kit,
    Message,
    Place,
    Throttle,
)


@dataclass(frozen=True)
class Actor:
    """Who does something: a household, a member of staff, or, when neither is set, the system itself."""

    household_id: int | None = None
    staff_id: int | None = None


@dataclass(frozen=True)
class File:
    """A booking with all that a use case needs of it, its kit's and its household's rows locked."""

    booking: Booking
    household: Household
    commune: Commune
    place: Place

    @property
    def policy(self) -> Policy:
        return Policy.of(self.commune.policy)


def get_file(session: Session, code: str) -> File:
    """The booking of this code; locks in the order that all keep: the kit, then the household."""
    found = session.execute(select(Booking.kit_id, Booking.household_id).where(Booking.code == code)).one()
    lock(session, Kit, found.kit_id)
    lock(session, Household, found.household_id)
    row = session.execute(
        select(Booking, Household, Commune, Place)
        .join(Household, Household.id == Booking.household_id)
        .join(Commune, Commune.id == Booking.commune_id)
        .join(Place, Place.id == Booking.place_id)
        .where(Booking.code == code)
    ).one()
    return File(*row)


def lock(session: Session, table: type[Kit] | type[Household], row_id: int) -> None:
    """Wait until no other transaction holds the row; SQLite has locked everything already."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(table.id).where(table.id == row_id).with_for_update())


# Made once and run without the ORM, because making statements takes most of the time that asking takes.
_add_move, _add_audit_entry, _add_message = (insert(t) for t in (BookingMove, AuditEntry, Message))
_raise_version_of_kit, _raise_version_of_household = (
    update(t).where(t.id == bindparam("row_id")).values(version=t.version + 1) for t in (Kit, Household)
)


def move(
    session: Session,
    booking: Booking,
    to_status: Status,
    by: Actor,
    *,
    now: datetime,
    reason: str = "",
    is_new: bool = False,
) -> None:
    """Make the one move: status, history and audit line, versions; the hold goes when the booking is live no more."""
    from_status = None if is_new else booking.status
    if from_status and not may_move(from_status, to_status):
        raise ValueError(f"a booking can't go from {from_status} to {to_status}")
    booking.status = to_status
    booking.reason = reason
    booking.changed_at = now
    booking.version = 0 if is_new else booking.version + 1
    session.flush()
    connection = session.connection()
    connection.execute(
        _add_move,
        {
            "booking_id": booking.id,
            "from_status": from_status,
            "to_status": to_status,
            "household_id": by.household_id,
            "staff_id": by.staff_id,
            "happened_at": now,
            "written_at": now,
            "reason": reason,
        },
    )
    connection.execute(
        _add_audit_entry,
        {
            "at": now,
            "action": to_status,
            "commune_id": booking.commune_id,
            "booking_id": booking.id,
            "household_id": by.household_id,
            "staff_id": by.staff_id,
            "detail": reason,
        },
    )
    connection.execute(_raise_version_of_kit, {"row_id": booking.kit_id})
    connection.execute(_raise_version_of_household, {"row_id": booking.household_id})
    if to_status not in LIVE:
        session.execute(delete(Hold).where(Hold.booking_id == booking.id))


def queue_booking_text(session: Session, kind: Kind, file: File, *, now: datetime) -> None:
    """Put a text about the booking into the outbox, to be sent when it is due."""
    booking = file.booking
    slip = slip_of(booking, file.commune, file.place)
    session.connection().execute(
        _add_message,
        {
            "kind": kind,
            "booking_id": booking.id,
            "kit_id": booking.kit_id,
            "pick_up_at": booking.pick_up_at,
            "to": file.household.phone,
            "body": booking_text(kind, sms_name(), slip),
            "created_at": now,
            "due_at": send_at(kind, now=now, pick_up_at=booking.pick_up_at, policy=file.policy),
            "useful_until_at": useful_until(kind, now=now, pick_up_at=booking.pick_up_at),
        },
    )


def slip_of(booking: Booking, commune: Commune, place: Place) -> Slip:
    return Slip(
        code=booking.code,
        commune=commune.name,
        place=place.name,
        from_at=booking.from_at,
        until_at=booking.until_at,
        pick_up_at=booking.pick_up_at,
        return_at=booking.return_at,
        office_phone=commune.phone,
        reason=booking.reason,
    )


def count_try(session: Session, key: str, window: timedelta, *, now: datetime) -> int:
    """How often this was tried in the running window of time, this try included."""
    window_at = datetime.fromtimestamp(now.timestamp() // window.total_seconds() * window.total_seconds(), now.tzinfo)
    counted = upsert(Throttle).values(key=key, window_at=window_at, count=1)
    return session.execute(
        counted.on_conflict_do_update(
            index_elements=["key", "window_at"], set_={"count": Throttle.count + 1}
        ).returning(Throttle.count)
    ).scalar_one()


def sms_name() -> str:
    """The sender's registered name; operators pass no text without it."""
    return str(current_app.extensions["settings"].sms_name)


RETOLD = timedelta(days=31)
"""A calendar shows bookings for so long after their pick-up, and a day more is not too much."""


def retold(session: Session, which: ColumnElement[bool], *, now: datetime) -> None:
    """Let calendars notice that what they say of these bookings has another name now.

    For whoever renames a place, a kit, a commune or a household, or gives an office another number: a program
    that has seen an event takes its new words only with a higher SEQUENCE.
    """
    shown = and_(which, Booking.status.in_(IN_CALENDARS), Booking.pick_up_at >= now - RETOLD)
    for row_id in session.scalars(select(Booking.kit_id).where(shown).distinct().order_by(Booking.kit_id)).all():
        lock(session, Kit, row_id)
        session.execute(_raise_version_of_kit, {"row_id": row_id})
    households = select(Booking.household_id).where(shown).distinct().order_by(Booking.household_id)
    for row_id in session.scalars(households).all():
        lock(session, Household, row_id)
        session.execute(_raise_version_of_household, {"row_id": row_id})
    session.execute(update(Booking).where(shown).values(version=Booking.version + 1, changed_at=now))
