"""What a household has booked, and its standing; under its lock where a decision depends on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from kit_booking.database import is_in_transaction, read, transaction
from kit_booking.domain.booking.refusals import Booked, week_of
from kit_booking.domain.booking.standing import Pause, Standing, standing
from kit_booking.domain.booking.status import AHEAD, LIVE, USED, Status
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import LONGEST_PAUSE, Span
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.models import Booking, Household
from kit_booking.models.booking import COUNTS_FOR_STANDING
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.sign_in.numbers import number_key
from kit_booking.services.timeline.locks import lock

_of_number = select(Household.id).where(
    or_(
        Household.id == bindparam("household_id"),
        and_(Household.phone == bindparam("phone"), Household.phone != ""),
        Household.number_key == bindparam("number_key"),
    )
)
"""The household, the others of its number, and erased ones whose pause their number keeps."""
_bookings = (
    select(
        Booking.id,
        Booking.household_id,
        Booking.code,
        Booking.status,
        Booking.kit_id,
        Booking.day,
        Booking.slot_name,
        Booking.from_at,
        Booking.until_at,
        Booking.pick_up_at,
        Booking.return_at,
        Booking.is_peak,
        Booking.strike_at,
        Household.lifted_at,
    )
    .join(Household, Household.id == Booking.household_id)
    .where(
        Booking.household_id.in_(_of_number), or_(Booking.pick_up_at >= bindparam("since_at"), COUNTS_FOR_STANDING)
    )
)


class HouseholdGone(Exception):
    """The household was erased or joined to another one."""


@dataclass(frozen=True)
class Counted:
    """The bookings that count for a household: its own, and those of the others of its number."""

    own: Sequence[Row[Any]]
    others: Sequence[Row[Any]]


def bookings_that_count(
    session: Session, household: Household | Row[Any], pick_up_at: datetime, *, now: datetime
) -> Counted:
    """The bookings ahead, in the week of this pick-up and before it, and the strikes.

    ``household`` has ``id`` and ``phone``. Where others of its number have bookings they are locked, too, so that
    together they never have more than they may.
    """
    values = _counted_values(household, pick_up_at, now=now)
    counted = _counted(session.connection().execute(_bookings, values).all(), household.id)
    if counted.others and is_in_transaction(session):
        lock(session, Household, *{one.household_id for one in counted.others})
        counted = _counted(session.connection().execute(_bookings, values).all(), household.id)
    return counted


def _counted(rows: Sequence[Row[Any]], household_id: int) -> Counted:
    return Counted(
        [one for one in rows if one.household_id == household_id],
        [one for one in rows if one.household_id != household_id],
    )


def _counted_values(household: Household | Row[Any], pick_up_at: datetime, *, now: datetime) -> dict[str, Any]:
    return _number_of(household) | {"since_at": min(_week(pick_up_at)[0], now - 2 * LONGEST_PAUSE)}


def _number_of(household: Household | Row[Any]) -> dict[str, Any]:
    key = number_key(household.phone)
    return {"household_id": household.id, "phone": household.phone, "number_key": key}


def find_household_row(session: Session, household_id: int) -> Row[Any]:
    """A row of ``id``, ``phone``, ``commune_id``, ``erased_at`` and ``lifted_at``. Raises ``HouseholdGone``."""
    columns = select(Household.id, Household.phone, Household.commune_id, Household.erased_at, Household.lifted_at)
    household = session.execute(columns.where(Household.id == household_id)).one_or_none()
    if household is None or household.erased_at:
        raise HouseholdGone
    return household


def count(
    household: Household | Row[Any],
    counted: Counted,
    pick_up_at: datetime,
    *,
    commune_id: int,
    policy: Policy,
    now: datetime,
    on_air: Span | None = None,
) -> Booked:
    """How many bookings of either kind it has ahead and in the week of this pick-up, in all communes; its standing.

    A pause of one household binds all of its number. ``on_air`` is the time of the slot that it would have.
    """
    bookings = counted.own
    monday, next_monday = _week(pick_up_at)
    ahead = [one for one in bookings if one.status in AHEAD and one.return_at > now]
    in_week = [
        one
        for one in bookings
        if monday <= one.pick_up_at < next_monday and (one.status in AHEAD | USED or one.strike_at is not None)
    ]
    peak_ahead, peak_in_week = (sum(one.is_peak for one in rows) for rows in (ahead, in_week))
    own = _standing(bookings, household.lifted_at, policy, now=now)
    of_others = (_standing(list(rows), rows[0].lifted_at, policy, now=now) for rows in _by_household(counted.others))
    pauses = [one.pause for one in (own, *of_others) if one.pause]
    return Booked(
        ahead=len(ahead) - peak_ahead,
        in_week=len(in_week) - peak_in_week,
        peak_ahead=peak_ahead,
        peak_in_week=peak_in_week,
        standing=replace(own, pause=max(pauses, key=_until_at, default=None)),
        of_number=len(ahead) + sum(one.status in AHEAD and one.return_at > now for one in counted.others),
        has_same_time=on_air is not None and is_on_air(bookings, on_air),
        is_from_here=household.commune_id == commune_id,
    )


def _by_household(bookings: Sequence[Row[Any]]) -> list[list[Row[Any]]]:
    ordered = sorted(bookings, key=attrgetter("household_id"))
    return [list(rows) for _id, rows in groupby(ordered, attrgetter("household_id"))]


def _until_at(pause: Pause) -> datetime:
    """One until a kit is back lasts longest."""
    return pause.until_at or datetime.max.replace(tzinfo=UTC)


def _standing(bookings: Sequence[Row[Any]], lifted_at: datetime | None, policy: Policy, *, now: datetime) -> Standing:
    return standing(
        [one.strike_at for one in bookings if one.strike_at],
        late_since_at=min((one.return_at for one in bookings if one.status == Status.OUT), default=None),
        lifted_at=lifted_at,
        policy=policy,
        now=now,
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
    counted = bookings_that_count(session, household, pick_up_at, now=now)
    counted = replace(counted, own=[one for one in counted.own if one.id != without])
    return count(household, counted, pick_up_at, commune_id=commune_id, policy=policy, now=now, on_air=on_air)


def _week(pick_up_at: datetime) -> tuple[datetime, datetime]:
    monday, next_monday = week_of(local_day(pick_up_at))
    return local(monday, time()), local(next_monday, time())


def standing_of(household: Household, *, now: datetime) -> Booked:
    """`count` for now, of a household loaded with its commune; one statement, without locks."""
    rows = read(_bookings, _counted_values(household, now, now=now))
    return count(
        household,
        _counted(rows, household.id),
        now,
        commune_id=household.commune_id,
        policy=household.policy,
        now=now,
    )


@transaction
def lift_pause(session: Session, household_id: int, staff_id: int, reason: str, *, now: datetime) -> None:
    """Staff end the household's pause, with a reason for the audit entries; a pause binds all of a number."""
    household = find_household_row(session, household_id)
    family = session.scalars(_of_number, _number_of(household)).all()
    lock(session, Household, *family)
    for member in session.scalars(select(Household).where(Household.id.in_(family)).order_by(Household.id)):
        member.lifted_at = now
        member.version += 1
        record_audit(
            session,
            "pause_lifted",
            Actor(staff_id=staff_id),
            now=now,
            commune_id=member.commune_id,
            household_id=member.id,
            reason=reason,
        )
