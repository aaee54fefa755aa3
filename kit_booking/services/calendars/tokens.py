"""Private calendar addresses of households and staff: adding, listing and revoking them, and noting their use."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, or_, select, update
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.models import FeedToken
from kit_booking.services.audit import Actor, record_audit

USE_NOTED = timedelta(hours=1)
"""The last use of an address is written at most this often."""


def token_hash(token: str) -> str:
    """A random token of 192 bits needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def _belongs_to(owner: Actor) -> ColumnElement[bool]:
    if owner.household_id is not None:
        return FeedToken.household_id == owner.household_id
    return FeedToken.staff_id == owner.staff_id


MOST_TOKENS = 20
"""How many addresses a household or member of staff has at most; the oldest one is revoked."""


@transaction
def add_token(session: Session, owner: Actor, *, now: datetime) -> str:
    """Add a private address; returns the token, of which the database stores only the hash."""
    token = secrets.token_urlsafe(24)
    old = session.scalars(
        select(FeedToken.id)
        .where(_belongs_to(owner), FeedToken.revoked_at.is_(None))
        .order_by(FeedToken.id.desc())
        .offset(MOST_TOKENS - 1)
    ).all()
    session.execute(update(FeedToken).where(FeedToken.id.in_(old)).values(revoked_at=now))
    session.execute(
        insert(FeedToken).values(
            household_id=owner.household_id,
            staff_id=owner.staff_id,
            token_hash=token_hash(token),
            created_at=now,
        )
    )
    record_audit(session, "calendar_added", owner, now=now)
    return token


@transaction
def revoke_token(session: Session, owner: Actor, token_id: int, *, now: datetime) -> bool:
    """Revoke an address; False when the owner has no such one in use."""
    revoked = session.execute(
        update(FeedToken)
        .where(_belongs_to(owner), FeedToken.id == token_id, FeedToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(FeedToken.id)
    ).all()
    if revoked:
        record_audit(session, "calendar_revoked", owner, now=now)
    return bool(revoked)


@transaction
def note_use(session: Session, token: str, app: str, *, now: datetime) -> None:
    """Note that this calendar program fetched the feed, unless that was noted within the hour."""
    session.execute(
        update(FeedToken)
        .where(
            FeedToken.token_hash == token_hash(token),
            or_(FeedToken.last_used_at.is_(None), FeedToken.last_used_at <= now - USE_NOTED),
        )
        .values(last_used_at=now, last_agent=app[:80])
    )


def tokens_of(owner: Actor) -> Sequence[Row[Any]]:
    """The owner's addresses in use, newest first: ``id``, ``created_at``, ``last_used_at``, ``last_agent``."""
    return read(
        select(FeedToken.id, FeedToken.created_at, FeedToken.last_used_at, FeedToken.last_agent)
        .where(_belongs_to(owner), FeedToken.revoked_at.is_(None))
        .order_by(FeedToken.id.desc())
    )
