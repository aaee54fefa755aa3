"""Erasing who a household is: when asked, or after the commune's `keep_days`; its bookings stay for statistics."""

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.domain.booking.status import LIVE, Status
from kit_booking.domain.messages.delivery import NOT_TOLD
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.policy import NUMBERS, Policy
from kit_booking.models import (
    Booking,
    Commune,
    Household,
    Message,
    MessageState,
    RegisterFile,
    WaitingEntry,
    WaitingState,
)
from kit_booking.models.waiting import OPEN
from kit_booking.services.audit import SYSTEM, Actor, record_audit
from kit_booking.services.counter.handover import forget_people
from kit_booking.services.marks import find_mark, set_mark
from kit_booking.services.register.changes import (
    bump_household_calendar,
    clear_person,
    lock_household_and_kits,
    revoke_feeds,
)
from kit_booking.services.sign_in.numbers import number_key
from kit_booking.services.timeline.locks import locked_booking
from kit_booking.services.timeline.moves import move
from kit_booking.services.timeline.standing import booked
from kit_booking.services.timeline.texts import queue_booking_text

REASON = "Xóa thông tin theo yêu cầu"
"""Why staff cancel what an erased household had ahead; the household reads it."""
EVERY = timedelta(hours=1)
A_ROUND = 50
FILES_STAY = timedelta(days=1)
PAUSE_STAYS = timedelta(days=NUMBERS["pause_days"].most)
"""No pause of an erased household lasts longer; `household/privacy.html` says so."""
UNSENT = (MessageState.QUEUED, MessageState.SENDING)


@transaction
def erase(session: Session, household_id: int, by: Actor, *, now: datetime) -> bool:
    """Erase the household at its wish and cancel its live bookings, with a text; False while it has a kit."""
    household = lock_household_and_kits(session, household_id, now=now)
    if household.erased_at:
        return True
    live = session.scalars(
        select(Booking).where(Booking.household_id == household_id, Booking.status.in_(LIVE)).order_by(Booking.id)
    ).all()
    if any(booking.status == Status.OUT for booking in live):
        return False
    commune = session.get_one(Commune, household.commune_id)
    _end_waiting(session, household_id, now=now)  # First: else it might be offered what it gives up here.
    for booking in live:
        _give_up(session, booking, by, now=now)
    has = booked(session, household_id, now, commune_id=commune.id, policy=Policy.of(commune.policy), now=now)
    if has.standing.pause:  # It outlives the household.
        household.number_key = number_key(household.phone) or None
    _anonymise(session, household, now=now)
    record_audit(session, "erased", by, now=now, commune_id=household.commune_id, household_id=household_id)
    return True


def _give_up(session: Session, booking: Booking, by: Actor, *, now: datetime) -> None:
    if booking.status == Status.OFFERED:
        move(session, booking, Status.REFUSED, by, now=now)
        return
    move(session, booking, Status.CANCELLED, by, now=now, reason=REASON if by.staff_id else "")
    locked = locked_booking(session, booking.id)
    if locked.household.gets_texts:  # Those without texts have just spoken to staff.
        queue_booking_text(session, Kind.CANCELLED if by.staff_id else Kind.WITHDRAWN, locked, now=now)


def _anonymise(session: Session, household: Household, *, now: datetime) -> None:
    clear_person(household, now=now)
    session.flush()
    nothing = {"sells": "", "streams_on": "", "undo": None, "undo_until_at": None}
    session.execute(update(Booking).where(Booking.household_id == household.id).values(nothing))
    forget_people(session, Booking.household_id == household.id)
    revoke_feeds(session, household.id, now=now)
    _wipe_texts(session, Booking.household_id == household.id)
    bump_household_calendar(session, household.id, now=now)


def _end_waiting(session: Session, household_id: int, *, now: datetime) -> None:
    session.execute(
        update(WaitingEntry)
        .where(WaitingEntry.household_id == household_id, WaitingEntry.state == WaitingState.WAITING)
        .values(state=WaitingState.LEFT, ended_at=now)
    )


