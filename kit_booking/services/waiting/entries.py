"""Waiting for a taken slot: joining, leaving, and taking or refusing what is offered."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, insert, select
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.booking import Reason
from kit_booking.domain.deadlines import is_worth_offering
from kit_booking.domain.hours import Span
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import LIVE, Status
from kit_booking.models import Booking, Household, Kit, WaitingEntry, WaitingState
from kit_booking.models.waiting import OPEN
from kit_booking.services.audit import SYSTEM, Actor, record_audit
from kit_booking.services.booking.answers import Outcome
from kit_booking.services.communes.slots import BookableSlot, find_slot
from kit_booking.services.timeline.holds import held_by
from kit_booking.services.timeline.locks import bump_version, lock, lock_booking
from kit_booking.services.timeline.moves import move
from kit_booking.services.timeline.offers import release_time
from kit_booking.services.timeline.standing import booked
from kit_booking.services.timeline.texts import queue_booking_text


class WaitRefusal(StrEnum):
    """Why somebody can't join."""

    FREE = "free"
    """The slot is free at a place that would do: it can simply be asked for."""
    CLOSED = "closed"
    OWN = "own"
    """The household has this slot already."""
    TOO_LATE = "too_late"
    MOST = "most"
    PAUSED = "paused"
    OTHERS = "others"


@dataclass(frozen=True)
class Joined:
    """The entry, or every reason why there is none."""

    entry_id: int | None = None
    reasons: list[WaitRefusal] = field(default_factory=list)
    free_kit: str = ""
    """The code of a kit that is free in this slot."""


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
) -> Joined:
    """A household waits for the slot, at any of the commune's places or at some. Raises ``NoSuchSlot``.

    It is the slot of this name on this day, whichever kit it was found by; ``until_at`` is the time after
    which an offer is of no use to it.
    """
    bookable = find_slot(kit_code, day, slot_key)
    kits = [kit for kit in bookable.commune.kits if not place_ids or kit.place_id in place_ids]
    places = frozenset(kit.place_id for kit in kits) if place_ids else frozenset()
    lock(session, Kit, *(kit.id for kit in kits))
    lock(session, Household, household_id)
    entry_id = session.scalar(
        select(WaitingEntry.id).where(_same(bookable, household_id), WaitingEntry.state.in_(OPEN))
    )
    if entry_id is not None:
        return Joined(entry_id)  # Sent twice.
    slots = [BookableSlot(bookable.commune, kit, slot) for kit in kits if (slot := kit.timetable.slot(day, slot_key))]
    reasons, free_kit = _against(session, bookable, slots, household_id, until_at, now=now)
    if reasons:
        return Joined(reasons=reasons, free_kit=free_kit)
    last_at = max(one.slot.hold.from_at for one in slots)
    entry = session.execute(
        insert(WaitingEntry)
        .values(
            household_id=household_id,
            commune_id=bookable.commune.id,
            day=day,
            slot_name=bookable.slot.name,
            place_ids=sorted(places),
            joined_at=now,
            until_at=min(until_at, last_at) if until_at else last_at,
        )
        .returning(WaitingEntry)
    ).scalar_one()
    _record(session, "waits", entry, by, now=now)
    return Joined(entry.id)


def _against(
    session: Session,
    bookable: BookableSlot,
    slots: list[BookableSlot],
    household_id: int,
    until_at: datetime | None,
    *,
    now: datetime,
) -> tuple[list[WaitRefusal], str]:
    """Every reason against waiting, and a kit that is free instead."""
    commune, slot = bookable.commune, bookable.slot
    policy = commune.policy
    reasons, free_kit = [], ""
    held = [(one, held_by(session, one.kit.id, one.slot.hold)) for one in slots]
    free = [one.kit.code for one, by in held if by is None and now < one.slot.ask_until_at]
    hoped_for = {by for one, by in held if is_worth_offering(one.slot.hold.from_at, policy, now=now)}
    if free:
        reasons.append(WaitRefusal.FREE)
        free_kit = free[0]
    elif Reason.TAKEN not in hoped_for:
        reasons.append(WaitRefusal.CLOSED if Reason.CLOSED in hoped_for else WaitRefusal.TOO_LATE)
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


def _same(bookable: BookableSlot, household_id: int) -> ColumnElement[bool]:
    return and_(
        WaitingEntry.household_id == household_id,
        WaitingEntry.commune_id == bookable.commune.id,
        WaitingEntry.day == bookable.slot.day,
        WaitingEntry.slot_name == bookable.slot.name,
    )


@transaction
def leave(session: Session, entry_id: int, by: Actor, *, now: datetime) -> bool:
    """Wait no more; False when the entry had ended, or an offer runs that is to be answered instead."""
    entry = session.get_one(WaitingEntry, entry_id)
    lock(session, Household, entry.household_id)
    session.refresh(entry)
    if entry.state != WaitingState.WAITING:
        return False
    entry.state, entry.ended_at = WaitingState.LEFT, now
    _record(session, "waits_no_more", entry, by, now=now)
    return True


@transaction
def end_waiting(session: Session, entry_id: int, *, now: datetime) -> None:
    """The slot that was waited for has begun, or the household wished to wait no longer."""
    entry = session.get_one(WaitingEntry, entry_id)
    lock(session, Household, entry.household_id)
    session.refresh(entry)
    if entry.state != WaitingState.WAITING or entry.until_at > now:
        return
    entry.state, entry.ended_at = WaitingState.OVER, now
    _record(session, "waiting_over", entry, SYSTEM, now=now)


@transaction
def put_forward(session: Session, entry_id: int, staff_id: int, reason: str, *, now: datetime) -> bool:
    """Staff put somebody before all others who wait, with a reason that stays on record."""
    entry = session.get_one(WaitingEntry, entry_id)
    lock(session, Household, entry.household_id)
    session.refresh(entry)
    if entry.state != WaitingState.WAITING or entry.put_forward_at:
        return False
    entry.put_forward_at, entry.reason = now, reason
    _record(session, "put_forward", entry, Actor(staff_id=staff_id), now=now, reason=reason)
    return True


@transaction
def accept(session: Session, code: str, by: Actor, *, now: datetime) -> Outcome:
    """Take the offered slot, on the web or by phone through staff; as long as it is held, it can be taken."""
    locked = lock_booking(session, code)
    if locked.booking.status != Status.OFFERED or now >= locked.booking.pick_up_at:
        return Outcome(False, locked.booking.status)
    move(session, locked.booking, Status.APPROVED, by, now=now)
    queue_booking_text(session, Kind.APPROVED, locked, now=now)
    return Outcome(True, Status.APPROVED)


@transaction
def offer_free(session: Session, kit_id: int, *, now: datetime) -> None:
    """Offer what is free of a kit that is new where it stands: those who wait there had not hoped for it."""
    lock(session, Kit, kit_id)
    release_time(session, kit_id, Span(now, now + FAR), now=now)


FAR = timedelta(days=366)
"""Further ahead nobody's days are open."""


@transaction
def refuse(session: Session, code: str, by: Actor, *, now: datetime) -> Outcome:
    """Not take the offered slot: it goes to the next who waits."""
    locked = lock_booking(session, code)
    if locked.booking.status != Status.OFFERED:
        return Outcome(False, locked.booking.status)
    move(session, locked.booking, Status.REFUSED, by, now=now)
    return Outcome(True, Status.REFUSED)


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
