"""The register of households: finding one, one as staff see it, and putting right what is written of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import exists, func, insert, literal_column, or_, select
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.domain.household import search_text, search_words
from kit_booking.domain.local_time import local, local_day
from kit_booking.domain.status import AHEAD
from kit_booking.models import AuditEntry, Booking, Commune, Household, Staff, WaitingEntry
from kit_booking.services.audit import Actor
from kit_booking.services.register.changes import (
    audit,
    bump_household_calendar,
    lock_household_and_kits,
    queued_texts_go_to,
    revoke_feeds,
)
from kit_booking.services.timeline.locks import lock

A_PAGE = 50


@dataclass(frozen=True)
class FoundHousehold:
    id: int
    commune_id: int
    name: str
    village: str
    craft: str
    phone: str
    landline: str
    commune_name: str
    ahead: int
    """Bookings asked for, offered or approved."""


@dataclass(frozen=True)
class Found:
    households: list[FoundHousehold]
    has_more: bool = False


_ahead = (
    select(func.count(Booking.id))
    .where(Booking.household_id == Household.id, Booking.status.in_(AHEAD))
    .scalar_subquery()
)


_found = select(
    Household.id,
    Household.commune_id,
    Household.name,
    Household.village,
    Household.craft,
    Household.phone,
    Household.landline,
    Commune.name,
    _ahead,
).join(Commune, Commune.id == Household.commune_id)


def search_households(commune_ids: Sequence[int] | None, typed: str, *, page: int = 1) -> Found:
    """Those whose name, village and numbers hold all that was typed; None searches every commune."""
    found = (
        _found.where(Household.erased_at.is_(None))
        .where(*(Household.search.contains(word, autoescape=True) for word in search_words(typed)))
        .offset((page - 1) * A_PAGE)
        .limit(A_PAGE + 1)
    )
    if commune_ids is None:
        found = found.order_by(Household.id)
    else:
        found = found.where(Household.commune_id.in_(commune_ids)).order_by(Household.search, Household.id)
    rows = read(found)
    return Found([FoundHousehold(*row) for row in rows[:A_PAGE]], len(rows) > A_PAGE)


def with_number(phone: str, *, besides: int = 0) -> list[FoundHousehold]:
    """The households of every commune that have exactly this number."""
    rows = read(
        _found.where(Household.phone == phone, Household.phone != "", Household.id != besides).order_by(Household.id)
    )
    return [FoundHousehold(*row) for row in rows]


@dataclass(frozen=True)
class ShownHousehold:
    """One household with all that is kept of it."""

    id: int
    commune_id: int
    commune_name: str
    office_phone: str
    name: str
    phone: str
    landline: str
    takes_texts: bool
    village: str
    craft: str
    sells: str
    streams_on: str
    consent_version: str
    consent_at: datetime
    consent_to: str
    seen_at: datetime
    lifted_at: datetime | None


def find_registered(household_id: int) -> ShownHousehold | None:
    """The household, unless it was erased."""
    rows = read(
        select(
            Household.id,
            Household.commune_id,
            Commune.name,
            Commune.phone,
            Household.name,
            Household.phone,
            Household.landline,
            Household.takes_texts,
            Household.village,
            Household.craft,
            Household.sells,
            Household.streams_on,
            Household.consent_version,
            Household.consent_at,
            Household.consent_to,
            Household.seen_at,
            Household.lifted_at,
        )
        .join(Commune, Commune.id == Household.commune_id)
        .where(Household.id == household_id, Household.erased_at.is_(None))
    )
    return ShownHousehold(*rows[0]) if rows else None


def is_guest_of(household_id: int, commune_ids: Sequence[int]) -> bool:
    """Whether it has booked, or waits for, something in one of these communes."""
    booked = exists().where(Booking.household_id == household_id, Booking.commune_id.in_(commune_ids))
    waits = exists().where(WaitingEntry.household_id == household_id, WaitingEntry.commune_id.in_(commune_ids))
    return bool(read(select(or_(booked, waits)))[0][0])


@dataclass(frozen=True)
class View:
    at: datetime
    staff_name: str


_is_view = AuditEntry.action == literal_column("'viewed'")


def views_of(household_id: int, most: int = 30) -> list[View]:
    """Which staff looked at the household's page, the newest first."""
    rows = read(
        select(AuditEntry.at, Staff.name)
        .join(Staff, Staff.id == AuditEntry.staff_id)
        .where(AuditEntry.household_id == household_id, _is_view)
        .order_by(AuditEntry.at.desc())
        .limit(most)
    )
    return [View(*row) for row in rows]


def note_view(household: ShownHousehold, staff_id: int, *, now: datetime) -> None:
    """Write down who looked at personal data: one line for each member of staff, household and day."""
    if not read(select(_viewed_today(household.id, staff_id, now)))[0][0]:
        _note_view(household.id, household.commune_id, staff_id, now=now)


def _viewed_today(household_id: int, staff_id: int, now: datetime) -> Any:
    return exists().where(
        AuditEntry.household_id == household_id,
        _is_view,
        AuditEntry.at >= local(local_day(now), time()),
        AuditEntry.staff_id == staff_id,
    )


@transaction
def _note_view(session: Session, household_id: int, commune_id: int, staff_id: int, *, now: datetime) -> None:
    lock(session, Household, household_id)
    if not session.scalar(select(_viewed_today(household_id, staff_id, now))):
        session.execute(
            insert(AuditEntry).values(
                at=now, action="viewed", commune_id=commune_id, household_id=household_id, staff_id=staff_id
            )
        )


@transaction
def correct(
    session: Session, household_id: int, by: Actor, *, name: str = "", village: str, craft: str, now: datetime
) -> bool:
    """Put the name, village or craft right; False when the household is gone. An empty name stays as it is."""
    household = lock_household_and_kits(session, household_id, now=now)
    if household.erased_at:
        return False
    name = name or household.name
    before = (household.name, household.village, household.craft)
    if before == (name, village, craft):
        return True
    household.name, household.village, household.craft = name, village, craft
    _search_anew(household)
    what = ("name", "village", "craft")
    changed = [word for word, old, new in zip(what, before, (name, village, craft), strict=True) if old != new]
    audit(session, "corrected", household, by, now=now, detail=", ".join(changed))
    bump_household_calendar(session, household_id, now=now)
    return True


@transaction
def change_number(
    session: Session,
    household_id: int,
    staff_id: int,
    *,
    phone: str,
    landline: str,
    takes_texts: bool,
    now: datetime,
) -> bool:
    """Give the household another number, or none but a landline; False when it is gone.

    Who holds the old number is signed out at once and reads the calendar no more; texts that wait go to the new one.
    """
    household = lock_household_and_kits(session, household_id, now=now)
    if household.erased_at:
        return False
    if phone != household.phone:
        household.session_version += 1
        household.seen_at = now
        revoke_feeds(session, household_id, now=now)
    household.phone, household.landline = phone, landline
    household.takes_texts = takes_texts and phone != ""
    _search_anew(household)
    session.flush()
    queued_texts_go_to(session, household, now=now)
    audit(session, "number_changed", household, Actor(staff_id=staff_id), now=now)
    bump_household_calendar(session, household_id, now=now)
    return True


def _search_anew(household: Household) -> None:
    household.search = search_text(household.name, household.village, household.phone, household.landline)
