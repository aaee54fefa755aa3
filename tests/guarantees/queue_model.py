"""The fair queue told a second time, in the plainest way: from what the database says, whose turn it must be.

Shares no rule with the program, only the times of the slots.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, select

from kit_booking.domain.time.local_time import local, to_local
from kit_booking.domain.time.slots import Slot
from kit_booking.models import AuditEntry, Booking, Hold, Household, Kit, Message, WaitingEntry

HOUR = timedelta(hours=1)
AHEAD = ("requested", "offered", "approved")
LIVE = (*AHEAD, "out")


@dataclass(frozen=True)
class Seen:
    """All that the database said at one moment; rows by their ids."""

    bookings: dict[int, Any]
    entries: dict[int, Any]
    holds: dict[int, Any]
    audit: dict[int, Any]
    texts: dict[int, Any]
    lifted: dict[int, datetime | None]
    numbers: dict[int, str]
    """The mobile number of each household."""

    @classmethod
    def now(cls, connection: Connection) -> "Seen":
        tables = (Booking, WaitingEntry, Hold, AuditEntry, Message)
        rows = [{row.id: row for row in connection.execute(select(table.__table__))} for table in tables]
        people = connection.execute(select(Household.id, Household.lifted_at, Household.phone)).all()
        return cls(*rows, {one.id: one.lifted_at for one in people}, {one.id: one.phone for one in people})

    def family(self, household_id: int) -> list[int]:
        """All households of the number, this one included."""
        return [other for other, number in self.numbers.items() if number == self.numbers[household_id]]

    def with_status(self, *statuses: str) -> list[Any]:
        return [booking for _, booking in sorted(self.bookings.items()) if booking.status in statuses]

    def of(self, household_id: int) -> list[Any]:
        return [booking for booking in self.bookings.values() if booking.household_id == household_id]


VERSIONS = {"version", "changed_at", "undo", "undo_until_at"}


def without_versions(seen: Seen) -> list[dict[int, dict[str, Any]]]:
    """All that an undo brings back: everything but the history, and what only rises."""
    tables = (seen.bookings, seen.entries, seen.holds, seen.texts)
    return [
        {
            key: {name: row_value for name, row_value in row._mapping.items() if name not in VERSIONS}
            for key, row in rows.items()
        }
        for rows in tables
    ]


def in_the_way(seen: Seen, kit_id: int, slot: Slot) -> list[Any]:
    """The holds that overlap the slot's."""
    return [
        hold
        for hold in seen.holds.values()
        if hold.kit_id == kit_id and hold.from_at < slot.hold.until_at and hold.until_at > slot.hold.from_at
    ]


def is_free(seen: Seen, kit_id: int, slot: Slot, without: int | None = None) -> bool:
    return all(without is not None and hold.booking_id == without for hold in in_the_way(seen, kit_id, slot))


def is_taken(seen: Seen, kit_id: int, slot: Slot) -> bool:
    return any(hold.booking_id for hold in in_the_way(seen, kit_id, slot))


def ahead(bookings: Iterable[Any], now: datetime) -> int:
    return sum(booking.status in AHEAD and booking.return_at > now for booking in bookings)


def weeks(bookings: Iterable[Any]) -> Counter[tuple[int, int]]:
    """How many pick-ups count in each calendar week."""
    return Counter(
        _week(booking.pick_up_at)
        for booking in bookings
        if booking.status in (*LIVE, "returned", "no_show") or booking.strike_at
    )


def _week(instant: datetime) -> tuple[int, int]:
    return to_local(instant).isocalendar()[:2]


def is_paused(seen: Seen, household_id: int, now: datetime) -> bool:
    return any(_has_pause(seen, one, now) for one in seen.family(household_id))


def _has_pause(seen: Seen, household_id: int, now: datetime) -> bool:
    own, lifted = seen.of(household_id), seen.lifted[household_id]
    first, began = None, None
    for strike in sorted(booking.strike_at for booking in own if booking.strike_at):
        if first and strike - first < timedelta(days=60):
            first, began = None, strike
        else:
            first = strike
    if began and now < began + timedelta(days=14) and not (lifted and lifted >= began):
        return True
    late = [booking.return_at + 24 * HOUR for booking in own if booking.status == "out"]
    return bool(late) and now > min(late) and not (lifted and lifted >= min(late))


