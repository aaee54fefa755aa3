"""Joining and leaving the waiting list of a slot, and accepting or refusing an offer."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.booking.refusals import Reason
from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.domain.booking.status import LIVE, Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.deadlines import is_worth_offering
from kit_booking.domain.time.hours import Span
from kit_booking.models import Booking, Household, Kit, WaitingEntry, WaitingState
from kit_booking.models.waiting import OPEN
from kit_booking.services.audit import SYSTEM, Actor, record_audit
from kit_booking.services.booking.answers import AnswerResult
from kit_booking.services.communes.slots import BookableSlot, find_slot
from kit_booking.services.timeline.closed_time import is_in_closed_time
from kit_booking.services.timeline.holds import held_by
from kit_booking.services.timeline.locks import bump_version, lock, lock_seen
from kit_booking.services.timeline.moves import move
from kit_booking.services.timeline.offers import release_time
from kit_booking.services.timeline.standing import booked
from kit_booking.services.timeline.texts import queue_booking_text
from kit_booking.services.timeline.undo import can_be_undone
from kit_booking.services.waiting.reading import select_own_entry


class WaitRefusal(StrEnum):
    """Why a household can't wait for a slot."""

    FREE = "free"
    """The slot is free at one of the places: it can be asked for."""
    CLOSED = "closed"
    OWN = "own"
    """The household has a booking of this slot."""
    TOO_LATE = "too_late"
    MOST = "most"
    PAUSED = "paused"
    OTHERS = "others"


@dataclass(frozen=True)
class WaitResult:
    """The id of the entry, or every reason why there is none."""

    entry_id: int | None = None
    reasons: list[WaitRefusal] = field(default_factory=list)
    free_kit: str = ""
    """The code of a kit that is free in this slot, for FREE."""


@transaction
def join(
    session: Session,
    kit_code: str,
    day: date,
    slot_key: str,
    household_id: int,
    *,
    place_ids: frozenset[int] = frozenset(),
    until_at: datetime | None = None,
    by: Actor,
    now: datetime,
) -> WaitResult:
    """Wait for the slot of this day and name at the places, or without any at all of the commune's.

    After ``until_at`` the household wants no offer. Raises ``NoSuchSlot``.
    """
    bookable = find_slot(kit_code, day, slot_key)
    kits = [kit for kit in bookable.commune.kits if not place_ids or kit.place_id in place_ids]
    places = frozenset(kit.place_id for kit in kits) if place_ids else frozenset()
    lock(session, Kit, *(kit.id for kit in kits))
    lock(session, Household, household_id)
    if (entry_id := session.scalar(select_own_entry(bookable, household_id))) is not None:
        return WaitResult(entry_id)  # Sent twice.
    slots = [BookableSlot(bookable.commune, kit, slot) for kit in kits if (slot := kit.timetable.slot(day, slot_key))]
    reasons, free_kit = _why_not(session, bookable, slots, household_id, until_at, now=now)
    if reasons:
        return WaitResult(reasons=reasons, free_kit=free_kit)
    last_at = max(one.slot.hold.from_at for one in slots)
    entry = WaitingEntry(
        household_id=household_id,
        commune_id=bookable.commune.id,
        day=day,
        slot_name=bookable.slot.name,
        place_ids=sorted(places),
        joined_at=now,
        until_at=min(until_at, last_at) if until_at else last_at,
    )
    session.add(entry)
    _record(session, "waits", entry, by, now=now)
    return WaitResult(entry.id)


def _why_not(
    session: Session,
    bookable: BookableSlot,
    slots: list[BookableSlot],
    household_id: int,
    until_at: datetime | None,
    *,
    now: datetime,
) -> tuple[list[WaitRefusal], str]:
    """Every reason why the household can't wait, and the code of a free kit or ""."""
    commune, slot = bookable.commune, bookable.slot
    policy = commune.policy
    reasons, free_kit = [], ""
    held = [(one, held_by(session, one.kit.id, one.slot.hold)) for one in slots]
    free = [one.kit.code for one, by in held if by is None and now < one.slot.ask_until_at]
    in_time = {by for one, by in held if is_worth_offering(one.slot.hold.from_at, policy, now=now)}
    if free:
        reasons.append(WaitRefusal.FREE)
        free_kit = free[0]
    elif Reason.TAKEN not in in_time:
        reasons.append(WaitRefusal.CLOSED if Reason.CLOSED in in_time else WaitRefusal.TOO_LATE)
    elif until_at and until_at <= now:
        reasons.append(WaitRefusal.TOO_LATE)
    if session.scalar(
        select(Booking.id).where(
            Booking.household_id == household_id,
            Booking.commune_id == commune.id,
            Booking.day == slot.day,
            Booking.slot_name == slot.name,
            Booking.status.in_(LIVE),
        )
    ):
        reasons.append(WaitRefusal.OWN)
    others = session.scalar(
        select(func.count(WaitingEntry.id)).where(
            WaitingEntry.household_id == household_id, WaitingEntry.state.in_(OPEN), WaitingEntry.until_at > now
        )
    )
    if (others or 0) >= policy.most_waiting:
        reasons.append(WaitRefusal.MOST)
    has = booked(session, household_id, slot.hold.from_at, commune_id=commune.id, policy=policy, now=now)
    if has.standing.pause:
        reasons.append(WaitRefusal.PAUSED)
    if not (has.is_from_here or policy.open_to_others):
        reasons.append(WaitRefusal.OTHERS)
    return reasons, free_kit


