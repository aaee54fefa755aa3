"""The database: the base of all tables, instants, and the one place that commits."""

import functools
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, Executable, MetaData, Row, TypeDecorator, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 5
"""How often PostgreSQL may end a transaction for a deadlock or a serialisation failure before it counts."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)


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


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return instant.astimezone(UTC)


@functools.lru_cache(maxsize=8192)
def _stored(instant: datetime | None) -> str | None:
    """An instant as SQLite keeps it; one asks a dozen times for the same few of them."""
    return None if instant is None else _in_utc(instant).replace(tzinfo=None).isoformat(" ", "microseconds")


@functools.lru_cache(maxsize=8192)
def _instant_of(stored: str | None) -> datetime | None:
    """An instant as SQLite keeps it; the slots of all kits begin and end at few of them, so each is read once."""
    return datetime.fromisoformat(stored).replace(tzinfo=UTC) if stored else None


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # The driver keeps its hands off; `_begin` says BEGIN.
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # What people were promised survives a power cut.
            "wal_autocheckpoint=4000",  # Pages. Whoever comes when it is full waits: one in 150, not in 40.
            "foreign_keys=ON",
            "busy_timeout=15000",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")


class TryAgain(Exception):
    """The whole transaction is to be tried once more."""


_turn = threading.Lock()
"""SQLite has one writer. Threads that wait for it here get it in turn; its own waiting is luck, up to seconds."""

_inside: ContextVar[bool] = ContextVar("inside_transaction", default=False)


def transaction(use_case: Callable[Concatenate[Session, P], T]) -> Callable[P, T]:
    """Make a function one transaction: it is given a session, and what it did is committed when it returns.

    The only commit of the project. The read that a page began is ended first, every row is read anew, and
    PostgreSQL's deadlocks and serialisation failures are tried again. Use cases don't call each other.
    """

    @functools.wraps(use_case)
    def committed(*args: P.args, **kwargs: P.kwargs) -> T:
        if _inside.get():
            raise RuntimeError("a transaction inside a transaction")
        if db.session.registry.has():
            db.session.rollback()
        token = _inside.set(True)
        try:
            engine = db.engine
            for tries_left in reversed(range(TRIES)):
                try:
                    with (
                        _turn_of(engine),
                        engine.begin() as connection,
                        Session(connection, expire_on_commit=False) as session,
                    ):
                        if engine.dialect.name == "sqlite":
                            connection.exec_driver_sql("BEGIN IMMEDIATE")  # A deferred one may fail when it writes.
                        result = use_case(session, *args, **kwargs)
                        session.flush()
                        return result
                except TryAgain:
                    if not tries_left:
                        raise
                except OperationalError as error:
                    if not (tries_left and _is_passing(error)):
                        raise
            raise AssertionError("unreachable")
        finally:
            _inside.reset(token)

    return committed


def _turn_of(engine: Engine) -> AbstractContextManager[Any]:
    return _turn if engine.dialect.name == "sqlite" else nullcontext()


def _is_passing(error: OperationalError) -> bool:
    """PostgreSQL's serialization_failure and deadlock_detected (Appendix A of its manual)."""
    return getattr(error.orig, "sqlstate", None) in ("40001", "40P01")


def upsert(table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT; both databases write it alike."""
    return sqlite.insert(table) if db.engine.dialect.name == "sqlite" else postgresql.insert(table)


_kept = threading.local()


def read(statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
    """The rows of one statement that needs no transaction around it: the hot pages' way to read.

    Each thread keeps a connection for it.
    """
    engine = db.engine
    if getattr(_kept, "engine", None) is not engine:
        _kept.engine, _kept.connection = engine, engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        return _kept.connection.execute(statement, values or {}).all()
    except DBAPIError:
        _kept.engine = None  # Whatever is the matter, the next one gets a new connection.
        raise
