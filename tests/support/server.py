"""The app on a real port of this machine, served by the server that serves it in life."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Thread

from flask import Flask
from waitress.wasyncore import close_all

from kit_booking.cli import hear_proxy
from kit_booking.server import server_of
from kit_booking.web.frame.errors import refuse_body


@contextmanager
def serving(app: Flask, listener: socket.socket) -> Iterator[None]:
    """Serve the app on the bound socket from a thread of this process, so that the test shares its fakes."""
    sockets: dict[int, object] = {}
    refuse, hear = partial(refuse_body, app), partial(hear_proxy, app)
    settings = app.extensions["settings"]
    server = server_of(app, settings, refuse=refuse, hear_proxy=hear, opened=sockets, sockets=[listener])
    thread = Thread(target=server.run, name="server")
    thread.start()
    try:
        yield
    finally:
        server.task_dispatcher.shutdown()
        # The loop ends when no socket is left; only its own thread may take them away.
        server.trigger.pull_trigger(lambda: close_all(sockets))
        thread.join()
