"""Guard rails for every request: headers, cookies, CSRF, where a redirect may go, and the log."""

import json
import logging
import secrets
import sys
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf import CSRFProtect

from kit_booking.config import Settings

csrf = CSRFProtect()
log = logging.getLogger("kit_booking.requests")

POLICY = "; ".join(
    f"{what} {source}"
    for what, source in {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",  # No script may ask; Lighthouse looks for robots.txt.
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }.items()
)


class Sessions(SecureCookieSessionInterface):
    """Most readers bring no cookie, and for them nothing is made ready that would check one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


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
        WTF_CSRF_TIME_LIMIT=None,  # A form may lie open on a phone for a day; it ends with its session.
        WTF_CSRF_SSL_STRICT=False,  # Some phones send no Referer; the token is the guard.
        MAX_CONTENT_LENGTH=64 * 1024,
        MAX_FORM_PARTS=100,
    )
    app.before_request(_begin)
    app.session_interface = Sessions()
    csrf.init_app(app)
    app.after_request(_finish)


LARGER_BODIES = {"paper_register.upload": 1_000_000}
"""Bytes that a view may be sent where that is more than elsewhere; waitress takes one MiB at most."""


def _begin() -> None:
    g.request_id = secrets.token_hex(8)
    if request.endpoint in LARGER_BODIES:  # Here, because the check of the form's token reads the body.
        request.max_content_length = LARGER_BODIES[request.endpoint]
    if any("\0" in text for text in (request.path, *request.args.values())):
        abort(404)  # Nobody types it, and PostgreSQL can't even compare it.


def _finish(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"  # Private calendar addresses are secrets.
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["X-Request-Id"] = g.get("request_id", "")
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"  # Whatever does not say otherwise is personal.
    if log.isEnabledFor(logging.INFO):
        # The rule, not the path: paths hold private calendar addresses and booking codes.
        rule = request.url_rule.rule if request.url_rule else "unknown"
        log.info("%s %s %s", request.method, rule, response.status_code)
    return response


def own_path(target: str | None, default: str = "/") -> str:
    """The target when it is a page of our own, else the default: nobody is sent elsewhere from here."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or any(ord(char) < 32 for char in target):
        return default
    return target


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
