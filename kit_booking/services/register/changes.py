"""Steps of the use cases that change a household; each takes the open session of the transaction it is a part of."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session

from kit_booking.domain.household import ERASED_NAME
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import Status
from kit_booking.models import AuditEntry, Booking, FeedToken, Household, Kit, Message, MessageState
from kit_booking.services.audit import Actor
from kit_booking.services.timeline.locks import bump_version, lock
from kit_booking.services.timeline.offers import offer_text


def lock_household_and_kits(session: Session, *household_ids: int, now: datetime) -> Household:
    """The first of the households, locked with the others, after the kits of what feeds still show of them."""
    shown = select(Booking.kit_id).where(*_is_shown(household_ids, now)).distinct()
    kits = set(session.scalars(shown))
    lock(session, Kit, *kits)
    lock(session, Household, *household_ids)
    if booked_meanwhile := set(session.scalars(shown)) - kits:
        lock(session, Kit, *booked_meanwhile)
    return session.get_one(Household, household_ids[0], populate_existing=True)


SHOWN_BACK = timedelta(days=40)
"""Calendars show no older bookings."""


def _is_shown(household_ids: Sequence[int], now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Booking.household_id.in_(household_ids), Booking.pick_up_at >= now - SHOWN_BACK


def bump_household_calendar(session: Session, household_id: int, *, now: datetime) -> None:
    """Say to pages and calendars that the household's bookings are shown with other words now."""
    changed = (
        update(Booking)
        .where(*_is_shown([household_id], now))
        .values(version=Booking.version + 1, changed_at=now)
        .returning(Booking.kit_id)
    )
    for kit_id in sorted(set(session.scalars(changed))):
        bump_version(session, Kit, kit_id)
    bump_version(session, Household, household_id)


def revoke_feeds(session: Session, household_id: int, *, now: datetime) -> None:
    """End every private calendar address of the household."""
    session.execute(
        update(FeedToken)
        .where(FeedToken.household_id == household_id, FeedToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def queued_texts_go_to(session: Session, household: Household, *, now: datetime) -> None:
    """Send what waits in the outbox for the household to the number it has now, or have staff phone it."""
    waiting = (
        update(Message)
        .where(
            Message.state == MessageState.QUEUED,
            Message.kind != Kind.STAFF_DUE,
            Message.booking_id.in_(select(Booking.id).where(Booking.household_id == household.id)),
        )
        .execution_options(synchronize_session=False)
    )
    if household.gets_texts:
        session.execute(waiting.values(to=household.phone))
    else:
        _start_offers(session, household, now=now)
        number = household.phone or household.landline
        values = {"to": number, "state": MessageState.TO_PHONE, "settled_at": now}
        session.execute(waiting.values(values))


def _start_offers(session: Session, household: Household, *, now: datetime) -> None:
    """Start the clocks of the offers whose texts will not be sent: from now on staff can tell them."""
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


def audit(session: Session, action: str, household: Household, by: Actor, *, now: datetime, detail: str = "") -> None:
    """Write down what was done to a household."""
    session.execute(
        insert(AuditEntry).values(
            at=now,
            action=action,
            commune_id=household.commune_id,
            household_id=household.id,
            staff_id=by.staff_id,
            detail=detail[:200],
        )
    )


def empty(household: Household, *, now: datetime) -> None:
    """Take the person out of the row: who it was is not known any more, nor who is signed in as it."""
    household.name, household.search = ERASED_NAME, ""
    household.phone = household.landline = household.village = household.consent_to = ""
    household.sells = household.streams_on = ""
    household.takes_texts = False
    household.session_version += 1
    household.erased_at = now
