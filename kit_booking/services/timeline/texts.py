"""Writing a text about a booking into the outbox, in the transaction that causes it; the worker sends it."""

from dataclasses import replace
from datetime import datetime, time
from typing import Any

from sqlalchemy import Row, bindparam, case, func, insert, select, update
from sqlalchemy.orm import Session

from kit_booking.database import UtcDateTime, settings_of
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import (
    MOST_OWN,
    OWN_ACTS,
    REPLACED,
    Kind,
    MessageContext,
    booking_text,
    send_at,
    useful_until,
)
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.models import Booking, Message, MessageState

_add_message = insert(Message)
_columns = Message.__table__.columns
_own_today = (
    select(func.count(Message.id))
    .join(Booking, Booking.id == Message.booking_id)
    .where(
        Booking.household_id == bindparam("household_id"),
        Booking.pick_up_at > bindparam("since_at", type_=UtcDateTime),
        Message.kind.in_(OWN_ACTS),
        Message.created_at >= bindparam("since_at", type_=UtcDateTime),
    )
    .scalar_subquery()
)
_has_enough = _own_today >= MOST_OWN
_add_own_text = insert(Message).values(
    state=case((_has_enough, MessageState.SKIPPED.value), else_=bindparam("state", type_=_columns.state.type)),
    settled_at=case((_has_enough, bindparam("now", type_=UtcDateTime)), else_=None),
)
"""A text that the household caused, skipped if it has caused enough of them today: its page tells it."""


def message_context(booking: Booking, due_at: datetime | None = None) -> MessageContext:
    """The values of the texts about a booking loaded as by `lock_booking`; ``due_at`` is the deadline they name."""
    commune = booking.commune
    context = context_of(booking, commune.name, booking.place.name_in_texts, commune.phone, due_at)
    return replace(context, strikes=booking.policy.strikes)


def context_of(
    booking: Booking | Row[Any], commune: str, place: str, office_phone: str, due_at: datetime | None = None
) -> MessageContext:
    """The values of the texts from the columns of a booking and the names that it does not hold itself."""
    return MessageContext(
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
        is_pending=booking.status == Status.REQUESTED,
    )


def queue_booking_text(
    session: Session,
    kind: Kind,
    booking: Booking,
    *,
    now: datetime,
    due_at: datetime | None = None,
    to: str | None = None,
) -> bool:
    """Put a text about a booking, loaded as by `lock_booking`, into the outbox, to be sent when it is due.

    ``due_at`` is the deadline that the text names, ``to`` a number other than the household's. False when the
    household gets no texts: then the text is written as one that staff have to tell by phone.
    """
    household = booking.household
    if kind in REPLACED:
        _skip_unsent(session, booking, now=now)
    number = to or (household.phone if household.gets_texts else "")
    spoken, context = household.phone or household.landline, message_context(booking, due_at)
    return queue_text(session, kind, booking, context, number, spoken, booking.policy, now=now)


def queue_text(
    session: Session,
    kind: Kind,
    booking: Booking | Row[Any],
    context: MessageContext,
    number: str,
    spoken: str,
    policy: Policy,
    *,
    now: datetime,
) -> bool:
    """Queue a text about the booking from its columns; without a ``number`` staff tell it by phone, at ``spoken``."""
    ends_at = useful_until(kind, now=now, pick_up_at=booking.pick_up_at)
    values = {
        "kind": kind,
        "commune_id": booking.commune_id,
        "booking_id": booking.id,
        "kit_id": booking.kit_id,
        "pick_up_at": booking.pick_up_at,
        "to": number or spoken,
        "body": booking_text(kind, sms_name(session), context),
        "created_at": now,
        "due_at": send_at(kind, now=now, pick_up_at=booking.pick_up_at, policy=policy),
        "useful_until_at": booking.answer_by_at if kind is Kind.OFFER else ends_at,
        "state": MessageState.QUEUED if number else MessageState.TO_PHONE,
        "settled_at": None if number else now,
    }
    if number and kind in OWN_ACTS:
        had_enough = {"household_id": booking.household_id, "since_at": local(local_day(now), time()), "now": now}
        session.connection().execute(_add_own_text, values | had_enough)
    else:
        session.connection().execute(_add_message, values)
    return bool(number)


def _skip_unsent(session: Session, booking: Booking, *, now: datetime) -> None:
    """Skip the queued texts that the next one replaces: a booking can be moved twice in a night, and back."""
    session.execute(
        update(Message)
        .where(Message.booking_id == booking.id, Message.kind.in_(REPLACED), Message.state == MessageState.QUEUED)
        .values(state=MessageState.SKIPPED, settled_at=now)
        .execution_options(synchronize_session=False)
    )


def sms_name(session: Session) -> str:
    """The sender's registered name, with which every text must begin in Vietnam."""
    return settings_of(session).sms_name
