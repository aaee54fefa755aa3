"""Texts about one booking, sent by the worker: for the tests of messages."""

from datetime import datetime, timedelta

from flask import Flask

from kit_booking import worker
from kit_booking.adapters.sms import (
    Report,
)
from kit_booking.models import (
    Household,
    Kit,
    Message,
    MessageState,
)
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.messages.delivery import take_report
from tests.support.builders import World
from tests.times import NOW, days_ahead

PHONE = "+84912345678"


A_MOMENT = timedelta(seconds=1)


SATURDAY = days_ahead(4)


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


def report(world: World, state: MessageState, code: int) -> None:
    """What the provider says of the newest text, which it has."""
    message = world.all(Message)[-1]
    assert message.provider_id
    world.do(take_report, "", Report(message.provider_id, state, code), now=NOW)
