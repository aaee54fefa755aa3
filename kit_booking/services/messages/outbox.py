"""The outbox: claiming a text for a worker, which sends it outside of any transaction, and recording the result."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select
from sqlalchemy.orm import Session

from kit_booking.adapters.sms import (
    Report,
    Sms,
    SmsDelayed,
    SmsFault,
    SmsMisconfigured,
    SmsProblem,
    SmsRefused,
)
from kit_booking.database import read, settings_of, transaction
from kit_booking.domain.messages.delivery import LIMIT_ERRORS, Meaning
from kit_booking.domain.messages.delivery import MessageState as State
from kit_booking.domain.messages.texts import SAYS_WHERE, Kind, booking_text, send_at
from kit_booking.domain.policy import Policy
from kit_booking.domain.text import sms_segments
from kit_booking.models import Booking, Commune, Household, Message, PauseReason, SendingPause
from kit_booking.services.messages import states
from kit_booking.services.messages.states import FAULT_WIDTH, change, is_valid
from kit_booking.services.timeline.locks import locked_booking
from kit_booking.services.timeline.offers import offer_text, reset_offer
from kit_booking.services.timeline.texts import message_context, sms_name

SOON = timedelta(seconds=30)
"""After this a login code is tried again that the account's limit has held back."""


@dataclass(frozen=True)
class Claim:
    """A text that this worker, and no other, may send now."""

    message_id: int
    worker: str
    tries: int
    hand_over_by_at: datetime
    """Until when it may be handed to the provider, so that the answer comes before the lease ends."""
    sms: Sms


def find_work(*, now: datetime) -> Row[Any]:
    """A row of the booleans ``to_send``, ``lost`` and ``to_ask``; only reads, so an idle worker locks nothing."""
    lost = exists().where(Message.state == State.SENDING, Message.lease_until_at < now)
    to_ask = exists().where(Message.ask_at.is_not(None), Message.ask_at <= now)
    to_send = exists().where(_is_sendable(now))
    return read(select(to_send.label("to_send"), lost.label("lost"), to_ask.label("to_ask")))[0]


def _is_sendable(now: datetime) -> ColumnElement[bool]:
    """Due, nothing that the office can still undo, and sending is not paused.

    A pause for the account's limit does not hold back login codes.
    """

    def is_paused(*reasons: PauseReason) -> ColumnElement[bool]:
        return exists().where(SendingPause.reason.in_(reasons), SendingPause.until_at > now)

    return and_(
        Message.state == State.QUEUED,
        Message.due_at <= now,
        ~exists().where(Booking.id == Message.booking_id, Booking.undo_until_at > now),
        ~is_paused(PauseReason.SETUP, PauseReason.BUSY),
        or_(Message.kind == Kind.LOGIN_CODE, ~is_paused(PauseReason.LIMIT)),
    )


@transaction
def claim_next(session: Session, worker: str, *, now: datetime) -> Claim | None:
    """Claim a login code, or else the text that waits longest; one that is no longer valid is skipped."""
    due = (
        select(Message)
        .where(_is_sendable(now))
        .order_by(Message.kind != Kind.LOGIN_CODE, Message.due_at, Message.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Message)
    )
    while message := session.scalar(due):
        # Locked, so that a cancellation that is being written is waited for.
        booking = session.get_one(Booking, message.booking_id, with_for_update=True) if message.booking_id else None
        if booking and booking.can_be_undone(now):
            continue  # Since just now; the next look leaves it out.
        if not is_valid(session, message, now=now):
            change(session, message, State.SKIPPED, now=now)
        elif not _is_wanted(session, message, booking):
            if booking and message.kind == Kind.OFFER:
                message.body = offer_text(session, booking, now=now)
            change(session, message, State.TO_PHONE, now=now)
        elif (due_at := _due_at(session, message, booking, now=now)) > now:
            message.due_at = due_at
        else:
            return _claim(session, message, booking, worker, now=now)
        session.flush()
    return None


def _is_wanted(session: Session, message: Message, booking: Booking | None) -> bool:
    """Whether the household still gets texts; the text then goes to its present number.

    The last texts of an erased household, which has no number any more, go to the one that it had.
    """
    if booking is None or message.kind == Kind.STAFF_DUE:
        return True
    household = session.get_one(Household, booking.household_id)
    if household.erased_at:
        return True
    message.to = household.any_phone
    return household.gets_texts


