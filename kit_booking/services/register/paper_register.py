"""Taking a paper register over in one transaction; taking the same one over again changes nothing."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kit_booking.adapters.sheet_file import Unreadable, read_lines
from kit_booking.database import db, load, transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.register.paper_register import MOST_ROWS, RegisterRow, Sheet, read_sheet
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Commune, Household, Kit, RegisterFile
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.communes.facts import CommuneFacts, commune_facts
from kit_booking.services.register.adding import Consent, add_households, new_household
from kit_booking.services.register.paper_plan import PlannedBooking, RegisterPlan, plan
from kit_booking.services.sign_in.throttle import count_try
from kit_booking.services.timeline.create import create_booking
from kit_booking.services.timeline.locks import bump_version, lock, lock_kit_to_book

FROM_PAPER = "Chuyển từ sổ giấy"
"""The reason in the history of each booking that came from paper."""


def keep_file(commune_id: int, staff_id: int, name: str, content: bytes, *, now: datetime) -> int | Unreadable:
    """Keep the file to be previewed and taken over; returns its id, or why nothing can be read in it."""
    lines = read_lines(content, MOST_ROWS)  # It takes long, so it happens outside of every transaction.
    return lines if isinstance(lines, Unreadable) else _keep(commune_id, staff_id, name, content, now=now)


@transaction
def _keep(session: Session, commune_id: int, staff_id: int, name: str, content: bytes, *, now: datetime) -> int:
    file = RegisterFile(commune_id=commune_id, staff_id=staff_id, name=name, content=content, uploaded_at=now)
    session.add(file)
    session.flush()
    return file.id


def find_file(file_id: int) -> RegisterFile | None:
    return next(iter(load(select(RegisterFile).where(RegisterFile.id == file_id))), None)


def look_through(file: RegisterFile, *, now: datetime) -> RegisterPlan:
    """What taking it over would do now, without doing it."""
    return plan(db.session(), _commune(db.session(), file.commune_id), _sheet_of(file.content, now), now=now)


def _sheet_of(content: bytes, now: datetime) -> Sheet:
    lines = read_lines(content, MOST_ROWS)
    return read_sheet([] if isinstance(lines, Unreadable) else lines, today=local_day(now))


def _commune(session: Session, commune_id: int) -> CommuneFacts:
    return commune_facts(commune_id, session.scalars(select(Commune.version).where(Commune.id == commune_id)).one())


def take_over(file: RegisterFile, consent: Consent, *, override: str = "", now: datetime) -> RegisterPlan | None:
    """Take all of the file over, or nothing; None when it was taken over, or deleted, before.

    Nothing is taken over if the plan has problems, or breaks rules without an ``override``: the recorded reason of
    the bookings that break them.
    """
    sheet = _sheet_of(file.content, now)  # Parsing takes long, so it happens outside of the transaction.
    return _take_over(file, sheet, consent, override, now=now)


@transaction
def _take_over(
    session: Session, file: RegisterFile, sheet: Sheet, consent: Consent, override: str, *, now: datetime
) -> RegisterPlan | None:
    # Locks the counter, so that whoever comes second waits until the file is gone.
    count_try(session, f"paper:{file.commune_id}", timedelta(days=1), now=now)
    if session.scalar(select(RegisterFile.id).where(RegisterFile.id == file.id)) is None:
        return None
    commune = _commune(session, file.commune_id)
    lock(session, Kit, *(kit.id for kit in commune.kits))
    first_look = plan(session, commune, sheet, now=now)
    booking_for = {planned.household for planned in first_look.bookings}
    lock(session, Household, *(key for key in booking_for if isinstance(key, int)))
    made = plan(session, commune, sheet, now=now)
    if made.problems or (made.broken and not override):
        return made
    added = {key: _household(commune.id, row, consent, now=now) for key, row in made.new.items()}
    add_households(session, added.values(), consent, "paper", now=now)
    by = Actor(staff_id=consent.staff_id)
    for planned in made.bookings:
        key = planned.household
        _book(session, planned, added[key].id if isinstance(key, str) else key, by, override, now=now)
    session.execute(delete(RegisterFile).where(RegisterFile.id == file.id))
    record_audit(
        session,
        "paper_taken_over",
        by,
        now=now,
        commune_id=commune.id,
        households=len(made.new),
        bookings=len(made.bookings),
        reason=override,
    )
    made.is_done = True
    return made


def _household(commune_id: int, row: RegisterRow, consent: Consent, *, now: datetime) -> Household:
    names = {"name": row.name, "village": row.village, "craft": row.craft, "sells": row.sells}
    return new_household(commune_id, consent, **names, phone=row.phone, landline=row.landline, now=now)


def _book(
    session: Session, planned: PlannedBooking, household_id: int, by: Actor, override: str, *, now: datetime
) -> None:
    """Approved at once and without a text, because it was promised on paper; its reminders are sent."""
    slot = planned.slot
    place_id = lock_kit_to_book(session, slot.kit.id)
    bump_version(session, Household, household_id)
    create_booking(  # The kits are locked, so SlotTaken would be a bug.
        session,
        slot,
        place_id,
        household_id,
        Status.APPROVED,
        by,
        now=now,
        answer_by_at=slot.kit.timetable.answer_by(now, slot.slot.hold.from_at),
        sells=planned.row.sells,
        reason=f"{FROM_PAPER}. {override}"[:200] if planned.breaks_rules else FROM_PAPER,
    )
