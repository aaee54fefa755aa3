"""The settings, read once from the environment; a bad value stops the start with one clear line."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from click import ClickException
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from kit_booking.domain.messages.delivery import Timing

INSTANCE = Path(__file__).resolve().parent.parent / "instance"
MIGRATIONS = Path(__file__).resolve().parent / "migrations"

LEAST_SECRET = 24


class BadSetting(ClickException):
    """A setting that can't be used; the message, all that a command then prints, says what it takes."""


@dataclass(frozen=True)
class Settings:
    """Everything the outside decides. Secrets are kept out of its repr."""

    secret_key: str = field(repr=False)
    database_url: str = field(repr=False)
    sms_file: Path
    host: str = "127.0.0.1"
    port: int = 8000
    public_base_url: str = "http://127.0.0.1:8000"
    demo: bool = False
    sms_backend: str = "file"
    sms_name: str = "LIVEPX"
    """The sender's registered name, at most 11 letters or digits; part of every text."""
    twilio_account_sid: str = ""
    twilio_auth_token: str = field(default="", repr=False)
    twilio_sender: str = ""
    twilio_messaging_service_sid: str = ""
    twilio_api_base: str = ""
    sms_price: int = 800
    """What one segment costs, in đồng."""
    sms_timeout: float = 10.0
    """Seconds that connecting to the provider, and each wait for its answer, may take."""
    sms_timing: Timing = field(default_factory=Timing)
    trusted_proxy: str = ""
    """The address of the one proxy in front, whose word on the reader's address counts."""

    @property
    def is_https(self) -> bool:
        return self.public_base_url.startswith("https://")

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_base_url).hostname or "localhost"

    @property
    def twilio_status_callback(self) -> str:
        """Where Twilio reports to; nowhere when it could not reach this machine, for it refuses such texts."""
        is_stand_in = urlsplit(self.twilio_api_base).hostname in ("127.0.0.1", "localhost", "::1")
        return f"{self.public_base_url}/hooks/twilio/status" if self.is_https or is_stand_in else ""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ, instance: Path = INSTANCE) -> "Settings":
        """Raises ``BadSetting`` for a value that can't be used."""
        port = env.get("PORT") or "8000"
        settings = cls(
            secret_key=env.get("SECRET_KEY") or _kept_secret(instance / "secret_key"),
            database_url=_database_url(env.get("DATABASE_URL") or f"sqlite:///{instance / 'kit_booking.db'}"),
            sms_file=Path(env.get("SMS_FILE") or instance / "sms.jsonl"),
            host=env.get("HOST") or "127.0.0.1",
            port=_port(port),
            public_base_url=_base_url("PUBLIC_BASE_URL", env.get("PUBLIC_BASE_URL") or f"http://127.0.0.1:{port}"),
            demo=_switch("DEMO", env.get("DEMO", "")),
            sms_backend=env.get("SMS_BACKEND") or "file",
            sms_name=env.get("SMS_NAME") or "LIVEPX",
            twilio_account_sid=env.get("TWILIO_ACCOUNT_SID", ""),
            twilio_auth_token=env.get("TWILIO_AUTH_TOKEN", ""),
            twilio_sender=env.get("TWILIO_SENDER", ""),
            twilio_messaging_service_sid=env.get("TWILIO_MESSAGING_SERVICE_SID", ""),
            twilio_api_base=_base_url("TWILIO_API_BASE", env.get("TWILIO_API_BASE") or "https://api.twilio.com"),
            sms_price=int(_number(env, "SMS_PRICE", cls.sms_price)),
            sms_timeout=_number(env, "SMS_TIMEOUT", cls.sms_timeout),
            sms_timing=_timing(env),
            trusted_proxy=env.get("TRUSTED_PROXY", ""),
        )
        settings.check()
        return settings

    def check(self) -> None:
        if len(self.secret_key) < LEAST_SECRET:
            raise BadSetting(f"SECRET_KEY is too short; it takes at least {LEAST_SECRET} random characters")
        if self.sms_backend not in ("file", "twilio"):
            raise BadSetting(f"SMS_BACKEND is {self.sms_backend!r}; it takes file or twilio")
        if not (self.sms_name.isascii() and self.sms_name.isalnum() and len(self.sms_name) <= 11):
            raise BadSetting(f"SMS_NAME is {self.sms_name!r}; it takes at most 11 letters A-Z or digits")
        if self.sms_timing.lease.total_seconds() < 2.5 * self.sms_timeout:
            # Else a text that is still being handed over would be taken for lost.
            raise BadSetting("SMS_LEASE is too short; it takes at least two and a half times SMS_TIMEOUT")
        if self.sms_backend == "twilio":
            if not (self.twilio_account_sid and self.twilio_auth_token):
                raise BadSetting("SMS_BACKEND=twilio needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
            if bool(self.twilio_sender) == bool(self.twilio_messaging_service_sid):
                raise BadSetting("SMS_BACKEND=twilio needs either TWILIO_SENDER or TWILIO_MESSAGING_SERVICE_SID")


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,3})?", text) or float(text) == 0:
        raise BadSetting(f"{name} is {text!r}; it takes a number greater than 0")
    return float(text)


def _timing(env: Mapping[str, str]) -> Timing:
    """Timeouts and retry delays of the outbox, in seconds; tests shorten them."""

    def seconds(name: str, default: timedelta) -> timedelta:
        return timedelta(seconds=_number(env, name, default.total_seconds()))

    return Timing(
        lease=seconds("SMS_LEASE", Timing.lease),
        ask_after=seconds("SMS_ASK_AFTER", Timing.ask_after),
        retry_after=seconds("SMS_RETRY_AFTER", Timing.retry_after),
        repair=seconds("SMS_REPAIR", Timing.repair),
    )


def _kept_secret(path: Path) -> str:
    """The secret key, made at the first start and readable by its owner only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        secret = path.read_text().strip()
    except OSError as error:
        raise BadSetting(f"{path} can't be kept ({error.strerror}); set SECRET_KEY instead") from None
    if not secret:
        raise BadSetting(f"{path} is empty; delete it and a new one is made")
    return secret


def _switch(name: str, value: str) -> bool:
    if value not in ("", "0", "1"):
        raise BadSetting(f"{name} is {value!r}; it takes 1 or 0")
    return value == "1"


def _port(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and 0 < int(value) < 65536):
        raise BadSetting(f"PORT is {value!r}; it takes a number from 1 to 65535")
    return int(value)


def _database_url(url: str) -> str:
    """The names that hosting services use for PostgreSQL, all meaning psycopg 3."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    try:
        is_known = make_url(url).drivername in ("sqlite", "postgresql+psycopg") and bool(make_url(url).database)
    except (ArgumentError, ValueError):
        is_known = False
    if not is_known:  # It may hold a password, so it is not repeated.
        raise BadSetting("DATABASE_URL takes sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
    return url


def _base_url(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        is_base = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_base = False
    if not is_base or url.rstrip("/") != f"{parts.scheme}://{parts.netloc}":
        raise BadSetting(f"{name} is {url!r}; it takes http(s)://name and no path")
    return url.rstrip("/")
