"""The states of a text: what each change means for the text, its number and all others."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from kit_booking.adapters.sms import (
    SmsDelayed,
    SmsMisconfigured,
    SmsProblem,
    SmsRefused,
    SmsUnknown,
)
from kit_booking.database import db, transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import (
    AuditEntry,
    Booking,
    Commune,
    Household,
    Kit,
    Message,
    MessageState,
    PauseReason,
    Staff,
)
from kit_booking.services.booking.answers import approve
from kit_booking.services.booking.reading import people_to_phone
from kit_booking.services.messages.delivery import note_phoned
from kit_booking.services.messages.states import change, is_valid, pause, resume
from kit_booking.services.ops.health import sending_alarms
from kit_booking.services.sign_in.sign_in import send_code
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.texts import A_MOMENT, PHONE, SATURDAY, ask, report, the_message, work
from tests.times import NOW


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
        (SmsRefused(SmsProblem.OPTED_OUT), timedelta(0)),
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


def test_an_alarm_stays_until_a_text_has_gone_out(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    sms.fault = SmsMisconfigured("HTTP 401", 20003)
    for minutes in range(0, 60, 5):
        work(app, NOW + timedelta(minutes=minutes))
    [alarm] = world.do(sending_alarms, now=NOW + timedelta(hours=2))
    assert alarm.since_at == NOW


@pytest.mark.parametrize(
    ("problem", "code"),
    [(SmsProblem.BAD_NUMBER, 21211), (SmsProblem.NOT_MOBILE, 21614), (SmsProblem.NOT_MOBILE, 21635)],
)
def test_a_number_that_is_no_mobile_is_marked_and_its_next_texts_are_phoned(
    app: Flask, world: World, sms: FakeSms, commune: Commune, kit: Kit, household: Household, clerk: Staff,
    problem: SmsProblem, code: int,
) -> None:  # fmt: skip
    booking = ask(world, kit, household)
    sms.fault = SmsRefused(problem, code)
    work(app)
    sms.fault = None
    assert world.fresh(household).bad_number_at == NOW
    world.do(approve, world.seen(booking), clerk.id, now=NOW)
    world.let_undo_pass()
    work(app)
    assert sms.sent == []
    assert [message.state for message in world.all(Message)] == [MessageState.FAILED, MessageState.TO_PHONE]
    assert len(world.do(people_to_phone, [commune.id], now=NOW)) == 2
    assert [entry.household_id for entry in world.all(AuditEntry, action="number_bad")] == [household.id]


def test_a_new_number_is_tried_again(world: World, household: Household) -> None:
    marked = world.change(household, bad_number_at=NOW)
    assert not marked.gets_texts
    assert world.change(household, phone="+84988888888").gets_texts


def test_whoever_opted_out_at_the_network_is_phoned_from_now_on(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, clerk: Staff
) -> None:
    booking = ask(world, kit, household)
    sms.fault = SmsRefused(SmsProblem.OPTED_OUT, 21610)
    work(app)
    sms.fault = None
    world.do(approve, world.seen(booking), clerk.id, now=NOW)
    world.let_undo_pass()
    work(app)
    assert not world.fresh(household).takes_texts
    assert [message.state for message in world.all(Message)] == [MessageState.FAILED, MessageState.TO_PHONE]


def test_segments_are_paid_for_when_a_text_goes_out_or_may_have(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    sms.fault = SmsDelayed("HTTP 429", 20429, retry_after=timedelta(seconds=30))
    work(app)
    assert the_message(world).cost == 0
    sms.fault = SmsUnknown("HTTP 500", 500)
    work(app, NOW + timedelta(minutes=1))
    assert (the_message(world).segments, the_message(world).cost) == (1, 800)
    sms.fault = None
    work(app, NOW + timedelta(minutes=2))
    assert (the_message(world).state, the_message(world).cost) == (MessageState.ACCEPTED, 800)


@pytest.mark.parametrize("code", [30003, 30008, 30410, 30500])
def test_a_passing_failure_is_tried_once_more_a_little_later(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, code: int
) -> None:
    ask(world, kit, household)
    work(app)
    report(world, MessageState.UNDELIVERED, code)
    assert the_message(world).state == MessageState.QUEUED
    work(app, NOW + timedelta(minutes=15) - A_MOMENT)
    assert len(sms.sent) == 1
    work(app, NOW + timedelta(minutes=15))
    assert len(sms.sent) == 2
    report(world, MessageState.UNDELIVERED, code)
    assert the_message(world).state == MessageState.UNDELIVERED
    assert the_message(world).cost == 1600, "both tries are paid for"


def test_a_passing_failure_is_not_tried_again_when_it_would_come_too_late(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    work(app)
    world.change(the_message(world), useful_until_at=NOW + timedelta(minutes=15))
    report(world, MessageState.UNDELIVERED, 30003)
    assert the_message(world).state == MessageState.UNDELIVERED


@pytest.mark.parametrize("code", [30004, 30007, 30006])
def test_other_failures_are_not_tried_again(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, code: int
) -> None:
    ask(world, kit, household)
    work(app)
    report(world, MessageState.UNDELIVERED, code)
    assert (the_message(world).state, the_message(world).error_code) == (MessageState.UNDELIVERED, code)
    assert bool(world.fresh(household).bad_number_at) == (code == 30006)


def test_an_inactive_number_is_given_up_the_second_time(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, clerk: Staff
) -> None:
    booking = ask(world, kit, household)
    work(app)
    report(world, MessageState.UNDELIVERED, 30005)
    assert world.fresh(household).bad_number_at is None
    world.do(approve, world.seen(booking), clerk.id, now=NOW)
    world.let_undo_pass()
    work(app)
    report(world, MessageState.UNDELIVERED, 30005)
    assert world.fresh(household).bad_number_at


def test_a_code_that_did_not_arrive_is_not_sent_again(app: Flask, world: World, sms: FakeSms) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    work(app)
    report(world, MessageState.UNDELIVERED, 30003)
    work(app, NOW + timedelta(minutes=1))
    assert len(sms.sent) == 1
    assert the_message(world).state == MessageState.UNDELIVERED


def test_a_sender_that_the_operators_refuse_afterwards_is_a_wrong_setup_too(
    app: Flask, world: World, sms: FakeSms
) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    work(app)
    report(world, MessageState.FAILED, 30042)
    assert [alarm.reason for alarm in world.do(sending_alarms, now=NOW)] == [PauseReason.SETUP]


def test_what_was_said_by_phone_is_not_texted_any_more(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, clerk: Staff
) -> None:
    ask(world, kit, household)
    sms.fault = SmsUnknown("HTTP 500", 500)
    work(app)
    sms.fault = None
    world.do(note_phoned, the_message(world).id, clerk.id, now=NOW)
    work(app, NOW + timedelta(minutes=1))
    assert (the_message(world).state, sms.sent) == (MessageState.SKIPPED, [])


def message(kit: Kit, household: Household, booking: Booking, **columns: object) -> Message:
    """A text about the booking that waits to be sent."""
    return Message(
        **{"kind": Kind.APPROVED, "booking_id": booking.id, "kit_id": kit.id, "pick_up_at": booking.pick_up_at}
        | {"to": household.phone, "body": "…", "created_at": NOW, "due_at": NOW}
        | {"useful_until_at": NOW + A_MOMENT}
        | columns
    )


def test_a_text_is_true_until_its_last_useful_moment_and_only_of_its_own_slot(
    world: World, kit: Kit, household: Household
) -> None:
    booking = world.booking(kit, household, SATURDAY, status=Status.APPROVED)
    text = message(kit, household, booking)
    is_true = transaction(is_valid)
    assert world.do(is_true, text, now=NOW)
    assert not world.do(is_true, text, now=NOW + A_MOMENT)
    assert not world.do(is_true, message(kit, household, booking, phoned_at=NOW), now=NOW)
    assert not world.do(is_true, message(kit, household, booking, kit_id=kit.id + 1), now=NOW)
    assert not world.do(is_true, message(kit, household, booking, pick_up_at=NOW), now=NOW)
    world.change(booking, status=Status.CANCELLED, reason="Xã cần dùng")
    assert not world.do(is_true, text, now=NOW)


def test_a_text_makes_no_move_that_the_rules_do_not_know(world: World, kit: Kit, household: Household) -> None:
    text = message(kit, household, world.booking(kit, household, SATURDAY), state=MessageState.DELIVERED)
    with pytest.raises(ValueError, match="from delivered to queued"):
        world.do(lambda: change(db.session(), text, MessageState.QUEUED, now=NOW))


def test_a_text_that_arrived_says_that_the_number_is_good(
    app: Flask, world: World, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    work(app)
    world.change(household, bad_number_at=NOW)
    report(world, MessageState.DELIVERED, 0)
    assert world.fresh(household).bad_number_at is None
    assert [entry.action for entry in world.all(AuditEntry)][-1] == "number_good"


def test_one_inactive_moment_of_another_number_gives_up_nobody(
    app: Flask, world: World, kit: Kit, household: Household
) -> None:
    booking = world.booking(kit, household, SATURDAY, "sang", status=Status.APPROVED)
    world.add(
        message(kit, household, booking, to="+84988888888", error_code=30005, state=MessageState.UNDELIVERED),
        message(kit, household, booking, error_code=30007, state=MessageState.UNDELIVERED),
    )
    ask(world, kit, household)
    work(app)
    report(world, MessageState.UNDELIVERED, 30005)
    assert world.fresh(household).bad_number_at is None


def test_a_text_that_was_tried_when_a_pause_ended_ends_it(world: World) -> None:
    world.do(_pauses, NOW)
    world.do(_resumes, NOW - A_MOMENT)
    assert len(world.do(sending_alarms, now=NOW)) == 1
    world.do(_resumes, NOW)
    assert world.do(sending_alarms, now=NOW) == []


@transaction
def _pauses(session: Session, until_at: datetime) -> None:
    pause(session, PauseReason.SETUP, until_at, "HTTP 401", now=NOW - A_MOMENT)


@transaction
def _resumes(session: Session, tried_at: datetime) -> None:
    resume(session, tried_at)
