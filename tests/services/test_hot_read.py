"""A statement that the driver runs gives what SQLAlchemy would have given, and is heard by whoever listens."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, event, select

from kit_booking.database import UtcDateTime, db, read
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Hold
from kit_booking.statements import HotRead
from tests.builders import World, days_ahead

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
