"""`flask doctor`: what is wrong with an installation, and what to do about it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from kit_booking.adapters.sms import SmsFault, SmsMisconfigured, SmsSender
from kit_booking.adapters.twilio_sms import TwilioSms
from kit_booking.config import Settings
from kit_booking.database import db, read
from kit_booking.domain.messages.delivery import MessageState, is_alarming
from kit_booking.models import Mark, Message, PauseReason
from kit_booking.services.marks import find_mark
from kit_booking.services.ops import health
from kit_booking.services.sign_in.sign_in import CODES_A_DAY, codes_today

LATE = timedelta(minutes=10)
"""A text that is due for longer is reported."""
SKEW = timedelta(minutes=1)
LEAST_FREE = 500 * 2**20
RECENTLY = timedelta(days=2)
MANY_CODES = 0.8
"""The share of `CODES_A_DAY` from which on abuse is suspected."""


@dataclass(frozen=True)
class Finding:
    """One thing that was checked; `wrong` is empty when it is well."""

    what: str
    fine: str
    wrong: str = ""


def examine(settings: Settings, sms: SmsSender, *, now: datetime) -> Iterator[Finding]:
    """Check one thing after the other; without a database only what needs none."""
    yield _disk(settings)
    yield from _sms(settings, sms, now=now)
    try:
        db.session.rollback()
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        yield Finding("database", f"{db.engine.dialect.name} answers")
        is_current, is_newer = health.is_schema_current(), health.is_schema_newer()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        yield Finding("database", "", f"can't be used: {reason}. Look at DATABASE_URL, and whether it runs.")
        return
    if is_newer:
        yield Finding("schema", "", "the tables are of a newer version of this program. Start that one")
        return
    if not is_current:
        yield Finding("schema", "", "the tables are not those of this version. Run: flask --app wsgi db upgrade")
        return
    yield Finding("schema", "the tables are those of this version")
    yield _clock(now=now)
    yield check_proxy(settings, now=now)
    yield _worker(now=now)
    yield _queue(now=now)
    yield from _sending(now=now)


def _disk(settings: Settings) -> Finding:
    database = db.engine.url.database if db.engine.dialect.name == "sqlite" else None
    folder = Path(database).parent if database else settings.sms_file.resolve().parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding("disk", "", f"{folder} can't be read: {error.strerror}")
    megabytes = f"{free // 2**20:,} MB are free in {folder}"
    return Finding("disk", megabytes, "" if free >= LEAST_FREE else f"only {megabytes}. Make room, or it will stop.")


def _sms(settings: Settings, sender: SmsSender, *, now: datetime) -> Iterator[Finding]:
    if settings.sms_backend == "file" or settings.demo:
        yield Finding("keys", f"no text is sent: they go to {settings.sms_file}")
        return
    if settings.twilio_sender and settings.twilio_sender.casefold() != settings.sms_name.casefold():
        yield Finding(
            "sender",
            "",
            f"texts say {settings.sms_name}, but the sender is {settings.twilio_sender}; Vietnam's operators "
            "block texts without their sender's name. Set SMS_NAME and TWILIO_SENDER to the registered name.",
        )
    else:
        yield Finding("sender", settings.twilio_sender or "a messaging service")
    if not settings.twilio_status_callback:
        yield Finding(
            "reports", "", "PUBLIC_BASE_URL is no https address, so Twilio can't report what became of texts."
        )
    if not isinstance(sender, TwilioSms):
        return
    try:
        status, twilio_now = sender.check_account()
    except SmsMisconfigured as fault:
        yield Finding("keys", "", f"Twilio refuses them: {fault}. Look at TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.")
        return
    except SmsFault as fault:
        yield Finding("keys", "", f"Twilio can't be asked: {fault}. Look at the network, and at TWILIO_API_BASE.")
        return
    yield Finding("keys", "Twilio takes them", "" if status == "active" else f"the Twilio account is {status}.")
    if twilio_now and abs(twilio_now - now) > SKEW:
        apart = int((now - twilio_now).total_seconds())
        yield Finding("clock", "", f"differs by {apart} s from Twilio's. Turn on time synchronisation.")


def _clock(*, now: datetime) -> Finding:
    """Against the database's clock, if that may be on another machine, and against the newest mark."""
    if db.engine.dialect.name == "postgresql":
        [(database_now,)] = read(select(func.now()))
        if abs(database_now - now) > SKEW:
            apart = int((now - database_now).total_seconds())
            return Finding("clock", "", f"differs by {apart} s from the database's. Turn on time synchronisation.")
    [(newest_at,)] = read(select(func.max(Mark.at)))
    if newest_at and newest_at > now + SKEW:
        ahead = f"something was written down at {newest_at:%Y-%m-%d %H:%M} UTC, which is yet to come."
        return Finding("clock", "", ahead)
    return Finding("clock", f"{now:%Y-%m-%d %H:%M} UTC")


