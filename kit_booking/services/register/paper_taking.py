"""Taking a paper register over, some rows at a time, and taking all of that back within a day.

The rows are taken over in batches, so that nobody else waits for long. Each batch remembers with its rows which lines
are done, so one that was interrupted goes on where it stopped, and the same file twice changes nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kit_booking.database import Rollback, transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.register.paper_register import RegisterRow
from kit_booking.domain.time.hours import Span
from kit_booking.models import AuditEntry, Booking, Hold, Household, Kit, Message, MessageState, RegisterFile
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.communes.facts import CommuneFacts
from kit_booking.services.register.adding import Consent, add_households, new_household
from kit_booking.services.register.paper_people import Key, add_number, take_number_away
from kit_booking.services.register.paper_plan import PlannedBooking, RegisterPlan
from kit_booking.services.register.paper_register import Register, commune_of
from kit_booking.services.sign_in.throttle import count_try
from kit_booking.services.timeline.create import create_booking
from kit_booking.services.timeline.locks import bump_version, lock, lock_kit_to_book
from kit_booking.services.timeline.offers import release_time

FROM_PAPER = "Chuyển từ sổ giấy"
"""The reason in the history of each booking that came from paper."""
TAKE_BACK_FOR = timedelta(days=1)
A_BATCH = 200
PAUSE = 0.05
"""Seconds between two batches, in which others write."""


@dataclass
class Taken:
    """What was made of the file in all."""

    households: int = 0
    bookings: int = 0
    history: int = 0
    needs_reason: bool = False
    """Rules stand against some bookings, and no reason was given; nothing was taken over."""


def take_over(file: RegisterFile, consent: Consent, *, override: str = "", now: datetime) -> Taken | None:
    """Take over every row that nothing is wrong with; None when the file is gone.

    Bookings against the rules need an ``override``, the reason that is recorded with them.
    """
    register = Register.of(file, now=now)
    total = Taken()
    rows = register.rows
    for start in range(0, len(rows), A_BATCH):
        if start:
            time.sleep(PAUSE)
        done = _take_batch(file.id, register, rows[start : start + A_BATCH], consent, override, now=now)
        if done is None or done.needs_reason:
            return done
        total.households += done.households
        total.bookings += done.bookings
        total.history += done.history
    return total


@transaction
def _take_batch(
    session: Session,
    file_id: int,
    register: Register,
    rows: Sequence[RegisterRow],
    consent: Consent,
    override: str,
    *,
    now: datetime,
) -> Taken | None:
    file = _lock_file(session, file_id, now=now)
    if file is None:
        return None
    lines = set(file.taken.get("lines", ()))
    rows = [row for row in rows if row.line not in lines]
    commune = commune_of(session, file.commune_id)
    lock(session, Kit, *(kit.id for kit in commune.kits))
    lock(session, Household, *register.known(session, commune, rows, file.taken))
    made = register.plan(session, commune, rows, file.taken, now=now)
    if made.broken and not override:
        return Taken(needs_reason=True)
    return _write(session, file, commune, made, consent, override, now=now)


def _lock_file(session: Session, file_id: int, *, now: datetime) -> RegisterFile | None:
    """The file. Whoever comes second waits until the first has written what is done."""
    commune_id = session.scalar(select(RegisterFile.commune_id).where(RegisterFile.id == file_id))
    count_try(session, f"paper:{commune_id}", timedelta(days=1), now=now)
    return session.get(RegisterFile, file_id, populate_existing=True)


def _write(
    session: Session,
    file: RegisterFile,
    commune: CommuneFacts,
    made: RegisterPlan,
    consent: Consent,
    override: str,
    *,
    now: datetime,
) -> Taken:
    people, by = made.people, Actor(staff_id=consent.staff_id)
    added = {key: _household(commune.id, row, consent, now=now) for key, row in people.new.items()}
    ids: dict[Key, int] = {key: key for key in people.known}
    numbered = [key for key in people.numbers if isinstance(key, int)]
    changed = {one.id: one for one in session.scalars(select(Household).where(Household.id.in_(numbered)))}
    for key, number in people.numbers.items():
        add_number(changed[key] if isinstance(key, int) else added[key], number)
    add_households(session, commune.id, added.values(), consent, "paper", now=now)
    ids |= {key: household.id for key, household in added.items()}
    for household_id in numbered:
        bump_version(session, Household, household_id)
        record_audit(session, "number_changed", by, now=now, commune_id=commune.id, household_id=household_id)
    booked = [_book(session, planned, ids[planned.household], by, override, now=now) for planned in made.bookings]
    bad = made.bad_lines
    taken = file.taken
    all_of_it = {
        "lines": [*taken.get("lines", ()), *(row.line for row in made.rows if row.line not in bad)],
        "households": taken.get("households", {}) | {str(people.new[key].line): ids[key] for key in added},
        "bookings": [*taken.get("bookings", ()), *booked],
        "numbers": taken.get("numbers", {}) | {str(key): people.numbers[key] for key in numbered},
    }
    session.flush()
    file.taken, file.taken_at = all_of_it | {"versions": _versions(session, all_of_it)}, now
    history = made.history
    record_audit(
        session,
        "paper_taken_over",
        by,
        now=now,
        commune_id=commune.id,
        households=len(added),
        bookings=len(booked) - history,
        reason=override,
    )
    return Taken(len(added), len(booked) - history, history)


def _household(commune_id: int, row: RegisterRow, consent: Consent, *, now: datetime) -> Household:
    names = {"name": row.name, "village": row.village, "craft": row.craft, "sells": row.sells}
    return new_household(commune_id, consent, **names, phone=row.phone, landline=row.landline, now=now)


def _book(
    session: Session, planned: PlannedBooking, household_id: int, by: Actor, override: str, *, now: datetime
) -> int:
    """The id of a booking approved at once and without a text, because it was promised on paper, or of one long over.

    Its reminders are sent.
    """
    slot = planned.slot
    place_id = lock_kit_to_book(session, slot.kit.id)
    bump_version(session, Household, household_id)
    booking = create_booking(  # The kits are locked, so SlotTaken would be a bug.
        session,
        slot,
        place_id,
        household_id,
        Status.RETURNED if planned.is_history else Status.APPROVED,
        by,
        now=now,
        answer_by_at=slot.kit.timetable.answer_by(now, slot.slot.hold.from_at),
        sells=planned.row.sells,
        reason=f"{FROM_PAPER}. {override}"[:200] if planned.breaks_rules else FROM_PAPER,
    )
    return int(booking.id)


def _versions(session: Session, taken: dict[str, Any]) -> list[int]:
    """How many of what was made there are, and the sums of their versions: other ones if anybody touched them."""
    versions: list[int] = []
    for table, ids in ((Booking, taken["bookings"]), (Household, list(taken["households"].values()))):
        # Written out, because the driver takes long over thousands of parameters.
        these: Any = bindparam("ids", ids, expanding=True, literal_execute=True)
        sums = select(func.count(table.id), func.coalesce(func.sum(table.version), 0)).where(table.id.in_(these))
        versions += map(int, session.execute(sums).one())
    return versions


class TakeBack(StrEnum):
    DONE = "done"
    TOO_LATE = "too_late"
    """More than a day has passed, or it was taken back before."""
    TOUCHED = "touched"
    """Somebody has done something with what was made, or was told of it."""


def can_be_taken_back(file: RegisterFile, *, now: datetime) -> bool:
    return file.taken_at is not None and now < file.taken_at + TAKE_BACK_FOR


@transaction
def take_back(session: Session, file_id: int, staff_id: int, *, now: datetime) -> TakeBack:
    """Delete all that was made of the file, as if it had never been taken over, unless anybody touched it."""
    file = _lock_file(session, file_id, now=now)
    if file is None or not can_be_taken_back(file, now=now):
        return TakeBack.TOO_LATE
    booking_ids, household_ids = file.taken["bookings"], list(file.taken["households"].values())
    kit_ids = session.scalars(select(Booking.kit_id).distinct().where(Booking.id.in_(booking_ids))).all()
    lock(session, Kit, *kit_ids)
    lock(session, Household, *household_ids)
    told = select(Message.id).where(Message.booking_id.in_(booking_ids), Message.state.not_in(_UNSENT))
    is_touched = or_(Household.seen_at != Household.consent_at, Household.erased_at.is_not(None))
    seen = select(Household.id).where(Household.id.in_(household_ids), is_touched)
    if (
        _versions(session, file.taken) != file.taken["versions"]
        or session.scalar(told.limit(1))
        or session.scalar(seen.limit(1))
    ):
        return TakeBack.TOUCHED
    freed = _delete(session, file, booking_ids, household_ids)
    for kit_id in kit_ids:
        bump_version(session, Kit, kit_id)
    for kit_id, span in freed:
        release_time(session, kit_id, span, now=now)
    record_audit(
        session,
        "paper_taken_back",
        Actor(staff_id=staff_id),
        now=now,
        commune_id=file.commune_id,
        households=len(household_ids),
        bookings=len(booking_ids),
    )
    file.taken, file.taken_at = {}, None
    return TakeBack.DONE


_UNSENT = (MessageState.QUEUED, MessageState.SKIPPED)


def _delete(
    session: Session, file: RegisterFile, booking_ids: Sequence[int], household_ids: Sequence[int]
) -> list[tuple[int, Span]]:
    """Delete the bookings and households of the file; the time of kits that is free now."""
    owners = session.scalars(select(Booking.household_id).distinct().where(Booking.id.in_(booking_ids))).all()
    session.execute(delete(Message).where(Message.booking_id.in_(booking_ids)))
    held = delete(Hold).where(Hold.booking_id.in_(booking_ids)).returning(Hold.kit_id, Hold.from_at, Hold.until_at)
    freed = [(row.kit_id, Span(row.from_at, row.until_at)) for row in session.execute(held)]
    session.execute(delete(AuditEntry).where(AuditEntry.booking_id.in_(booking_ids)))
    session.execute(delete(AuditEntry).where(AuditEntry.household_id.in_(household_ids)))
    session.execute(delete(Booking).where(Booking.id.in_(booking_ids)))
    try:
        session.execute(delete(Household).where(Household.id.in_(household_ids)))
    except IntegrityError:  # It waits for a slot, has a calendar's address, or was booked again.
        raise Rollback(TakeBack.TOUCHED) from None
    for household_id in owners:
        if household_id not in household_ids:
            bump_version(session, Household, household_id)
    for household_id, number in file.taken["numbers"].items():
        take_number_away(session.get_one(Household, int(household_id)), number)
        bump_version(session, Household, int(household_id))
    return freed
