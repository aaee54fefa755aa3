"""The parts to check at the counter, and the handovers written before."""

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from kit_booking.database import load, read
from kit_booking.domain.booking.counter import CheckedPart, Direction
from kit_booking.models import Booking, Handover, Part, Photo


def parts_of_kit(kit_id: int) -> list[CheckedPart]:
    """The parts of the kit, each counted as complete."""
    rows = read(select(Part.name, Part.count.label("number")).where(Part.kit_id == kit_id).order_by(Part.id))
    return [CheckedPart(row.name, row.number, row.number) for row in rows]


def parts_to_take_back(kit_id: int, out: Handover | None) -> list[CheckedPart]:
    """The parts that went out by ``out``; without it the parts of the kit."""
    if out is None:
        return parts_of_kit(kit_id)
    return [CheckedPart(part.name, part.count, part.count) for part in out.parts if part.count]


def handovers_of(booking: Booking) -> dict[Direction, Handover]:
    """The booking's handovers by direction, with staff, parts and photos."""
    handovers = load(
        select(Handover)
        .where(Handover.booking_id == booking.id)
        .options(joinedload(Handover.staff), joinedload(Handover.parts), joinedload(Handover.photos))
        .order_by(Handover.id)
    )
    return {handover.way: handover for handover in handovers}


def handovers_of_household(household_id: int) -> list[Handover]:
    """The handovers of all bookings of one household, with bookings and photos; the newest first."""
    return load(
        select(Handover)
        .join(Handover.booking)
        .options(contains_eager(Handover.booking), selectinload(Handover.photos))
        .where(Booking.household_id == household_id)
        .order_by(Handover.id.desc())
    )


def find_photo(photo_id: int) -> Row[Any] | None:
    """A row of ``jpeg`` and ``commune_id``."""
    rows = read(
        select(Booking.commune_id, Photo.jpeg)
        .join(Handover, Handover.id == Photo.handover_id)
        .join(Handover.booking)
        .where(Photo.id == photo_id)
    )
    return rows[0] if rows else None
