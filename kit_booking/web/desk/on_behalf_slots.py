"""The slots of a commune over all its kits, as staff choose one for somebody: the next free ones, and day by day."""

from dataclasses import dataclass
from datetime import date, datetime

from kit_booking.domain.local_time import to_local
from kit_booking.domain.slots import Slot
from kit_booking.services.communes.facts import KitFacts
from kit_booking.services.communes.fortnight import Fortnight, SlotView
from kit_booking.services.communes.schedule import SlotState
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import ngettext
from kit_booking.web.household.grid import SIGNS, css_of

QUICK = 6
"""So many of the next free slots are one tap away."""


@dataclass(frozen=True)
class Cell:
    """One slot of one day, over all kits of the commune: the best there is."""

    path: str
    css: str
    sign: str
    word: str
    name: str


@dataclass(frozen=True)
class Quick:
    """One of the next free slots."""

    path: str
    slot_name: str
    day: date
    from_at: datetime
    until_at: datetime
    place: str
    others: int
    """Places where it is free, too."""


def next_free(shown: Fortnight, start: str) -> list[Quick]:
    """The next free slots, each once, at the first place that has it."""
    found: dict[tuple[datetime, str], list[tuple[KitFacts, Slot]]] = {}
    for kit, slot, state, _code in shown.seen():
        if state is SlotState.FREE:
            found.setdefault((slot.on_air.from_at, slot.key), []).append((kit, slot))
    return [_quick(start, *alike[0], len(alike) - 1) for _when, alike in sorted(found.items())[:QUICK]]


def _quick(start: str, kit: KitFacts, slot: Slot, others: int) -> Quick:
    path, on_air = f"{start}/{kit.code}/{slot.day}/{slot.key}", slot.on_air
    return Quick(path, slot_word(slot.name), slot.day, on_air.from_at, on_air.until_at, kit.place, others)


def slot_names(shown: Fortnight) -> dict[str, str]:
    """The slots by key, by their time of day."""
    slots = [one.slot for one in shown.seen()]
    names = {slot.key: slot_word(slot.name) for slot in slots}
    by_time = sorted({(to_local(slot.on_air.from_at).time(), slot.key) for slot in slots})
    return {key: names[key] for _time, key in by_time}


ORDER = (
    SlotState.MINE,
    SlotState.FREE,
    SlotState.NOT_OPEN,
    SlotState.PAST,
    SlotState.WAITING,
    SlotState.TAKEN,
    SlotState.CLOSED,
)
"""The best of several kits comes first."""


def day_rows(shown: Fortnight, start: str, *, now: datetime) -> list[tuple[date, dict[str, Cell]]]:
    """Every day with its slots by key; ``start`` is how the addresses of the slots begin."""
    found: dict[date, dict[str, list[SlotView]]] = {}
    for one in shown.seen():
        found.setdefault(one.slot.day, {}).setdefault(one.slot.key, []).append(one)
    return [
        (day, {key: _cell(alike, start, now) for key, alike in of_day.items()})
        for day, of_day in sorted(found.items())
    ]


def _cell(alike: list[SlotView], start: str, now: datetime) -> Cell:
    free = sum(one.state is SlotState.FREE for one in alike)
    words = {
        SlotState.MINE: _("đã có"),
        SlotState.FREE: ngettext("%(num)d bộ", "%(num)d bộ", free) if free > 1 else _("trống"),
        SlotState.NOT_OPEN: _("chưa mở"),
        SlotState.PAST: _("sát giờ"),
        SlotState.WAITING: _("hết"),
        SlotState.TAKEN: _("hết"),
        SlotState.CLOSED: _("nghỉ"),
    }
    best = min(alike, key=lambda one: ORDER.index(one.state))
    path = f"{start}/{best.kit.code}/{best.slot.day}/{best.slot.key}"
    if best.state is SlotState.MINE:
        path = f"/staff/bookings/{best.code}"
    elif best.state is SlotState.CLOSED or now >= best.slot.on_air.from_at:
        path = ""
    return Cell(path, css_of(best.state), SIGNS[best.state], words[best.state], slot_word(best.slot.name))
