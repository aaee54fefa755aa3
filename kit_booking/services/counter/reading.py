"""What is known of a booking's kit at the counter: the parts to check, and what was seen before."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from kit_booking.database import read
from kit_booking.domain.counter import CheckedPart, Direction
from kit_booking.models import Booking, HandedPart, Handover, Kit, Part, Photo, Staff


@dataclass(frozen=True)
class ShownHandover:
    """A kit that went out or came back, as it was seen."""

    way: Direction
    person: str
    saw_id: bool
    note: str
    staff_name: str
    happened_at: datetime
    written_at: datetime
    has_fault: bool
    is_usable: bool | None
    parts: tuple[CheckedPart, ...]
    photo_ids: tuple[int, ...]

    @property
    def is_open_question(self) -> bool:
        """Nobody has said yet whether the kit can be lent with its fault."""
        return self.way is Direction.BACK and self.has_fault and self.is_usable is None


def parts_of_kit(kit_code: str) -> list[CheckedPart]:
    """The kit's own list, everything there."""
    rows = read(
        select(Part.name, Part.count).join(Kit, Kit.id == Part.kit_id).where(Kit.code == kit_code).order_by(Part.id)
    )
    return [CheckedPart(name, count, count) for name, count in rows]


def parts_to_take_back(kit_code: str, out: ShownHandover | None) -> list[CheckedPart]:
    """What went out is what has to come back; the kit's own list where that was not written down."""
    if out is None:
        return parts_of_kit(kit_code)
    return [CheckedPart(part.name, part.count, part.count) for part in out.parts if part.count]


def handovers_of(code: str) -> dict[Direction, ShownHandover]:
    rows = read(
        select(
            Handover.id,
            Handover.way,
            Handover.person,
            Handover.saw_id,
            Handover.note,
            Staff.name,
            Handover.happened_at,
            Handover.written_at,
            Handover.has_fault,
            Handover.is_usable,
        )
        .join(Booking, Booking.id == Handover.booking_id)
        .join(Staff, Staff.id == Handover.staff_id)
        .where(Booking.code == code)
        .order_by(Handover.id)
    )
    if not rows:
        return {}
    ids = [row.id for row in rows]
    parts = _by_handover(
        read(
            select(
                HandedPart.handover_id, HandedPart.name, HandedPart.expected, HandedPart.count, HandedPart.is_broken
            )
            .where(HandedPart.handover_id.in_(ids))
            .order_by(HandedPart.id)
        )
    )
    photos = _by_handover(
        read(select(Photo.handover_id, Photo.id).where(Photo.handover_id.in_(ids)).order_by(Photo.id))
    )
    found = {}
    for handover_id, way, *seen in rows:
        checked = tuple(CheckedPart(*part) for part in parts[handover_id])
        values: list[Any] = [Direction(way), *seen, checked, tuple(photo_id for (photo_id,) in photos[handover_id])]
        found[Direction(way)] = ShownHandover(*values)
    return found


@dataclass(frozen=True)
class OwnHandover:
    """What was written down at the counter of one household."""

    booking_code: str
    way: Direction
    happened_at: datetime
    person: str
    saw_id: bool
    note: str
    photos: int


def handovers_of_household(household_id: int) -> list[OwnHandover]:
    """The newest first."""
    photos = select(func.count(Photo.id)).where(Photo.handover_id == Handover.id).scalar_subquery()
    rows = read(
        select(
            Booking.code,
            Handover.way,
            Handover.happened_at,
            Handover.person,
            Handover.saw_id,
            Handover.note,
            photos,
        )
        .join(Booking, Booking.id == Handover.booking_id)
        .where(Booking.household_id == household_id)
        .order_by(Handover.id.desc())
    )
    return [OwnHandover(code, Direction(way), *rest) for code, way, *rest in rows]


def _by_handover(rows: Sequence[Row[Any]]) -> defaultdict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row[1:])
    return found


@dataclass(frozen=True)
class ShownPhoto:
    commune_id: int
    jpeg: bytes


def find_photo(photo_id: int) -> ShownPhoto | None:
    rows = read(
        select(Booking.commune_id, Photo.jpeg)
        .join(Handover, Handover.id == Photo.handover_id)
        .join(Booking, Booking.id == Handover.booking_id)
        .where(Photo.id == photo_id)
    )
    return ShownPhoto(*rows[0]) if rows else None
