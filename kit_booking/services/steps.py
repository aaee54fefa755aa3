"""Steps that use cases share; each takes the open session of the transaction it is a part of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, bindparam, insert, select, update
from sqlalchemy.orm import Session

from kit_booking.database import upsert
from kit_booking.domain.messages import Kind, Slip, booking_text, send_at, useful_until
from kit_booking.domain.policy import Policy
from kit_booking.domain.status import IN_CALENDARS, Status
from kit_booking.models import (
    AuditEntry,
    Booking,
    BookingMove,
    Commune,
    Household,
    Kit,
    Message,
    MessageState,
    Place,
    Throttle,
)


@dataclass(frozen=True)
class Actor:
    """Who does something: a household, a member of staff, or, when neither is set, the system itself."""

    household_id: int | None = None
    staff_id: int | None = None


SYSTEM = Actor()


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

    def slip(self, due_at: datetime | None = None) -> Slip:
        """What the texts about the booking say; ``due_at`` is the deadline that they name."""
        commune, place = self.commune, self.place
        return slip_of(
            self.booking, commune=commune.name, place=place.name, office_phone=commune.phone, due_at=due_at
        )


def get_file(session: Session, code: str, *also_kits: int) -> File:
    """The booking of this code; locked in the order that all keep: its kit and those named, then the household."""
    found = session.execute(select(Booking.kit_id, Booking.household_id).where(Booking.code == code)).one()
    lock(session, Kit, found.kit_id, *also_kits)
    lock(session, Household, found.household_id)
    file = _file(session, _file_by_code, code)
    if file.booking.household_id != found.household_id:  # Joined to another one just before the lock was had.
        lock(session, Household, file.booking.household_id)
        file = _file(session, _file_by_code, code)
    if file.booking.kit_id != found.kit_id:  # Moved just before the lock was had.
        lock(session, Kit, file.booking.kit_id)
        file = _file(session, _file_by_code, code)
    return file


def file_of(session: Session, booking_id: int) -> File:
    """The file of a booking whose kit and household are locked already."""
    return _file(session, _file_by_id, booking_id)


_files = (
    select(Booking, Household, Commune, Place)
    .join(Household, Household.id == Booking.household_id)
    .join(Commune, Commune.id == Booking.commune_id)
    .join(Place, Place.id == Booking.place_id)
    .execution_options(populate_existing=True)
)
_file_by_code, _file_by_id = (_files.where(column == bindparam("key")) for column in (Booking.code, Booking.id))


def _file(session: Session, statement: Select[Any], key: str | int) -> File:
    return File(*session.execute(statement, {"key": key}).one())


def lock(session: Session, table: type[Kit] | type[Household], *row_ids: int) -> None:
    """Wait until no other transaction holds the rows, by their ids; SQLite has locked everything already."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(table.id).where(table.id.in_(row_ids)).order_by(table.id).with_for_update())


_add_move, _add_audit_entry, _add_message = insert(BookingMove), insert(AuditEntry), insert(Message)
_raise_version = {
    table: update(table).where(table.id == bindparam("row_id")).values(version=table.version + 1)
    for table in (Kit, Household)
}


def record(
    session: Session,
    booking: Booking,
    to_status: Status,
    by: Actor,
    *,
    now: datetime,
    reason: str = "",
    happened_at: datetime | None = None,
) -> None:
    """Give a booking its new status, and write it down."""
    from_status = Status(booking.status)
    booking.status = to_status
    booking.reason = reason
    booking.changed_at = now
    booking.version += 1
    session.flush()
    write_down(session, booking, by, now=now, from_status=from_status, happened_at=happened_at)
    raise_version(session, Kit, booking.kit_id)
    raise_version(session, Household, booking.household_id)


def write_down(
    session: Session,
    booking: Booking,
    by: Actor,
    *,
    now: datetime,
    from_status: Status | None,
    happened_at: datetime | None = None,
) -> None:
    """What a booking's status is now: history and audit line."""
    who = {"booking_id": booking.id, "household_id": by.household_id, "staff_id": by.staff_id}
    connection = session.connection()
    connection.execute(
        _add_move,
        {
            **who,
            "from_status": from_status,
            "to_status": booking.status,
            "happened_at": happened_at or now,
            "written_at": now,
            "reason": booking.reason,
        },
    )
    connection.execute(
        _add_audit_entry,
        {
            **who,
            "at": now,
            "action": booking.status if booking.status != from_status else "changed",
            "commune_id": booking.commune_id,
            "detail": booking.reason,
        },
    )


