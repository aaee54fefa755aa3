"""What several use cases that change a household do; each function takes their open session."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.register.household import ERASED_NAME
from kit_booking.models import Booking, FeedToken, Household, Kit, Message, MessageState
from kit_booking.services.timeline.locks import bump_version, later_second, lock
from kit_booking.services.timeline.offers import offer_text

CALENDAR_REACH = timedelta(days=40)
"""Calendars show no older bookings."""


def lock_household_and_kits(session: Session, *household_ids: int, now: datetime) -> Household:
    """Lock the kits of the bookings that calendars still show, then the households; returns the first of these."""
    kit_ids = select(Booking.kit_id).where(*_in_calendars(household_ids, now)).distinct()
    kits = set(session.scalars(kit_ids))
    lock(session, Kit, *kits)
    lock(session, Household, *household_ids)
    if booked_meanwhile := set(session.scalars(kit_ids)) - kits:
        lock(session, Kit, *booked_meanwhile)
    return session.get_one(Household, household_ids[0], populate_existing=True)


def _in_calendars(household_ids: Sequence[int], now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Booking.household_id.in_(household_ids), Booking.pick_up_at >= now - CALENDAR_REACH


def bump_household_calendar(session: Session, household_id: int, *, now: datetime) -> None:
    """Raise the versions of the household and of its bookings' kits, after a change of what these show of it.

    The bookings' own stay: in public calendars, which show no household, their events are what they were.
    """
    for kit_id in session.scalars(select(Booking.kit_id).where(*_in_calendars([household_id], now)).distinct()).all():
        bump_version(session, Kit, kit_id)
    bump_version(session, Household, household_id)
    household = session.get_one(Household, household_id)
    household.renamed_at = later_second(household.renamed_at, now)
    session.flush()


def revoke_feeds(session: Session, household_id: int, *, now: datetime) -> None:
    """End every private calendar address of the household."""
    session.execute(
        update(FeedToken)
        .where(FeedToken.household_id == household_id, FeedToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def redirect_queued_texts(session: Session, household: Household, *, now: datetime) -> None:
    """Send the household's queued texts to the number it has now; if it gets no texts, staff are to phone."""
    queued = (
        update(Message)
        .where(
            Message.state == MessageState.QUEUED,
            Message.kind != Kind.STAFF_DUE,
            Message.booking_id.in_(select(Booking.id).where(Booking.household_id == household.id)),
        )
        .execution_options(synchronize_session=False)
    )
    if household.gets_texts:
        session.execute(queued.values(to=household.phone))
    else:
        _start_offers(session, household, now=now)
        session.execute(queued.values(to=household.any_phone, state=MessageState.TO_PHONE, settled_at=now))


def _start_offers(session: Session, household: Household, *, now: datetime) -> None:
    """Let the offers whose texts will not be sent run from now on, because staff can phone about them."""
    unsent = (
        select(Message, Booking)
        .join(Booking, Booking.id == Message.booking_id)
        .where(
            Booking.household_id == household.id,
            Booking.status == Status.OFFERED,
            Message.kind == Kind.OFFER,
            Message.state == MessageState.QUEUED,
        )
        .execution_options(populate_existing=True)
    )
    for message, booking in session.execute(unsent).all():
        message.body = offer_text(session, booking, now=now)
    session.flush()


def clear_person(household: Household, *, now: datetime) -> None:
    """Empty every column that tells who it is, and end its sign-ins."""
    household.name, household.search = ERASED_NAME, ""
    household.phone = household.landline = household.village = household.consent_to = ""
    household.sells = household.streams_on = ""
    household.takes_texts = False
    household.session_version += 1
    household.erased_at = now