def _wipe_texts(session: Session, of_bookings: ColumnElement[bool]) -> None:
    """Empty number and body of the texts that are done; those that staff should phone about become skipped."""
    done = (
        Message.booking_id.in_(select(Booking.id).where(of_bookings)),
        Message.state.not_in(UNSENT),
        Message.kind != Kind.STAFF_DUE,
        Message.to != "",
    )
    for statement in (
        update(Message).where(*done, Message.state.in_(NOT_TOLD)).values(state=MessageState.SKIPPED, ask_at=None),
        update(Message).where(*done).values(to="", body=""),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def forget_old(*, now: datetime) -> None:
    """Erase households unused for longer than their commune's `keep_days`: `A_ROUND` at a time, hourly when done."""
    last = find_mark("forgot", now=now)
    if last and now - last < EVERY:
        return
    household_ids = find_forgotten(now=now)
    for household_id in household_ids:
        forget(household_id, now=now)
    wipe_leftovers(now=now)
    if len(household_ids) < A_ROUND:
        set_mark("forgot", now=now)


def find_forgotten(*, now: datetime) -> list[int]:
    """The ids of households to be erased, at most `A_ROUND`."""
    by_days: dict[int, list[int]] = defaultdict(list)
    for commune_id, changes in read(select(Commune.id, Commune.policy)):
        if "keep_days" in changes:
            by_days[changes["keep_days"]].append(commune_id)
    special = [commune_id for ids in by_days.values() for commune_id in ids]
    groups = [(days, Household.commune_id.in_(ids)) for days, ids in by_days.items()]
    groups.append((Policy().keep_days, Household.commune_id.not_in(special)))
    household_ids: list[int] = []
    for days, is_of_group in groups:
        old = select(Household.id).where(is_of_group, _is_old(now - timedelta(days=days)))
        old = old.order_by(Household.seen_at).limit(A_ROUND - len(household_ids))
        household_ids += [row.id for row in read(old)]
    return household_ids


def _is_old(limit_at: datetime) -> ColumnElement[bool]:
    """No sign-in, consent, booking or waiting entry since then, and none that is still open."""
    booked = exists().where(
        Booking.household_id == Household.id, or_(Booking.pick_up_at >= limit_at, Booking.return_at >= limit_at)
    )
    is_live = exists().where(Booking.household_id == Household.id, Booking.status.in_(LIVE))
    waited = exists().where(
        WaitingEntry.household_id == Household.id,
        or_(WaitingEntry.until_at >= limit_at, WaitingEntry.state.in_(OPEN)),
    )
    return (
        (Household.seen_at < limit_at)
        & (Household.consent_at < limit_at)
        & Household.erased_at.is_(None)
        & ~booked
        & ~is_live
        & ~waited
    )


@transaction
def forget(session: Session, household_id: int, *, now: datetime) -> bool:
    """Erase the household if, under its lock, it still is unused for so long; whether it was erased."""
    household = lock_household_and_kits(session, household_id, now=now)
    policy = Policy.of(session.get_one(Commune, household.commune_id).policy)
    is_old = _is_old(now - timedelta(days=policy.keep_days))
    if session.scalar(select(Household.id).where(Household.id == household_id, is_old)) is None:
        return False
    _anonymise(session, household, now=now)
    record_audit(session, "forgotten", SYSTEM, now=now, commune_id=household.commune_id, household_id=household_id)
    return True


@transaction
def wipe_leftovers(session: Session, *, now: datetime) -> None:
    """Empty texts that were unsent when their household was erased; delete paper registers after a day."""
    recently = select(Household.id).where(
        Household.erased_at.is_not(None), Household.erased_at > now - 3 * FILES_STAY
    )
    _wipe_texts(session, Booking.household_id.in_(recently))
    over = Household.erased_at < now - PAUSE_STAYS
    session.execute(update(Household).where(Household.number_key.is_not(None), over).values(number_key=None))
    session.execute(
        delete(RegisterFile).where(func.coalesce(RegisterFile.taken_at, RegisterFile.uploaded_at) < now - FILES_STAY)
    )
