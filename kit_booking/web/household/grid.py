"""Renders the fortnight of a commune; the section of each kit is cached by what it shows."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from flask import render_template
from markupsafe import Markup

from kit_booking.domain.phone import national
from kit_booking.domain.time.local_time import to_local
from kit_booking.domain.time.slots import Slot
from kit_booking.services.communes.facts import CommuneFacts
from kit_booking.services.communes.fortnight import Fortnight, Holder, KitFortnight
from kit_booking.services.communes.schedule import Schedule, SlotState
from kit_booking.web.frame.formats import hours, long_day, lunar, moment, short_name, span_word, weekday
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import language, lazy_gettext

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
WORDS = {
    SlotState.FREE: lazy_gettext("Còn trống"),
    SlotState.WAITING: lazy_gettext("Chờ duyệt"),
    SlotState.TAKEN: lazy_gettext("Đã có người"),
    SlotState.MINE: lazy_gettext("Của nhà mình"),
    SlotState.CLOSED: lazy_gettext("Nghỉ"),
    SlotState.NOT_OPEN: lazy_gettext("Chưa mở"),
    SlotState.PAST: lazy_gettext("Đã qua"),
}
LINKED = (SlotState.FREE, SlotState.WAITING, SlotState.TAKEN)
"""States in which a slot links to its own page, unless it is too late to ask for it."""


@dataclass(frozen=True)
class GridPage:
    commune: CommuneFacts
    kits: list[KitFortnight]
    grid: Markup
    opens: str
    """When the next day opens."""


def css_of(state: SlotState) -> str:
    return state.name.lower().replace("_", "-")


def page_of(shown: Fortnight, *, for_staff: bool = False) -> GridPage:
    """For households a free slot links to asking for it and their own to its booking; for staff each booking."""
    schedule = shown.schedule
    sections = [_section_of(schedule, number, kit, for_staff) for number, kit in enumerate(shown.kits)]
    grid = render_template("household/communes/grid.html", days=_days(schedule, language()), sections=sections)
    opens_on, opens_at = schedule.window.next_to_open, schedule.window.next_opens_at
    opens = _("Ngày %(day)s mở lúc %(time)s.", day=long_day(opens_on), time=moment(opens_at))
    return GridPage(shown.commune, shown.kits, Markup(grid), opens)  # noqa: S704 (a template wrote it)


def _section_of(schedule: Schedule, number: int, kit: KitFortnight, for_staff: bool) -> Markup:
    """One kit's section, cached unless it shows who holds a slot."""
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
    ahead, holder_of, rows = schedule.kits[number], dict(holders), slot_rows(schedule, _language)
    looks = {state: (css_of(state), SIGNS[state], str(word)) for state, word in WORDS.items()}
    days = []
    for texts, (day, of_day) in zip(_days(schedule, _language), ahead.days, strict=True):
        number_of = {ahead.slots[slot].key: slot for slot in range(of_day.start, of_day.stop)}
        cells: list[tuple[str, ...] | None] = []
        for key in rows:
            slot = number_of.get(key)
            if slot is None:
                cells.append(None)
                continue
            (css, sign, word), path = looks[states[slot]], ""
            if holder := holder_of.get(slot):
                path = f"/staff/bookings/{holder.code}" if for_staff else f"/bookings/{holder.code}"
                word = f"{short_name(holder.name)} {national(holder.phone)}" if holder.name else word
            elif not for_staff and states[slot] in LINKED and ahead.states[slot] is SlotState.FREE:
                path = f"/kits/{ahead.kit.code}/{day}/{key}"
            cells.append((path, css, *_name_and_hours(ahead.slots[slot], _language), sign, word))
        days.append((*texts, states[of_day].count(SlotState.FREE), cells))
    section = render_template(
        "household/communes/kit.html",
        kit=ahead.kit,
        free=states.count(SlotState.FREE),
        closed=[f"{span_word(span)}: {why}" for span, why in ahead.closed],
        rows=rows.values(),
        days=days,
    )
    return Markup(section)  # noqa: S704 (a template wrote it)


@lru_cache(maxsize=64)
def _days(schedule: Schedule, _language: str) -> list[tuple[str, str, str, str, str, str]]:
    """Of each day its id, CSS classes, weekday, ``05/12``, the long form, and the lunar date."""
    return [_day(day, schedule.window.first) for day, _slots in schedule.kits[0].days] if schedule.kits else []


def _day(day: date, today: date) -> tuple[str, str, str, str, str, str]:
    marks = (("today", day == today), ("weekend", day.weekday() >= SATURDAY))
    css = " ".join(name for name, is_so in marks if is_so)
    return f"{day:%m%d}", css, weekday(day), f"{day:%d/%m}", long_day(day), lunar(day)


@lru_cache(maxsize=64)
def slot_rows(schedule: Schedule, _language: str) -> dict[str, tuple[str, str]]:
    """The name and hours of each slot that occurs, by its key, in the order of the time of day."""
    by_key = {slot.key: slot for kit in schedule.kits for slot in reversed(kit.slots)}
    in_order = sorted(by_key.items(), key=lambda item: to_local(item[1].on_air.from_at).time())
    return {key: _name_and_hours(slot, _language) for key, slot in in_order}


@lru_cache(maxsize=4096)
def _name_and_hours(slot: Slot, _language: str) -> tuple[str, str]:
    return slot_word(slot.name), hours((slot.on_air.from_at, slot.on_air.until_at))
