"""Offering time that comes free to the households that wait for it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.domain.booking.queue import in_order
from kit_booking.domain.booking.refusals import Reason, refusals
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind, booking_text, send_at
from kit_booking.domain.time.deadlines import is_worth_offering, offer_until, offers_end_at
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.slots import opens_at, slots_between, window
from kit_booking.models import Booking, Closure, Household, WaitingEntry, WaitingState
from kit_booking.services.audit import SYSTEM
from kit_booking.services.communes.slots import BookableSlot, find_kit
from kit_booking.services.timeline.closed_time import rewrite_closed, touching
from kit_booking.services.timeline.create import SlotTaken, create_booking
from kit_booking.services.timeline.holds import held_by
from kit_booking.services.timeline.locks import bump_version, lock, lock_kit_to_book, locked_booking
from kit_booking.services.timeline.queue import WaitingForSlot, who_waits
from kit_booking.services.timeline.standing import booked
from kit_booking.services.timeline.texts import message_context, queue_booking_text, sms_name


def release_time(session: Session, kit_id: int, span: Span, *, lost_by: Booking | None = None, now: datetime) -> None:
    """Offer the kit's slots that overlap ``span``, each to the first in its queue who may book it.

    The kit is locked, and the hold that it had is deleted. Closures that touch the time are written first. Whose
    booking ``lost_by`` was is not offered the slot of it, should it wait for that again.
    """
    if span.until_at <= now:
        return
    if session.scalar(select(Closure.id).where(touching(kit_id, span.from_at, span.until_at)).limit(1)):
        rewrite_closed(session, kit_id, now=now)
    if (facts := find_kit(kit_id)) is None:
        return
    commune, kit = facts
    days = window(commune.policy, now=now)
    slots = [slot for slot in slots_between(kit.timetable, days.first, days.last) if slot.hold.overlaps(span)]
    if not slots:
        return
    waiting = who_waits(session.execute, commune.id, slots[0].day, slots[-1].day, now=now)
    for slot in slots:
        lost = lost_by and (lost_by.day, lost_by.slot_name) == (slot.day, slot.name) and lost_by.household_id
        queue = [one for one in waiting if one.fits(slot.day, slot.name, kit.place_id)]
        if queue := [one for one in queue if one.one.household_id != lost]:
            _offer(session, BookableSlot(commune, kit, slot), queue, now=now)


def _offer(session: Session, bookable: BookableSlot, queue: list[WaitingForSlot], *, now: datetime) -> None:
    """Offer the slot, if it is free, to the first in the queue who may book it."""
    policy, slot = bookable.commune.policy, bookable.slot
    sent_at = send_at(Kind.OFFER, now=now, pick_up_at=slot.hold.from_at, policy=policy)
    is_open = opens_at(slot.day, policy) <= now and is_worth_offering(slot.hold.from_at, policy, now=sent_at)
    if not is_open or held_by(session, bookable.kit.id, slot.hold):
        return
    for one in in_order(waiting_for.one for waiting_for in queue if sent_at < waiting_for.until_at):
        household_id = one.household_id
        lock(session, Household, household_id)
        entry = session.get_one(WaitingEntry, one.entry_id, populate_existing=True)
        if entry.state != WaitingState.WAITING or not _may_have(session, bookable, household_id, now=now):
            continue
        end_at = offers_end_at(slot.hold.from_at, policy)
        try:
            with session.begin_nested():
                place_id = lock_kit_to_book(session, bookable.kit.id)
                bump_version(session, Household, household_id)
                offer = create_booking(
                    session, bookable, place_id, household_id, Status.OFFERED, SYSTEM, now=now, answer_by_at=end_at
                )
        except SlotTaken:
            return  # The transaction goes on without an offer.
        entry.state, entry.booking_id = WaitingState.OFFERED, offer.id
        booking = locked_booking(session, offer.id)
        until_at = offer_until(now, slot.hold.from_at, booking.policy)
        if not queue_booking_text(session, Kind.OFFER, booking, now=now, due_at=until_at):
            booking.answer_by_at = until_at  # Without a text, the household's time to answer starts now.
        return


def _may_have(session: Session, bookable: BookableSlot, household_id: int, *, now: datetime) -> bool:
    """Whether the household may book the slot; TOO_LATE to ask does not count."""
    policy, slot = bookable.commune.policy, bookable.slot
    has = booked(
        session,
        household_id,
        slot.hold.from_at,
        commune_id=bookable.commune.id,
        policy=policy,
        now=now,
        on_air=slot.on_air,
    )
    against = refusals(slot, taken=None, has_clerk=True, booked=has, policy=policy, now=now)
    return all(refusal.reason is Reason.TOO_LATE for refusal in against)


def offer_text(session: Session, booking: Booking, *, now: datetime) -> str:
    """The text of an offer that is sent now: sets the deadline of the offer, which the text names."""
    booking = locked_booking(session, booking.id)
    booking.answer_by_at = offer_until(now, booking.pick_up_at, booking.policy)
    return booking_text(Kind.OFFER, sms_name(session), message_context(booking, booking.answer_by_at))


def reset_offer(session: Session, booking: Booking) -> None:
    """The text of the offer was not sent: set its deadline back to the latest one."""
    if booking.status == Status.OFFERED:
        booking.answer_by_at = offers_end_at(booking.pick_up_at, locked_booking(session, booking.id).policy)
