"""A wrong hand-over, a wrong take-back and a strike are put right later, while nobody else has the time."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from kit_booking.domain.booking.counter import CheckedPart, Direction
from kit_booking.domain.booking.seen import BookingChanged
from kit_booking.domain.booking.status import Status
from kit_booking.models import AuditEntry, Booking, HandedPart, Handover, Hold, Kit, Photo
from kit_booking.services.booking import answers
from kit_booking.services.counter.corrections import CorrectionResult, correct_handover, remove_strike
from kit_booking.services.counter.handover import KitCheck, hand_over, take_back
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.village import Village
from tests.times import NOW, at, days_ahead

CHECK = KitCheck([CheckedPart("đèn", 2, 1)], photos=[b"JPEG"])
FIVE, MORNING = at(days_ahead(0), "17:00"), at(days_ahead(1), "07:30")
"""When the evening's kit goes out, and is due back."""
LATER = FIVE + timedelta(minutes=10)
WHY = "Ghi nhầm dòng"


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune())


@pytest.fixture
def evening(village: Village) -> Booking:
    return village.world.booking(village.kit, village.family(), days_ahead(0), status=Status.APPROVED)


def goes_out(village: Village, booking: Booking, now: datetime = FIVE) -> None:
    assert village.world.acts(hand_over, booking, village.clerk.id, CHECK, now=now).is_done


def comes_back(village: Village, booking: Booking, now: datetime) -> None:
    assert village.world.acts(take_back, booking, village.clerk.id, CHECK, now=now).is_done
    village.world.let_undo_pass(now)


def correct(village: Village, booking: Booking, now: datetime = LATER) -> CorrectionResult:
    return CorrectionResult(village.world.acts(correct_handover, booking, village.clerk.id, WHY, now=now))


def held(village: Village, booking: Booking) -> list[tuple[datetime, datetime]]:
    return [(hold.from_at, hold.until_at) for hold in village.world.all(Hold, booking_id=booking.id)]


@pytest.mark.parametrize("went_at", [FIVE - timedelta(hours=1), FIVE + timedelta(minutes=5)])
def test_a_kit_that_did_not_go_out_is_waited_for_again(village: Village, evening: Booking, went_at: datetime) -> None:
    goes_out(village, evening, went_at)
    assert correct(village, evening) is CorrectionResult.DONE
    assert village.world.fresh(evening).status == Status.APPROVED
    assert held(village, evening) == [(FIVE, MORNING)]
    assert village.world.all(Handover) == village.world.all(HandedPart) == village.world.all(Photo) == []
    entry = village.world.all(AuditEntry)[-1]
    assert (entry.action, entry.detail["from_status"], entry.detail["reason"]) == ("approved", "out", WHY)
    goes_out(village, evening, LATER)


def test_a_kit_that_did_not_come_back_is_out_again_for_the_rest_of_its_time(
    village: Village, evening: Booking
) -> None:
    goes_out(village, evening)
    comes_back(village, evening, LATER)
    assert correct(village, evening, LATER + timedelta(hours=1)) is CorrectionResult.DONE
    assert village.world.fresh(evening).status == Status.OUT
    assert held(village, evening) == [(LATER + timedelta(hours=1), MORNING)]
    assert [row.way for row in village.world.all(Handover)] == [Direction.OUT]
    comes_back(village, evening, MORNING)


def test_when_its_time_is_over_it_is_late_again(village: Village, evening: Booking) -> None:
    goes_out(village, evening)
    comes_back(village, evening, MORNING + timedelta(minutes=5))
    assert correct(village, evening, MORNING + timedelta(hours=1)) is CorrectionResult.DONE
    assert held(village, evening) == [(FIVE, MORNING)]


def test_nothing_is_corrected_when_another_household_has_booked_the_rest(village: Village, evening: Booking) -> None:
    goes_out(village, evening)
    comes_back(village, evening, LATER)
    rest = village.world.booking(village.kit, village.family("Hoa"), days_ahead(2), status=Status.REQUESTED)
    [hold] = village.world.all(Hold)
    village.world.change(hold, from_at=MORNING - timedelta(hours=2), until_at=MORNING + timedelta(hours=2))
    assert correct(village, evening) is CorrectionResult.TAKEN
    assert village.world.fresh(evening).status == Status.RETURNED
    assert len(village.world.all(Handover)) == 2
    assert village.world.fresh(rest).status == Status.REQUESTED


def test_nor_when_another_household_has_had_the_kit_since(village: Village, evening: Booking) -> None:
    goes_out(village, evening)
    comes_back(village, evening, MORNING)
    later = village.world.booking(village.kit, village.family("Hoa"), days_ahead(1), "sang", status=Status.APPROVED)
    goes_out(village, later, later.pick_up_at)
    assert correct(village, evening, later.pick_up_at + timedelta(hours=1)) is CorrectionResult.TAKEN
    comes_back(village, later, later.return_at)
    assert correct(village, evening, later.return_at) is CorrectionResult.TAKEN


def test_sent_twice_it_is_done_once(village: Village, evening: Booking) -> None:
    goes_out(village, evening)
    comes_back(village, evening, LATER)
    seen = village.world.seen(evening)
    arguments = (seen, village.clerk.id, WHY)
    assert village.world.do(correct_handover, *arguments, now=LATER) is CorrectionResult.DONE
    assert village.world.do(correct_handover, *arguments, now=LATER) is CorrectionResult.STATUS
    assert village.world.fresh(evening).status == Status.OUT, "not taken for a wrong hand-over"


@pytest.mark.parametrize("status", [Status.APPROVED, Status.NO_SHOW, Status.CANCELLED])
def test_where_nothing_was_handed_over_there_is_nothing_to_correct(village: Village, status: Status) -> None:
    booking = village.world.booking(village.kit, village.family(), days_ahead(0), status=status)
    assert correct(village, booking) is CorrectionResult.STATUS


def test_a_page_that_showed_something_else_corrects_nothing(village: Village, evening: Booking) -> None:
    goes_out(village, evening)
    seen = village.world.seen(evening)
    comes_back(village, evening, LATER)
    with pytest.raises(BookingChanged):
        village.world.do(correct_handover, seen, village.clerk.id, WHY, now=LATER)


def test_a_strike_is_removed_with_a_reason_and_the_booking_stays_what_it_is(
    village: Village, evening: Booking
) -> None:
    half_past = FIVE + timedelta(minutes=30)
    assert village.world.acts(answers.mark_no_show, evening, village.clerk.id, now=half_past).is_done
    assert village.world.acts(remove_strike, evening, village.clerk.id, "Nhà có tang", now=half_past)
    booking = village.world.fresh(evening)
    assert (booking.status, booking.strike_at) == (Status.NO_SHOW, None)
    entry = village.world.all(AuditEntry)[-1]
    assert (entry.action, entry.detail) == ("strike_removed", {"reason": "Nhà có tang"})
    assert entry.household_id == evening.household_id
    assert not village.world.acts(remove_strike, evening, village.clerk.id, "Nhà có tang", now=half_past), "again"


def test_two_clerks_correct_one_take_back_and_one_does_it(village: Village, evening: Booking) -> None:
    goes_out(village, evening, NOW + timedelta(hours=8))
    comes_back(village, evening, LATER)
    assert {correct(village, evening), correct(village, evening)} == {CorrectionResult.DONE}, "out, then approved"
    assert village.world.fresh(evening).status == Status.APPROVED
    assert village.world.all(Kit)[0].version > 0
