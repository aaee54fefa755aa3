"""Communes, households and bookings in any number, written straight to the tables, the same every time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, product
from string import ascii_uppercase
from typing import Any

from sqlalchemy import Connection, insert, text

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import EVERY_DAY, WeeklyHours
from kit_booking.domain.time.local_time import local_day
from kit_booking.domain.time.slots import DEFAULT_PLAN, Slot, Timetable, slots_between
from kit_booking.models import (
    Booking,
    Commune,
    Hold,
    Household,
    Kit,
    Part,
    Place,
    PlannedSlot,
    Province,
    Role,
    Staff,
    StaffRole,
)

LONG_AGO = date(2015, 1, 1)
PROVINCES = 34
WITHOUT = 10
"""So many households of each commune have no booking, and may ask for one."""
PARTS = ("Điện thoại", "Chân máy")
_HOURS = WeeklyHours.of(EVERY_DAY)
_TIMETABLE = Timetable(((LONG_AGO, DEFAULT_PLAN),), _HOURS, _HOURS, Policy())


def slots(first: int, last: int) -> tuple[Slot, ...]:
    """All slots of a kit from so many days ahead of today to so many, both included."""
    today = local_day(utc_now())
    return slots_between(_TIMETABLE, today + timedelta(days=first), today + timedelta(days=last))


@dataclass(frozen=True)
class Town:
    """A commune as it was made."""

    id: int
    slug: str
    kits: tuple[str, ...]
    first_kit: int
    households: range


class World:
    """Writes rows into an empty database; `finish` ends it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.now = utc_now()
        self.dice = random.Random(1)
        self._ids = {table: count(1) for table in (Booking, Household, Kit, Commune)}
        self._letters = ("".join(three) for three in product(ascii_uppercase, repeat=3))
        self._add(Province, [{"id": n, "name": f"Tỉnh {n}", "slug": f"tinh-{n}"} for n in range(1, PROVINCES + 1)])

    def towns(self, kits: Sequence[int], *, households: int) -> list[Town]:
        """One commune for each number of kits, with its clerk and so many households."""
        towns = [self._town(number, households) for number in kits]
        self._add(Commune, [_commune(town) for town in towns])
        self._add(Place, [_place(town) for town in towns])
        self._add(PlannedSlot, [line for town in towns for line in _plan(town)])
        kit_rows = [kit for town in towns for kit in _kits(town)]
        self._add(Kit, kit_rows)
        self._add(Part, [{"kit_id": kit["id"], "name": part, "count": 1} for kit in kit_rows for part in PARTS])
        self._add(Staff, [_clerk(town) for town in towns])
        self._add(StaffRole, [{"staff_id": town.id, "commune_id": town.id, "role": Role.CLERK} for town in towns])
        self._add(Household, [self._household(town, number) for town in towns for number in town.households])
        return towns

    def book(self, town: Town, taken: Sequence[Slot], *, kit: int = 0) -> None:
        """Give these slots of its kit to households of the commune: what is over was returned."""
        rows = [self._booking(town, kit, slot) for slot in taken]
        self._add(Booking, rows)
        held = [row for row in rows if row["status"] != Status.RETURNED]
        holds = [
            {
                "kit_id": row["kit_id"],
                "from_at": row["pick_up_at"],
                "until_at": row["return_at"],
                "booking_id": row["id"],
            }
            for row in held
        ]
        self._add(Hold, holds)

    def finish(self) -> None:
        """Tell the database how far the numbers were used, and let it look at what it has."""
        if self.connection.dialect.name == "postgresql":
            for table in (Booking, Household):
                name = table.__tablename__
                last = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"  # noqa: S608
                self.connection.execute(text(last))
        self.connection.execute(text("ANALYZE"))

    def _add(self, table: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            self.connection.execute(insert(table.__table__), rows)

    def _town(self, kits: int, households: int) -> Town:
        number, letters = next(self._ids[Commune]), next(self._letters)
        numbers = [next(self._ids[Kit]) for _ in range(kits)]
        people = [next(self._ids[Household]) for _ in range(households)]
        return Town(
            number,
            f"xa-{number}",
            tuple(f"{letters}-{n}" for n in range(1, kits + 1)),
            numbers[0],
            range(people[0], people[-1] + 1),
        )

    def _household(self, town: Town, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "commune_id": town.id,
            "name": f"Nguyễn Thị {number}",
            "phone": f"+849{number:08}",
            "village": "Lưu Thượng",
            "craft": "mây tre đan",
            "consent_version": "1",
            "consent_at": self.now,
            "seen_at": self.now,
        }

    def _booking(self, town: Town, kit: int, slot: Slot) -> dict[str, Any]:
        number = next(self._ids[Booking])
        is_over = slot.hold.from_at <= self.now
        status = Status.RETURNED if is_over else self.dice.choice([Status.APPROVED] * 5 + [Status.REQUESTED])
        asked_at = min(self.now, slot.hold.from_at) - timedelta(days=3)
        return {
            "id": number,
            "code": f"{number:07}",
            "commune_id": town.id,
            "place_id": town.id,
            "kit_id": town.first_kit + kit,
            "household_id": self.dice.choice(town.households[WITHOUT:]),
            "status": status,
            "day": slot.day,
            "slot_name": slot.name,
            "from_at": slot.on_air.from_at,
            "until_at": slot.on_air.until_at,
            "pick_up_at": slot.hold.from_at,
            "return_at": slot.hold.until_at,
            "asked_at": asked_at,
            "answer_by_at": asked_at + timedelta(hours=8),
            "approved_at": None if status == Status.REQUESTED else asked_at,
            "changed_at": asked_at,
        }


def _commune(town: Town) -> dict[str, Any]:
    return {
        "id": town.id,
        "province_id": 1 + town.id % PROVINCES,
        "code": f"{town.id:05}",
        "name": f"Xã số {town.id}",
        "slug": town.slug,
        "search": f"xa so {town.id}\nlang cu {town.id}",
        "phone": "+842433854100",
    }


def _place(town: Town) -> dict[str, Any]:
    return {
        "id": town.id,
        "commune_id": town.id,
        "name": f"Phú Túc {town.id}",
        "address": "Trụ sở Phú Túc cũ, đường Lưu Thượng",
        "keeper": "Cô Hằng",
        "keeper_phone": "+84912000111",
    }


def _plan(town: Town) -> list[dict[str, Any]]:
    return [
        {
            "commune_id": town.id,
            "valid_from": LONG_AGO,
            "name": line.name,
            "from_time": line.from_time,
            "until_time": line.until_time,
        }
        for line in DEFAULT_PLAN
    ]


def _kits(town: Town) -> list[dict[str, Any]]:
    return [
        {"id": town.first_kit + n, "commune_id": town.id, "place_id": town.id, "code": code}
        for n, code in enumerate(town.kits)
    ]


def _clerk(town: Town) -> dict[str, Any]:
    return {"id": town.id, "username": f"canbo{town.id}", "name": f"Cán bộ {town.id}", "password_hash": ""}
