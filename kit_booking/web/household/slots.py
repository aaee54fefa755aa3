"""A slot by its address, and as the pages of asking show it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from flask import abort

from kit_booking.services.booking.ask import SlotLook, look_at_slot
from kit_booking.services.communes.slots import BookableSlot, NoSuchSlot
from kit_booking.web.frame.labels import slot_word


@dataclass(frozen=True)
class Place:
    name: str
    address: str
    keeper: str
    keeper_phone: str


@dataclass(frozen=True)
class Part:
    name: str
    count: int


@dataclass(frozen=True)
class SlotPage:
    kit_code: str
    place: Place
    commune_name: str
    slot_name: str
    key: str
    day: date
    from_at: datetime
    until_at: datetime
    pick_up_at: datetime
    return_at: datetime
    parts: list[Part]


def slot_page_of(found: BookableSlot) -> SlotPage:
    kit, slot = found.kit, found.slot
    return SlotPage(
        kit.code,
        Place(kit.place, kit.address, kit.keeper, kit.keeper_phone),
        found.commune.name,
        slot_word(slot.name),
        slot.key,
        slot.day,
        slot.on_air.from_at,
        slot.on_air.until_at,
        slot.hold.from_at,
        slot.hold.until_at,
        [Part(name, count) for name, count in kit.parts],
    )


def look_or_404(kit_code: str, day: str, slot_key: str, household_id: int | None, *, now: datetime) -> SlotLook:
    with no_slot_is_404():
        return look_at_slot(kit_code, day_or_404(day), slot_key, household_id, now=now)


def day_or_404(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        abort(404)


@contextmanager
def no_slot_is_404() -> Iterator[None]:
    """Around what looks for a slot; at the ends of the calendar there is not even a day before or after."""
    try:
        yield
    except (NoSuchSlot, OverflowError):
        abort(404)


def slot_address(path: str) -> tuple[str, str, str] | None:
    """Kit code, day and slot key of ``/kits/PD-4/2026-12-05/toi``; None for any other page."""
    if not path.startswith("/kits/"):  # Of a site's address not even every one can be read.
        return None
    parts = urlsplit(path).path.split("/")
    return (parts[2], parts[3], parts[4]) if len(parts) == 5 else None
