"""The fortnight: a form with blanks, made once for a commune and a stretch of time, filled in for each reader."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from kit_booking.services.fortnight import Fortnight, KitFortnight
from kit_booking.services.outlook import Outlook, SlotState
from kit_booking.services.sheets import CommuneSheet
from kit_booking.web.grid_form import BLANK, Form, KitForm, form_of
from kit_booking.web.language import language


@dataclass(frozen=True)
class KitLink:
    """A kit in the list of places above the grid, and how much of it is free."""

    code: str
    place: str
    free: str


@dataclass(frozen=True)
class GridPage:
    commune: CommuneSheet
    kits: list[KitLink]
    grid: Markup
    opens: str


def page_of(shown: Fortnight, *, for_staff: bool = False) -> GridPage:
    """For households a free slot leads to asking and an own one to its booking; for staff to every booking."""
    form = form_of(shown.outlook, language(), for_staff)
    kits = [KitLink(kit.outlook.kit.code, kit.outlook.kit.place, form.free[kit.free]) for kit in shown.kits]
    return GridPage(shown.commune, kits, _filled_in(form, shown), form.opens)


class BlankPage:
    """The page of whoever is not signed in, written once for a stretch of time."""

    def __init__(self, commune: CommuneSheet, shown: Outlook, write: Callable[[GridPage], str]) -> None:
        kits = [KitLink(kit.kit.code, kit.kit.place, _blank(kit.kit.code)) for kit in shown.kits]
        opens = form_of(shown, language(), False).opens
        self._pieces = write(GridPage(commune, kits, _blank("grid"), opens)).split(BLANK)

    def filled_in(self, page: GridPage) -> str:
        values = {kit.code: kit.free for kit in page.kits} | {"grid": page.grid}
        pieces = list(self._pieces)
        pieces[1::2] = [values[name] for name in pieces[1::2]]
        return "".join(pieces)


def _blank(name: str) -> Markup:
    return Markup(f"{BLANK}{name}{BLANK}")  # noqa: S704 (the code of a kit, or ours)


def _filled_in(form: Form, shown: Fortnight) -> Markup:
    fillings: list[str] = []
    for kit, of_kit in zip(form.kits, shown.kits, strict=True):
        fillings += _fillings(form, kit, of_kit)
    page = [""] * (len(form.pieces) + len(fillings))
    page[::2], page[1::2] = form.pieces, fillings
    return Markup("".join(page))  # noqa: S704 (the template wrote, and escaped, all of it)


def _fillings(form: Form, kit: KitForm, shown: KitFortnight) -> list[str]:
    """What fills a kit's blanks, in the order in which they stand in communes/grid.html."""
    states = shown.states
    slots = [by_state[state] for by_state, state in zip(kit.slots, states, strict=True)]
    for number, holder in shown.holders.items():
        slots[number] = kit.held_slot(number, states[number], holder)
    free = [states[of_day].count(SlotState.FREE) for _day, of_day in shown.outlook.days]
    fillings = [form.free[sum(free)]]
    fillings += [day.strips[count] for day, count in zip(kit.days, free, strict=True)]
    for day, count in zip(kit.days, free, strict=True):
        fillings.append(form.sums[count])
        fillings += [slots[number] for number in day.numbers]
    return fillings
