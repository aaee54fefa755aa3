"""Writing the reminders that are due into the outbox."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from kit_booking.database import db, transaction
from kit_booking.domain.messages import booking_text, useful_until
from kit_booking.domain.policy import Policy
from kit_booking.domain.reminders import reminders
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Commune, Household, Kit, Message, Place
from kit_booking.services.steps import lock, slip_of, sms_name

AHEAD = timedelta(days=2)
"""No reminder is due earlier before the pick-up than from the start of the day before."""


def find_due(*, now: datetime) -> list[int]:
    """The ids of the bookings with a reminder to write; reads only, so that an idle worker locks nothing."""
    due = _due(db.session(), _upcoming(now), now=now)
    db.session.rollback()
    return sorted({values["booking_id"] for values in due})


@transaction
def write_due(session: Session, booking_id: int, *, now: datetime) -> None:
    """Put the booking's due reminders into the outbox; each once, however many workers try."""
    booking = session.get_one(Booking, booking_id)
    lock(session, Kit, booking.kit_id)
    session.refresh(booking)
    for values in _due(session, _upcoming(now).where(Booking.id == booking_id), now=now):
        session.execute(insert(Message).values(**values))


Upcoming = Select[tuple[Booking, Commune, Place, str]]


def _upcoming(now: datetime) -> Upcoming:
    return (
        select(Booking, Commune, Place, Household.phone)
        .join(Commune, Commune.id == Booking.commune_id)
        .join(Place, Place.id == Booking.place_id)
        .join(Household, Household.id == Booking.household_id)
        .where(Booking.status == Status.APPROVED, Booking.pick_up_at > now, Booking.pick_up_at <= now + AHEAD)
        .order_by(Booking.pick_up_at)
    )


def _due(session: Session, upcoming: Upcoming, *, now: datetime) -> list[dict[str, Any]]:
    """The outbox rows of the reminders that are due, still useful, and not written yet."""
    rows = session.execute(upcoming).all()
    written = {
        tuple(row)
        for row in session.execute(
            select(Message.booking_id, Message.kind, Message.pick_up_at, Message.kit_id).where(
                Message.booking_id.in_([booking.id for booking, *_ in rows])
            )
        )
    }
    return [
        {
            "kind": reminder.kind,
            "booking_id": booking.id,
            "kit_id": booking.kit_id,
            "pick_up_at": booking.pick_up_at,
            "to": phone,
            "body": booking_text(reminder.kind, sms_name(), slip_of(booking, commune, place)),
            "created_at": now,
            "due_at": reminder.due_at,
            "useful_until_at": useful_until(reminder.kind, now=now, pick_up_at=booking.pick_up_at),
        }
        for booking, commune, place, phone in rows
        for reminder in reminders(
            pick_up_at=booking.pick_up_at,
            approved_at=booking.approved_at,
            policy=Policy.of(commune.policy),
        )
        if reminder.due_at <= now < useful_until(reminder.kind, now=now, pick_up_at=booking.pick_up_at)
        and (booking.id, reminder.kind, booking.pick_up_at, booking.kit_id) not in written
    ]