def may_have(seen: Seen, household_id: int, slot: Slot, now: datetime, without: int | None = None) -> bool:
    own = [booking for booking in seen.of(household_id) if booking.id != without]
    alike = [booking for booking in own if is_peak(booking.pick_up_at, booking.return_at) == is_peak(*span(slot))]
    in_week = weeks(alike)[_week(slot.hold.from_at)]
    most = 1 if is_peak(*span(slot)) else 2
    is_enough = slot.hold.from_at - now > 24 * HOUR and (ahead(alike, now) >= most or in_week >= 2)
    is_busy = any(
        booking.status in LIVE and booking.from_at < slot.on_air.until_at and booking.until_at > slot.on_air.from_at
        for booking in own
    )
    relatives = sum(ahead(seen.of(one), now) for one in seen.family(household_id) if one != household_id)
    is_too_many = relatives > 0 and relatives + ahead(own, now) >= 4
    paused = is_paused(seen, household_id, now)
    return not (is_enough or is_busy or is_too_many or paused)


def span(slot: Slot) -> tuple[datetime, datetime]:
    return slot.hold.from_at, slot.hold.until_at


def is_peak(pick_up_at: datetime, return_at: datetime) -> bool:
    """Whether the kit is away over a night."""
    return to_local(pick_up_at).date() != to_local(return_at).date()


def chosen_early(booking: Any) -> bool:
    """Whether it was chosen while the limits counted."""
    return booking.pick_up_at - max(booking.asked_at, booking.chosen_at or booking.asked_at) > 24 * HOUR


def told_at(slot: Slot, now: datetime) -> datetime:
    """When the text of an offer goes out."""
    clock = to_local(now)
    if slot.hold.from_at - now < 12 * HOUR or time(6, 30) <= clock.time() < time(21):
        return now
    return local(clock.date() + timedelta(days=clock.time() >= time(21)), time(6, 30))


def is_worth_offering(slot: Slot, now: datetime) -> bool:
    return slot.hold.from_at - now >= 2.5 * HOUR


def fits(entry: Any, kit: Kit, slot: Slot) -> bool:
    return (entry.day, entry.slot_name) == (slot.day, slot.name) and (
        not entry.place_ids or kit.place_id in entry.place_ids
    )


def first_of(seen: Seen, kit: Kit, slot: Slot, now: datetime) -> Any | None:
    """The entry to which the slot must be offered, were it free now."""
    told = told_at(slot, now)
    if not is_worth_offering(slot, told):
        return None
    waiting = [
        entry
        for entry in seen.entries.values()
        if entry.state == "waiting"
        and fits(entry, kit, slot)
        and entry.until_at > told
        and may_have(seen, entry.household_id, slot, now)
    ]
    return min(waiting, key=lambda entry: _turn(seen, entry, now), default=None)


def _turn(seen: Seen, entry: Any, now: datetime) -> tuple[Any, ...]:
    had = [booking for booking in seen.of(entry.household_id) if booking.status in ("out", "returned")]
    lately = [booking for booking in had if booking.pick_up_at >= now - timedelta(days=30)]
    far = datetime.max.replace(tzinfo=now.tzinfo)
    ran_out = [
        other
        for other in seen.entries.values()
        if other.household_id == entry.household_id
        and other.booking_id
        and seen.bookings[other.booking_id].status == "lapsed"
        and other.ended_at
        and other.ended_at >= now - timedelta(days=30)
    ]
    return entry.put_forward_at or far, bool(ran_out), bool(had), len(lately), entry.joined_at, entry.id


def offers(seen: Seen, kit: Kit, slots: Iterable[Slot], now: datetime) -> list[tuple[int, date, str]]:
    """Of these slots of the kit, what is offered to whom when they come free, one after the other."""
    found = []
    for number, slot in enumerate(slots):
        if is_free(seen, kit.id, slot) and (entry := first_of(seen, kit, slot, now)):
            found.append((entry.household_id, slot.day, slot.name))
            seen = _after_offer(seen, kit, slot, entry, -1 - number)
    return found


@dataclass(frozen=True)
class Offer:
    """As much of an offer that is to be made as the rules look at."""

    id: int
    household_id: int
    pick_up_at: datetime
    return_at: datetime
    from_at: datetime
    until_at: datetime
    status: str = "offered"
    strike_at: None = None


@dataclass(frozen=True)
class Held:
    kit_id: int
    from_at: datetime
    until_at: datetime
    booking_id: int


def _times(span: Any) -> tuple[datetime, datetime]:
    return span.from_at, span.until_at


def _after_offer(seen: Seen, kit: Kit, slot: Slot, entry: Any, number: int) -> Seen:
    offer = Offer(number, entry.household_id, *_times(slot.hold), *_times(slot.on_air))
    held = Held(kit.id, slot.hold.from_at, slot.hold.until_at, number)
    entries = {key: other for key, other in seen.entries.items() if key != entry.id}
    bookings, holds = seen.bookings | {number: offer}, seen.holds | {number: held}
    return replace(seen, bookings=bookings, holds=holds, entries=entries)
