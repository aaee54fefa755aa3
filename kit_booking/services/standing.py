"""What a household has booked, and its standing: read under its lock where something depends on it."""

from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import ColumnElement, and_, bindparam, case, func, insert, literal_column, or_, select
from sqlalchemy.orm import Session

from kit_booking.database import db, transaction
from kit_booking.domain.booking import Booked, week_of
from kit_booking.domain.hours import LONGEST_PAUSE
from kit_booking.domain.local_time import local, local_day
from kit_booking.domain.policy import Policy
from kit_booking.domain.standing import Standing, standing
from kit_booking.domain.status import AHEAD, USED, Status
from kit_booking.models import AuditEntry, Booking, Commune, Household
from kit_booking.models.booking import COUNTS_FOR_STANDING
from kit_booking.services.steps import lock
from kit_booking.statements import HotStatement


def _is_one_of(statuses: frozenset[Status]) -> ColumnElement[bool]:
    return or_(*(Booking.status == status for status in sorted(statuses)))


_is_in_week = and_(
    or_(_is_one_of(AHEAD | USED), Booking.strike_at.is_not(None)),
    Booking.pick_up_at >= bindparam("monday"),
    Booking.pick_up_at < bindparam("next_monday"),
)
_counts = HotStatement(
    select(
        func.count(case((and_(_is_one_of(AHEAD), Booking.return_at > bindparam("now")), 1))),
        func.count(case((_is_in_week, 1))),
    ).where(
        Booking.household_id == bindparam("household_id"),
        Booking.pick_up_at >= bindparam("since_at"),
        Booking.id != bindparam("without"),
    )
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
    """What the household has ahead, and in the week of this pick-up, in all communes together; and its standing.

    ``without`` is the id of a booking that doesn't count, because it is to be exchanged.
    """
    monday, next_monday = (local(day, time()) for day in week_of(local_day(pick_up_at)))
    [(ahead, in_week)] = _counts.on(
        session,
        household_id=household_id,
        monday=monday,
        next_monday=next_monday,
        since_at=min(monday, now - 2 * LONGEST_PAUSE),
        now=now,
        without=without or 0,
    )
    home_id, found = _standing(session, household_id, policy, now=now)
    return Booked(ahead, in_week, found, home_id == commune_id)


class HouseholdGone(Exception):
    """It was erased or joined to another one, a moment before something was done in its name."""


_strikes = HotStatement(
    select(
        Household.commune_id,
        Household.erased_at,
        Household.lifted_at,
        Booking.strike_at,
        case((Booking.status == literal_column("'out'"), Booking.return_at)),
    )
    .outerjoin(Booking, and_(Booking.household_id == Household.id, COUNTS_FOR_STANDING))
    .where(Household.id == bindparam("household_id"))
    .order_by(Booking.id)
)


def _standing(session: Session, household_id: int, policy: Policy, *, now: datetime) -> tuple[int, Standing]:
    """The household's home commune, and its standing by this policy. Raises ``HouseholdGone``."""
    rows = _strikes.on(session, household_id=household_id)
    if not rows or rows[0][1]:  # Its `erased_at`.
        raise HouseholdGone
    home_id, _, lifted_at, *_ = rows[0]
    found = standing(
        [strike_at for *_, strike_at, _ in rows if strike_at],
        late_since_at=min((late_since_at for *_, late_since_at in rows if late_since_at), default=None),
        lifted_at=lifted_at,
        policy=policy,
        now=now,
    )
    return home_id, found


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
