"""What is to do at a commune office today: read with a handful of statements, however long the lists are."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from kit_booking.database import read
from kit_booking.domain.counter import Direction
from kit_booking.domain.local_time import local, local_day
from kit_booking.domain.queue import RECENT
from kit_booking.domain.standing import GOOD_STANDING, Standing, standing
from kit_booking.domain.status import AHEAD, HAD_KIT, LIVE, Status
from kit_booking.models import Booking, Handover, Household, Kit
from kit_booking.models.booking import COUNTS_FOR_STANDING
from kit_booking.services.booking.reading import PersonToPhone, ShownBooking, people_to_phone, shown_bookings

GRACE = timedelta(minutes=30)
"""Everybody with an evening brings the kit back when the door opens; so long nobody is late."""
SOON = timedelta(hours=24)
"""So far ahead the next booking of a late kit is in danger."""


@dataclass(frozen=True)
class History:
    """What decides, at a glance, whether a household gets the kit."""

    sessions: int = 0
    """How often it had a kit in the last 30 days."""
    standing: Standing = GOOD_STANDING


@dataclass(frozen=True)
class Today:
    """Each list in the order in which its things are to be done."""

    requests: list[ShownBooking]
    offers: list[ShownBooking]
    to_hand_over: list[ShownBooking]
    not_collected: list[ShownBooking]
    """So long after their pick-up that nobody may come any more; never when the kit itself is not there."""
    to_take_back: list[ShownBooking]
    overdue: list[ShownBooking]
    endangered: list[ShownBooking]
    """The next ones of kits that are overdue."""
    to_judge: list[ShownBooking]
    """Came back with something missing or broken, and nobody has said yet whether the kit can be lent."""
    to_phone: list[PersonToPhone]
    histories: dict[str, History]
    """Of the households that ask, by the code of the request."""

    @property
    def count(self) -> int:
        """How many things are to do; a booking in danger is the late kit's other side, and nothing of its own."""
        bookings = (self.requests, self.offers, self.to_hand_over, self.not_collected)
        kits = (self.to_take_back, self.overdue, self.to_judge)
        return sum(len(some) for some in (*bookings, *kits, self.to_phone))


def today(commune_ids: Sequence[int], *, now: datetime) -> Today:
    """All that the office of these communes has to do by the end of the day."""
    found: defaultdict[Status, list[ShownBooking]] = defaultdict(list)
    for booking in shown_bookings(_is_to_do(commune_ids, now=now)):
        found[booking.status].append(booking)
    due = sorted(found[Status.APPROVED], key=lambda booking: (booking.pick_up_at, booking.kit_code))
    out = sorted(found[Status.OUT], key=lambda booking: (booking.return_at, booking.kit_code))
    away = {booking.kit_code for booking in out}
    missed = _missed([b for b in due if b.kit_code not in away], now=now)
    overdue = [b for b in out if b.return_at + GRACE <= now]
    requests = sorted(found[Status.REQUESTED], key=lambda booking: booking.answer_by_at)
    return Today(
        requests=requests,
        offers=sorted(found[Status.OFFERED], key=lambda booking: booking.answer_by_at),
        to_hand_over=[b for b in due if b not in missed],
        not_collected=missed,
        to_take_back=[b for b in out if b not in overdue],
        overdue=overdue,
        endangered=_endangered(overdue, now=now),
        to_judge=sorted(shown_bookings(_is_to_judge(commune_ids)), key=lambda booking: booking.return_at),
        to_phone=people_to_phone(commune_ids, now=now),
        histories=_histories(requests, now=now),
    )


def _missed(due: Iterable[ShownBooking], *, now: datetime) -> list[ShownBooking]:
    """Those not collected in time; of a kit that was late itself, not in the time after it came back."""
    found = [b for b in due if now >= b.pick_up_at + b.policy.no_show]
    if not found:
        return []
    rows = read(
        select(Kit.code, func.max(Handover.happened_at))
        .join(Booking, Booking.id == Handover.booking_id)
        .join(Kit, Kit.id == Booking.kit_id)
        .where(
            Kit.code.in_({b.kit_code for b in found}),
            Handover.way == Direction.BACK,
            Handover.happened_at > now - RECENT,
        )
        .group_by(Kit.code)
    )
    back_at: dict[str, datetime] = {row[0]: row[1] for row in rows}
    return [b for b in found if now >= max(b.pick_up_at, back_at.get(b.kit_code, b.pick_up_at)) + b.policy.no_show]


