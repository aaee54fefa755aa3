"""The servers that are compared, each a process on a free port of this machine: the app, and a bare page.

The bare page is what Flask can do at most under this server: so many bytes, and nothing behind them.
"""

import argparse
import logging
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from pathlib import Path
from threading import Lock
from time import process_time
from typing import TYPE_CHECKING

from flask import Flask, Response
from sqlalchemy import bindparam, create_engine, select, update

from benchmarks.tools.world import slots
from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.models import Booking, Hold, Kit
from kit_booking.server import server_of
from kit_booking.web.frame.responses import PageCache

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PROCESSOR_TIME = "/processor-time"


class Keeps(StrEnum):
    """What the server has kept of earlier answers when it is asked."""

    ALL = "all"
    ALL_BUT_ONE_BOOKING = "all but one booking"
    """Before each request a booking of one kit is moved to another slot."""
    NOTHING = "nothing"
    """Before each request every cache of the program is emptied, as after a start."""


def settings_of(url: str) -> Settings:
    return Settings(secret_key="only for benchmarks", database_url=url, sms_file=Path("/dev/null"))  # noqa: S106


def app_of(url: str) -> Flask:
    return create_app(settings_of(url))


def bare() -> Flask:
    app = Flask("bare")

    @cache
    def body(size: int) -> bytes:
        return b"x" * size

    @app.route("/<int:size>", methods=["GET", "POST"])
    def page(size: int) -> Response:
        return Response(body(size), mimetype="text/html")

    return app


class WithProcessorTime:
    """Tells on a page of its own how much processor time the server has used."""

    def __init__(self, app: "WSGIApplication") -> None:
        self.app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] == PROCESSOR_TIME:
            return Response(str(process_time()))(environ, start_response)
        return self.app(environ, start_response)


class MovingABooking:
    """Moves a booking of one kit to a free slot before each request, so that every answer is a new one.

    What that takes counts as the server's time. It waits for no disk, so that it takes little.
    """

    def __init__(self, app: "WSGIApplication", url: str, kit_id: int) -> None:
        self.app, self.engine, self.dice = app, create_engine(url), random.Random(1)
        with self.engine.connect() as connection:
            held = connection.execute(select(Hold.booking_id, Hold.from_at).where(Hold.kit_id == kit_id)).all()
        self.kit_id, self.lock = kit_id, Lock()
        by_start = {slot.hold.from_at: slot for slot in slots(0, 13)}
        self.bookings = [row.booking_id for row in held if row.from_at in by_start]
        taken = {row.from_at for row in held}
        self.free = [slot for start, slot in by_start.items() if start not in taken]
        self.taken = [by_start[row.from_at] for row in held if row.from_at in by_start]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with self.lock:
            self._move()
        return self.app(environ, start_response)

    def _move(self) -> None:
        which, to = self.dice.randrange(len(self.bookings)), self.dice.randrange(len(self.free))
        self.taken[which], self.free[to] = slot, _ = self.free[to], self.taken[which]
        times = {"pick_up_at": slot.hold.from_at, "return_at": slot.hold.until_at}
        times |= {"from_at": slot.on_air.from_at, "until_at": slot.on_air.until_at, "day": slot.day}
        booking_id = self.bookings[which]
        with self.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA synchronous=OFF")
            connection.execute(_MOVE_HOLD, {"of": booking_id, "start": slot.hold.from_at, "end": slot.hold.until_at})
            connection.execute(_MOVE_BOOKING, {"of": booking_id, "name": slot.name, **times})
            connection.execute(_RAISE_VERSION, {"of": self.kit_id})


_MOVE_HOLD = (
    update(Hold)
    .where(Hold.booking_id == bindparam("of"))
    .values(from_at=bindparam("start"), until_at=bindparam("end"))
)
_MOVE_BOOKING = (
    update(Booking)
    .where(Booking.id == bindparam("of"))
    .values(slot_name=bindparam("name"), version=Booking.version + 1)
)
_RAISE_VERSION = update(Kit).where(Kit.id == bindparam("of")).values(version=Kit.version + 1)


_OF_THE_FILES = ("asset", "_build", "_catalogue", "_add_booking")


def _is_cached(value: object) -> bool:
    return type(value).__name__ == "_lru_cache_wrapper"


class EmptyingCaches:
    """Empties every cache of the program before each request, but those of its own files and translations."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        modules = [module for name, module in sys.modules.items() if name.startswith("kit_booking.")]
        functions = [value for module in modules for value in vars(module).values() if _is_cached(value)]
        self.cached = [function for function in functions if function.__name__ not in _OF_THE_FILES]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        for function in self.cached:
            function.cache_clear()
        self.app.extensions["pages"] = PageCache()
        return self.app(environ, start_response)


@contextmanager
def serving(url: str = "", keeps: Keeps = Keeps.ALL, *, kit_id: int = 0) -> Iterator[int]:
    """The port of a server of the app on this database, or of the bare page when there is none."""
    command = [sys.executable, "-m", "benchmarks.tools.serve", "--database", url, "--keeps", keeps]
    command += ["--kit", str(kit_id)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--keeps", type=Keeps, default=Keeps.ALL)
    parser.add_argument("--kit", type=int, default=0, help="whose bookings are moved")
    chosen = parser.parse_args()
    flask_app = app_of(chosen.database) if chosen.database else bare()
    app: WSGIApplication = flask_app
    if chosen.keeps is Keeps.ALL_BUT_ONE_BOOKING:
        app = MovingABooking(app, chosen.database, chosen.kit)
    elif chosen.keeps is Keeps.NOTHING:
        app = EmptyingCaches(flask_app)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = server_of(WithProcessorTime(app), settings_of(chosen.database), host="127.0.0.1", port=0)
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
