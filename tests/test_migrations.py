"""The migrations: up from nothing, the same as the models, down and up again, with data."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.database import Base, db
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking, Commune, Hold, Village
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.times import days_ahead


@pytest.fixture
def empty_app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The app on a database without a table."""
    settings = Settings(secret_key="x" * 32, database_url=empty_database_url, sms_file=tmp_path / "sms.jsonl")
    app = create_app(settings, FakeSms())
    yield app
    with app.app_context():
        db.engine.dispose()


def test_an_empty_database_gets_every_table(empty_app: Flask):
    assert _tables(empty_app) == set()
    _run(empty_app, "upgrade")
    assert _tables(empty_app) == set(Base.metadata.tables) | {"alembic_version"}


def test_the_migrations_make_what_the_models_say(empty_app: Flask):
    _run(empty_app, "upgrade")
    checked = empty_app.test_cli_runner().invoke(args=["db", "check"])
    assert checked.exit_code == 0, checked.output


def test_the_refusal_of_overlaps_is_part_of_the_database(empty_app: Flask):
    _run(empty_app, "upgrade")
    _assert_overlaps_are_refused(empty_app)


def test_going_down_leaves_nothing_and_up_again_everything(empty_app: Flask):
    _run(empty_app, "upgrade")
    _run(empty_app, "downgrade")
    assert _tables(empty_app) == {"alembic_version"}
    _run(empty_app, "upgrade")
    _assert_overlaps_are_refused(empty_app)
    assert empty_app.test_cli_runner().invoke(args=["db", "check"]).exit_code == 0


def test_a_database_with_data_goes_down_and_up_and_works_again(empty_app: Flask):
    _run(empty_app, "upgrade")
    _fill(World(empty_app))
    _run(empty_app, "downgrade")
    assert _tables(empty_app) == {"alembic_version"}
    _run(empty_app, "upgrade")
    assert World(empty_app).all(Booking) == []
    _fill(World(empty_app))


def test_a_second_upgrade_changes_nothing(empty_app: Flask):
    _run(empty_app, "upgrade")
    _fill(World(empty_app))
    _run(empty_app, "upgrade")
    assert len(World(empty_app).all(Booking)) == len(World(empty_app).all(Hold)) == 2


def test_texts_keep_what_is_known_of_them_up_and_down(empty_app: Flask):
    with empty_app.app_context():
        upgrade(revision="0006")
        with db.engine.begin() as connection:
            for number, (state, fault) in enumerate(
                [("accepted", ""), ("failed", "takes no texts"), ("failed", "x")]
            ):
                connection.execute(
                    text(
                        'INSERT INTO message (id, kind, "to", body, created_at, due_at, useful_until_at,'
                        " state, fault) VALUES (:id, 'approved', '', '', :at, :at, :at, :state, :fault)"
                    ),
                    {"id": number + 1, "at": "2026-12-01 00:00:00.000000", "state": state, "fault": fault},
                )
        upgrade(revision="0007")
        assert _states(empty_app) == ["accepted", "to_phone", "failed"]
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE message SET state = 'undelivered' WHERE id = 1"))
        downgrade(revision="0006")
        assert _states(empty_app) == ["failed", "failed", "failed"]
        upgrade(revision="0007")
        assert _states(empty_app) == ["failed", "to_phone", "failed"]


def test_what_was_booked_before_is_a_peak_slot_if_the_kit_is_away_over_a_night(empty_app: Flask):
    _run(empty_app, "upgrade")
    world = World(empty_app)
    commune = world.commune()
    household, [kit] = world.household(commune), world.kits(commune)
    for key in ("sang", "trua", "chieu", "toi"):
        world.booking(kit, household, days_ahead(1), key)
    world.add(Village(place_id=kit.place_id, name="Giẽ Hạ", craft="Giày da"))
    with empty_app.app_context():
        downgrade(revision="0013")
        upgrade()
    assert {one.slot_name: one.is_peak for one in world.all(Booking)} == {
        "Sáng": False,
        "Trưa": False,
        "Chiều": False,
        "Tối": True,
    }
    assert world.all(Commune)[0].search.splitlines()[-1] == "giay da"


def _states(app: Flask) -> list[str]:
    with app.app_context(), db.engine.connect() as connection:
        return list(connection.execute(text("SELECT state FROM message ORDER BY id")).scalars())


def _run(app: Flask, direction: str) -> None:
    with app.app_context():
        upgrade() if direction == "upgrade" else downgrade(revision="base")


def _tables(app: Flask) -> set[str]:
    with app.app_context():
        return set(inspect(db.engine).get_table_names())


def _fill(world: World) -> None:
    commune = world.commune()
    household, [kit] = world.household(commune), world.kits(commune)
    world.booking(kit, household, days_ahead(1))
    world.booking(kit, household, days_ahead(0), status=Status.OUT)


def _assert_overlaps_are_refused(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            triggers = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
            assert set(triggers.scalars()) == {"hold_overlap_insert", "hold_overlap_update"}
        else:
            excluding = connection.execute(text("SELECT conname FROM pg_constraint WHERE contype = 'x'"))
            assert set(excluding.scalars()) == {"ex_hold_overlap"}
    world = World(app)
    _fill(world)
    with app.app_context(), Session(db.engine) as session:
        first = session.scalars(select(Hold)).first()
        assert first
        session.add(Hold(kit_id=first.kit_id, from_at=first.from_at, until_at=first.until_at))
        with pytest.raises(IntegrityError, match="ex_hold_overlap"):
            session.commit()
