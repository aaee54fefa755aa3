"""Signs of life: the worker's heartbeat, the database's schema, what tidying up removes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from kit_booking.config import MIGRATIONS
from kit_booking.database import db, read, transaction
from kit_booking.models import LoginCode, PauseReason, SendingPause, Throttle
from kit_booking.services.marks import find_mark, set_mark, set_mark_in

BEAT = timedelta(seconds=15)
ALIVE = timedelta(minutes=2)
"""A worker that was silent for so long is not there."""
OUTAGE = timedelta(minutes=10)
"""A worker that was silent for longer was out, and people could not rely on their deadlines."""
TIDY = timedelta(hours=1)
KEEP = timedelta(days=2)


def is_demo() -> bool:
    """Whether the database was filled as a demo; that can't be undone."""
    return find_mark("demo") is not None


def beat(*, now: datetime) -> None:
    """The worker lives; written seldom, because a write waits for the disk."""
    last = find_mark("worker")
    if last and now - last >= OUTAGE:
        set_mark("back", now=now)
    if last is None or now - last >= BEAT:
        set_mark("worker", now=now)


def is_worker_alive(*, now: datetime) -> bool:
    last = find_mark("worker")
    return last is not None and now - last < ALIVE


@dataclass(frozen=True)
class Alarm:
    """Why no texts go out."""

    reason: PauseReason
    since_at: datetime
    until_at: datetime
    fault: str


def sending_alarms(*, now: datetime) -> list[Alarm]:
    """What keeps texts back: a wrong setup until one goes out again, the account's limit as long as it lasts."""
    rows = read(
        select(SendingPause.reason, SendingPause.since_at, SendingPause.until_at, SendingPause.fault)
        .where(
            or_(
                SendingPause.reason == PauseReason.SETUP,
                and_(SendingPause.reason == PauseReason.LIMIT, SendingPause.until_at > now),
            )
        )
        .order_by(SendingPause.since_at)
    )
    return [Alarm(PauseReason(row.reason), row.since_at, row.until_at, row.fault) for row in rows]


def tidy_up(*, now: datetime) -> None:
    last = find_mark("tidied")
    if last is None or now - last >= TIDY:
        _tidy_up(now=now)


@transaction
def _tidy_up(session: Session, *, now: datetime) -> None:
    session.execute(delete(LoginCode).where(LoginCode.expires_at < now - KEEP))
    session.execute(delete(Throttle).where(Throttle.window_at < now - KEEP))
    set_mark_in(session, "tidied", now=now)


def is_schema_current() -> bool:
    """Whether the tables are what this code expects: Alembic's head."""
    script = ScriptDirectory(str(MIGRATIONS))
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_heads() == tuple(script.get_heads())
