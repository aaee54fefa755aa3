"""What stands in closed time goes on only by staff and with a reason; a household never ends there."""

import pytest
from flask import Flask

from kit_booking.domain.booking.refusals import Reason
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.hours import Span
from kit_booking.services.audit import Actor
from kit_booking.services.booking.answers import approve
from kit_booking.services.closures.closing import close
from kit_booking.services.counter.handover import HandoverRefusal, KitCheck, hand_over
from kit_booking.services.waiting.entries import accept
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.village import Village
from tests.times import NOW, at, days_ahead


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune())


def test_in_closed_time_nothing_is_approved_accepted_or_handed_over_without_a_reason(village: Village, world: World):
    asked = village.booking(village.asks(village.family(), days_ahead(2)).code)
    approved = village.has(village.family("Hoa"), days_ahead(3))
    offered = world.booking(village.kit, village.family("Lan"), days_ahead(4), status=Status.OFFERED)
    span = Span(NOW, at(days_ahead(9), "00:00"))
    world.do(close, village.commune.id, village.kit.id, span, "Hỏng đèn", village.clerk.id, now=NOW)
    clerk = Actor(staff_id=village.clerk.id)
    for act, booking, by in ((approve, asked, village.clerk.id), (accept, offered, clerk)):
        done = world.acts(act, booking, by, now=NOW)
        assert (done.is_done, done.is_closed) == (False, True)
        assert world.acts(act, booking, by, "Đèn đã sửa xong", now=NOW).is_done
        assert world.fresh(booking).reason == "Đèn đã sửa xong"
    now = approved.pick_up_at
    assert world.acts(hand_over, approved, village.clerk.id, KitCheck(()), now=now).refusal is HandoverRefusal.CLOSED
    assert world.acts(hand_over, approved, village.clerk.id, KitCheck((), note="Đã sửa"), now=now).is_done


def test_a_household_does_not_accept_or_change_into_closed_time(village: Village, world: World):
    hanh, lan = village.family(), village.family("Lan")
    evening = village.has(hanh, days_ahead(2))
    offered = world.booking(village.kit, lan, days_ahead(4), status=Status.OFFERED)
    span = Span(NOW, at(days_ahead(9), "00:00"))
    world.do(close, village.commune.id, village.kit.id, span, "Hỏng đèn", village.clerk.id, now=NOW)
    done = world.acts(accept, offered, Actor(household_id=lan.id), "vẫn lấy", now=NOW)
    assert (done.is_done, done.is_closed) == (False, True)
    asked = village.changes(evening, days_ahead(2), "chieu")
    assert [refusal.reason for refusal in asked.refusals] == [Reason.CLOSED]
