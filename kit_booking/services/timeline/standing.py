"""What a household has booked, and its standing: read under its lock where something depends on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import Row, bindparam, insert, or_, select
from sqlalchemy.orm import Session

from kit_booking.database import db, transaction
from kit_booking.domain.booking import Booked, week_of
from kit_booking.domain.hours import LONGEST_PAUSE
from kit_booking.domain.local_time import local, local_day
from kit_booking.domain.policy import Policy
from kit_booking.domain.standing import standing
from kit_booking.domain.status import AHEAD, USED, Status
from kit_booking.models import AuditEntry, Booking, Commune, Household
from kit_booking.models.booking import COUNTS_FOR_STANDING
from kit_booking.services.timeline.locks import lock

_standing_columns = select(Household.commune_id, Household.erased_at, Household.lifted_at).where(
    Household.id == bindparam("household_id")
)
_bookings = select(
    Booking.id,
    Booking.code,
    Booking.status,
    Booking.kit_id,
    Booking.day,
    Booking.slot_name,
    Booking.pick_up_at,
    Booking.return_at,
    Booking.strike_at,
).where(
    Booking.household_id == bindparam("household_id"),
    or_(Booking.pick_up_at >= bindparam("since_at"), COUNTS_FOR_STANDING),
)


class HouseholdGone(Exception):
    """It was erased or joined to another one, a moment before something was done in its name."""


def bookings_that_count(
    session: Session, household_id: int, pick_up_at: datetime, *, now: datetime
) -> Sequence[Row[Any]]:
    """The household's bookings ahead, in the week of this pick-up and before it, and its strikes."""
    values = {"household_id": household_id, "since_at": min(_week(pick_up_at)[0], now - 2 * LONGEST_PAUSE)}
    return session.connection().execute(_bookings, values).all()


def find_household_row(session: Session, household_id: int) -> Row[Any]:
    """What `count` needs of a household. Raises ``HouseholdGone``."""
    household = session.connection().execute(_standing_columns, {"household_id": household_id}).one_or_none()
    if household is None or household.erased_at:
        raise HouseholdGone
    return household


def count(
    household: Row[Any],
    bookings: Sequence[Row[Any]],
    pick_up_at: datetime,
    *,
    commune_id: int,
    policy: Policy,
    now: datetime,
) -> Booked:
    """What the household has ahead, and in the week of this pick-up, in all communes together; and its standing."""
    monday, next_monday = _week(pick_up_at)
    in_week = [one for one in bookings if monday <= one.pick_up_at < next_monday]
    return Booked(
        sum(one.status in AHEAD and one.return_at > now for one in bookings),
        sum(one.status in AHEAD | USED or one.strike_at is not None for one in in_week),
        standing(
            [one.strike_at for one in bookings if one.strike_at],
            late_since_at=min((one.return_at for one in bookings if one.status == Status.OUT), default=None),
            lifted_at=household.lifted_at,
            policy=policy,
            now=now,
        ),
        household.commune_id == commune_id,
    )


def booked(
    session: Session,
    household_id: int,
    pick_up_at: datetime,
    *,
    commune_id: int,
    policy: Policy,
    now: datetime,
    without: int | None = None,
) -> Booked:
    """The same, read here; ``without`` is the id of a booking that does not count. Raises ``HouseholdGone``."""
    household = find_household_row(session, household_id)
    bookings = [one for one in bookings_that_count(session, household_id, pick_up_at, now=now) if one.id != without]
    return count(household, bookings, pick_up_at, commune_id=commune_id, policy=policy, now=now)


def _week(pick_up_at: datetime) -> tuple[datetime, datetime]:
    monday, next_monday = week_of(local_day(pick_up_at))
    return local(monday, time()), local(next_monday, time())


@dataclass(frozen=True)
class ShownStanding:
    booked: Booked
    policy: Policy
    commune_name: str
    office_phone: str


def standing_of(household_id: int, *, now: datetime) -> ShownStanding:
    """What the household has this week and where it stands, by the numbers of its home commune."""
    session = db.session()
    home = session.execute(
        select(Commune.id, Commune.policy, Commune.name, Commune.phone)
        .join(Household, Household.commune_id == Commune.id)
        .where(Household.id == household_id)
    ).one()
    policy = Policy.of(home.policy)
    found = booked(session, household_id, now, commune_id=home.id, policy=policy, now=now)
    return ShownStanding(found, policy, home.name, home.phone)


@transaction
def lift_pause(session: Session, household_id: int, staff_id: int, reason: str, *, now: datetime) -> None:
    """Staff end the household's pause, with a reason that stays on record."""
    lock(session, Household, household_id)
    household = session.get_one(Household, household_id)
    household.lifted_at = now
    household.version += 1
    session.execute(
        insert(AuditEntry).values(
            at=now,
            action="pause_lifted",
            commune_id=household.commune_id,
            household_id=household_id,
            staff_id=staff_id,
            detail=reason,
        )
    )
