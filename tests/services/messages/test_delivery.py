"""The provider's reports, asking after lost answers, and sending again."""

from datetime import timedelta

from flask import Flask

from kit_booking.adapters.sms import (
    SmsProblem,
    SmsRefused,
    SmsUnknown,
)
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import (
    AuditEntry,
    Commune,
    Household,
    Kit,
    Message,
    MessageState,
    Staff,
)
from kit_booking.services.booking.answers import withdraw
from kit_booking.services.booking.reading import people_to_phone
from kit_booking.services.messages.delivery import ResendResult, note_phoned, resend
from kit_booking.services.sign_in.sign_in import send_code
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.texts import PHONE, ask, report, the_message, work
from tests.times import NOW


def test_a_lost_answer_is_asked_for_after_a_minute_and_the_text_adopted(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, commune: Commune
) -> None:
    ask(world, kit, household)
    sms.loses_answers = True
    work(app)
    assert the_message(world).state == MessageState.UNKNOWN
    assert world.do(people_to_phone, [commune.id], now=NOW) == [], "it may yet turn out that it was told"
    work(app, NOW + timedelta(seconds=59))
    assert sms.asked == 0
    work(app, NOW + timedelta(seconds=60))
    assert (the_message(world).state, the_message(world).provider_id) == (MessageState.SENT, "SM" + "1".zfill(32))
    assert len(sms.sent) == 1


def test_a_text_that_the_provider_does_not_have_is_sent_again(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    sms.fault = SmsUnknown("HTTP 500", 500)
    work(app)
    sms.fault = None
    work(app, NOW + timedelta(minutes=1))
    assert len(sms.sent) == 1
    assert (the_message(world).state, the_message(world).tries) == (MessageState.ACCEPTED, 2)


def test_what_the_provider_does_not_have_and_is_no_longer_true_is_skipped(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    code = ask(world, kit, household)
    sms.fault = SmsUnknown("HTTP 500", 500)
    work(app)
    sms.fault = None
    world.do(withdraw, world.seen(code), household.id, now=NOW)
    work(app, NOW + timedelta(minutes=1))
    assert [text.kind for text in sms.sent] == [Kind.WITHDRAWN]
    assert [message.state for message in world.all(Message)] == [MessageState.SKIPPED, MessageState.ACCEPTED]


def test_an_earlier_text_of_the_same_words_is_not_taken_for_the_lost_one(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household
) -> None:
    ask(world, kit, household)
    work(app)
    message = the_message(world)
    world.add(
        Message(
            kind=message.kind,
            booking_id=message.booking_id,
            kit_id=message.kit_id,
            pick_up_at=message.pick_up_at,
            to=message.to,
            body=message.body,
            created_at=NOW,
            due_at=NOW,
            useful_until_at=message.useful_until_at,
        )
    )
    sms.fault = SmsUnknown("HTTP 500", 500)
    work(app)
    sms.fault = None
    work(app, NOW + timedelta(minutes=1))
    assert len(sms.sent) == 2
    assert len({message.provider_id for message in world.all(Message)}) == 2


def test_a_code_whose_answer_was_lost_is_neither_asked_for_nor_sent_again(
    app: Flask, world: World, sms: FakeSms
) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    sms.fault = SmsUnknown("ReadTimeout")
    work(app)
    sms.fault = None
    for minutes in range(1, 9):
        work(app, NOW + timedelta(minutes=minutes))
    assert (sms.asked, sms.sent) == (0, [])
    assert the_message(world).state == MessageState.UNKNOWN


def test_staff_send_a_failed_text_again_only_while_that_helps(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, clerk: Staff
) -> None:
    booking = ask(world, kit, household)
    sms.fault = SmsRefused(SmsProblem.BUG, 21617)
    work(app)
    sms.fault = None
    message = the_message(world)
    assert world.do(resend, message.id, clerk.id, now=NOW) is ResendResult.QUEUED
    assert world.do(resend, message.id, clerk.id, now=NOW) is ResendResult.SETTLED, "it waits already"
    work(app)
    assert len(sms.sent) == 1
    assert world.do(resend, message.id, clerk.id, now=NOW) is ResendResult.SETTLED
    report(world, MessageState.UNDELIVERED, 30007)
    world.change(household, takes_texts=False)
    assert world.do(resend, message.id, clerk.id, now=NOW) is ResendResult.NO_TEXTS
    world.change(household, takes_texts=True)
    world.do(withdraw, world.seen(booking), household.id, now=NOW)
    assert world.do(resend, message.id, clerk.id, now=NOW) is ResendResult.NOT_TRUE
    assert len(world.all(AuditEntry, action="text_resent")) == 1


def test_an_unknown_text_is_sent_again_by_staff_only_after_asking(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, clerk: Staff
) -> None:
    ask(world, kit, household)
    sms.loses_answers = sms.is_deaf = True
    for hours in range(3):
        work(app, NOW + timedelta(hours=hours))
    later = NOW + timedelta(hours=4)
    assert the_message(world).ask_at is None
    sms.is_deaf = False
    assert world.do(resend, the_message(world).id, clerk.id, now=later) is ResendResult.ASKING
    work(app, later)
    assert the_message(world).state == MessageState.SENT
    assert len(sms.sent) == 1


def test_a_phoned_person_is_off_the_list_and_the_first_who_phoned_is_remembered(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, clerk: Staff, commune: Commune
) -> None:
    ask(world, kit, household)
    sms.fault = SmsRefused(SmsProblem.BUG)
    work(app)
    for member in (clerk, world.staff(commune)):
        world.do(note_phoned, the_message(world).id, member.id, now=NOW)
    assert world.do(people_to_phone, [commune.id], now=NOW) == []
    assert (the_message(world).phoned_at, the_message(world).phoned_by_id) == (NOW, clerk.id)


def test_an_earlier_try_that_failed_is_not_taken_for_the_present_one(
    app: Flask, world: World, sms: FakeSms, kit: Kit, household: Household, clerk: Staff
) -> None:
    ask(world, kit, household)
    work(app)
    report(world, MessageState.UNDELIVERED, 30007)
    assert world.do(resend, the_message(world).id, clerk.id, now=NOW) is ResendResult.QUEUED
    sms.fault = SmsUnknown("HTTP 500", 500)
    work(app)
    sms.fault = None
    work(app, NOW + timedelta(minutes=1))
    assert len(sms.sent) == 2
    assert (the_message(world).state, the_message(world).provider_id) == (MessageState.ACCEPTED, "SM" + "2".zfill(32))
