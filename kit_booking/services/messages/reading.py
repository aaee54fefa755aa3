"""The texts of a month as staff see them: which, how they fared, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, and_, case, func, select

from kit_booking.database import read
from kit_booking.domain.delivery import FILTERED, WENT_OUT, MessageState
from kit_booking.domain.local_time import local
from kit_booking.domain.messages import Kind
from kit_booking.domain.policy import Policy
from kit_booking.models import Booking, Commune, Household, Message, Staff

PAGE = 100
"""So many texts are on one page."""

_FAILED = (MessageState.UNDELIVERED, MessageState.FAILED)


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def month_before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def _in(month: date) -> ColumnElement[bool]:
    begins, ends = local(month, time()), local(next_month(month), time())
    return and_(Message.created_at >= begins, Message.created_at < ends)


@dataclass(frozen=True)
class MonthSummary:
    """How a month's texts fared; a month is one of Vietnam's calendar."""

    by_state: dict[MessageState, int]
    handed_over: int
    """Those that the provider had, whatever became of them."""
    failed: int
    filtered: int
    """Of these, the ones that an operator did not like."""
    segments: int
    cost: int


def summary(commune_ids: Sequence[int] | None, month: date) -> MonthSummary:
    """Of these communes; of the login codes, which are nobody's, when there is None."""
    whose = Message.commune_id.is_(None) if commune_ids is None else Message.commune_id.in_(commune_ids)
    rows = read(
        select(
            Message.state,
            func.count(Message.id),
            func.count(case((Message.error_code == FILTERED, 1))),
            func.coalesce(func.sum(case((Message.cost > 0, Message.segments), else_=0)), 0),
            func.coalesce(func.sum(Message.cost), 0),
        )
        .where(whose, _in(month))
        .group_by(Message.state)
    )
    by_state = {MessageState(row[0]): int(row[1]) for row in rows}
    failed = sum(by_state.get(state, 0) for state in _FAILED)
    return MonthSummary(
        by_state,
        handed_over=failed + sum(by_state.get(state, 0) for state in WENT_OUT),
        failed=failed,
        filtered=sum(int(row[2]) for row in rows),
        segments=sum(int(row[3]) for row in rows),
        cost=sum(int(row[4]) for row in rows),
    )


@dataclass(frozen=True)
class CommuneCost:
    name: str
    cost: int
    budget: int


def costs(commune_ids: Sequence[int], month: date) -> list[CommuneCost]:
    """What each commune's texts cost in the month, beside what it meant to spend."""
    spent = (
        select(Message.commune_id, func.sum(Message.cost).label("cost"))
        .where(Message.commune_id.in_(commune_ids), _in(month))
        .group_by(Message.commune_id)
        .subquery()
    )
    rows = read(
        select(Commune.name, func.coalesce(spent.c.cost, 0), Commune.policy)
        .outerjoin(spent, spent.c.commune_id == Commune.id)
        .where(Commune.id.in_(commune_ids))
        .order_by(Commune.slug)
    )
    return [CommuneCost(name, int(cost), Policy.of(policy).sms_budget) for name, cost, policy in rows]


@dataclass(frozen=True)
class ListedMessage:
    """A line of the list. It holds no text, and of the number only what a mask leaves."""

    id: int
    commune_id: int
    kind: Kind
    state: MessageState
    at: datetime
    segments: int
    cost: int
    error_code: int | None
    is_asked: bool
    useful_until_at: datetime
    to: str
    household_name: str
    booking_code: str
    phoned_at: datetime | None
    phoned_by: str


_messages = (
    select(
        Message.id,
        Message.commune_id,
        Message.kind,
        Message.state,
        func.coalesce(Message.settled_at, Message.due_at),
        Message.segments,
        Message.cost,
        Message.error_code,
        Message.ask_at.is_not(None),
        Message.useful_until_at,
        Message.to,
        Household.name,
        Booking.code,
        Message.phoned_at,
        func.coalesce(Staff.name, ""),
    )
    .join(Booking, Booking.id == Message.booking_id)
    .join(Household, Household.id == Booking.household_id)
    .outerjoin(Staff, Staff.id == Message.phoned_by_id)
)


def messages_in(
    commune_ids: Sequence[int], month: date, *, states: Sequence[MessageState] = (), before_id: int | None = None
) -> list[ListedMessage]:
    """The newest of the month, at most a page and one more; then those before the last of them."""
    found = _messages.where(Message.commune_id.in_(commune_ids), _in(month))
    if states:
        found = found.where(Message.state.in_(states))
    if before_id is not None:
        found = found.where(Message.id < before_id)
    return [_listed(row) for row in read(found.order_by(Message.id.desc()).limit(PAGE + 1))]


def find_message(message_id: int) -> ListedMessage | None:
    """One about a booking; a login code is nobody's to look at."""
    rows = read(_messages.where(Message.id == message_id))
    return _listed(rows[0]) if rows else None


def _listed(row: Sequence[object]) -> ListedMessage:
    values = list(row)
    values[2], values[3] = Kind(str(values[2])), MessageState(str(values[3]))
    return ListedMessage(*values)  # type: ignore[arg-type]
