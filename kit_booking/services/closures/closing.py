"""Closing a kit or a whole commune, changing and ending a closure, moving or cancelling the bookings in it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, true, update
from sqlalchemy.orm import Session

from kit_booking.database import Rollback, transaction
from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.text import slug
from kit_booking.domain.time.hours import Span
from kit_booking.models import Booking, Closure, Commune, Kit, Message, MessageState
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.booking.answers import CANCELLABLE, WITHDRAWABLE
from kit_booking.services.communes.slots import BookableSlot, NoSuchSlot, find_slot
from kit_booking.services.timeline.closed_time import closed_spans, rewrite_closed
from kit_booking.services.timeline.locks import bump_version, lock, lock_booking, locked_booking
from kit_booking.services.timeline.moves import move, reschedule
from kit_booking.services.timeline.offers import release_time
from kit_booking.services.timeline.texts import queue_booking_text
from kit_booking.services.timeline.undo import can_be_undone


@transaction
def close(
    session: Session, commune_id: int, kit_id: int | None, span: Span, reason: str, staff_id: int, *, now: datetime
) -> int:
    """Close a kit, or without one the whole commune; returns the closure's id.

    Nobody can ask for this time any more; bookings in it stay, to be settled. Sent twice, it is one closure.
    """
    kits = _lock_kits(session, commune_id, kit_id)
    same = session.scalar(
        select(Closure.id).where(
            Closure.commune_id == commune_id,
            Closure.kit_id.is_(None) if kit_id is None else Closure.kit_id == kit_id,
            Closure.from_at == span.from_at,
            Closure.until_at == span.until_at,
            Closure.called_off_at.is_(None),
        )
    )
    if same is not None:
        return same
    closure = Closure(
        commune_id=commune_id,
        kit_id=kit_id,
        from_at=span.from_at,
        until_at=span.until_at,
        reason=reason,
        staff_id=staff_id,
        changed_at=now,
    )
    session.add(closure)
    _apply(session, "closed", closure, kits, staff_id, now=now)
    _cancel_unsent_offers(session, closure, staff_id, now=now)
    return closure.id


@transaction
def change(session: Session, closure_id: int, span: Span, reason: str, staff_id: int, *, now: datetime) -> bool:
    """Give the closure another time or reason; what is no longer closed comes free. False when it was over."""
    closure, kits = _lock_closure(session, closure_id)
    if closure.is_over(now):
        return False
    closure.from_at, closure.until_at, closure.reason = span.from_at, span.until_at, reason
    closure.changed_at, closure.version = now, closure.version + 1
    _apply(session, "closure_changed", closure, kits, staff_id, now=now)
    _cancel_unsent_offers(session, closure, staff_id, now=now)
    return True


@transaction
def end(session: Session, closure_id: int, staff_id: int, *, now: datetime) -> bool:
    """End the closure now, or call it off before it begins; what was closed comes free. False when it was over."""
    closure, kits = _lock_closure(session, closure_id)
    if closure.is_over(now):
        return False
    if closure.from_at < now:
        closure.until_at = now
    else:
        closure.called_off_at = now
    closure.changed_at, closure.version = now, closure.version + 1
    _apply(session, "closure_ended", closure, kits, staff_id, now=now)
    return True


class SettleResult(StrEnum):
    MOVED = "moved"
    CANCELLED = "cancelled"
    TAKEN = "taken"
    """The kit that the booking should be moved to is no longer free; nothing was changed."""
    CHANGED = "changed"
    """The booking is not any more what the page showed; nothing was changed."""
    BEFORE = "before"
    """The booking was moved or cancelled before, or the closure has ended; nothing was changed."""


@transaction
def settle(
    session: Session, closure_id: int, seen: SeenBooking, to_kit: str | None, staff_id: int, *, now: datetime
) -> SettleResult:
    """Move a booking out of the closure to another kit at the same time, or without a kit cancel it.

    Its household gets one text; its time on the kit becomes closed once this can't be undone any more.
    """
    if session.scalar(select(Booking.id).where(Booking.code == seen.code)) is None:
        return SettleResult.BEFORE
    new_slot = _same_slot(session, seen.code, to_kit) if to_kit else None
    booking = lock_booking(session, seen.code, *([new_slot.kit.id] if new_slot else []))
    closure = session.get_one(Closure, closure_id, populate_existing=True)
    by = Actor(staff_id=staff_id)
    is_in_closure = (
        not closure.is_over(now)
        and booking.commune_id == closure.commune_id
        and closure.kit_id in (None, booking.kit_id)
        and closure.span.overlaps(Span(booking.pick_up_at, booking.return_at))
    )
    if not is_in_closure or booking.is_over(now) or booking.status not in (WITHDRAWABLE if to_kit else CANCELLABLE):
        return SettleResult.BEFORE
    if booking.seen != seen:
        return SettleResult.CHANGED
    if to_kit is None:
        closed = closed_spans(session, booking.kit_id, booking.pick_up_at, booking.return_at)
        with can_be_undone(session, booking, by, now=now) as until_at:
            move(session, booking, Status.CANCELLED, by, now=now, reason=closure.reason, kept_until_at=until_at)
            queue_booking_text(session, Kind.CLOSED, booking, now=now, due_at=closed[-1].until_at)
        return SettleResult.CANCELLED
    if new_slot is None or new_slot.slot.hold.from_at <= now or new_slot.kit.id == booking.kit_id:
        return SettleResult.TAKEN
    with can_be_undone(session, booking, by, now=now) as until_at:
        reason = closure.reason
        if not reschedule(session, booking, new_slot, by, now=now, reason=reason, kept_until_at=until_at):
            raise Rollback(SettleResult.TAKEN)
        booking.moved_at = now
        queue_booking_text(session, Kind.MOVED, locked_booking(session, booking.id), now=now)
    return SettleResult.MOVED


def settle_all(
    closure_id: int, plan: Iterable[tuple[SeenBooking, str | None]], staff_id: int, *, now: datetime
) -> dict[SettleResult, int]:
    """Settle one after the other, each in its own transaction; how many had which result."""
    return Counter(settle(closure_id, seen, to_kit, staff_id, now=now) for seen, to_kit in plan)


def _same_slot(session: Session, code: str, kit_code: str) -> BookableSlot | None:
    """The booking's slot on another kit of its commune, if that has it at the same time."""
    booking = session.execute(
        select(Booking.commune_id, Booking.day, Booking.slot_name, Booking.from_at, Booking.until_at).where(
            Booking.code == code
        )
    ).one()
    try:
        bookable = find_slot(kit_code, booking.day, slug(booking.slot_name))
    except NoSuchSlot:
        return None
    is_same_time = bookable.slot.on_air == Span(booking.from_at, booking.until_at)
    return bookable if is_same_time and bookable.commune.id == booking.commune_id else None


