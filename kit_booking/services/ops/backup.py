"""Copying the whole SQLite database into one file while it is in use, and restoring it."""

import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from kit_booking.database import db


class NoBackup(Exception):
    """The backup or restore failed; the message says why, and what to do instead."""


def back_up(target: Path) -> None:
    """A copy as of one moment, readable by its owner only. Raises ``NoBackup``."""
    source = _sqlite_file("pg_dump --format=custom --file={file} {url}", target)
    if target.exists():
        raise NoBackup(f"{target} exists already; give another name")
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise NoBackup(f"{target} can't be written: {error.strerror}") from None
    try:
        with closing(sqlite3.connect(source)) as own, closing(sqlite3.connect(target)) as copy:
            own.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # One file, without a log beside it.
            _check(copy, target)
    except (sqlite3.Error, NoBackup):
        target.unlink()
        raise


def restore(source: Path) -> None:
    """Put a backup in the place of the database, in one step. Raises ``NoBackup``; then nothing was changed."""
    by_hand = "pg_restore --clean --if-exists --dbname={url} {file} && flask --app wsgi after-restore"
    target = _sqlite_file(by_hand, source)
    if not source.is_file():
        raise NoBackup(f"there is no file {source}")
    db.session.remove()
    db.engine.dispose()
    try:
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as copy:
            _check(copy, source)
            with closing(sqlite3.connect(target, timeout=15)) as own:
                copy.backup(own)
    except sqlite3.Error as error:
        raise NoBackup(f"{source} can't be restored: {error}") from None


def _sqlite_file(instead: str, file: Path) -> str:
    url = db.engine.url
    if db.engine.dialect.name == "sqlite" and url.database:
        return url.database
    masked = url.set(drivername="postgresql").render_as_string(hide_password=True)
    command = instead.format(file=shlex.quote(str(file)), url=shlex.quote(masked))
    raise NoBackup(f"this database is PostgreSQL, whose own tools do it: {command}")


def _check(copy: sqlite3.Connection, file: Path) -> None:
    """Raises ``NoBackup`` unless the file is a sound database with our tables."""
    try:
        [(answer,)] = copy.execute("PRAGMA quick_check(1)").fetchall()
        own_tables = copy.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('alembic_version', 'hold')")
        is_whole = answer == "ok" and own_tables.fetchone() == (2,)
    except sqlite3.DatabaseError:
        is_whole = False
    if not is_whole:
        raise NoBackup(f"{file} is no sound backup of this program")
