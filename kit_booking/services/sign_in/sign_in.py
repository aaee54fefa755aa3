"""Signing in: households by a code sent to their number, staff by a password."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from kit_booking.database import read, settings_of, transaction, upsert
from kit_booking.domain.messages.texts import CODE_LIVES, Kind, login_text
from kit_booking.models import Household, LoginCode, Message, MessageState, Staff, Throttle
from kit_booking.services.sign_in.members import find_member
from kit_booking.services.sign_in.throttle import count_try, take_back_try, window_end

A_DAY = timedelta(days=1)
CODES_A_NUMBER = 3
CODES_WINDOW = timedelta(minutes=15)
CODES_A_NUMBER_AND_DAY = 10
CODES_AN_ADDRESS = 300
"""A day, to unregistered numbers: a class on one Wi-Fi, and many phones of a mobile network, share one address."""
CODES_A_DAY = 2000
"""For everybody together, which limits what codes can cost in a day."""
CODES_TO_STRANGERS = 500
"""Of these, to unregistered numbers: codes sent to invented numbers can't use up those of the households."""
SENT_TWICE = timedelta(seconds=10)
CODES_AT_ONCE = 1
"""Within SENT_TWICE: whoever asks again has tapped twice, and gets no second code."""
TRIES = 5
PASSWORD_TRIES = 10
"""So many wrong ones for an account from one network in a `CODES_WINDOW`; nobody is locked out elsewhere."""
PASSWORDS_A_NETWORK = 5 * PASSWORD_TRIES
PASSWORDS_AN_ACCOUNT = 10 * PASSWORD_TRIES
"""From wherever."""
STALE = timedelta(days=365)
"""Numbers are given to other people: after so long without use the household's name is asked."""

# The second profile of OWASP's password storage cheat sheet: 0.05 s on an office PC.
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


@transaction
def send_code(session: Session, phone: str, address: str, *, now: datetime) -> datetime | None:
    """Queue a login code for the number; from when on one is sent again, if there were too many.

    After too many to strangers none goes out to a number of no household, with the same answer as if one did: it
    tells nobody which numbers are known.
    """
    if count_try(session, f"code-tap:{phone}", SENT_TWICE, now=now) > CODES_AT_ONCE:
        return None
    for key, window, most in (
        (f"code:{phone}", CODES_WINDOW, CODES_A_NUMBER),
        (f"code-day:{phone}", A_DAY, CODES_A_NUMBER_AND_DAY),
    ):
        if count_try(session, key, window, now=now) > most:
            return window_end(window, now=now)
    if not session.scalar(select(exists().where(Household.phone == phone))):
        of_address = count_try(session, f"code-address:{_network(address)}", A_DAY, now=now)
        if of_address > CODES_AN_ADDRESS or count_try(session, "code-stranger", A_DAY, now=now) > CODES_TO_STRANGERS:
            return None
    if count_try(session, "code", A_DAY, now=now) > CODES_A_DAY:
        return window_end(A_DAY, now=now)
    code = f"{secrets.randbelow(1_000_000):06}"
    values = {"code_hash": _code_hash(session, phone, code), "expires_at": now + CODE_LIVES, "tries": 0}
    session.execute(
        upsert(LoginCode).values(phone=phone, **values).on_conflict_do_update(index_elements=["phone"], set_=values)
    )
    session.execute(  # An older code is void now; its text would only confuse.
        update(Message)
        .where(Message.to == phone, Message.kind == Kind.LOGIN_CODE, Message.state == MessageState.QUEUED)
        .values(state=MessageState.SKIPPED, settled_at=now, body="")
    )
    session.execute(
        insert(Message).values(
            kind=Kind.LOGIN_CODE,
            to=phone,
            body=login_text(settings_of(session).sms_name, code),
            created_at=now,
            due_at=now,
            useful_until_at=now + CODE_LIVES,
        )
    )
    return None


