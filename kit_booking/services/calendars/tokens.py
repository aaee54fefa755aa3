"""Private calendar addresses of households and staff: made, listed, used, revoked."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.models import AuditEntry, FeedToken

USE_NOTED = timedelta(hours=1)
"""The last use of an address is written at most so often."""


def token_hash(token: str) -> str:
    """A random token of 192 bits needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class Owner:
    """Whose calendar addresses: one of the two is set."""

    household_id: int | None = None
    staff_id: int | None = None

    def owns(self) -> ColumnElement[bool]:
        if self.household_id is not None:
            return FeedToken.household_id == self.household_id
        return FeedToken.staff_id == self.staff_id


MOST_TOKENS = 20
"""A household or member of staff has so many addresses at most; the oldest one goes."""


@transaction
def add_token(session: Session, owner: Owner, *, now: datetime) -> str:
    """A new private address; the token is known only now, the database keeps its hash."""
    token = secrets.token_urlsafe(24)
    old = session.scalars(
        select(FeedToken.id)
        .where(owner.owns(), FeedToken.revoked_at.is_(None))
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
    _audit(session, "calendar_added", owner, now)
    return token


@transaction
def revoke_token(session: Session, owner: Owner, token_id: int, *, now: datetime) -> bool:
    """End an address for good; False when the owner has no such one."""
    revoked = session.execute(
        update(FeedToken)
        .where(owner.owns(), FeedToken.id == token_id, FeedToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(FeedToken.id)
    ).all()
    if revoked:
        _audit(session, "calendar_revoked", owner, now)
    return bool(revoked)


def _audit(session: Session, action: str, owner: Owner, now: datetime) -> None:
    session.execute(
        insert(AuditEntry).values(at=now, action=action, household_id=owner.household_id, staff_id=owner.staff_id)
    )


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


@dataclass(frozen=True)
class ShownToken:
    id: int
    created_at: datetime
    last_used_at: datetime | None
    last_agent: str
    """The calendar program, in words that people know."""


def tokens_of(owner: Owner) -> list[ShownToken]:
    """The addresses in use, the newest first."""
    rows = read(
        select(FeedToken.id, FeedToken.created_at, FeedToken.last_used_at, FeedToken.last_agent)
        .where(owner.owns(), FeedToken.revoked_at.is_(None))
        .order_by(FeedToken.id.desc())
    )
    return [ShownToken(*row) for row in rows]