def count_of_today(commune_ids: Sequence[int], *, now: datetime) -> int:
    """How many things `today` has, for pages that show only the number."""
    counted = [
        select(func.count(Booking.id)).where(which).scalar_subquery()
        for which in (_is_to_do(commune_ids, now=now), _is_to_judge(commune_ids))
    ]
    to_do, to_judge = read(select(*counted))[0]
    return int(to_do + to_judge) + len(people_to_phone(commune_ids, now=now))


def _is_to_do(commune_ids: Sequence[int], *, now: datetime) -> ColumnElement[bool]:
    day_ends_at = local(local_day(now) + timedelta(days=1), time())
    return and_(
        Booking.commune_id.in_(commune_ids),
        Booking.status.in_(LIVE),  # The few among all bookings ever made, by the index.
        or_(
            and_(Booking.status == Status.REQUESTED, Booking.until_at > now),
            Booking.status == Status.OFFERED,
            and_(Booking.status == Status.APPROVED, Booking.pick_up_at < day_ends_at),
            and_(Booking.status == Status.OUT, Booking.return_at < day_ends_at),
        ),
    )


def _is_to_judge(commune_ids: Sequence[int]) -> ColumnElement[bool]:
    unsaid = select(Handover.booking_id).where(
        Handover.way == Direction.BACK, Handover.has_fault, Handover.is_usable.is_(None)
    )
    return and_(Booking.id.in_(unsaid), Booking.commune_id.in_(commune_ids))


def _endangered(overdue: Iterable[ShownBooking], *, now: datetime) -> list[ShownBooking]:
    """Of each late kit the booking that is to have it next, when that is soon."""
    kits = {booking.kit_code for booking in overdue}
    if not kits:
        return []
    following = shown_bookings(
        Kit.code.in_(kits), Booking.status.in_(AHEAD), Booking.pick_up_at < now + SOON, Booking.return_at > now
    )
    first: dict[str, ShownBooking] = {}
    for booking in sorted(following, key=lambda booking: booking.pick_up_at):
        first.setdefault(booking.kit_code, booking)
    return list(first.values())


def _histories(requests: Sequence[ShownBooking], *, now: datetime) -> dict[str, History]:
    """Of all households that ask, by two statements."""
    household_ids = {booking.household_id for booking in requests}
    if not household_ids:
        return {}
    sessions = Counter(
        row.household_id
        for row in read(
            select(Booking.household_id).where(
                Booking.household_id.in_(household_ids),
                Booking.status.in_(HAD_KIT),
                Booking.pick_up_at >= now - RECENT,
            )
        )
    )
    marks = defaultdict(list)
    for row in read(
        select(Booking.household_id, Booking.strike_at, Booking.status, Booking.return_at, Household.lifted_at)
        .join(Household, Household.id == Booking.household_id)
        .where(Booking.household_id.in_(household_ids), COUNTS_FOR_STANDING)
    ):
        marks[row.household_id].append(row)
    found = {}
    for request in requests:
        rows = marks[request.household_id]
        found[request.code] = History(
            sessions[request.household_id],
            standing(
                [row.strike_at for row in rows if row.strike_at],
                late_since_at=min((row.return_at for row in rows if row.status == Status.OUT), default=None),
                lifted_at=rows[0].lifted_at if rows else None,
                policy=request.policy,
                now=now,
            ),
        )
    return found


@dataclass(frozen=True)
class DayAhead:
    day: date
    pick_ups: list[ShownBooking]


def week_ahead(commune_ids: Sequence[int], *, now: datetime) -> list[DayAhead]:
    """The pick-ups of the next seven days, for a day on which nothing is left to do."""
    first = local_day(now)
    days: dict[date, list[ShownBooking]] = {first + timedelta(days=n): [] for n in range(1, 8)}
    ahead = shown_bookings(
        Booking.commune_id.in_(commune_ids),
        Booking.status.in_(LIVE),
        Booking.pick_up_at >= local(first + timedelta(days=1), time()),
        Booking.pick_up_at < local(first + timedelta(days=8), time()),
    )
    for booking in sorted(ahead, key=lambda booking: (booking.pick_up_at, booking.kit_code)):
        days[local_day(booking.pick_up_at)].append(booking)
    return [DayAhead(day, pick_ups) for day, pick_ups in days.items()]
