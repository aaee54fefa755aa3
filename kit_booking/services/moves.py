"""The one door through which a booking begins, changes its status or its slot, and time of a kit comes free.

What comes free is offered to those who wait for it, in the transaction that freed it; nothing else may free it.
Whoever calls has locked the kit and the household.
"""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kit_booking.database import TryAgain
from kit_booking.domain.booking import CODE_LETTERS, Reason, refusals
from kit_booking.domain.deadlines import is_worth_offering, offer_until, offers_end_at
from kit_booking.domain.hours import Span
from kit_booking.domain.messages import Kind, booking_text, send_at
from kit_booking.domain.queue import in_order
from kit_booking.domain.slots import opens_at, slots_between, window
from kit_booking.domain.status import LIVE, Status, may_move
from kit_booking.models import Booking, Hold, Household, Kit, WaitingEntry, WaitingState
from kit_booking.services.closed_time import close_again
from kit_booking.services.queue import WaitingForSlot, who_waits
from kit_booking.services.slots import FoundSlot, find_kit, held_by
from kit_booking.services.standing import booked
from kit_booking.services.steps import (
    SYSTEM,
    Actor,
    File,
    file_of,
    lock,
    queue_booking_text,
    raise_version,
    record,
    sms_name,
    touch_kit,
    write_down,
)


class SlotTaken(Exception):
    """The database, which is the judge, refused the hold; nothing of what the transaction wrote may stay."""


def only_overlap(error: IntegrityError) -> None:
    """Go on after the refusal of a hold; any other one is a mistake."""
    if "ex_hold_overlap" not in str(error.orig):
        raise error


_add_booking = insert(Booking).returning(*Booking.__table__.columns)
_add_hold = insert(Hold)


def take(
    session: Session,
    found: FoundSlot,
    place_id: int,
    household_id: int,
    status: Status,
    by: Actor,
    *,
    now: datetime,
    answer_by_at: datetime,
    remind_staff_at: datetime | None = None,
    sells: str = "",
    streams_on: str = "",
    reason: str = "",
) -> Row[Any]:
    """A new booking with its hold. Raises ``SlotTaken``, after which the transaction is not to be committed."""
    kit, slot = found.kit, found.slot
    connection = session.connection()
    values = {
        "code": new_code(kit.code),
        "commune_id": found.commune.id,
        "place_id": place_id,
        "kit_id": kit.id,
        "household_id": household_id,
        "status": status,
        "day": slot.day,
        "slot_name": slot.name,
        "from_at": slot.on_air.from_at,
        "until_at": slot.on_air.until_at,
        "pick_up_at": slot.hold.from_at,
        "return_at": slot.hold.until_at,
        "sells": sells,
        "streams_on": streams_on,
        "asked_at": now,
        "answer_by_at": answer_by_at,
        "remind_staff_at": remind_staff_at,
        "approved_at": now if status is Status.APPROVED else None,
        "changed_at": now,
        "reason": reason,
    }
    try:
        booking = connection.execute(_add_booking, values).one()
    except IntegrityError as error:
        if "booking_code" in str(error.orig) or "booking.code" in str(error.orig):
            raise TryAgain from error
        raise
    hold = {"booking_id": booking.id, "kit_id": kit.id, "from_at": slot.hold.from_at, "until_at": slot.hold.until_at}
    try:
        connection.execute(_add_hold, hold)
    except IntegrityError as error:
        only_overlap(error)
        raise SlotTaken from error
    write_down(session, booking, by, now=now, from_status=None)
    if status is not Status.OFFERED:
        _end_waiting(session, booking, now=now)
    return booking


def new_code(kit_code: str) -> str:
    """The commune's letters and three random ones, short enough to be read out over the phone."""
    return kit_code.partition("-")[0][:2] + "".join(secrets.choice(CODE_LETTERS) for _ in range(3))


_place = select(Kit.place_id).where(Kit.id == bindparam("kit_id"))


def _place_of(session: Session, kit_id: int) -> int:
    """Where the locked kit stands; the sheet was read before, and it may just have been moved."""
    return int(session.connection().execute(_place, {"kit_id": kit_id}).scalar_one())


