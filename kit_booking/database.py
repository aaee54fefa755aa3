"""The database: the base of all tables, instants, and the one place that commits."""

import functools
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.model import camel_to_snake_case
from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Executable,
    Index,
    MetaData,
    Row,
    Select,
    TypeDecorator,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, declared_attr, registry

from kit_booking.config import Settings

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 5
"""How often PostgreSQL may end a transaction for a deadlock or a serialisation failure before it counts."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, always in UTC; a naive one is a mistake and refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return _stored if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _in_utc(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return _instant_of if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    registry = registry(
        type_annotation_map={datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON},
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
    )

    @declared_attr.directive
    def __tablename__(cls) -> str:
        """``staff_role`` for ``StaffRole``."""
        return camel_to_snake_case(cls.__name__)


db = SQLAlchemy(model_class=Base)


def enum_text(members: type[StrEnum], length: int, check: str | None = None) -> Enum:
    """The type of a column that stores members of the enumeration as their text; rows hold the members.

    ``check`` is the name of a CHECK that nothing else is stored.
    """
    return Enum(
        members,
        native_enum=False,
        length=length,
        name=check,
        create_constraint=check is not None,
        values_callable=lambda all_of: [member.value for member in all_of],
    )


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows that meet the condition; both databases write it alike."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return instant.astimezone(UTC)


@functools.lru_cache(maxsize=8192)
def _stored(instant: datetime | None) -> str | None:
    """An instant as SQLite stores it; cached, because a page binds the same few instants many times."""
    return None if instant is None else _in_utc(instant).replace(tzinfo=None).isoformat(" ", "microseconds")


@functools.lru_cache(maxsize=8192)
def _instant_of(stored: str | None) -> datetime | None:
    """The instant that SQLite stored; cached, because the slots of all kits share few begins and ends."""
    return datetime.fromisoformat(stored).replace(tzinfo=UTC) if stored else None


@event.listens_for(Engine, "do_connect")
def _make_file(dialect: Dialect, _record: Any, arguments: Sequence[Any], _options: Any) -> None:
    """A new SQLite file is its owner's only; what SQLite puts beside it gets the same rights."""
    if dialect.name == "sqlite" and arguments and not arguments[0].startswith((":memory:", "file:")):
        with suppress(OSError):  # SQLite says better what is wrong with the place.
            os.close(os.open(arguments[0], os.O_WRONLY | os.O_CREAT, 0o600))


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # No implicit BEGIN by the driver; `transaction` begins.
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # What people were promised survives a power cut.
            "wal_autocheckpoint=4000",  # Pages. Whoever comes when it is full waits: one in 150, not in 40.
            "foreign_keys=ON",
            "busy_timeout=15000",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")


class Rollback(Exception):
    """Raised in a transaction: roll back, and return `result` to the caller."""

    def __init__(self, result: Any) -> None:
        self.result = result


class TryAgain(Exception):
    """Raised in a transaction: roll back, and run the function once more."""


_writer_lock = threading.Lock()
"""SQLite has one writer. Threads of this process queue here; SQLite's own waiting can starve one for seconds."""

_inside: ContextVar[bool] = ContextVar("inside_transaction", default=False)


def transaction(use_case: Callable[Concatenate[Session, P], T]) -> Callable[P, T]:
    """Make a function one transaction: it is given a session, and is committed when it returns.

    The only commit of the project. A read transaction that the page left open is ended first, and no transaction
    runs inside another. After ``TryAgain``, or a deadlock or serialisation failure of PostgreSQL, the function is run
    again, up to `TRIES` times in all. ``Rollback`` undoes everything and returns its result.
    """

    @functools.wraps(use_case)
    def committed(*args: P.args, **kwargs: P.kwargs) -> T:
        if _inside.get():
            raise RuntimeError("a transaction inside a transaction")
        if db.session.registry.has():
            db.session.rollback()
        token = _inside.set(True)
        try:
            for tries_left in reversed(range(TRIES)):
                try:
                    with _session() as session:
                        result = use_case(session, *args, **kwargs)
                        session.flush()
                    return result
                except Rollback as rollback:
                    return cast(T, rollback.result)
                except (TryAgain, OperationalError) as error:
                    if not (tries_left and _is_passing(error)):
                        raise
            raise AssertionError("unreachable")
        finally:
            _inside.reset(token)

    return committed


@contextmanager
def _session() -> Iterator[Session]:
    """A session on one connection, committed at the end."""
    engine, is_sqlite = db.engine, db.engine.dialect.name == "sqlite"
    info = {"settings": app_settings()}
    with (
        _writer_lock if is_sqlite else nullcontext(),
        engine.begin() as connection,
        Session(connection, expire_on_commit=False, info=info) as session,
    ):
        if is_sqlite:
            # A deferred BEGIN that reads first and then writes fails at once with "database is locked".
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield session


def is_in_transaction(session: Session) -> bool:
    """Whether this is the session of a running `transaction`, in which rows can be locked."""
    return "settings" in session.info


def app_settings() -> Settings:
    """The settings of the application that runs this."""
    return cast(Settings, current_app.extensions["settings"])


def settings_of(session: Session) -> Settings:
    """The settings of the application that runs this transaction."""
    return cast(Settings, session.info["settings"])


def _is_passing(error: TryAgain | OperationalError) -> bool:
    """Also PostgreSQL's serialization_failure and deadlock_detected (Appendix A of its manual)."""
    return isinstance(error, TryAgain) or getattr(error.orig, "sqlstate", None) in ("40001", "40P01")


def upsert(table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT; both databases write it alike."""
    return sqlite.insert(table) if db.engine.dialect.name == "sqlite" else postgresql.insert(table)


_kept = threading.local()
"""Each thread's connection for `read` and `load`, and the engine that it belongs to."""


def seen_text(row: Any, **values: Any) -> str:
    """What a page shows of a row, as JSON for a hidden field of the forms that act on it."""
    return json.dumps({"of": f"{row.__tablename__} {row.id}", **values}, ensure_ascii=False)


def read(statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
    """The rows of one SELECT that needs no transaction around it; each row has its columns by name."""
    return _on_read_connection(lambda connection: connection.execute(statement, values or {}).all())


def load(statement: Select[tuple[T]], values: Mapping[str, Any] | None = None) -> list[T]:
    """The objects of one SELECT of a mapped class, with the relationships that its options load.

    They belong to no session, so that a transaction that comes after does not expire them; what the statement
    left out can't be loaded later, and raises.
    """

    def objects(connection: Connection) -> list[T]:
        with Session(connection) as session:
            return list(session.scalars(statement, values).unique())

    return _on_read_connection(objects)


def _on_read_connection(fetch: Callable[[Connection], T]) -> T:
    """What is fetched on this thread's AUTOCOMMIT connection; once more on a new one if the server has ended it."""
    try:
        return fetch(_read_connection())
    except DBAPIError as error:
        _drop_read_connection()
        if not error.connection_invalidated:
            raise
    return fetch(_read_connection())


def _read_connection() -> Connection:
    engine = db.engine
    if getattr(_kept, "engine", None) is not engine:
        _drop_read_connection()
        _kept.connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        _kept.engine = engine
    return cast(Connection, _kept.connection)


def _drop_read_connection() -> None:
    if connection := _kept.__dict__.pop("connection", None):
        connection.close()
    _kept.engine = None
