"""Asking for a slot, for oneself or for somebody else, and changing to another one: each one transaction."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ParamSpec

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session

from kit_booking.database import db, transaction
from kit_booking.domain.booking import OF_THE_SLOT, Booked, Reason, Refusal, refusals
from kit_booking.domain.deadlines import half_way
from kit_booking.domain.household import gets_texts
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Hold, Household, Kit, Role, Staff, StaffRole
from kit_booking.services.answers import WITHDRAWABLE, is_late
from kit_booking.services.moves import exchange, take
from kit_booking.services.new_bookings import SlotTaken
from kit_booking.services.slots import OVERLAPS, FoundSlot, NoSuchSlot, find_slot, held_by
from kit_booking.services.standing import booked
from kit_booking.services.steps import Actor, file_of, get_file, lock, queue_booking_text, queue_text, slip_of
from kit_booking.statements import HotStatement

P = ParamSpec("P")


@dataclass(frozen=True)
class Asked:
    """What came of asking: the code of the booking, or every reason why there is none."""

    code: str = ""
    refusals: list[Refusal] = field(default_factory=list)


def _taken_is_refusal(ask: Callable[P, Asked]) -> Callable[P, Asked]:
    """When the database refuses the hold after all, nothing was asked for, and that is the answer."""

    @functools.wraps(ask)
    def asked(*args: P.args, **kwargs: P.kwargs) -> Asked:
        try:
            return ask(*args, **kwargs)
        except SlotTaken:
            return Asked(refusals=[Refusal(Reason.TAKEN)])

    return asked


@_taken_is_refusal
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
    return _ask(
        session,
        find_slot(kit_code, day, slot_key),
        household_id,
        Actor(household_id=household_id),
        sells=sells,
        streams_on=streams_on,
        now=now,
    )


@_taken_is_refusal
@transaction
def book_for(
    session: Session,
    kit_code: str,
    day: date,
    slot_key: str,
    household_id: int,
    staff_id: int,
    *,
    sells: str,
    streams_on: str,
    override: str = "",
    now: datetime,
) -> Asked:
    """Staff book for a household, which is approved at once. Raises ``NoSuchSlot``.

    With ``override``, the reason that goes on record, only the slot itself can stand against it.
    """
    return _ask(
        session,
        find_slot(kit_code, day, slot_key),
        household_id,
        Actor(staff_id=staff_id),
        sells=sells,
        streams_on=streams_on,
        override=override,
        now=now,
    )


_keep_words = HotStatement(
    update(Household)
    .where(Household.id == bindparam("row_id"))
    .returning(Household.phone, Household.landline, Household.takes_texts, Household.bad_number_at),
    columns="sells streams_on",
)
"""What the household sells, to be proposed the next time; tells on the way how it is reached."""


def _ask(
    session: Session,
    found: FoundSlot,
    household_id: int,
    by: Actor,
    *,
    sells: str,
    streams_on: str,
    override: str = "",
    now: datetime,
) -> Asked:
    kit, slot = found.kit, found.slot
    lock(session, Kit, kit.id)
    lock(session, Household, household_id)
    if own := _own_booking(session, found, household_id):
        return Asked(code=own)  # Sent twice: by a double tap, the back button, or on a bad line.
    reasons = why_not(session, found, household_id, now=now)
    if override:
        reasons = [refusal for refusal in reasons if refusal.reason in OF_THE_SLOT]
    if reasons:
        return Asked(refusals=reasons)
    answer_by_at = kit.timetable.answer_by(now, slot.hold.from_at)
    booking = take(
        session,
        found,
        household_id,
        Status.APPROVED if by.staff_id else Status.REQUESTED,
        by,
        now=now,
        answer_by_at=answer_by_at,
        remind_staff_at=half_way(now, answer_by_at, kit.timetable.office),
        sells=sells,
        streams_on=streams_on,
        reason=override,
    )
    [(phone, landline, *reached)] = _keep_words.on(session, row_id=household_id, sells=sells, streams_on=streams_on)
    queue_text(
        session,
        Kind.APPROVED if by.staff_id else Kind.RECEIVED,
        booking,
        slip_of(booking, commune=found.commune.name, place=kit.place, office_phone=found.commune.phone),
        phone if gets_texts(phone, *reached) else "",
        phone or landline,
        found.commune.policy,
        now=now,
    )
    return Asked(code=booking.code)


def why_not(
    session: Session,
    found: FoundSlot,
    household_id: int | None,
    *,
    now: datetime,
    without: int | None = None,
) -> list[Refusal]:
    """Every reason why the slot can't be asked for; without a household, the slot's own reasons.

    ``without`` is the id of a booking of the household that does not count.
    """
    has = _booked(session, found, household_id, without=without, now=now)
    return _why_not(session, found, has, without=without, now=now)


_has_clerk = HotStatement(
    select(
        exists().where(
            StaffRole.commune_id == bindparam("commune_id"),
            StaffRole.role == Role.CLERK,
            StaffRole.staff_id == Staff.id,
            Staff.is_active,
        )
    )
)


def _why_not(
    session: Session, found: FoundSlot, has: Booked | None, *, without: int | None = None, now: datetime
) -> list[Refusal]:
    [(has_clerk,)] = _has_clerk.on(session, commune_id=found.commune.id)
    return list(
        refusals(
            found.slot,
            taken=held_by(session, found.kit.id, found.slot.hold, without=without),
            has_clerk=bool(has_clerk),
            booked=has,
            policy=found.commune.policy,
            now=now,
        )
    )


def _booked(
    session: Session, found: FoundSlot, household_id: int | None, *, without: int | None = None, now: datetime
) -> Booked | None:
    if household_id is None:
        return None
    return booked(
        session,
        household_id,
        found.slot.hold.from_at,
        commune_id=found.commune.id,
        policy=found.commune.policy,
        now=now,
        without=without,
    )


_own = HotStatement(
    select(Booking.code)
    .join(Hold, Hold.booking_id == Booking.id)
    .where(
        OVERLAPS,
        Booking.household_id == bindparam("household_id"),
        Booking.day == bindparam("day"),
        Booking.slot_name == bindparam("slot_name"),
    )
)


def _own_booking(session: Session, found: FoundSlot, household_id: int) -> str | None:
    slot = found.slot
    rows = _own.on(
        session,
        kit_id=found.kit.id,
        from_at=slot.hold.from_at,
        until_at=slot.hold.until_at,
        household_id=household_id,
        day=slot.day,
        slot_name=slot.name,
    )
    return rows[0][0] if rows else None


@dataclass(frozen=True)
class Look:
    """A slot as somebody who may ask for it sees it."""

    found: FoundSlot
    refusals: list[Refusal]
    booked: Booked | None
    own_code: str | None
    """The household's own booking of this slot."""


