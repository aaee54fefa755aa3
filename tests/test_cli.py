"""The commands as processes: serve from nothing to its end, the demo, and staff accounts."""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from time import monotonic
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from flask import Flask
from sqlalchemy import text

from kit_booking.clock import utc_now
from kit_booking.database import db
from kit_booking.models import Commune, Role, Staff, StaffRole
from kit_booking.services.sign_in.sign_in import check_password
from tests.support.builders import World
from tests.support.commands import Command, free_port, is_running, run, started, wait_until
from tests.support.databases import Postgresql

pytestmark = pytest.mark.timeout(120)

PHONE = "0912 345 678"
SOON = 5.0
"""Seconds within which everything has ended."""


class Browser:
    """Somebody who looks at the served pages."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str, **form: str) -> tuple[int, str]:
        """Status and text; with a form, what answers when it is sent."""
        data = urlencode(form).encode() if form else None
        try:
            with self.opener.open(self.base + path, data, timeout=20) as response:
                return response.status, response.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (URLError, HTTPException, OSError):
            return 0, "nobody there"


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[tuple[Command, Browser]]:
    """A server with its worker, ready."""
    settings = {"PORT": str(free_port()), "DATABASE_URL": f"sqlite:///{folder}/kits.db"} | settings
    with started(folder, "serve", **settings) as server:
        browser = Browser(int(settings["PORT"]))
        wait_until(lambda: browser.get("/readyz")[0] == 200 or server.process.poll() is not None)
        assert server.process.poll() is None, server.errors
        yield server, browser


def workers_of(server: Command) -> list[int]:
    """The process ids of the workers beside the server."""
    children = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    return [int(pid) for file in children for pid in file.read_text().split()]


def worker_of(server: Command) -> int:
    [worker] = workers_of(server)
    return worker


def ask_for_a_code(browser: Browser) -> str:
    _, page = browser.get("/sign-in")
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    assert token
    return browser.get("/sign-in", csrf_token=token[1], phone=PHONE)[1]


def free_slots(browser: Browser) -> list[str]:
    return re.findall(r'href="(/kits/[^"]+)"', browser.get("/communes/phuong-duc")[1])


def codes(folder: Path) -> list[dict[str, str]]:
    """The login codes that went to the file that stands for the phones."""
    file = folder / "sms.jsonl"
    texts = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [text for text in texts if text["kind"] == "login_code"]


def test_serve_brings_pages_and_worker_up_from_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, DEMO="1") as (server, browser):
        assert "Phượng Dực" in browser.get("/")[1]
        assert browser.get("/healthz")[0] == 200
        assert "canbo.phuongduc" in server.output
        ask_for_a_code(browser)
        wait_until(lambda: codes(tmp_path))
        assert [code["to"] for code in codes(tmp_path)] == ["+84912345678"]
        assert server.errors == ""


def test_serve_does_the_same_on_postgresql(postgresql: Postgresql, tmp_path: Path) -> None:
    with postgresql.empty() as url, serving(tmp_path, DEMO="1", DATABASE_URL=url) as (_, browser):
        assert "Phượng Dực" in browser.get("/")[1]
        ask_for_a_code(browser)
        wait_until(lambda: codes(tmp_path))


@pytest.mark.parametrize(
    "how", [Command.press_ctrl_c, lambda server: server.end(signal.SIGTERM)], ids=["ctrl-c", "term"]
)
def test_ctrl_c_and_sigterm_end_pages_and_worker_at_once(how: Callable[[Command], int], tmp_path: Path) -> None:
    with serving(tmp_path) as (server, _):
        worker = worker_of(server)
        began = monotonic()
        assert how(server) == 0
        assert monotonic() - began < SOON
        assert not is_running(worker)
        assert server.errors == ""


def test_ctrl_c_while_everything_is_still_starting_leaves_no_trace_back(tmp_path: Path) -> None:
    with started(tmp_path, "serve", PORT=str(free_port()), DATABASE_URL=f"sqlite:///{tmp_path}/kits.db") as server:
        wait_until(lambda: "http://" in server.output)  # The worker is still being loaded.
        assert server.press_ctrl_c() == 0
        assert server.errors == ""


def test_a_second_start_takes_up_where_the_first_was(tmp_path: Path) -> None:
    with serving(tmp_path, DEMO="1") as (server, browser):
        before = free_slots(browser)
        assert before
        server.end(signal.SIGTERM)
    with serving(tmp_path, DEMO="1") as (server, browser):
        assert free_slots(browser) == before
        assert "not empty" not in server.errors


def test_a_forwarder_that_is_not_trusted_is_named_at_once_and_at_the_next_start(tmp_path: Path) -> None:
    said = "set TRUSTED_PROXY=127.0.0.1"
    with serving(tmp_path) as (server, browser):
        assert browser.get("/privacy")[0] == 200
        assert server.errors == ""
        browser.opener.addheaders = [("X-Forwarded-For", "203.0.113.9")]
        assert browser.get("/privacy")[0] == 200
        wait_until(lambda: said in server.errors)
    with serving(tmp_path) as (server, _):
        assert said in server.errors
    with serving(tmp_path, TRUSTED_PROXY="127.0.0.1") as (server, browser):
        browser.opener.addheaders = [("X-Forwarded-For", "203.0.113.9")]
        assert browser.get("/privacy")[0] == 200
        assert server.errors == ""


def test_a_port_that_is_taken_is_named_in_one_line(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, browser):
        port = browser.base.rpartition(":")[2]
        other = run(tmp_path, "serve", PORT=port, DATABASE_URL=f"sqlite:///{tmp_path}/other.db")
    assert other.process.returncode == 1
    assert other.errors == f"Error: 127.0.0.1:{port}: Address already in use; another PORT may be free\n"


def test_a_database_that_can_t_be_opened_is_named_in_one_line(tmp_path: Path) -> None:
    command = run(tmp_path, "serve", DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/kits.db")
    assert command.process.returncode == 1
    assert command.errors == "Error: the database can't be opened: unable to open database file\n"


def test_a_database_of_a_newer_version_is_named_in_one_line(app: Flask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    result = app.test_cli_runner().invoke(args=["after-restore"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: the database is of a newer version of this program")
    result = app.test_cli_runner().invoke(args=["doctor"])
    assert "WRONG schema    the tables are of a newer version" in result.output


def test_a_killed_worker_is_started_again(tmp_path: Path) -> None:
    with serving(tmp_path, DEMO="1") as (server, browser):
        killed = worker_of(server)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: not is_running(killed))
        ask_for_a_code(browser)
        wait_until(lambda: codes(tmp_path))
        assert worker_of(server) != killed


def test_the_worker_of_a_killed_server_ends_by_itself(tmp_path: Path) -> None:
    with serving(tmp_path) as (server, _):
        worker = worker_of(server)
        server.end(signal.SIGKILL)
        wait_until(lambda: not is_running(worker))


def test_so_does_one_that_was_still_starting(tmp_path: Path) -> None:
    settings = {"PORT": str(free_port()), "DATABASE_URL": f"sqlite:///{tmp_path}/kits.db"}
    with started(tmp_path, "serve", **settings) as server:
        wait_until(lambda: "http://" in server.output and workers_of(server))
        [worker] = workers_of(server)
        server.end(signal.SIGKILL)
        wait_until(lambda: not is_running(worker))


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    command = run(tmp_path, "worker", "--once", "--as-of", "tomorrow")
    assert command.process.returncode == 2
    assert command.errors.endswith("Error: Invalid value for --as-of: an ISO time, such as 2026-12-04T18:00+07:00\n")
    assert "Traceback" not in command.errors


def test_the_demo_command_fills_an_empty_database_only(app: Flask) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["demo"]).output == "The demo is in the database.\n"
    again = runner.invoke(args=["demo"])
    assert again.exit_code == 1
    assert again.stderr == "Error: the database is not empty; the demo needs an empty one\n"


STAFF = {"--name": "Đỗ Thị Mai", "--role": "clerk", "--commune": "phuong-duc", "--password": "đay sông Hồng"}


def add_staff(app: Flask, username: str = "mai", **options: str) -> tuple[int, str]:
    """Exit code and last line; an option that is empty is left out."""
    given = STAFF | {f"--{name}": value for name, value in options.items()}
    arguments = [part for option in given.items() if option[1] for part in option]
    result = app.test_cli_runner().invoke(args=["staff", "add", username, *arguments])
    return result.exit_code, result.output.splitlines()[-1]


@pytest.fixture
def world(app: Flask) -> World:
    return World(app)


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune(has_clerk=False)


def test_an_account_that_was_added_can_sign_in(app: Flask, world: World, commune: Commune) -> None:
    assert add_staff(app, "Mai", mobile="0912 345 678") == (0, "mai can sign in at /staff.")
    [member] = world.all(Staff)
    assert (member.name, member.mobile) == ("Đỗ Thị Mai", "+84912345678")
    [role] = world.all(StaffRole)
    assert (role.role, role.commune_id) == (Role.CLERK, commune.id)
    assert isinstance(world.do(check_password, "mai", STAFF["--password"], "10.0.0.1", now=utc_now()), Staff)


def test_the_first_operator_has_no_commune(app: Flask, world: World) -> None:
    assert add_staff(app, role="operator", commune="")[0] == 0
    [role] = world.all(StaffRole)
    assert (role.role, role.commune_id) == (Role.OPERATOR, None)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"username": " "}, "USERNAME"),
        ({"username": "hai chữ"}, "USERNAME"),
        ({"name": " "}, "--name"),
        ({"role": "boss"}, "--role"),
        ({"commune": "nowhere"}, "there is no commune nowhere"),
        ({"commune": ""}, "needs a commune"),
        ({"role": "operator"}, "an operator has none"),
        ({"password": "short"}, "at least 8 characters"),
        ({"mobile": "024 3385 4100"}, "no Vietnamese mobile number"),
        ({"username": "taken"}, "taken"),
    ],
    ids=lambda value: str(value),
)
def test_an_account_that_can_t_be_is_refused_with_the_reason(
    app: Flask, world: World, commune: Commune, options: dict[str, str], complaint: str
) -> None:
    world.staff(commune, username="taken")
    code, line = add_staff(app, **options)
    assert code in (1, 2)
    assert complaint in line
    assert len(world.all(Staff)) == 1
