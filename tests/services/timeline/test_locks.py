"""Row locks, in the one order that all keep, what is read under them, and row versions."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from kit_booking.database import db, transaction
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking, Commune, Household, Kit
from kit_booking.services.timeline.locks import (
    IN_FEEDS,
    bump_calendar_versions,
    bump_version,
    lock,
    lock_booking,
    lock_household_to_book,
    lock_kit_to_book,
)
from tests.support.builders import World
from tests.times import NOW, days_ahead


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune(kits=2)


@pytest.fixture
def kits(world: World, commune: Commune) -> list[Kit]:
    return world.kits(commune)


@pytest.fixture
def booking(world: World, commune: Commune, kits: list[Kit]) -> Booking:
    return world.booking(kits[0], world.household(commune), days_ahead(3), status=Status.APPROVED)


@pytest.fixture
def locks(app: Flask) -> Iterator[list[str]]:
    """The statements that lock rows, each with the ids."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, values: dict[str, int], *_rest: object) -> None:
        if "FOR UPDATE" in statement:
            statements.append(f"{' '.join(statement.split())} {sorted(values.values())}")

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


@transaction
def _locks(session, table, *ids):
    lock(session, table, *ids)


@transaction
def _locks_booking(session, code, *kits):
    lock_booking(session, code, *kits)


@transaction
def _sees_again(session, world, booking):
    """What the booking is under the lock, after it was read without one and changed by somebody else."""
    before = session.get(Booking, booking.id)
    assert before.slot_name == "Tối"
    lock(session, Kit, booking.kit_id)
    session.connection().exec_driver_sql("UPDATE booking SET slot_name = 'Chiều'")
    assert lock_booking(session, booking.code) is before
    return before.slot_name


@transaction
def _bumps(session, table, row_id):
    bump_version(session, table, row_id)


@transaction
def _renames(session, kit_id, now):
    kit = session.get_one(Kit, kit_id)
    bump_calendar_versions(session, kit.commune_id, kit.place_id, now=now)


@transaction
def _locks_to_book(session, kit_id, household_id):
    household = lock_household_to_book(session, household_id, sells="làn mây", streams_on="Facebook")
    return lock_kit_to_book(session, kit_id), household


def test_several_rows_are_locked_by_their_ids(world: World, kits: list[Kit], locks: list[str]):
    world.do(_locks, Kit, kits[1].id, kits[0].id)
    if db_is_sqlite(world):
        assert locks == [], "its transaction holds everything"
    else:
        assert len(locks) == 1
        assert "ORDER BY kit.id FOR UPDATE" in locks[0]


def test_of_a_booking_the_kits_are_locked_before_the_household(
    world: World, booking: Booking, kits: list[Kit], locks: list[str]
):
    world.do(_locks_booking, booking.code, kits[1].id)
    tables = [statement.split(" FROM ")[1].split()[0] for statement in locks]
    assert tables == ([] if db_is_sqlite(world) else ["kit", "household"])
    assert not locks or locks[0].endswith(f"FOR UPDATE {[kit.id for kit in kits]}")


def db_is_sqlite(world: World) -> bool:
    with world.app.app_context():
        return bool(db.engine.dialect.name == "sqlite")


def test_under_the_lock_a_booking_is_read_anew(world: World, booking: Booking):
    assert world.do(_sees_again, world, booking) == "Chiều"


def test_a_version_rises_for_the_one_row_only(world: World, kits: list[Kit]):
    before = [world.fresh(kit).version for kit in kits]
    world.do(_bumps, Kit, kits[1].id)
    assert [world.fresh(kit).version for kit in kits] == [before[0], before[1] + 1]


def test_whoever_books_raises_both_versions_and_keeps_what_is_sold(world: World, commune: Commune, kits: list[Kit]):
    hanh = world.household(commune, lifted_at=NOW - timedelta(days=1))
    kit_version = world.fresh(kits[0]).version
    place_id, row = world.do(_locks_to_book, kits[0].id, hanh.id)
    assert (place_id, row.commune_id, row.lifted_at) == (kits[0].place_id, commune.id, hanh.lifted_at)
    kept = world.fresh(hanh)
    assert (kept.version, kept.sells, kept.streams_on) == (hanh.version + 1, "làn mây", "Facebook")
    assert world.fresh(kits[0]).version == kit_version + 1


def test_who_does_not_exist_books_nothing(world: World, kits: list[Kit]):
    assert world.do(_locks_to_book, kits[0].id, 999)[1] is None
    assert world.all(Household) == []


def test_the_booking_its_kit_and_its_household_have_a_new_version_and_no_others(
    world: World, commune: Commune, kits: list[Kit]
):
    hanh = world.household(commune)
    lan = world.household(commune, "Lan")
    elsewhere = world.kit(world.place(commune, "Hoàng Long"))
    booking = world.booking(kits[0], hanh, days_ahead(3), status=Status.APPROVED)
    other = world.booking(elsewhere, lan, days_ahead(3), status=Status.APPROVED)
    rows = (booking, kits[0], hanh, other, elsewhere, lan)
    before = [world.fresh(row).version for row in rows]
    later = NOW + timedelta(minutes=1)
    world.do(_renames, kits[0].id, later)
    assert [world.fresh(row).version - old for row, old in zip(rows, before, strict=True)] == [1, 1, 1, 0, 0, 0]
    assert (world.fresh(booking).changed_at, world.fresh(other).changed_at) == (later, NOW)


def test_closed_time_of_the_place_changes_with_its_name_each_time_by_a_second(world: World, kits: list[Kit]):
    hold = world.hold(kits[0], world.slot(kits[0], days_ahead(3)))
    world.add(hold)
    version = world.fresh(kits[0]).version
    for seconds in (1, 2):
        world.do(_renames, kits[0].id, NOW)
        assert world.fresh(hold).changed_at == NOW + timedelta(seconds=seconds)
    assert world.fresh(kits[0]).version == version + 2


@pytest.mark.parametrize("status", [Status.DECLINED, Status.CANCELLED, Status.LAPSED, Status.NO_SHOW])
def test_what_calendars_do_not_show_keeps_its_version(
    world: World, commune: Commune, kits: list[Kit], status: Status
):
    booking = world.booking(kits[0], world.household(commune), days_ahead(3), status=status)
    kit = world.fresh(kits[0]).version
    world.do(_renames, kits[0].id, NOW)
    assert (world.fresh(booking).version, world.fresh(kits[0]).version) == (booking.version, kit)


def test_a_booking_is_shown_for_a_month_after_its_pick_up(world: World, commune: Commune, kits: list[Kit]):
    booking = world.booking(kits[0], world.household(commune), days_ahead(-20), status=Status.RETURNED)
    last = booking.pick_up_at + IN_FEEDS
    world.do(_renames, kits[0].id, last)
    world.do(_renames, kits[0].id, last + timedelta(seconds=1))
    assert world.fresh(booking).version == booking.version + 1
