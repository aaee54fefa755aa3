"""The outbox: claim a text, send it outside of any transaction, settle what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from kit_booking.adapters.sms import Sms
from kit_booking.database import read, transaction
from kit_booking.domain.messages import Kind, worth_sending
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Message, MessageState

LEASE = timedelta(minutes=2)
"""Much longer than any answer is waited for: a worker that is silent for so long is taken for dead."""


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
    """The text that waits longest, marked as being sent before it is; what is no longer true is skipped."""
    due = (
        select(Message)
        .where(Message.state == MessageState.QUEUED, Message.due_at <= now)
        .order_by(Message.due_at, Message.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    while message := session.scalar(due):
        if _is_true(session, message, now=now):
            message.state = MessageState.SENDING
            message.lease_by, message.lease_until_at = worker, now + LEASE
            return Claim(
                message.id,
                worker,
                Sms(message.to, message.body, message.kind, valid_for=message.useful_until_at - now),
            )
        message.state, message.settled_at = MessageState.SKIPPED, now
        _wipe_code(message)
        session.flush()
    return None


def _is_true(session: Session, message: Message, *, now: datetime) -> bool:
    """Whether the text still says what is so, and comes in time."""
    if now >= message.useful_until_at:
        return False
    if message.booking_id is None:
        return True
    booking = session.get_one(Booking, message.booking_id)
    same_slot = (booking.kit_id, booking.pick_up_at) == (message.kit_id, message.pick_up_at)
    return same_slot and worth_sending(Kind(message.kind), Status(booking.status))


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
    message.state, message.provider_id, message.fault = state, provider_id, fault
    message.lease_by = message.lease_until_at = None
    if again_at:
        message.due_at = again_at
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
