"""Households that ask over HTTP; as a program, each of them with a process and a web server of its own.

The program gets the address of the database and the households' ids. It says that all are ready, and then, for
every path on its standard input, all ask for that slot at once; it answers with what status each was given.
"""

import http.client
import multiprocessing
import socket
import sys
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from kit_booking import create_app
from kit_booking.config import Settings
from tests.support.fakes import FakeSms
from tests.support.server import serving
from tests.times import follow_clock

SECRET = "x" * 40


class Asker:
    """A household's browser that is signed in already, as after a code by SMS."""

    def __init__(self, app: Flask, port: int, household_id: int) -> None:
        session = {"_user_id": f"household.{household_id}.1", "_fresh": True, "csrf_token": SECRET}
        signed = app.session_interface.get_signing_serializer(app).dumps(session)
        self.headers = {
            "Cookie": f"{app.config['SESSION_COOKIE_NAME']}={signed}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(SECRET)
        self.form = urlencode({"csrf_token": token, "sells": "nón lá", "streams_on": "TikTok"})
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path: str) -> tuple[int, str]:
        """The status and the page."""
        self.connection.request("POST", path, self.form, self.headers)
        response = self.connection.getresponse()
        return response.status, response.read().decode()


def main(database_url: str, *household_ids: str) -> None:
    follow_clock()
    forking = multiprocessing.get_context("fork")  # Starting anew would load everything once for each.
    ends = []
    for household_id in household_ids:
        ours, theirs = forking.Pipe()
        forking.Process(target=_household, args=(database_url, int(household_id), theirs), daemon=True).start()
        ends.append(ours)
    for line in chain(["ready?"], sys.stdin):
        for end in ends:
            end.send(line.strip())
        sys.stdout.write(" ".join(str(end.recv()) for end in ends) + "\n")
        sys.stdout.flush()


def _household(database_url: str, household_id: int, orders: Connection) -> None:
    """A web process and its only visitor."""
    settings = Settings(secret_key="x" * 40, database_url=database_url, sms_file=Path("/dev/null"))
    app = create_app(settings, FakeSms())
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(app, listener):
        asker = Asker(app, listener.getsockname()[1], household_id)
        while path := orders.recv():
            orders.send("ready" if path == "ready?" else asker.ask(path)[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
