"""The texts of a month for staff: the list, counts by state, and costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, select
from sqlalchemy.orm import contains_eager, defer, joinedload

from kit_booking.database import load, read
from kit_booking.domain.messages.delivery import FILTERED, WENT_OUT, MessageState
from kit_booking.domain.time.local_time import local
from kit_booking.models import Booking, Commune, Household, Message, Staff

PAGE = 100
"""How many texts a page has."""

_FAILED = (MessageState.UNDELIVERED, MessageState.FAILED)


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def month_before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def _in(first: date, last: date) -> ColumnElement[bool]:
    """From the first of these months to the last."""
    begins, ends = local(first, time()), local(next_month(last), time())
    return and_(Message.created_at >= begins, Message.created_at < ends)


@dataclass(frozen=True)
class MonthSummary:
    """Counts of a month's texts; a month is one of Vietnam's calendar."""

    by_state: dict[MessageState, int]
    handed_over: int
    """Those that the provider accepted, in whatever state they are now."""
    failed: int
    filtered: int
    """Of these, those that an operator filtered out."""
    segments: int
    cost: int


def two_months(commune_ids: Sequence[int], month: date) -> tuple[MonthSummary, MonthSummary]:
    """The texts of these communes in the month, and in the one before; one statement."""
    rows = read(
        select(
            Message.state,
            (Message.created_at >= local(month, time())).label("is_later"),
            func.count(Message.id).label("number"),
            func.count(case((Message.error_code == FILTERED, 1))).label("filtered"),
            func.coalesce(func.sum(case((Message.cost > 0, Message.segments), else_=0)), 0).label("segments"),
            func.coalesce(func.sum(Message.cost), 0).label("cost"),
        )
        .where(Message.commune_id.in_(commune_ids), _in(month_before(month), month))
        .group_by(Message.state, "is_later")
    )
    return _summary([row for row in rows if row.is_later]), _summary([row for row in rows if not row.is_later])


def _summary(rows: Sequence[Row[Any]]) -> MonthSummary:
    by_state = {row.state: int(row.number) for row in rows}
    failed = sum(by_state.get(state, 0) for state in _FAILED)
    return MonthSummary(
        by_state,
        handed_over=failed + sum(by_state.get(state, 0) for state in WENT_OUT),
        failed=failed,
        filtered=sum(int(row.filtered) for row in rows),
        segments=sum(int(row.segments) for row in rows),
        cost=sum(int(row.cost) for row in rows),
    )


def login_codes(month: date) -> Row[Any]:
    """The ``number`` and ``cost`` of the month's login codes, which are no commune's."""
    [row] = read(
        select(func.count(Message.id).label("number"), func.coalesce(func.sum(Message.cost), 0).label("cost")).where(
            Message.commune_id.is_(None), _in(month, month)
        )
    )
    return row


def costs(commune_ids: Sequence[int], month: date) -> Sequence[Row[Any]]:
    """What each commune's texts cost in the month: rows of ``name``, ``cost`` and ``policy``."""
    spent = (
        select(Message.commune_id, func.sum(Message.cost).label("cost"))
        .where(Message.commune_id.in_(commune_ids), _in(month, month))
        .group_by(Message.commune_id)
        .subquery()
    )
    return read(
        select(Commune.name, func.coalesce(spent.c.cost, 0).label("cost"), Commune.policy)
        .outerjoin(spent, spent.c.commune_id == Commune.id)
        .where(Commune.id.in_(commune_ids))
        .order_by(Commune.slug)
    )


_messages = (
    select(Message)
    .join(Message.booking)
    .options(
        contains_eager(Message.booking)
        .load_only(Booking.code, Booking.commune_id, raiseload=True)
        .joinedload(Booking.household)
        .load_only(Household.name, raiseload=True),
        joinedload(Message.phoned_by).load_only(Staff.name, raiseload=True),
        defer(Message.body, raiseload=True),
    )
)
"""Messages about a booking, so no login codes, without their bodies."""


def messages_in(
    commune_ids: Sequence[int], month: date, *, states: Sequence[MessageState] = (), before_id: int | None = None
) -> list[Message]:
    """The month's newest messages, before ``before_id``; at most a page and one more."""
    listed = _messages.where(Message.commune_id.in_(commune_ids), _in(month, month))
    if states:
        listed = listed.where(Message.state.in_(states))
    if before_id is not None:
        listed = listed.where(Message.id < before_id)
    return load(listed.order_by(Message.id.desc()).limit(PAGE + 1))


def find_message(message_id: int) -> Message | None:
    return next(iter(load(_messages.where(Message.id == message_id))), None)
