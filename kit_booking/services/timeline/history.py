"""What happened to a booking: one line in its history and one in the audit list."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert
from sqlalchemy.orm import Session

from kit_booking.domain.status import Status
from kit_booking.models import AuditEntry, Booking, BookingMove, Household, Kit
from kit_booking.services.audit import Actor
from kit_booking.services.timeline.locks import bump_version

_add_move, _add_audit_entry = insert(BookingMove), insert(AuditEntry)


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
    bump_version(session, Kit, booking.kit_id)
    bump_version(session, Household, booking.household_id)


def write_down(
    session: Session,
    booking: Booking | Row[Any],
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
