"""The one place that commits: all or nothing, one after another, and again after a deadlock."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Session

from kit_booking.database import TRIES, db, transaction
from kit_booking.models import Household, Kit, Mark
from kit_booking.services.timeline.locks import lock
from tests.support.builders import World
from tests.support.databases import on_postgresql
from tests.times import NOW

THREADS, TIMES = 8, 25


@transaction
def note(session: Session, name: str, fault: Exception | None = None) -> str:
    session.add(Mark(name=name, at=NOW))
    session.flush()
    if fault:
        raise fault
    return name


@transaction
def add_one(session: Session, kit_id: int) -> int:
    """Read, reckon, write: what loses updates where transactions are not kept apart."""
    lock(session, Kit, kit_id)
    kit = session.get_one(Kit, kit_id)
    kit.version += 1
    return kit.version


@transaction
def note_twice(_session: Session) -> None:
    note("inside")


def test_what_was_done_is_there_when_the_use_case_has_returned(world: World):
    assert world.do(note, "done") == "done"
    assert [mark.name for mark in marks(world)] == ["done"]


def test_a_use_case_that_fails_leaves_nothing(world: World):
    with pytest.raises(ZeroDivisionError):
        world.do(note, "half", ZeroDivisionError())
    assert marks(world) == []
    world.do(note, "half")


def test_a_commit_that_fails_leaves_nothing(world: World):
    @transaction
    def breaks_a_rule(session: Session) -> None:
        session.add(Mark(name="first", at=NOW))
        session.flush()
        session.add(Kit(code="PD-1", commune_id=4711, place_id=4711))

    with pytest.raises(IntegrityError):
        world.do(breaks_a_rule)
    assert marks(world) == []


def test_a_transaction_inside_a_transaction_is_refused_and_leaves_nothing(world: World):
    with pytest.raises(RuntimeError, match="inside"):
        world.do(note_twice)
    assert marks(world) == []
    assert world.do(note, "the next") == "the next"


def test_the_read_that_a_page_began_is_no_hindrance(app: Flask, world: World):
    """Loading the user opens one; going on from it would fail at once with "database is locked"."""
    with app.app_context():
        assert db.session.scalars(select(Mark)).all() == []
        world.do(note, "by somebody else")
        note("by the page")
        assert len(db.session.scalars(select(Mark)).all()) == 2


def test_rows_that_were_returned_can_be_read_afterwards(world: World):
    @transaction
    def marked(session: Session) -> Mark:
        mark = Mark(name="kept", at=NOW)
        session.add(mark)
        return mark

    assert world.do(marked).at == NOW


def test_many_who_read_and_then_write_lose_nothing(app: Flask, world: World):
    [kit] = world.kits(world.commune())
    seen: list[int] = []

    def add_often() -> None:
        for _ in range(TIMES):
            seen.append(world.do(add_one, kit.id))

    _together(*[add_often] * THREADS)
    assert world.fresh(kit).version == 1 + THREADS * TIMES
    assert sorted(seen) == list(range(2, 2 + THREADS * TIMES)), "each saw what the one before it had written"


@on_postgresql
def test_of_two_that_lock_each_other_out_both_are_done_in_the_end(world: World):
    commune = world.commune()
    [kit], household = world.kits(commune), world.household(commune)
    both_hold_one = Barrier(2)
    tries: list[str] = []

    @transaction
    def in_order(session: Session, *tables: type[Kit] | type[Household]) -> None:
        tries.append(tables[0].__name__)
        for n, table in enumerate(tables):
            row = {Kit: kit, Household: household}[table]
            if n == 1 and len(tries) <= 2:
                both_hold_one.wait(10)
            session.get_one(table, row.id, with_for_update=True).version += 1
            session.flush()

    _together(lambda: world.do(in_order, Kit, Household), lambda: world.do(in_order, Household, Kit))
    assert len(tries) > 2, "at least one of them was tried again"
    assert (world.fresh(kit).version, world.fresh(household).version) == (3, 3)


@on_postgresql
@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_what_never_passes_is_given_up_after_some_tries(world: World, code: str):
    tries = _failing(world, code)
    assert tries == TRIES


@on_postgresql
@pytest.mark.parametrize("code", ["57014", "53300"])
def test_other_faults_are_not_tried_again(world: World, code: str):
    assert _failing(world, code) == 1


def test_a_naive_instant_is_refused(world: World):
    with pytest.raises(StatementError, match="time zone"):
        world.add(Mark(name="naive", at=datetime(2026, 12, 1)))  # noqa: DTZ001
    assert marks(world) == []


def test_instants_come_back_as_they_went_in_utc(world: World):
    at = datetime.fromisoformat("2026-12-01T09:00:00.000001+07:00")
    world.add(Mark(name="seven hours ahead", at=at))
    [mark] = marks(world)
    assert mark.at == at
    assert mark.at.tzinfo is UTC


def marks(world: World) -> list[Mark]:
    with world.app.app_context(), Session(db.engine) as session:
        return list(session.scalars(select(Mark).order_by(Mark.name)))


def _failing(world: World, code: str) -> int:
    """How often a use case was tried that PostgreSQL always ends with this error."""
    tries: list[None] = []

    @transaction
    def fail(session: Session) -> None:
        tries.append(None)
        session.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{code}'; END $$"))

    with pytest.raises(OperationalError):
        world.do(fail)
    return len(tries)


def _together(*acts: Callable[[], object]) -> None:
    """Run them at once in threads of their own; a fault of one is the test's."""
    faults: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as fault:
            faults.append(fault)

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_new_sqlite_file_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE one (id INTEGER)")
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_old_file_keeps_the_rights_that_somebody_gave_it(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    path.touch(0o660)
    path.chmod(0o660)
    with create_engine(f"sqlite:///{path}").connect():
        assert path.stat().st_mode & 0o777 == 0o660
