"""Counters of tries: rows, so that all processes share them."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from kit_booking.database import upsert
from kit_booking.models import Throttle


def count_try(session: Session, key: str, window: timedelta, *, now: datetime) -> int:
    """How often this was tried in the running window of time, this try included."""
    counted = upsert(Throttle).values(key=key, window_at=_begin(window, now), count=1)
    return session.execute(
        counted.on_conflict_do_update(
            index_elements=["key", "window_at"], set_={"count": Throttle.count + 1}
        ).returning(Throttle.count)
    ).scalar_one()


def take_back_try(session: Session, key: str, window: timedelta, *, now: datetime) -> None:
    """One try in the running window does not count, because it was a right one."""
    this = (Throttle.key == key, Throttle.window_at == _begin(window, now), Throttle.count > 0)
    session.execute(update(Throttle).where(*this).values(count=Throttle.count - 1))


def window_end(window: timedelta, *, now: datetime) -> datetime:
    """When the running window of time ends, and with it what was counted in it."""
    return _begin(window, now) + window


def _begin(window: timedelta, now: datetime) -> datetime:
    seconds = window.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, now.tzinfo)
