"""A kit that stands elsewhere from now on, and those who have booked it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.domain.hours import WeeklyHours
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import AHEAD, Status
from kit_booking.models import Booking, Household, Kit, Place
from kit_booking.services.audit import record_audit
from kit_booking.services.operator.edits import Denied, Editor, commune_to_edit
from kit_booking.services.timeline.locks import bump_version, lock, locked_booking
from kit_booking.services.timeline.moves import record_change
from kit_booking.services.timeline.texts import queue_booking_text
from kit_booking.services.waiting.entries import offer_free


@dataclass(frozen=True)
class AffectedBooking:
    """A booking whose kit would be fetched elsewhere."""

    code: str
    status: Status
    household: str
    pick_up_at: datetime
    is_open: bool
    """The new place hands kits over at its pick-up and takes them back at its return."""


def affected_bookings(kit_id: int, place_id: int, *, now: datetime) -> list[AffectedBooking]:
    """The bookings of the kit that are not over, soonest first, if it stood at this place."""
    hours = WeeklyHours.of(read(select(Place.handover_hours).where(Place.id == place_id))[0].handover_hours)
    rows = read(
        select(Booking.code, Booking.status, Household.name, Booking.pick_up_at, Booking.return_at)
        .join(Household, Household.id == Booking.household_id)
        .where(Booking.kit_id == kit_id, Booking.status.in_(AHEAD | {Status.OUT}), Booking.return_at > now)
        .order_by(Booking.pick_up_at)
    )
    return [
        AffectedBooking(
            row.code,
            Status(row.status),
            row.name,
            row.pick_up_at,
            hours.first_after(row.pick_up_at) == row.pick_up_at and hours.first_after(row.return_at) == row.return_at,
        )
        for row in rows
    ]


def move_kit(kit_id: int, place_id: int, by: Editor, *, now: datetime) -> Denied | None:
    """The kit stands at another place of its commune from now on, and is offered to those who wait there."""
    denied = _move_kit(kit_id, place_id, by, now=now)
    if denied is None:
        offer_free(kit_id, now=now)
    return denied


@transaction
def _move_kit(session: Session, kit_id: int, place_id: int, by: Editor, *, now: datetime) -> Denied | None:
    """A booking that is not collected yet is fetched there: that is written into its history, its household is
    told by a text that names the place, and giving it up is no strike. Its slot and its times stay. Bookings that
    are over, and the one that is out, keep the place they had.
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
        record_change(session, booking, Status(booking.status), by, now=now, reason=reason)
        queue_booking_text(session, Kind.MOVED, locked_booking(session, row.id), now=now)
    bump_version(session, Kit, kit_id)
    record_audit(session, "kit_moved", by, now=now, commune_id=kit.commune_id, kit=kit.code, place=place.name)
    return None
