"""The fortnight as its template takes it; a kit's section is kept as long as nothing in it changes."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from flask import render_template
from markupsafe import Markup

from kit_booking.domain.local_time import to_local
from kit_booking.domain.phone import national
from kit_booking.domain.slots import Slot
from kit_booking.services.communes.facts import CommuneFacts
from kit_booking.services.communes.fortnight import Fortnight, Holder, KitFortnight
from kit_booking.services.communes.schedule import Schedule, SlotState
from kit_booking.web.frame.formats import hours, long_day, lunar, moment, short_name, span_word, weekday
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import language, ngettext

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
LEADS_ON = (SlotState.FREE, SlotState.WAITING, SlotState.TAKEN)
"""What leads to the slot's page, as long as it is not too late."""


@dataclass(frozen=True)
class KitLink:
    """A kit in the list of places above the grid, and how much of it is free."""

    code: str
    place: str
    free: str


@dataclass(frozen=True)
class GridPage:
    commune: CommuneFacts
    kits: list[KitLink]
    grid: Markup
    opens: str


def css_of(state: SlotState) -> str:
    return state.name.lower().replace("_", "-")


def page_of(shown: Fortnight, *, for_staff: bool = False) -> GridPage:
    """For households a free slot leads to asking and an own one to its booking; for staff to every booking."""
    schedule = shown.schedule
    links = [KitLink(kit.schedule.kit.code, kit.schedule.kit.place, _free(kit.free)) for kit in shown.kits]
    sections = [_section_of(schedule, number, kit, for_staff) for number, kit in enumerate(shown.kits)]
    grid = render_template("household/communes/grid.html", days=_days(schedule, language()), sections=sections)
    opens_on, opens_at = schedule.window.next_to_open, schedule.window.next_opens_at
    opens = _("Ngày %(day)s mở lúc %(time)s.", day=long_day(opens_on), time=moment(opens_at))
    return GridPage(shown.commune, links, Markup(grid), opens)  # noqa: S704 (a template wrote it)


def _section_of(schedule: Schedule, number: int, kit: KitFortnight, for_staff: bool) -> Markup:
    """One kit, kept by all that it shows; what one reader alone may see is not kept."""
    make = _section.__wrapped__ if kit.holders else _section
    return make(schedule, number, tuple(kit.states), tuple(kit.holders.items()), for_staff, language())


@lru_cache(maxsize=512)
def _section(
    schedule: Schedule,
    number: int,
    states: tuple[SlotState, ...],
    holders: tuple[tuple[int, Holder], ...],
    for_staff: bool,
    _language: str,
) -> Markup:
    ahead, held = schedule.kits[number], dict(holders)
    looks = _looks(_language)
    days = []
    for words, (_day, of_day), slots in zip(
        _days(schedule, _language), ahead.days, _slots(schedule, number, _language), strict=True
    ):
        cells = []
        for slot, path, name, span in slots:
            css, sign, word, leads_on = looks[states[slot]] if slot is not None else ("", "", "", False)
            if slot is not None and (holder := held.get(slot)):
                path = f"/staff/bookings/{holder.code}" if for_staff else f"/bookings/{holder.code}"
                word = f"{short_name(holder.name)} {national(holder.phone)}" if holder.name else word
            elif for_staff or not leads_on:
                path = ""
            cells.append((path, css, name, span, sign, word))
        free = states[of_day].count(SlotState.FREE)
        days.append((*words, free, _free_words(free, _language), cells))
    section = render_template(
        "household/communes/kit.html",
        kit=ahead.kit,
        free=_free(states.count(SlotState.FREE)),
        closed=[f"{span_word(span)}: {why}" for span, why in ahead.closed],
        rows=slot_rows(schedule, _language).values(),
        days=days,
    )
    return Markup(section)  # noqa: S704 (a template wrote it)


@lru_cache(maxsize=64)
def _days(shown: Schedule, _language: str) -> list[tuple[str, str, str, str, str, str]]:
    """Each day's classes and how it is written: for addresses, as weekday, in numbers, in full, by the moon."""
    return [_day(day, shown.window.first) for day, _slots in shown.kits[0].days] if shown.kits else []


def _day(day: date, today: date) -> tuple[str, str, str, str, str, str]:
    marks = (("today", day == today), ("weekend", day.weekday() >= SATURDAY))
    css = " ".join(name for name, is_so in marks if is_so)
    return f"{day:%m%d}", css, weekday(day), f"{day:%d/%m}", long_day(day), lunar(day)


@lru_cache(maxsize=64)
def slot_rows(shown: Schedule, _language: str) -> dict[str, tuple[str, str]]:
    """By key, the name and the hours of each slot that occurs, by the time of day."""
    by_key = {slot.key: slot for kit in shown.kits for slot in reversed(kit.slots)}
    in_order = sorted(by_key.items(), key=lambda item: to_local(item[1].on_air.from_at).time())
    return {key: _name_and_hours(slot) for key, slot in in_order}


def _name_and_hours(slot: Slot) -> tuple[str, str]:
    return slot_word(slot.name), hours((slot.on_air.from_at, slot.on_air.until_at))


@lru_cache(maxsize=256)
def _slots(shown: Schedule, number: int, _language: str) -> list[list[tuple[int | None, str, str, str]]]:
    """By day and row of the grid the kit's slot: its number, where it can be asked for, its name and hours."""
    ahead = shown.kits[number]
    days = []
    for day, of_day in ahead.days:
        by_key = {ahead.slots[slot].key: slot for slot in range(of_day.start, of_day.stop)}
        lines: list[tuple[int | None, str, str, str]] = []
        for key in slot_rows(shown, _language):
            slot = by_key.get(key)
            if slot is None:
                lines.append((None, "", "", ""))
            else:
                is_free = ahead.states[slot] is SlotState.FREE
                path = f"/kits/{ahead.kit.code}/{day}/{key}" if is_free else ""
                lines.append((slot, path, *_name_and_hours(ahead.slots[slot])))
        days.append(lines)
    return days


def _free(count: int) -> str:
    return ("○ " if count else "") + _free_words(count, language())


@lru_cache(maxsize=512)
def _free_words(count: int, _language: str) -> str:
    return ngettext("%(num)d buổi trống", count) if count else _("Đã kín")


@lru_cache
def _looks(_language: str) -> list[tuple[str, str, str, bool]]:
    return [(css_of(state), SIGNS[state], word, state in LEADS_ON) for state, word in _words().items()]


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
