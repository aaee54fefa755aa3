"""New names reach calendars: which bookings, kits and households get a new version for them."""

from datetime import timedelta

import pytest

from kit_booking.database import transaction
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Commune, Household, Kit
from kit_booking.services.timeline.locks import IN_FEEDS, bump_calendar_versions
from tests.support.builders import World
from tests.times import NOW, days_ahead


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune(kits=2)


@pytest.fixture
def kits(world: World, commune: Commune) -> list[Kit]:
    return world.kits(commune)


@pytest.fixture
def hanh(world: World, commune: Commune) -> Household:
    return world.household(commune)


@transaction
def _renames(session, kit_id, now):
    bump_calendar_versions(session, Booking.kit_id == kit_id, now=now)


def test_the_booking_its_kit_and_its_household_have_a_new_version_and_no_others(
    world: World, commune: Commune, kits: list[Kit], hanh: Household
):
    lan = world.household(commune, "Lan")
    booking = world.booking(kits[0], hanh, days_ahead(3), status=Status.APPROVED)
    other = world.booking(kits[1], lan, days_ahead(3), status=Status.APPROVED)
    rows = (booking, kits[0], hanh, other, kits[1], lan)
    before = [world.fresh(row).version for row in rows]
    later = NOW + timedelta(minutes=1)
    world.do(_renames, kits[0].id, later)
    assert [world.fresh(row).version - old for row, old in zip(rows, before, strict=True)] == [1, 1, 1, 0, 0, 0]
    assert (world.fresh(booking).changed_at, world.fresh(other).changed_at) == (later, NOW)


@pytest.mark.parametrize("status", [Status.DECLINED, Status.CANCELLED, Status.LAPSED, Status.NO_SHOW])
def test_what_calendars_do_not_show_keeps_its_version(world: World, kits: list[Kit], hanh: Household, status: Status):
    booking = world.booking(kits[0], hanh, days_ahead(3), status=status)
    kit = world.fresh(kits[0]).version
    world.do(_renames, kits[0].id, NOW)
    assert (world.fresh(booking).version, world.fresh(kits[0]).version) == (booking.version, kit)


def test_a_booking_is_shown_for_a_month_after_its_pick_up(world: World, kits: list[Kit], hanh: Household):
    booking = world.booking(kits[0], hanh, days_ahead(-20), status=Status.RETURNED)
    last = booking.pick_up_at + IN_FEEDS
    world.do(_renames, kits[0].id, last)
    world.do(_renames, kits[0].id, last + timedelta(seconds=1))
    assert world.fresh(booking).version == booking.version + 1
