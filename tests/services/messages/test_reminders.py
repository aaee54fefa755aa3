"""Reminders: written once each when they are due, and sent only while the booking is approved."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from kit_booking import worker
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import Booking, Commune, Household, Kit, Message, MessageState, Place
from kit_booking.services.booking.answers import cancel, withdraw
from kit_booking.services.booking.move import MoveResult, move_booking
from kit_booking.services.messages import reminders
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.times import NOW, at, days_ahead

DAY = days_ahead(4)
DAY_BEFORE = at(days_ahead(3), "18:00")
TWO_HOURS_BEFORE = at(DAY, "15:00")
A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def booking(world: World, kit: Kit, household: Household) -> Booking:
    """Approved long ago, for Saturday evening; picked up at 17:00."""
    return world.booking(kit, household, DAY, status=Status.APPROVED)


def work(app: Flask, now: datetime = NOW) -> None:
    """One round of the worker at this time."""
    worker.run_once(app, lambda: now)


def test_the_household_is_reminded_the_day_before_and_two_hours_before(
    app: Flask, sms: FakeSms, booking: Booking, household: Household
) -> None:
    sent = []
    for now in (DAY_BEFORE - A_MOMENT, DAY_BEFORE, TWO_HOURS_BEFORE - A_MOMENT, TWO_HOURS_BEFORE):
        work(app, now)
        sent.append([text.kind for text in sms.sent])
    day, soon = Kind.REMINDER_DAY, Kind.REMINDER_SOON
    assert sent == [[], [day], [day], [day, soon]]
    assert all(booking.code in text for text in sms.texts_to(household.phone))


def test_each_reminder_is_sent_once_however_often_the_worker_runs(app: Flask, sms: FakeSms, booking: Booking) -> None:
    for minutes in range(5):
        work(app, DAY_BEFORE + timedelta(minutes=minutes))
    for minutes in range(5):
        work(app, TWO_HOURS_BEFORE + timedelta(minutes=minutes))
    assert [text.kind for text in sms.sent] == [Kind.REMINDER_DAY, Kind.REMINDER_SOON]


def test_two_workers_that_found_the_same_reminder_write_it_once(world: World, booking: Booking) -> None:
    assert world.do(reminders.find_due, now=DAY_BEFORE) == [booking.id]
    world.do(reminders.write_due, booking.id, now=DAY_BEFORE)
    world.do(reminders.write_due, booking.id, now=DAY_BEFORE)
    assert len(world.all(Message)) == 1
    assert world.do(reminders.find_due, now=DAY_BEFORE) == []


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.DECLINED, Status.CANCELLED, Status.OUT])
def test_only_an_approved_booking_is_reminded_of(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, status: Status
) -> None:
    world.booking(kit, household, DAY, status=status, answer_by_at=at(DAY, "16:00"))
    work(app, DAY_BEFORE)
    assert sms.sent == []
    assert world.all(Message) == []


def test_a_booking_that_is_cancelled_before_its_reminder_is_written_gets_none(
    app: Flask, world: World, sms: FakeSms, booking: Booking, household: Household
) -> None:
    assert world.do(reminders.find_due, now=DAY_BEFORE) == [booking.id]
    world.do(withdraw, world.seen(booking), household.id, now=DAY_BEFORE)
    world.do(reminders.write_due, booking.id, now=DAY_BEFORE)
    work(app, DAY_BEFORE)
    assert [text.kind for text in sms.sent] == [Kind.WITHDRAWN]


def test_a_booking_that_is_cancelled_after_its_reminder_was_written_is_not_reminded_of(
    app: Flask, world: World, sms: FakeSms, commune: Commune, booking: Booking
) -> None:
    world.do(reminders.write_due, booking.id, now=DAY_BEFORE)
    world.do(cancel, world.seen(booking), world.clerk(commune).id, "Bộ đang sửa", now=DAY_BEFORE)
    world.let_undo_pass(DAY_BEFORE)
    work(app, DAY_BEFORE)
    assert [text.kind for text in sms.sent] == [Kind.CANCELLED]
    assert world.all(Message, kind=Kind.REMINDER_DAY)[0].state == MessageState.SKIPPED


def test_a_reminder_that_a_broken_worker_held_up_comes_when_it_is_back(
    app: Flask, sms: FakeSms, booking: Booking
) -> None:
    work(app, DAY_BEFORE + timedelta(hours=2))
    assert [text.kind for text in sms.sent] == [Kind.REMINDER_DAY]


def test_a_reminder_that_was_held_up_into_the_night_comes_in_the_morning(
    app: Flask, sms: FakeSms, booking: Booking
) -> None:
    work(app, DAY_BEFORE + timedelta(hours=3))
    assert sms.sent == []
    work(app, at(DAY, "06:30") - A_MOMENT)
    assert sms.sent == []
    work(app, at(DAY, "06:30"))
    assert [text.kind for text in sms.sent] == [Kind.REMINDER_DAY]


def test_a_reminder_that_would_come_too_late_to_help_is_not_written(
    app: Flask, world: World, sms: FakeSms, booking: Booking
) -> None:
    work(app, booking.pick_up_at - timedelta(hours=1))
    assert [text.kind for text in sms.sent] == [Kind.REMINDER_SOON]
    work(app, booking.pick_up_at)
    assert len(world.all(Message)) == 1


def test_a_reminder_that_waits_in_the_queue_past_its_use_is_skipped(
    app: Flask, world: World, sms: FakeSms, booking: Booking
) -> None:
    world.do(reminders.write_due, booking.id, now=DAY_BEFORE)
    work(app, booking.pick_up_at)
    assert sms.sent == []
    assert world.all(Message)[0].state == MessageState.SKIPPED


def test_the_commune_s_own_hour_counts(
    app: Flask, world: World, sms: FakeSms, commune: Commune, booking: Booking
) -> None:
    world.change(commune, policy={"day_reminder": "12:00"})
    work(app, at(days_ahead(3), "12:00"))
    assert [text.kind for text in sms.sent] == [Kind.REMINDER_DAY]


def test_another_slot_of_the_same_booking_is_reminded_of_anew(
    app: Flask, world: World, sms: FakeSms, booking: Booking
) -> None:
    """A booking that was moved to the next day after its reminder."""
    work(app, DAY_BEFORE)
    day = timedelta(days=1)
    times = {name: getattr(booking, name) + day for name in ("pick_up_at", "from_at", "until_at", "return_at")}
    world.change(booking, **times)
    work(app, DAY_BEFORE + day)
    assert [text.kind for text in sms.sent] == [Kind.REMINDER_DAY, Kind.REMINDER_DAY]


def test_a_booking_that_the_office_moved_is_not_reminded_of_a_moment_later(
    app: Flask, world: World, sms: FakeSms, booking: Booking, kit: Kit, commune: Commune
) -> None:
    """The text of the move says when and where; two hours before, the usual reminder says it again."""
    other = world.kit(world.all(Place)[0])
    clerk, now = world.clerk(commune), at(DAY, "07:45")
    work(app, DAY_BEFORE)
    seen = world.seen(booking)
    assert world.do(move_booking, seen, other.code, DAY, "toi", clerk.id, "", now=now) is MoveResult.DONE
    for moment in (now, now + A_MOMENT, TWO_HOURS_BEFORE):
        work(app, moment)
    assert [text.kind for text in sms.sent] == [Kind.REMINDER_DAY, Kind.MOVED, Kind.REMINDER_SOON]
