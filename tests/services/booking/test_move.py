"""The office moves a booking: what is free around it, and one clear outcome."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from kit_booking.domain.hours import EVERY_DAY
from kit_booking.domain.status import LIVE, Status
from kit_booking.models import Booking, Hold, Message, WaitingEntry, WaitingState
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.booking.deadlines import lapse
from kit_booking.services.booking.move import Moved, SeenSlot, move_booking
from tests.support.builders import World
from tests.times import NOW, at, days_ahead

DAY = days_ahead(3)


def moves(world: World, booking: Booking, kit_code: str, key: str, staff_id: int, reason: str = "") -> Moved:
    seen = SeenSlot("PD-1", booking.pick_up_at)
    return world.do(move_booking, booking.code, seen, kit_code, DAY, key, staff_id, reason, now=NOW)


def test_two_clerks_at_once_move_it_once(world: World) -> None:
    commune = world.commune(kits=2)
    booking = world.booking(world.kits(commune)[0], world.household(commune), DAY, status=Status.APPROVED)
    clerk, start = world.clerk(commune), Barrier(2)

    def run(key: str) -> Moved:
        start.wait(30)
        return moves(world, booking, "PD-2", key, clerk.id)

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(run, ["sang", "trua"])) == [Moved.CHANGED, Moved.DONE]
    assert len(world.all(Message)) == len(world.all(Hold)) == 1


def test_a_household_that_asks_for_the_slot_at_the_same_moment_and_the_office_end_well(world: World) -> None:
    commune = world.commune(kits=2)
    kit, other = world.kits(commune)
    booking, binh = world.booking(kit, world.household(commune), DAY), world.household(commune, "Lê Văn Bình")
    clerk, start = world.clerk(commune), Barrier(2)

    def office() -> bool:
        start.wait(30)
        return moves(world, booking, other.code, "sang", clerk.id) is Moved.DONE

    def household() -> bool:
        start.wait(30)
        return bool(
            world.do(request_booking, other.code, DAY, "sang", binh.id, sells="", streams_on="", now=NOW).code
        )

    with ThreadPoolExecutor(2) as threads:
        outcomes = [done.result() for done in [threads.submit(office), threads.submit(household)]]
    assert sorted(outcomes) == [False, True]
    assert len(world.all(Hold, kit_id=other.id)) == 1
    assert {hold.booking_id for hold in world.all(Hold)} == {
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
    assert moves(world, booking, "PD-2", "chieu", world.clerk(commune).id) == Moved.DONE
    assert world.fresh(entry).state == WaitingState.OFFERED
    assert [hold.booking_id for hold in world.all(Hold, kit_id=kit.id)] == [world.fresh(entry).booking_id]


@pytest.mark.parametrize(("day", "key"), [(days_ahead(0), "toi"), (days_ahead(5), "sang")])
def test_a_request_that_is_moved_can_still_be_answered(world: World, day: object, key: str) -> None:
    commune = world.commune(kits=2, office_hours=EVERY_DAY)
    booking = world.booking(world.kits(commune)[0], world.household(commune), DAY)
    later = at(days_ahead(0), "16:30")
    seen = SeenSlot("PD-1", booking.pick_up_at)
    args = (booking.code, seen, "PD-2", day, key, world.clerk(commune).id, "Gấp")
    assert world.do(move_booking, *args, now=later) == Moved.DONE
    moved = world.fresh(booking)
    assert later < moved.answer_by_at <= moved.pick_up_at
    world.do(lapse, booking.code, now=later + timedelta(minutes=1))
    assert world.fresh(booking).status == Status.REQUESTED
