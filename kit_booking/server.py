"""The web server: waitress, set up for many slow phones, which hold connections and not threads."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server
from waitress.task import WSGITask
from waitress.utilities import RequestEntityTooLarge

from kit_booking.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


SHORT = 64 * 1024
"""Bytes; Flask refuses more for any form that takes no files."""


class Task(WSGITask):
    """Keeps the connection after a 304, which ends with its head (RFC 9112 §6.3).

    Waitress would close it, as after any answer without a length, and the next one would wait for a new connection.
    """

    def set_close_on_finish(self) -> None:
        is_kept = self.version == "1.1" and self.request.headers.get("CONNECTION", "").lower() != "close"  # type: ignore[attr-defined]
        if self.has_body or not is_kept:
            super().set_close_on_finish()

    def get_environment(self) -> Any:
        environ = super().get_environment()
        server = self.channel.server
        if "HTTP_X_FORWARDED_FOR" in environ and server.adj.trusted_proxy not in ("*", environ["REMOTE_ADDR"]):
            self.channel.hear_proxy(environ["REMOTE_ADDR"])  # type: ignore[attr-defined]
        return environ


Refuse = Callable[[str, Mapping[str, str], int], str | None]
"""Of a path, the headers by their CGI names, and the length of a body: the page that refuses it; None to take it."""


class BodyRefused(RequestEntityTooLarge):
    """The body is longer than whoever sends it may send there."""

    def to_response(self, ident: str | None = None) -> Any:
        return f"{self.code} {self.reason}", [("Content-Type", "text/html; charset=utf-8")], self.body.encode()


class Parser(HTTPRequestParser):
    """Refuses a long body at its head, before any of it is kept."""

    def __init__(self, adj: Any, refuse: Refuse) -> None:
        super().__init__(adj)
        self._refuse = refuse

    def received(self, data: bytes) -> int:
        was_in_head = not self.headers_finished
        consumed = int(super().received(data))
        if was_in_head and self.headers_finished and (self.content_length > SHORT or self.chunked):
            length = sys.maxsize if self.chunked else self.content_length
            if page := self._refuse(self.path, self.headers, length):  # type: ignore[attr-defined]
                self.error, self.completed = BodyRefused(page), True
        return consumed


class Channel(HTTPChannel):
    task_class = Task

    @staticmethod
    def hear_proxy(address: str) -> None:
        """A request said whom it is forwarded for, and came from an address that is not trusted."""


def server_of(
    app: "WSGIApplication",
    settings: Settings,
    *,
    refuse: Refuse | None = None,
    hear_proxy: Callable[[str], None] | None = None,
    opened: dict[int, Any] | None = None,
    **where: Any,
) -> BaseWSGIServer | MultiSocketServer:
    """A server that listens already, at a ``host`` and ``port`` or on ``sockets``; its ``run`` serves.

    Raises ``OSError`` where it can't listen. ``opened`` is the map in which waitress keeps its open
    sockets; whoever stops the server closes them. ``refuse`` says which long bodies are not taken;
    ``hear_proxy`` is told the address of a forwarder that is not trusted, in the thread that answers.
    """
    options: dict[str, Any] = {
        "threads": 8,
        "connection_limit": 1000,
        "channel_timeout": 60,
        "max_request_body_size": 1 << 30,  # `refuse` says how much each sender may send where.
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
    parts: dict[str, Any] = {}
    if refuse:
        parts["parser_class"] = staticmethod(partial(Parser, refuse=refuse))
    if hear_proxy:
        parts["hear_proxy"] = staticmethod(hear_proxy)
    channel = type("Channel", (Channel,), parts)
    server = create_server(app, map=opened, **where, **options)
    for listener in opened.values():
        if isinstance(listener, BaseWSGIServer):
            listener.channel_class = channel
    return server
