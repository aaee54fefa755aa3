"""Holds: the database refuses an overlap, however it is written."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import IntegrityError

from kit_booking.database import db
from kit_booking.domain.booking.refusals import Reason
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.hours import Span
from kit_booking.models import Booking, Commune, Hold, Kit
from kit_booking.services.timeline.holds import held_by, time_lines
from tests.support.builders import World
from tests.support.databases import on_sqlite
from tests.times import days_ahead

DAY = date(2026, 12, 5)
INSERT = "INSERT INTO hold (kit_id, from_at, until_at) VALUES (:kit, :from_at, :until_at)"

Write = Callable[..., None]


@pytest.fixture
def kits(world: World) -> list[Kit]:
    return world.kits(world.commune(kits=2))


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """Execute SQL past the application."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def run(connection: Connection) -> Write:
    def run(statement: str, **values: object) -> None:
        with connection.begin():
            connection.execute(text(statement), values)

    return run


@pytest.fixture
def insert(run: Write, kits: list[Kit], connection: Connection) -> Write:
    def insert(from_hour: float, until_hour: float, kit: Kit = kits[0]) -> None:
        run(INSERT, kit=kit.id, from_at=_at(connection, from_hour), until_at=_at(connection, until_hour))

    return insert


OVERLAPPING = [(9, 12), (16, 19), (12, 13), (8, 20), (10, 17), (10, 10.5), (16.5, 17), (16.999, 18)]


@pytest.mark.parametrize(("from_hour", "until_hour"), OVERLAPPING)
def test_an_insert_of_an_overlapping_hold_is_refused(
    insert: Write, world: World, from_hour: float, until_hour: float
):
    insert(10, 17)
    with pytest.raises(IntegrityError, match="ex_hold_overlap"):
        insert(from_hour, until_hour)
    assert len(world.all(Hold)) == 1


@pytest.mark.parametrize(("from_hour", "until_hour"), OVERLAPPING)
def test_an_update_into_an_overlap_is_refused(
    insert: Write, run: Write, connection: Connection, world: World, from_hour: float, until_hour: float
):
    insert(10, 17)
    insert(30, 31)
    last = world.all(Hold)[-1]
    with pytest.raises(IntegrityError, match="ex_hold_overlap"):
        run(
            "UPDATE hold SET from_at = :from_at, until_at = :until_at WHERE id = :id",
            id=last.id,
            from_at=_at(connection, from_hour),
            until_at=_at(connection, until_hour),
        )
    assert world.fresh(last).from_at == last.from_at


def test_a_hold_is_not_moved_to_a_kit_that_is_away(insert: Write, run: Write, kits: list[Kit]):
    insert(10, 17)
    insert(10, 17, kits[1])
    with pytest.raises(IntegrityError, match="ex_hold_overlap"):
        run("UPDATE hold SET kit_id = :to WHERE kit_id = :kit", to=kits[0].id, kit=kits[1].id)


def test_rows_of_one_statement_must_not_overlap_each_other(run: Write, connection: Connection, kits: list[Kit]):
    with pytest.raises(IntegrityError, match="ex_hold_overlap"):
        run(
            f"{INSERT}, (:kit, :later, :until_at)",
            kit=kits[0].id,
            from_at=_at(connection, 10),
            later=_at(connection, 11),
            until_at=_at(connection, 12),
        )


def test_holds_that_touch_are_allowed(insert: Write, world: World):
    insert(10, 17)
    insert(17, 18)
    insert(9, 10)
    assert len(world.all(Hold)) == 3


def test_holds_of_different_kits_may_overlap(insert: Write, world: World, kits: list[Kit]):
    for kit in kits:
        insert(10, 17, kit)
    assert len(world.all(Hold)) == 2


def test_a_hold_may_be_made_longer_while_nothing_is_in_its_way(
    insert: Write, run: Write, connection: Connection, world: World
):
    insert(10, 17)
    run("UPDATE hold SET until_at = :until_at", until_at=_at(connection, 19))
    assert world.all(Hold)[0].until_at == datetime(2026, 12, 5, 19, tzinfo=UTC)


@pytest.mark.parametrize(("from_hour", "until_hour"), [(10, 10), (17, 10)])
def test_a_hold_begins_before_it_ends(insert: Write, from_hour: float, until_hour: float):
    with pytest.raises(IntegrityError):
        insert(from_hour, until_hour)