def _network(address: str) -> str:
    """The address; of IPv6 its /64 network, because one connection has all 2**64 addresses of that."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((ip, 64), strict=False)) if ip.version == 6 else address


def codes_today(*, now: datetime) -> int:
    """How many login codes were asked for in the running day of the counter."""
    asked = select(func.max(Throttle.count)).where(
        Throttle.key == "code", Throttle.window_at > now - timedelta(days=1)
    )
    return int(read(asked)[0][0] or 0)


def _code_hash(session: Session, phone: str, code: str) -> str:
    """Keyed, because all codes could be hashed within a second."""
    key = settings_of(session).secret_key.encode()
    return hmac.new(key, f"{phone} {code}".encode(), hashlib.sha256).hexdigest()


class SignInProblem(StrEnum):
    WRONG = "wrong"
    EXPIRED = "expired"
    """Of codes only."""
    TOO_MANY = "too_many"


@transaction
def check_code(session: Session, phone: str, code: str, *, now: datetime) -> SignInProblem | None:
    """None if this is the code last sent to the number; a code works once and may be tried `TRIES` times."""
    row = session.execute(
        update(LoginCode)
        .where(LoginCode.phone == phone)
        .values(tries=LoginCode.tries + 1)
        .returning(LoginCode.code_hash, LoginCode.expires_at, LoginCode.tries)
    ).one_or_none()
    if row is None or row.expires_at <= now:
        return SignInProblem.EXPIRED
    if row.tries > TRIES:
        return SignInProblem.TOO_MANY
    if not hmac.compare_digest(row.code_hash, _code_hash(session, phone, code)):
        return SignInProblem.WRONG
    session.execute(delete(LoginCode).where(LoginCode.phone == phone))
    return None


def households_of(phone: str, *, now: datetime) -> Sequence[Row[Any]]:
    """The ``id`` and ``name`` of each household of the number; it ``needs_name`` when it was not here for long."""
    needs_name = (Household.seen_at < now - STALE).label("needs_name")
    return read(
        select(Household.id, Household.name, needs_name).where(Household.phone == phone).order_by(Household.id)
    )


@transaction
def enter_household(session: Session, household_id: int, phone: str, *, now: datetime) -> int | None:
    """Note that the household signed in by its number, and return its `session_version`.

    None when it has another number by now; a sign-in with that version ends if the number changes a moment later.
    """
    return session.scalar(
        update(Household)
        .where(Household.id == household_id, Household.phone == phone, Household.erased_at.is_(None))
        .values(seen_at=now)
        .returning(Household.session_version)
    )


def check_password(username: str, password: str, address: str, *, now: datetime) -> Staff | SignInProblem:
    """The member of staff this is. Hashing takes long, so it happens outside of every transaction.

    The try is counted before, so that many at once are not more than one after the other; a right one counts no more.
    """
    network = _network(address)
    limits = {
        f"password:{username[:40]}@{network[:24]}": PASSWORD_TRIES,
        f"password-address:{network[:40]}": PASSWORDS_A_NETWORK,
        f"password:{username[:40]}": PASSWORDS_AN_ACCOUNT,
    }
    if not _may_try(limits, now=now):
        return SignInProblem.TOO_MANY
    rows = read(
        select(Staff.id, Staff.session_version, Staff.password_hash).where(
            Staff.username == username, Staff.is_active
        )
    )
    # A user name that does not exist takes as long as one that does.
    stored = rows[0].password_hash if rows else _NOBODY
    try:
        hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return SignInProblem.WRONG
    member = find_member(rows[0].id, rows[0].session_version) if rows else None
    if member is None:
        return SignInProblem.WRONG
    _take_back(limits, now=now)
    return member


_NOBODY = hasher.hash(secrets.token_urlsafe())


@transaction
def _may_try(session: Session, limits: Mapping[str, int], *, now: datetime) -> bool:
    tries = {key: count_try(session, key, CODES_WINDOW, now=now) for key in sorted(limits)}
    return all(tries[key] <= most for key, most in limits.items())


@transaction
def _take_back(session: Session, limits: Iterable[str], *, now: datetime) -> None:
    for key in sorted(limits):
        take_back_try(session, key, CODES_WINDOW, now=now)


@transaction
def may_try_name(session: Session, phone: str, *, now: datetime) -> bool:
    """Whether the name of a household that was away for long may be guessed once more."""
    return count_try(session, f"name:{phone}", CODES_WINDOW, now=now) <= TRIES
