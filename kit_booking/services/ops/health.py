"""The worker's heartbeat, the schema, what keeps texts back, unknown proxies, and deleting expired rows."""

from datetime import datetime, timedelta
from ipaddress import ip_address

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from kit_booking.config import MIGRATIONS
from kit_booking.database import db, load, read, transaction
from kit_booking.models import LoginCode, PauseReason, SendingPause, Throttle
from kit_booking.services.marks import find_mark, is_marked, set_mark, set_mark_in
from kit_booking.services.sign_in.throttle import count_try

BEAT = timedelta(seconds=15)
ALIVE = timedelta(minutes=2)
"""A worker without a beat for so long does not run."""
OUTAGE = timedelta(minutes=10)
"""After a longer silence the mark ``back`` is set, because people could not rely on their deadlines."""
TIDY = timedelta(hours=1)
KEEP = timedelta(days=2)
_PROXY = "proxy:"
"""So begins the counter of a proxy that is not trusted; its address follows."""


def is_demo() -> bool:
    """Whether the database was filled as a demo; that can't be undone."""
    return is_marked("demo")


def beat(*, now: datetime) -> None:
    """Set the worker's mark, at most every `BEAT`, because a write waits for the disk."""
    last = find_mark("worker", now=now)
    if last and now - last >= OUTAGE:
        set_mark("back", now=now)
    if last is None or now - last >= BEAT:
        set_mark("worker", now=now)


def is_worker_alive(*, now: datetime) -> bool:
    last = find_mark("worker", now=now)
    return last is not None and now - last < ALIVE


def sending_alarms(*, now: datetime) -> list[SendingPause]:
    """What keeps texts back: a wrong setup until one goes out again, the account's limit as long as it lasts."""
    is_limit = and_(SendingPause.reason == PauseReason.LIMIT, SendingPause.until_at > now)
    return load(
        select(SendingPause)
        .where(or_(SendingPause.reason == PauseReason.SETUP, is_limit))
        .order_by(SendingPause.since_at)
    )


def note_proxy(address: str, *, now: datetime) -> bool:
    """Remember that a proxy which is not trusted forwards requests; whether that is new within `TIDY`.

    Only of the machine itself or of a network of one's own: anybody on the internet can send the header.
    """
    if not ip_address(address.partition("%")[0]).is_private:
        return False
    key = _PROXY + address
    is_known = bool(read(select(Throttle.key).where(Throttle.key == key, Throttle.window_at > now - TIDY)))
    return not is_known and transaction(count_try)(key, TIDY, now=now) == 1


def unknown_proxies(*, now: datetime) -> list[str]:
    """The addresses of the proxies that `note_proxy` remembered within a day."""
    recent = Throttle.key.startswith(_PROXY), Throttle.window_at > now - timedelta(days=1)
    keys = read(select(Throttle.key).distinct().where(*recent).order_by(Throttle.key))
    return [row.key.removeprefix(_PROXY) for row in keys]


def tidy_up(*, now: datetime) -> None:
    """Delete login codes and counters that expired `KEEP` ago; once in `TIDY`."""
    last = find_mark("tidied", now=now)
    if last is None or now - last >= TIDY:
        _tidy_up(now=now)


@transaction
def _tidy_up(session: Session, *, now: datetime) -> None:
    session.execute(delete(LoginCode).where(LoginCode.expires_at < now - KEEP))
    session.execute(delete(Throttle).where(Throttle.window_at < now - KEEP))
    set_mark_in(session, "tidied", now=now)


def is_schema_newer() -> bool:
    """Whether a later version of the program has changed the tables already."""
    known = {one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    with db.engine.connect() as connection:
        return not known.issuperset(MigrationContext.configure(connection).get_current_heads())


def is_schema_current() -> bool:
    """Whether the tables are what this code expects: Alembic's head."""
    script = ScriptDirectory(str(MIGRATIONS))
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_heads() == tuple(script.get_heads())
