"""Deadlines: requests lapse or are approved, clerks are reminded, and nothing lapses right after an outage."""

from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import AuditEntry, Booking, Hold, Message, Role
from kit_booking.services.booking import deadlines
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.threads import at_once
from tests.support.village import TOMORROW, Village
from tests.times import NOW, at, days_ahead

TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
A_SECOND = timedelta(seconds=1)
MOBILE = "+84912000999"


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    village = Village(app, world, sms, world.commune())
    world.change(village.clerk, mobile=MOBILE)
    return village


@pytest.fixture
def asked(village: Village) -> Booking:
    """AskResult for at nine in the morning, for the week after: eight office hours later is five in the afternoon."""
    return village.booking(village.asks(village.family(), NEXT_WEEK).code)


def test_a_request_that_nobody_answered_lapses_with_an_apology(village: Village, world: World, asked: Booking):
    assert asked.answer_by_at == at(TODAY, "17:00")
    village.works(asked.answer_by_at - A_SECOND)
    assert world.fresh(asked).status == Status.REQUESTED
    village.works(asked.answer_by_at)
    assert world.fresh(asked).status == Status.LAPSED
    assert world.all(Hold) == []
    assert village.texts(asked) == [Kind.RECEIVED, Kind.STAFF_DUE, Kind.LAPSED]
    assert "xin loi ba con" in village.sms.sent[-1].body
    assert "02433854321" in village.sms.sent[-1].body
    line = world.all(AuditEntry)[-1]
    assert (line.action, line.household_id, line.staff_id) == ("lapsed", None, None)
    assert line.happened_at == asked.answer_by_at


def test_a_request_lapses_once_when_several_workers_try_several_times(village: Village, world: World, asked: Booking):
    at_once(*[lambda: world.do(deadlines.lapse, asked.code, now=asked.answer_by_at)] * 4)
    world.do(deadlines.lapse, asked.code, now=asked.answer_by_at + timedelta(days=1))
    assert len(world.all(AuditEntry)) == 2
    assert village.texts(asked) == [Kind.RECEIVED, Kind.LAPSED]


def test_what_was_answered_does_not_lapse(village: Village, world: World, asked: Booking):
    village.approves(asked)
    village.works(asked.answer_by_at)
    world.do(deadlines.lapse, asked.code, now=asked.answer_by_at)
    assert world.fresh(asked).status == Status.APPROVED


def test_what_was_changed_meanwhile_has_a_later_deadline(village: Village, world: World, asked: Booking):
    village.changes(asked, days_ahead(9), "toi", now=asked.answer_by_at - A_SECOND)
    world.do(deadlines.lapse, asked.code, now=asked.answer_by_at)
    assert world.fresh(asked).status == Status.REQUESTED


def test_half_way_the_clerk_gets_one_text_that_names_the_deadline(village: Village, world: World, asked: Booking):
    assert asked.remind_staff_at == at(TODAY, "13:00")
    village.works(asked.remind_staff_at - A_SECOND)
    assert village.sms.texts_to(MOBILE) == []
    for _ in range(2):
        village.works(asked.remind_staff_at)
    [text] = village.sms.texts_to(MOBILE)
    assert asked.code in text
    assert "han 17h T3 01/12" in text
    assert world.fresh(asked).remind_staff_at is None


def test_two_workers_remind_the_clerk_once(village: Village, world: World, asked: Booking):
    at_once(*[lambda: world.do(deadlines.remind_staff, asked.code, now=asked.remind_staff_at)] * 4)
    assert village.texts(asked).count(Kind.STAFF_DUE) == 1


def test_every_active_clerk_of_the_commune_is_reminded_and_no_other(village: Village, world: World, asked: Booking):
    second = world.staff(village.commune, mobile="+84912000111")
    world.staff(village.commune)
    world.staff(village.commune, mobile="+84912000222", is_active=False)
    world.staff(village.commune, Role.LEADER, mobile="+84912000333")
    world.staff(world.commune("Chuyên Mỹ"), mobile="+84912000444")
    world.do(deadlines.remind_staff, asked.code, now=asked.remind_staff_at)
    assert {text.to for text in world.all(Message, kind=Kind.STAFF_DUE)} == {MOBILE, second.mobile}


def test_a_clerk_is_not_reminded_of_what_is_answered(village: Village, asked: Booking):
    village.approves(asked)
    village.works(asked.remind_staff_at)
    assert village.sms.texts_to(MOBILE) == []


def test_a_reminder_held_up_until_the_answer_is_not_sent(village: Village, world: World, asked: Booking):
    world.do(deadlines.remind_staff, asked.code, now=asked.remind_staff_at)
    village.approves(asked, now=asked.remind_staff_at)
    village.works(asked.remind_staff_at)
    assert village.sms.texts_to(MOBILE) == []


def test_where_silence_approves_the_request_is_approved_and_told(village: Village, world: World, asked: Booking):
    world.change(village.commune, policy={"approve_on_silence": True})
    village.works(asked.answer_by_at)
    approved = world.fresh(asked)
    assert (approved.status, approved.approved_at) == (Status.APPROVED, asked.answer_by_at)
    assert len(world.all(Hold)) == 1
    assert village.texts(asked) == [Kind.RECEIVED, Kind.APPROVED]
    assert world.all(AuditEntry)[-1].staff_id is None


def test_a_paused_households_request_is_not_approved_on_silence(village: Village, world: World, asked: Booking):
    world.change(village.commune, policy={"approve_on_silence": True})
    hanh = village.family()
    world.change(asked, household_id=hanh.id)
    for ago in (1, 2):
        struck = NOW - timedelta(days=ago)
        world.booking(village.kit, hanh, days_ahead(-ago), status=Status.NO_SHOW, strike_at=struck)
    village.works(asked.answer_by_at)
    assert world.fresh(asked).status == Status.LAPSED


def test_a_request_whose_pick_up_has_passed_is_not_approved_on_silence(village: Village, world: World):
    world.change(village.commune, policy={"approve_on_silence": True})
    asked = village.booking(village.asks(village.family()).code)
    village.works(asked.pick_up_at)
    assert world.fresh(asked).status == Status.LAPSED


def test_after_an_outage_nothing_lapses_in_the_first_two_office_hours(village: Village, world: World, asked: Booking):
    back = at(TOMORROW, "08:00")
    village.works_again(back, after=NOW)
    village.works(at(TOMORROW, "09:59"))
    assert world.fresh(asked).status == Status.REQUESTED
    assert village.approves(asked, now=at(TOMORROW, "09:59")).is_done


def test_after_the_grace_it_lapses(village: Village, world: World, asked: Booking):
    village.works_again(at(TODAY, "20:00"), after=NOW)
    village.works(at(TOMORROW, "09:29"))
    assert world.fresh(asked).status == Status.REQUESTED
    village.works(at(TOMORROW, "09:30"))
    assert world.fresh(asked).status == Status.LAPSED


def test_an_offer_has_the_grace_too(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    village.works()
    offer = village.the_offer()
    village.works_again(at(TODAY, "15:00"), after=NOW)
    assert village.accepts(offer, now=at(TODAY, "16:59")).is_done


def test_a_short_silence_of_the_worker_is_no_outage(village: Village, world: World, asked: Booking):
    deadline = asked.answer_by_at
    village.works_again(deadline, after=deadline - timedelta(minutes=9))
    assert world.fresh(asked).status == Status.LAPSED
