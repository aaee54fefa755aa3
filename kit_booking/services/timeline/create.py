"""Creating a booking with its hold."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kit_booking.database import TryAgain
from kit_booking.domain.booking.refusals import CODE_LETTERS
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking, Hold, WaitingEntry, WaitingState
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.communes.slots import BookableSlot

_add_hold = insert(Hold)
_columns = Booking.__table__.columns
_later = {"id", "strike_at", "moved_at", "chosen_at", "undo_until_at", "undo", "version"}
_given = [column for column in _columns if column.name not in _later]
# Not ON CONFLICT DO NOTHING, which SQLAlchemy compiles anew at each call.
_add_booking = (
    insert(Booking)
    .from_select(
        _given,
        select(*(bindparam(column.name, type_=column.type) for column in _given)).where(
            ~exists().where(_columns.code == bindparam("code", type_=_columns.code.type))
        ),
    )
    .returning(*_columns)
)


class SlotTaken(Exception):
    """The database refused the hold, because another one overlaps it."""


def raise_unless_overlap(error: IntegrityError) -> None:
    """Return for the refusal of an overlapping hold; raise any other error again."""
    if "ex_hold_overlap" not in str(error.orig):
        raise error


def create_booking(
    session: Session,
    bookable: BookableSlot,
    place_id: int,
    household_id: int,
    status: Status,
    by: Actor,
    *,
    now: datetime,
    answer_by_at: datetime,
    remind_staff_at: datetime | None = None,
    sells: str = "",
    streams_on: str = "",
    reason: str = "",
) -> Row[Any]:
    """Write a booking, its hold and its history; the columns of the new row.

    One that is returned already, as paper registers have them, is over and holds nothing.
    The caller has locked the kit, which stands at ``place_id``, and the household, and has raised their versions.
    Raises ``SlotTaken``; the caller then rolls back at least to before the call.
    """
    kit, slot = bookable.kit, bookable.slot
    values = {
        "commune_id": bookable.commune.id,
        "place_id": place_id,
        "kit_id": kit.id,
        "household_id": household_id,
        "status": status,
        "day": slot.day,
        "slot_name": slot.name,
        "from_at": slot.on_air.from_at,
        "until_at": slot.on_air.until_at,
        "pick_up_at": slot.hold.from_at,
        "return_at": slot.hold.until_at,
        "is_peak": slot.is_peak,
        "sells": sells,
        "streams_on": streams_on,
        "asked_at": min(now, slot.hold.from_at),
        "answer_by_at": answer_by_at,
        "remind_staff_at": remind_staff_at,
        "approved_at": now if status is Status.APPROVED else None,
        "changed_at": now,
        "reason": reason,
    }
    connection = session.connection()
    booking = _with_new_code(session, kit.code, values)
    if status is not Status.RETURNED:
        times = {"from_at": slot.hold.from_at, "until_at": slot.hold.until_at}
        try:
            connection.execute(_add_hold, {"booking_id": booking.id, "kit_id": kit.id, **times})
        except IntegrityError as error:
            raise_unless_overlap(error)
            raise SlotTaken from error
    record_audit(session, status, by, now=now, commune_id=booking.commune_id, booking_id=booking.id, reason=reason)
    if status is not Status.OFFERED:
        end_waiting_for(session, booking, now=now)
    return booking


def _with_new_code(session: Session, kit_code: str, values: dict[str, Any]) -> Row[Any]:
    """Insert the booking under an unused code: the commune's two letters and three more, or up to five.

    Raises ``TryAgain`` for a code that another transaction has committed since the statement began.
    """
    connection, letters = session.connection(), kit_code.partition("-")[0][:2]
    for length in (3, 3, 3, 4, 4, 5, 5, 5):
        code = letters + "".join(secrets.choice(CODE_LETTERS) for _ in range(length))
        try:
            booking = connection.execute(_add_booking, {"code": code, **values}).one_or_none()
        except IntegrityError as error:
            if "uq_booking_code" not in str(error.orig):
                raise
            raise TryAgain from error
        if booking:
            return booking
    raise RuntimeError(f"no free code for {letters}")


_serve = (
    update(WaitingEntry)
    .where(
        WaitingEntry.household_id == bindparam("of_household"),
        WaitingEntry.commune_id == bindparam("of_commune"),
        WaitingEntry.day == bindparam("of_day"),
        WaitingEntry.slot_name == bindparam("of_slot"),
        WaitingEntry.state == WaitingState.WAITING,
    )
    .values(state=WaitingState.SERVED, ended_at=bindparam("now"))
)


def end_waiting_for(session: Session, booking: Booking | Row[Any], *, now: datetime) -> None:
    """End the household's waiting for the slot that it now has."""
    values = {
        "of_household": booking.household_id,
        "of_commune": booking.commune_id,
        "of_day": booking.day,
        "of_slot": booking.slot_name,
        "now": now,
    }
    session.connection().execute(_serve, values)
