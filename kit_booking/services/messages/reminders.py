"""Writing reminders into the outbox: before the pick-up, and once when the kit is an hour overdue."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, select, update
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction, upsert
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.reminders import Reminder, reminders
from kit_booking.domain.messages.texts import Kind, booking_text, useful_until
from kit_booking.domain.policy import Policy
from kit_booking.models import Booking, Commune, Household, Kit, Mark, Message, MessageState
from kit_booking.services.marks import RESTORED
from kit_booking.services.timeline.locks import lock, lock_booking, locked_booking
from kit_booking.services.timeline.texts import message_context, queue_booking_text, sms_name

AHEAD = timedelta(days=2)
"""No reminder is due earlier before the pick-up; narrows the search."""
OVERDUE_AFTER = timedelta(hours=1)


def _upcoming(now: datetime) -> ColumnElement[bool]:
    return and_(
        Booking.status == Status.APPROVED,
        Booking.pick_up_at > now,
        Booking.pick_up_at <= now + AHEAD,
        Booking.household_id == Household.id,
        Household.takes_texts,
        Household.phone != "",
        Household.bad_number_at.is_(None),
    )


def find_due(*, now: datetime) -> list[int]:
    """The ids of the bookings with a reminder to write; reads only, so that an idle worker locks nothing."""
    written = {
        tuple(row)
        for row in read(
            select(Message.booking_id, Message.kind, Message.kit_id, Message.pick_up_at)
            .join(Booking, Booking.id == Message.booking_id)
            .where(_upcoming(now))
        )
    }
    upcoming = read(
        select(Booking.id, Booking.kit_id, Booking.pick_up_at, *_TOLD_AT, Commune.policy)
        .join(Commune, Commune.id == Booking.commune_id)
        .where(_upcoming(now))
        .order_by(Booking.pick_up_at)
    )
    return [
        row.id
        for row in upcoming
        if any(
            (row.id, reminder.kind, row.kit_id, row.pick_up_at) not in written
            for reminder in _due(row, Policy.of(row.policy), now=now)
        )
    ]


_TOLD_AT = (Booking.approved_at, Booking.moved_at, Booking.chosen_at)
"""When the household was told of its slot: a move or a change counts like the approval."""


def _due(booking: Booking | Row[Any], policy: Policy, *, now: datetime) -> list[Reminder]:
    """The reminders of an approved booking that are due and still useful."""
    told_at = max(filter(None, (booking.approved_at, booking.moved_at, booking.chosen_at)))
    return [
        reminder
        for reminder in reminders(pick_up_at=booking.pick_up_at, approved_at=told_at, policy=policy)
        if reminder.due_at <= now < useful_until(reminder.kind, now=now, pick_up_at=booking.pick_up_at)
    ]


@transaction
def write_due(session: Session, booking_id: int, *, now: datetime) -> None:
    """Put the booking's due reminders into the outbox; each once, however many workers try."""
    lock(session, Kit, session.get_one(Booking, booking_id).kit_id)
    booking = locked_booking(session, booking_id)
    household = booking.household
    if booking.status != Status.APPROVED or not now < booking.pick_up_at <= now + AHEAD or not household.gets_texts:
        return
    restored_at = session.scalar(select(Mark.at).where(Mark.name == RESTORED, Mark.at <= now))
    for reminder in _due(booking, booking.policy, now=now):
        values: dict[str, Any] = {"created_at": now}
        if restored_at and reminder.due_at <= restored_at:  # It may have gone out in the time that was lost.
            values = {"created_at": reminder.due_at, "state": MessageState.UNKNOWN, "ask_at": now}
        session.execute(
            upsert(Message)
            .values(
                kind=reminder.kind,
                commune_id=booking.commune_id,
                booking_id=booking.id,
                kit_id=booking.kit_id,
                pick_up_at=booking.pick_up_at,
                to=household.phone,
                body=booking_text(reminder.kind, sms_name(session), message_context(booking)),
                due_at=reminder.due_at,
                **values,
                useful_until_at=useful_until(reminder.kind, now=now, pick_up_at=booking.pick_up_at),
            )
            .on_conflict_do_nothing()
        )


def find_overdue(*, now: datetime) -> list[str]:
    """The codes of bookings to remind of; reads only, so that an idle worker locks nothing."""
    overdue = select(Booking.code).where(_is_overdue(now)).order_by(Booking.return_at, Booking.id)
    return [row.code for row in read(overdue)]


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    was_written = exists().where(Message.booking_id == Booking.id, Message.kind == Kind.OVERDUE)
    return and_(Booking.status == Status.OUT, Booking.return_at <= now - OVERDUE_AFTER, ~was_written)


@transaction
def write_overdue(session: Session, code: str, *, now: datetime) -> None:
    """Queue the text; it waits for the end of the quiet hours, and is skipped when the kit is back by then.

    After a restore it is asked after first, because it may have gone out in the time that was lost.
    """
    booking = lock_booking(session, code)
    if session.scalar(select(Booking.id).where(Booking.id == booking.id, _is_overdue(now))):
        queue_booking_text(session, Kind.OVERDUE, booking, now=now)
        due_at = booking.return_at + OVERDUE_AFTER
        was_lost = exists().where(Mark.name == RESTORED, Mark.at >= due_at, Mark.at <= now)
        is_it = Message.booking_id == booking.id, Message.kind == Kind.OVERDUE
        session.execute(
            update(Message)
            .where(*is_it, Message.state == MessageState.QUEUED, was_lost)
            .values(state=MessageState.UNKNOWN, created_at=due_at, ask_at=now)
            .execution_options(synchronize_session=False)
        )
