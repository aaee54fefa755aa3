"""The demo on a port of this machine: its people, its texts, and the rounds of its worker."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page

from kit_booking import create_app, worker
from kit_booking.adapters.file_sms import read_phones
from kit_booking.clock import utc_now
from kit_booking.config import Settings
from kit_booking.database import db
from kit_booking.models import Commune, Household, Staff
from kit_booking.services.ops import demo
from tests.support import builders
from tests.support.builders import World
from tests.support.databases import Sqlite
from tests.support.server import serving

COMMUNE = "phuong-duc"


class Demo:
    """A running demo, and what a test wants to know of it or happen in it."""

    def __init__(self, app: Flask, url: str) -> None:
        self.app, self.url = app, url
        self.world = World(app)

    @property
    def commune(self) -> Commune:
        return self.world.all(Commune, slug=COMMUNE)[0]

    def work(self, as_of: datetime | None = None) -> None:
        """One round of the worker, at which nothing that the office did can be undone any more."""
        now = as_of or utc_now()
        self.world.let_undo_pass(now)
        worker.run_once(self.app, lambda: now)

    @property
    def sms_file(self) -> Path:
        return self.app.extensions["settings"].sms_file

    def texts_to(self, phone: str) -> list[str]:
        """What reached this phone, oldest first."""
        return [text.body for text in reversed(read_phones(self.sms_file)) if text.to == phone]

    def sign_in(self, page: Page, who: Household | Staff) -> None:
        """Give the browser the session of somebody who signed in."""
        client = self.app.test_client()
        builders.sign_in(client, who)
        self._hand_over(client.get_cookie("session").value, page)

    def prove_number(self, page: Page, phone: str) -> None:
        """Give the browser the session of somebody who typed the code that was sent to this number."""
        client = self.app.test_client()
        with client.session_transaction() as session:
            session["verified"] = [phone, utc_now().timestamp()]
        self._hand_over(client.get_cookie("session").value, page)

    def _hand_over(self, session: str, page: Page) -> None:
        page.context.add_cookies([{"name": "session", "value": session, "url": self.url}])


@contextmanager
def filled_database(sqlite: Sqlite, now: datetime) -> Iterator[Path]:
    """A database file as the demo begins with; filling it takes long, so copies of it are used up."""
    with sqlite.migrated() as url:
        app = create_app(Settings(secret_key="x" * 32, database_url=url, sms_file=sqlite.folder / "none"))
        with app.app_context():
            demo.fill(now=now)
            db.engine.dispose()
        yield Path(url.removeprefix("sqlite:///"))


@contextmanager
def running_demo(filled: Path, folder: Path, public_url: str | None = None) -> Iterator[Demo]:
    """The demo, on a copy of the filled database; what it prints names the public address, or else the one it has."""
    database = folder / "demo.db"
    shutil.copy(filled, database)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(
            Settings(
                secret_key="only for tests, and long enough",
                database_url=f"sqlite:///{database}",
                sms_file=folder / "sms.jsonl",
                public_base_url=public_url or url,
                demo=True,
            )
        )
        with serving(app, listener):
            yield Demo(app, url)
        with app.app_context():
            db.engine.dispose()