_touch_kit = _raise_version[Kit].returning(Kit.place_id)
_touch_household = (
    update(Household)
    .where(Household.id == bindparam("row_id"))
    .values(version=Household.version + 1, sells=bindparam("sells"), streams_on=bindparam("streams_on"))
    .returning(
        Household.commune_id,
        Household.erased_at,
        Household.lifted_at,
        Household.phone,
        Household.landline,
        Household.takes_texts,
        Household.bad_number_at,
    )
)


def touch_kit(session: Session, kit_id: int) -> int:
    """Lock the kit and raise its version; where it stands."""
    return int(session.connection().execute(_touch_kit, {"row_id": kit_id}).scalar_one())


def touch_household(session: Session, household_id: int, *, sells: str, streams_on: str) -> Any:
    """Lock the household, raise its version and keep what it sells, to be proposed the next time."""
    values = {"row_id": household_id, "sells": sells, "streams_on": streams_on}
    return session.connection().execute(_touch_household, values).one_or_none()


def raise_version(session: Session, table: type[Kit] | type[Household], row_id: int) -> None:
    """Say that what pages and feeds show of the kit or the household is another now."""
    session.flush()
    session.connection().execute(_raise_version[table], {"row_id": row_id})


def queue_booking_text(
    session: Session,
    kind: Kind,
    file: File,
    *,
    now: datetime,
    due_at: datetime | None = None,
    to: str | None = None,
) -> bool:
    """Put a text about the booking into the outbox, to be sent when it is due.

    ``due_at`` is the deadline that the text names, ``to`` a number other than the household's. False when the
    household gets no texts: then the text is written down as one that staff have to tell by phone.
    """
    household = file.household
    if kind is Kind.MOVED:
        _skip_unsent(session, file.booking, kind, now=now)
    number = to or (household.phone if household.gets_texts else "")
    spoken = household.phone or household.landline
    return queue_text(session, kind, file.booking, file.slip(due_at), number, spoken, file.policy, now=now)


def queue_text(
    session: Session,
    kind: Kind,
    booking: Booking,
    slip: Slip,
    number: str,
    spoken: str,
    policy: Policy,
    *,
    now: datetime,
) -> bool:
    """The same by what is known: to a number, or, when that is empty, to be told by phone at ``spoken``."""
    ends_at = useful_until(kind, now=now, pick_up_at=booking.pick_up_at)
    session.connection().execute(
        _add_message,
        {
            "kind": kind,
            "commune_id": booking.commune_id,
            "booking_id": booking.id,
            "kit_id": booking.kit_id,
            "pick_up_at": booking.pick_up_at,
            "to": number or spoken,
            "body": booking_text(kind, sms_name(), slip),
            "created_at": now,
            "due_at": send_at(kind, now=now, pick_up_at=booking.pick_up_at, policy=policy),
            "useful_until_at": booking.answer_by_at if kind is Kind.OFFER else ends_at,  # At the latest.
            "state": MessageState.QUEUED if number else MessageState.TO_PHONE,
            "settled_at": None if number else now,
        },
    )
    return bool(number)


def _skip_unsent(session: Session, booking: Booking, kind: Kind, *, now: datetime) -> None:
    """Not send what the next text of this kind says better: a booking can be moved twice in a night."""
    session.execute(
        update(Message)
        .where(Message.booking_id == booking.id, Message.kind == kind, Message.state == MessageState.QUEUED)
        .values(state=MessageState.SKIPPED, settled_at=now)
        .execution_options(synchronize_session=False)
    )


def slip_of(booking: Booking, *, commune: str, place: str, office_phone: str, due_at: datetime | None = None) -> Slip:
    """What the texts about the booking say."""
    return Slip(
        code=booking.code,
        commune=commune,
        place=place,
        from_at=booking.from_at,
        until_at=booking.until_at,
        pick_up_at=booking.pick_up_at,
        return_at=booking.return_at,
        office_phone=office_phone,
        reason=booking.reason,
        due_at=due_at,
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
        raise_version(session, Kit, row_id)
    households = select(Booking.household_id).where(shown).distinct().order_by(Booking.household_id)
    for row_id in session.scalars(households).all():
        lock(session, Household, row_id)
        raise_version(session, Household, row_id)
    session.execute(update(Booking).where(shown).values(version=Booking.version + 1, changed_at=now))