def move(
    session: Session,
    booking: Booking,
    to_status: Status,
    by: Actor,
    *,
    now: datetime,
    reason: str = "",
    happened_at: datetime | None = None,
) -> None:
    """Make the one move. When the booking is live no more its hold goes, and what is left of it comes free.

    ``happened_at`` differs from ``now`` when it was written down later.
    """
    from_status = Status(booking.status)
    if not may_move(from_status, to_status):
        raise ValueError(f"a booking can't go from {from_status} to {to_status}")
    if to_status is Status.APPROVED:
        booking.approved_at = now
    record(session, booking, to_status, by, now=now, reason=reason, happened_at=happened_at)
    if from_status in LIVE and to_status not in LIVE:
        gone = session.execute(
            delete(Hold).where(Hold.booking_id == booking.id).returning(Hold.from_at, Hold.until_at)
        ).one_or_none()
        if gone:
            freed(session, booking.kit_id, Span(gone.from_at, gone.until_at), now=now)
    if from_status is Status.OFFERED:  # Only now, or what staff took back would be offered to the same one again.
        _settle_entry(session, booking, to_status, by, now=now)


def hold_again(session: Session, booking: Booking, *, now: datetime) -> bool:
    """Hold what is left of the booking's time once more; False when that is nobody's to give any more."""
    from_at = max(booking.pick_up_at, now)
    if from_at >= booking.return_at:
        return False
    try:
        with session.begin_nested():
            values = {"kit_id": booking.kit_id, "from_at": from_at, "until_at": booking.return_at}
            session.execute(insert(Hold).values(booking_id=booking.id, **values))
    except IntegrityError as error:
        only_overlap(error)
        return False
    return True


def hold_from(session: Session, booking: Booking, from_at: datetime) -> bool:
    """Hold the kit from an earlier moment on, at which it really goes out; False when it is not free by then."""
    try:
        with session.begin_nested():
            session.execute(update(Hold).where(Hold.booking_id == booking.id).values(from_at=from_at))
    except IntegrityError as error:
        only_overlap(error)
        return False
    return True


def exchange(session: Session, booking: Booking, found: FoundSlot, by: Actor, *, now: datetime, reason: str) -> bool:
    """Put the booking into another slot or on another kit, in one step; False when that was just taken.

    It stays the same booking, in the same status; both kits are locked. The one it had comes free.
    """
    kit, slot = found.kit, found.slot
    old_kit_id, old = booking.kit_id, Span(booking.pick_up_at, booking.return_at)
    try:
        with session.begin_nested():
            session.execute(
                update(Hold)
                .where(Hold.booking_id == booking.id)
                .values(kit_id=kit.id, from_at=slot.hold.from_at, until_at=slot.hold.until_at)
            )
    except IntegrityError as error:
        only_overlap(error)
        return False
    booking.commune_id, booking.kit_id = found.commune.id, kit.id
    booking.place_id = _place_of(session, kit.id)
    booking.day, booking.slot_name = slot.day, slot.name
    booking.from_at, booking.until_at = slot.on_air.from_at, slot.on_air.until_at
    booking.pick_up_at, booking.return_at = slot.hold.from_at, slot.hold.until_at
    record(session, booking, Status(booking.status), by, now=now, reason=reason)
    if old_kit_id != kit.id:
        raise_version(session, Kit, old_kit_id)
    _end_waiting(session, booking, now=now)
    freed(session, old_kit_id, old, now=now)
    return True


def freed(session: Session, kit_id: int, span: Span, *, now: datetime) -> None:
    """Offer what came free of a kit's time, slot by slot, each to the first who waits for it and may have it.

    The kit is locked, and its hold on the time is gone. What a closure says of the time is closed first.
    """
    if span.until_at <= now:
        return
    close_again(session, kit_id, span, now=now)
    found = find_kit(kit_id)
    if found is None:
        return
    commune, kit = found
    days = window(commune.policy, now=now)
    slots = [slot for slot in slots_between(kit.timetable, days.first, days.last) if slot.hold.overlaps(span)]
    everybody = who_waits(session.execute, commune.id, slots[0].day, slots[-1].day, now=now) if slots else []
    for slot in slots:
        waiting = [one for one in everybody if one.fits(slot.day, slot.name, kit.place_id)]
        if waiting:
            _offer(session, FoundSlot(commune, kit, slot), waiting, now=now)


