"""The only writer of a text's state, and what follows from it for numbers, households and pauses."""

from datetime import datetime
from typing import Any

from sqlalchemy import Update, delete, func, select, update
from sqlalchemy.orm import Session

from kit_booking.adapters.sms import Report, SmsFault
from kit_booking.database import settings_of, upsert
from kit_booking.domain.messages.delivery import Meaning, may_move, meaning
from kit_booking.domain.messages.delivery import MessageState as State
from kit_booking.domain.messages.texts import Kind, worth_sending
from kit_booking.models import Booking, Household, Message, PauseReason, SendingPause
from kit_booking.services.audit import SYSTEM, record_audit

FAULT_WIDTH = 60
"""How many characters of a fault are stored."""


def change(session: Session, message: Message, to_state: State, *, now: datetime) -> None:
    """Change the state, which ends a lease; a login code's text is deleted once it is neither queued nor sending."""
    from_state = message.state
    if not may_move(from_state, to_state):
        raise ValueError(f"a text can't go from {from_state} to {to_state}")
    if from_state is State.SENDING and to_state not in (State.QUEUED, State.FAILED):
        message.cost += _price(session, message)
    elif from_state is State.UNKNOWN and to_state in (State.QUEUED, State.SKIPPED):
        message.cost = max(0, message.cost - _price(session, message))  # It was never sent, so it cost nothing.
    message.state = to_state
    message.lease_by = message.lease_until_at = message.ask_at = None
    is_open = to_state in (State.QUEUED, State.SENDING)
    message.settled_at = None if is_open else now
    if to_state is State.QUEUED and message.provider_id:
        message.former_id, message.provider_id = message.provider_id, None
    if not is_open and message.kind == Kind.LOGIN_CODE:
        message.body = ""


def _price(session: Session, message: Message) -> int:
    return message.segments * settings_of(session).sms_price


def is_valid(session: Session, message: Message, *, now: datetime) -> bool:
    """Whether the text is still correct and useful, and was not told by phone meanwhile."""
    if now >= message.useful_until_at or message.phoned_at is not None:
        return False
    if message.booking_id is None:
        return True
    booking = session.get_one(Booking, message.booking_id)
    same_slot = (booking.kit_id, booking.pick_up_at) == (message.kit_id, message.pick_up_at)
    return same_slot and worth_sending(message.kind, booking.status)


def ref_of(message: Message) -> str:
    """The id, the try and when it was written: after a restore another text may get the same id."""
    return f"{message.id}-{message.tries}-{message.created_at:%y%m%d%H%M%S}"


def make_unknown(session: Session, message: Message, fault: str, *, now: datetime) -> None:
    """It is not known whether the text was sent; the provider will be asked, but not about a login code."""
    change(session, message, State.UNKNOWN, now=now)
    message.fault = fault[:FAULT_WIDTH]
    if message.kind != Kind.LOGIN_CODE:
        message.ask_at = max(now, (message.tried_at or now) + settings_of(session).sms_timing.ask_after)


def apply_report(session: Session, message: Message, report: Report, *, now: datetime) -> None:
    """Apply the provider's report; late and repeated ones change nothing. The row is locked.

    A text whose answer was lost gets its provider id from it.
    """
    if message.provider_id is None and message.state in (State.SENDING, State.UNKNOWN):
        message.provider_id = report.provider_id
    elif message.provider_id != report.provider_id:
        return
    if not may_move(message.state, report.state):
        return
    was_passing = meaning(message.error_code) is Meaning.PASSING
    change(session, message, report.state, now=now)
    if report.state is State.DELIVERED:
        _mark_number(session, message.to, is_bad=False, now=now)
    elif report.state in (State.UNDELIVERED, State.FAILED):
        message.fault, message.error_code = f"{report.state} (code {report.error_code})", report.error_code
        session.flush()
        _follow(session, message, meaning(report.error_code), was_passing=was_passing, now=now)


def fail(session: Session, message: Message, error: Meaning, fault: SmsFault, *, now: datetime) -> None:
    """The provider refused the text for good."""
    change(session, message, State.FAILED, now=now)
    message.fault, message.error_code = str(fault)[:FAULT_WIDTH], fault.code
    session.flush()
    _follow(session, message, error, was_passing=True, now=now)


def _follow(session: Session, message: Message, error: Meaning, *, was_passing: bool, now: datetime) -> None:
    """What an error means for the text, its number, its household or all sending."""
    match error:
        case Meaning.PASSING if not was_passing and message.kind != Kind.LOGIN_CODE:
            _try_once_more(session, message, now=now)
        case Meaning.DEAD:
            _mark_number(session, message.to, is_bad=True, now=now)
        case Meaning.DOUBTFUL if _is_doubted_again(session, message):
            _mark_number(session, message.to, is_bad=True, now=now)
        case Meaning.OPTED_OUT:
            wanted = update(Household).where(Household.phone == message.to, Household.takes_texts)
            _change_each(session, wanted.values(takes_texts=False), "texts_stopped", now=now, source="network")
        case Meaning.SETUP:
            pause(session, PauseReason.SETUP, now + settings_of(session).sms_timing.repair, message.fault, now=now)


def _try_once_more(session: Session, message: Message, *, now: datetime) -> None:
    later = now + settings_of(session).sms_timing.retry_after
    if later < message.useful_until_at and is_valid(session, message, now=now):
        change(session, message, State.QUEUED, now=now)
        message.due_at = later


def _is_doubted_again(session: Session, message: Message) -> bool:
    others = select(func.count(Message.id)).where(
        Message.to == message.to, Message.error_code == message.error_code, Message.id != message.id
    )
    return bool(session.scalar(others))


def _mark_number(session: Session, phone: str, *, is_bad: bool, now: datetime) -> None:
    """Mark the number of its households as bad, or as good again."""
    is_other = Household.bad_number_at.is_(None) if is_bad else Household.bad_number_at.is_not(None)
    marked = update(Household).where(Household.phone == phone, is_other).values(bad_number_at=now if is_bad else None)
    _change_each(session, marked, "number_bad" if is_bad else "number_good", now=now)


def _change_each(session: Session, change: Update, action: str, *, now: datetime, **detail: Any) -> None:
    """Make the change, and write it down for each household that it meets."""
    for row in session.execute(change.returning(Household.id, Household.commune_id)).all():
        record_audit(session, action, SYSTEM, now=now, commune_id=row.commune_id, household_id=row.id, **detail)


def pause(session: Session, reason: PauseReason, until_at: datetime, fault: str, *, now: datetime) -> None:
    """Pause sending until then."""
    values = {"until_at": until_at, "fault": fault[:FAULT_WIDTH]}
    session.execute(
        upsert(SendingPause)
        .values(reason=reason, since_at=now, **values)
        .on_conflict_do_update(index_elements=["reason"], set_=values)
    )


def resume(session: Session, tried_at: datetime) -> None:
    """End the pauses that were over when a text was tried, which went out."""
    session.execute(delete(SendingPause).where(SendingPause.until_at <= tried_at))
