"""The fortnight: how each slot stands for whoever looks."""

from datetime import datetime, timedelta

import pytest

from kit_booking.domain.booking.status import Status
from kit_booking.models import Commune, Hold, Household, Kit, Staff
from kit_booking.services.communes.facts import commune_facts
from kit_booking.services.communes.fortnight import Fortnight, Free, Holder, count_free, fortnight
from kit_booking.services.communes.schedule import SlotState
from tests.support.builders import World
from tests.times import NOW, days_ahead

DAY = days_ahead(3)


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


@pytest.fixture
def kit(world: World, commune: Commune) -> Kit:
    return world.kits(commune)[0]


@pytest.fixture
def hanh(world: World, commune: Commune) -> Household:
    return world.household(commune)


def seen(world: World, commune: Commune, who: Household | None = None, *, with_names: bool = False) -> Fortnight:
    def look() -> Fortnight:
        facts = commune_facts(commune.id, world.fresh(commune).version)
        return fortnight(facts, now=NOW, household_id=who and who.id, with_names=with_names)

    return world.do(look)


def states(world: World, commune: Commune, who: Household | None = None) -> list[SlotState]:
    """How the slots of the day stand, from the morning to the evening."""
    return [slot.state for slot in seen(world, commune, who).seen() if slot.slot.day == DAY]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Status.REQUESTED, SlotState.WAITING),
        (Status.OFFERED, SlotState.TAKEN),
        (Status.APPROVED, SlotState.TAKEN),
        (Status.CANCELLED, SlotState.FREE),
    ],
)
def test_a_booking_that_awaits_its_answer_is_not_taken_yet(
    world: World, commune: Commune, kit: Kit, hanh: Household, status: Status, state: SlotState
):
    world.booking(kit, hanh, DAY, status=status)
    assert states(world, commune) == [SlotState.FREE] * 3 + [state]


def test_the_own_booking_is_mine_to_its_household_only_and_has_its_code(
    world: World, commune: Commune, kit: Kit, hanh: Household
):
    booking = world.booking(kit, hanh, DAY)
    assert states(world, commune, hanh)[-1] == SlotState.MINE
    assert states(world, commune, world.household(commune, "Lan"))[-1] == SlotState.WAITING
    [code] = [slot.code for slot in seen(world, commune, hanh).seen() if slot.state is SlotState.MINE]
    assert code == booking.code


def test_only_staff_see_who_has_a_slot(world: World, commune: Commune, kit: Kit, hanh: Household):
    booking = world.booking(kit, hanh, DAY, status=Status.APPROVED)
    [for_staff] = seen(world, commune, with_names=True).kits
    [for_others] = seen(world, commune).kits
    assert list(for_staff.holders.values()) == [Holder(booking.code, hanh.name, hanh.phone)]
    assert for_others.holders == {}


def test_closed_time_is_closed(world: World, commune: Commune, kit: Kit):
    world.add(world.hold(kit, world.slot(kit, DAY, "trua")))
    assert states(world, commune) == [SlotState.FREE, SlotState.CLOSED, SlotState.FREE, SlotState.FREE]


def shares_its_slot(world: World, kit: Kit, hanh: Household, status: Status, *, is_first: bool) -> None:
    """A booking of the evening whose hold ends, or begins, when a closure begins, or ends."""
    booking, slot = world.booking(kit, hanh, DAY, status=status), world.slot(kit, DAY)
    half = slot.hold.from_at + timedelta(hours=1)
    [hold] = world.all(Hold, booking_id=booking.id)
    spans: list[tuple[datetime, datetime]] = [(slot.hold.from_at, half), (half, slot.hold.until_at)]
    (from_at, until_at), other = spans if is_first else spans[::-1]
    world.change(hold, from_at=from_at, until_at=until_at)
    world.add(Hold(kit_id=kit.id, from_at=other[0], until_at=other[1]))


@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_that_hold_a_slot_the_one_that_lasts_is_shown(
    world: World, commune: Commune, kit: Kit, hanh: Household, is_first: bool
):
    """A request may yet be declined; what is closed stays so."""
    shares_its_slot(world, kit, hanh, Status.REQUESTED, is_first=is_first)
    assert states(world, commune)[-1] == SlotState.CLOSED


@pytest.mark.parametrize(("is_first", "state"), [(True, SlotState.TAKEN), (False, SlotState.CLOSED)])
def test_of_two_that_last_the_first_is_shown(
    world: World, commune: Commune, kit: Kit, hanh: Household, is_first: bool, state: SlotState
):
    shares_its_slot(world, kit, hanh, Status.APPROVED, is_first=is_first)
    assert states(world, commune)[-1] == state


def test_a_hold_that_touches_a_slot_does_not_take_it(world: World, commune: Commune, kit: Kit):
    a_minute = timedelta(minutes=1)
    evening = world.slot(kit, DAY).hold
    world.add(Hold(kit_id=kit.id, from_at=evening.until_at, until_at=evening.until_at + a_minute))
    morning = world.slot(kit, DAY, "sang").hold
    world.add(Hold(kit_id=kit.id, from_at=morning.from_at - a_minute, until_at=morning.from_at))
    assert states(world, commune) == [SlotState.FREE] * 4


def test_free_slots_are_counted_by_commune(world: World, commune: Commune, kit: Kit, hanh: Household):
    other = world.commune("Chuyên Mỹ")

    def count() -> dict[int, Free]:
        facts = [commune_facts(one.id, world.fresh(one).version) for one in (commune, other)]
        return count_free(facts, now=NOW)

    before = world.do(count)
    world.booking(kit, hanh, DAY)
    world.booking(kit, hanh, days_ahead(4), "trua", status=Status.APPROVED)
    peak, others = before[commune.id]
    assert world.do(count) == {commune.id: Free(peak - 1, others - 1), other.id: before[other.id]}
    world.change(world.all(Staff)[0], is_active=False)
    assert world.do(count)[commune.id] == Free(0, 0)
