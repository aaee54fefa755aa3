"""What became of the texts: the provider's reports, asking it after those whose answer was lost, sending again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.adapters.sms import Report, SmsFault
from kit_booking.database import settings_of, transaction
from kit_booking.domain.delivery import Meaning, meaning
from kit_booking.domain.delivery import MessageState as State
from kit_booking.domain.messages import Kind
from kit_booking.models import Booking, Household, Message
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.messages import states
from kit_booking.services.messages.states import FAULT_WIDTH, change, is_true

RECENT = timedelta(days=1)
"""No text of the same words that is older can be mistaken for one whose answer was just lost."""


@transaction
def take_report(session: Session, ref: str, report: Report, *, now: datetime) -> None:
    """What the provider says by itself. ``ref`` is our own name for the try, which heals a lost answer."""
    message_id, _, tries = ref.partition("-")
    which = Message.provider_id == report.provider_id
    message = session.scalar(select(Message).where(which).with_for_update())
    if message is None and _is_number(message_id) and _is_number(tries):
        same_try = select(Message).where(Message.id == int(message_id), Message.tries == int(tries))
        message = session.scalar(same_try.with_for_update())
    if message:
        states.reported(session, message, report, now=now)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


@dataclass(frozen=True)
class Question:
    """Whether the provider has a text whose answer was lost."""

    message_id: int
    tries: int
    to: str
    body: str
    since: datetime
    known: frozenset[str]
    """What the provider calls other texts to the same number, and earlier tries of this one."""


@transaction
def next_question(session: Session, *, now: datetime) -> Question | None:
    """The unknown text that waits longest; nobody else asks after it for a while."""
    message = session.scalar(
        select(Message)
        .where(Message.ask_at.is_not(None), Message.ask_at <= now)
        .order_by(Message.ask_at, Message.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if message is None:
        return None
    since = message.tried_at or message.created_at
    message.ask_at = now + settings_of(session).sms_timing.ask_after
    names = session.execute(
        select(Message.provider_id, Message.former_id).where(
            Message.to == message.to, Message.tried_at > since - RECENT
        )
    )
    known = frozenset(name for row in names for name in row if name)
    return Question(message.id, message.tries, message.to, message.body, since, known)


@transaction
def answer(session: Session, question: Question, outcome: Report | SmsFault | None, *, now: datetime) -> None:
    """Adopt what the provider has; send again what it has not (None), if that is still of use; else wait on."""
    message = session.scalar(
        select(Message)
        .where(Message.id == question.message_id, Message.tries == question.tries, Message.state == State.UNKNOWN)
        .with_for_update()
    )
    if message is None:
        return
    if isinstance(outcome, Report):
        states.reported(session, message, outcome, now=now)
    elif isinstance(outcome, SmsFault):
        message.fault = f"can't ask: {outcome}"[:FAULT_WIDTH]
        message.ask_at = settings_of(session).sms_timing.ask_again_at(question.since, now=now)
    else:
        booking = session.get(Booking, message.booking_id) if message.booking_id else None
        change(session, message, State.QUEUED if is_true(message, booking, now=now) else State.SKIPPED, now=now)


class ResendResult(StrEnum):
    QUEUED = "queued"
    ASKING = "asking"
    """The provider is asked first; if it does not have the text, that is sent again by itself."""
    NOT_TRUE = "not_true"
    NO_TEXTS = "no_texts"
    """The household gets none, or its number is bad."""
    SETTLED = "settled"
    """It went out, is on its way, or was skipped."""


@transaction
def resend(session: Session, message_id: int, staff_id: int, *, now: datetime) -> ResendResult:
    """Staff send a text again that did not arrive; one that may have arrived only after asking."""
    message = session.get_one(Message, message_id, with_for_update=True)
    if message.kind == Kind.LOGIN_CODE or message.state not in (State.FAILED, State.UNDELIVERED, State.UNKNOWN):
        return ResendResult.SETTLED
    booking = session.get(Booking, message.booking_id) if message.booking_id else None
    if not is_true(message, booking, now=now):
        return ResendResult.NOT_TRUE
    if message.kind != Kind.STAFF_DUE and booking:
        if not session.get_one(Household, booking.household_id).gets_texts:
            return ResendResult.NO_TEXTS
    elif meaning(message.error_code) is Meaning.DEAD:
        return ResendResult.NO_TEXTS
    if message.state == State.UNKNOWN:
        message.ask_at = now
        outcome = ResendResult.ASKING
    else:
        change(session, message, State.QUEUED, now=now)
        message.due_at, message.error_code = now, None
        outcome = ResendResult.QUEUED
    _record(session, "text_resent", message, staff_id, now=now)
    return outcome


@transaction
def note_phoned(session: Session, message_id: int, staff_id: int, *, now: datetime) -> None:
    """Staff have said it by phone; the person is off the list."""
    message = session.get_one(Message, message_id, with_for_update=True)
    if message.phoned_at is None:
        message.phoned_at, message.phoned_by_id = now, staff_id
        _record(session, "phoned", message, staff_id, now=now)


def _record(session: Session, action: str, message: Message, staff_id: int, *, now: datetime) -> None:
    record_audit(
        session,
        action,
        Actor(staff_id=staff_id),
        now=now,
        commune_id=message.commune_id,
        booking_id=message.booking_id,
        kind=message.kind,
    )
