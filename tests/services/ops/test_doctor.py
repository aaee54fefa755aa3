"""The doctor: each thing that can be wrong is named in plain words, and the exit code tells machines."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from kit_booking import create_app
from kit_booking.clock import machine_now, utc_now
from kit_booking.config import Settings
from kit_booking.database import db
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import Mark, Message, MessageState, PauseReason, SendingPause, Throttle
from tests.support import twilio as stand_in
from tests.support.builders import World
from tests.support.twilio import ACCOUNT, TOKEN, Twilio
from tests.times import set_clock


def examine(app: Flask) -> tuple[int, str, str]:
    """Exit code, what is wrong, and all that was said."""
    result = app.test_cli_runner().invoke(args=["doctor"])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    wrong = [line for line in result.output.splitlines() if line.startswith("WRONG")]
    return result.exit_code, " ".join(" ".join(wrong).split()), result.output


@pytest.fixture(autouse=True)
def _machine_time() -> None:
    """The doctor compares the clocks of the database and of Twilio, which no test can set."""
    set_clock(machine_now())


@pytest.fixture
def well(app: Flask, world: World) -> Flask:
    """An installation whose worker lives."""
    world.add(Mark(name="worker", at=utc_now()))
    return app


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with stand_in.running() as server:
        yield server


@pytest.fixture
def sending(well: Flask, settings: Settings, twilio: Twilio) -> Settings:
    """As it is set up where texts are really sent."""
    return replace(
        settings,
        sms_backend="twilio",
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=TOKEN,
        twilio_sender="LIVEPX",
        twilio_api_base=f"http://127.0.0.1:{twilio.server_port}",
    )


def message(**columns: object) -> Message:
    now = utc_now()
    times = {"created_at": now, "due_at": now, "useful_until_at": now + timedelta(hours=1)}
    return Message(**{"kind": Kind.APPROVED, "to": "+84912345678", "body": "", **times, **columns})


def test_where_all_is_well_it_says_so(well: Flask) -> None:
    code, wrong, output = examine(well)
    assert (code, wrong) == (0, "")
    for what in ("disk", "keys", "database", "schema", "clock", "worker", "queue", "delivery"):
        assert f"ok    {what}" in output


def test_working_keys_are_tried_and_found_well(sending: Settings) -> None:
    code, _, output = examine(create_app(sending))
    assert code == 0
    assert "Twilio takes them" in output
    assert TOKEN not in output


def test_wrong_keys_are_named_without_showing_them(sending: Settings) -> None:
    code, wrong, output = examine(create_app(replace(sending, twilio_auth_token="mistyped")))
    assert code == 1
    assert "keys Twilio refuses them: HTTP 401 (code 20003). Look at TWILIO_ACCOUNT_SID" in wrong
    assert "mistyped" not in output


def test_a_sender_that_texts_don_t_name_is_found(sending: Settings) -> None:
    code, wrong, _ = examine(create_app(replace(sending, twilio_sender="PHUXUYEN")))
    assert code == 1
    assert "sender texts say LIVEPX, but the sender is PHUXUYEN" in wrong


def test_a_network_without_twilio_is_found(sending: Settings) -> None:
    code, wrong, _ = examine(create_app(replace(sending, twilio_api_base="http://127.0.0.1:9")))
    assert code == 1
    assert "keys Twilio can't be asked: NewConnectionError" in wrong


def test_a_dead_worker_is_found(app: Flask, world: World) -> None:
    assert "worker was never seen" in examine(app)[1]
    world.add(Mark(name="worker", at=utc_now() - timedelta(hours=1)))
    code, wrong, _ = examine(app)
    assert code == 1
    assert "nothing is sent and nothing lapses. Start: flask --app wsgi worker" in wrong


def test_tables_of_another_version_are_found(well: Flask) -> None:
    with well.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    code, wrong, _ = examine(well)
    assert code == 1
    assert "Run: flask --app wsgi db upgrade" in wrong


def test_a_database_that_is_not_there_is_found(settings: Settings, tmp_path: Path) -> None:
    code, wrong, output = examine(create_app(replace(settings, database_url=f"sqlite:///{tmp_path}/nowhere/kits.db")))
    assert code == 1
    assert "database can't be used: unable to open database file" in wrong
    assert "Traceback" not in output


def test_a_clock_that_was_ahead_is_found(well: Flask, world: World) -> None:
    world.add(Mark(name="tidied", at=utc_now() + timedelta(days=365)))
    assert "clock something was written down at" in examine(well)[1]


def test_texts_that_wait_too_long_are_found(well: Flask, world: World) -> None:
    world.add(message(due_at=utc_now() - timedelta(hours=2)))
    assert "queue 1 texts are late, the oldest since" in examine(well)[1]


def test_a_sender_that_was_stopped_is_found_with_its_number(well: Flask, world: World) -> None:
    now = utc_now()
    world.add(SendingPause(reason=PauseReason.SETUP, since_at=now, until_at=now, fault="HTTP 400 (code 21606)"))
    code, wrong, _ = examine(well)
    assert code == 1
    assert "HTTP 400 (code 21606). Look up the number" in wrong


def test_many_texts_that_don_t_arrive_are_found(well: Flask, world: World) -> None:
    now = utc_now()
    world.add(
        *(
            message(settled_at=now, tries=1, state=MessageState.FAILED if n < 5 else MessageState.SENT)
            for n in range(20)
        )
    )
    assert "5 of the 20 texts of two days did not arrive" in examine(well)[1]


def test_codes_that_somebody_asks_for_without_end_are_found(well: Flask, world: World) -> None:
    day = 24 * 3600
    window_at = datetime.fromtimestamp(utc_now().timestamp() // day * day, UTC)
    world.add(Throttle(key="code", window_at=window_at, count=1700))
    assert "codes 1700 login codes were asked for today, of at most 2000." in examine(well)[1]
