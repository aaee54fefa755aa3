"""Asking for a slot, for oneself or for somebody else, and changing to another one: each one transaction."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ParamSpec

from sqlalchemy.orm import Session

from kit_booking.database import db, transaction
from kit_booking.domain.booking import OF_THE_SLOT, Booked, Reason, Refusal, refusals
from kit_booking.domain.deadlines import half_way
from kit_booking.domain.household import gets_texts
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import LIVE, Status
from kit_booking.services.answers import WITHDRAWABLE, is_late
from kit_booking.services.moves import SlotTaken, exchange, take
from kit_booking.services.slots import FoundSlot, NoSuchSlot, find_slot, held_by
from kit_booking.services.standing import booked, bookings_that_count, count
from kit_booking.services.steps import (
    Actor,
    file_of,
    get_file,
    queue_booking_text,
    queue_text,
    slip_of,
    touch_household,
    touch_kit,
)

P = ParamSpec("P")


@dataclass(frozen=True)
class Asked:
    """What came of asking: the code of the booking, or every reason why there is none."""

    code: str = ""
    refusals: list[Refusal] = field(default_factory=list)


class NotAsked(Exception):
    """Nothing was asked for, and nothing of what the transaction wrote may stay."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked


def _answered(ask: Callable[P, Asked]) -> Callable[P, Asked]:
    """Why nothing was asked for, or that the database refused the hold after all, is the answer."""

    @functools.wraps(ask)
    def asked(*args: P.args, **kwargs: P.kwargs) -> Asked:
        try:
            return ask(*args, **kwargs)
        except NotAsked as instead:
            return instead.asked
        except SlotTaken:
            return Asked(refusals=[Refusal(Reason.TAKEN)])

    return asked


@_answered
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


@_answered
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
    commune, kit, slot = found.commune, found.kit, found.slot
    place_id = touch_kit(session, kit.id)
    household = touch_household(session, household_id, sells=sells, streams_on=streams_on)
    bookings = bookings_that_count(session, household_id, slot.hold.from_at, now=now)
    if own := _own_booking(found, bookings):
        raise NotAsked(Asked(code=own))  # Sent twice: by a double tap, the back button, or on a bad line.
    has = count(household, bookings, slot.hold.from_at, commune_id=commune.id, policy=commune.policy, now=now)
    reasons = _why_not(session, found, has, now=now)
    if override:
        reasons = [refusal for refusal in reasons if refusal.reason in OF_THE_SLOT]
    if reasons:
        raise NotAsked(Asked(refusals=reasons))
    answer_by_at = kit.timetable.answer_by(now, slot.hold.from_at)
    booking = take(
        session,
        found,
        place_id,
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
    queue_text(
        session,
        Kind.APPROVED if by.staff_id else Kind.RECEIVED,
        booking,
        slip_of(booking, commune=commune.name, place=kit.place, office_phone=commune.phone),
        household.phone if gets_texts(household.phone, household.takes_texts, household.bad_number_at) else "",
        household.phone or household.landline,
        commune.policy,
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


def _why_not(
    session: Session, found: FoundSlot, has: Booked | None, *, without: int | None = None, now: datetime
) -> list[Refusal]:
    return list(
        refusals(
            found.slot,
            taken=held_by(session, found.kit.id, found.slot.hold, without=without),
            has_clerk=found.commune.has_clerk,
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


def _own_booking(found: FoundSlot, bookings: Sequence[Any]) -> str | None:
    asked = (found.kit.id, found.slot.day, found.slot.name)
    mine = (one for one in bookings if one.status in LIVE and (one.kit_id, one.day, one.slot_name) == asked)
    return next((one.code for one in mine), None)


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
    pick_up_at = found.slot.hold.from_at
    own = (
        household_id and _own_booking(found, bookings_that_count(session, household_id, pick_up_at, now=now))
    ) or None
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
