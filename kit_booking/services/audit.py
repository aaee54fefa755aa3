"""Writing audit entries, and reading them: pages for staff, and the history of one booking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, false, insert, literal, select, tuple_
from sqlalchemy.orm import Session

from kit_booking.database import UtcDateTime, read
from kit_booking.domain.booking.status import Status
from kit_booking.domain.text import search_key
from kit_booking.domain.time.local_time import local
from kit_booking.models import AuditEntry, Booking, Commune, Household, Staff, StaffRole

PAGE = 50
"""How many entries a page has."""


@dataclass(frozen=True)
class Actor:
    """Who does something: a household, a member of staff, or, when neither is set, the system itself."""

    household_id: int | None = None
    staff_id: int | None = None


SYSTEM = Actor()


def record_audit(
    session: Session,
    action: str,
    by: Actor,
    *,
    now: datetime,
    commune_id: int | None = None,
    booking_id: int | None = None,
    household_id: int | Sequence[int] | None = None,
    happened_at: datetime | None = None,
    **detail: Any,
) -> None:
    """Write one audit entry, by one INSERT; the rows that it refers to must have been flushed.

    ``household_id`` is whom it was done to, if that is not who did it, and gets one entry for each of several;
    ``happened_at`` is given when it is written down later. ``detail`` holds the values of which screens make a
    sentence: texts, numbers and lists of them, never a phone number; what is None or "" is left out.
    """
    values = {
        "at": now,
        "happened_at": happened_at or now,
        "action": action,
        "commune_id": commune_id,
        "booking_id": booking_id,
        "staff_id": by.staff_id,
        "detail": {name: value for name, value in detail.items() if value not in (None, "")},
    }
    of = household_id if isinstance(household_id, Sequence) else (household_id or by.household_id,)
    if of:
        session.connection().execute(insert(AuditEntry), [values | {"household_id": one} for one in of])


@dataclass(frozen=True)
class AuditFilter:
    """Conditions on the entries; what is None or empty does not count."""

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
    def parse(cls, text: str) -> "Cursor | None":
        """The cursor that ``str`` wrote; None for any other text."""
        at, _sign, number = text.partition("~")
        try:
            cursor = cls(datetime.fromisoformat(at), int(number))
        except ValueError:
            return None
        return cursor if cursor.at.tzinfo and 0 < cursor.id < 2**31 else None


@dataclass(frozen=True)
class AuditPage:
    entries: Sequence[Row[Any]]
    """Rows with ``id``, ``at``, ``action``, ``detail``, ``staff_name`` (who did it), ``household_name`` (who did it,
    or whom staff did it to), ``booking_code`` and ``commune_name``; what does not apply is None."""
    next: Cursor | None
    """None on the last page."""


_entries = (
    select(
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.action,
        AuditEntry.detail,
        Staff.name.label("staff_name"),
        Household.name.label("household_name"),
        Booking.code.label("booking_code"),
        Commune.name.label("commune_name"),
    )
    .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
    .outerjoin(Household, Household.id == AuditEntry.household_id)
    .outerjoin(Booking, Booking.id == AuditEntry.booking_id)
    .outerjoin(Commune, Commune.id == AuditEntry.commune_id)
    .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    .limit(PAGE + 1)
)


def audit_page(criteria: AuditFilter, after: Cursor | None = None) -> AuditPage:
    """One page of the entries that meet the criteria, newest first; the next page begins ``after`` its cursor."""
    statement = _narrowed(_entries, criteria)
    if after:
        statement = statement.where(
            tuple_(AuditEntry.at, AuditEntry.id) < tuple_(literal(after.at, UtcDateTime), literal(after.id))
        )
    rows = read(statement)
    entries = rows[:PAGE]
    return AuditPage(entries, Cursor(entries[-1].at, entries[-1].id) if len(rows) > PAGE else None)


def _narrowed(statement: Select[Any], criteria: AuditFilter) -> Select[Any]:
    if criteria.commune_id is not None:
        statement = statement.where(AuditEntry.commune_id == criteria.commune_id)
    if criteria.first:
        statement = statement.where(AuditEntry.at >= local(criteria.first, time()))
    if criteria.last:
        statement = statement.where(AuditEntry.at < local(criteria.last + timedelta(days=1), time()))
    if criteria.action:
        statement = statement.where(AuditEntry.action == criteria.action)
    if criteria.staff:
        staff_ids = _staff_ids(criteria)
        statement = statement.where(AuditEntry.staff_id.in_(staff_ids) if staff_ids else false())
    if criteria.booking_code:
        rows = read(select(Booking.id).where(Booking.code == criteria.booking_code.upper()))
        statement = statement.where(AuditEntry.booking_id == rows[0].id if rows else false())
    return statement


def _staff_ids(criteria: AuditFilter) -> list[int]:
    by_username = select(Staff.id).where(Staff.username == criteria.staff.lower())
    staff_ids = [row.id for row in read(by_username)]
    if staff_ids or criteria.commune_id is None:
        return staff_ids
    key = search_key(criteria.staff)
    of_commune = (
        select(Staff.id, Staff.name)
        .distinct()
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.commune_id == criteria.commune_id)
    )
    return [row.id for row in read(of_commune) if key and key in search_key(row.name)]


_history = (
    select(
        AuditEntry.action,
        AuditEntry.happened_at,
        AuditEntry.household_id,
        AuditEntry.detail,
        Staff.name.label("staff_name"),
    )
    .join(Booking, Booking.id == AuditEntry.booking_id)
    .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
    .where(Booking.code == bindparam("code"), AuditEntry.action.in_([*Status, "changed", "undone"]))
    .order_by(AuditEntry.id)
)


def booking_history(code: str) -> Sequence[Row[Any]]:
    """The changes of the booking's status and of its slot, kit or place ("changed"), and what was undone."""
    return read(_history, {"code": code})
