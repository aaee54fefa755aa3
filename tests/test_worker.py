"""The worker as a process: two at once, killed in the middle, told to stop, and in a demo."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.delivery import Timing
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Booking, Commune, Mark, Message, MessageState
from kit_booking.services.booking.answers import approve
from kit_booking.services.sign_in.sign_in import send_code
from tests.support.builders import World, sign_in
from tests.support.commands import free_port, run, started, wait_until
from tests.support.twilio import Mood, Twilio, running
from tests.times import START, at, days_ahead, set_clock

pytestmark = pytest.mark.timeout(120)

PHONE = "+84912345678"
NOW = at(local_day(START), "12:00")
"""Not in the quiet hours."""
DAY = days_ahead(4, NOW)
DAY_BEFORE = at(days_ahead(3, NOW), "18:00")
AFTER_THE_LEASE = NOW + Timing().lease + timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _noon() -> None:
    set_clock(NOW)


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with running() as server:
        yield server


@pytest.fixture
def world(app: Flask) -> World:
    return World(app)


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


@pytest.fixture
def booking(world: World, commune: Commune) -> Booking:
    """AskResult for; the household waits for an answer."""
    return world.booking(world.kits(commune)[0], world.household(commune), DAY, asked_at=NOW)


def sent(folder: Path) -> list[dict[str, str]]:
    """What went to the file that stands for the phones."""
    file = folder / "sms.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def states(world: World) -> list[MessageState]:
    return [message.state for message in world.all(Message)]


def test_two_workers_at_once_send_each_reminder_once(world: World, database_url: str, tmp_path: Path) -> None:
    commune = world.commune("Đại Xuyên", kits=8)
    for kit in world.kits(commune):
        for slot in ("trua", "toi"):
            world.booking(kit, world.household(commune), DAY, slot, status=Status.APPROVED, asked_at=NOW)
    command = ("worker", "--once", "--as-of", DAY_BEFORE.isoformat())
    with ExitStack() as stack:
        workers = [stack.enter_context(started(tmp_path, *command, DATABASE_URL=database_url)) for _ in range(2)]
        assert [worker.wait() for worker in workers] == [0, 0]
    codes = sorted(booking.code for booking in world.all(Booking))
    assert len(sent(tmp_path)) == len(codes) == 16
    assert all(any(code in text["body"] for text in sent(tmp_path)) for code in codes)

    assert run(tmp_path, *command, DATABASE_URL=database_url).process.returncode == 0
    assert len(sent(tmp_path)) == 16, "a third run finds nothing to do"


@pytest.mark.parametrize("can_be_asked", [True, False], ids=["asked", "deaf"])
def test_a_text_whose_worker_was_killed_is_asked_for_and_never_sent_twice(
    app: Flask,
    world: World,
    commune: Commune,
    booking: Booking,
    twilio: Twilio,
    database_url: str,
    tmp_path: Path,
    can_be_asked: bool,
) -> None:
    world.do(approve, world.seen(booking), world.clerk(commune).id, now=NOW)
    world.let_undo_pass()
    twilio.mood_of = lambda _to, _before: Mood.SILENT
    twilio.may_be_asked = lambda _to: can_be_asked
    settings = twilio.settings | {"DATABASE_URL": database_url}
    with started(tmp_path, "worker", "--as-of", NOW.isoformat(), **settings) as worker:
        wait_until(lambda: twilio.ledger)
        worker.end(signal.SIGKILL)
    assert states(world) == [MessageState.SENDING]

    run(tmp_path, "worker", "--once", "--as-of", NOW.isoformat(), **settings)
    assert states(world) == [MessageState.SENDING], "its lease still runs"
    for hours in range(3):
        as_of = (AFTER_THE_LEASE + timedelta(hours=hours)).isoformat()
        run(tmp_path, "worker", "--once", "--as-of", as_of, **settings)
    assert states(world) == [MessageState.ACCEPTED if can_be_asked else MessageState.UNKNOWN]
    assert len(twilio.ledger) == 1

    clerk = app.test_client()
    sign_in(clerk, world.clerk(commune))
    to_phone = clerk.get("/staff").text.partition('id="phone"')[2]
    assert (booking.code in to_phone) != can_be_asked


def test_a_worker_told_to_stop_finishes_the_text_it_is_sending(
    world: World, twilio: Twilio, database_url: str, tmp_path: Path
) -> None:
    for number in range(3):
        world.do(send_code, f"+8491234567{number}", "10.0.0.1", now=NOW)
    twilio.mood_of, twilio.patience = lambda _to, _before: Mood.SLOW, 1.5
    settings = twilio.settings | {"DATABASE_URL": database_url}
    with started(tmp_path, "worker", "--as-of", NOW.isoformat(), **settings) as worker:
        wait_until(lambda: twilio.ledger)
        worker.process.send_signal(signal.SIGTERM)
        assert worker.wait() == 0
        assert "Traceback" not in worker.errors
    assert states(world) == [MessageState.ACCEPTED, MessageState.QUEUED, MessageState.QUEUED]
    assert len(twilio.ledger) == 1


def test_from_a_demo_nothing_reaches_twilio_whatever_keys_are_set(
    world: World, twilio: Twilio, database_url: str, tmp_path: Path
) -> None:
    world.add(Mark(name="demo", at=NOW))
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    command = ("worker", "--once", "--as-of", NOW.isoformat())
    run(tmp_path, *command, DATABASE_URL=database_url, **twilio.settings)
    assert [text["to"] for text in sent(tmp_path)] == [PHONE]
    assert states(world) == [MessageState.ACCEPTED]
    assert twilio.requests == []


def test_without_a_demo_the_same_text_does_reach_twilio(
    world: World, twilio: Twilio, database_url: str, tmp_path: Path
) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    run(tmp_path, "worker", "--once", "--as-of", NOW.isoformat(), DATABASE_URL=database_url, **twilio.settings)
    assert len(twilio.ledger) == 1
    assert [message.provider_id for message in world.all(Message)] == [twilio.ledger[0].sid]


def test_an_unreachable_twilio_is_tried_again_later_and_loses_nothing(
    world: World, twilio: Twilio, database_url: str, tmp_path: Path
) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    settings = twilio.settings | {"DATABASE_URL": database_url}
    nobody = settings | {"TWILIO_API_BASE": f"http://127.0.0.1:{free_port()}"}
    run(tmp_path, "worker", "--once", "--as-of", NOW.isoformat(), **nobody)
    assert states(world) == [MessageState.QUEUED]
    at_once = run(tmp_path, "worker", "--once", "--as-of", (NOW + timedelta(seconds=29)).isoformat(), **settings)
    assert (twilio.requests, at_once.process.returncode) == ([], 0)
    run(tmp_path, "worker", "--once", "--as-of", (NOW + timedelta(seconds=30)).isoformat(), **settings)
    assert states(world) == [MessageState.ACCEPTED]


def test_wrong_keys_stop_the_sender_until_they_are_repaired(
    world: World, twilio: Twilio, database_url: str, tmp_path: Path
) -> None:
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    settings = twilio.settings | {"DATABASE_URL": database_url, "SMS_REPAIR": "60"}
    wrong = settings | {"TWILIO_AUTH_TOKEN": "mistyped"}
    run(tmp_path, "worker", "--once", "--as-of", NOW.isoformat(), **wrong)
    assert states(world) == [MessageState.QUEUED]
    run(tmp_path, "worker", "--once", "--as-of", (NOW + timedelta(seconds=60)).isoformat(), **settings)
    assert states(world) == [MessageState.ACCEPTED]
