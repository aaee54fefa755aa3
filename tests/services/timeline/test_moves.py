"""The moves of bookings: what each changes of the booking, its hold, its entry and the versions."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.database import transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import (
    AuditEntry,
    Hold,
    Kit,
    WaitingState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking.answers import AnswerResult
from kit_booking.services.communes.slots import find_slot
from kit_booking.services.timeline import moves
from kit_booking.services.timeline.locks import lock_booking
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.village import TOMORROW, Village
from tests.times import NOW, days_ahead

TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune())


def test_who_changes_into_the_slot_waits_for_it_no_more(village: Village, world: World):
    hong_minh = world.place(village.commune, "Hồng Minh")
    other = world.kit(hong_minh)
    here, there = village.has(village.family()), village.has(village.family(), kit=other)
    hoa = village.family("Hoa")
    afternoon = village.has(hoa, TOMORROW, "chieu")
    entry = village.entry(hoa, places=frozenset({village.kit.place_id}))
    village.cancels(there)
    assert village.changes(afternoon, TOMORROW, "toi", kit=other).code
    assert village.state(entry) == WaitingState.SERVED
    village.cancels(here)
    assert village.offers() == []


def test_an_offer_that_staff_take_back_goes_to_the_next_and_the_place_is_kept(village: Village, world: World):
    booking, hoa, lan = village.has(village.family(), NEXT_WEEK), village.family("Hoa"), village.family("Lan")
    entry = village.entry(hoa, NEXT_WEEK)
    village.entry(lan, NEXT_WEEK)
    village.cancels(booking)
    offer = village.the_offer()
    assert village.cancels(offer).is_done
    assert village.the_offer().household_id == lan.id
    assert village.state(entry) == WaitingState.WAITING
    assert world.fresh(entry).booking_id is None
    assert village.texts(offer) == [Kind.OFFER, Kind.CANCELLED]
    village.refuses(village.the_offer())
    assert village.the_offer().household_id == hoa.id, "its turn comes again"


@transaction
def _come_after_all(session, code, *, now):
    booking = lock_booking(session, code)
    is_held = moves.hold_again(session, booking, now, now=now)
    if is_held:
        booking.strike_at = None
        moves.move(session, booking, Status.OUT, Actor(), now=now)
    return is_held


def test_who_comes_after_all_has_the_rest_of_the_slot_and_no_strike(village: Village, world: World):
    hanh = village.family()
    booking = village.has(hanh)
    village.misses(booking, now=booking.pick_up_at + timedelta(minutes=40))
    comes = booking.pick_up_at + timedelta(minutes=50)
    assert world.do(_come_after_all, booking.code, now=comes)
    [hold] = world.all(Hold)
    assert (hold.from_at, hold.until_at) == (comes, booking.return_at)
    assert world.fresh(booking).strike_at is None


def test_who_comes_after_all_gets_nothing_that_somebody_else_has_by_now(village: Village, world: World):
    booking = village.has(village.family())
    missed = booking.pick_up_at + timedelta(minutes=40)
    village.misses(booking, now=missed)
    world.add(Hold(kit_id=village.kit.id, from_at=missed, until_at=missed + timedelta(hours=1)))
    assert not world.do(_come_after_all, booking.code, now=missed)
    assert not world.do(_come_after_all, booking.code, now=booking.return_at)
    assert world.fresh(booking).status == Status.NO_SHOW


def test_every_move_is_written_down_with_who_when_and_why(village: Village, world: World):
    hanh = village.family()
    booking = village.booking(village.asks(hanh).code)
    later = NOW + timedelta(minutes=10)
    village.approves(booking, now=later)
    village.cancels(booking, now=later + timedelta(minutes=1))

    entries = world.all(AuditEntry)
    assert [(a.action, a.household_id, a.staff_id, a.detail) for a in entries] == [
        ("requested", hanh.id, None, {}),
        ("approved", None, village.clerk.id, {"from_status": "requested"}),
        ("cancelled", None, village.clerk.id, {"from_status": "approved", "reason": "Xã cần dùng"}),
    ]
    times = [NOW, later, later + timedelta(minutes=1)]
    assert [a.at for a in entries] == [a.happened_at for a in entries] == times
    assert {(a.booking_id, a.commune_id) for a in entries} == {(booking.id, village.commune.id)}


def test_every_move_raises_the_versions_of_booking_kit_and_household(village: Village, world: World):
    hanh, seen = village.family(), []
    kits = [
        world.fresh(village.kit).version,
        world.fresh(world.kit(world.place(village.commune, "Hồng Minh"))).version,
    ]
    booking = village.booking(village.asks(hanh).code)
    for step, act in enumerate((village.approves, village.withdraws), 1):
        act(booking, now=NOW + step * A_MINUTE)
        moved = world.fresh(booking)
        seen.append((moved.version, world.fresh(village.kit).version, world.fresh(hanh).version, moved.changed_at))
    assert seen == [(n, kits[0] + n + 1, hanh.version + n + 1, NOW + n * A_MINUTE) for n in (1, 2)]
    assert world.fresh(village.kits[0]).version > kits[0]
    assert world.all(Kit)[-1].version == kits[1], "another kit keeps its version"


def test_a_move_that_the_rules_do_not_know_is_an_error(village: Village, world: World):
    booking = world.booking(village.kit, village.family(), TOMORROW, status=Status.RETURNED)
    with pytest.raises(ValueError, match="from returned to out"):
        world.do(_moves, booking.code, Status.OUT, now=NOW)


@transaction
def _moves(session, code, status, *, now):
    moves.move(session, lock_booking(session, code), status, Actor(), now=now)


@transaction
def _reschedules(session, code, to, *, now):
    return moves.reschedule(session, lock_booking(session, code, to.kit.id), to, Actor(), now=now, reason="")


def test_moved_to_another_kit_it_stands_where_that_kit_does_and_both_kits_have_new_versions(
    village: Village, world: World
):
    booking = village.has(village.family())
    other = world.kit(world.place(village.commune, "Hồng Minh"))
    versions = [world.fresh(kit).version for kit in (village.kit, other)]
    to = world.do(find_slot, other.code, TOMORROW, "chieu")
    assert world.do(_reschedules, booking.code, to, now=NOW)
    moved = world.fresh(booking)
    assert (moved.kit_id, moved.place_id, moved.slot_name) == (other.id, other.place_id, "Chiều")
    assert (moved.from_at, moved.until_at) == (to.slot.on_air.from_at, to.slot.on_air.until_at)
    assert [world.fresh(kit).version for kit in (village.kit, other)] == [version + 1 for version in versions]


def test_a_kit_that_moved_house_just_before_is_booked_where_it_stands_now(village: Village, world: World):
    """The commune's facts are read before the kit is locked."""
    booking = village.has(village.family())
    other, hall = world.kit(world.place(village.commune, "Hồng Minh")), world.place(village.commune, "Tri Trung")
    to = world.do(find_slot, other.code, TOMORROW, "toi")
    world.change(other, place_id=hall.id)
    assert world.do(_reschedules, booking.code, to, now=NOW)
    assert world.fresh(booking).place_id == hall.id


