"""Statements that are run most often, made once and, on SQLite, run by the driver itself."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import BindParameter, Dialect, Engine, Insert, Select, Update, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from kit_booking.database import db, read


class HotStatement:
    """A statement that is run most often, made once; gives tuples, in no order when there are ``many``.

    SQLite answers most in 5 µs, and SQLAlchemy takes 40 more each time to find that nothing is new about one. So
    there the driver runs it; whoever listens to the engine hears of it as of any other. It has no
    list of values (`in_`), which is written out anew each time, and its errors are those of the driver.
    """

    def __init__(self, statement: Select[Any] | Insert | Update, *, many: bool = False, columns: str = "") -> None:
        """``columns`` are the names, with spaces between them, of what is given to an INSERT."""
        self._statement, self._many, self._columns = statement, many, columns.split() or None

    def on(self, session: Session, **values: Any) -> Sequence[Any]:
        """Run within the session's transaction, after what its objects have to say; they hear nothing of it."""
        session.flush()
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            return self._run(connection.engine, connection.connection.cursor(), values)
        result = connection.execute(self._statement, values)
        return result.all() if result.returns_rows else ()

    def _run(self, engine: Engine, cursor: Any, values: Mapping[str, Any]) -> Sequence[Any]:
        made = self._made
        bound = tuple(write(values[name] if is_asked else given) for name, is_asked, given, write in made.binds)
        for heard in engine.dispatch.before_cursor_execute:
            heard(None, cursor, made.sql, bound, None, False)
        cursor.execute(made.sql, bound)
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
    binds: list[tuple[str, bool, Any, Callable[[Any], Any]]]
    """The name of each value, whether it is asked for, what it is otherwise, and what the driver takes for it."""
    readers: Sequence[tuple[int, Callable[[Any], Any]]]
    in_one: bool
    """Each column comes as one JSON list: the driver lets other threads go first at each row, and they take time."""

    @classmethod
    def of(
        cls, statement: Select[Any] | Insert | Update, given: list[str] | None, dialect: Dialect, *, in_one: bool
    ) -> "_MadeStatement":
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        types = [column.type.dialect_impl(dialect) for column in columns]
        if in_one and isinstance(statement, Select):
            rows = statement.subquery()
            statement = select(*(func.json_group_array(column) for column in rows.columns)).select_from(rows)
        compiled: Any = statement.compile(dialect=dialect, column_keys=given)
        defaults = {column.key: cast(Any, column.default).arg for column in compiled.insert_prefetch}
        values = {**compiled.params, **defaults}
        binds = [(name, compiled.binds[name]) for name in compiled.positiontup]
        return cls(
            str(compiled),
            [(name, bind.required, values[name], _writer(bind, dialect)) for name, bind in binds],
            [(n, read) for n, type_ in enumerate(types) if (read := type_.result_processor(dialect, None))],
            in_one,
        )

    def read(self, rows: Sequence[Any]) -> Sequence[Any]:
        if not (self.in_one or (rows and self.readers)):
            return rows
        columns = [json.loads(column) for column in rows[0]] if self.in_one else list(zip(*rows, strict=True))
        for n, reader in self.readers:
            columns[n] = map(reader, columns[n])
        return list(zip(*columns, strict=True))


def _writer(bind: BindParameter[Any], dialect: Dialect) -> Callable[[Any], Any]:
    return bind.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
