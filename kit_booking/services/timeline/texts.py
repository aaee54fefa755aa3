"""Queueing a text: it goes into the outbox in the transaction that causes it, and the worker sends it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, update
from sqlalchemy.orm import Session

from kit_booking.database import settings_of
from kit_booking.domain.messages import Kind, MessageContext, booking_text, send_at, useful_until
from kit_booking.domain.policy import Policy
from kit_booking.models import Booking, Message, MessageState
from kit_booking.services.timeline.locks import LockedBooking


def queue_booking_text(
    session: Session,
    kind: Kind,
    locked: LockedBooking,
    *,
    now: datetime,
    due_at: datetime | None = None,
    to: str | None = None,
) -> bool:
    """Put a text about the booking into the outbox, to be sent when it is due.

    ``due_at`` is the deadline that the text names, ``to`` a number other than the household's. False when the
    household gets no texts: then the text is written down as one that staff have to tell by phone.
    """
    household = locked.household
    if kind is Kind.MOVED:
        _skip_unsent(session, locked.booking, kind, now=now)
    number = to or (household.phone if household.gets_texts else "")
    spoken = household.phone or household.landline
    return queue_text(session, kind, locked.booking, locked.context(due_at), number, spoken, locked.policy, now=now)


_add_message = insert(Message)


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
            "body": booking_text(kind, sms_name(session), context),
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


def sms_name(session: Session) -> str:
    """The sender's registered name, which begins every text; Vietnam's operators pass none without it."""
    return settings_of(session).sms_name
