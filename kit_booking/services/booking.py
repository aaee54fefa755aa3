"""Asking for a slot, and answering, declining, cancelling: each one transaction."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, and_, case, exists, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kit_booking.database import db, transaction
from kit_booking.domain.booking import CODE_LETTERS, Booked, Reason, Refusal, refusals, week_of
from kit_booking.domain.hours import LONGEST_PAUSE, Span
from kit_booking.domain.local_time import local, local_day
from kit_booking.domain.messages import Kind
from kit_booking.domain.policy import Policy
from kit_booking.domain.slots import Slot
from kit_booking.domain.status import AHEAD, USED, Status
from kit_booking.models import Booking, Commune, Hold, Household, Kit, Place, Role, Staff, StaffRole
from kit_booking.services.sheets import CommuneSheet, KitSheet, sheet
from kit_booking.services.steps import Actor, File, get_file, lock, move, queue_booking_text

WITHDRAWABLE = frozenset({Status.REQUESTED, Status.APPROVED})


@dataclass(frozen=True)
class Asked:
    """What came of asking: the code of the booking, or every reason why there is none."""

    code: str = ""
    refusals: list[Refusal] = field(default_factory=list)


class NoSuchSlot(Exception):
    """The kit has no such slot on that day."""


@transaction
def request_booking(
    session: Session,
    kit_code: str,
    day: date,
    slot_key: str,
    household_id: int,
    *,
    sells: str,
    streams_on: str,
    now: datetime,
) -> Asked:
    """A household asks for a slot; the request holds it at once. Raises ``NoSuchSlot``."""
    commune_sheet, kit, slot = find_slot(session, kit_code, day, slot_key)
    lock(session, Kit, kit.id)
    lock(session, Household, household_id)
    if own := _own_booking(session, kit, slot, household_id):
        return Asked(code=own)  # Sent twice: by a double tap, the back button, or on a bad line.
    reasons = why_not(session, commune_sheet, kit, slot, household_id, now=now)
    if reasons:
        return Asked(refusals=reasons)
    household = session.get_one(Household, household_id)
    booking = Booking(
        code=_new_code(session, kit.code),
        commune_id=commune_sheet.id,
        place_id=kit.place_id,
        kit_id=kit.id,
        household_id=household_id,
        status=Status.REQUESTED,
        day=slot.day,
        slot_name=slot.name,
        from_at=slot.on_air.from_at,
        until_at=slot.on_air.until_at,
        pick_up_at=slot.hold.from_at,
        return_at=slot.hold.until_at,
        sells=sells,
        streams_on=streams_on,
        asked_at=now,
        answer_by_at=kit.timetable.answer_by(now, slot.hold.from_at),
    )
    try:
        with session.begin_nested():
            session.add(booking)
            move(session, booking, Status.REQUESTED, Actor(household_id=household_id), now=now, is_new=True)
            session.execute(
                insert(Hold).values(
                    kit_id=kit.id,
                    from_at=slot.hold.from_at,
                    until_at=slot.hold.until_at,
                    booking_id=booking.id,
                )
            )
    except IntegrityError as error:
        # The database is the judge: whatever way another hold came in, this one is refused.
        if "ex_hold_overlap" not in str(error.orig):
            raise
        return Asked(refusals=[Refusal(Reason.TAKEN)])
    household.sells, household.streams_on = sells, streams_on
    file = File(booking, household, session.get_one(Commune, commune_sheet.id), session.get_one(Place, kit.place_id))
    queue_booking_text(session, Kind.RECEIVED, file, now=now)
    return Asked(code=booking.code)


def find_slot(session: Session, kit_code: str, day: date, slot_key: str) -> tuple[CommuneSheet, KitSheet, Slot]:
    """The commune, the kit and the slot by their names. Raises ``NoSuchSlot``."""
    row = session.execute(
        select(Commune.id, Commune.version).join(Kit, Kit.commune_id == Commune.id).where(Kit.code == kit_code)
    ).one_or_none()
    commune_sheet = row and sheet(row.id, row.version)
    kit = commune_sheet and commune_sheet.kit(kit_code)
    slot = kit and kit.timetable.slot(day, slot_key)
    if not (commune_sheet and kit and slot):
        raise NoSuchSlot
    return commune_sheet, kit, slot


def why_not(
    session: Session,
    commune_sheet: CommuneSheet,
    kit: KitSheet,
    slot: Slot,
    household_id: int | None,
    *,
    now: datetime,
) -> list[Refusal]:
    """Every reason why the slot can't be asked for; without a household, the slot's own reasons."""
    state = session.execute(
        select(
            select(func.max(case((Hold.booking_id.is_(None), 1), else_=2)))
            .where(_overlaps(kit.id, slot.hold))
            .scalar_subquery()
            .label("held"),
            exists()
            .where(
                StaffRole.commune_id == commune_sheet.id,
                StaffRole.role == Role.CLERK,
                StaffRole.staff_id == Staff.id,
                Staff.is_active,
            )
            .label("has_clerk"),
        )
    ).one()
    return list(
        refusals(
            slot,
            taken={None: None, 1: Reason.CLOSED, 2: Reason.TAKEN}[state.held],
            has_clerk=state.has_clerk,
            booked=booked(session, household_id, slot.hold.from_at, now=now) if household_id else None,
            policy=commune_sheet.policy,
            now=now,
        )
    )


def _own_booking(session: Session, kit: KitSheet, slot: Slot, household_id: int) -> str | None:
    return session.scalar(
        select(Booking.code)
        .join(Hold, Hold.booking_id == Booking.id)
        .where(
            _overlaps(kit.id, slot.hold),
            Booking.household_id == household_id,
            Booking.pick_up_at == slot.hold.from_at,
        )
    )


@dataclass(frozen=True)
class Look:
    """A slot as somebody who may ask for it sees it."""

    commune: CommuneSheet
    kit: KitSheet
    slot: Slot
    refusals: list[Refusal]
    booked: Booked | None
    own_code: str | None
    """The household's own booking of this slot."""


