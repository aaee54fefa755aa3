"""The office moves a booking: what is free around it, and one clear outcome."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier

import pytest
from flask import Flask

from kit_booking.domain.booking.seen import BookingChanged
from kit_booking.domain.booking.status import LIVE, Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import EVERY_DAY
from kit_booking.models import Booking, Hold, Kit, Message, WaitingEntry, WaitingState
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.booking.deadlines import lapse
from kit_booking.services.booking.move import MoveResult, free_slots, move_booking
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.village import Village
from tests.times import NOW, at, days_ahead

DAY = days_ahead(3)


def moves(world: World, booking: Booking, kit_code: str, key: str, staff_id: int, reason: str = "") -> MoveResult:
    return world.do(move_booking, world.seen(booking), kit_code, DAY, key, staff_id, reason, now=NOW)


def test_two_clerks_at_once_move_it_once(world: World) -> None:
    commune = world.commune(kits=2)
    booking = world.booking(world.kits(commune)[0], world.household(commune), DAY, status=Status.APPROVED)
    clerk, start = world.clerk(commune), Barrier(2)

    def run(key: str) -> MoveResult:
        start.wait(30)
        try:
            return moves(world, booking, "PD-2", key, clerk.id)
        except BookingChanged:
            return MoveResult.CHANGED

    with ThreadPoolExecutor(2) as threads:
        moved = sorted(threads.map(run, ["sang", "trua"]))
    assert moved[1] == MoveResult.DONE or moved == [MoveResult.DONE, MoveResult.TAKEN]
    assert len(world.all(Message, state="queued")) == len(world.all(Hold, kept_for_id=None)) == 1


def test_a_household_that_asks_for_the_slot_at_the_same_moment_and_the_office_end_well(world: World) -> None:
    commune = world.commune(kits=2)
    kit, other = world.kits(commune)
    booking, binh = world.booking(kit, world.household(commune), DAY), world.household(commune, "Lê Văn Bình")
    clerk, start = world.clerk(commune), Barrier(2)

    def office() -> bool:
        start.wait(30)
        return moves(world, booking, other.code, "sang", clerk.id) is MoveResult.DONE

    def household() -> bool:
        start.wait(30)
        return bool(
            world.do(request_booking, other.code, DAY, "sang", binh.id, sells="", streams_on="", now=NOW).code
        )

    with ThreadPoolExecutor(2) as threads:
        outcomes = [done.result() for done in [threads.submit(office), threads.submit(household)]]
    assert sorted(outcomes) == [False, True]
    assert len(world.all(Hold, kit_id=other.id)) == 1
    assert {hold.booking_id for hold in world.all(Hold, kept_for_id=None)} == {
        one.id for one in world.all(Booking) if one.status in LIVE
    }


def test_what_it_leaves_is_offered_and_what_it_takes_is_held(world: World) -> None:
    commune = world.commune(kits=2)
    kit = world.kits(commune)[0]
    booking, waiting = world.booking(kit, world.household(commune), DAY), world.household(commune, "Lê Văn Bình")
    entry = WaitingEntry(
        household_id=waiting.id,
        commune_id=commune.id,
        day=DAY,
        slot_name="Tối",
        joined_at=NOW,
        until_at=at(DAY, "17:00"),
    )
    world.add(entry)
    assert moves(world, booking, "PD-2", "chieu", world.clerk(commune).id) == MoveResult.DONE
    world.let_undo_pass()
    assert world.fresh(entry).state == WaitingState.OFFERED
    assert [hold.booking_id for hold in world.all(Hold, kit_id=kit.id)] == [world.fresh(entry).booking_id]


@pytest.mark.parametrize(("day", "key"), [(days_ahead(0), "toi"), (days_ahead(5), "sang")])
def test_a_request_that_is_moved_can_still_be_answered(world: World, day: object, key: str) -> None:
    commune = world.commune(kits=2, office_hours=EVERY_DAY)
    booking = world.booking(world.kits(commune)[0], world.household(commune), DAY)
    later = at(days_ahead(0), "16:30")
    args = (world.seen(booking), "PD-2", day, key, world.clerk(commune).id, "Gấp")
    assert world.do(move_booking, *args, now=later) == MoveResult.DONE
    moved = world.fresh(booking)
    assert later < moved.answer_by_at <= moved.pick_up_at
    world.do(lapse, booking.code, now=later + timedelta(minutes=1))
    assert world.fresh(booking).status == Status.REQUESTED


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune(kits=2))


def office_moves(
    village: Village, booking: Booking, kit: Kit, key: str, *, day: date = DAY, reason: str = "", now: datetime = NOW
) -> MoveResult:
    seen, clerk = village.world.seen(booking), village.clerk.id
    return village.world.do(move_booking, seen, kit.code, day, key, clerk, reason, now=now)


def test_what_the_office_moved_is_told_and_can_be_given_up_without_a_strike(village: Village, world: World):
    booking = village.has(village.family(), DAY)
    assert office_moves(village, booking, village.kits[1], "chieu") == MoveResult.DONE
    moved = world.fresh(booking)
    assert (moved.kit_id, moved.slot_name, moved.moved_at) == (village.kits[1].id, "Chiều", NOW)
    assert village.texts(booking) == [Kind.APPROVED, Kind.MOVED]


def test_it_is_moved_from_where_the_office_saw_it_only(village: Village, world: World):
    booking = village.has(village.family(), DAY)
    seen = world.seen(booking)
    assert village.changes(booking, DAY, "sang").code
    with pytest.raises(BookingChanged) as raised:
        world.do(move_booking, seen, village.kits[1].code, DAY, "chieu", village.clerk.id, "", now=NOW)
    assert raised.value.seen.differences(raised.value.present) == {"pick_up_at"}
    assert world.fresh(booking).slot_name == "Sáng"


def test_where_it_stands_already_it_is_moved_without_another_text(village: Village):
    booking = village.has(village.family(), DAY)
    assert office_moves(village, booking, village.kit, "toi") == MoveResult.DONE
    assert village.texts(booking) == [Kind.APPROVED]


@pytest.mark.parametrize("status", [Status.OUT, Status.OFFERED, Status.CANCELLED])
def test_what_is_away_offered_or_over_is_not_moved(village: Village, world: World, status: Status):
    booking = world.booking(village.kit, village.family(), DAY, status=status)
    assert office_moves(village, booking, village.kits[1], "chieu") == MoveResult.CHANGED


def test_no_kit_of_another_commune_and_no_slot_that_has_begun_is_a_choice(village: Village, world: World):
    booking = village.has(village.family(), DAY)
    [foreign] = world.kits(world.commune("Chuyên Mỹ"))
    assert office_moves(village, booking, foreign, "toi") == MoveResult.TAKEN
    begins = world.slot(village.kits[1], DAY, "sang").hold.from_at
    assert office_moves(village, booking, village.kits[1], "sang", reason="Gấp", now=begins) == MoveResult.TAKEN
    before = begins - timedelta(seconds=1)
    assert office_moves(village, booking, village.kits[1], "sang", reason="Gấp", now=before) == MoveResult.DONE


def test_what_no_household_could_ask_for_takes_a_reason(village: Village, world: World):
    booking = village.has(village.family(), DAY)
    until = world.slot(village.kits[1], DAY, "chieu").ask_until_at
    assert office_moves(village, booking, village.kits[1], "chieu", now=until) == MoveResult.NEEDS_REASON
    far = days_ahead(20)
    assert office_moves(village, booking, village.kits[1], "chieu", day=far) == MoveResult.NEEDS_REASON
    assert office_moves(village, booking, village.kits[1], "chieu", day=far, reason="Hội chợ") == MoveResult.DONE
    assert world.fresh(booking).reason == "Hội chợ"


def test_what_is_free_around_a_booking_are_the_slots_of_its_days_that_nobody_has(village: Village, world: World):
    other = village.kits[1]
    booking, lans = village.has(village.family(), DAY), village.has(village.family("Lan"), DAY, "chieu", kit=other)
    free = world.do(free_slots, booking, now=NOW)
    slots = [(one.kit.code, one.slot.day, one.slot.name) for one in free]
    assert (village.kit.code, DAY, "Tối") not in slots, "its own"
    assert (other.code, lans.day, lans.slot_name) not in slots
    assert (village.kit.code, DAY, "Chiều") in slots
    assert (slots[0][1], slots[-1][1]) == (days_ahead(0), days_ahead(10))
    assert slots == sorted(
        slots, key=lambda slot: (slot[1], ["Sáng", "Trưa", "Chiều", "Tối"].index(slot[2]), slot[0])
    )


def test_the_own_time_of_a_booking_does_not_stand_against_it(village: Village, world: World):
    """Where handing over takes an hour, the slots of one day overlap each other."""
    world.change(village.commune, policy={"handover_minutes": 60})
    booking = village.has(village.family(), DAY, "chieu")
    free = world.do(free_slots, booking, now=NOW)
    assert {one.slot.name for one in free if (one.kit.id, one.slot.day) == (village.kit.id, DAY)} == {
        "Sáng",
        "Trưa",
        "Tối",
    }


def test_a_slot_that_begins_now_is_free_no_more(village: Village, world: World):
    booking = village.has(village.family(), DAY)
    begins = world.slot(village.kit, days_ahead(0), "chieu").hold.from_at
    names = {one.slot.name for one in world.do(free_slots, booking, now=begins) if one.slot.day == days_ahead(0)}
    assert names == {"Tối"}
