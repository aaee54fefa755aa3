"""Fixtures for all tests: a migrated database of either kind, the app on it, and golden files.

The fixtures import what they need themselves, so that the tests of the rules run without Flask and SQLAlchemy.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests import times

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from kit_booking.config import Settings
    from tests.support.builders import World
    from tests.support.databases import Postgresql, Sqlite
    from tests.support.fakes import FakeSms
    from tests.support.town import Town

GOLDEN = Path(__file__).parent / "golden"
PAGES = Path(__file__).parent / "web"

hypothesis.settings.register_profile("patient", deadline=None)  # A slow machine is no error.
hypothesis.settings.load_profile("patient")

times.set_clock(times.START)  # For what fixtures of a whole run make.


def pytest_collection_finish() -> None:
    """Keep the garbage collector off what was imported, which takes a tenth of the run otherwise."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _each_test_begins_at_the_same_time() -> Iterator[None]:
    times.set_clock(times.START)
    yield
    times.set_clock(times.START)


@pytest.fixture(scope="session")
def memory_folder() -> Iterator[Path]:
    from tests.support import databases

    with databases.memory_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def sqlite(memory_folder: Path) -> Sqlite:
    from tests.support.databases import Sqlite

    return Sqlite(memory_folder)


@pytest.fixture(scope="session")
def postgresql(memory_folder: Path) -> Iterator[Postgresql]:
    from tests.support import databases

    with databases.postgresql_server(memory_folder) as url:
        server = databases.Postgresql(url)
        yield server
        server.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the databases of a test: both for locks, constraints, SQL and time zones, and for everything in CI.

    What is only about pages and their words runs on SQLite on the machine of whoever changes them.
    """
    for fixture in {"database_url", "empty_database_url"} & set(metafunc.fixturenames):
        from tests.support.databases import on_both, on_both_in_ci

        default = on_both_in_ci if PAGES in metafunc.definition.path.parents else on_both
        mark = metafunc.definition.get_closest_marker("databases") or default.mark
        metafunc.parametrize(fixture, mark.args, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with every table and no row."""
    with request.getfixturevalue(request.param).migrated() as url:
        yield url


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without a table, for tests of the migrations."""
    with request.getfixturevalue(request.param).empty() as url:
        yield url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    from kit_booking.config import Settings

    return Settings(
        secret_key="only for tests, and long enough",
        database_url=database_url,
        sms_file=tmp_path / "sms.jsonl",
        public_base_url="http://localhost",
    )


@pytest.fixture
def sms() -> FakeSms:
    from tests.support.fakes import FakeSms

    return FakeSms()


@pytest.fixture
def app(settings: Settings, sms: FakeSms) -> Iterator[Flask]:
    """The app, without a context: Flask-Login keeps the user in it, and two clients would be one person."""
    from kit_booking.database import db
    from tests.support.apps import make_app

    app = make_app(settings, sms)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """One person's browser; `app.test_client()` makes another's."""
    return app.test_client()


@pytest.fixture
def world(app: Flask) -> World:
    """Whoever and whatever the app's database holds: nobody and nothing yet."""
    from tests.support.builders import World

    return World(app)


@pytest.fixture
def town(app: Flask) -> Town:
    """Two communes with their people, for tests that look through browsers."""
    from tests.support.town import Town

    return Town(app)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """`golden("sms/approved.txt", text)` compares with tests/golden; UPDATE_GOLDEN=1 writes it instead."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())  # Bytes keep the line ends of feeds.
        assert text == file.read_bytes().decode(), f"{name} changed; if it should: UPDATE_GOLDEN=1 make test"

    return compare


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return _failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return _failed_if_skipped((yield))


def _failed_if_skipped(report: Any) -> Any:
    """In CI nothing may be skipped: there, whatever a test needs is installed beforehand."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr[2]}"
    return report
