"""The register of households: searching it, one household, who looked at it, and correcting it."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, exists, func, literal_column, not_, or_, select
from sqlalchemy.orm import Session, joinedload, with_expression

from kit_booking.database import load, read, transaction
from kit_booking.domain.booking.status import AHEAD, Status
from kit_booking.domain.register.household import search_words
from kit_booking.domain.text import name_key, search_key
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.models import AuditEntry, Booking, Commune, Household, Staff, WaitingEntry
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.register.changes import (
    bump_household_calendar,
    lock_household_and_kits,
    redirect_queued_texts,
    revoke_feeds,
)
from kit_booking.services.sign_in.members import NOT_ENDED, ended_key
from kit_booking.services.timeline.locks import lock

A_PAGE = 50
SENT_TWICE = timedelta(minutes=10)
"""Who is entered again within this time, without a number, is the same household; later it may be a namesake."""

_ahead = (
    select(func.count(Booking.id))
    .where(Booking.household_id == Household.id, Booking.status.in_(AHEAD))
    .scalar_subquery()
)
_listed = select(
    Household.id,
    Household.commune_id,
    Household.name,
    Household.village,
    Household.craft,
    Household.phone,
    Household.landline,
    Commune.name.label("commune_name"),
    _ahead.label("ahead"),
).join(Household.commune)
"""A household as lists show it, with how many bookings it has asked for, been offered or been approved."""


def search_households(commune_ids: Sequence[int] | None, typed: str, *, page: int = 1) -> tuple[list[Row[Any]], bool]:
    """A page of those whose name, village and numbers hold every word typed, and whether there are more.

    The rows are those of `_listed`; without ``commune_ids`` every commune is searched.
    """
    matching = (
        _listed.where(Household.erased_at.is_(None))
        .where(*(Household.search.contains(word, autoescape=True) for word in search_words(typed)))
        .offset((page - 1) * A_PAGE)
        .limit(A_PAGE + 1)
    )
    if commune_ids is None:
        matching = matching.order_by(Household.id)
    else:
        matching = matching.where(Household.commune_id.in_(commune_ids)).order_by(Household.search, Household.id)
    rows = read(matching)
    return list(rows[:A_PAGE]), len(rows) > A_PAGE


def with_number(phone: str, *, besides: int = 0) -> list[Row[Any]]:
    """The households of every commune that have exactly this number, as rows of `_listed`."""
    same = _listed.where(Household.phone == phone, Household.phone != "", Household.id != besides)
    return list(read(same.order_by(Household.id)))


def alike(commune_ids: Sequence[int], *, name: str, village: str, phone: str, now: datetime) -> list[Row[Any]]:
    """Other households that somebody new may be, as rows of `_listed`.

    They have the number and another name, or the name and village in one of the communes and not this number. Who
    was entered without a number just now is the same one, sent twice.
    """
    begins = Household.search.startswith(search_key(name), autoescape=True)
    is_same = and_(Household.phone == phone, or_(Household.phone != "", Household.consent_at > now - SENT_TWICE))
    of_communes = _listed.where(Household.commune_id.in_(commune_ids), Household.erased_at.is_(None))
    named = read(of_communes.where(begins, not_(is_same)))
    same = (name_key(name), search_key(village))
    found = [row for row in with_number(phone) if name_key(row.name) != name_key(name)]
    known = {row.id for row in found}
    for row in named:
        if (name_key(row.name), search_key(row.village)) == same and row.id not in known:
            found.append(row)
    return found


_offer = (
    select(Booking.code)
    .where(Booking.household_id == Household.id, Booking.status == Status.OFFERED)
    .order_by(Booking.answer_by_at)
    .limit(1)
    .scalar_subquery()
)
_household = (
    select(Household)
    .where(Household.id == bindparam("household_id"), Household.erased_at.is_(None), NOT_ENDED)
    .options(
        with_expression(Household.offer_code, _offer),
        joinedload(Household.commune).load_only(
            Commune.name, Commune.slug, Commune.phone, Commune.policy, raiseload=True
        ),
    )
)


def find_household(household_id: int, session_version: int | None = None, sign_in: str = "") -> Household | None:
    """The household with its commune and the code of an open offer.

    None if it was erased, or if that sign-in or all of its version were ended.
    """
    rows = load(_household, {"household_id": household_id, "sign_in": ended_key(sign_in)})
    return next((row for row in rows if session_version in (None, row.session_version)), None)


def is_guest_of(household_id: int, commune_ids: Sequence[int]) -> bool:
    """Whether it has a booking, or a waiting entry, in one of these communes."""
    booked = exists().where(Booking.household_id == household_id, Booking.commune_id.in_(commune_ids))
    waits = exists().where(WaitingEntry.household_id == household_id, WaitingEntry.commune_id.in_(commune_ids))
    return bool(read(select(or_(booked, waits)))[0][0])


_is_view = AuditEntry.action == literal_column("'viewed'")


def views_of(household_id: int, most: int = 30) -> Sequence[Row[Any]]:
    """Which staff looked at the household's page, the newest first: rows of ``at`` and ``staff_name``."""
    return read(
        select(AuditEntry.at, Staff.name.label("staff_name"))
        .join(Staff, Staff.id == AuditEntry.staff_id)
        .where(AuditEntry.household_id == household_id, _is_view)
        .order_by(AuditEntry.at.desc())
        .limit(most)
    )


def note_view(household: Household, staff_id: int, *, now: datetime) -> None:
    """Record who looked at personal data: one audit entry for each member of staff, household and day."""
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
        by = Actor(staff_id=staff_id)
        record_audit(session, "viewed", by, now=now, commune_id=commune_id, household_id=household_id)


@transaction
def correct(
    session: Session, household_id: int, by: Actor, *, name: str = "", village: str, craft: str, now: datetime
) -> bool:
    """Correct the village, the craft and, unless it is empty, the name; False when the household was erased."""
    household = lock_household_and_kits(session, household_id, now=now)
    if household.erased_at:
        return False
    values = {"name": name or household.name, "village": village, "craft": craft}
    changed = [column for column, value in values.items() if getattr(household, column) != value]
    if not changed:
        return True
    for column in changed:
        setattr(household, column, values[column])
    household.set_search()
    record_audit(
        session,
        "corrected",
        by,
        now=now,
        commune_id=household.commune_id,
        household_id=household_id,
        changed=changed,
    )
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
    """Give the household other numbers, either of which may be empty; False when it was erased.

    Another mobile ends its sign-ins and its calendar addresses; queued texts go to the new number.
    """
    household = lock_household_and_kits(session, household_id, now=now)
    if household.erased_at:
        return False
    if phone != household.phone:
        household.session_version += 1
        if household.signed_in_at:
            household.seen_at = now
        revoke_feeds(session, household_id, now=now)
    household.phone, household.landline = phone, landline
    household.takes_texts = takes_texts and phone != ""
    household.set_search()
    session.flush()
    redirect_queued_texts(session, household, now=now)
    by = Actor(staff_id=staff_id)
    record_audit(session, "number_changed", by, now=now, commune_id=household.commune_id, household_id=household_id)
    bump_household_calendar(session, household_id, now=now)
    return True
