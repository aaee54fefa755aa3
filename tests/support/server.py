"""The app on a real port of this machine, served by the server that serves it in life."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from flask import Flask
from waitress.wasyncore import close_all

from kit_booking.clock import Clock, told_by
from kit_booking.server import server_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def told(app: Flask, clock: Clock) -> "WSGIApplication":
    """The app, whose every request finds the time on this clock."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        with told_by(clock):
            return app(environ, start_response)

    return answer


@contextmanager
def serving(app: Flask, listener: socket.socket, clock: Clock | None = None) -> Iterator[None]:
    """Serve the app on the bound socket from a thread of this process, so that the test shares its fakes."""
    sockets: dict[int, object] = {}
    served = told(app, clock) if clock else app
    server = server_of(served, app.extensions["settings"], opened=sockets, sockets=[listener])
    thread = Thread(target=server.run, name="server")
    thread.start()
    try:
        yield
    finally:
        server.task_dispatcher.shutdown()
        # The loop ends when no socket is left; only its own thread may take them away.
        server.trigger.pull_trigger(lambda: close_all(sockets))
        thread.join()