def _due_at(session: Session, message: Message, booking: Booking | None, *, now: datetime) -> datetime:
    """Now, or the end of the quiet hours."""
    if booking is None:
        return now
    policy = Policy.of(session.get_one(Commune, booking.commune_id).policy)
    return send_at(message.kind, now=now, policy=policy, pick_up_at=booking.pick_up_at)


def _claim(session: Session, message: Message, booking: Booking | None, worker: str, *, now: datetime) -> Claim:
    if booking and message.kind == Kind.OFFER:
        message.body = offer_text(session, booking, now=now)
    elif booking and message.kind in SAYS_WHERE:  # The kit may stand elsewhere by now.
        message.body = booking_text(
            message.kind, sms_name(session), message_context(locked_booking(session, booking.id))
        )
    change(session, message, State.SENDING, now=now)
    message.lease_by, message.lease_until_at = worker, now + settings_of(session).sms_timing.lease
    message.tries, message.tried_at = message.tries + 1, now
    message.segments = sms_segments(message.body)
    sms = Sms(
        message.to,
        message.body,
        message.kind,
        valid_for=message.useful_until_at - now,
        ref=states.ref_of(message),
    )
    hand_over_by_at = message.lease_until_at - 2 * timedelta(seconds=settings_of(session).sms_timeout)
    return Claim(message.id, worker, message.tries, hand_over_by_at, sms)


def is_fresh(claim: Claim, *, now: datetime) -> bool:
    """Whether the text can still be handed over before its lease ends."""
    return now <= claim.hand_over_by_at


@transaction
def record_result(session: Session, claim: Claim, outcome: Report | SmsFault, *, now: datetime) -> bool:
    """Record the result of sending; False when nothing else can be sent for the moment.

    A report for the same try counts even if the claim's lease has ended.
    """
    message = session.scalar(
        select(Message).where(Message.id == claim.message_id, Message.tries == claim.tries).with_for_update()
    )
    if message is None:
        return True
    if isinstance(outcome, Report):
        states.apply_report(session, message, outcome, now=now)
        states.resume(session, message.tried_at or now)
        return True
    if message.state != State.SENDING or message.lease_by != claim.worker:
        return True
    match outcome:
        case SmsRefused():
            meaning = _MEANINGS.get(outcome.problem, Meaning.NOTHING)
            states.fail(session, message, meaning, outcome, now=now)
            return True
        case SmsDelayed() | SmsMisconfigured():
            _put_off(session, message, outcome, now=now)
            return False
        case _:
            states.make_unknown(session, message, str(outcome), now=now)
            return True


_MEANINGS = {
    SmsProblem.BAD_NUMBER: Meaning.DEAD,
    SmsProblem.NOT_MOBILE: Meaning.DEAD,
    SmsProblem.OPTED_OUT: Meaning.OPTED_OUT,
}


def _put_off(session: Session, message: Message, fault: SmsDelayed | SmsMisconfigured, *, now: datetime) -> None:
    """Not sent: queue the text again and pause sending."""
    change(session, message, State.QUEUED, now=now)
    if message.kind == Kind.OFFER and message.booking_id:
        reset_offer(session, session.get_one(Booking, message.booking_id, with_for_update=True))
    message.fault = str(fault)[:FAULT_WIDTH]
    if isinstance(fault, SmsMisconfigured):
        states.pause(session, PauseReason.SETUP, now + settings_of(session).sms_timing.repair, str(fault), now=now)
    elif fault.code in LIMIT_ERRORS:
        message.due_at = now + SOON  # A code is not held back by the pause.
        states.pause(session, PauseReason.LIMIT, now + fault.retry_after, str(fault), now=now)
    else:
        states.pause(session, PauseReason.BUSY, now + fault.retry_after, str(fault), now=now)


@transaction
def give_up_lost(session: Session, *, now: datetime) -> None:
    """Make the texts unknown whose lease has ended: they may have been sent, and are not sent again unasked."""
    lost = (
        select(Message)
        .where(Message.state == State.SENDING, Message.lease_until_at < now)
        .with_for_update(skip_locked=True)
    )
    for message in session.scalars(lost):
        states.make_unknown(session, message, "no answer", now=now)
