"""The outbox: each text is sent once, while it is true and in time, and every outcome gets its meaning."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from kit_booking import worker
from kit_booking.adapters.sms import (
    Problem,
    SmsDelayed,
    SmsMisconfigured,
    SmsRefused,
    SmsUnknown,
)
from kit_booking.domain.messages import Kind
from kit_booking.models import Booking, Commune, Household, Kit, Message, MessageState, Staff
from kit_booking.services import outbox
from kit_booking.services.booking import approve, cancel, request_booking, withdraw
from kit_booking.services.bookings_shown import people_to_phone
from kit_booking.services.sign_in import send_code
from tests.builders import NOW, World, at, days_ahead
from tests.fakes import FakeSms

PHONE = "+84912345678"
A_MOMENT = timedelta(seconds=1)
SATURDAY = days_ahead(4)
LATE = at(days_ahead(0), "22:30")


@pytest.fixture
def world(app: Flask) -> World:
    return World(app)


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


@pytest.fixture
def kit(world: World, commune: Commune) -> Kit:
    return world.kits(commune)[0]


@pytest.fixture
def household(world: World, commune: Commune) -> Household:
    return world.household(commune)


@pytest.fixture
def clerk(world: World, commune: Commune) -> Staff:
    return world.clerk(commune)


def ask(world: World, kit: Kit, household: Household, now: datetime = NOW) -> str:
    asked = world.do(request_booking, kit.code, SATURDAY, "toi", household.id, sells="", streams_on="", now=now)
    assert not asked.refusals
    return asked.code


def work(app: Flask, now: datetime = NOW) -> None:
    """One round of the worker at this time."""
    worker.run_once(app, lambda: now)


def the_message(world: World) -> Message:
    [message] = world.all(Message)
    return message


def test_what_was_written_with_the_booking_is_sent_to_the_household(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    code = ask(world, kit, household)
    work(app)
    [text] = sms.texts_to(household.phone)
    assert code in text
    message = the_message(world)
    assert (message.state, message.settled_at) == (MessageState.ACCEPTED, NOW)
    assert message.provider_id == "SM" + "1".zfill(32)
    assert message.lease_by is None


def test_what_was_sent_is_not_sent_again(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    work(app)
    work(app)
    work(app, NOW + timedelta(days=1))
    assert len(sms.sent) == 1


def test_texts_go_in_the_order_in_which_they_were_due(app: Flask, world: World, sms: FakeSms) -> None:
    phones = [f"+8491234567{number}" for number in (3, 1, 2)]
    for seconds, phone in enumerate(phones):
        world.do(send_code, phone, "10.0.0.1", now=NOW + timedelta(seconds=seconds))
    work(app, NOW + timedelta(minutes=1))
    assert [text.to for text in sms.sent] == phones


def test_a_login_code_overtakes_what_nobody_waits_for(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    world.do(send_code, PHONE, "10.0.0.1", now=NOW + A_MOMENT)
    work(app, NOW + A_MOMENT)
    assert [text.kind for text in sms.sent] == [Kind.LOGIN_CODE, Kind.RECEIVED]


def test_a_text_that_is_no_longer_true_is_skipped(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, clerk: Staff
) -> None:
    code = ask(world, kit, household)
    world.do(approve, code, clerk.id, now=NOW)
    world.do(cancel, code, clerk.id, "Bộ đang sửa", now=NOW)
    work(app)
    assert [text.kind for text in sms.sent] == [Kind.CANCELLED]
    assert {message.kind: message.state for message in world.all(Message)} == {
        Kind.RECEIVED: MessageState.SKIPPED,
        Kind.APPROVED: MessageState.SKIPPED,
        Kind.CANCELLED: MessageState.ACCEPTED,
    }


def test_a_text_about_another_slot_than_the_booking_has_now_is_skipped(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    code = ask(world, kit, household)
    [booking] = world.all(Booking, code=code)
    world.change(booking, pick_up_at=booking.pick_up_at - timedelta(hours=1))
    work(app)
    assert sms.sent == []
    assert the_message(world).state == MessageState.SKIPPED


def test_a_text_that_is_no_longer_useful_is_skipped(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    useful_until_at = the_message(world).useful_until_at
    work(app, useful_until_at)
    assert [text.kind for text in sms.sent] == ["lapsed"]
    assert [message.state for message in world.all(Message)] == [MessageState.SKIPPED, MessageState.ACCEPTED]


def test_the_phone_network_may_keep_a_text_only_while_it_is_useful(app: Flask, world: World, sms: FakeSms) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    work(app, NOW + timedelta(minutes=1))
    assert sms.sent[0].valid_for == timedelta(minutes=4)


def test_in_the_night_news_of_a_later_day_waits_for_the_morning(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household, LATE)
    work(app, LATE)
    assert sms.sent == []
    morning = at(days_ahead(1), "06:30")
    work(app, morning - A_MOMENT)
    assert sms.sent == []
    work(app, morning)
    assert len(sms.sent) == 1


def test_news_that_a_broken_worker_held_up_until_the_night_waits_for_the_morning(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household, at(days_ahead(0), "20:59"))
    work(app, LATE)
    assert sms.sent == []
    work(app, at(days_ahead(1), "06:30"))
    assert len(sms.sent) == 1


def test_in_the_night_a_login_code_is_sent_at_once(app: Flask, world: World, sms: FakeSms) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=LATE)
    work(app, LATE)
    assert len(sms.sent) == 1


def test_in_the_night_news_of_a_slot_that_is_near_is_sent_at_once(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, clerk: Staff
) -> None:
    morning = world.booking(kit, household, days_ahead(1), "sang")
    world.do(approve, morning.code, clerk.id, now=LATE)
    work(app, LATE)
    assert [text.kind for text in sms.sent] == [Kind.APPROVED]


def test_a_refused_text_has_failed_and_its_person_is_phoned(
    app: Flask, world: World, sms: FakeSms, commune: Commune, kit: Kit, household: Household
) -> None:
    code = ask(world, kit, household)
    sms.fault = SmsRefused(Problem.NOT_MOBILE, 21614)
    work(app)
    sms.fault = None
    work(app)
    assert sms.sent == []
    message = the_message(world)
    assert (message.state, message.fault) == (MessageState.FAILED, "not_mobile (code 21614)")
    [person] = world.do(people_to_phone, [commune.id], now=NOW)
    assert (person.household_name, person.booking_code) == (household.name, code)


def test_when_nobody_can_tell_whether_it_was_sent_it_is_not_sent_again_and_its_person_is_phoned(
    app: Flask, world: World, sms: FakeSms, commune: Commune, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    sms.fault = SmsUnknown("ReadTimeout")
    work(app)
    sms.fault = None
    work(app, NOW + timedelta(hours=1))
    assert sms.sent == []
    assert the_message(world).state == MessageState.UNKNOWN
    assert world.do(people_to_phone, [commune.id], now=NOW)


def test_while_the_way_is_closed_nobody_s_text_is_tried(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    sms.fault = SmsDelayed("HTTP 429", 20429, retry_after=timedelta(minutes=3))
    work(app)
    sms.fault = None
    work(app, NOW + timedelta(minutes=3) - A_MOMENT)
    assert sms.sent == []
    work(app, NOW + timedelta(minutes=3))
    assert len(sms.sent) == 2
    assert {message.state for message in world.all(Message)} == {MessageState.ACCEPTED}


def test_a_sender_set_up_wrongly_keeps_the_queue_until_it_is_repaired(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    sms.fault = SmsMisconfigured("HTTP 401", 20003)
    work(app)
    message = the_message(world)
    assert (message.state, message.fault) == (MessageState.QUEUED, "HTTP 401 (code 20003)")
    sms.fault = None
    work(app, NOW + timedelta(hours=1))
    assert len(sms.sent) == 1


def test_a_fault_with_a_long_name_is_written_down_too(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    sms.fault = SmsMisconfigured("/a/folder" * 20)
    work(app)
    assert the_message(world).state == MessageState.QUEUED


@pytest.mark.parametrize(
    ("fault", "later"),
    [
        (None, timedelta(0)),
        (SmsRefused(Problem.OPTED_OUT), timedelta(0)),
        (SmsUnknown("ReadTimeout"), timedelta(0)),
        (None, timedelta(minutes=5)),
    ],
    ids=["sent", "refused", "unknown", "expired"],
)
def test_the_text_of_a_login_code_is_wiped_once_it_is_settled(
    app: Flask, world: World, sms: FakeSms, fault: Exception | None, later: timedelta
) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    assert the_message(world).body
    sms.fault = fault
    work(app, NOW + later)
    assert the_message(world).state not in (MessageState.QUEUED, MessageState.SENDING)
    assert the_message(world).body == ""


def test_a_second_code_voids_the_text_of_the_first(app: Flask, world: World, sms: FakeSms) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    world.do(send_code, PHONE, "10.0.0.1", now=NOW + A_MOMENT)
    work(app, NOW + A_MOMENT)
    assert len(sms.sent) == 1
    assert {message.body for message in world.all(Message)} == {""}


def test_what_a_dead_worker_was_sending_becomes_unknown_after_its_lease_and_is_never_sent_again(
    app: Flask, world: World, sms: FakeSms
) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    world.do(outbox.claim_next, "a worker that dies", now=NOW)
    work(app, NOW + outbox.LEASE)
    assert the_message(world).state == MessageState.SENDING
    work(app, NOW + outbox.LEASE + A_MOMENT)
    assert (the_message(world).state, the_message(world).body) == (MessageState.UNKNOWN, "")
    work(app, NOW + timedelta(hours=1))
    assert sms.sent == []


def test_a_worker_that_was_given_up_can_no_longer_settle_its_text(world: World) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    claim = world.do(outbox.claim_next, "a slow worker", now=NOW)
    later = NOW + outbox.LEASE + A_MOMENT
    world.do(outbox.give_up_lost, now=later)
    assert not world.do(outbox.settle, claim, MessageState.ACCEPTED, now=later, provider_id="SM1")
    assert the_message(world).state == MessageState.UNKNOWN


def test_a_text_that_one_worker_has_claimed_is_not_given_to_another(world: World) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    assert world.do(outbox.claim_next, "the first", now=NOW)
    assert world.do(outbox.claim_next, "the second", now=NOW) is None


def test_a_household_that_withdrew_is_told_even_just_after_the_pick_up(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    booking = world.booking(kit, household, SATURDAY)
    just_before = booking.pick_up_at - A_MOMENT
    world.do(withdraw, booking.code, household.id, now=just_before)
    work(app, just_before + timedelta(minutes=10))
    assert [text.kind for text in sms.sent] == [Kind.WITHDRAWN]
