"""Closing a kit or a whole commune, changing and ending that, and settling the bookings that stand in it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, insert, select, true, update
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.hours import Span
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import Status
from kit_booking.domain.text import slug
from kit_booking.models import AuditEntry, Booking, Closure, Commune, Kit, Message, MessageState
from kit_booking.services.audit import Actor
from kit_booking.services.booking.answers import CANCELLABLE, WITHDRAWABLE
from kit_booking.services.communes.slots import BookableSlot, NoSuchSlot, find_slot
from kit_booking.services.timeline.closed_time import closed_spans, rewrite_closed
from kit_booking.services.timeline.locks import LockedBooking, bump_version, lock, lock_booking, locked_booking
from kit_booking.services.timeline.moves import move, reschedule
from kit_booking.services.timeline.offers import release_time
from kit_booking.services.timeline.texts import queue_booking_text


@dataclass(frozen=True)
class Closing:
    """What is to be closed: a kit, or without one the whole commune."""

    commune_id: int
    kit_id: int | None
    span: Span
    reason: str


@transaction
def close(session: Session, closing: Closing, staff_id: int, *, now: datetime) -> int:
    """Nobody can ask for this time any more; the bookings that stand in it stay, to be settled. Its id.

    The same sent twice is one closure.
    """
    kits = _lock_kits(session, closing.commune_id, closing.kit_id)
    same = session.scalar(
        select(Closure.id).where(
            Closure.commune_id == closing.commune_id,
            Closure.kit_id.is_(None) if closing.kit_id is None else Closure.kit_id == closing.kit_id,
            Closure.from_at == closing.span.from_at,
            Closure.until_at == closing.span.until_at,
            Closure.called_off_at.is_(None),
        )
    )
    if same is not None:
        return same
    closure = Closure(
        commune_id=closing.commune_id,
        kit_id=closing.kit_id,
        from_at=closing.span.from_at,
        until_at=closing.span.until_at,
        reason=closing.reason,
        staff_id=staff_id,
        changed_at=now,
    )
    session.add(closure)
    session.flush()
    _write_down(session, "closed", closure, staff_id, now=now)
    _rewrite(session, closure, kits, now=now)
    _take_back_untold(session, closure, staff_id, now=now)
    return closure.id


@transaction
def change(session: Session, closure_id: int, span: Span, reason: str, staff_id: int, *, now: datetime) -> bool:
    """Another time or reason; what is no longer closed comes free. False when it was over before."""
    closure, kits = _get_closure(session, closure_id)
    if is_over(closure, now=now):
        return False
    closure.from_at, closure.until_at, closure.reason = span.from_at, span.until_at, reason
    _changed(closure, now=now)
    session.flush()
    _write_down(session, "closure_changed", closure, staff_id, now=now)
    _rewrite(session, closure, kits, now=now)
    _take_back_untold(session, closure, staff_id, now=now)
    return True


@transaction
def end(session: Session, closure_id: int, staff_id: int, *, now: datetime) -> bool:
    """It ends now, or never begins, and what was closed comes free. False when it was over before."""
    closure, kits = _get_closure(session, closure_id)
    if is_over(closure, now=now):
        return False
    if closure.from_at < now:
        closure.until_at = now
    else:
        closure.called_off_at = now
    _changed(closure, now=now)
    session.flush()
    _write_down(session, "closure_ended", closure, staff_id, now=now)
    _rewrite(session, closure, kits, now=now)
    return True


def is_over(closure: Closure, *, now: datetime) -> bool:
    return closure.called_off_at is not None or closure.until_at <= now


class Settled(StrEnum):
    """What became of a booking that stood in a closure."""

    MOVED = "moved"
    CANCELLED = "cancelled"
    TAKEN = "taken"
    """The kit that it should be moved to is no longer free; nothing was changed."""
    BEFORE = "before"
    """It no longer stands in the closure: moved, cancelled, or the closure has ended."""


@transaction
def settle(
    session: Session, closure_id: int, code: str, to_kit: str | None, staff_id: int, *, now: datetime
) -> Settled:
    """Move a booking out of the closure to another kit at the same time, or without a kit cancel it.

    Its time on the kit becomes closed in this same transaction, and its household gets one text.
    """
    if session.scalar(select(Booking.id).where(Booking.code == code)) is None:
        return Settled.BEFORE
    found = _same_slot(session, code, to_kit) if to_kit else None
    locked = lock_booking(session, code, *([found.kit.id] if found else []))
    closure = session.get_one(Closure, closure_id, populate_existing=True)
    booking, by = locked.booking, Actor(staff_id=staff_id)
    stands_in_it = (
        not is_over(closure, now=now)
        and booking.commune_id == closure.commune_id
        and closure.kit_id in (None, booking.kit_id)
        and Span(closure.from_at, closure.until_at).overlaps(Span(booking.pick_up_at, booking.return_at))
    )
    if not stands_in_it or booking.status not in (WITHDRAWABLE if to_kit else CANCELLABLE):
        return Settled.BEFORE
    if to_kit is None:
        _cancel(session, locked, closure.reason, by, now=now)
        return Settled.CANCELLED
    is_possible = found and found.slot.hold.from_at > now and found.kit.id != booking.kit_id
    if not (found and is_possible and reschedule(session, booking, found, by, now=now, reason=closure.reason)):
        return Settled.TAKEN
    booking.moved_at = now
    queue_booking_text(session, Kind.MOVED, locked_booking(session, booking.id), now=now)
    return Settled.MOVED


def settle_all(
    closure_id: int, plan: Iterable[tuple[str, str | None]], staff_id: int, *, now: datetime
) -> dict[Settled, int]:
    """Settle one after the other, each a transaction of its own; how many of them came to what."""
    return Counter(settle(closure_id, code, to_kit, staff_id, now=now) for code, to_kit in plan)


def close_all(closings: Iterable[Closing], staff_id: int, *, now: datetime) -> list[int]:
    """Close for one reason after the other, each a transaction of its own; their ids."""
    return [close(closing, staff_id, now=now) for closing in closings]


def _same_slot(session: Session, code: str, kit_code: str) -> BookableSlot | None:
    """The booking's slot on another kit of its commune, if that has it at the same time."""
    booking = session.execute(
        select(Booking.commune_id, Booking.day, Booking.slot_name, Booking.from_at, Booking.until_at).where(
            Booking.code == code
        )
    ).one()
    try:
        found = find_slot(kit_code, booking.day, slug(booking.slot_name))
    except NoSuchSlot:
        return None
    is_same = found.slot.on_air == Span(booking.from_at, booking.until_at)
    return found if is_same and found.commune.id == booking.commune_id else None