def look_at_slot(kit_code: str, day: date, slot_key: str, household_id: int | None, *, now: datetime) -> Look:
    """Whether this slot can be asked for, without asking. Raises ``NoSuchSlot``."""
    session = db.session()
    found = find_slot(kit_code, day, slot_key)
    has = _booked(session, found, household_id, now=now)
    own = _own_booking(session, found, household_id) if household_id else None
    return Look(found, _why_not(session, found, has, now=now), has, own)


@transaction
def change_slot(
    session: Session, code: str, kit_code: str, day: date, slot_key: str, household_id: int, *, now: datetime
) -> Asked:
    """The household changes its booking to another free slot in one step; refused, it keeps the one it has.

    Raises ``NoSuchSlot``, for a slot of another commune too. A booking that can't be changed any more is
    refused as TOO_LATE.
    """
    found = find_slot(kit_code, day, slot_key)
    file = get_file(session, code, found.kit.id)
    booking = file.booking
    if booking.commune_id != found.commune.id:  # Its clerk has approved nothing.
        raise NoSuchSlot
    if booking.status not in WITHDRAWABLE or now >= booking.pick_up_at or is_late(file, now=now):
        return Asked(refusals=[Refusal(Reason.TOO_LATE, at=booking.pick_up_at - file.policy.late_cancel)])
    if (booking.kit_id, booking.day, booking.slot_name) == (found.kit.id, day, found.slot.name):
        return Asked(code=code)
    if reasons := why_not(session, found, household_id, now=now, without=booking.id):
        return Asked(refusals=reasons)
    was_requested = booking.status == Status.REQUESTED
    if not exchange(session, booking, found, Actor(household_id=household_id), now=now, reason=""):
        return Asked(refusals=[Refusal(Reason.TAKEN)])
    if was_requested:
        booking.answer_by_at = found.kit.timetable.answer_by(now, found.slot.hold.from_at)
        booking.remind_staff_at = half_way(now, booking.answer_by_at, found.kit.timetable.office)
    else:
        booking.approved_at = now  # For this slot: its household is told so, and may have second thoughts.
    kind = Kind.RECEIVED if was_requested else Kind.APPROVED
    queue_booking_text(session, kind, file_of(session, booking.id), now=now)
    return Asked(code=code)