@transaction
def leave(session: Session, entry_id: int, by: Actor, *, now: datetime) -> bool:
    """End the waiting; False when the entry has ended, or an offer waits for an answer."""
    entry = _lock_entry(session, entry_id)
    if entry.state != WaitingState.WAITING:
        return False
    entry.state, entry.ended_at = WaitingState.LEFT, now
    _record(session, "waits_no_more", entry, by, now=now)
    return True


@transaction
def end_waiting(session: Session, entry_id: int, *, now: datetime) -> None:
    """End an entry whose time is over."""
    entry = _lock_entry(session, entry_id)
    if entry.state != WaitingState.WAITING or entry.until_at > now:
        return
    entry.state, entry.ended_at = WaitingState.OVER, now
    _record(session, "waiting_over", entry, SYSTEM, now=now)


@transaction
def put_forward(session: Session, entry_id: int, staff_id: int, reason: str, *, now: datetime) -> bool:
    """Staff put an entry before all others, with a reason; False when it no longer waits or was put forward."""
    entry = _lock_entry(session, entry_id)
    if entry.state != WaitingState.WAITING or entry.put_forward_at:
        return False
    entry.put_forward_at, entry.reason = now, reason
    _record(session, "put_forward", entry, Actor(staff_id=staff_id), now=now, reason=reason)
    return True


@transaction
def accept(session: Session, seen: SeenBooking, by: Actor, reason: str = "", *, now: datetime) -> AnswerResult:
    """Accept the offered slot, by the household or by staff for it; until the pick-up, as long as it is held.

    In closed time only staff can, with a reason.
    """
    booking = lock_seen(session, seen, Status.APPROVED)
    if booking.status != Status.OFFERED or now >= booking.pick_up_at:
        return AnswerResult(False, booking.status)
    if not (reason and by.staff_id) and is_in_closed_time(session, booking):
        return AnswerResult(False, booking.status, is_closed=True)
    with can_be_undone(session, booking, by, now=now):
        move(session, booking, Status.APPROVED, by, now=now, reason=reason)
        queue_booking_text(session, Kind.APPROVED, booking, now=now)
    return AnswerResult(True, Status.APPROVED)


@transaction
def offer_free(session: Session, kit_id: int, *, now: datetime) -> None:
    """Offer all free time of a kit that is new at its place."""
    lock(session, Kit, kit_id)
    release_time(session, kit_id, Span(now, now + timedelta(days=366)), now=now)


@transaction
def refuse(session: Session, seen: SeenBooking, by: Actor, *, now: datetime) -> AnswerResult:
    """Refuse the offered slot; it is offered to the next in the queue."""
    booking = lock_seen(session, seen, Status.REFUSED)
    if booking.status != Status.OFFERED:
        return AnswerResult(False, booking.status)
    with can_be_undone(session, booking, by, now=now) as until_at:
        move(session, booking, Status.REFUSED, by, now=now, kept_until_at=until_at)
    return AnswerResult(True, Status.REFUSED)


def _lock_entry(session: Session, entry_id: int) -> WaitingEntry:
    """The entry, read after its household was locked."""
    entry = session.get_one(WaitingEntry, entry_id)
    lock(session, Household, entry.household_id)
    session.refresh(entry)
    return entry


def _record(
    session: Session, action: str, entry: WaitingEntry, by: Actor, *, now: datetime, reason: str = ""
) -> None:
    bump_version(session, Household, entry.household_id)
    record_audit(
        session,
        action,
        by,
        now=now,
        commune_id=entry.commune_id,
        household_id=entry.household_id,
        slot=entry.slot_name,
        day=str(entry.day),
        reason=reason,
    )
