"""Who waits for a slot, and what decides whose turn it is."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from kit_booking.database import read
from kit_booking.domain.booking.queue import RECENT
from kit_booking.domain.booking.status import Status
from kit_booking.models import (
    AuditEntry,
    WaitingState,
)
from kit_booking.services.timeline.queue import who_waits, who_waits_with
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.village import TOMORROW, Village
from tests.times import NOW, at, days_ahead

TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune())


def test_sessions_older_than_thirty_days_do_not_count(village: Village, world: World):
    booking = village.has(village.family())
    long_ago, lately = village.family("Long ago"), village.family("Lately")
    for days in (-31, -40, -50):
        world.booking(village.kit, long_ago, days_ahead(days), status=Status.RETURNED)
    world.booking(village.kit, lately, days_ahead(-29), status=Status.RETURNED)
    village.entry(lately)
    village.entry(long_ago, now=NOW + A_MINUTE)
    village.cancels(booking, now=NOW + 2 * A_MINUTE)
    assert village.the_offer().household_id == long_ago.id


def test_only_places_that_do_are_offered(village: Village, world: World):
    other = world.kit(world.place(village.commune, "Hồng Minh"))
    here, there = village.has(village.family()), village.has(village.family(), kit=other)
    picky = village.family("Picky")
    village.entry(picky, places=frozenset({other.place_id}))
    village.cancels(here)
    assert village.offers() == []
    village.cancels(there)
    assert village.the_offer().household_id == picky.id


def test_not_later_than_its_wish_is_anything_offered(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    noon = at(TODAY, "12:00")
    entry = village.entry(hoa, NEXT_WEEK, until_at=noon)
    village.works(noon - A_SECOND)
    assert village.state(entry) == WaitingState.WAITING
    village.cancels(booking, now=noon)
    assert village.offers() == []
    village.works(noon)
    assert village.state(entry) == WaitingState.OVER
    line = world.all(AuditEntry)[-1]
    assert (line.action, line.household_id, line.staff_id, line.at) == ("waiting_over", hoa.id, None, noon)
    assert world.fresh(hoa).version == hoa.version + 2


def test_a_session_thirty_days_ago_to_the_minute_counts_and_one_before_does_not(village: Village, world: World):
    hoa, lan = village.family("Hoa"), village.family("Lan")
    for who in (hoa, lan):
        world.entry(village.kit, who, TOMORROW)
    last = world.booking(village.kit, hoa, days_ahead(-30), status=Status.RETURNED)
    world.booking(village.kit, lan, days_ahead(-30), "chieu", status=Status.RETURNED)
    waiting = world.do(who_waits, read, village.commune.id, TOMORROW, TOMORROW, now=last.pick_up_at + RECENT)
    assert {one.one.household_id: one.one.sessions for one in waiting} == {hoa.id: 1, lan.id: 0}


def test_only_kits_that_were_really_picked_up_count(village: Village, world: World):
    hoa = village.family("Hoa")
    world.entry(village.kit, hoa, TOMORROW)
    for days, status in enumerate((Status.NO_SHOW, Status.CANCELLED, Status.APPROVED), 1):
        world.booking(village.kit, hoa, days_ahead(-days), status=status)
    [waiting] = world.do(who_waits, read, village.commune.id, TOMORROW, TOMORROW, now=NOW)
    assert (waiting.one.had_kit, waiting.one.sessions) == (False, 0)


def test_who_waits_is_asked_by_commune_day_and_time(village: Village, world: World):
    hoa, end = village.family("Hoa"), NOW + timedelta(hours=1)
    entry = world.entry(village.kit, hoa, TOMORROW, until_at=end)

    def waits(first=TOMORROW, last=TOMORROW, *, commune=village.commune, now=NOW):
        return [one.one.entry_id for one in world.do(who_waits, read, commune.id, first, last, now=now)]

    assert waits() == waits(now=end - A_SECOND) == [entry.id]
    assert waits(now=end) == [], "its wish is over"
    assert waits(first=days_ahead(2), last=days_ahead(2)) == waits(first=TODAY, last=TODAY) == []
    assert waits(commune=world.commune("Chuyên Mỹ")) == []
    world.change(entry, state=WaitingState.LEFT)
    assert waits() == []


def test_those_who_wait_for_the_same_slot_are_found_with_each_entry(village: Village, world: World):
    hoa, lan = village.family("Hoa"), village.family("Lan")
    hoas, lans = (world.entry(village.kit, who, TOMORROW) for who in (hoa, lan))
    noon = world.entry(village.kit, hoa, TOMORROW, "trua")
    queues = world.do(who_waits_with, [hoas.id, noon.id], now=NOW)
    ids = {own: sorted(one.one.entry_id for one in queue) for own, queue in queues.items()}
    assert ids == {hoas.id: [hoas.id, lans.id], noon.id: [noon.id]}


def test_who_let_an_offer_run_out_stands_behind_for_thirty_days(village: Village, world: World):
    ignored, refused, often = village.family("Ignored"), village.family("Refused"), village.family("Often")
    for who, status in ((ignored, Status.LAPSED), (refused, Status.REFUSED)):
        offer = world.booking(village.kit, who, days_ahead(-2), status=status)
        passed = world.entry(village.kit, who, days_ahead(-2))
        world.change(passed, state=WaitingState.PASSED, booking_id=offer.id, ended_at=NOW)
    world.booking(village.kit, often, days_ahead(-3), status=Status.RETURNED)
    for who in (ignored, refused, often):
        world.entry(village.kit, who, TOMORROW, until_at=NOW + 2 * RECENT)

    def behind(now: datetime) -> set[int]:
        waiting = world.do(who_waits, read, village.commune.id, TOMORROW, TOMORROW, now=now)
        return {one.one.household_id for one in waiting if one.one.let_run_out}

    assert behind(NOW) == behind(NOW + RECENT) == {ignored.id}
    assert behind(NOW + RECENT + A_SECOND) == set()


def test_an_ignored_offer_goes_to_the_honest_and_not_to_who_ignored_one_before(village: Village, world: World):
    """Two who ignore every offer and join again can't keep an evening from the third."""
    booking, honest = village.has(village.family(), NEXT_WEEK), village.family("Honest")
    ignoring = [village.family(name) for name in ("Ignores", "Ignores, too")]
    for number, who in enumerate(ignoring):
        village.entry(who, NEXT_WEEK, now=NOW + number * A_MINUTE)
    village.entry(honest, NEXT_WEEK, now=NOW + 3 * A_MINUTE)
    village.cancels(booking, now=NOW + 4 * A_MINUTE)
    now = NOW + 4 * A_MINUTE
    for who in ignoring:
        village.works(now)  # Its text goes out, and its four hours begin.
        offer = village.the_offer()
        assert offer.household_id == who.id
        now = world.fresh(offer).answer_by_at
        village.works(now)
        village.entry(who, NEXT_WEEK, now=now)
    assert village.the_offer().household_id == honest.id
