"""Joining two records of one family: bookings, waiting entries and calendars move to the one that is kept."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, exists, func, select, update
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.domain.booking.status import AHEAD, LIVE
from kit_booking.models import Booking, FeedToken, Household, WaitingEntry, WaitingState
from kit_booking.models.waiting import OPEN
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.register.changes import (
    bump_household_calendar,
    clear_person,
    lock_household_and_kits,
    redirect_queued_texts,
)


class JoinProblem(StrEnum):
    GONE = "gone"
    """One of the two was erased or joined meanwhile."""
    TWO_OFFERS = "two_offers"
    """Both have an offer of the same slot; one is to be answered first."""


def counts(household_id: int, *, now: datetime) -> Row[Any]:
    """How many ``bookings`` the household has, of these ``ahead`` and ``strikes``; ``waiting`` and ``calendars``."""
    bookings = select(func.count(Booking.id)).where(Booking.household_id == household_id)
    waiting = select(func.count(WaitingEntry.id)).where(
        WaitingEntry.household_id == household_id, WaitingEntry.state.in_(OPEN), WaitingEntry.until_at > now
    )
    calendars = select(func.count(FeedToken.id)).where(
        FeedToken.household_id == household_id, FeedToken.revoked_at.is_(None)
    )
    columns = {
        "bookings": bookings,
        "ahead": bookings.where(Booking.status.in_(AHEAD)),
        "waiting": waiting,
        "calendars": calendars,
        "strikes": bookings.where(Booking.strike_at.is_not(None)),
    }
    return read(select(*(count.scalar_subquery().label(name) for name, count in columns.items())))[0]


@transaction
def join(session: Session, kept_id: int, gone_id: int, staff_id: int, *, now: datetime) -> JoinProblem | None:
    """Move all that the second household has to the first; of the second an empty row is left."""
    kept = lock_household_and_kits(session, kept_id, gone_id, now=now)
    gone = session.get_one(Household, gone_id, populate_existing=True)
    if kept.erased_at or gone.erased_at or kept_id == gone_id:
        return JoinProblem.GONE
    if not _settle_double_waiting(session, kept_id, gone_id, now=now):
        return JoinProblem.TWO_OFFERS
    for table in (Booking, WaitingEntry, FeedToken):
        session.execute(update(table).where(table.household_id == gone_id).values(household_id=kept_id))
    _wait_no_more_for_own(session, kept_id, now=now)
    _complete(kept, gone)
    clear_person(gone, now=now)
    session.flush()
    redirect_queued_texts(session, kept, now=now)
    by = Actor(staff_id=staff_id)
    record_audit(session, "joined", by, now=now, commune_id=kept.commune_id, household_id=kept_id, household=gone_id)
    record_audit(
        session, "joined_away", by, now=now, commune_id=gone.commune_id, household_id=gone_id, household=kept_id
    )
    bump_household_calendar(session, kept_id, now=now)
    return None


def _settle_double_waiting(session: Session, kept_id: int, gone_id: int, *, now: datetime) -> bool:
    """Where both wait for one slot, keep the entry that comes first; False when both have an offer of it."""
    entries = session.scalars(
        select(WaitingEntry).where(WaitingEntry.household_id.in_((kept_id, gone_id)), WaitingEntry.state.in_(OPEN))
    ).all()
    best: dict[object, WaitingEntry] = {}
    for entry in sorted(entries, key=_precedence):
        slot = (entry.commune_id, entry.day, entry.slot_name)
        if slot not in best:
            best[slot] = entry
        elif entry.state == WaitingState.OFFERED:
            return False
        else:
            entry.state, entry.ended_at = WaitingState.LEFT, now
    session.flush()
    return True


def _precedence(entry: WaitingEntry) -> tuple[object, ...]:
    return entry.state != WaitingState.OFFERED, entry.put_forward_at is None, entry.joined_at, entry.id


def _wait_no_more_for_own(session: Session, kept_id: int, *, now: datetime) -> None:
    """End waiting for slots that the other of the two has booked."""
    has_it = exists().where(
        Booking.household_id == kept_id,
        Booking.commune_id == WaitingEntry.commune_id,
        Booking.day == WaitingEntry.day,
        Booking.slot_name == WaitingEntry.slot_name,
        Booking.status.in_(LIVE),
    )
    session.execute(
        update(WaitingEntry)
        .where(WaitingEntry.household_id == kept_id, WaitingEntry.state == WaitingState.WAITING, has_it)
        .values(state=WaitingState.SERVED, ended_at=now)
        .execution_options(synchronize_session=False)
    )


def _complete(kept: Household, gone: Household) -> None:
    """Fill what the kept one lacks; of both, the pause that was lifted last counts."""
    if not (kept.phone or kept.landline):
        kept.phone, kept.landline, kept.takes_texts = gone.phone, gone.landline, gone.takes_texts
        kept.bad_number_at = gone.bad_number_at
    kept.sells, kept.streams_on = kept.sells or gone.sells, kept.streams_on or gone.streams_on
    kept.seen_at = max((at for at in (kept.signed_in_at, gone.signed_in_at) if at), default=kept.seen_at)
    kept.lifted_at = max((at for at in (kept.lifted_at, gone.lifted_at) if at), default=None)
    kept.set_search()
