"""Security of every request: headers, cookies, CSRF, where a redirect may go, and the log."""

import itertools
import json
import logging
import secrets
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf import CSRFProtect

from kit_booking.config import Settings

csrf = CSRFProtect()
log = logging.getLogger("kit_booking.requests")

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; "  # The desk's script fetches fresh lists; Lighthouse fetches robots.txt.
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
DESK_POLICY = f"{POLICY}; script-src 'self'"
"""Only the staff's pages load a script, for keyboard shortcuts and fresh lists; they work without it."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # Private calendar addresses are secrets.
    "Cross-Origin-Opener-Policy": "same-origin",
}

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing and need no CSRF token."""

V = TypeVar("V", bound=Callable[..., Any])
MOST_PARTS = 400
"""Fields of a form in a view that `takes_files`; one for each part of a kit and more."""

_this_process, _numbers = secrets.token_hex(4), itertools.count(secrets.randbits(24))


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookies, without work for a request that has none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        # Flask would add `Vary: Cookie` to every page that looked for a session; cacheable pages set Vary themselves.
        if session or session.modified:
            super().save_session(app, session, response)


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
        WTF_CSRF_CHECK_DEFAULT=False,  # `_begin` checks, after it has set the limits of the view.
        WTF_CSRF_TIME_LIMIT=None,  # A form may lie open on a phone for a day; it ends with its session.
        WTF_CSRF_SSL_STRICT=False,  # Some phones send no Referer; the token is the guard.
        MAX_CONTENT_LENGTH=64 * 1024,
        MAX_FORM_PARTS=100,
    )
    app.before_request(_begin)
    app.session_interface = Sessions()
    csrf.init_app(app)
    app.after_request(_finish)


def _begin() -> None:
    g.request_id = f"{_this_process}{next(_numbers) & 0xFFFFFFFF:08x}"
    if "\0" in request.path or (request.query_string and any("\0" in text for text in request.args.values())):
        abort(404)  # Nobody types it, and PostgreSQL can't even compare it.
    if request.method not in SAFE_METHODS:
        view = current_app.view_functions.get(request.endpoint or "")
        if most_bytes := getattr(view, "most_bytes", None):
            request.max_content_length, request.max_form_parts = most_bytes, MOST_PARTS
        csrf.protect(apply_exemptions=True)


def takes_files(most_bytes: int) -> Callable[[V], V]:
    """Allow the form of a view ``most_bytes``, beyond the MAX_CONTENT_LENGTH of all others."""

    def mark(view: V) -> V:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return mark


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if response.status_code != 304:  # The page that the reader has was sent with them.
        response.headers.update(SECURITY_HEADERS)
        response.headers["Content-Security-Policy"] = DESK_POLICY if request.path.startswith("/staff") else POLICY
        if current_app.config["SESSION_COOKIE_SECURE"]:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"  # Any page may hold personal data.
    if log.isEnabledFor(logging.INFO):
        # The rule, not the path: paths hold private calendar addresses and booking codes.
        rule = request.url_rule.rule if request.url_rule else "unknown"
        log.info("%s %s %s", request.method, rule, response.status_code)
    return response


def own_path(target: str | None, default: str = "/") -> str:
    """The target if it is a path of this site, else the default; prevents open redirects."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    if any(ord(char) < 32 for char in target):  # Browsers and urlsplit drop some control characters.
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
