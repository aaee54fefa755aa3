"""What a household has booked, and its standing; under its lock where a decision depends on it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import Row, bindparam, or_, select
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.domain.booking.refusals import Booked, week_of
from kit_booking.domain.booking.standing import standing
from kit_booking.domain.booking.status import AHEAD, LIVE, USED, Status
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import LONGEST_PAUSE, Span
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.models import Booking, Household
from kit_booking.models.booking import COUNTS_FOR_STANDING
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.timeline.locks import lock

_bookings = select(
    Booking.id,
    Booking.code,
    Booking.status,
    Booking.kit_id,
    Booking.day,
    Booking.slot_name,
    Booking.from_at,
    Booking.until_at,
    Booking.pick_up_at,
    Booking.return_at,
    Booking.strike_at,
).where(
    Booking.household_id == bindparam("household_id"),
    or_(Booking.pick_up_at >= bindparam("since_at"), COUNTS_FOR_STANDING),
)


class HouseholdGone(Exception):
    """The household was erased or joined to another one."""


def bookings_that_count(
    session: Session, household_id: int, pick_up_at: datetime, *, now: datetime
) -> Sequence[Row[Any]]:
    """The household's bookings ahead, in the week of this pick-up and before it, and its strikes."""
    return session.connection().execute(_bookings, _counted_values(household_id, pick_up_at, now=now)).all()


def _counted_values(household_id: int, pick_up_at: datetime, *, now: datetime) -> dict[str, Any]:
    return {"household_id": household_id, "since_at": min(_week(pick_up_at)[0], now - 2 * LONGEST_PAUSE)}


def find_household_row(session: Session, household_id: int) -> Row[Any]:
    """A row of ``commune_id``, ``erased_at`` and ``lifted_at``. Raises ``HouseholdGone``."""
    columns = select(Household.commune_id, Household.erased_at, Household.lifted_at)
    household = session.execute(columns.where(Household.id == household_id)).one_or_none()
    if household is None or household.erased_at:
        raise HouseholdGone
    return household


def count(
    household: Household | Row[Any],
    bookings: Sequence[Row[Any]],
    pick_up_at: datetime,
    *,
    commune_id: int,
    policy: Policy,
    now: datetime,
    on_air: Span | None = None,
) -> Booked:
    """How many bookings the household has ahead and in the week of this pick-up, in all communes; its standing.

    ``bookings`` are the rows of ``bookings_that_count``; ``on_air`` is the time of the slot that it would have.
    """
    monday, next_monday = _week(pick_up_at)
    in_week = [one for one in bookings if monday <= one.pick_up_at < next_monday]
    return Booked(
        ahead=sum(one.status in AHEAD and one.return_at > now for one in bookings),
        in_week=sum(one.status in AHEAD | USED or one.strike_at is not None for one in in_week),
        standing=standing(
            [one.strike_at for one in bookings if one.strike_at],
            late_since_at=min((one.return_at for one in bookings if one.status == Status.OUT), default=None),
            lifted_at=household.lifted_at,
            policy=policy,
            now=now,
        ),
        has_same_time=on_air is not None and is_on_air(bookings, on_air),
        is_from_here=household.commune_id == commune_id,
    )


def is_on_air(bookings: Iterable[Row[Any]], span: Span) -> bool:
    """Whether one of the live ``bookings`` is on air in this time."""
    return any(one.status in LIVE and Span(one.from_at, one.until_at).overlaps(span) for one in bookings)


def booked(
    session: Session,
    household_id: int,
    pick_up_at: datetime,
    *,
    commune_id: int,
    policy: Policy,
    now: datetime,
    without: int | None = None,
    on_air: Span | None = None,
) -> Booked:
    """Read and `count`; ``without`` is the id of a booking that does not count. Raises ``HouseholdGone``."""
    household = find_household_row(session, household_id)
    bookings = [one for one in bookings_that_count(session, household_id, pick_up_at, now=now) if one.id != without]
    return count(household, bookings, pick_up_at, commune_id=commune_id, policy=policy, now=now, on_air=on_air)


def _week(pick_up_at: datetime) -> tuple[datetime, datetime]:
    monday, next_monday = week_of(local_day(pick_up_at))
    return local(monday, time()), local(next_monday, time())


def standing_of(household: Household, *, now: datetime) -> Booked:
    """`count` for now, of a household loaded with its commune; one statement, without locks."""
    bookings = read(_bookings, _counted_values(household.id, now, now=now))
    return count(household, bookings, now, commune_id=household.commune_id, policy=household.policy, now=now)


@transaction
def lift_pause(session: Session, household_id: int, staff_id: int, reason: str, *, now: datetime) -> None:
    """Staff end the household's pause, with a reason for the audit entry."""
    lock(session, Household, household_id)
    household = session.get_one(Household, household_id)
    household.lifted_at = now
    household.version += 1
    record_audit(
        session,
        "pause_lifted",
        Actor(staff_id=staff_id),
        now=now,
        commune_id=household.commune_id,
        household_id=household_id,
        reason=reason,
    )
