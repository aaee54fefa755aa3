"""Asking for a slot, by a household for itself or by staff for a household."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from kit_booking.database import Rollback, db, transaction
from kit_booking.domain.booking.refusals import OF_THE_SLOT, Booked, Reason, Refusal, refusals
from kit_booking.domain.booking.status import LIVE, Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.register.household import gets_texts
from kit_booking.domain.time.deadlines import half_way
from kit_booking.models import Place
from kit_booking.services.audit import Actor
from kit_booking.services.communes.slots import BookableSlot, find_slot
from kit_booking.services.timeline import standing
from kit_booking.services.timeline.create import SlotTaken, create_booking
from kit_booking.services.timeline.holds import held_by
from kit_booking.services.timeline.locks import lock_household_to_book, lock_kit_to_book
from kit_booking.services.timeline.texts import context_of, queue_text


@dataclass(frozen=True)
class AskResult:
    """The code of the booking, or every reason why there is none."""

    code: str = ""
    refusals: list[Refusal] = field(default_factory=list)


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
    staff_id: int | None = None,
    override: str = "",
    now: datetime,
) -> AskResult:
    """A household asks for a slot, or staff book it for the household: then it is approved at once.

    ``override`` is a reason of staff to book against the rules; then only refusals of the slot itself count. The
    two locks are UPDATEs, which are undone where nothing is booked. Raises ``NoSuchSlot`` and ``HouseholdGone``.
    """
    bookable = find_slot(kit_code, day, slot_key)
    by = Actor(staff_id=staff_id) if staff_id else Actor(household_id=household_id)
    commune, kit, slot = bookable.commune, bookable.kit, bookable.slot
    place_id = lock_kit_to_book(session, kit.id)
    household = lock_household_to_book(session, household_id, sells=sells, streams_on=streams_on)
    if household is None or household.erased_at:
        raise standing.HouseholdGone
    counted = standing.bookings_that_count(session, household, slot.hold.from_at, now=now)
    if own_code := _own_code(bookable, counted.own):
        raise Rollback(AskResult(code=own_code))  # Sent twice: by a double tap, the back button, or on a bad line.
    booked = standing.count(
        household,
        counted,
        slot.hold.from_at,
        commune_id=commune.id,
        policy=commune.policy,
        now=now,
        on_air=slot.on_air,
    )
    reasons = why_not(session, bookable, booked, now=now)
    if override:
        reasons = [refusal for refusal in reasons if refusal.reason in OF_THE_SLOT]
    if reasons:
        raise Rollback(AskResult(refusals=reasons))
    answer_by_at = kit.timetable.answer_by(now, slot.hold.from_at)
    try:
        booking = create_booking(
            session,
            bookable,
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
    except SlotTaken:
        raise Rollback(AskResult(refusals=[Refusal(Reason.TAKEN)])) from None
    kind = Kind.APPROVED if by.staff_id else Kind.RECEIVED
    place = kit.place_in_texts if place_id == kit.place_id else session.get_one(Place, place_id).name_in_texts
    reached = gets_texts(household.phone, household.takes_texts, household.bad_number_at)
    queue_text(
        session,
        kind,
        booking,
        context_of(booking, commune.name, place, commune.phone),
        household.phone if reached else "",
        household.phone or household.landline,
        commune.policy,
        now=now,
    )
    return AskResult(code=booking.code)


def why_not(
    session: Session, bookable: BookableSlot, booked: Booked | None, *, without: int | None = None, now: datetime
) -> list[Refusal]:
    """Every reason why a household that has ``booked`` this, or without it anybody, can't ask for the slot.

    ``without`` is the id of a booking whose hold does not count.
    """
    return list(
        refusals(
            bookable.slot,
            taken=held_by(session, bookable.kit.id, bookable.slot.hold, without=without),
            has_clerk=bookable.commune.has_clerk,
            booked=booked,
            policy=bookable.commune.policy,
            now=now,
        )
    )


def _own_code(bookable: BookableSlot, bookings: Sequence[Row[Any]]) -> str:
    """The code of the household's own live booking of this very slot, or ""."""
    slot = (bookable.kit.id, bookable.slot.day, bookable.slot.name)
    own = (row.code for row in bookings if row.status in LIVE and (row.kit_id, row.day, row.slot_name) == slot)
    return next(own, "")


@dataclass(frozen=True)
class SlotLook:
    """A slot, and whether the household may ask for it."""

    bookable: BookableSlot
    refusals: list[Refusal]
    booked: Booked | None
    """What the household has booked; None when nobody is signed in."""
    own_code: str
    """The code of the household's own booking of this slot, or ""."""


def look_at_slot(kit_code: str, day: date, slot_key: str, household_id: int | None, *, now: datetime) -> SlotLook:
    """Whether the household, or without one anybody, may ask for this slot; reads without locks.

    Raises ``NoSuchSlot`` and ``HouseholdGone``.
    """
    session, bookable = db.session(), find_slot(kit_code, day, slot_key)
    booked, own_code = None, ""
    if household_id is not None:
        commune, pick_up_at = bookable.commune, bookable.slot.hold.from_at
        household = standing.find_household_row(session, household_id)
        counted = standing.bookings_that_count(session, household, pick_up_at, now=now)
        booked = standing.count(
            household,
            counted,
            pick_up_at,
            commune_id=commune.id,
            policy=commune.policy,
            now=now,
            on_air=bookable.slot.on_air,
        )
        own_code = _own_code(bookable, counted.own)
    return SlotLook(bookable, why_not(session, bookable, booked, now=now), booked, own_code)