def test_a_booking_has_one_hold_at_most(world: World, kits: list[Kit], run: Write, connection: Connection):
    booking = world.booking(kits[0], world.household(world.commune("Chuyên Mỹ")), days_ahead(1))
    with pytest.raises(IntegrityError):
        run(
            "INSERT INTO hold (kit_id, from_at, until_at, booking_id) VALUES (:kit, :from_at, :until_at, :booking)",
            kit=kits[1].id,
            from_at=_at(connection, 10),
            until_at=_at(connection, 11),
            booking=booking.id,
        )


@on_sqlite
@pytest.mark.parametrize(
    "from_at",
    [
        "2026-12-05T10:00:00.000000",
        "2026-12-05 10:00:00",
        "2026-12-05 10:00:00.000",
        "2026-12-05 10:00:00.000000+00:00",
        "2026-12-05 10:00:00.000000Z",
        " 2026-12-05 10:00:00.000000",
        "2026-12-5 10:00:00.000000",
        "1764928800",
        1764928800,
        b"2026-12-05 10:00:00.000000",
        "",
    ],
)
def test_an_instant_in_another_format_would_not_compare_and_is_refused(run: Write, kits: list[Kit], from_at: object):
    with pytest.raises(IntegrityError, match="ck_hold_one_format"):
        run(INSERT, kit=kits[0].id, from_at=from_at, until_at="2026-12-05 12:00:00.000000")
    with pytest.raises(IntegrityError):
        run(INSERT, kit=kits[0].id, from_at="2025-12-05 12:00:00.000000", until_at=from_at)


def test_one_booking_of_a_kit_is_out_at_most(world: World, kits: list[Kit], run: Write):
    household = world.household(world.commune("Chuyên Mỹ"))
    world.booking(kits[0], household, days_ahead(0), status=Status.OUT)
    world.booking(kits[1], household, days_ahead(0), status=Status.OUT)
    second = world.booking(kits[0], household, days_ahead(1), status=Status.APPROVED)
    with pytest.raises(IntegrityError):
        run("UPDATE booking SET status = 'out' WHERE id = :id", id=second.id)
    run("UPDATE booking SET status = 'returned' WHERE status = 'out'")
    run("UPDATE booking SET status = 'out' WHERE id = :id", id=second.id)
    assert second.id in {booking.id for booking in world.all(Booking, status=Status.OUT)}


def _at(connection: Connection, hour: float) -> object:
    """The instant as this database stores it."""
    instant = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(hours=hour)
    return f"{instant:%Y-%m-%d %H:%M:%S.%f}" if connection.dialect.name == "sqlite" else instant


def test_time_is_closed_where_nothing_else_stands_and_else_taken(world: World, kits: list[Kit]):
    kit, day = kits[0], days_ahead(3)
    household = world.household(world.all(Commune)[0])
    noon, afternoon = (world.slot(kit, day, key).hold for key in ("trua", "chieu"))
    world.add(world.hold(kit, world.slot(kit, day, "trua")))
    booking = world.booking(kit, household, day, "chieu")
    both = Span(noon.from_at, afternoon.until_at)

    def held(span: Span, *, kit: Kit = kit, without: int | None = None) -> Reason | None:
        return world.do(lambda: held_by(db.session(), kit.id, span, without=without))

    assert (held(noon), held(afternoon), held(both)) == (Reason.CLOSED, Reason.TAKEN, Reason.TAKEN)
    assert held(afternoon, without=booking.id) is None
    assert held(both, without=booking.id) == Reason.CLOSED
    assert held(both, kit=kits[1]) is None


def test_time_that_only_touches_what_is_held_is_free(world: World, kits: list[Kit]):
    hold = world.slot(kits[0], days_ahead(3)).hold
    world.add(world.hold(kits[0], world.slot(kits[0], days_ahead(3))))
    hour = timedelta(hours=1)
    for span in (Span(hold.from_at - hour, hold.from_at), Span(hold.until_at, hold.until_at + hour)):
        assert world.do(lambda span=span: held_by(db.session(), kits[0].id, span)) is None
        assert world.do(time_lines, [kits[0].id], span) == {kits[0].id: []}


def test_the_time_lines_of_kits_are_without_the_one_booking_only(world: World, kits: list[Kit]):
    household, day = world.household(world.all(Commune)[0]), days_ahead(3)
    booking = world.booking(kits[0], household, day)
    world.add(world.hold(kits[1], world.slot(kits[1], day)))
    hold = world.slot(kits[0], day).hold
    ids = [kit.id for kit in kits]
    lines = world.do(time_lines, ids, hold)
    assert (lines[kits[0].id], lines[kits[1].id]) == ([hold], [hold])
    assert world.do(time_lines, ids, hold, without=booking.code) == lines | {kits[0].id: []}
