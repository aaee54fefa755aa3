"""The outbox: each text is sent once, while it is true and in time, and every outcome gets its meaning."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from kit_booking import worker
from kit_booking.adapters.sms import (
    Report,
    SmsDelayed,
    SmsMisconfigured,
    SmsProblem,
    SmsRefused,
)
from kit_booking.database import db
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.delivery import Timing
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import (
    Commune,
    Household,
    Kit,
    Message,
    MessageState,
    PauseReason,
    Staff,
)
from kit_booking.services.booking.answers import approve, cancel, withdraw
from kit_booking.services.booking.reading import people_to_phone
from kit_booking.services.messages import outbox
from kit_booking.services.ops.health import sending_alarms
from kit_booking.services.sign_in.sign_in import send_code
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.texts import A_MOMENT, PHONE, SATURDAY, ask, the_message, work
from tests.times import NOW, at, days_ahead

LEASE = Timing().lease
LATE = at(days_ahead(0), "22:30")


@contextmanager
def count_statements() -> Iterator[list[str]]:
    """What the database is asked in here."""
    asked: list[str] = []

    def listen(*args: object) -> None:
        asked.append(str(args[2]).lstrip())

    event.listen(db.engine, "before_cursor_execute", listen)
    yield asked
    event.remove(db.engine, "before_cursor_execute", listen)


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
    world.do(approve, world.seen(code), clerk.id, now=NOW)
    world.do(cancel, world.seen(code), clerk.id, "Bộ đang sửa", now=NOW)
    world.let_undo_pass()
    work(app)
    assert [text.kind for text in sms.sent] == [Kind.CANCELLED]
    assert {message.kind: message.state for message in world.all(Message)} == {
        Kind.RECEIVED: MessageState.SKIPPED,
        Kind.APPROVED: MessageState.SKIPPED,
        Kind.CANCELLED: MessageState.ACCEPTED,
    }


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
    world.do(approve, world.seen(morning), clerk.id, now=LATE)
    world.let_undo_pass(LATE)
    work(app, LATE)
    assert [text.kind for text in sms.sent] == [Kind.APPROVED]


def test_a_refused_text_has_failed_and_its_person_is_phoned(
    app: Flask, world: World, sms: FakeSms, commune: Commune, kit: Kit, household: Household
) -> None:
    code = ask(world, kit, household)
    sms.fault = SmsRefused(SmsProblem.NOT_MOBILE, 21614)
    work(app)
    sms.fault = None
    work(app)
    assert sms.sent == []
    message = the_message(world)
    assert (message.state, message.fault) == (MessageState.FAILED, "not_mobile (code 21614)")
    [text] = world.do(people_to_phone, [commune.id], now=NOW)
    assert (text.booking.household.name, text.booking.code) == (household.name, code)


def test_when_nobody_can_tell_whether_it_was_sent_it_is_not_sent_again_and_its_person_is_phoned(
    app: Flask, world: World, sms: FakeSms, commune: Commune, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    sms.loses_answers = sms.is_deaf = True
    work(app)
    for hours in range(1, 30):
        work(app, NOW + timedelta(hours=hours))
    assert len(sms.sent) == 1
    assert the_message(world).state == MessageState.UNKNOWN
    assert the_message(world).ask_at is None
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
    work(app, NOW + LEASE)
    assert the_message(world).state == MessageState.SENDING
    work(app, NOW + LEASE + A_MOMENT)
    assert (the_message(world).state, the_message(world).body) == (MessageState.UNKNOWN, "")
    work(app, NOW + timedelta(hours=1))
    assert sms.sent == []


def test_a_worker_that_was_given_up_can_no_longer_settle_its_text(world: World) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    claim = world.do(outbox.claim_next, "a slow worker", now=NOW)
    later = NOW + LEASE + A_MOMENT
    world.do(outbox.give_up_lost, now=later)
    assert world.do(outbox.record_result, claim, SmsRefused(SmsProblem.BUG), now=later)
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
    world.do(withdraw, world.seen(booking), household.id, now=just_before)
    work(app, just_before + timedelta(minutes=10))
    assert [text.kind for text in sms.sent] == [Kind.WITHDRAWN]


@pytest.mark.parametrize("is_there", [True, False], ids=["had gone out", "had not"])
def test_what_a_dead_worker_was_sending_is_asked_for_after_its_lease(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, is_there: bool
) -> None:
    ask(world, kit, household)
    claim = world.do(outbox.claim_next, "a worker that dies", now=NOW)
    if is_there:
        sms.send(claim.sms)
    work(app, NOW + LEASE)
    assert the_message(world).state == MessageState.SENDING
    work(app, NOW + LEASE + A_MOMENT)
    assert the_message(world).state == (MessageState.SENT if is_there else MessageState.ACCEPTED)
    assert len(sms.sent) == 1


def test_a_report_that_comes_after_the_lease_is_believed(world: World, kit: Kit, household: Household) -> None:
    ask(world, kit, household)
    claim = world.do(outbox.claim_next, "a slow worker", now=NOW)
    later = NOW + LEASE + A_MOMENT
    world.do(outbox.give_up_lost, now=later)
    world.do(outbox.record_result, claim, Report("SM1"), now=later)
    assert (the_message(world).state, the_message(world).provider_id) == (MessageState.ACCEPTED, "SM1")
    assert the_message(world).ask_at is None


@pytest.mark.parametrize("code", [20003, 21212, 21408, 21606, 21608, 21612, 21659, 30042])
def test_a_wrong_setup_stops_everything_alarms_and_is_tried_again_by_itself(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, code: int
) -> None:
    ask(world, kit, household)
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    sms.fault = SmsMisconfigured("HTTP 400", code)
    work(app)
    [alarm] = world.do(sending_alarms, now=NOW)
    assert (alarm.reason, alarm.since_at) == (PauseReason.SETUP, NOW)
    assert str(code) in alarm.fault
    sms.fault = None
    work(app, NOW + timedelta(minutes=5) - A_MOMENT)
    assert sms.sent == []
    work(app, NOW + timedelta(minutes=5))
    assert [text.kind for text in sms.sent] == [Kind.RECEIVED], "the code has expired meanwhile"
    assert world.do(sending_alarms, now=NOW + timedelta(minutes=5)) == []


@pytest.mark.parametrize("code", [60728, 63038])
def test_the_account_s_limit_holds_back_all_but_login_codes(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, code: int
) -> None:
    ask(world, kit, household)
    sms.fault = SmsDelayed("HTTP 429", code, retry_after=timedelta(hours=1))
    work(app)
    assert [alarm.reason for alarm in world.do(sending_alarms, now=NOW)] == [PauseReason.LIMIT]
    sms.fault = None
    world.do(send_code, PHONE, "10.0.0.1", now=NOW + timedelta(minutes=1))
    work(app, NOW + timedelta(minutes=1))
    assert [text.kind for text in sms.sent] == [Kind.LOGIN_CODE]
    work(app, NOW + timedelta(hours=1) - A_MOMENT)
    assert len(sms.sent) == 1, "that a code went out says nothing of the others"
    work(app, NOW + timedelta(hours=1))
    assert [text.kind for text in sms.sent] == [Kind.LOGIN_CODE, Kind.RECEIVED]
    assert world.do(sending_alarms, now=NOW + timedelta(hours=1)) == []


def test_a_code_that_the_limit_refuses_too_is_not_tried_without_a_pause(
    app: Flask, world: World, sms: FakeSms
) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    sms.fault = SmsDelayed("HTTP 429", 63038, retry_after=timedelta(hours=1))
    work(app)
    sms.fault = None
    work(app, NOW + timedelta(seconds=29))
    assert sms.sent == []
    work(app, NOW + timedelta(seconds=30))
    assert len(sms.sent) == 1


def test_a_text_that_waits_goes_to_the_phone_list_when_its_household_wants_no_more(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, commune: Commune
) -> None:
    ask(world, kit, household)
    world.change(household, takes_texts=False)
    work(app)
    assert sms.sent == []
    assert the_message(world).state == MessageState.TO_PHONE
    assert len(world.do(people_to_phone, [commune.id], now=NOW)) == 1


def test_a_text_that_waits_follows_its_household_to_the_new_number(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    world.change(household, phone="+84988888888")
    work(app)
    assert [text.to for text in sms.sent] == ["+84988888888"]


def test_an_idle_round_writes_nothing(app: Flask, world: World, sms: FakeSms, household: Household) -> None:
    work(app)
    with app.app_context(), count_statements() as statements:
        worker.send_due(sms, lambda: NOW)
    assert len(statements) == 2
    assert all(statement.startswith("SELECT") for statement in statements)


def test_an_offer_to_a_household_that_just_switched_texts_off_runs_from_then_on(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    booking = world.booking(kit, household, SATURDAY, status=Status.OFFERED)
    booking = world.change(booking, answer_by_at=booking.pick_up_at - timedelta(hours=2))
    world.add(
        Message(
            kind=Kind.OFFER,
            booking_id=booking.id,
            kit_id=kit.id,
            pick_up_at=booking.pick_up_at,
            to=household.phone,
            body="",
            created_at=NOW,
            due_at=NOW,
            useful_until_at=booking.pick_up_at,
        )
    )
    world.change(household, takes_texts=False)
    work(app)
    assert the_message(world).state == MessageState.TO_PHONE
    assert world.fresh(booking).answer_by_at == NOW + timedelta(hours=4)


def test_a_text_may_be_handed_over_until_the_last_moment_of_its_claim(
    world: World, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    claim = world.do(outbox.claim_next, "a worker", now=NOW)
    assert outbox.is_fresh(claim, now=claim.hand_over_by_at)
    assert not outbox.is_fresh(claim, now=claim.hand_over_by_at + A_MOMENT)


def test_what_a_worker_is_sending_is_not_given_up_before_its_lease_ends(
    world: World, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    world.do(outbox.claim_next, "a slow worker", now=NOW)
    world.do(outbox.give_up_lost, now=NOW + LEASE)
    assert the_message(world).state == MessageState.SENDING
    world.do(outbox.give_up_lost, now=NOW + LEASE + A_MOMENT)
    assert the_message(world).state == MessageState.UNKNOWN
