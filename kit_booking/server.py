"""The web server: waitress, set up for many slow phones, which hold connections and not threads."""

from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server
from waitress.task import WSGITask

from kit_booking.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Task(WSGITask):
    """Keeps the connection after a 304, which ends with its head (RFC 9112 §6.3).

    Waitress would close it, as after any answer without a length, and the next one would wait for a new connection.
    """

    def set_close_on_finish(self) -> None:
        is_kept = self.version == "1.1" and self.request.headers.get("CONNECTION", "").lower() != "close"  # type: ignore[attr-defined]
        if self.has_body or not is_kept:
            super().set_close_on_finish()


class Channel(HTTPChannel):
    task_class = Task


def server_of(
    app: "WSGIApplication", settings: Settings, *, opened: dict[int, Any] | None = None, **where: Any
) -> BaseWSGIServer | MultiSocketServer:
    """A server that listens already, at a ``host`` and ``port`` or on ``sockets``; its ``run`` serves.

    Raises ``OSError`` where it can't listen. ``opened`` is the map in which waitress keeps its open
    sockets; whoever stops the server closes them.
    """
    options: dict[str, Any] = {
        "threads": 8,
        "connection_limit": 1000,
        "channel_timeout": 60,
        "max_request_body_size": 33 << 20,  # Three photos at the counter; Flask refuses more than 64 kB elsewhere.
        "ident": None,
    }
    if settings.trusted_proxy:
        options |= {
            "trusted_proxy": settings.trusted_proxy,
            "trusted_proxy_count": 1,
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
            "clear_untrusted_proxy_headers": True,
        }
    opened = {} if opened is None else opened
    server = create_server(app, map=opened, **where, **options)
    for listener in opened.values():
        if isinstance(listener, BaseWSGIServer):
            listener.channel_class = Channel
    return server
