"""Raising the versions of bookings whose names changed, so that calendars take the new words."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from kit_booking.domain.status import IN_CALENDARS
from kit_booking.models import Booking, Household, Kit
from kit_booking.services.timeline.locks import bump_version, lock

SHOWN_BACK = timedelta(days=31)
"""Feeds show bookings for a month after their pick-up; a day more does no harm."""


def bump_calendar_versions(session: Session, which: ColumnElement[bool], *, now: datetime) -> None:
    """Let calendars notice that what they say of these bookings has another name now.

    For whoever renames a place, a kit, a commune or a household, or gives an office another number: a program
    that has seen an event takes its new words only with a higher SEQUENCE.
    """
    shown = and_(which, Booking.status.in_(IN_CALENDARS), Booking.pick_up_at >= now - SHOWN_BACK)
    for row_id in session.scalars(select(Booking.kit_id).where(shown).distinct().order_by(Booking.kit_id)).all():
        lock(session, Kit, row_id)
        bump_version(session, Kit, row_id)
    households = select(Booking.household_id).where(shown).distinct().order_by(Booking.household_id)
    for row_id in session.scalars(households).all():
        lock(session, Household, row_id)
        bump_version(session, Household, row_id)
    session.execute(update(Booking).where(shown).values(version=Booking.version + 1, changed_at=now))
