"""Moving a kit to another place, and the bookings that this affects."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from kit_booking.database import load, read, transaction
from kit_booking.domain.booking.status import AHEAD, Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import WeeklyHours
from kit_booking.models import Booking, Household, Kit, Place
from kit_booking.services.audit import record_audit
from kit_booking.services.operator.edits import Denied, Editor, commune_to_edit
from kit_booking.services.timeline.locks import bump_version, lock, locked_booking
from kit_booking.services.timeline.moves import record_change
from kit_booking.services.timeline.texts import queue_booking_text
from kit_booking.services.waiting.entries import offer_free


def affected_bookings(kit_id: int, place_id: int, *, now: datetime) -> list[tuple[Booking, bool]]:
    """The bookings of the kit that are not over, soonest first, each with its household.

    Beside each is whether the place hands kits over at its pick-up and takes them back at its return.
    """
    hours = WeeklyHours.of(read(select(Place.handover_hours).where(Place.id == place_id))[0].handover_hours)
    bookings = load(
        select(Booking)
        .where(Booking.kit_id == kit_id, Booking.status.in_(AHEAD | {Status.OUT}), Booking.return_at > now)
        .order_by(Booking.pick_up_at)
        .options(joinedload(Booking.household))
    )
    return [
        (booking, all(hours.first_after(at) == at for at in (booking.pick_up_at, booking.return_at)))
        for booking in bookings
    ]


def move_kit(kit_id: int, place_id: int, by: Editor, *, now: datetime) -> Denied | None:
    """Move the kit to another place of its commune, and offer its free slots to those who wait there."""
    denied = _move_kit(kit_id, place_id, by, now=now)
    if denied is None:
        offer_free(kit_id, now=now)
    return denied


@transaction
def _move_kit(session: Session, kit_id: int, place_id: int, by: Editor, *, now: datetime) -> Denied | None:
    """Bookings that are not collected yet get the new place, an entry in their history, and a text to their
    household, and giving them up is no strike; their slots and times stay. Bookings that are over, and the one that
    is out, keep the place they had.
    """
    lock(session, Kit, kit_id)
    rows = session.execute(
        select(Booking.id, Booking.household_id)
        .where(Booking.kit_id == kit_id, Booking.status.in_(AHEAD), Booking.return_at > now)
        .order_by(Booking.id)
    ).all()
    lock(session, Household, *(row.household_id for row in rows))
    kit = session.get_one(Kit, kit_id, populate_existing=True)
    commune_to_edit(session, kit.commune_id, by)
    place = session.get_one(Place, place_id)
    kit.place_id = place_id
    for row in rows:
        booking = locked_booking(session, row.id)
        booking.place_id, booking.moved_at = place_id, now
        reason = f"Bộ {kit.code} nay để ở {place.name}"
        record_change(session, booking, booking.status, by, now=now, reason=reason)
        queue_booking_text(session, Kind.MOVED, locked_booking(session, row.id), now=now)
    bump_version(session, Kit, kit_id)
    record_audit(session, "kit_moved", by, now=now, commune_id=kit.commune_id, kit=kit.code, place=place.name)
    return None
