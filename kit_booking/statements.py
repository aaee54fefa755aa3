"""Statements that are run most often, made once and, on SQLite, run by the driver itself."""

import functools
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import BindParameter, Connection, Dialect, Engine, Insert, Select, Update, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kit_booking.database import connection_of, db, read


class HotStatement:
    """A statement that is run most often, made once; gives tuples, in no order when there are ``many``.

    SQLite answers most in 5 µs, and SQLAlchemy takes 40 more each time to find that nothing is new about one. So
    there the driver runs it; whoever listens to the engine hears of it as of any other. It has no
    list of values (`in_`), which is written out anew each time, and of the driver's errors only the refusals of a
    constraint come as SQLAlchemy's ``IntegrityError``.
    """

    def __init__(self, statement: Select[Any] | Insert | Update, *, many: bool = False, columns: str = "") -> None:
        """``columns`` are the names, with spaces between them, of what is given to an INSERT."""
        self._statement, self._many, self._columns = statement, many, columns.split() or None

    def on(self, session: Session, **values: Any) -> Sequence[Any]:
        """Run within the session's transaction, after what its objects have to say; they hear nothing of it."""
        session.flush()
        connection = connection_of(session)
        if connection.dialect.name == "sqlite":
            return self._run(connection.engine, connection.connection.cursor(), values, connection)
        result = connection.execute(self._statement, values)
        return result.all() if result.returns_rows else ()

    def _run(
        self, engine: Engine, cursor: Any, values: Mapping[str, Any], connection: Connection | None = None
    ) -> Sequence[Any]:
        made = self._made
        bound = made.bound(values)
        for heard in engine.dispatch.before_cursor_execute:
            heard(connection, cursor, made.sql, bound, None, False)
        try:
            cursor.execute(made.sql, bound)
        except sqlite3.IntegrityError as error:
            raise IntegrityError(made.sql, None, error) from error
        return made.read(cursor.fetchall())

    @functools.cached_property
    def _made(self) -> "_MadeStatement":
        return _MadeStatement.of(self._statement, self._columns, sqlite.dialect(), in_one=self._many)


class HotRead(HotStatement):
    """One that is run by itself, without a transaction around it."""

    def __call__(self, **values: Any) -> Sequence[Any]:
        engine = db.engine
        if engine.dialect.name != "sqlite":
            return read(self._statement, values)
        connection = engine.raw_connection()
        try:
            return self._run(engine, connection.cursor(), values)
        finally:
            connection.close()


@dataclass(frozen=True)
class _MadeStatement:
    """A statement as the driver takes it, and how its values and its rows are turned into what it takes and gives."""

    sql: str
    binds: list[tuple[str, Callable[[Any], Any] | None]]
    """The name of each value, and what makes of it what the driver takes, if that is another one."""
    given: dict[str, Any]
    """The values that nobody has to name."""
    readers: Sequence[tuple[int, Callable[[Any], Any]]]
    in_one: bool
    """Each column comes as one JSON list: the driver lets other threads go first at each row, and they take time."""

    @classmethod
    def of(
        cls, statement: Select[Any] | Insert | Update, names: list[str] | None, dialect: Dialect, *, in_one: bool
    ) -> "_MadeStatement":
        columns = statement.exported_columns
        types = [column.type.dialect_impl(dialect) for column in columns]
        if in_one and isinstance(statement, Select):
            rows = statement.subquery()
            statement = select(*(func.json_group_array(column) for column in rows.columns)).select_from(rows)
        compiled: Any = statement.compile(dialect=dialect, column_keys=names)
        defaults = {column.key: cast(Any, column.default).arg for column in compiled.insert_prefetch}
        given = {
            name: value for name, value in compiled.params.items() if not compiled.binds[name].required
        } | defaults
        return cls(
            str(compiled),
            [(name, _writer(compiled.binds[name], dialect)) for name in compiled.positiontup],
            given,
            [(n, read) for n, type_ in enumerate(types) if (read := type_.result_processor(dialect, None))],
            in_one,
        )

    def bound(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        if self.given:
            values = {**self.given, **values}
        return tuple([write(values[name]) if write else values[name] for name, write in self.binds])

    def read(self, rows: Sequence[Any]) -> Sequence[Any]:
        if not (self.in_one or (rows and self.readers)):
            return rows
        columns = [json.loads(column) for column in rows[0]] if self.in_one else list(zip(*rows, strict=True))
        for n, reader in self.readers:
            columns[n] = map(reader, columns[n])
        return list(zip(*columns, strict=True))


def _writer(bind: BindParameter[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return bind.type.dialect_impl(dialect).bind_processor(dialect)