def test_a_slot_that_was_just_taken_leaves_the_booking_as_it_was(village: Village, world: World):
    booking, lans = village.has(village.family()), village.has(village.family("Lan"), TOMORROW, "chieu")
    to = world.do(find_slot, village.kit.code, TOMORROW, "chieu")
    assert not world.do(_reschedules, booking.code, to, now=NOW)
    assert world.fresh(booking).slot_name == "Tối"
    assert [hold.booking_id for hold in world.all(Hold)] == [booking.id, lans.id]


def test_what_is_left_of_a_time_that_is_over_is_held_no_more(village: Village, world: World):
    booking = village.has(village.family())
    village.misses(booking, now=booking.pick_up_at + timedelta(minutes=40))
    assert not world.do(_come_after_all, booking.code, now=booking.return_at)
    assert world.all(Hold) == []
    assert world.do(_come_after_all, booking.code, now=booking.return_at - A_SECOND)


def test_the_time_that_a_booking_leaves_is_offered(village: Village, world: World):
    booking, hoa = village.has(village.family()), village.family("Hoa")
    entry = village.entry(hoa)
    to = world.do(find_slot, village.kit.code, TOMORROW, "sang")
    assert world.do(_reschedules, booking.code, to, now=NOW)
    assert village.state(entry) == WaitingState.OFFERED


@pytest.mark.parametrize(
    ("answer", "state"), [(Village.accepts, WaitingState.SERVED), (Village.refuses, WaitingState.PASSED)]
)
def test_the_answer_to_an_offer_ends_the_place_in_the_queue(
    village: Village, world: World, answer: Callable[..., AnswerResult], state: WaitingState
):
    booking, hoa = village.has(village.family()), village.family("Hoa")
    entry = village.entry(hoa)
    village.cancels(booking)
    later = NOW + A_MINUTE
    assert answer(village, village.the_offer(), now=later).is_done
    ended = world.fresh(entry)
    assert (ended.state, ended.ended_at) == (state, later)