def _cancel(session: Session, locked: LockedBooking, reason: str, by: Actor, *, now: datetime) -> None:
    booking = locked.booking
    closed = closed_spans(session, booking.kit_id, booking.pick_up_at, booking.return_at)
    move(session, booking, Status.CANCELLED, by, now=now, reason=reason)
    queue_booking_text(session, Kind.CLOSED, locked, now=now, due_at=closed[-1].until_at)


def _lock_kits(session: Session, commune_id: int, kit_id: int | None) -> list[int]:
    """Lock the kits that it touches, in the order that all keep."""
    which: ColumnElement[bool] = Kit.commune_id == commune_id if kit_id is None else Kit.id == kit_id
    kits = list(session.scalars(select(Kit.id).where(which).order_by(Kit.id)))
    lock(session, Kit, *kits)
    return kits


def _get_closure(session: Session, closure_id: int) -> tuple[Closure, list[int]]:
    """The closure as it is once its kits are locked."""
    closure = session.get_one(Closure, closure_id)
    kits = _lock_kits(session, closure.commune_id, closure.kit_id)
    session.refresh(closure)
    return closure, kits


def _changed(closure: Closure, *, now: datetime) -> None:
    closure.changed_at = now
    closure.version += 1


def _rewrite(session: Session, closure: Closure, kits: list[int], *, now: datetime) -> None:
    """First close on every kit, then offer: who waits may get any of them.

    The commune's version rises because its pages say why something is closed. Raising it waits for whoever is
    adding a kit to the commune, which is then one of its kits.
    """
    session.execute(update(Commune).where(Commune.id == closure.commune_id).values(version=Commune.version + 1))
    if closure.kit_id is None:
        kits = _lock_kits(session, closure.commune_id, None)
    came_free = [(kit_id, rewrite_closed(session, kit_id, now=now)) for kit_id in kits]
    for kit_id, spans in came_free:
        bump_version(session, Kit, kit_id)
        for span in spans:
            release_time(session, kit_id, span, now=now)


def _take_back_untold(session: Session, closure: Closure, staff_id: int, *, now: datetime) -> None:
    """Take back the offers in it whose texts wait still: nobody is offered a kit that is known not to be there."""
    untold = (
        select(Booking.code)
        .join(Message, Message.booking_id == Booking.id)
        .where(
            Booking.commune_id == closure.commune_id,
            true() if closure.kit_id is None else Booking.kit_id == closure.kit_id,
            Booking.status == Status.OFFERED,
            Booking.pick_up_at < closure.until_at,
            Booking.return_at > closure.from_at,
            Message.kind == Kind.OFFER,
            Message.state == MessageState.QUEUED,
        )
        .order_by(Booking.household_id)
        .with_for_update(of=Message)  # One that is just being sent is waited for, and then it was told.
    )
    for code in session.scalars(untold).all():
        booking = lock_booking(session, code).booking
        if booking.status == Status.OFFERED:
            move(session, booking, Status.CANCELLED, Actor(staff_id=staff_id), now=now, reason=closure.reason)


def _write_down(session: Session, action: str, closure: Closure, staff_id: int, *, now: datetime) -> None:
    kit = session.scalar(select(Kit.code).where(Kit.id == closure.kit_id)) if closure.kit_id else "*"
    times = f"{closure.from_at:%Y-%m-%dT%H:%MZ}/{closure.until_at:%Y-%m-%dT%H:%MZ}"
    session.execute(
        insert(AuditEntry).values(
            at=now,
            action=action,
            commune_id=closure.commune_id,
            staff_id=staff_id,
            detail=f"{kit} {times} {closure.reason}"[:200],
        )
    )
