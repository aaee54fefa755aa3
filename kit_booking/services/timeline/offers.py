"""Offering what comes free of a kit's time to those who wait for it."""

from datetime import datetime

from sqlalchemy.orm import Session

from kit_booking.domain.booking import Reason, refusals
from kit_booking.domain.deadlines import is_worth_offering, offer_until, offers_end_at
from kit_booking.domain.hours import Span
from kit_booking.domain.messages import Kind, booking_text, send_at
from kit_booking.domain.queue import in_order
from kit_booking.domain.slots import opens_at, slots_between, window
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Household, WaitingEntry, WaitingState
from kit_booking.services.audit import SYSTEM
from kit_booking.services.communes.slots import BookableSlot, find_kit
from kit_booking.services.timeline.closed_time import close_again
from kit_booking.services.timeline.create import SlotTaken, create_booking
from kit_booking.services.timeline.holds import held_by
from kit_booking.services.timeline.locks import (
    LockedBooking,
    bump_version,
    lock,
    lock_kit_to_book,
    locked_booking,
)
from kit_booking.services.timeline.queue import WaitingForSlot, who_waits
from kit_booking.services.timeline.standing import booked
from kit_booking.services.timeline.texts import queue_booking_text, sms_name


def release_time(session: Session, kit_id: int, span: Span, *, now: datetime) -> None:
    """Offer what came free of a kit's time, slot by slot, each to the first who waits for it and may have it.

    The kit is locked, and its hold on the time is gone. What a closure says of the time is closed first.
    """
    if span.until_at <= now:
        return
    close_again(session, kit_id, span, now=now)
    kit_found = find_kit(kit_id)
    if kit_found is None:
        return
    commune, kit = kit_found
    days = window(commune.policy, now=now)
    slots = [slot for slot in slots_between(kit.timetable, days.first, days.last) if slot.hold.overlaps(span)]
    everybody = who_waits(session.execute, commune.id, slots[0].day, slots[-1].day, now=now) if slots else []
    for slot in slots:
        waiting = [one for one in everybody if one.fits(slot.day, slot.name, kit.place_id)]
        if waiting:
            _offer(session, BookableSlot(commune, kit, slot), waiting, now=now)


def _offer(session: Session, bookable: BookableSlot, waiting: list[WaitingForSlot], *, now: datetime) -> None:
    """Offer the slot, if it is free, to the first in the queue who may book it."""
    policy, slot = bookable.commune.policy, bookable.slot
    told_at = send_at(Kind.OFFER, now=now, pick_up_at=slot.hold.from_at, policy=policy)
    is_open = opens_at(slot.day, policy) <= now and is_worth_offering(slot.hold.from_at, policy, now=told_at)
    if not is_open or held_by(session, bookable.kit.id, slot.hold):
        return
    for one in in_order(waiting_for.one for waiting_for in waiting if told_at < waiting_for.until_at):
        lock(session, Household, one.household_id)
        entry = session.get_one(WaitingEntry, one.entry_id, populate_existing=True)
        if entry.state == WaitingState.WAITING and _may_have(session, bookable, one.household_id, now=now):
            end_at = offers_end_at(slot.hold.from_at, policy)
            try:
                with session.begin_nested():
                    place_id = lock_kit_to_book(session, bookable.kit.id)
                    bump_version(session, Household, one.household_id)
                    taken = create_booking(
                        session,
                        bookable,
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
            _tell_of_offer(session, locked_booking(session, taken.id), now=now)
            return


def _may_have(session: Session, bookable: BookableSlot, household_id: int, *, now: datetime) -> bool:
    """By the same rules as asking, but that no clerk has to find the time to answer."""
    policy, slot = bookable.commune.policy, bookable.slot
    has = booked(session, household_id, slot.hold.from_at, commune_id=bookable.commune.id, policy=policy, now=now)
    against = refusals(slot, taken=None, has_clerk=True, booked=has, policy=policy, now=now)
    return all(refusal.reason is Reason.TOO_LATE for refusal in against)


def _tell_of_offer(session: Session, locked: LockedBooking, *, now: datetime) -> None:
    """Queue the text; its clock starts when it is sent. Who gets none is phoned, and the clock starts now."""
    booking = locked.booking
    until_at = offer_until(now, booking.pick_up_at, locked.policy)
    if not queue_booking_text(session, Kind.OFFER, locked, now=now, due_at=until_at):
        booking.answer_by_at = until_at


def offer_text(session: Session, booking: Booking, *, now: datetime) -> str:
    """The offer's text as it goes out now: its clock starts, and the text says until when the slot is held."""
    locked = locked_booking(session, booking.id)
    booking.answer_by_at = offer_until(now, booking.pick_up_at, locked.policy)
    return booking_text(Kind.OFFER, sms_name(session), locked.context(due_at=booking.answer_by_at))


def offer_untold(session: Session, booking: Booking) -> None:
    """The text of the offer did not go out after all: its clock stands still until it does."""
    if booking.status == Status.OFFERED:
        booking.answer_by_at = offers_end_at(booking.pick_up_at, locked_booking(session, booking.id).policy)
