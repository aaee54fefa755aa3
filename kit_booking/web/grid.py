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
    kits = [KitLink(kit.outlook.kit.code, kit.outlook.kit.place, _text(form.free[kit.free])) for kit in shown.kits]
    return GridPage(shown.commune, kits, _text(b"".join(_filled_in(form, shown))), form.opens)


class BlankPage:
    """The page of whoever is not signed in, written once for a stretch of time."""

    def __init__(self, commune: CommuneSheet, shown: Outlook, write: Callable[[GridPage], str]) -> None:
        self._form = form_of(shown, language(), False)
        kits = [KitLink(kit.kit.code, kit.kit.place, _blank(kit.kit.code)) for kit in shown.kits]
        page = write(GridPage(commune, kits, _blank("grid"), self._form.opens)).encode()
        before, _, self._after = page.partition(_blank("grid").encode())
        self._before = before.split(BLANK.encode())

    def filled_in(self, shown: Fortnight) -> bytes:
        free = {kit.outlook.kit.code.encode(): self._form.free[kit.free] for kit in shown.kits}
        before = list(self._before)
        before[1::2] = [free[code] for code in before[1::2]]
        return b"".join([*before, *_filled_in(self._form, shown), self._after])


def _blank(name: str) -> Markup:
    return Markup(f"{BLANK}{name}{BLANK}")  # noqa: S704 (the code of a kit, or ours)


def _text(filled_in: bytes) -> Markup:
    return Markup(filled_in.decode())  # noqa: S704 (the template wrote, and escaped, all of it)


def _filled_in(form: Form, shown: Fortnight) -> list[bytes]:
    fillings: list[bytes] = []
    for kit, of_kit in zip(form.kits, shown.kits, strict=True):
        fillings += _fillings(form, kit, of_kit)
    pieces = [b""] * (len(form.pieces) + len(fillings))
    pieces[::2], pieces[1::2] = form.pieces, fillings
    return pieces


def _fillings(form: Form, kit: KitForm, shown: KitFortnight) -> list[bytes]:
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
