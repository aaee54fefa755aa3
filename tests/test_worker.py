"""The worker as a process: two at once, killed in the middle, told to stop, and in a demo."""

import json
import signal
import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from kit_booking.clock import utc_now
from kit_booking.domain.delivery import Timing
from kit_booking.domain.local_time import local_day
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Commune, Mark, Message, MessageState
from kit_booking.services.booking import approve
from kit_booking.services.sign_in import send_code
from tests.builders import World, at, days_ahead, sign_in
from tests.commands import run, started, wait_until

pytestmark = pytest.mark.timeout(120)

PHONE = "+84912345678"
TODAY = local_day(utc_now())
NOW = at(TODAY, "12:00")
"""Near the real time, which the pages go by; and not in the quiet hours."""
DAY = days_ahead(4, NOW)
DAY_BEFORE = at(days_ahead(3, NOW), "18:00")
AFTER_THE_LEASE = NOW + Timing().lease + timedelta(seconds=1)


class SlowTwilio(socketserver.ThreadingTCPServer):
    """Takes every request and says nothing until it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SlowAnswer)
        self.requests = 0
        self.may_answer = threading.Event()

    @property
    def settings(self) -> dict[str, str]:
        return {
            "SMS_BACKEND": "twilio",
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": "a token",
            "TWILIO_SENDER": "LIVEPX",
            "TWILIO_API_BASE": f"http://127.0.0.1:{self.server_address[1]}",
        }


class SlowAnswer(socketserver.StreamRequestHandler):
    server: SlowTwilio

    def handle(self) -> None:
        self.rfile.readline()
        self.server.requests += 1
        if self.server.may_answer.wait(60):
            body = b'{"sid": "SM123", "status": "queued"}'
            self.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


@pytest.fixture
def twilio() -> Iterator[SlowTwilio]:
    with SlowTwilio() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        yield server
        server.may_answer.set()
        server.shutdown()


@pytest.fixture
def world(app: Flask) -> World:
    return World(app)


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


@pytest.fixture
def booking(world: World, commune: Commune) -> Booking:
    """Asked for; the household waits for an answer."""
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


def test_a_text_whose_worker_was_killed_is_never_sent_again_but_phoned(
    app: Flask,
    world: World,
    commune: Commune,
    booking: Booking,
    twilio: SlowTwilio,
    database_url: str,
    tmp_path: Path,
) -> None:
    world.do(approve, booking.code, world.clerk(commune).id, now=NOW)
    settings = twilio.settings | {"DATABASE_URL": database_url}
    with started(tmp_path, "worker", "--as-of", NOW.isoformat(), **settings) as worker:
        wait_until(lambda: twilio.requests)
        worker.end(signal.SIGKILL)
    assert states(world) == [MessageState.SENDING]

    run(tmp_path, "worker", "--once", "--as-of", NOW.isoformat(), **settings)
    assert states(world) == [MessageState.SENDING], "its lease still runs"
    run(tmp_path, "worker", "--once", "--as-of", AFTER_THE_LEASE.isoformat(), **settings)
    assert states(world) == [MessageState.UNKNOWN]
    run(tmp_path, "worker", "--once", "--as-of", (AFTER_THE_LEASE + timedelta(hours=3)).isoformat(), **settings)
    assert twilio.requests == 1

    clerk = app.test_client()
    sign_in(clerk, world.clerk(commune))
    to_phone = clerk.get("/staff").text.partition('id="phone"')[2]
    assert booking.code in to_phone


def test_a_worker_told_to_stop_finishes_the_text_it_is_sending(
    world: World, twilio: SlowTwilio, database_url: str, tmp_path: Path
) -> None:
    for number in range(3):
        world.do(send_code, f"+8491234567{number}", "10.0.0.1", now=NOW)
    settings = twilio.settings | {"DATABASE_URL": database_url}
    with started(tmp_path, "worker", "--as-of", NOW.isoformat(), **settings) as worker:
        wait_until(lambda: twilio.requests)
        worker.process.send_signal(signal.SIGTERM)
        twilio.may_answer.set()
        assert worker.wait() == 0
        assert "Traceback" not in worker.errors
    assert states(world) == [MessageState.ACCEPTED, MessageState.QUEUED, MessageState.QUEUED]
    assert twilio.requests == 1


def test_from_a_demo_nothing_reaches_twilio_whatever_keys_are_set(
    world: World, twilio: SlowTwilio, database_url: str, tmp_path: Path
) -> None:
    twilio.may_answer.set()
    world.add(Mark(name="demo", at=NOW))
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    command = ("worker", "--once", "--as-of", NOW.isoformat())
    run(tmp_path, *command, DATABASE_URL=database_url, **twilio.settings)
    assert [text["to"] for text in sent(tmp_path)] == [PHONE]
    assert states(world) == [MessageState.ACCEPTED]
    assert twilio.requests == 0


def test_without_a_demo_the_same_text_does_reach_twilio(
    world: World, twilio: SlowTwilio, database_url: str, tmp_path: Path
) -> None:
    twilio.may_answer.set()
    world.do(send_code, PHONE, "10.0.0.1", now=NOW)
    run(tmp_path, "worker", "--once", "--as-of", NOW.isoformat(), DATABASE_URL=database_url, **twilio.settings)
    assert twilio.requests == 1
    assert [message.provider_id for message in world.all(Message)] == ["SM123"]
