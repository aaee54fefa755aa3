"""The servers that are compared, each a process on a free port of this machine: the app, and a bare page.

The bare page is what Flask can do at most under this server: so many bytes, and nothing behind them.
"""

import argparse
import logging
import subprocess
import sys
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

from flask import Flask, Response

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.server import server_of
from kit_booking.web.frame.responses import Page, PageCache

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PROCESSOR_TIME = "/processor-time"


class Forgetful(PageCache):
    """Every page is built anew."""

    def get(self, key: Hashable, now: datetime) -> Page | None:
        return None


def settings_of(url: str) -> Settings:
    return Settings(secret_key="only for benchmarks", database_url=url, sms_file=Path("/dev/null"))  # noqa: S106


def app_of(url: str, *, anew: bool = False) -> Flask:
    app = create_app(settings_of(url))
    if anew:
        app.extensions["pages"] = Forgetful()
    return app


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

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] == PROCESSOR_TIME:
            return Response(str(process_time()))(environ, start_response)
        return self.app(environ, start_response)


@contextmanager
def serving(url: str = "", *, anew: bool = False) -> Iterator[int]:
    """The port of a server of the app on this database, or of the bare page when there is none."""
    command = [sys.executable, "-m", "benchmarks.tools.serve", "--database", url, *(["--anew"] if anew else [])]
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
    parser.add_argument("--anew", action="store_true")
    chosen = parser.parse_args()
    app = app_of(chosen.database, anew=chosen.anew) if chosen.database else bare()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = server_of(WithProcessorTime(app), settings_of(chosen.database), host="127.0.0.1", port=0)
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
