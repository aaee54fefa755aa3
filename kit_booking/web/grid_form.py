"""All that the template of the grid may have to write for a commune, as long as the clock changes nothing in it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import escape

from kit_booking.domain.local_time import to_local
from kit_booking.domain.phone import national
from kit_booking.domain.slots import Slot, Window
from kit_booking.services.fortnight import Holder
from kit_booking.services.outlook import KitOutlook, Outlook, SlotState
from kit_booking.web.formats import hours, long_day, lunar, moment, short_name, span_word, weekday
from kit_booking.web.words import slot_word

BLANK = "\0"
"""Where the form is filled in: the one character that no text has."""
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

ASKED_OR_WAITED_FOR = (SlotState.FREE, SlotState.WAITING, SlotState.TAKEN)
"""What leads to the slot's page, as long as it is not too late."""


@dataclass(frozen=True)
class DayForm:
    numbers: list[int]
    """Which of the kit's slots stand in it, from top to bottom."""
    strips: list[bytes]
    """The day in the strip, by how many of its slots are free."""


@dataclass(frozen=True)
class KitForm:
    days: list[DayForm]
    slots: list[list[bytes]]
    """Each slot by its state."""
    held_slot: Callable[[int, SlotState, Holder], bytes]
    """A slot whose holder the reader knows."""


@dataclass(frozen=True)
class Form:
    """All that is put together is bytes already, as pages are sent."""

    pieces: list[bytes]
    """What stands before, between and after the blanks."""
    kits: list[KitForm]
    free: list[bytes]
    sums: list[bytes]
    """Both by a number of slots: how many of a kit, and how many of a day, are free."""
    opens: str
    """When the next day can be asked for."""


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
class Day:
    id: str
    css: str
    weekday: str
    date: str
    long: str
    lunar: str
    numbers: list[int | None]
    """For each row of the grid, which of the kit's slots it is."""


@dataclass(frozen=True)
class Kit:
    code: str
    place: Place
    parts: list[Part]
    closed: list[str]
    """When it is closed in the days shown, and why."""
    days: list[Day]


@functools.lru_cache(maxsize=64)
def form_of(shown: Outlook, _language: str, for_staff: bool) -> Form:
    """The form in the language of the request, which is a part of what it is kept by."""
    rows = _rows(shown)
    kits = [_kit(kit, list(rows), today=shown.window.first) for kit in shown.kits]
    written: Any = current_app.jinja_env.get_template("communes/grid.html").make_module(
        {"kits": kits, "rows": [_name_and_hours(slot) for slot in rows.values()], "blank": BLANK}
    )
    words = [_free_words(count) for count in range(1 + max((len(kit.slots) for kit in shown.kits), default=0))]
    return Form(
        str(written).encode().split(BLANK.encode()),
        [_kit_form(kit, outlook, words, written, for_staff) for kit, outlook in zip(kits, shown.kits, strict=True)],
        [written.free(count, word).encode() for count, word in enumerate(words)],
        [escape(word).encode() for word in words],
        _opens(shown.window),
    )


def _opens(window: Window) -> str:
    return _("Ngày %(day)s mở lúc %(time)s.", day=long_day(window.next_to_open), time=moment(window.next_opens_at))


def _rows(shown: Outlook) -> dict[str, Slot]:
    """The first of each slot that occurs, by the time of day."""
    found = {slot.key: slot for kit in shown.kits for slot in reversed(kit.slots)}
    return dict(sorted(found.items(), key=lambda item: to_local(item[1].on_air.from_at).time()))


def _name_and_hours(slot: Slot) -> tuple[str, str]:
    return slot_word(slot.name), hours((slot.on_air.from_at, slot.on_air.until_at))


def _free_words(count: int) -> str:
    return ngettext("%(num)d buổi trống", "%(num)d buổi trống", count) if count else _("Đã kín")


def _kit(outlook: KitOutlook, keys: list[str], *, today: date) -> Kit:
    kit, days = outlook.kit, []
    for day, of_day in outlook.days:
        numbers = {outlook.slots[number].key: number for number in range(of_day.start, of_day.stop)}
        marks = (("today", day == today), ("weekend", day.weekday() >= SATURDAY))
        days.append(
            Day(
                f"{kit.code}-{day:%m%d}",
                " ".join(name for name, is_so in marks if is_so),
                weekday(day),
                f"{day:%d/%m}",
                long_day(day),
                lunar(day),
                [numbers.get(key) for key in keys],
            )
        )
    place = Place(kit.place, kit.address, kit.keeper, kit.keeper_phone)
    parts = [Part(name, count) for name, count in kit.parts]
    return Kit(kit.code, place, parts, [f"{span_word(span)}: {why}" for span, why in outlook.closed], days)


def _kit_form(kit: Kit, outlook: KitOutlook, words: list[str], written: Any, for_staff: bool) -> KitForm:
    days = []
    for day in kit.days:
        numbers = [number for number in day.numbers if number is not None]
        strips = [written.strip(day, count, words[count]).encode() for count in range(len(numbers) + 1)]
        days.append(DayForm(numbers, strips))
    looks = {state: (css_of(state), SIGNS[state], word) for state, word in _words().items()}

    @functools.cache
    def plain(name: str, span: str, state: SlotState) -> bytes:
        css, sign, word = looks[state]
        return bytes(written.slot("", css, name, span, sign, word).encode())

    def by_state(slot: Slot, by_clock: SlotState) -> list[bytes]:
        name, span = _name_and_hours(slot)
        texts = [plain(name, span, state) for state in SlotState]
        if by_clock is SlotState.FREE and not for_staff:
            path = f"/kits/{kit.code}/{slot.day}/{slot.key}"
            for state in ASKED_OR_WAITED_FOR:
                css, sign, word = looks[state]
                texts[state] = written.slot(path, css, name, span, sign, word).encode()
        return texts

    def held_slot(number: int, state: SlotState, holder: Holder) -> bytes:
        css, sign, word = looks[state]
        path = f"/staff/bookings/{holder.code}" if for_staff else f"/bookings/{holder.code}"
        who = f"{short_name(holder.name)} {national(holder.phone)}" if holder.name else word
        return bytes(written.slot(path, css, *_name_and_hours(outlook.slots[number]), sign, who).encode())

    return KitForm(
        days,
        [by_state(*one) for one in zip(outlook.slots, outlook.states, strict=True)],
        held_slot,
    )


def css_of(state: SlotState) -> str:
    return state.name.lower().replace("_", "-")


def _words() -> dict[SlotState, str]:
    return {
        SlotState.FREE: _("Còn trống"),
        SlotState.WAITING: _("Chờ duyệt"),
        SlotState.TAKEN: _("Đã có người"),
        SlotState.MINE: _("Của nhà mình"),
        SlotState.CLOSED: _("Nghỉ"),
        SlotState.NOT_OPEN: _("Chưa mở"),
        SlotState.PAST: _("Đã qua"),
    }
