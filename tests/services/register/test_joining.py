"""Joining two records of one family: what moves, what is left, and what both had."""

from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.database import Base
from kit_booking.domain.booking.status import Status
from kit_booking.domain.register.household import ERASED_NAME
from kit_booking.models import (
    AuditEntry,
    Booking,
    Hold,
    Household,
    Message,
    MessageState,
    WaitingEntry,
    WaitingState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.calendars.feeds import private_feed
from kit_booking.services.calendars.tokens import add_token
from kit_booking.services.register import joining
from kit_booking.services.register.households import (
    find_household,
)
from kit_booking.services.timeline.standing import standing_of
from tests.support.builders import World
from tests.support.register import Village, at_once, make_village
from tests.times import NOW, days_ahead


@pytest.fixture
def village(world: World) -> Village:
    return make_village(world)


def test_everything_moves_to_the_kept_one_and_counts_together(village: Village, world: World):
    hanh, binh = village.hanh, village.binh
    of_hanh, of_binh = village.asks(hanh), village.asks(binh, days=2)
    no_show = world.booking(
        village.kit, binh, days_ahead(-3), status=Status.NO_SHOW, strike_at=NOW - timedelta(days=3)
    )
    village.waits(binh)
    token = world.do(add_token, Actor(household_id=binh.id), now=NOW)
    assert village.counts(hanh) == (1, 1, 0, 0, 0)
    assert village.counts(binh) == (2, 1, 1, 1, 1)
    assert village.joins(hanh, binh) is None
    assert village.counts(hanh) == (3, 2, 0, 1, 1)
    assert village.counts(binh) == (0, 0, 0, 0, 0)
    booked = world.do(lambda: standing_of(find_household(hanh.id), now=NOW))
    assert (booked.peak_ahead, len(booked.standing.strikes)) == (2, 1)
    assert {b.household_id for b in world.all(Booking)} == {hanh.id}
    assert world.do(private_feed, token, now=NOW)[0].household_id == hanh.id
    assert {m.to for m in world.all(Message, state=MessageState.QUEUED)} == {hanh.phone}
    assert of_hanh
    assert of_binh
    assert no_show


def test_the_joined_household_is_an_empty_row_without_sign_ins(village: Village, world: World):
    village.joins(village.hanh, village.binh)
    gone = world.fresh(village.binh)
    assert (gone.name, gone.phone, gone.search) == (ERASED_NAME, "", "")
    assert gone.session_version > village.binh.session_version
    assert world.do(find_household, gone.id) is None
    assert village.finds("") == ["Nguyễn Thị Hạnh"]
    assert {(e.action, e.household_id) for e in world.all(AuditEntry, staff_id=village.clerk.id)} == {
        ("joined", village.hanh.id),
        ("joined_away", village.binh.id),
    }


def test_of_two_waiting_entries_for_a_slot_the_earlier_one_stays(village: Village, world: World):
    village.asks(world.household(village.commune))
    village.waits(village.binh)
    village.waits(village.hanh)
    first = world.all(WaitingEntry)[0]
    assert village.joins(village.hanh, village.binh) is None
    assert [(e.id, e.state) for e in world.all(WaitingEntry, household_id=village.hanh.id)] == [
        (first.id, WaitingState.WAITING),
        (first.id + 1, WaitingState.LEFT),
    ]


def test_joining_ends_waiting_for_slots_that_either_has_booked(village: Village, world: World):
    village.asks(village.hanh)
    village.waits(village.binh)
    village.joins(village.hanh, village.binh)
    assert [entry.state for entry in world.all(WaitingEntry)] == [WaitingState.SERVED]


def test_a_household_is_not_joined_twice_nor_with_itself(village: Village):
    assert village.joins(village.hanh, village.hanh) == joining.JoinProblem.GONE
    assert village.joins(village.hanh, village.binh) is None
    assert village.joins(village.hanh, village.binh) == joining.JoinProblem.GONE
    assert village.joins(village.binh, village.hanh) == joining.JoinProblem.GONE


def test_joining_both_ways_at_once_happens_once(village: Village, world: World, app: Flask):
    village.asks(village.hanh)
    village.asks(village.binh, days=2)
    answers = at_once(
        app,
        lambda: village.joins(village.hanh, village.binh),
        lambda: village.joins(village.binh, village.hanh),
    )
    assert sorted(map(str, answers)) == ["None", "gone"]
    [alive] = [h for h in world.all(Household) if h.erased_at is None]
    assert {b.household_id for b in world.all(Booking)} == {alive.id}


def test_a_household_that_is_joined_while_it_asks_has_no_own_booking(village: Village, world: World, app: Flask):
    """Whichever comes first: the booking moves along, or it is refused because nobody is there to have it."""
    at_once(app, lambda: village.asks(village.binh), lambda: village.joins(village.hanh, village.binh))
    assert {b.household_id for b in world.all(Booking)} <= {village.hanh.id}
    assert len(world.all(Hold)) == len(world.all(Booking))


def test_joining_knows_every_table_with_a_household():
    references = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "household"
    }
    moved = {"booking.household_id", "waiting_entry.household_id"}
    # The audit list says what was true when it was written.
    assert references == moved | {"feed_token.household_id", "audit_entry.household_id"}


