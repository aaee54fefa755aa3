"""Twilio's delivery reports: signed ones change the state of their text once, all others nothing."""

from dataclasses import replace
from itertools import permutations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator

from kit_booking.clock import utc_now
from kit_booking.config import Settings
from kit_booking.domain.messages.delivery import MessageState
from kit_booking.models import Household, Message
from kit_booking.services.messages import outbox
from kit_booking.services.sign_in.sign_in import send_code
from tests.support.builders import World

TOKEN = "the account's token"
BASE = "https://lich.example.vn"
PATH = "/hooks/twilio/status"
PHONE = "+84912345678"
SID = "SM" + "1" * 32


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, twilio_auth_token=TOKEN, public_base_url=BASE)


@pytest.fixture
def claim(world: World) -> outbox.Claim:
    """A text that is just being handed over."""
    world.do(send_code, PHONE, "10.0.0.1", now=utc_now())
    found = world.do(outbox.claim_next, "a worker", now=utc_now())
    assert found
    return found


def report(
    client: FlaskClient, ref: str, status: str, *, sid: str = SID, code: str = "", signature: str | None = None
) -> int:
    form = {"MessageSid": sid, "MessageStatus": status, "To": PHONE} | ({"ErrorCode": code} if code else {})
    path = f"{PATH}?m={ref}" if ref else PATH
    if signature is None:
        signature = RequestValidator(TOKEN).compute_signature(BASE + path, form)
    headers = {"X-Twilio-Signature": signature} if signature else {}
    return client.post(path, data=form, headers=headers).status_code


def state(world: World) -> MessageState:
    [message] = world.all(Message)
    return message.state


def test_a_report_moves_its_text_on(client: FlaskClient, world: World, claim: outbox.Claim) -> None:
    for status in ("sent", "delivered"):
        assert report(client, claim.sms.ref, status) == 204
        assert state(world) == status


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
def test_reports_in_any_order_and_repeated_come_to_the_same(
    client: FlaskClient, world: World, claim: outbox.Claim, order: tuple[str, ...]
) -> None:
    for status in (*order, *order, order[0]):
        assert report(client, claim.sms.ref, status) == 204
    assert state(world) == MessageState.DELIVERED


@pytest.mark.parametrize("end", ["undelivered", "failed", "delivered"])
def test_no_report_changes_a_final_state(client: FlaskClient, world: World, claim: outbox.Claim, end: str) -> None:
    report(client, claim.sms.ref, end)
    for status in ("sent", "delivered", "undelivered", "failed"):
        report(client, claim.sms.ref, status)
    assert state(world) == end


def test_a_report_gives_its_provider_id_to_a_text_whose_worker_died(
    client: FlaskClient, world: World, claim: outbox.Claim
) -> None:
    report(client, claim.sms.ref, "sent")
    [message] = world.all(Message)
    assert (message.state, message.provider_id, message.lease_by) == (MessageState.SENT, SID, None)
    assert report(client, "", "delivered") == 204, "from now on its name alone is enough"
    assert state(world) == MessageState.DELIVERED


def test_a_late_report_about_an_earlier_try_is_not_taken_for_the_present_one(
    client: FlaskClient, world: World, claim: outbox.Claim
) -> None:
    report(client, f"{claim.message_id}-{claim.tries + 1}", "delivered")
    report(client, f"{claim.message_id}", "delivered")
    assert state(world) == MessageState.SENDING


def test_another_text_s_name_does_not_overwrite_the_one_that_is_known(
    client: FlaskClient, world: World, claim: outbox.Claim
) -> None:
    report(client, claim.sms.ref, "sent")
    report(client, claim.sms.ref, "delivered", sid="SM" + "2" * 32)
    [message] = world.all(Message)
    assert (message.state, message.provider_id) == (MessageState.SENT, SID)


def test_a_report_about_an_unknown_text_is_ignored_with_204(client: FlaskClient, world: World) -> None:
    for ref in ["", "7-1", "x", "1-x", "-", "٣-1", "9" * 30 + "-1", "1-1-1", "%00"]:
        for status in ["delivered", "received", "", "nonsense"]:
            path = f"{PATH}?m={ref}"
            form = {"MessageSid": SID, "MessageStatus": status}
            signed = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(BASE + path, form)}
            answer = client.post(path, data=form, headers=signed)
            assert answer.status_code == (404 if ref == "%00" else 204), (ref, status)
    assert world.all(Message) == []


@pytest.mark.parametrize("signature", ["", "wrong", "ứ", "A" * 28])
def test_an_unsigned_report_is_refused_and_changes_nothing(
    client: FlaskClient, world: World, claim: outbox.Claim, signature: str
) -> None:
    form = {"MessageSid": SID, "MessageStatus": "delivered"}
    headers = {"X-Twilio-Signature": signature.encode().decode("latin-1")} if signature else {}
    assert client.post(f"{PATH}?m={claim.sms.ref}", data=form, headers=headers).status_code == 403
    assert state(world) == MessageState.SENDING


def test_a_signature_for_another_text_is_refused(client: FlaskClient, world: World, claim: outbox.Claim) -> None:
    form = {"MessageSid": SID, "MessageStatus": "delivered", "To": PHONE}
    other = RequestValidator(TOKEN).compute_signature(f"{BASE}{PATH}?m=999-1", form)
    assert report(client, claim.sms.ref, "delivered", signature=other) == 403


def test_without_twilio_credentials_every_report_is_refused(settings: Settings, app: Flask) -> None:
    app.extensions["settings"] = replace(settings, twilio_auth_token="")
    form = {"MessageSid": SID, "MessageStatus": "delivered"}
    signature = RequestValidator("").compute_signature(BASE + PATH, form)
    assert app.test_client().post(PATH, data=form, headers={"X-Twilio-Signature": signature}).status_code == 403


def test_a_number_that_was_given_up_and_is_reached_again_gets_texts_again(
    client: FlaskClient, world: World, claim: outbox.Claim
) -> None:
    household = world.household(world.commune(), phone=PHONE, bad_number_at=utc_now())
    report(client, claim.sms.ref, "delivered")
    assert world.fresh(household).bad_number_at is None


def test_a_number_that_no_text_reaches_is_marked(client: FlaskClient, world: World, claim: outbox.Claim) -> None:
    commune = world.commune()
    same, other = world.household(commune, phone=PHONE), world.household(commune)
    report(client, claim.sms.ref, "undelivered", code="30006")
    assert world.fresh(same).bad_number_at
    assert world.all(Household, id=other.id)[0].bad_number_at is None