def _lock_kits(session: Session, commune_id: int, kit_id: int | None) -> list[int]:
    """Lock the kit, or without one all of the commune's; their ids."""
    which = Kit.commune_id == commune_id if kit_id is None else Kit.id == kit_id
    kits = list(session.scalars(select(Kit.id).where(which).order_by(Kit.id)))
    lock(session, Kit, *kits)
    return kits


def _lock_closure(session: Session, closure_id: int) -> tuple[Closure, list[int]]:
    """The closure, read after its kits were locked, and their ids."""
    closure = session.get_one(Closure, closure_id)
    kits = _lock_kits(session, closure.commune_id, closure.kit_id)
    session.refresh(closure)
    return closure, kits


def _apply(session: Session, action: str, closure: Closure, kits: list[int], staff_id: int, *, now: datetime) -> None:
    """Write the closure and its audit entry, rewrite what is closed on every kit, then offer what came free.

    The commune's version rises because its pages say why something is closed. Raising it waits for whoever is
    adding a kit to the commune, which is then one of its kits.
    """
    session.flush()
    record_audit(
        session,
        action,
        Actor(staff_id=staff_id),
        now=now,
        commune_id=closure.commune_id,
        kit=session.get_one(Kit, closure.kit_id).code if closure.kit_id else None,
        from_at=f"{closure.from_at:%Y-%m-%dT%H:%MZ}",
        until_at=f"{closure.until_at:%Y-%m-%dT%H:%MZ}",
        reason=closure.reason,
    )
    session.execute(update(Commune).where(Commune.id == closure.commune_id).values(version=Commune.version + 1))
    if closure.kit_id is None:
        kits = _lock_kits(session, closure.commune_id, None)
    came_free = [(kit_id, rewrite_closed(session, kit_id, now=now)) for kit_id in kits]
    for kit_id, spans in came_free:
        bump_version(session, Kit, kit_id)
        for span in spans:
            release_time(session, kit_id, span, now=now)


def _cancel_unsent_offers(session: Session, closure: Closure, staff_id: int, *, now: datetime) -> None:
    """Cancel the offers in the closed time whose texts were not sent yet."""
    unsent = (
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
        .with_for_update(of=Message)  # Waits for a worker that is just sending one, which is then no longer QUEUED.
    )
    for code in session.scalars(unsent).all():
        booking = lock_booking(session, code)
        if booking.status == Status.OFFERED:
            move(session, booking, Status.CANCELLED, Actor(staff_id=staff_id), now=now, reason=closure.reason)
