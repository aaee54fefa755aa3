"""The provider's delivery reports, asking it about lost answers, and what staff and households do about texts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.adapters.sms import Report, SmsFault
from kit_booking.database import settings_of, transaction
from kit_booking.domain.messages.delivery import Meaning, meaning
from kit_booking.domain.messages.delivery import MessageState as State
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import Booking, Household, Message
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.messages import states
from kit_booking.services.messages.states import FAULT_WIDTH, change, is_valid
from kit_booking.services.timeline.locks import bump_version, lock

RECENT = timedelta(days=1)
"""How far back texts to the same number are known to belong to other messages."""


@transaction
def take_report(session: Session, ref: str, report: Report, *, now: datetime) -> None:
    """Apply a report that the provider sent; ``ref`` (see `ref_of`) finds a text whose answer was lost."""
    message_id, _, rest = ref.partition("-")
    tries = rest.partition("-")[0]
    which = Message.provider_id == report.provider_id
    message = session.scalar(select(Message).where(which).with_for_update())
    if message is None and _is_number(message_id) and _is_number(tries):
        same_try = select(Message).where(Message.id == int(message_id), Message.tries == int(tries))
        message = session.scalar(same_try.with_for_update())
        if message and states.ref_of(message) != ref:
            return
    if message:
        states.apply_report(session, message, report, now=now)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


@dataclass(frozen=True)
class Question:
    """A text whose answer was lost, to be looked for at the provider."""

    message: Message
    since: datetime
    """When it was tried."""
    known: frozenset[str]
    """The provider's ids of other texts to the same number, and of earlier tries of this one."""


@transaction
def next_question(session: Session, *, now: datetime) -> Question | None:
    """The unknown text that waits longest; no other worker gets it for ``ask_after``."""
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
    return Question(message, since, known)


@transaction
def answer(session: Session, question: Question, outcome: Report | SmsFault | None, *, now: datetime) -> None:
    """Apply the provider's report; without one (None) queue the text again or skip it; after a fault ask later."""
    asked = question.message
    message = session.scalar(
        select(Message)
        .where(Message.id == asked.id, Message.tries == asked.tries, Message.state == State.UNKNOWN)
        .with_for_update()
    )
    if message is None:
        return
    if isinstance(outcome, Report):
        states.apply_report(session, message, outcome, now=now)
    elif isinstance(outcome, SmsFault):
        message.fault = f"can't ask: {outcome}"[:FAULT_WIDTH]
        message.ask_at = settings_of(session).sms_timing.ask_again_at(question.since, now=now)
    else:
        change(session, message, State.QUEUED if is_valid(session, message, now=now) else State.SKIPPED, now=now)


class ResendResult(StrEnum):
    QUEUED = "queued"
    ASKING = "asking"
    """The provider is asked first; if it does not have the text, it is sent again."""
    NOT_TRUE = "not_true"
    NO_TEXTS = "no_texts"
    """The household gets no texts, or its number is bad."""
    SETTLED = "settled"
    """It went out, is on its way, or was skipped."""


@transaction
def resend(session: Session, message_id: int, staff_id: int, *, now: datetime) -> ResendResult:
    """Staff send a text again that did not arrive; one in an unknown state only after asking the provider."""
    message = session.get_one(Message, message_id, with_for_update=True)
    if message.kind == Kind.LOGIN_CODE or message.state not in (State.FAILED, State.UNDELIVERED, State.UNKNOWN):
        return ResendResult.SETTLED
    if not is_valid(session, message, now=now):
        return ResendResult.NOT_TRUE
    if message.kind == Kind.STAFF_DUE:
        can_arrive = meaning(message.error_code) is not Meaning.DEAD
    else:
        booking = session.get_one(Booking, message.booking_id)
        can_arrive = session.get_one(Household, booking.household_id).gets_texts
    if not can_arrive:
        return ResendResult.NO_TEXTS
    if message.state == State.UNKNOWN:
        message.ask_at = now
        result = ResendResult.ASKING
    else:
        change(session, message, State.QUEUED, now=now)
        message.due_at, message.error_code = now, None
        result = ResendResult.QUEUED
    _record(session, "text_resent", message, staff_id, now=now)
    return result


@transaction
def note_phoned(session: Session, message_id: int, staff_id: int, *, now: datetime) -> None:
    """Staff have told the text by phone."""
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


@transaction
def choose_texts(session: Session, household_id: int, wants_texts: bool, by: Actor, *, now: datetime) -> None:
    """Whether a household gets texts about its bookings; else staff phone it. Login codes are sent in any case."""
    lock(session, Household, household_id)
    household = session.get_one(Household, household_id)
    if household.takes_texts == wants_texts:
        return
    household.takes_texts = wants_texts
    record_audit(
        session,
        "texts_wanted" if wants_texts else "texts_stopped",
        by,
        now=now,
        commune_id=household.commune_id,
        household_id=household_id,
    )
    bump_version(session, Household, household_id)
