"""The fortnight of a commune: which slot of which kit is free, for whoever looks."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select

from kit_booking.database import UtcDateTime, read
from kit_booking.domain.slots import Slot
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Commune, Hold, Household, Kit
from kit_booking.services.communes.facts import CommuneFacts, KitFacts
from kit_booking.services.communes.schedule import KitSchedule, Schedule, SlotState, schedule


class VersionKey(NamedTuple):
    """What a commune's pages are made of: as long as two keys are equal, so are the rows behind them."""

    commune_id: int
    version: int
    kits_version: int


_version_key = (
    select(Commune.id, Commune.version, func.coalesce(func.sum(Kit.version), 0))
    .outerjoin(Kit, Kit.commune_id == Commune.id)
    .where(Commune.slug == bindparam("slug"))
    .group_by(Commune.id)
)


def find_version_key(slug: str) -> VersionKey | None:
    """One indexed statement; asked before any row is read, so a page is never older than its key."""
    rows = read(_version_key, {"slug": slug})
    return VersionKey(*rows[0]) if rows else None


class Holder(NamedTuple):
    """Whose slot it is, as far as the reader may know: the household reads its own code, staff all of it."""

    code: str
    name: str = ""
    phone: str = ""


@dataclass(frozen=True)
class KitFortnight:
    """A kit's slots in order, how each stands for this reader, and by its number who is known to hold it."""

    schedule: KitSchedule
    states: list[SlotState]
    holders: dict[int, Holder]

    @property
    def free(self) -> int:
        return self.states.count(SlotState.FREE)


class SlotView(NamedTuple):
    """A slot on a kit as the reader sees it; the code of its booking where the reader may know it."""

    kit: KitFacts
    slot: Slot
    state: SlotState
    code: str


@dataclass(frozen=True)
class Fortnight:
    commune: CommuneFacts
    schedule: Schedule
    kits: list[KitFortnight]

    def seen(self) -> Iterator[SlotView]:
        """Every slot, kit by kit and day by day."""
        nobody = Holder("")
        for kit in self.kits:
            for number, (slot, state) in enumerate(zip(kit.schedule.slots, kit.states, strict=True)):
                yield SlotView(kit.schedule.kit, slot, state, kit.holders.get(number, nobody).code)


_holds = (
    select(Hold.kit_id, Hold.from_at, Hold.until_at, Booking.status)
    .select_from(Hold)
    .outerjoin(Booking, Booking.id == Hold.booking_id)
    .where(
        Hold.until_at > bindparam("from_at", type_=UtcDateTime),
        Hold.from_at < bindparam("until_at", type_=UtcDateTime),
    )
)
_holds_of_kits = _holds.where(Hold.kit_id.in_(bindparam("kits", expanding=True)))
_of_commune = _holds.join(Kit, Kit.id == Hold.kit_id).where(Kit.commune_id == bindparam("commune_id"))
_with_codes = _of_commune.add_columns(Booking.household_id, Booking.code)
_with_names = _with_codes.add_columns(Household.name, Household.phone).outerjoin(
    Household, Household.id == Booking.household_id
)


def fortnight(
    commune: CommuneFacts, *, now: datetime, household_id: int | None = None, with_names: bool = False
) -> Fortnight:
    """Every slot of the window, day by day, as this reader sees it; one statement."""
    ahead = schedule(commune, now=now)
    holds: dict[int, list[Any]] = defaultdict(list)
    if ahead.reach:
        of_commune = _with_names if with_names else _with_codes if household_id else _of_commune
        values = {"commune_id": commune.id, "from_at": ahead.reach.from_at, "until_at": ahead.reach.until_at}
        for hold in read(of_commune, values):
            holds[hold[0]].append(hold)
    kits = [_kit(kit, holds[kit.kit.id], household_id, with_names=with_names) for kit in ahead.kits]
    return Fortnight(commune, ahead, kits)


def count_free(communes: Sequence[CommuneFacts], *, now: datetime) -> dict[int, int]:
    """By commune, how many slots can be asked for right now; one statement for all."""
    ahead = {commune.id: schedule(commune, now=now) for commune in communes}
    holds: dict[int, list[Any]] = defaultdict(list)
    if reaches := [shown.reach for shown in ahead.values() if shown.reach]:
        values = {
            "kits": [kit.id for commune in communes for kit in commune.kits],
            "from_at": min(reach.from_at for reach in reaches),
            "until_at": max(reach.until_at for reach in reaches),
        }
        for hold in read(_holds_of_kits, values):
            holds[hold[0]].append(hold)
    return {commune: sum(_kit(kit, holds[kit.kit.id]).free for kit in shown.kits) for commune, shown in ahead.items()}


def _kit(
    ahead: KitSchedule, holds: list[Any], household_id: int | None = None, *, with_names: bool = False
) -> KitFortnight:
    states, holders = list(ahead.states), {}
    for number, hold in _held(ahead, holds).items():
        status = hold[3]
        if status is None:
            states[number] = SlotState.CLOSED
        elif household_id is not None and hold[4] == household_id:
            states[number] = SlotState.MINE
            holders[number] = Holder(hold[5])
        else:
            states[number] = SlotState.WAITING if status == Status.REQUESTED else SlotState.TAKEN
            if with_names:
                holders[number] = Holder(*hold[5:])
    return KitFortnight(ahead, states, holders)


def _held(ahead: KitSchedule, holds: list[Any]) -> dict[int, Any]:
    """By a slot's number, the hold that takes it; of several, one that lasts rather than one that awaits an answer.

    The holds of a kit never overlap, so that in order of their ends they are in order; so are the slots.
    """
    holds.sort(key=itemgetter(2))
    held: dict[int, Any] = {}
    starts, ends = ahead.starts, ahead.ends
    first, count = 0, len(starts)
    for hold in holds:
        from_at, until_at = hold[1], hold[2]
        while first < count and ends[first] <= from_at:
            first += 1
        number = first
        while number < count and starts[number] < until_at:
            if ends[number] > from_at and (number not in held or held[number][3] == Status.REQUESTED):
                held[number] = hold
            number += 1
    return held


def changes_at(commune: CommuneFacts, *, now: datetime) -> datetime:
    """The next moment at which the fortnight changes by itself: a slot passes, a day opens or ends."""
    return schedule(commune, now=now).until_at
