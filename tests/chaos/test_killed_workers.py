"""Three workers send through a Twilio that loses answers, and are killed at random: its ledger tells the truth.

Every text that was true in its time is there exactly once, or is known to be unknown; none is lost, none knowingly
sent twice, and none about a booking goes out after it was cancelled. `make chaos` does it twenty times as large.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert

from kit_booking.clock import utc_now
from kit_booking.config import Settings
from kit_booking.database import db
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.delivery import WENT_OUT, Timing
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import Booking, Commune, Household, Message, MessageState, Staff
from kit_booking.services.booking.answers import cancel
from kit_booking.services.sign_in.sign_in import send_code
from tests.support.builders import World
from tests.support.server import serving
from tests.support.twilio import TOKEN, Ending, Mood, Taken, Twilio, dice, running
from tests.times import AHEAD

MESSAGES = int(os.environ.get("CHAOS_MESSAGES", "500"))
KILLS = int(os.environ.get("CHAOS_KILLS", "10"))
SEED = int(os.environ.get("CHAOS_SEED", "7"))
WORKERS = 3
CODES, CANCELLED = MESSAGES // 20, MESSAGES // 10
BOOKINGS = MESSAGES - CODES - CANCELLED
ROOT = Path(__file__).parents[2]
SHORT = {"SMS_TIMEOUT": "0.5", "SMS_LEASE": "4", "SMS_ASK_AFTER": "1", "SMS_RETRY_AFTER": "2", "SMS_REPAIR": "1"}
MOODS = {
    Mood.GOOD: 80, Mood.SLOW: 2, Mood.SILENT: 2, Mood.BUSY: 1, Mood.BROKEN_AFTER: 5, Mood.BROKEN_BEFORE: 5,
    Mood.CUT_AFTER: 3, Mood.CUT_BEFORE: 2,
}  # fmt: skip
ENDINGS = (
    None,
    None,
    Ending(),
    Ending(("delivered", "sent", "queued")),
    Ending(("sent", "sent", "delivered", "delivered")),
    Ending(("sent", "undelivered"), "30007"),
    Ending(("undelivered", "sent"), "30003"),
)

pytestmark = [pytest.mark.timeout(120 + MESSAGES // 4), pytest.mark.xdist_group("chaos")]


def nth(phone: str) -> int:
    return int(phone[-6:])


def can_be_asked(phone: str) -> bool:
    return nth(phone) % 20 != 0


def ending(phone: str, before: int) -> Ending | None:
    found = ENDINGS[nth(phone) % len(ENDINGS)]
    return Ending() if before and found and found.error_code == "30003" else found


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with running() as server:
        server.mood_of, server.ending_of, server.may_be_asked = dice(SEED, MOODS), ending, can_be_asked
        yield server


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


@pytest.fixture
def settings(settings: Settings, listener: socket.socket, twilio: Twilio) -> Settings:
    """The pages that get Twilio's reports, and the account that signs these."""
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    timing = Timing(retry_after=timedelta(seconds=float(SHORT["SMS_RETRY_AFTER"])))
    return replace(settings, public_base_url=base, twilio_auth_token=TOKEN, sms_timing=timing)


class Workers:
    """Three of them; whoever is killed is replaced."""

    def __init__(self, program: "subprocess.Popen[str]", chance: random.Random) -> None:
        self.program, self.chance = program, chance
        self.pids = [self._start() for _ in range(WORKERS)]

    def _start(self) -> int:
        assert self.program.stdin
        assert self.program.stdout
        self.program.stdin.write("\n")
        self.program.stdin.flush()
        return int(self.program.stdout.readline())

    def kill_one(self) -> None:
        victim = self.chance.randrange(WORKERS)
        time.sleep(self.chance.random() * 0.03)
        os.kill(self.pids[victim], signal.SIGKILL)
        self.pids[victim] = self._start()


@contextmanager
def workers(environment: dict[str, str], errors: Path, chance: random.Random) -> Iterator[Workers]:
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", AHEAD) if name in os.environ}
    with (
        errors.open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.workers"],
            cwd=ROOT,
            env=plain | environment | {"NO_PROXY": "*"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as program,
    ):
        try:
            yield Workers(program, chance)
        finally:
            program.kill()


@dataclass
class Office:
    """The bookings whose households are told, and when which was cancelled."""

    world: World
    commune: Commune
    clerk: Staff
    codes: list[str]
    cancelled_at: dict[str, float] = field(default_factory=dict)

    def cancel_one(self, chance: random.Random) -> None:
        code = chance.choice([code for code in self.codes if code not in self.cancelled_at])
        assert self.world.do(cancel, self.world.seen(code), self.clerk.id, "Bộ đang sửa", now=utc_now()).is_done
        self.world.let_undo_pass(utc_now())
        self.cancelled_at[code] = utc_now().timestamp()


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    """Approved bookings of households with a number each, all of whom are to be told now; and people who sign in."""
    commune = world.commune(policy={"quiet_from": "00:00", "quiet_until": "00:00"})
    [kit] = world.kits(commune)
    now = utc_now()
    pick_up_at = now + timedelta(days=5)
    sample = world.household(commune)
    template = world.booking(kit, sample, (now + timedelta(days=6)).date(), status=Status.CANCELLED)
    numbers = range(1, BOOKINGS + 1)
    with app.app_context(), db.engine.begin() as rows:
        rows.execute(insert(Household), [copy(sample) | {"phone": f"+84912{n:06}"} for n in numbers])
    ids = {household.phone: household.id for household in world.all(Household)}
    slot = {"status": Status.APPROVED, "pick_up_at": pick_up_at, "from_at": pick_up_at}
    slot |= {"until_at": pick_up_at + timedelta(hours=3), "return_at": pick_up_at + timedelta(hours=14)}
    with app.app_context(), db.engine.begin() as rows:
        rows.execute(
            insert(Booking),
            [copy(template) | slot | {"household_id": ids[f"+84912{n:06}"], "code": f"PD{n:05}"} for n in numbers],
        )
    bookings = world.all(Booking, status=Status.APPROVED)
    texts = [
        {
            "kind": Kind.APPROVED,
            "commune_id": commune.id,
            "booking_id": booking.id,
            "kit_id": kit.id,
            "pick_up_at": pick_up_at,
            "to": f"+84912{n:06}",
            "body": f"LIVEPX: DA DUYET {booking.code}",
            "created_at": now,
            "due_at": now,
            "useful_until_at": pick_up_at,
        }
        for n, booking in enumerate(bookings, 1)
    ]
    with app.app_context(), db.engine.begin() as rows:
        rows.execute(insert(Message), texts)
    for n in range(CODES):
        world.do(send_code, f"+84913{n:06}", f"10.0.{n // 20}.1", now=utc_now())
    return Office(world, commune, world.clerk(commune), [booking.code for booking in bookings])


def copy(row: Household | Booking) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns if column.name != "id"}


