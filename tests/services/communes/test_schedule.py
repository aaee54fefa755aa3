"""How slots stand by the clock alone, and until when that is so."""

from datetime import datetime, timedelta

import pytest

from kit_booking.models import Commune
from kit_booking.services.communes.facts import commune_facts
from kit_booking.services.communes.schedule import Schedule, SlotState, schedule
from tests.support.builders import World
from tests.times import NOW, at, days_ahead

TODAY, LAST = days_ahead(0), days_ahead(14)
A_SECOND = timedelta(seconds=1)


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


def ahead(world: World, commune: Commune, now: datetime = NOW) -> Schedule:
    return world.do(lambda: schedule(commune_facts(commune.id, world.fresh(commune).version), now=now))


def states(made: Schedule, day: object) -> list[SlotState]:
    [kit] = made.kits
    return [state for slot, state in zip(kit.slots, kit.states, strict=True) if slot.day == day]


def test_a_slot_is_past_from_the_minute_on_until_which_it_could_be_asked_for(world: World, commune: Commune):
    until = world.slot(world.kits(commune)[0], TODAY, "trua").ask_until_at
    assert states(ahead(world, commune, until - A_SECOND), TODAY)[1] is SlotState.FREE
    assert states(ahead(world, commune, until), TODAY)[1] is SlotState.PAST


def test_the_last_day_opens_at_seven(world: World, commune: Commune):
    opens = at(TODAY, "07:00")
    assert set(states(ahead(world, commune, opens - A_SECOND), LAST)) <= {SlotState.NOT_OPEN}
    assert set(states(ahead(world, commune, opens), LAST)) == {SlotState.FREE}


def test_it_holds_until_the_next_slot_passes_a_day_opens_or_the_day_ends(world: World, commune: Commune):
    moments, now = [], at(TODAY, "00:00")
    while now < at(days_ahead(1), "00:00"):
        now = ahead(world, commune, now).until_at
        moments.append(now)
    slots = [world.slot(world.kits(commune)[0], TODAY, key).ask_until_at for key in ("sang", "trua", "chieu", "toi")]
    here = {moment for moment in slots if moment >= at(TODAY, "00:00")}
    assert {at(TODAY, "07:00"), at(days_ahead(1), "00:00"), *here} <= set(moments)
    assert moments == sorted(set(moments))


def test_each_day_knows_its_own_slots(world: World, commune: Commune):
    [kit] = ahead(world, commune).kits
    for day, own in kit.days:
        assert [slot.name for slot in kit.slots[own]] == ["Sáng", "Trưa", "Chiều", "Tối"]
        assert {slot.day for slot in kit.slots[own]} == {day}


def test_it_reaches_from_the_first_pick_up_to_the_last_return(world: World, commune: Commune):
    made = ahead(world, commune)
    [kit] = made.kits
    assert made.reach
    assert (made.reach.from_at, made.reach.until_at) == (kit.starts[0], max(kit.ends))
    assert ahead(world, world.commune("Chuyên Mỹ", kits=0)).reach is None
