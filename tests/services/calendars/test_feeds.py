"""What a feed shows, from when to when, and when its version key changes."""

from datetime import timedelta

import pytest

from kit_booking.database import transaction
from kit_booking.domain.booking.status import IN_CALENDARS, Status
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Commune, Hold, Household, Kit
from kit_booking.services.audit import Actor
from kit_booking.services.calendars.feeds import (
    AHEAD,
    PAST,
    Feed,
    booking_event,
    bookings_of,
    closures_of,
    commune_feed,
    kit_feed,
    private_feed,
)
from kit_booking.services.calendars.tokens import USE_NOTED, add_token, note_use, revoke_token
from kit_booking.services.timeline.locks import bump_calendar_versions
from tests.support.builders import World
from tests.times import NOW, at, days_ahead

A_SECOND = timedelta(seconds=1)
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


@pytest.fixture
def token(world: World, hanh: Household) -> str:
    return world.do(add_token, Actor(household_id=hanh.id), now=NOW)


def of_kit(world: World, kit: Kit, *, now=NOW) -> Feed:
    feed = world.do(kit_feed, kit.code, now=now)
    assert feed
    return feed


def private(world: World, token: str, *, now=NOW) -> Feed:
    found = world.do(private_feed, token, now=now)
    assert found
    return found[0]


def codes(world: World, feed: Feed) -> list[str]:
    return [booking.code for booking in world.do(bookings_of, feed)]


def test_only_bookings_that_hold_a_kit_or_held_it_are_shown(world: World, kit: Kit, hanh: Household):
    bookings = [world.booking(kit, hanh, days_ahead(n), status=status) for n, status in enumerate(Status, 1)]
    shown = [booking.code for booking in bookings if booking.status in IN_CALENDARS]
    assert codes(world, of_kit(world, kit)) == shown
    assert [booking.code for booking in bookings if world.do(booking_event, booking.code)] == shown


def test_a_feed_reaches_from_the_first_midnight_to_the_last(
    world: World, commune: Commune, kit: Kit, hanh: Household
):
    first, last = at(days_ahead(-PAST.days), "00:00"), at(days_ahead(AHEAD.days), "00:00")
    edges = (first - A_SECOND, first, last - A_SECOND, last)
    hour = timedelta(hours=1)
    bookings = [
        world.booking(
            kit,
            hanh,
            DAY,
            status=Status.RETURNED,
            pick_up_at=edge,
            from_at=edge,
            until_at=edge + hour,
            return_at=edge + hour,
        )
        for edge in edges
    ]
    assert codes(world, of_kit(world, kit)) == [booking.code for booking in bookings[1:3]]


def test_each_feed_shows_its_own(world: World, commune: Commune, kit: Kit, hanh: Household, token: str):
    own, lans = world.booking(kit, hanh, DAY), world.booking(kit, world.household(commune, "Lan"), days_ahead(4))
    world.booking(world.kits(world.commune("Chuyên Mỹ"))[0], world.household(commune, "Ba"), DAY)
    assert codes(world, private(world, token)) == [own.code]
    of_commune = world.do(commune_feed, commune.slug, now=NOW)
    assert of_commune
    assert codes(world, of_commune) == [own.code, lans.code]
    assert world.do(commune_feed, "khong-co", now=NOW) is None


def test_an_address_ends_when_it_is_revoked_or_its_member_leaves(
    world: World, commune: Commune, hanh: Household, token: str
):
    clerk = world.clerk(commune)
    of_clerk = world.do(add_token, Actor(staff_id=clerk.id), now=NOW)
    assert private(world, token).ended_on is private(world, of_clerk).ended_on is None
    world.do(revoke_token, Actor(household_id=hanh.id), 1, now=NOW)
    world.change(clerk, is_active=False)
    for ended in (private(world, token), private(world, of_clerk)):
        assert ended.ended_on == local_day(NOW)
    assert world.do(private_feed, "khong-co", now=NOW) is None


def test_its_use_is_to_be_noted_once_an_hour(world: World, token: str):
    def is_due(after: timedelta) -> bool:
        return world.do(private_feed, token, now=NOW + after)[1]

    assert is_due(timedelta())
    world.do(note_use, token, "Lịch Google", now=NOW)
    assert [is_due(after) for after in (timedelta(), USE_NOTED - A_SECOND, USE_NOTED)] == [False, False, True]


def test_a_households_version_key_changes_with_the_names_in_its_feed_only(
    world: World, commune: Commune, kit: Kit, hanh: Household, token: str
):
    world.booking(kit, hanh, DAY)
    key = private(world, token).version_key
    world.change(commune)  # As a closure elsewhere in the commune does.
    assert private(world, token).version_key == key
    world.do(transaction(bump_calendar_versions), commune.id, now=NOW)
    assert private(world, token).version_key != key


def test_closed_time_is_shown_in_as_few_stretches_as_possible_and_in_the_window_only(
    world: World, commune: Commune, kit: Kit
):
    noon, end = at(DAY, "12:00"), at(days_ahead(AHEAD.days), "00:00")
    spans = [Span(noon, noon + timedelta(hours=1)), Span(noon + timedelta(hours=1), noon + timedelta(hours=3))]
    for span in (*spans, Span(end, end + timedelta(hours=1))):
        world.add(Hold(kit_id=kit.id, from_at=span.from_at, until_at=span.until_at, changed_at=NOW))
    closed = world.do(lambda: list(closures_of(of_kit(world, kit))))
    shown = [span for _kit, span, _changed_at in closed]
    assert shown == [Span(noon, noon + timedelta(hours=3))]