def test_nothing_is_lost_and_nothing_knowingly_sent_twice(
    app: Flask, office: Office, twilio: Twilio, listener: socket.socket, settings: Settings, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    chance = random.Random(SEED)  # noqa: S311 (nothing here is secret)
    environment = twilio.settings | SHORT
    environment |= {"DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key}
    environment |= {"PUBLIC_BASE_URL": settings.public_base_url, "SMS_FILE": str(tmp_path / "sms.jsonl")}
    began = time.monotonic()
    with serving(app, listener), workers(environment, tmp_path / "errors", chance) as running_workers:
        acts: list[Callable[[], None]] = [running_workers.kill_one] * KILLS
        acts += [lambda: office.cancel_one(chance)] * CANCELLED
        chance.shuffle(acts)
        for number, act in enumerate(acts):
            wait_until(lambda number=number: len(twilio.requests) >= number * MESSAGES * 0.8 / len(acts))
            act()
        wait_until(lambda: is_settled(office.world))
        wait_until(lambda: twilio.reports.unfinished_tasks == 0)
        wait_until(lambda: is_settled(office.world))
    took = time.monotonic() - began

    assert "Traceback" not in (tmp_path / "errors").read_text()
    messages = office.world.all(Message)
    assert len(messages) == MESSAGES
    assert set(twilio.answers) <= {204}
    check(office, twilio, messages)
    with capsys.disabled():
        sys.stdout.write(figures(app, twilio, messages, took))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60 + MESSAGES / 5
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def is_settled(world: World) -> bool:
    """Nothing is on its way any more but what never can be asked for; looked at seldom, for looking takes time."""
    time.sleep(0.3)
    return not any(
        message.state in (MessageState.QUEUED, MessageState.SENDING) or (message.ask_at and can_be_asked(message.to))
        for message in world.all(Message)
    )


def check(office: Office, twilio: Twilio, messages: list[Message]) -> None:
    """The ledger against what we believe of every single text."""
    by_text: dict[tuple[str, str], list[Taken]] = {}
    for taken in twilio.ledger:
        is_code = taken.to.startswith("+84913")
        by_text.setdefault((taken.to, "" if is_code else taken.body), []).append(taken)
    codes = {booking.id: booking.code for booking in office.world.all(Booking)}
    for message in messages:
        lines = by_text.pop((message.to, message.body), [])
        what = (message.id, message.kind, message.state, message.tries, message.fault, lines)
        # One that Twilio itself reported as lost was sent once more, and knowingly so, if it was still true.
        reported_lost = ENDINGS[nth(message.to) % len(ENDINGS)] == ENDINGS[-1] and bool(lines)
        assert len(lines) <= 1 + reported_lost, f"sent twice: {what}"
        if message.state in (*WENT_OUT, MessageState.UNDELIVERED):
            assert lines, f"lost: {what}"
            assert message.provider_id == lines[-1].sid, what
            assert message.state != MessageState.SENT, f"all was reported to its end: {what}"
        elif message.state == MessageState.SKIPPED:
            assert len(lines) == reported_lost, f"sent and not known: {what}"
        else:
            assert message.state == MessageState.UNKNOWN, what
            assert message.kind == Kind.LOGIN_CODE or not can_be_asked(message.to), what
        gone_at = office.cancelled_at.get(codes.get(message.booking_id or 0, ""))
        if gone_at and message.kind == Kind.APPROVED and message.tried_at:
            assert message.tried_at.timestamp() <= gone_at, f"sent after it was cancelled: {what}"
    assert not by_text, "Twilio has texts that nobody wrote"


def figures(app: Flask, twilio: Twilio, messages: list[Message], took: float) -> str:
    with app.app_context():
        database = db.engine.dialect.name
    states = Counter(message.state for message in messages)
    moods = Counter(twilio.requests)
    return (
        f"\n{database}: {len(messages)} texts, {KILLS} workers killed, {took:.0f} s; "
        f"the ledger has {len(twilio.ledger)} lines of {len(twilio.requests)} requests, asked {twilio.asked} times\n"
        f"  answers: {', '.join(f'{mood} {number}' for mood, number in sorted(moods.items()))}\n"
        f"  states:  {', '.join(f'{state} {number}' for state, number in sorted(states.items()))}\n"
    )
