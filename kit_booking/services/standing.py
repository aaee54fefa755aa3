"""What a household has booked, and its standing: read under its lock where something depends on it."""

from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import and_, case, func, insert, literal_column, or_, select
from sqlalchemy.orm import Session

from kit_booking.database import db, transaction
from kit_booking.domain.booking import Booked, week_of
from kit_booking.domain.hours import LONGEST_PAUSE
from kit_booking.domain.local_time import local, local_day
from kit_booking.domain.policy import Policy
from kit_booking.domain.standing import Standing, standing
from kit_booking.domain.status import AHEAD, USED
from kit_booking.models import AuditEntry, Booking, Commune, Household
from kit_booking.models.booking import COUNTS_FOR_STANDING
from kit_booking.services.steps import lock


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
    """What the household has ahead, and in the week of this pick-up, in all communes together; and its standing.

    ``without`` is the id of a booking that doesn't count, because it is to be exchanged.
    """
    monday, next_monday = (local(day, time()) for day in week_of(local_day(pick_up_at)))
    is_in_week = and_(
        or_(Booking.status.in_(AHEAD | USED), Booking.strike_at.is_not(None)),
        Booking.pick_up_at >= monday,
        Booking.pick_up_at < next_monday,
    )
    counts = (
        select(
            func.count(case((and_(Booking.status.in_(AHEAD), Booking.return_at > now), 1))).label("ahead"),
            func.count(case((is_in_week, 1))).label("in_week"),
        )
        .where(Booking.household_id == household_id, Booking.pick_up_at >= min(monday, now - 2 * LONGEST_PAUSE))
        .where(Booking.id != (without or 0))
    )
    row = session.execute(counts).one()
    home_id, found = _standing(session, household_id, policy, now=now)
    return Booked(row.ahead, row.in_week, found, home_id == commune_id)


class HouseholdGone(Exception):
    """It was erased or joined to another one, a moment before something was done in its name."""


_strikes = (
    select(
        Household.commune_id,
        Household.erased_at,
        Household.lifted_at,
        Booking.strike_at,
        case((Booking.status == literal_column("'out'"), Booking.return_at)).label("late_since_at"),
    )
    .outerjoin(Booking, and_(Booking.household_id == Household.id, COUNTS_FOR_STANDING))
    .order_by(Booking.id)
)


def _standing(session: Session, household_id: int, policy: Policy, *, now: datetime) -> tuple[int, Standing]:
    """The household's home commune, and its standing by this policy. Raises ``HouseholdGone``."""
    rows = session.execute(_strikes.where(Household.id == household_id)).all()
    if not rows or rows[0].erased_at:
        raise HouseholdGone
    found = standing(
        [row.strike_at for row in rows if row.strike_at],
        late_since_at=min((row.late_since_at for row in rows if row.late_since_at), default=None),
        lifted_at=rows[0].lifted_at,
        policy=policy,
        now=now,
    )
    return rows[0].commune_id, found


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
