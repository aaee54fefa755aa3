"""A statement that the driver runs gives what SQLAlchemy would have given, and is heard by whoever listens."""

from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, event, insert, select
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from kit_booking.database import UtcDateTime, db, read, transaction
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Hold
from kit_booking.statements import HotRead, HotStatement
from tests.builders import World, at, days_ahead

STATEMENT = (
    select(Hold.id, Hold.from_at, Hold.until_at, Hold.booking_id, Booking.status, Booking.code, Booking.approved_at)
    .outerjoin(Booking, Booking.id == Hold.booking_id)
    .where(Hold.kit_id == bindparam("kit_id"), Hold.until_at > bindparam("after", type_=UtcDateTime))
)


@pytest.mark.parametrize("many", [True, False])
def test_it_gives_the_same_rows_with_instants_and_with_nothing(app: Flask, world: World, many: bool) -> None:
    commune = world.commune()
    [kit], household = world.kits(commune), world.household(commune, 'Lê "Văn" <Bình>')
    world.booking(kit, household, days_ahead(2), status=Status.REQUESTED)
    world.booking(kit, household, days_ahead(3), status=Status.APPROVED)
    world.add(world.hold(kit, world.slot(kit, days_ahead(4))))
    hot = HotRead(STATEMENT, many=many)
    for after, count in ((days_ahead(1), 3), (days_ahead(4), 1), (days_ahead(9), 0)):
        values = {"kit_id": kit.id, "after": world.slot(kit, after).hold.from_at}
        with app.app_context():
            rows = sorted(map(tuple, hot(**values)))
            assert rows == sorted(map(tuple, read(STATEMENT, values)))
        assert len(rows) == count


def test_whoever_counts_statements_counts_it(app: Flask, world: World) -> None:
    [kit] = world.kits(world.commune())
    values = {"kit_id": kit.id, "after": world.slot(kit, days_ahead(1)).hold.from_at}
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        heard.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", hear)
        HotRead(STATEMENT)(**values)
    assert ["FROM hold" in statement for statement in heard] == [True]


def test_what_a_constraint_refuses_is_the_same_error_as_of_any_statement(app: Flask, world: World) -> None:
    [kit] = world.kits(world.commune())
    add = HotStatement(insert(Hold), columns="kit_id from_at until_at")
    backwards = {"kit_id": kit.id, "from_at": at(days_ahead(2), "08:00"), "until_at": at(days_ahead(1), "08:00")}

    @transaction
    def hold(session: Session) -> None:
        add.on(session, **backwards)

    with pytest.raises(IntegrityError):
        world.do(hold)
    assert world.all(Hold) == []


def test_an_instant_without_its_zone_is_refused_before_it_is_written(app: Flask, world: World) -> None:
    with app.app_context(), pytest.raises((ValueError, StatementError), match="time zone"):
        HotRead(STATEMENT)(kit_id=1, after=datetime(2026, 12, 1, 8))  # noqa: DTZ001
