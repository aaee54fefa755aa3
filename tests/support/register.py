"""A commune with two households, for the tests of the register."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

from flask import Flask

from kit_booking.models import (
    Commune,
    Household,
    Kit,
    Staff,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.register import erasing, joining
from kit_booking.services.register.households import (
    change_number,
    search_households,
)
from kit_booking.services.timeline.standing import HouseholdGone
from kit_booking.services.waiting.entries import join as wait
from tests.support.builders import World
from tests.times import NOW, days_ahead

NEW_NUMBER = "+84987654321"


@dataclass(frozen=True)
class Village:
    """One commune with a kit and its clerk, and Hạnh and Bình, who are registered in it."""

    world: World
    commune: Commune
    kit: Kit
    clerk: Staff
    hanh: Household
    binh: Household

    @property
    def by_clerk(self) -> Actor:
        return Actor(staff_id=self.clerk.id)

    def finds(self, typed: str) -> list[str]:
        rows, _has_more = self.world.do(search_households, [self.commune.id], typed)
        return [row.name for row in rows]

    def asks(self, household: Household, days: int = 1, key: str = "toi") -> str:
        asked = self.world.do(
            request_booking, self.kit.code, days_ahead(days), key, household.id, sells="", streams_on="", now=NOW
        )
        assert asked.code, asked.refusals
        return asked.code

    def waits(self, household: Household, days: int = 1, key: str = "toi") -> None:
        by = Actor(household_id=household.id)
        joined = self.world.do(wait, self.kit.code, days_ahead(days), key, household.id, by=by, now=NOW)
        assert joined.entry_id, joined.reasons

    def changes_number(self, phone: str = NEW_NUMBER, landline: str = "", *, takes_texts: bool = True) -> bool:
        who, by = self.hanh.id, self.clerk.id
        values = {"phone": phone, "landline": landline, "takes_texts": takes_texts}
        return self.world.do(change_number, who, by, **values, now=NOW)

    def counts(self, household: Household) -> tuple[int, ...]:
        row = self.world.do(joining.counts, household.id, now=NOW)
        return row.bookings, row.ahead, row.waiting, row.calendars, row.strikes

    def joins(self, kept: Household, gone: Household) -> joining.JoinProblem | None:
        return self.world.do(joining.join, kept.id, gone.id, self.clerk.id, now=NOW)

    def erases(self, household: Household) -> bool:
        return self.world.do(erasing.erase, household.id, self.by_clerk, now=NOW)


def make_village(world: World) -> Village:
    commune = world.commune()
    hanh = world.household(commune, phone="+84912345678", village="Đồng Vinh")
    return Village(
        world, commune, world.kits(commune)[0], world.clerk(commune), hanh, world.household(commune, "Lê Bình")
    )


def at_once(app: Flask, *calls: Callable[[], Any]) -> list[Any]:
    """What each call gives, or raised, all begun at the same moment."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait(30)
        try:
            return call()
        except HouseholdGone as gone:
            return gone

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))
