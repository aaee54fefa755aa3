"""Reading the waiting entries of slots, with what decides their order."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, exists, func, select
from sqlalchemy.orm import aliased

from kit_booking.database import UtcDateTime, read
from kit_booking.domain.booking.queue import RECENT, Waiting
from kit_booking.domain.booking.status import HAD_KIT, Status
from kit_booking.models import Booking, WaitingEntry, WaitingState


@dataclass(frozen=True)
class WaitingForSlot:
    """One waiting entry, and the slot that it is for."""

    one: Waiting
    day: date
    slot_name: str
    place_ids: frozenset[int]
    """Empty: any place."""
    until_at: datetime

    def fits(self, day: date, slot_name: str, place_id: int) -> bool:
        return (self.day, self.slot_name) == (day, slot_name) and (not self.place_ids or place_id in self.place_ids)


_earlier = aliased(Booking)
_had_kit = exists().where(_earlier.household_id == WaitingEntry.household_id, _earlier.status.in_(HAD_KIT))
_sessions = (
    select(func.count(Booking.id))
    .where(
        Booking.household_id == WaitingEntry.household_id,
        Booking.status.in_(HAD_KIT),
        Booking.pick_up_at >= bindparam("recent_at", type_=UtcDateTime),
    )
    .scalar_subquery()
)
_passed, _offered = aliased(WaitingEntry), aliased(Booking)
_let_run_out = exists().where(
    _passed.household_id == WaitingEntry.household_id,
    _passed.ended_at >= bindparam("recent_at", type_=UtcDateTime),
    _offered.id == _passed.booking_id,
    _offered.status == Status.LAPSED,
)
waiting: Select[Any] = select(
    WaitingEntry.id,
    WaitingEntry.household_id,
    WaitingEntry.joined_at,
    _had_kit.label("had_kit"),
    _sessions.label("sessions"),
    _let_run_out.label("let_run_out"),
    WaitingEntry.put_forward_at,
    WaitingEntry.day,
    WaitingEntry.slot_name,
    WaitingEntry.place_ids,
    WaitingEntry.until_at,
).where(WaitingEntry.state == WaitingState.WAITING)
_of_commune = waiting.where(
    WaitingEntry.commune_id == bindparam("commune_id"),
    WaitingEntry.day >= bindparam("first"),
    WaitingEntry.day <= bindparam("last"),
    WaitingEntry.until_at > bindparam("now", type_=UtcDateTime),
)


def who_waits(
    execute: Callable[[Any, dict[str, Any]], Iterable[Row[Any]]],
    commune_id: int,
    first: date,
    last: date,
    *,
    now: datetime,
) -> list[WaitingForSlot]:
    """The entries for slots of these days, in no order; ``execute`` is a session's or ``database.read``."""
    values = {"commune_id": commune_id, "first": first, "last": last, "now": now, "recent_at": now - RECENT}
    return [waiting_of(row) for row in execute(_of_commune, values)]


_own = aliased(WaitingEntry)
_with_own = (
    waiting.add_columns(_own.id.label("own_id"))
    .join(
        _own,
        and_(
            _own.commune_id == WaitingEntry.commune_id,
            _own.day == WaitingEntry.day,
            _own.slot_name == WaitingEntry.slot_name,
        ),
    )
    .where(
        _own.id.in_(bindparam("own_ids", expanding=True)),
        WaitingEntry.until_at > bindparam("now", type_=UtcDateTime),
    )
)


def who_waits_with(own_ids: Sequence[int], *, now: datetime) -> dict[int, list[WaitingForSlot]]:
    """By the id of each of these entries, all entries for the same slot, itself too; one statement."""
    by_own: dict[int, list[WaitingForSlot]] = {own_id: [] for own_id in own_ids}
    if by_own:
        for row in read(_with_own, {"own_ids": list(own_ids), "now": now, "recent_at": now - RECENT}):
            by_own[row.own_id].append(waiting_of(row))
    return by_own


def waiting_of(row: Row[Any]) -> WaitingForSlot:
    """From a row that has the columns of `waiting`."""
    one = Waiting(
        row.id, row.household_id, row.joined_at, row.had_kit, row.sessions, row.let_run_out, row.put_forward_at
    )
    return WaitingForSlot(one, row.day, row.slot_name, frozenset(row.place_ids), row.until_at)
