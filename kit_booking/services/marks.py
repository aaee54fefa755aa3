"""Named moments of the installation, such as the worker's last round."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction, upsert
from kit_booking.models import Mark


def find_mark(name: str) -> datetime | None:
    """When the mark was last set; None if never."""
    rows = read(select(Mark.at).where(Mark.name == name))
    return rows[0].at if rows else None


def set_mark_in(session: Session, name: str, *, now: datetime) -> None:
    """Set the mark in a running transaction."""
    session.execute(
        upsert(Mark).values(name=name, at=now).on_conflict_do_update(index_elements=["name"], set_={"at": now})
    )


set_mark = transaction(set_mark_in)
"""Set the mark in a transaction of its own."""
