"""`read`: one SELECT on a connection that each thread keeps, taken anew when the server has ended it."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.database import db, read, transaction
from kit_booking.models import Household
from tests.support.builders import World
from tests.support.databases import on_postgresql


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
