"""What giving up or changing a booking means for its household, on the page and when it is done."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.hours import Span
from kit_booking.models import Booking
from kit_booking.services.booking.answers import AnswerResult, withdraw
from kit_booking.services.booking.reading import find_booking
from kit_booking.services.booking.withdrawal import Excuse, Withdrawal, withdrawal_of
from kit_booking.services.closures.closing import close
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.village import TOMORROW, Village
from tests.times import NOW, at, days_ahead

TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
A_SECOND = timedelta(seconds=1)
FREE, STRIKE = Withdrawal(None, is_strike=False), Withdrawal(None, is_strike=True)
OVERDUE, CLOSED = Withdrawal(Excuse.OVERDUE, is_strike=False), Withdrawal(Excuse.CLOSED, is_strike=False)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune(kits=2))


def said(village: Village, booking: Booking, now: datetime) -> Withdrawal:
    def look() -> Withdrawal:
        found = find_booking(booking.code)
        assert found
        return withdrawal_of(found, now=now)

    return village.world.do(look)


def test_it_costs_nothing_until_twelve_hours_before_the_pick_up(village: Village):
    booking = village.has(village.family())
    deadline = booking.pick_up_at - timedelta(hours=12)
    assert said(village, booking, deadline) == FREE
    assert said(village, booking, deadline + A_SECOND) == STRIKE


def test_it_costs_nothing_while_the_one_before_keeps_the_kit(village: Village, world: World):
    keeps = world.booking(village.kit, village.family("Lan"), TODAY, "chieu", status=Status.OUT)
    booking = village.has(village.family(), TODAY, "toi")
    assert said(village, booking, keeps.return_at - A_SECOND) == STRIKE
    assert said(village, booking, keeps.return_at) == OVERDUE
    assert village.changes(booking, NEXT_WEEK, "toi", now=keeps.return_at).code, "changing costs nothing either"
    assert said(village, booking, keeps.return_at) == FREE, "its new slot is far ahead"


def test_one_whose_time_is_still_to_come_keeps_nothing_back(village: Village, world: World):
    world.booking(village.kit, village.family("Lan"), TOMORROW, "chieu", status=Status.OUT)
    booking = village.has(village.family(), TODAY, "toi")
    assert said(village, booking, booking.pick_up_at - A_SECOND) == STRIKE


def test_a_kit_is_still_expected_back_more_than_a_day_before_the_pick_up(village: Village, world: World):
    keeps = world.booking(village.kit, village.family("Lan"), TODAY, "sang", status=Status.OUT)
    booking = village.has(village.family(), TOMORROW, "toi")
    a_day_before = booking.pick_up_at - timedelta(hours=24)
    assert keeps.return_at < a_day_before
    assert said(village, booking, a_day_before - A_SECOND) == FREE
    assert said(village, booking, a_day_before) == OVERDUE


def test_it_is_expected_back_no_longer_than_until_it_would_be_a_strike(village: Village, world: World):
    world.change(village.commune, policy={"late_cancel_hours": 48})
    world.booking(village.kit, village.family("Lan"), TODAY, "sang", status=Status.OUT)
    booking = village.has(village.family(), days_ahead(2), "sang", now=at(TODAY, "07:00"))
    assert said(village, booking, booking.pick_up_at - timedelta(hours=30)) == OVERDUE


def test_it_costs_nothing_when_a_closure_stands_against_it(village: Village, world: World):
    booking = village.has(village.family(), TODAY, "toi")
    span = Span(booking.pick_up_at, booking.return_at)
    world.do(close, village.commune.id, village.kit.id, span, "Hỏng đèn", village.clerk.id, now=NOW)
    assert said(village, booking, booking.pick_up_at - A_SECOND) == CLOSED
    assert village.changes(booking, NEXT_WEEK, "toi", now=booking.pick_up_at - A_SECOND).code


def test_who_was_told_that_it_costs_nothing_keeps_the_booking_when_it_does(village: Village, world: World):
    booking = village.has(village.family())
    deadline = booking.pick_up_at - timedelta(hours=12)
    late = deadline + A_SECOND

    def gives_up(**how: bool) -> AnswerResult:
        return world.acts(withdraw, booking, booking.household_id, now=late, **how)

    assert gives_up(unless_strike=True) == AnswerResult(False, Status.APPROVED)
    assert (world.fresh(booking).status, world.fresh(booking).strike_at) == (Status.APPROVED, None)
    assert gives_up() == AnswerResult(True, Status.CANCELLED)
    assert world.fresh(booking).strike_at == late
