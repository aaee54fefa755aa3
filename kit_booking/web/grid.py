"""The fortnight as finished strings, so that the template only puts them in place: it is built often."""

import functools
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import escape

from kit_booking.domain.hours import Span
from kit_booking.domain.local_time import local, to_local
from kit_booking.domain.phone import national
from kit_booking.domain.slots import Slot
from kit_booking.services.fortnight import Fortnight, KitFortnight, ShownSlot, SlotState
from kit_booking.services.sheets import CommuneSheet
from kit_booking.web.formats import hours, long_day, lunar, moment, short_name, span_word, weekday
from kit_booking.web.language import language
from kit_booking.web.words import slot_word

SATURDAY = 5
SIGNS = {
    SlotState.FREE: "○",
    SlotState.WAITING: "◐",
    SlotState.TAKEN: "●",
    SlotState.MINE: "★",
    SlotState.CLOSED: "✕",
    SlotState.NOT_OPEN: "…",
    SlotState.PAST: "·",
}


class Cell(NamedTuple):
    """A slot of a day. The template puts it in as it is: what may be typed by people is escaped already."""

    path: str
    css: str
    name: str
    hours: str
    sign: str
    word: str


NO_SLOT = Cell("", "", "", "", "", "")


@dataclass(frozen=True)
class Day:
    id: str
    css: str
    weekday: str
    date: str
    long: str
    lunar: str
    free: int
    summary: str
    cells: list[Cell]


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
class Kit:
    code: str
    place: Place
    parts: list[Part]
    closed: list[str]
    """When it is closed in the days shown, and why."""
    free: int
    days: list[Day]


@dataclass(frozen=True)
class GridPage:
    commune: CommuneSheet
    kits: list[Kit]
    rows: list[tuple[str, str]]
    opens: str


def page_of(shown: Fortnight, *, for_staff: bool = False) -> GridPage:
    """For households a free slot leads to asking and an own one to its booking; for staff to every booking."""
    words = {
        SlotState.FREE: _("Còn trống"),
        SlotState.WAITING: _("Chờ duyệt"),
        SlotState.TAKEN: _("Đã có người"),
        SlotState.MINE: _("Của nhà mình"),
        SlotState.CLOSED: _("Nghỉ"),
        SlotState.NOT_OPEN: _("Chưa mở"),
        SlotState.PAST: _("Đã qua"),
    }
    looks = {state: (state.value, SIGNS[state], escape(word)) for state, word in words.items()}
    rows = _rows(shown)
    names = {slot.key: escape(slot_word(slot.name)) for slot in rows}
    spans = {slot.key: hours((slot.on_air.from_at, slot.on_air.until_at)) for slot in rows}
    first_kit = shown.kits[0].days if shown.kits else []
    free_words = [_free_words(count) for count in range(len(rows) + 1)]
    strings = {day: _strings(day, shown.window.first, language()) for day, _cells in first_kit}

    def cell_of(kit: KitFortnight, cell: ShownSlot) -> Cell:
        key, state = cell.slot.key, cell.state
        if cell.code:
            path = f"/staff/bookings/{cell.code}" if for_staff else f"/bookings/{cell.code}"
        elif state is SlotState.FREE and not for_staff:
            path = f"/kits/{kit.kit.code}/{cell.slot.day}/{key}"
        else:
            path = ""
        css, sign, word = looks[state]
        if cell.household:
            word = escape(f"{short_name(cell.household)} {national(cell.phone)}")
        return Cell(path, css, names[key], spans[key], sign, word)

    def day_of(kit: KitFortnight, day: date, cells: list[ShownSlot]) -> Day:
        css, short, number, long, moon = strings[day]
        by_key = {cell.slot.key: cell_of(kit, cell) for cell in cells}
        free = sum(cell.state is SlotState.FREE for cell in cells)
        return Day(
            f"{kit.kit.code}-{day:%m%d}",
            css,
            short,
            number,
            long,
            moon,
            free,
            free_words[free],
            [by_key.get(key, NO_SLOT) for key in names],
        )

    fortnight = Span(local(shown.window.first, time()), local(shown.window.last + timedelta(days=1), time()))
    kits = [
        Kit(
            kit.kit.code,
            Place(kit.kit.place, kit.kit.address, kit.kit.keeper, kit.kit.keeper_phone),
            [Part(name, count) for name, count in kit.kit.parts],
            [f"{span_word(span)}: {why}" for span, why in shown.commune.closed(kit.kit.id, fortnight)],
            kit.free,
            [day_of(kit, day, cells) for day, cells in kit.days],
        )
        for kit in shown.kits
    ]
    opens = _(
        "Ngày %(day)s mở lúc %(time)s.",
        day=long_day(shown.window.next_to_open),
        time=moment(shown.window.next_opens_at),
    )
    return GridPage(shown.commune, kits, list(zip(names.values(), spans.values(), strict=True)), opens)


def _rows(shown: Fortnight) -> list[Slot]:
    """One of each slot that occurs, by the time of day."""
    found = {cell.slot.key: cell.slot for kit in shown.kits for _day, cells in kit.days for cell in reversed(cells)}
    return sorted(found.values(), key=lambda slot: to_local(slot.on_air.from_at).time())


@functools.lru_cache(maxsize=128)
def _strings(day: date, today: date, _language: str) -> tuple[str, str, str, str, str]:
    marks = (("today", day == today), ("weekend", day.weekday() >= SATURDAY))
    css = " ".join(name for name, is_so in marks if is_so)
    return css, weekday(day), f"{day:%d/%m}", long_day(day), lunar(day)


def _free_words(count: int) -> str:
    return ngettext("%(num)d buổi trống", "%(num)d buổi trống", count) if count else _("Đã kín")
