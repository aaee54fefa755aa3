"""Joining two records of one family: everything moves to the kept one, and is counted together from then on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.domain.household import search_text
from kit_booking.domain.status import AHEAD, LIVE
from kit_booking.models import Booking, BookingMove, FeedToken, Household, WaitingEntry, WaitingState
from kit_booking.services.audit import Actor
from kit_booking.services.register.changes import (
    audit,
    bump_household_calendar,
    empty,
    lock_household_and_kits,
    queued_texts_go_to,
)

OPEN = (WaitingState.WAITING, WaitingState.OFFERED)


class JoinProblem(StrEnum):
    GONE = "gone"
    """One of the two was erased or joined meanwhile."""
    TWO_OFFERS = "two_offers"
    """Both have an offer of the same slot; one is to be answered first."""


@dataclass(frozen=True)
class Count:
    """What a household has."""

    bookings: int
    ahead: int
    waiting: int
    calendars: int
    strikes: int

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.bookings + other.bookings,
            self.ahead + other.ahead,
            self.waiting + other.waiting,
            self.calendars + other.calendars,
            self.strikes + other.strikes,
        )


@dataclass(frozen=True)
class Preview:
    kept: Count
    gone: Count

    @property
    def after(self) -> Count:
        return self.kept + self.gone


def preview(kept_id: int, gone_id: int, *, now: datetime) -> Preview:
    """What would move and what there would be afterwards."""
    return Preview(_count(kept_id, now), _count(gone_id, now))


def _count(household_id: int, now: datetime) -> Count:
    bookings = select(func.count(Booking.id)).where(Booking.household_id == household_id)
    waiting = select(func.count(WaitingEntry.id)).where(
        WaitingEntry.household_id == household_id, WaitingEntry.state.in_(OPEN), WaitingEntry.until_at > now
    )
    calendars = select(func.count(FeedToken.id)).where(
        FeedToken.household_id == household_id, FeedToken.revoked_at.is_(None)
    )
    parts = (
        bookings,
        bookings.where(Booking.status.in_(AHEAD)),
        waiting,
        calendars,
        bookings.where(Booking.strike_at.is_not(None)),
    )
    return Count(*read(select(*(part.scalar_subquery() for part in parts)))[0])


@transaction
def join(session: Session, kept_id: int, gone_id: int, staff_id: int, *, now: datetime) -> JoinProblem | None:
    """Move all that the second has to the first, which stays as it is; of the second an empty row is left."""
    kept = lock_household_and_kits(session, kept_id, gone_id, now=now)
    gone = session.get_one(Household, gone_id, populate_existing=True)
    if kept.erased_at or gone.erased_at or kept_id == gone_id:
        return JoinProblem.GONE
    if not _settle_double_waiting(session, kept_id, gone_id, now=now):
        return JoinProblem.TWO_OFFERS
    its_bookings = select(Booking.id).where(Booking.household_id == gone_id)
    session.execute(
        update(BookingMove)
        .where(BookingMove.booking_id.in_(its_bookings), BookingMove.household_id == gone_id)
        .values(household_id=kept_id)
    )
    for table in (Booking, WaitingEntry, FeedToken):
        session.execute(update(table).where(table.household_id == gone_id).values(household_id=kept_id))
    _wait_no_more_for_own(session, kept_id, now=now)
    _complete(kept, gone)
    empty(gone, now=now)
    session.flush()
    queued_texts_go_to(session, kept, now=now)
    by = Actor(staff_id=staff_id)
    audit(session, "joined", kept, by, now=now, detail=f"household {gone_id}")
    audit(session, "joined_away", gone, by, now=now, detail=f"household {kept_id}")
    bump_household_calendar(session, kept_id, now=now)
    return None


def _settle_double_waiting(session: Session, kept_id: int, gone_id: int, *, now: datetime) -> bool:
    """Where both wait for one slot, the better place stays; False when both have an offer of it."""
    entries = session.scalars(
        select(WaitingEntry).where(WaitingEntry.household_id.in_((kept_id, gone_id)), WaitingEntry.state.in_(OPEN))
    ).all()
    best: dict[object, WaitingEntry] = {}
    for entry in sorted(entries, key=_place):
        slot = (entry.commune_id, entry.day, entry.slot_name)
        if slot not in best:
            best[slot] = entry
        elif entry.state == WaitingState.OFFERED:
            return False
        else:
            entry.state, entry.ended_at = WaitingState.LEFT, now
    session.flush()
    return True


def _place(entry: WaitingEntry) -> tuple[object, ...]:
    return entry.state != WaitingState.OFFERED, entry.put_forward_at is None, entry.joined_at, entry.id


def _wait_no_more_for_own(session: Session, kept_id: int, *, now: datetime) -> None:
    """What one of the two has, the other need not wait for."""
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
    """Fill what the kept one lacks; whichever pause was lifted last stays lifted."""
    if not (kept.phone or kept.landline):
        kept.phone, kept.landline, kept.takes_texts = gone.phone, gone.landline, gone.takes_texts
        kept.bad_number_at = gone.bad_number_at
    kept.sells, kept.streams_on = kept.sells or gone.sells, kept.streams_on or gone.streams_on
    kept.seen_at = max(kept.seen_at, gone.seen_at)
    kept.lifted_at = max((at for at in (kept.lifted_at, gone.lifted_at) if at), default=None)
    kept.search = search_text(kept.name, kept.village, kept.phone, kept.landline)