def look_at_slot(kit_code: str, day: date, slot_key: str, household_id: int | None, *, now: datetime) -> Look:
    """Whether this slot can be asked for, without asking. Raises ``NoSuchSlot``."""
    session = db.session()
    commune_sheet, kit, slot = find_slot(session, kit_code, day, slot_key)
    return Look(
        commune_sheet,
        kit,
        slot,
        why_not(session, commune_sheet, kit, slot, household_id, now=now),
        booked(session, household_id, slot.hold.from_at, now=now) if household_id else None,
        _own_booking(session, kit, slot, household_id) if household_id else None,
    )


def _overlaps(kit_id: int, span: Span) -> ColumnElement[bool]:
    return and_(Hold.kit_id == kit_id, Hold.from_at < span.until_at, Hold.until_at > span.from_at)


def booked(session: Session, household_id: int, pick_up_at: datetime, *, now: datetime) -> Booked:
    """What the household has ahead, and in the week of this pick-up, in all communes together."""
    monday, next_monday = (local(day, time()) for day in week_of(local_day(pick_up_at)))
    row = session.execute(
        select(
            func.count(case((and_(Booking.status.in_(AHEAD), Booking.return_at > now), 1))).label("ahead"),
            func.count(
                case(
                    (
                        and_(
                            Booking.status.in_(AHEAD | USED),
                            Booking.pick_up_at >= monday,
                            Booking.pick_up_at < next_monday,
                        ),
                        1,
                    )
                )
            ).label("in_week"),
        ).where(
            Booking.household_id == household_id,
            Booking.pick_up_at >= min(monday, now - 2 * LONGEST_PAUSE),
        )
    ).one()
    return Booked(row.ahead, row.in_week)


def standing_of(household_id: int, *, now: datetime) -> tuple[Booked, Policy]:
    """What the household has this week, and the numbers of its home commune."""
    session = db.session()
    changes = session.scalar(
        select(Commune.policy).join(Household, Household.commune_id == Commune.id).where(Household.id == household_id)
    )
    return booked(session, household_id, now, now=now), Policy.of(changes or {})


def _new_code(session: Session, kit_code: str) -> str:
    """The commune's letters and three random ones, or more where three are used up."""
    letters = kit_code.partition("-")[0][:2]
    for length in (3, 3, 3, 4, 4, 5, 5, 5):
        code = letters + "".join(secrets.choice(CODE_LETTERS) for _ in range(length))
        if not session.scalar(select(exists().where(Booking.code == code))):
            return code
    raise RuntimeError(f"no free code for {letters}")


@dataclass(frozen=True)
class Outcome:
    """Whether the move was made; else the status that stood against it."""

    is_done: bool
    status: Status


@transaction
def approve(session: Session, code: str, staff_id: int, *, now: datetime) -> Outcome:
    """Staff say yes to a request whose time on air is not over."""
    file = get_file(session, code)
    booking = file.booking
    if booking.status != Status.REQUESTED or now >= booking.until_at:
        return Outcome(False, booking.status)
    booking.approved_at = now
    move(session, booking, Status.APPROVED, Actor(staff_id=staff_id), now=now)
    queue_booking_text(session, Kind.APPROVED, file, now=now)
    return Outcome(True, booking.status)


@transaction
def decline(session: Session, code: str, staff_id: int, reason: str, *, now: datetime) -> Outcome:
    """Staff say no to a request, with a reason that the household reads."""
    file = get_file(session, code)
    if file.booking.status != Status.REQUESTED:
        return Outcome(False, file.booking.status)
    move(session, file.booking, Status.DECLINED, Actor(staff_id=staff_id), now=now, reason=reason)
    queue_booking_text(session, Kind.DECLINED, file, now=now)
    return Outcome(True, file.booking.status)


@transaction
def withdraw(session: Session, code: str, household_id: int, *, now: datetime) -> Outcome:
    """The household gives its own booking up, until the pick-up."""
    file = get_file(session, code)
    booking = file.booking
    if booking.status not in WITHDRAWABLE or now >= booking.pick_up_at:
        return Outcome(False, booking.status)
    move(session, booking, Status.CANCELLED, Actor(household_id=household_id), now=now)
    queue_booking_text(session, Kind.WITHDRAWN, file, now=now)
    return Outcome(True, booking.status)


@transaction
def cancel(session: Session, code: str, staff_id: int, reason: str, *, now: datetime) -> Outcome:
    """Staff take a booking back, with a reason that the household reads."""
    file = get_file(session, code)
    if file.booking.status not in WITHDRAWABLE:
        return Outcome(False, file.booking.status)
    move(session, file.booking, Status.CANCELLED, Actor(staff_id=staff_id), now=now, reason=reason)
    queue_booking_text(session, Kind.CANCELLED, file, now=now)
    return Outcome(True, file.booking.status)
