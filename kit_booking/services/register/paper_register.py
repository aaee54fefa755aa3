"""Taking a paper register over: all of it in one transaction, or nothing; twice is the same as once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from kit_booking.adapters.sheet_file import Unreadable, read_lines
from kit_booking.database import db, read, transaction
from kit_booking.domain.local_time import local_day
from kit_booking.domain.paper_register import MOST_ROWS, Row, Sheet, read_sheet
from kit_booking.domain.status import Status
from kit_booking.models import AuditEntry, Commune, Household, Kit, RegisterFile
from kit_booking.services.audit import Actor
from kit_booking.services.communes.facts import CommuneFacts, commune_facts
from kit_booking.services.register.paper_plan import Key, Plan, PlannedBooking, plan
from kit_booking.services.sign_in.throttle import count_try
from kit_booking.services.timeline.create import create_booking
from kit_booking.services.timeline.locks import bump_version, lock, lock_kit_to_book

FROM_PAPER = "Chuyển từ sổ giấy"
"""Stands as the reason in the history of each booking that came from paper."""


def keep_file(commune_id: int, staff_id: int, name: str, content: bytes, *, now: datetime) -> int | Unreadable:
    """The id under which the file can be looked at and taken over; or why nothing can be read in it."""
    lines = read_lines(content, MOST_ROWS)  # It takes long, so it happens outside of every transaction.
    return lines if isinstance(lines, Unreadable) else _keep(commune_id, staff_id, name, content, now=now)


@transaction
def _keep(session: Session, commune_id: int, staff_id: int, name: str, content: bytes, *, now: datetime) -> int:
    file = RegisterFile(commune_id=commune_id, staff_id=staff_id, name=name, content=content, uploaded_at=now)
    session.add(file)
    session.flush()
    return file.id


@dataclass(frozen=True)
class KeptFile:
    id: int
    commune_id: int
    name: str
    content: bytes


def find_file(file_id: int) -> KeptFile | None:
    rows = read(
        select(RegisterFile.id, RegisterFile.commune_id, RegisterFile.name, RegisterFile.content).where(
            RegisterFile.id == file_id
        )
    )
    return KeptFile(*rows[0]) if rows else None


def look_through(file: KeptFile, *, now: datetime) -> Plan:
    """What taking it over would do now, without doing it."""
    return plan(db.session(), _commune(db.session(), file.commune_id), _sheet_of(file.content, now), now=now)


def _sheet_of(content: bytes, now: datetime) -> Sheet:
    lines = read_lines(content, MOST_ROWS)
    return read_sheet([] if isinstance(lines, Unreadable) else lines, today=local_day(now))


def _commune(session: Session, commune_id: int) -> CommuneFacts:
    return commune_facts(commune_id, session.scalars(select(Commune.version).where(Commune.id == commune_id)).one())


@dataclass(frozen=True)
class TakenOver:
    """What was taken over, or why nothing was: problems, or rules that are broken without a reason."""

    plan: Plan
    is_done: bool


def take_over(
    file: KeptFile, staff_id: int, staff_name: str, *, consent_version: str, override: str = "", now: datetime
) -> TakenOver | None:
    """All that the file says, or nothing; None when it was taken over, or thrown away, before.

    ``override`` is the reason that goes on record for bookings that a rule stands against.
    """
    written = _sheet_of(file.content, now)
    return _take_over(file, written, staff_id, staff_name, consent_version, override, now=now)


@transaction
def _take_over(
    session: Session,
    file: KeptFile,
    written: Sheet,
    staff_id: int,
    staff_name: str,
    consent_version: str,
    override: str,
    *,
    now: datetime,
) -> TakenOver | None:
    count_try(session, f"paper:{file.commune_id}", timedelta(days=1), now=now)  # Whoever comes second waits here.
    if session.scalar(select(RegisterFile.id).where(RegisterFile.id == file.id)) is None:
        return None
    commune = _commune(session, file.commune_id)
    lock(session, Kit, *(kit.id for kit in commune.kits))
    first_look = plan(session, commune, written, now=now)
    booking_for = {one.household for one in first_look.bookings}
    lock(session, Household, *(key for key in booking_for if isinstance(key, int)))
    made = plan(session, commune, written, now=now)
    if made.problems or (made.broken and not override):
        return TakenOver(made, False)
    by = Actor(staff_id=staff_id)
    ids = _add_households(session, commune.id, made.new, by, staff_name, consent_version, now=now)
    for one in made.bookings:
        _book(session, one, ids, by, override, now=now)
    session.execute(delete(RegisterFile).where(RegisterFile.id == file.id))
    session.execute(
        insert(AuditEntry).values(
            at=now,
            action="paper_taken_over",
            commune_id=commune.id,
            staff_id=staff_id,
            detail=f"{len(made.new)} households, {len(made.bookings)} bookings. {override}".strip()[:200],
        )
    )
    return TakenOver(made, True)


def _add_households(
    session: Session,
    commune_id: int,
    rows: dict[str, Row],
    by: Actor,
    staff_name: str,
    consent_version: str,
    *,
    now: datetime,
) -> dict[Key, int]:
    """The new ones, by what the plan calls them."""
    added = {
        key: Household(
            commune_id=commune_id,
            name=row.name,
            phone=row.phone,
            landline=row.landline,
            takes_texts=row.phone != "",
            village=row.village,
            craft=row.craft,
            sells=row.sells,
            consent_version=consent_version,
            consent_at=now,
            consent_to=staff_name,
            seen_at=now,
        )
        for key, row in rows.items()
    }
    session.add_all(added.values())
    session.flush()
    if added:
        usual = {"at": now, "action": "registered", "commune_id": commune_id, "staff_id": by.staff_id}
        detail = f"{consent_version}, paper"
        session.execute(
            insert(AuditEntry), [{**usual, "household_id": one.id, "detail": detail} for one in added.values()]
        )
    return {key: one.id for key, one in added.items()}


def _book(
    session: Session, one: PlannedBooking, ids: dict[Key, int], by: Actor, override: str, *, now: datetime
) -> None:
    """Approved at once and without a text: it was promised on paper long ago. Its reminders are sent like all."""
    household_id = ids[one.household] if isinstance(one.household, str) else one.household
    place_id = lock_kit_to_book(session, one.slot.kit.id)
    bump_version(session, Household, household_id)
    create_booking(  # Under the locks of the kits nobody can come between, so a slot that is taken is a mistake.
        session,
        one.slot,
        place_id,
        household_id,
        Status.APPROVED,
        by,
        now=now,
        answer_by_at=one.slot.kit.timetable.answer_by(now, one.slot.slot.hold.from_at),
        sells=one.row.sells,
        reason=f"{FROM_PAPER}. {override}"[:200] if one.breaks_rules else FROM_PAPER,
    )
