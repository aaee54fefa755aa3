"""The history of everything: the one function that writes it, and the list that staff read, newest first."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, false, literal, select, tuple_

from kit_booking.database import UtcDateTime, read
from kit_booking.domain.local_time import local
from kit_booking.domain.text import search_key
from kit_booking.models import AuditEntry, Booking, Commune, Household, Staff, StaffRole

PAGE = 50
"""So many entries stand on a page."""


@dataclass(frozen=True)
class Actor:
    """Who does something: a household, a member of staff, or, when neither is set, the system itself."""

    household_id: int | None = None
    staff_id: int | None = None


SYSTEM = Actor()


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are looked for; what is None or empty does not narrow them."""

    commune_id: int | None = None
    first: date | None = None
    last: date | None = None
    action: str = ""
    staff: str = ""
    """A user name, or within one commune a part of a name."""
    booking_code: str = ""


@dataclass(frozen=True)
class Cursor:
    """The entry after which the next page begins."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"

    @classmethod
    def of(cls, written: str) -> "Cursor | None":
        """As ``str`` wrote it; None for anything else."""
        at, _sign, number = written.partition("~")
        try:
            cursor = cls(datetime.fromisoformat(at), int(number))
        except ValueError:
            return None
        return cursor if cursor.at.tzinfo and 0 < cursor.id < 2**31 else None


@dataclass(frozen=True)
class Entry:
    id: int
    at: datetime
    action: str
    detail: str
    staff_name: str
    """Empty when no member of staff did it."""
    household_name: str
    """Whoever did it, or whom staff did it to; empty when nobody."""
    booking_code: str
    commune_name: str
    commune_slug: str


@dataclass(frozen=True)
class AuditPage:
    entries: list[Entry]
    next: Cursor | None
    """Where the older ones begin, if there are any."""


_entries = (
    select(
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.action,
        AuditEntry.detail,
        Staff.name,
        Household.name,
        Booking.code,
        Commune.name,
        Commune.slug,
    )
    .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
    .outerjoin(Household, Household.id == AuditEntry.household_id)
    .outerjoin(Booking, Booking.id == AuditEntry.booking_id)
    .outerjoin(Commune, Commune.id == AuditEntry.commune_id)
    .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    .limit(PAGE + 1)
)


def audit_page(wanted: AuditFilter, after: Cursor | None = None) -> AuditPage:
    """The newest entries that are wanted, after those of the page before."""
    statement = _narrowed(_entries, wanted)
    if after:
        statement = statement.where(
            tuple_(AuditEntry.at, AuditEntry.id) < tuple_(literal(after.at, UtcDateTime), literal(after.id))
        )
    rows = read(statement)
    entries = [Entry(*row[:4], *(text or "" for text in row[4:])) for row in rows[:PAGE]]
    return AuditPage(entries, Cursor(entries[-1].at, entries[-1].id) if len(rows) > PAGE else None)


def _narrowed(statement: Select[Any], wanted: AuditFilter) -> Select[Any]:
    if wanted.commune_id is not None:
        statement = statement.where(AuditEntry.commune_id == wanted.commune_id)
    if wanted.first:
        statement = statement.where(AuditEntry.at >= local(wanted.first, time()))
    if wanted.last:
        statement = statement.where(AuditEntry.at < local(wanted.last + timedelta(days=1), time()))
    if wanted.action:
        statement = statement.where(AuditEntry.action == wanted.action)
    if wanted.staff:
        found = _staff_ids(wanted)
        statement = statement.where(AuditEntry.staff_id.in_(found) if found else false())
    if wanted.booking_code:
        code = wanted.booking_code.upper()
        found = [row.id for row in read(select(Booking.id).where(Booking.code == code))]
        statement = statement.where(AuditEntry.booking_id == found[0] if found else false())
    return statement


def _staff_ids(wanted: AuditFilter) -> list[int]:
    by_username = select(Staff.id).where(Staff.username == wanted.staff.lower())
    found = [row.id for row in read(by_username)]
    if found or wanted.commune_id is None:
        return found
    key = search_key(wanted.staff)
    of_commune = (
        select(Staff.id, Staff.name)
        .distinct()
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.commune_id == wanted.commune_id)
    )
    return [row.id for row in read(of_commune) if key and key in search_key(row.name)]
