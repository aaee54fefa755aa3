"""The fortnight of a commune: the state of each slot of each kit, as one reader may see it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, bindparam, select

from kit_booking.database import UtcDateTime, read
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.slots import Slot
from kit_booking.models import Booking, Hold, Household, Kit
from kit_booking.services.communes.facts import CommuneFacts, KitFacts
from kit_booking.services.communes.schedule import KitSchedule, Schedule, SlotState, schedule


class Holder(NamedTuple):
    """The booking that holds a slot; households see only the code of their own, staff see all."""

    code: str
    name: str = ""
    phone: str = ""


@dataclass(frozen=True)
class KitFortnight:
    """A kit's slots, their states for this reader, and the holders that it may see by the slot's number."""

    schedule: KitSchedule
    states: list[SlotState]
    holders: dict[int, Holder]


class SlotView(NamedTuple):
    """A slot on a kit, its state for this reader, and the code of its booking where the reader may see it."""

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
    select(Hold.kit_id, Hold.from_at, Hold.until_at, Hold.kept_for_id, Booking.status)
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
    """Every slot of the window with its state for the household, or with ``with_names`` for staff; one statement."""
    ahead = schedule(commune, now=now)
    statement = _with_names if with_names else _with_codes if household_id else _of_commune
    holds = _holds_by_kit(statement, [ahead], {"commune_id": commune.id})
    kits = [_kit(kit, holds[kit.kit.id], household_id, with_names=with_names) for kit in ahead.kits]
    return Fortnight(commune, ahead, kits)


class Free(NamedTuple):
    """How many slots can be asked for right now, those that many want and the others."""

    peak: int
    others: int


def count_free(communes: Sequence[CommuneFacts], *, now: datetime) -> dict[int, Free]:
    """By commune id; one statement for all. Nothing is free where no clerk can answer."""
    schedules = {commune.id: schedule(commune, now=now) for commune in communes}
    kit_ids = [kit.id for commune in communes for kit in commune.kits]
    holds = _holds_by_kit(_holds_of_kits, list(schedules.values()), {"kits": kit_ids})
    return {
        commune.id: _count(schedules[commune.id], holds) if commune.has_clerk else Free(0, 0) for commune in communes
    }


def _count(ahead: Schedule, holds: dict[int, list[Row[Any]]]) -> Free:
    free = Counter(
        slot.is_peak
        for kit in ahead.kits
        for slot, state in zip(kit.slots, _kit(kit, holds[kit.kit.id]).states, strict=True)
        if state is SlotState.FREE
    )
    return Free(free[True], free[False])


def _holds_by_kit(
    statement: Select[Any], schedules: Sequence[Schedule], values: dict[str, Any]
) -> dict[int, list[Row[Any]]]:
    """The holds that touch a slot of these schedules, by kit id."""
    holds: dict[int, list[Row[Any]]] = defaultdict(list)
    if reaches := [ahead.reach for ahead in schedules if ahead.reach]:
        values |= {
            "from_at": min(reach.from_at for reach in reaches),
            "until_at": max(reach.until_at for reach in reaches),
        }
        for hold in read(statement, values):
            holds[hold.kit_id].append(hold)
    return holds


def _kit(
    ahead: KitSchedule, holds: list[Row[Any]], household_id: int | None = None, *, with_names: bool = False
) -> KitFortnight:
    states, holders = list(ahead.states), {}
    for number, hold in _held(ahead, holds).items():
        if hold.status is None:
            states[number] = SlotState.TAKEN if hold.kept_for_id else SlotState.CLOSED
        elif household_id is not None and hold.household_id == household_id:
            states[number] = SlotState.OFFERED if hold.status == Status.OFFERED else SlotState.MINE
            holders[number] = Holder(hold.code)
        else:
            states[number] = SlotState.WAITING if hold.status == Status.REQUESTED else SlotState.TAKEN
            if with_names:
                holders[number] = Holder(hold.code, hold.name, hold.phone)
    return KitFortnight(ahead, states, holders)


def _held(ahead: KitSchedule, holds: list[Row[Any]]) -> dict[int, Row[Any]]:
    """The hold that overlaps a slot, by the slot's number; a request only if no other hold does.

    Holds of one kit never overlap, so sorted by their ends they are sorted by their begins as well, like the slots.
    """
    holds.sort(key=attrgetter("until_at"))
    held: dict[int, Row[Any]] = {}
    starts, ends = ahead.starts, ahead.ends
    first, count = 0, len(starts)
    for hold in holds:
        from_at, until_at = hold.from_at, hold.until_at
        while first < count and ends[first] <= from_at:
            first += 1
        number = first
        while number < count and starts[number] < until_at:
            if ends[number] > from_at and (number not in held or held[number].status == Status.REQUESTED):
                held[number] = hold
            number += 1
    return held
