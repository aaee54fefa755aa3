"""Named moments of the installation, such as the worker's last round."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction, upsert
from kit_booking.models import Mark

RESTORED = "restored"
"""When a backup was last put back: what was due before may have been done in the time that was lost."""
SKEW = timedelta(minutes=1)
"""The clocks of two machines may differ by so much."""


def find_mark(name: str, *, now: datetime) -> datetime | None:
    """When the mark was last set; None if never, or by a clock that was ahead of ``now``."""
    rows = read(select(Mark.at).where(Mark.name == name, Mark.at <= now + SKEW))
    return rows[0].at if rows else None


def is_marked(name: str) -> bool:
    """Whether the mark was ever set."""
    return bool(read(select(Mark.at).where(Mark.name == name)))


def set_mark_in(session: Session, name: str, *, now: datetime) -> None:
    """Set the mark in a running transaction."""
    session.execute(
        upsert(Mark).values(name=name, at=now).on_conflict_do_update(index_elements=["name"], set_={"at": now})
    )


set_mark = transaction(set_mark_in)
"""Set the mark in a transaction of its own."""