def test_two_offers_of_one_slot_are_to_be_answered_first(village: Village, world: World):
    for household in (village.hanh, village.binh):
        world.entry(village.kit, household, days_ahead(1), state=WaitingState.OFFERED)
    assert village.joins(village.hanh, village.binh) == joining.JoinProblem.TWO_OFFERS
    assert world.fresh(village.binh).erased_at is None


def test_an_offer_and_being_put_forward_are_better_places_than_an_earlier_one(village: Village, world: World):
    later = NOW + timedelta(minutes=1)
    early = [world.entry(village.kit, village.hanh, days_ahead(n)) for n in (1, 2)]
    offered = world.entry(village.kit, village.binh, days_ahead(1), joined_at=later, state=WaitingState.OFFERED)
    forward = world.entry(
        village.kit, village.binh, days_ahead(2), joined_at=later, put_forward_at=later, reason="Hội chợ"
    )
    village.joins(village.hanh, village.binh)
    assert {world.fresh(entry).state for entry in early} == {WaitingState.LEFT}
    assert (world.fresh(offered).state, world.fresh(forward).state) == (WaitingState.OFFERED, WaitingState.WAITING)


def test_what_the_kept_one_lacks_comes_from_the_other(village: Village, world: World):
    earlier = NOW - timedelta(days=3)
    kept = world.household(village.commune, "Đỗ Lụa", phone="", takes_texts=False, lifted_at=earlier, seen_at=earlier)
    gone = world.change(village.binh, bad_number_at=NOW, sells="nón", lifted_at=NOW, landline="02433854321")
    assert village.joins(kept, gone) is None
    joined = world.fresh(kept)
    assert (joined.phone, joined.landline, joined.takes_texts, joined.bad_number_at) == (
        gone.phone,
        "02433854321",
        True,
        NOW,
    )
    assert (joined.sells, joined.seen_at, joined.lifted_at) == ("nón", NOW, NOW)
    assert village.finds(gone.phone) == ["Đỗ Lụa"]


def test_what_the_kept_one_has_stays(village: Village, world: World):
    world.change(village.hanh, sells="làn mây")
    world.change(village.binh, sells="nón", seen_at=NOW - timedelta(days=1))
    village.joins(village.hanh, village.binh)
    joined = world.fresh(village.hanh)
    assert (joined.phone, joined.sells, joined.seen_at) == (village.hanh.phone, "làn mây", NOW)


def test_calendars_show_the_bookings_under_the_other_name(village: Village, world: World):
    booking = world.all(Booking, code=village.asks(village.binh))[0]
    kit, kept = world.fresh(village.kit).version, world.fresh(village.hanh).version
    village.joins(village.hanh, village.binh)
    assert world.fresh(booking).version == booking.version
    assert (world.fresh(village.kit).version, world.fresh(village.hanh).version) == (kit + 1, kept + 1)
