"""What it means for a household to give up or change its booking now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Any

from sqlalchemy import Row, Select, exists, select
from sqlalchemy.orm import Session

from kit_booking.database import read
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking
from kit_booking.services.timeline.closed_time import touching

NEAR = timedelta(hours=24)
"""Before a pick-up that is farther ahead, an overdue kit is still expected back."""


class Excuse(StrEnum):
    """Why the kit may not be there at the pick-up, through no fault of the household."""

    OVERDUE = auto()
    CLOSED = auto()


@dataclass(frozen=True)
class Withdrawal:
    """Whether it is a strike, or what excuses the household; never both."""

    excuse: Excuse | None
    is_strike: bool


def withdrawal_of(booking: Booking, *, now: datetime) -> Withdrawal:
    """What it means now, for a page; the booking's commune must be loaded."""
    [row] = read(_excuses(booking, now))
    return _withdrawal(booking, row, now)


def withdrawal_in(session: Session, booking: Booking, *, now: datetime) -> Withdrawal:
    """As `withdrawal_of`, in a transaction that has locked the booking."""
    return _withdrawal(booking, session.execute(_excuses(booking, now)).one(), now)


def _excuses(booking: Booking, now: datetime) -> Select[Any]:
    """Whether the kit is overdue from a booking before, and whether it is closed in this one's time."""
    is_overdue = exists().where(
        Booking.kit_id == booking.kit_id,
        Booking.status == Status.OUT,
        Booking.return_at <= min(now, booking.pick_up_at),
    )
    is_closed = exists().where(touching(booking.kit_id, booking.pick_up_at, booking.return_at))
    return select(is_overdue.label("is_overdue"), is_closed.label("is_closed"))


def _withdrawal(booking: Booking, row: Row[Any], now: datetime) -> Withdrawal:
    is_near = now >= booking.pick_up_at - max(NEAR, booking.policy.late_cancel)
    if row.is_closed:
        return Withdrawal(Excuse.CLOSED, is_strike=False)
    if row.is_overdue and is_near:
        return Withdrawal(Excuse.OVERDUE, is_strike=False)
    return Withdrawal(None, booking.is_late_to_cancel(now))
