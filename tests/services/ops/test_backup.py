"""Backup and restore: a sound file while everything goes on, and the same rows back; PostgreSQL has its own tools."""

import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from kit_booking.clock import utc_now
from kit_booking.models import Commune, Mark
from tests.support.builders import World
from tests.support.databases import on_postgresql, on_sqlite


def run(app: Flask, *arguments: str | Path) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
    return result.exit_code, result.output


@on_sqlite
def test_restoring_a_backup_undoes_later_changes(app: Flask, world: World, tmp_path: Path) -> None:
    world.commune("Phượng Dực")
    file = tmp_path / "backup.db"
    code, said = run(app, "backup", file)
    assert code == 0
    assert said.startswith(f"The database is in {file}, ")
    world.commune("Đại Xuyên")
    code, said = run(app, "restore", file)
    assert code == 0
    assert said.startswith(f"The database is as it was in {file}. Everybody signs in again")
    assert [commune.name for commune in world.all(Commune)] == ["Phượng Dực"]
    assert world.commune("Chuyên Mỹ"), "and it can be worked with"


@on_sqlite
def test_a_backup_is_one_file_that_only_its_owner_can_read(app: Flask, world: World, tmp_path: Path) -> None:
    world.commune()
    file = tmp_path / "backup.db"
    run(app, "backup", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("backup*")] == ["backup.db"]
    with closing(sqlite3.connect(file)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT count(*) FROM commune").fetchone() == (1,)


@on_sqlite
def test_an_older_backup_is_never_written_over(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("yesterday")
    code, said = run(app, "backup", file)
    assert (code, said) == (1, f"Error: {file} exists already; give another name\n")
    assert file.read_text() == "yesterday"


@on_sqlite
def test_a_folder_that_is_not_there_is_named(app: Flask, tmp_path: Path) -> None:
    code, said = run(app, "backup", tmp_path / "nowhere" / "backup.db")
    assert code == 1
    assert "can't be written: No such file or directory" in said


@on_sqlite
@pytest.mark.parametrize("content", [None, b"", b"no database at all, but long enough to look at" * 9])
def test_what_is_no_backup_is_refused_and_nothing_changes(
    app: Flask, world: World, tmp_path: Path, content: bytes | None
) -> None:
    world.commune("Phượng Dực")
    file = tmp_path / "other.db"
    if content is not None:
        file.write_bytes(content)
    code, said = run(app, "restore", file)
    assert code == 1
    assert said.startswith("Error: ")
    assert "Traceback" not in said
    assert [commune.name for commune in world.all(Commune)] == ["Phượng Dực"]


@on_sqlite
def test_another_program_s_database_is_refused(app: Flask, world: World, tmp_path: Path) -> None:
    world.commune()
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE hold (id INTEGER)")
    assert run(app, "restore", file) == (1, f"Error: {file} is no sound backup of this program\n")
    assert len(world.all(Commune)) == 1


@on_sqlite
def test_nothing_is_restored_under_a_running_worker(app: Flask, world: World, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    run(app, "backup", file)
    world.add(Mark(name="worker", at=utc_now() - timedelta(minutes=1)))
    code, said = run(app, "restore", file)
    assert (code, said) == (1, "Error: the worker is running; stop it, wait two minutes, and try again\n")


@on_postgresql
@pytest.mark.parametrize(("command", "tool"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_on_postgresql_its_own_tool_is_named(app: Flask, tmp_path: Path, command: str, tool: str) -> None:
    code, said = run(app, command, tmp_path / "two words.dump")
    assert code == 1
    assert f"whose own tools do it: {tool} " in said
    assert "two words.dump'" in said
