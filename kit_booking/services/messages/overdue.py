"""Telling a household, once, that its kit should have been back an hour ago."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Message
from kit_booking.services.timeline.locks import lock_booking
from kit_booking.services.timeline.texts import queue_booking_text

PATIENCE = timedelta(hours=1)
"""Whoever is on the way, or stands at a counter where nobody has written it down yet, need not be told."""


def find_due(*, now: datetime) -> list[str]:
    """The codes of bookings to tell of; reads only, so that an idle worker locks nothing."""
    rows = read(select(Booking.code).where(_is_due(now)).order_by(Booking.return_at, Booking.id))
    return [row.code for row in rows]


def _is_due(now: datetime) -> ColumnElement[bool]:
    told = exists().where(Message.booking_id == Booking.id, Message.kind == Kind.OVERDUE)
    return and_(Booking.status == Status.OUT, Booking.return_at <= now - PATIENCE, ~told)


@transaction
def tell(session: Session, code: str, *, now: datetime) -> None:
    """Queue the text; it waits for the end of the quiet hours, and is skipped when the kit is back by then."""
    locked = lock_booking(session, code)
    if session.scalar(select(Booking.id).where(Booking.id == locked.booking.id, _is_due(now))):
        queue_booking_text(session, Kind.OVERDUE, locked, now=now)
