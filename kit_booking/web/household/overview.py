"""The fortnight by day and part of the day, over all the places of a commune: the page that a household opens."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from kit_booking.services.communes.facts import CommuneFacts, KitFacts
from kit_booking.services.communes.fortnight import Fortnight, KitFortnight
from kit_booking.services.communes.schedule import SlotState
from kit_booking.web.frame.formats import day, moment, span_word
from kit_booking.web.frame.labels import quota_rule
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import language, ngettext
from kit_booking.web.household.grid import (
    LINKED,
    SHORT_WORDS,
    SIGNS,
    WORDS,
    Cell,
    Day,
    DayPart,
    css_of,
    days_of,
    grid,
    numbers_of,
    parts_of,
    query,
    slot_path,
)

FEW_DAYS = 3
"""With up to so many free days of a part of the day the days are named above the fortnight."""
BEST_FIRST = (
    SlotState.MINE,
    SlotState.OFFERED,
    SlotState.FREE,
    SlotState.NOT_OPEN,
    SlotState.TAKEN,
    SlotState.WAITING,
    SlotState.CLOSED,
    SlotState.PAST,
)
"""Of several kits at one time the first of these states is shown."""
OWN = (SlotState.MINE, SlotState.OFFERED)


class PartLine(NamedTuple):
    """What is left of a part of the day in the whole fortnight."""

    part: DayPart
    days: list[tuple[str, str]]
    """The free days and their addresses, unless there are many."""
    free_days: int


@dataclass(frozen=True)
class FortnightPage:
    commune: CommuneFacts
    place: str
    """The key of the place that was chosen, or empty for all places."""
    places: list[tuple[str, str]]
    """Key and name of each place."""
    kits: list[KitFacts]
    """Those shown."""
    parts: tuple[DayPart, ...]
    lines: list[PartLine]
    days: list[tuple[Day, list[Cell | None]]]
    """Each day with a cell for each part."""
    grid: Markup
    closed: list[str]
    opens: str
    """When the next day opens."""
    rule: str
    """How many slots a household may have."""


def page_of(shown: Fortnight, *, place: str = "", own_place: str = "", for_staff: bool = False) -> FortnightPage:
    """``place`` is the key of the only place to show; that of the household, ``own_place``, comes first.

    For households a free slot links to asking for it and their own to its booking; for staff each booking.
    """
    schedule, commune = shown.schedule, shown.commune
    kits = sorted(shown.kits, key=lambda kit: kit.schedule.kit.place_key != own_place)
    places = {kit.schedule.kit.place_key: kit.schedule.kit.place for kit in kits}
    kits = [kit for kit in kits if place in ("", kit.schedule.kit.place_key)]
    parts, days = parts_of(schedule, language()), days_of(schedule, language())
    overview = [(one, [_of_all_kits(commune, one, part, kits, place) for part in parts]) for one in days]
    opens_on, opens_at = schedule.window.next_to_open, schedule.window.next_opens_at
    return FortnightPage(
        commune,
        place,
        list(places.items()),
        [kit.schedule.kit for kit in kits],
        parts,
        [line for number, part in enumerate(parts) if (line := _line(part, number, overview))],
        overview,
        grid(schedule, parts, kits, place, for_staff=for_staff),
        _closed(kits),
        _("Ngày %(day)s mở lúc %(time)s.", day=day(opens_on), time=moment(opens_at)),
        quota_rule(commune.policy),
    )


def _of_all_kits(
    commune: CommuneFacts, day: Day, part: DayPart, kits: Sequence[KitFortnight], place: str
) -> Cell | None:
    """The slots of a day and a part of it on all these kits; None where no kit has one."""
    found = [
        (number, kit) for kit in kits if (number := numbers_of(kit.schedule).get((day.on, part.key))) is not None
    ]
    if not found:
        return None
    states = [kit.states[number] for number, kit in found]
    state = min(states, key=BEST_FIRST.index)
    number, kit = found[states.index(state)]
    free, path = states.count(SlotState.FREE), ""
    if state in OWN:
        path = f"/bookings/{kit.holders[number].code}"
    elif state in LINKED and kit.schedule.states[number] is SlotState.FREE:
        if state is SlotState.FREE and len(kits) > 1:
            path = f"/communes/{commune.slug}/{day.on}/{part.key}{query(place)}"
        else:
            path = slot_path(kit.schedule.kit, day.on, part.key, place)
    several = state is SlotState.FREE and len(kits) > 1
    word = ngettext("còn %(num)d nơi", free) if several else str(WORDS[state])
    label = f"{part.name} {day.long}: {word}"
    return Cell(path, css_of(state), SIGNS[state], str(SHORT_WORDS[state]), label, free if several else 0)


def _line(part: DayPart, number: int, overview: Iterable[tuple[Day, list[Cell | None]]]) -> PartLine | None:
    """None for a part of the day that many days have, and that nobody comes for."""
    cells = [(day, cell) for day, cells in overview if (cell := cells[number])]
    free = [(f"{day.weekday} {day.date}", cell.path) for day, cell in cells if cell.css == "free"]
    is_open = any(cell.css not in ("past", "not-open") for _day, cell in cells)
    if not is_open or (len(free) > FEW_DAYS and not part.is_peak):
        return None
    return PartLine(part, free if len(free) <= FEW_DAYS else [], len(free))


def _closed(kits: Iterable[KitFortnight]) -> list[str]:
    """When and why kits are closed, and which: one line for each closure."""
    places: dict[str, list[str]] = defaultdict(list)
    kits = list(kits)
    for kit in kits:
        for span, why in kit.schedule.closed:
            places[f"{span_word(span)}: {why}"].append(kit.schedule.kit.place)
    return [
        line if len(closed) == len(kits) else f"{', '.join(dict.fromkeys(closed))}, {line}"
        for line, closed in places.items()
    ]
