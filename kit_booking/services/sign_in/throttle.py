"""Counters of tries: rows, so that all processes share them."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kit_booking.database import upsert
from kit_booking.models import Throttle


def count_try(session: Session, key: str, window: timedelta, *, now: datetime) -> int:
    """How often this was tried in the running window of time, this try included."""
    window_at = datetime.fromtimestamp(now.timestamp() // window.total_seconds() * window.total_seconds(), now.tzinfo)
    counted = upsert(Throttle).values(key=key, window_at=window_at, count=1)
    return session.execute(
        counted.on_conflict_do_update(
            index_elements=["key", "window_at"], set_={"count": Throttle.count + 1}
        ).returning(Throttle.count)
    ).scalar_one()
