"""Guard rails for every request: headers, cookies, CSRF, where a redirect may go, and the log."""

import itertools
import json
import logging
import secrets
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer

from kit_booking.config import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

csrf = CSRFProtect()
log = logging.getLogger("kit_booking.requests")

POLICY = "; ".join(
    f"{what} {source}"
    for what, source in {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",  # The desk's script asks for fresh lists; Lighthouse looks for robots.txt.
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }.items()
)


DESK_POLICY = f"{POLICY}; script-src 'self'"
"""The staff's pages have one script of our own, which brings keys and fresh lists; no page needs it."""

GUARDS = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),  # Private calendar addresses are secrets.
    ("Cross-Origin-Opener-Policy", "same-origin"),
]
HTTPS_GUARD = ("Strict-Transport-Security", "max-age=31536000")

LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing, for which nobody has to prove that the form was ours."""

V = TypeVar("V", bound=Callable[..., Any])
MOST_PARTS = 400
"""Parts of a form that lists the parts of a kit."""

_this_process, _numbers = secrets.token_hex(4), itertools.count(secrets.randbits(24))


class Sessions(SecureCookieSessionInterface):
    """Most readers bring no cookie, and for them nothing is made ready that would check or set one.

    What checks it is made once, for there is one of these for each application.
    """

    _serializer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._serializer is None:
            self._serializer = super().get_signing_serializer(app)
        return self._serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        # No need to say that a page looked for a cookie: what may be kept says itself on what it depends.
        if session or session.modified:
            super().save_session(app, session, response)


class Guarded:
    """Every answer carries the same guards: they are added where it leaves, which is cheaper than one by one.

    A 304 has nothing to guard; the page that the reader has was sent with them.
    """

    def __init__(self, app: "WSGIApplication", guards: list[tuple[str, str]]) -> None:
        self._app = app
        self._guards = [("Content-Security-Policy", POLICY), *guards]
        self._guards_of_desk = [("Content-Security-Policy", DESK_POLICY), *guards]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if not status.startswith("304"):
                is_desk = environ["PATH_INFO"].startswith("/staff")
                headers = headers + (self._guards_of_desk if is_desk else self._guards)
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        return self._app(environ, start)


def init_app(app: Flask) -> None:
    settings: Settings = app.extensions["settings"]
    prefix = "__Host-" if settings.is_https else ""
    app.config.update(
        SESSION_COOKIE_NAME=f"{prefix}session",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_NAME=f"{prefix}remember",
        REMEMBER_COOKIE_SECURE=settings.is_https,
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_DURATION=timedelta(days=90),
        WTF_CSRF_CHECK_DEFAULT=False,  # `_begin` checks, and looks first whether there is anything to check.
        WTF_CSRF_TIME_LIMIT=None,  # A form may lie open on a phone for a day; it ends with its session.
        WTF_CSRF_SSL_STRICT=False,  # Some phones send no Referer; the token is the guard.
        MAX_CONTENT_LENGTH=64 * 1024,
        MAX_FORM_PARTS=100,
    )
    app.before_request(_begin)
    app.session_interface = Sessions()
    csrf.init_app(app)
    app.after_request(_finish)
    app.wsgi_app = Guarded(app.wsgi_app, [*GUARDS, HTTPS_GUARD] if settings.is_https else GUARDS)  # type: ignore[method-assign]


def _begin() -> None:
    g.request_id = f"{_this_process}{next(_numbers) & 0xFFFFFFFF:08x}"
    if "\0" in request.path or (request.query_string and any("\0" in text for text in request.args.values())):
        abort(404)  # Nobody types it, and PostgreSQL can't even compare it.
    if request.method not in LOOKING:
        view = current_app.view_functions.get(request.endpoint or "")
        if most_bytes := getattr(view, "most_bytes", None):
            request.max_content_length, request.max_form_parts = most_bytes, MOST_PARTS
        csrf.protect(apply_exemptions=True)


def takes_files(most_bytes: int) -> Callable[[V], V]:
    """Mark a view whose form may be so long; every other one takes but little."""

    def mark(view: V) -> V:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return mark


def _finish(response: Response) -> Response:
    response.headers.add("X-Request-Id", g.get("request_id", ""))
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"  # Whatever does not say otherwise is personal.
    if log.isEnabledFor(logging.INFO):
        # The rule, not the path: paths hold private calendar addresses and booking codes.
        rule = request.url_rule.rule if request.url_rule else "unknown"
        log.info("%s %s %s", request.method, rule, response.status_code)
    return response


def own_path(target: str | None, default: str = "/") -> str:
    """The target when it is a page of our own, else the default: nobody is sent elsewhere from here."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    if any(ord(char) < 32 for char in target):  # Browsers leave some of them out, and so does urlsplit.
        return default
    parts = urlsplit(target)
    return default if parts.scheme or parts.netloc else target


class JsonLines(logging.Formatter):
    """One JSON object a line, with the request it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "what": record.getMessage(),
        }
        if request_id := g.get("request_id") if g else None:
            line["request"] = request_id
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_json_lines(level: int = logging.INFO) -> None:
    """Send the project's log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("twilio").setLevel(logging.WARNING)  # Its INFO lines hold numbers and texts.
