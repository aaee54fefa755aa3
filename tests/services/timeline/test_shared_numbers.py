"""Several households of one number: a pause binds all, and together they have only so many bookings ahead."""

from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.domain.booking.refusals import Reason
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking, Household
from kit_booking.services.audit import Actor
from kit_booking.services.booking.ask import AskResult, request_booking
from kit_booking.services.register import erasing
from kit_booking.services.register.adding import Consent, register_household
from kit_booking.services.timeline.standing import lift_pause
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.threads import at_once
from tests.support.village import Village
from tests.times import NOW, days_ahead

PHONE = "+84987654321"


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune())


@pytest.fixture
def family(village: Village, world: World) -> list[Household]:
    """Three households of one phone."""
    names = ("Đỗ Thị Lụa", "Đỗ Văn Tơ", "Đỗ Thị Sợi")
    return [world.household(village.commune, name, phone=PHONE) for name in names]


def pause(world: World, village: Village, household: Household) -> None:
    for days in (-9, -5):
        booking = world.booking(village.kit, household, days_ahead(days), status=Status.NO_SHOW)
        world.change(booking, strike_at=NOW + timedelta(days=days))


def asks(world: World, village: Village, household_id: int, day: int, key: str = "toi") -> AskResult:
    slot = village.kit.code, days_ahead(day), key, household_id
    return world.do(request_booking, *slot, sells="", streams_on="", now=NOW)


def reasons(asked: AskResult) -> list[Reason]:
    return [refusal.reason for refusal in asked.refusals]


def test_a_pause_of_one_binds_all_of_the_number_until_it_is_lifted(
    village: Village, world: World, family: list[Household]
):
    pause(world, village, family[0])
    assert [reasons(asks(world, village, one.id, 3)) for one in family] == [[Reason.PAUSED]] * 3
    stranger = world.household(village.commune, "Trần Ba", phone="+84911111111")
    assert asks(world, village, stranger.id, 3).code
    world.do(lift_pause, family[1].id, village.clerk.id, "đã nói chuyện", now=NOW)
    assert asks(world, village, family[0].id, 4).code, "lifted on the page of any of them"


def test_a_new_name_on_the_number_does_not_leave_the_pause(village: Village, world: World, family: list[Household]):
    pause(world, village, family[0])
    names = {"name": "Tên Mới", "village": "Giẽ", "craft": "giày"}
    registered = world.do(register_household, village.commune.id, Consent("2026-11"), **names, phone=PHONE, now=NOW)
    assert reasons(asks(world, village, registered[0], 3)) == [Reason.PAUSED]


def test_households_without_a_number_have_nothing_to_do_with_each_other(village: Village, world: World):
    first, second = (world.household(village.commune, name, phone="") for name in ("Bà Một", "Bà Hai"))
    pause(world, village, first)
    assert asks(world, village, second.id, 3).code


def test_erasing_oneself_does_not_end_a_pause_but_its_time_does(
    village: Village, world: World, family: list[Household]
):
    alone = world.household(village.commune, "Bà Ba", phone="+84922222222")
    pause(world, village, alone)
    assert world.do(erasing.erase, alone.id, Actor(household_id=alone.id), now=NOW)
    gone = world.fresh(alone)
    assert gone.phone == ""
    assert gone.number_key
    assert "922222222" not in gone.number_key
    again = world.household(village.commune, "Bà Ba", phone="+84922222222")
    assert reasons(asks(world, village, again.id, 3)) == [Reason.PAUSED]
    world.do(erasing.wipe_leftovers, now=NOW + erasing.PAUSE_STAYS + timedelta(seconds=1))
    assert world.fresh(gone).number_key is None


def test_who_is_erased_without_a_pause_is_not_remembered(village: Village, world: World, family: list[Household]):
    assert world.do(erasing.erase, family[0].id, Actor(household_id=family[0].id), now=NOW)
    assert world.fresh(family[0]).number_key is None


def test_together_they_have_four_bookings_ahead(village: Village, world: World, family: list[Household]):
    world.change(village.commune, policy={"most_a_week": 9, "most_peak_ahead": 2})
    for n in range(4):
        assert asks(world, village, family[n % 2].id, 3 + n).code
    assert reasons(asks(world, village, family[2].id, 9)) == [Reason.NUMBER]
    assert asks(world, village, village.family().id, 9).code


def test_together_they_have_four_also_when_all_ask_at_once(village: Village, world: World, family: list[Household]):
    world.change(village.commune, policy={"most_a_week": 9, "most_peak_ahead": 2})
    for n in range(2):
        assert asks(world, village, family[n].id, 3 + n).code
    more = [world.household(village.commune, f"Nhà {n}", phone=PHONE) for n in range(4)]
    at_once(*(lambda one=one, n=n: asks(world, village, one.id, 6 + n) for n, one in enumerate(more)))
    assert len(world.all(Booking)) == 4
