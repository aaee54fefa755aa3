"""The fortnight of a commune place by place: what its states are called, its days and parts, and its table."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from flask import render_template
from markupsafe import Markup

from kit_booking.domain.time.local_time import to_local
from kit_booking.services.communes.facts import CommuneFacts, KitFacts
from kit_booking.services.communes.fortnight import Holder, KitFortnight
from kit_booking.services.communes.schedule import KitSchedule, Schedule, SlotState
from kit_booking.web.frame.formats import clock, hours, long_day, lunar, short_name, weekday
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import language, lazy_gettext

SATURDAY = 5
SIGNS = {
    SlotState.FREE: "○",
    SlotState.WAITING: "◐",
    SlotState.TAKEN: "●",
    SlotState.MINE: "★",
    SlotState.OFFERED: "◔",
    SlotState.CLOSED: "✕",
    SlotState.NOT_OPEN: "…",
    SlotState.PAST: "·",
}
WORDS = {
    SlotState.FREE: lazy_gettext("Còn trống"),
    SlotState.WAITING: lazy_gettext("Chờ duyệt"),
    SlotState.TAKEN: lazy_gettext("Đã có người"),
    SlotState.MINE: lazy_gettext("Của nhà mình"),
    SlotState.OFFERED: lazy_gettext("Giữ cho nhà mình"),
    SlotState.CLOSED: lazy_gettext("Nghỉ"),
    SlotState.NOT_OPEN: lazy_gettext("Chưa mở"),
    SlotState.PAST: lazy_gettext("Đã qua"),
}
SHORT_WORDS = WORDS | {
    SlotState.FREE: lazy_gettext("trống"),
    SlotState.WAITING: lazy_gettext("chờ"),
    SlotState.TAKEN: lazy_gettext("kín"),
    SlotState.MINE: lazy_gettext("mình"),
    SlotState.OFFERED: lazy_gettext("giữ"),
    SlotState.CLOSED: lazy_gettext("nghỉ"),
    SlotState.NOT_OPEN: lazy_gettext("chưa"),
    SlotState.PAST: "",
}
"""For the narrow cells of both tables."""
LINKED = (SlotState.FREE, SlotState.WAITING, SlotState.TAKEN)
"""States in which a slot links to its own page, unless it is too late to ask for it."""


class DayPart(NamedTuple):
    """A part of the day: the slots of one name."""

    key: str
    name: str
    hours: str
    begins: str
    """When it goes on air, for where there is no room for the hours."""
    is_peak: bool
    """Whether most of its slots are peak slots."""


class Day(NamedTuple):
    on: date
    css: str
    weekday: str
    date: str
    """``05/12``."""
    long: str
    lunar: str


class Cell(NamedTuple):
    """One slot, or the slots of several kits at one time; ``path`` is empty where there is nothing to do."""

    path: str
    css: str
    sign: str
    word: str
    label: str
    free: int = 0
    """How many of several kits are free."""
    title: str = ""


def css_of(state: SlotState) -> str:
    return state.name.lower().replace("_", "-")


def fortnight_path(commune: CommuneFacts, place: str, day: date | None = None) -> str:
    """The address of the fortnight, at the place and the day from which one came."""
    return f"/communes/{commune.slug}{query(place)}{f'#d{day:%m%d}' if day else ''}"


def slot_path(kit: KitFacts, day: date, key: str, place: str) -> str:
    return f"/kits/{kit.code}/{day}/{key}{query(place)}"


def query(place: str) -> str:
    return f"?place={place}" if place else ""


def grid(
    schedule: Schedule, parts: Iterable[DayPart], kits: Sequence[KitFortnight], place: str, *, for_staff: bool
) -> Markup:
    """The table bodies of all parts, those that many want first; each is kept by what it shows."""
    schedules = tuple(kit.schedule for kit in kits)
    bodies = []
    for part in sorted(parts, key=lambda part: not part.is_peak):
        states, holders = [], []
        for kit in kits:
            numbers = [numbers_of(kit.schedule).get((day, part.key)) for day, _slots in kit.schedule.days]
            states.append(tuple(None if number is None else kit.states[number] for number in numbers))
            holders.append(tuple((number in kit.holders and kit.holders[number]) or None for number in numbers))
        seen = tuple(holders)
        make = _body.__wrapped__ if any(map(any, seen)) else _body
        bodies.append(make(schedule, schedules, part, tuple(states), seen, place, for_staff, language()))
    return Markup().join(bodies)


@lru_cache(maxsize=2048)
def _body(
    schedule: Schedule,
    kits: tuple[KitSchedule, ...],
    part: DayPart,
    states: tuple[tuple[SlotState | None, ...], ...],
    holders: tuple[tuple[Holder | None, ...], ...],
    place: str,
    for_staff: bool,
    _language: str,
) -> Markup:
    """One part of the day: the kits of each place, and their days."""
    days = days_of(schedule, _language)
    at_place = Counter(kit.kit.place for kit in kits)
    looks = {state: (css_of(state), SIGNS[state], str(SHORT_WORDS[state]), str(WORDS[state])) for state in WORDS}

    rows = []
    for kit, of_kit, its in zip(kits, states, holders, strict=True):
        numbers = numbers_of(kit)
        cells: list[Cell | None] = []
        for day, state, holder in zip(days, of_kit, its, strict=True):
            if state is None:
                cells.append(None)
                continue
            css, sign, short, word = looks[state]
            path, title = "", ""
            if holder:
                path = f"/staff/bookings/{holder.code}" if for_staff else f"/bookings/{holder.code}"
                short, title = (short_name(holder.name), holder.name) if holder.name else (short, "")
            elif not for_staff and state in LINKED and kit.states[numbers[day.on, part.key]] is SlotState.FREE:
                path = slot_path(kit.kit, day.on, part.key, place)
            label = f"{part.name} {day.long}, {kit.kit.place}: {title or word}"
            cells.append(Cell(path, css, sign, short, label, title=title))
        rows.append((kit.kit, at_place[kit.kit.place] > 1, cells))
    body = render_template("household/communes/part.html", part=part, rows=rows, days=days)
    return Markup(body)  # noqa: S704 (a template wrote it)


@lru_cache(maxsize=1024)
def numbers_of(kit: KitSchedule) -> dict[tuple[date, str], int]:
    """The number of each slot by its day and key."""
    return {(slot.day, slot.key): number for number, slot in enumerate(kit.slots)}


@lru_cache(maxsize=64)
def days_of(schedule: Schedule, _language: str) -> list[Day]:
    return [_day(day, schedule.window.first) for day, _slots in schedule.kits[0].days] if schedule.kits else []


def _day(day: date, today: date) -> Day:
    marks = (("today", day == today), ("weekend", day.weekday() >= SATURDAY))
    css = " ".join(name for name, is_so in marks if is_so)
    return Day(day, css, weekday(day), f"{day:%d/%m}", long_day(day), lunar(day))


@lru_cache(maxsize=64)
def parts_of(schedule: Schedule, _language: str) -> tuple[DayPart, ...]:
    """The parts of the day that occur, in the order of the time of day."""
    by_key = defaultdict(list)
    for kit in schedule.kits:
        for slot in kit.slots:
            by_key[slot.key].append(slot)
    in_order = sorted(by_key.values(), key=lambda slots: to_local(slots[0].on_air.from_at).time())
    return tuple(
        DayPart(
            slots[0].key,
            slot_word(slots[0].name),
            hours((slots[0].on_air.from_at, slots[0].on_air.until_at)),
            clock(slots[0].on_air.from_at),
            sum(slot.is_peak for slot in slots) * 2 > len(slots),
        )
        for slots in in_order
    )
