"""A slot by its address, and the slots of a fortnight to choose one from."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from urllib.parse import urlsplit

from flask import abort, request

from kit_booking.services.booking.ask import SlotLook, look_at_slot
from kit_booking.services.communes.fortnight import Fortnight, SlotView
from kit_booking.services.communes.schedule import SlotState
from kit_booking.services.communes.slots import BookableSlot, NoSuchSlot
from kit_booking.web.household.grid import fortnight_path


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
    """Turns ``NoSuchSlot`` into 404, and the ``OverflowError`` of days near ``date.max``."""
    try:
        yield
    except (NoSuchSlot, OverflowError):
        abort(404)


def slot_address(path: str) -> tuple[str, str, str] | None:
    """Kit code, day and slot key of ``/kits/PD-4/2026-12-05/toi``; None for any other page."""
    if not path.startswith("/kits/"):  # `urlsplit` raises ValueError for some other texts.
        return None
    parts = urlsplit(path).path.split("/")
    return (parts[2], parts[3], parts[4]) if len(parts) == 5 else None


def back_from(bookable: BookableSlot) -> str:
    """The address of the fortnight from which one came to a slot: the same place, and the slot's day."""
    place = bookable.commune.known_place(request.args.get("place", ""))
    return fortnight_path(bookable.commune, place, bookable.slot.day)


def free_slots(shown: Fortnight) -> list[SlotView]:
    """The free slots of all kits, in the order of time."""
    free = (view for view in shown.seen() if view.state is SlotState.FREE)
    return sorted(free, key=lambda view: (view.slot.on_air.from_at, view.slot.on_air.until_at, view.slot.key))
