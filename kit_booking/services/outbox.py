"""The outbox: claim a text, send it outside of any transaction, settle what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from kit_booking.adapters.sms import Sms
from kit_booking.database import read, transaction
from kit_booking.domain.messages import Kind, send_at, worth_sending
from kit_booking.domain.policy import Policy
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Commune, Message, MessageState
from kit_booking.services.moves import offer_text

LEASE = timedelta(minutes=2)
"""Much longer than any answer is waited for: a worker that is silent for so long is taken for dead."""

FAULT_WIDTH = 60
"""So much of a fault is kept; a file's name in it may be longer."""


@dataclass(frozen=True)
class Claim:
    """A text that this worker, and no other, may send now."""

    message_id: int
    worker: str
    sms: Sms


def is_something_due(*, now: datetime) -> bool:
    """Asked first, so that an idle worker never takes the write lock."""
    due = exists().where(Message.state == MessageState.QUEUED, Message.due_at <= now)
    return bool(read(select(due))[0][0])


def is_something_lost(*, now: datetime) -> bool:
    lost = exists().where(Message.state == MessageState.SENDING, Message.lease_until_at < now)
    return bool(read(select(lost))[0][0])


@transaction
def claim_next(session: Session, worker: str, *, now: datetime) -> Claim | None:
    """A code, or the text that waits longest, marked as sent before it is; what is no longer true is skipped."""
    due = (
        select(Message)
        .where(Message.state == MessageState.QUEUED, Message.due_at <= now)
        # Somebody waits for a code; a reminder can wait behind it.
        .order_by(Message.kind != Kind.LOGIN_CODE, Message.due_at, Message.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    while message := session.scalar(due):
        booking = session.get(Booking, message.booking_id) if message.booking_id else None
        if not _is_true(message, booking, now=now):
            message.state, message.settled_at = MessageState.SKIPPED, now
            _wipe_code(message)
        elif (due_at := _due_at(session, message, booking, now=now)) > now:
            message.due_at = due_at
        else:
            if booking and message.kind == Kind.OFFER:
                message.body = offer_text(session, booking, now=now)
            message.state = MessageState.SENDING
            message.lease_by, message.lease_until_at = worker, now + LEASE
            return Claim(
                message.id,
                worker,
                Sms(message.to, message.body, message.kind, valid_for=message.useful_until_at - now),
            )
        session.flush()
    return None


def _is_true(message: Message, booking: Booking | None, *, now: datetime) -> bool:
    """Whether the text still says what is so, and comes in time."""
    if now >= message.useful_until_at:
        return False
    if booking is None:
        return True
    same_slot = (booking.kit_id, booking.pick_up_at) == (message.kit_id, message.pick_up_at)
    return same_slot and worth_sending(Kind(message.kind), Status(booking.status))


def _due_at(session: Session, message: Message, booking: Booking | None, *, now: datetime) -> datetime:
    """Now; later for a text that was held up until the quiet hours."""
    if booking is None:
        return now
    policy = Policy.of(session.get_one(Commune, booking.commune_id).policy)
    return send_at(Kind(message.kind), now=now, policy=policy, pick_up_at=booking.pick_up_at)


def _wipe_code(message: Message) -> None:
    if message.kind == Kind.LOGIN_CODE:
        message.body = ""


@transaction
def settle(
    session: Session,
    claim: Claim,
    state: MessageState,
    *,
    now: datetime,
    provider_id: str | None = None,
    fault: str = "",
    again_at: datetime | None = None,
) -> bool:
    """Write down what came of sending; False when the lease had run out and another worker gave the text up."""
    message = session.scalar(
        select(Message)
        .where(
            Message.id == claim.message_id,
            Message.state == MessageState.SENDING,
            Message.lease_by == claim.worker,
        )
        .with_for_update()
    )
    if message is None:
        return False
    message.state, message.provider_id, message.fault = state, provider_id, fault[:FAULT_WIDTH]
    message.lease_by = message.lease_until_at = None
    if again_at:
        session.flush()
        session.execute(  # The way is closed for everybody's texts.
            update(Message)
            .where(Message.state == MessageState.QUEUED, Message.due_at < again_at)
            .values(due_at=again_at)
        )
    else:
        message.settled_at = now
        _wipe_code(message)
    return True


@transaction
def give_up_lost(session: Session, *, now: datetime) -> None:
    """What a dead worker was sending may have gone out or not: it becomes unknown and is never sent blindly."""
    lost = (
        select(Message)
        .where(Message.state == MessageState.SENDING, Message.lease_until_at < now)
        .with_for_update(skip_locked=True)
    )
    for message in session.scalars(lost):
        message.state, message.fault, message.settled_at = MessageState.UNKNOWN, "no answer", now
        _wipe_code(message)
