"""`read` and `load`: one SELECT on a connection that each thread keeps, taken anew when the server has ended it."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.exc import InvalidRequestError, OperationalError
from sqlalchemy.orm import Session, joinedload, selectinload

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.database import db, load, read, transaction
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking, HandedPart, Handover, Household, Role
from tests.support.builders import World
from tests.support.databases import on_postgresql
from tests.times import NOW, days_ahead


def test_a_thread_keeps_its_connection_for_all_its_reads(app: Flask) -> None:
    with app.app_context():
        read(select(1))
        taken = []
        event.listen(db.engine, "checkout", lambda *_: taken.append(1))
        for _ in range(3):
            read(select(1))
        assert taken == []


def test_a_read_sees_what_was_committed_a_moment_ago(app: Flask, world: World) -> None:
    with app.app_context():
        assert read(select(Household.id)) == []
    household = world.household(world.commune())
    with app.app_context():
        assert [row.id for row in read(select(Household.id))] == [household.id]


def test_each_thread_has_a_connection_of_its_own(app: Flask) -> None:
    counts: list[int] = []

    def reads() -> None:
        with app.app_context():
            counts.append(read(select(1))[0][0])

    threads = [threading.Thread(target=reads) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1] * 8


def a_booking(world: World) -> Booking:
    commune = world.commune()
    return world.booking(world.kits(commune)[0], world.household(commune), days_ahead(3), status=Status.APPROVED)


def test_what_was_loaded_is_still_there_after_a_transaction_that_changed_it(app: Flask, world: World) -> None:
    made = a_booking(world)

    @transaction
    def rename(session: Session) -> None:
        session.get_one(Household, made.household_id).name = "Lê Thị Mới"

    with app.app_context():
        [booking] = load(select(Booking).options(joinedload(Booking.household)))
        rename()
        assert (booking.code, booking.household.name) == (made.code, "Nguyễn Thị Hạnh")
        [anew] = load(select(Booking).options(joinedload(Booking.household)))
        assert anew.household.name == "Lê Thị Mới"


def test_what_was_not_loaded_raises_and_is_not_read_behind_ones_back(app: Flask, world: World) -> None:
    a_booking(world)
    with app.app_context():
        [booking] = load(select(Booking))
        with pytest.raises(InvalidRequestError, match="lazy='raise'"):
            booking.household  # noqa: B018


def test_collections_are_loaded_on_the_same_connection_each_object_once(app: Flask, world: World) -> None:
    booking = a_booking(world)
    handover = Handover(
        booking_id=booking.id, way=Direction.OUT, staff_id=world.staff(None, Role.OPERATOR).id, person="",
        happened_at=NOW, written_at=NOW,
    )  # fmt: skip
    world.add(handover)
    world.add(*(HandedPart(handover_id=handover.id, name=name, expected=1, count=1) for name in ("đèn", "loa")))
    with app.app_context():
        taken = []
        read(select(1))
        event.listen(db.engine, "checkout", lambda *_: taken.append(1))
        for how in (joinedload, selectinload):
            [loaded] = load(select(Handover).options(how(Handover.parts)))
            assert [part.name for part in loaded.parts] == ["đèn", "loa"]
        assert taken == []


@on_postgresql
def test_objects_are_loaded_once_more_when_the_server_has_ended_the_connection(app: Flask, world: World) -> None:
    made = a_booking(world)
    with app.app_context():
        [(pid,)] = read(text("SELECT pg_backend_pid()"))
        with db.engine.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        assert [booking.code for booking in load(select(Booking))] == [made.code]


@on_postgresql
def test_a_connection_that_the_server_ended_is_taken_anew_and_the_read_tried_once_more(app: Flask) -> None:
    with app.app_context():
        [(pid,)] = read(text("SELECT pg_backend_pid()"))
        with db.engine.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        [(new_pid,)] = read(text("SELECT pg_backend_pid()"))
        assert new_pid != pid


@on_postgresql
def test_a_transaction_after_the_server_ended_all_connections_works(app: Flask) -> None:
    @transaction
    def one(session: Session) -> int:
        return int(session.scalar(select(1)) or 0)

    with app.app_context():
        assert one() == 1
        pids = [row[0] for row in read(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()"))]
        own = read(text("SELECT pg_backend_pid()"))[0][0]
        for pid in pids:
            if pid != own:
                read(text(f"SELECT pg_terminate_backend({int(pid)})"))
        assert one() == 1


def test_a_statement_that_fails_says_so_and_the_next_one_works(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(Exception, match="no_such_table"):
            read(text("SELECT * FROM no_such_table"))
        assert read(select(1))[0][0] == 1


def test_another_app_in_the_same_thread_reads_its_own_database(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    with app.app_context():
        read(select(Household.id))
    other = create_app(replace(settings, database_url=f"sqlite:///{tmp_path}/empty.db"))
    with other.app_context(), pytest.raises(OperationalError, match="no such table"):
        read(select(Household.id))
    with app.app_context():
        assert read(select(Household.id)) == []
