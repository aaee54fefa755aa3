"""The fortnight of a commune: which slot of which kit is free, for whoever looks."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select

from kit_booking.database import HotRead, UtcDateTime, read
from kit_booking.domain.local_time import local
from kit_booking.domain.slots import Slot, Window, slots_between, window
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Commune, Hold, Household, Kit
from kit_booking.services.sheets import CommuneSheet, KitSheet


class SlotState(StrEnum):
    FREE = "free"
    WAITING = "waiting"
    TAKEN = "taken"
    MINE = "mine"
    CLOSED = "closed"
    NOT_OPEN = "not-open"
    PAST = "past"


@dataclass(frozen=True)
class Stamp:
    """What a commune's pages are made of: as long as two stamps are equal, so are the rows behind them."""

    commune_id: int
    version: int
    kits_version: int


_stamp = (
    select(Commune.id, Commune.version, func.coalesce(func.sum(Kit.version), 0), Commune.slug)
    .outerjoin(Kit, Kit.commune_id == Commune.id)
    .group_by(Commune.id)
)
_stamp_by_slug = HotRead(_stamp.where(Commune.slug == bindparam("slug")))
_stamps_by_id = _stamp.where(Commune.id.in_(bindparam("ids", expanding=True)))


def find_stamp(slug: str) -> Stamp | None:
    """One indexed statement; asked before any row is read, so a page is never older than its stamp."""
    rows = _stamp_by_slug(slug=slug)
    return Stamp(*rows[0][:3]) if rows else None


@dataclass(frozen=True, slots=True)
class ShownSlot:
    """A slot as one reader sees it. The code and the household are known only where the reader may see them."""

    slot: Slot
    state: SlotState
    code: str = ""
    household: str = ""
    phone: str = ""


@dataclass(frozen=True)
class KitFortnight:
    kit: KitSheet
    days: list[tuple[date, list[ShownSlot]]]

    @property
    def free(self) -> int:
        return sum(shown.state is SlotState.FREE for _, day in self.days for shown in day)


@dataclass(frozen=True)
class Fortnight:
    commune: CommuneSheet
    window: Window
    kits: list[KitFortnight]


_holds = (
    select(
        Hold.kit_id,
        Hold.from_at,
        Hold.until_at,
        Hold.booking_id,
        Booking.status,
        Booking.code,
        Booking.household_id,
    )
    .outerjoin(Booking, Booking.id == Hold.booking_id)
    .where(
        Hold.kit_id.in_(bindparam("kits", expanding=True)),
        Hold.until_at > bindparam("from_at", type_=UtcDateTime),
        Hold.from_at < bindparam("until_at", type_=UtcDateTime),
    )
    .order_by(Hold.kit_id, Hold.until_at)
)
_named_holds = _holds.add_columns(Household.name, Household.phone).outerjoin(
    Household, Household.id == Booking.household_id
)


def fortnight(
    commune: CommuneSheet, *, now: datetime, household_id: int | None = None, with_names: bool = False
) -> Fortnight:
    """Every slot of the window, day by day, as this reader sees it; one statement."""
    shown = window(commune.policy, now=now)
    holds = _holds_of(commune.kits, now=now, statement=_named_holds if with_names else _holds)
    return Fortnight(
        commune,
        shown,
        [
            KitFortnight(kit, _days(kit, holds[kit.id], shown, household_id=household_id, named=with_names, now=now))
            for kit in commune.kits
        ],
    )


def count_free(communes: Sequence[CommuneSheet], *, now: datetime) -> dict[int, int]:
    """By commune, how many slots can be asked for right now; one statement for all."""
    holds = _holds_of([kit for commune in communes for kit in commune.kits], now=now)
    free = {}
    for commune in communes:
        shown = window(commune.policy, now=now)
        days = [_days(kit, holds[kit.id], shown, now=now) for kit in commune.kits]
        free[commune.id] = sum(KitFortnight(kit, of_kit).free for kit, of_kit in zip(commune.kits, days, strict=True))
    return free


def _holds_of(
    kits: Sequence[KitSheet], *, now: datetime, statement: Select[Any] = _holds
) -> dict[int, list[Row[Any]]]:
    """By kit, its holds that reach into the window, in order."""
    shown = [slots_of(kit, now=now) for kit in kits]
    spans = [slot.hold for slots in shown for slot in slots]
    holds: dict[int, list[Row[Any]]] = defaultdict(list)
    if spans:
        values = {
            "kits": [kit.id for kit in kits],
            "from_at": min(span.from_at for span in spans),
            "until_at": max(span.until_at for span in spans),
        }
        for hold in read(statement, values):
            holds[hold.kit_id].append(hold)
    return holds


def slots_of(kit: KitSheet, *, now: datetime) -> tuple[Slot, ...]:
    shown = window(kit.timetable.policy, now=now)
    return slots_between(kit.timetable, shown.first, shown.last)


def _days(
    kit: KitSheet,
    holds: list[Row[Any]],
    shown: Window,
    *,
    now: datetime,
    household_id: int | None = None,
    named: bool = False,
) -> list[tuple[date, list[ShownSlot]]]:
    ends = [hold.until_at for hold in holds]
    days: dict[date, list[ShownSlot]] = {
        shown.first + timedelta(days=n): [] for n in range((shown.last - shown.first).days + 1)
    }
    for slot in slots_of(kit, now=now):
        hold = _hold_over(slot, holds, ends)
        if hold is None:
            state = _state_of_free(slot, shown, now=now)
            days[slot.day].append(ShownSlot(slot, state))
        elif household_id is not None and hold.household_id == household_id:
            days[slot.day].append(ShownSlot(slot, SlotState.MINE, hold.code))
        else:
            state = _state_of_held(hold)
            known = named and hold.booking_id is not None
            who = (hold.code, hold.name, hold.phone) if known else ()
            days[slot.day].append(ShownSlot(slot, state, *who))
    return list(days.items())


def _hold_over(slot: Slot, holds: list[Row[Any]], ends: list[datetime]) -> Row[Any] | None:
    """The hold that takes the slot; of several, one that lasts rather than one that waits for an answer."""
    found = None
    for hold in holds[bisect_right(ends, slot.hold.from_at) :]:
        if hold.from_at >= slot.hold.until_at:
            break
        if found is None or found.status == Status.REQUESTED:
            found = hold
    return found


def _state_of_held(hold: Row[Any]) -> SlotState:
    if hold.booking_id is None:
        return SlotState.CLOSED
    return SlotState.WAITING if hold.status == Status.REQUESTED else SlotState.TAKEN


def _state_of_free(slot: Slot, shown: Window, *, now: datetime) -> SlotState:
    if now >= slot.ask_until_at:
        return SlotState.PAST
    return SlotState.FREE if slot.day <= shown.last_open else SlotState.NOT_OPEN


def changes_at(commune: CommuneSheet, *, now: datetime) -> datetime:
    """The next moment at which the fortnight changes by itself: a slot passes, a day opens or ends."""
    shown = window(commune.policy, now=now)
    moments = {shown.next_opens_at, local(shown.first + timedelta(days=1), time())}
    for kit in commune.kits:
        moments.update(slot.ask_until_at for slot in slots_of(kit, now=now))
    return min(moment for moment in moments if moment > now)


def stamps_of(commune_ids: Sequence[int]) -> list[Stamp]:
    return [Stamp(*row[:3]) for row in read(_stamps_by_id, {"ids": list(commune_ids)})]
