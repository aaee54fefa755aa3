"""The one door through which a text changes its state, with all that follows from it; for an open session."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from kit_booking.adapters.sms import Report, SmsFault
from kit_booking.database import settings_of, upsert
from kit_booking.domain.delivery import Meaning, may_move, meaning
from kit_booking.domain.delivery import MessageState as State
from kit_booking.domain.messages import Kind, worth_sending
from kit_booking.models import Booking, Household, Message, PauseReason, SendingPause
from kit_booking.services.audit import SYSTEM, record_audit

FAULT_WIDTH = 60
"""So much of a fault is kept; a file's name in it may be longer."""


def change(session: Session, message: Message, to_state: State, *, now: datetime) -> None:
    """Make the one move; a lease ends with it, and the text of a login code is wiped once it is settled."""
    from_state = message.state
    if not may_move(from_state, to_state):
        raise ValueError(f"a text can't go from {from_state} to {to_state}")
    if from_state is State.SENDING and to_state not in (State.QUEUED, State.FAILED):
        message.cost += _price(session, message)
    elif from_state is State.UNKNOWN and to_state in (State.QUEUED, State.SKIPPED):
        message.cost = max(0, message.cost - _price(session, message))  # It was not there, so nobody pays for it.
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


def is_true(message: Message, booking: Booking | None, *, now: datetime) -> bool:
    """Whether the text still says what is so, comes in time, and was not said by phone meanwhile."""
    if now >= message.useful_until_at or message.phoned_at is not None:
        return False
    if booking is None:
        return True
    same_slot = (booking.kit_id, booking.pick_up_at) == (message.kit_id, message.pick_up_at)
    return same_slot and worth_sending(message.kind, booking.status)


def make_unknown(session: Session, message: Message, fault: str, *, now: datetime) -> None:
    """Nobody can tell whether it was sent. The provider will be asked; not for a code, which is quicker had anew."""
    change(session, message, State.UNKNOWN, now=now)
    message.fault = fault[:FAULT_WIDTH]
    if message.kind != Kind.LOGIN_CODE:
        message.ask_at = max(now, (message.tried_at or now) + settings_of(session).sms_timing.ask_after)


def reported(session: Session, message: Message, report: Report, *, now: datetime) -> None:
    """Believe what the provider says of a text, unless it is old news; late and repeated reports change nothing.

    A text whose answer was lost is adopted. The row is locked.
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
        _mark_number(session, message.to, None, now=now)
    elif report.state in (State.UNDELIVERED, State.FAILED):
        message.fault, message.error_code = f"{report.state} (code {report.error_code})", report.error_code
        session.flush()
        _follow(session, message, meaning(report.error_code), was_passing=was_passing, now=now)


def refused(session: Session, message: Message, says: Meaning, fault: SmsFault, *, now: datetime) -> None:
    """It was not sent and never will be."""
    change(session, message, State.FAILED, now=now)
    message.fault, message.error_code = str(fault)[:FAULT_WIDTH], fault.code
    session.flush()
    _follow(session, message, says, was_passing=True, now=now)


def _follow(session: Session, message: Message, says: Meaning, *, was_passing: bool, now: datetime) -> None:
    """What an error says beyond this one text."""
    match says:
        case Meaning.PASSING if not was_passing and message.kind != Kind.LOGIN_CODE:
            _try_once_more(session, message, now=now)
        case Meaning.DEAD:
            _mark_number(session, message.to, now, now=now)
        case Meaning.DOUBTFUL if _is_doubted_again(session, message):
            _mark_number(session, message.to, now, now=now)
        case Meaning.OPTED_OUT:
            _stop_texts(session, message.to, now=now)
        case Meaning.SETUP:
            pause(session, PauseReason.SETUP, now + settings_of(session).sms_timing.repair, message.fault, now=now)


def _try_once_more(session: Session, message: Message, *, now: datetime) -> None:
    later = now + settings_of(session).sms_timing.retry_after
    booking = session.get(Booking, message.booking_id) if message.booking_id else None
    if later < message.useful_until_at and is_true(message, booking, now=now):
        change(session, message, State.QUEUED, now=now)
        message.due_at = later


def _is_doubted_again(session: Session, message: Message) -> bool:
    others = select(func.count(Message.id)).where(
        Message.to == message.to, Message.error_code == message.error_code, Message.id != message.id
    )
    return bool(session.scalar(others))


def _stop_texts(session: Session, phone: str, *, now: datetime) -> None:
    """The owner of a number told the network that they want no texts."""
    stopped = update(Household).where(Household.phone == phone, Household.takes_texts).values(takes_texts=False)
    for row in session.execute(stopped.returning(Household.id, Household.commune_id)).all():
        columns = {"commune_id": row.commune_id, "household_id": row.id}
        record_audit(session, "texts_stopped", SYSTEM, now=now, source="network", **columns)


def _mark_number(session: Session, phone: str, bad_at: datetime | None, *, now: datetime) -> None:
    """Say of the households of a number that no text reaches it; or, when one did, that this was wrong."""
    marked = (
        update(Household)
        .where(
            Household.phone == phone,
            Household.bad_number_at.is_(None) if bad_at else Household.bad_number_at.is_not(None),
        )
        .values(bad_number_at=bad_at)
    )
    for row in session.execute(marked.returning(Household.id, Household.commune_id)).all():
        columns = {"commune_id": row.commune_id, "household_id": row.id}
        record_audit(session, "number_bad" if bad_at else "number_good", SYSTEM, now=now, **columns)


def pause(session: Session, reason: PauseReason, until_at: datetime, fault: str, *, now: datetime) -> None:
    """Nobody's texts are sent until then; the queue stays as it is."""
    values = {"until_at": until_at, "fault": fault[:FAULT_WIDTH]}
    session.execute(
        upsert(SendingPause)
        .values(reason=reason, since_at=now, **values)
        .on_conflict_do_update(index_elements=["reason"], set_=values)
    )


def resume(session: Session, tried_at: datetime) -> None:
    """A text went out: whatever kept texts back until it was tried is over."""
    session.execute(delete(SendingPause).where(SendingPause.until_at <= tried_at))


SOON = timedelta(seconds=30)
"""A code that the account's limit has held back is tried again after this."""