def proxy_advice(addresses: list[str]) -> str:
    """What to do about proxies that are not trusted."""
    return (
        f"requests are forwarded by {', '.join(addresses)}, which TRUSTED_PROXY does not name: all readers count as "
        f"that one address, and soon get no login code. If it is your proxy, set TRUSTED_PROXY={addresses[0]}"
    )


def check_proxy(settings: Settings, *, now: datetime) -> Finding:
    """Whether a proxy in front is named in the settings, as far as the last day tells."""
    unknown = [one for one in health.unknown_proxies(now=now) if one != settings.trusted_proxy]
    return Finding("proxy", settings.trusted_proxy or "none", f"{proxy_advice(unknown)}." if unknown else "")


def _worker(*, now: datetime) -> Finding:
    if health.is_worker_alive(now=now):
        return Finding("worker", "it lives")
    last = find_mark("worker", now=now)
    since = f"was last seen {last:%Y-%m-%d %H:%M} UTC" if last else "was never seen"
    return Finding("worker", "", f"{since}; nothing is sent and nothing lapses. Start: flask --app wsgi worker")


def _queue(*, now: datetime) -> Finding:
    late = select(func.count(Message.id), func.min(Message.due_at)).where(
        Message.state == MessageState.QUEUED, Message.due_at < now - LATE
    )
    [(number, oldest)] = read(late)
    if number:
        return Finding("queue", "", f"{number} texts are late, the oldest since {oldest:%Y-%m-%d %H:%M} UTC.")
    return Finding("queue", "no text is late")


def _sending(*, now: datetime) -> Iterator[Finding]:
    for alarm in health.sending_alarms(now=now):
        if alarm.reason is PauseReason.SETUP:
            todo = "Look up the number at https://www.twilio.com/docs/api/errors; it is tried again by itself."
        else:
            todo = "The account's limit; ask Twilio for a higher one."
        yield Finding("sending", "", f"stopped since {alarm.since_at:%Y-%m-%d %H:%M} UTC: {alarm.fault}. {todo}")
    rows = read(
        select(Message.state, func.count(Message.id))
        .where(Message.settled_at > now - RECENTLY, Message.tries > 0)
        .group_by(Message.state)
    )
    numbers: dict[str, int] = {row[0]: row[1] for row in rows}
    failed = sum(numbers.get(state, 0) for state in (MessageState.FAILED, MessageState.UNDELIVERED))
    total = sum(numbers.values()) - numbers.get(MessageState.SKIPPED, 0)
    share = f"{failed} of the {total} texts of two days did not arrive"
    yield _codes(now=now)
    yield Finding("delivery", share, f"{share}. See /staff/messages for why." if is_alarming(failed, total) else "")


def _codes(*, now: datetime) -> Finding:
    asked = codes_today(now=now)
    said = f"{asked} login codes were asked for today, of at most {CODES_A_DAY}"
    is_much = asked >= MANY_CODES * CODES_A_DAY
    return Finding("codes", said, f"{said}. Perhaps somebody has them sent to run up costs." if is_much else "")