def _offer(session: Session, found: FoundSlot, waiting: list[WaitingForSlot], *, now: datetime) -> None:
    """Offer the slot, if it is free, to the first in the queue who may book it."""
    policy, slot = found.commune.policy, found.slot
    told_at = send_at(Kind.OFFER, now=now, pick_up_at=slot.hold.from_at, policy=policy)
    is_open = opens_at(slot.day, policy) <= now and is_worth_offering(slot.hold.from_at, policy, now=told_at)
    if not is_open or held_by(session, found.kit.id, slot.hold):
        return
    for one in in_order(waiting_for.one for waiting_for in waiting if told_at < waiting_for.until_at):
        lock(session, Household, one.household_id)
        entry = session.get_one(WaitingEntry, one.entry_id, populate_existing=True)
        if entry.state == WaitingState.WAITING and _may_have(session, found, one.household_id, now=now):
            end_at = offers_end_at(slot.hold.from_at, policy)
            try:
                with session.begin_nested():
                    place_id = touch_kit(session, found.kit.id)
                    raise_version(session, Household, one.household_id)
                    taken = take(
                        session,
                        found,
                        place_id,
                        one.household_id,
                        Status.OFFERED,
                        SYSTEM,
                        now=now,
                        answer_by_at=end_at,
                    )
            except SlotTaken:
                return  # What freed the time stands all the same.
            entry.state, entry.booking_id = WaitingState.OFFERED, taken.id
            _tell_of_offer(session, file_of(session, taken.id), now=now)
            return


def _may_have(session: Session, found: FoundSlot, household_id: int, *, now: datetime) -> bool:
    """By the same rules as asking, but that no clerk has to find the time to answer."""
    policy, slot = found.commune.policy, found.slot
    has = booked(session, household_id, slot.hold.from_at, commune_id=found.commune.id, policy=policy, now=now)
    against = refusals(slot, taken=None, has_clerk=True, booked=has, policy=policy, now=now)
    return all(refusal.reason is Reason.TOO_LATE for refusal in against)


def _tell_of_offer(session: Session, file: File, *, now: datetime) -> None:
    """Queue the text; its clock starts when it is sent. Who gets none is phoned, and the clock starts now."""
    booking = file.booking
    until_at = offer_until(now, booking.pick_up_at, file.policy)
    if not queue_booking_text(session, Kind.OFFER, file, now=now, due_at=until_at):
        booking.answer_by_at = until_at


def offer_text(session: Session, booking: Booking, *, now: datetime) -> str:
    """The offer's text as it goes out now: its clock starts, and the text says until when the slot is held."""
    file = file_of(session, booking.id)
    booking.answer_by_at = offer_until(now, booking.pick_up_at, file.policy)
    return booking_text(Kind.OFFER, sms_name(), file.slip(due_at=booking.answer_by_at))


def offer_untold(session: Session, booking: Booking) -> None:
    """The text of the offer did not go out after all: its clock stands still until it does."""
    if booking.status == Status.OFFERED:
        booking.answer_by_at = offers_end_at(booking.pick_up_at, file_of(session, booking.id).policy)


def _settle_entry(session: Session, booking: Booking, to_status: Status, by: Actor, *, now: datetime) -> None:
    """What became of an offer decides what becomes of the place in the queue; taken back by staff, it stays."""
    entry = session.scalar(select(WaitingEntry).where(WaitingEntry.booking_id == booking.id))
    if entry is None:
        return
    if to_status is Status.CANCELLED and by.staff_id is not None:
        entry.state, entry.booking_id = WaitingState.WAITING, None
    else:
        entry.state = WaitingState.SERVED if to_status is Status.APPROVED else WaitingState.PASSED
        entry.ended_at = now
    session.flush()


_serve = (
    update(WaitingEntry)
    .where(
        WaitingEntry.household_id == bindparam("of_household"),
        WaitingEntry.commune_id == bindparam("of_commune"),
        WaitingEntry.day == bindparam("of_day"),
        WaitingEntry.slot_name == bindparam("of_slot"),
        WaitingEntry.state == WaitingState.WAITING,
    )
    .values(state=WaitingState.SERVED, ended_at=bindparam("now"))
)


def _end_waiting(session: Session, booking: Any, *, now: datetime) -> None:
    """Whoever waited for this slot has it now."""
    session.connection().execute(
        _serve,
        {
            "of_household": booking.household_id,
            "of_commune": booking.commune_id,
            "of_day": booking.day,
            "of_slot": booking.slot_name,
            "now": now,
        },
    )
