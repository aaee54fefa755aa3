"""What is to do at a commune office today: read with a handful of statements, however long the lists are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Select, and_, bindparam, exists, func, or_, select, union_all
from sqlalchemy.orm import aliased, with_expression

from kit_booking.database import UtcDateTime, read
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.queue import RECENT
from kit_booking.domain.booking.standing import GOOD_STANDING, Standing, standing
from kit_booking.domain.booking.status import HAD_KIT, LIVE, USED, Status
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.models import Booking, Handover, Household, Message
from kit_booking.models.booking import COUNTS_FOR_STANDING
from kit_booking.services.booking.reading import is_to_phone, load_bookings, people_to_phone

GRACE = timedelta(minutes=30)
"""A return is overdue only after this: everybody with an evening returns the kit when the place opens."""
SOON = timedelta(hours=24)
"""The next booking of an overdue kit is endangered if its pick-up is at most this far ahead."""


@dataclass(frozen=True)
class History:
    """What the clerk is shown of a household that asks, to decide on its request."""

    first_time: bool = True
    """It never had a kit before this booking."""
    sessions: int = 0
    """How often it had a kit within `RECENT`."""
    standing: Standing = GOOD_STANDING


@dataclass(frozen=True)
class Today:
    """Each list in the order in which its things are to be done."""

    requests: list[Booking]
    offers: list[Booking]
    to_hand_over: list[Booking]
    not_collected: list[Booking]
    """So long after their pick-up that they may be no-shows; never while the kit itself is still out."""
    to_take_back: list[Booking]
    overdue: list[Booking]
    endangered: dict[int, Booking]
    """The next booking of each kit that is overdue, by the kit's id."""
    to_judge: list[Booking]
    """Came back with something missing or broken, and nobody has said yet whether the kit can be lent."""
    to_phone: list[Message]
    histories: dict[int, History]
    """Of the households that ask, by the id of the request."""

    just_done: list[Booking]
    """What the office did with them can still be undone."""

    @property
    def count(self) -> int:
        """How many things are to do; endangered bookings are not counted beside the overdue one."""
        bookings = (self.requests, self.offers, self.to_hand_over, self.not_collected)
        kits = (self.to_take_back, self.overdue, self.to_judge)
        return sum(len(some) for some in (*bookings, *kits, self.to_phone))


def today(commune_ids: Sequence[int], *, now: datetime) -> Today:
    """All that the office of these communes has to do by the end of the day."""
    by_status: defaultdict[str, list[Booking]] = defaultdict(list)
    undoable = select(Booking.id).where(Booking.undo_until_at > now, Booking.commune_id.in_(commune_ids))
    near = union_all(_to_do(commune_ids, now + SOON, now=now), _to_judge(commune_ids), undoable)
    is_to_judge = with_expression(Booking.is_to_judge, exists().where(Handover.booking_id == Booking.id, *_UNJUDGED))
    loaded = load_bookings(Booking.id.in_(near), options=[is_to_judge])
    for booking in loaded:
        by_status[booking.status].append(booking)
    ahead = sorted(by_status[Status.APPROVED], key=lambda booking: (booking.pick_up_at, booking.kit.code))
    due = [b for b in ahead if b.pick_up_at < _end_of_day(now)]
    out = sorted(by_status[Status.OUT], key=lambda booking: (booking.return_at, booking.kit.code))
    away = {booking.kit_id for booking in out}
    missed = _missed([b for b in due if b.kit_id not in away], now=now)
    overdue = [b for b in out if b.return_at + GRACE <= now]
    requests = sorted(by_status[Status.REQUESTED], key=lambda booking: (booking.answer_by_at, booking.id))
    offers = sorted(by_status[Status.OFFERED], key=lambda booking: (booking.answer_by_at, booking.id))
    return Today(
        requests=requests,
        offers=offers,
        to_hand_over=[b for b in due if b not in missed],
        not_collected=missed,
        to_take_back=[b for b in out if b not in overdue and b.return_at < _end_of_day(now)],
        overdue=overdue,
        endangered=_endangered(overdue, [*requests, *offers, *ahead], now=now),
        to_judge=sorted((b for b in loaded if b.is_to_judge), key=lambda booking: booking.return_at),
        to_phone=people_to_phone(commune_ids, now=now),
        histories=_histories(requests, now=now),
        just_done=[b for b in loaded if b.can_be_undone(now)],
    )


def count_of_today(commune_ids: Sequence[int], *, now: datetime) -> int:
    """How many things `today` has, for pages that show only the number; one statement."""
    to_phone = select(Message.id).join(Message.booking).where(is_to_phone(commune_ids, now=now))
    to_do = union_all(_to_do(commune_ids, _end_of_day(now), now=now), _to_judge(commune_ids), to_phone)
    return int(read(select(func.count()).select_from(to_do.subquery()))[0][0])


def _end_of_day(now: datetime) -> datetime:
    return local(local_day(now) + timedelta(days=1), time())


def _to_do(commune_ids: Sequence[int], pick_up_before: datetime, *, now: datetime) -> Select[tuple[int]]:
    """The ids of bookings to answer, to hand over before this instant, or to take back today."""
    return select(Booking.id).where(
        Booking.commune_id.in_(commune_ids),
        Booking.status.in_(LIVE),  # The few among all bookings ever made, by the index.
        or_(
            and_(Booking.status == Status.REQUESTED, Booking.until_at > now),
            Booking.status == Status.OFFERED,
            and_(Booking.status == Status.APPROVED, Booking.pick_up_at < pick_up_before),
            and_(Booking.status == Status.OUT, Booking.return_at < _end_of_day(now)),
        ),
    )


_UNJUDGED = (Handover.way == Direction.BACK, Handover.has_fault, Handover.is_usable.is_(None))


def _to_judge(commune_ids: Sequence[int]) -> Select[tuple[int]]:
    """The ids of bookings whose kit came back with a fault that nobody has judged yet."""
    return select(Handover.booking_id).join(Handover.booking).where(*_UNJUDGED, Booking.commune_id.in_(commune_ids))


def _missed(due: Iterable[Booking], *, now: datetime) -> list[Booking]:
    """Those not collected in time, which counts from when the kit came back if it came back late."""
    late = [b for b in due if now >= b.pick_up_at + b.policy.no_show]
    if not late:
        return []
    rows = read(
        select(Booking.kit_id, func.max(Handover.happened_at).label("back_at"))
        .join(Handover.booking)
        .where(
            Booking.kit_id.in_({b.kit_id for b in late}),
            Handover.way == Direction.BACK,
            Handover.happened_at > now - RECENT,
        )
        .group_by(Booking.kit_id)
    )
    back_at: dict[int, datetime] = {row.kit_id: row.back_at for row in rows}
    return [b for b in late if now >= max(b.pick_up_at, back_at.get(b.kit_id, b.pick_up_at)) + b.policy.no_show]


def _endangered(overdue: Iterable[Booking], ahead: Iterable[Booking], *, now: datetime) -> dict[int, Booking]:
    """Of each late kit the booking that is to have it next, when that is soon."""
    late_kits = {booking.kit_id for booking in overdue}
    first: dict[int, Booking] = {}
    for booking in sorted(ahead, key=lambda booking: booking.pick_up_at):
        if booking.kit_id in late_kits and booking.pick_up_at < now + SOON and booking.return_at > now:
            first.setdefault(booking.kit_id, booking)
    return first


_of_household = aliased(Booking)
_sessions = (
    select(func.count(_of_household.id))
    .where(
        _of_household.household_id == Household.id,
        _of_household.status.in_(HAD_KIT),
        _of_household.pick_up_at >= bindparam("recent_at", type_=UtcDateTime),
    )
    .scalar_subquery()
)
_first_used_at = (
    select(_of_household.pick_up_at)
    .where(_of_household.household_id == Household.id, _of_household.status.in_(USED))
    .order_by(_of_household.pick_up_at)
    .limit(1)
    .scalar_subquery()
)
_standing_rows = (
    select(
        Household.id,
        Household.lifted_at,
        _sessions.label("sessions"),
        _first_used_at.label("first_used_at"),
        Booking.strike_at,
        Booking.status,
        Booking.return_at,
    )
    .outerjoin(Booking, and_(Booking.household_id == Household.id, COUNTS_FOR_STANDING))
    .where(Household.id.in_(bindparam("household_ids", expanding=True)))
)
"""Each household once for each of its bookings that count for its standing, and once if there are none."""


def _histories(requests: Sequence[Booking], *, now: datetime) -> dict[int, History]:
    """Of all households that ask, by one statement."""
    if not requests:
        return {}
    household_ids = list({booking.household_id for booking in requests})
    rows_of = defaultdict(list)
    for row in read(_standing_rows, {"household_ids": household_ids, "recent_at": now - RECENT}):
        rows_of[row.id].append(row)
    histories = {}
    for request in requests:
        rows = rows_of[request.household_id]
        histories[request.id] = History(
            rows[0].first_used_at is None or rows[0].first_used_at >= request.pick_up_at,
            rows[0].sessions,
            standing(
                [row.strike_at for row in rows if row.strike_at],
                late_since_at=min((row.return_at for row in rows if row.status == Status.OUT), default=None),
                lifted_at=rows[0].lifted_at,
                policy=request.policy,
                now=now,
            ),
        )
    return histories


def week_ahead(commune_ids: Sequence[int], *, now: datetime) -> dict[date, list[Booking]]:
    """The pick-ups of each of the next seven days, for a day on which nothing is left to do."""
    first = local_day(now)
    days: dict[date, list[Booking]] = {first + timedelta(days=n): [] for n in range(1, 8)}
    ahead = load_bookings(
        Booking.commune_id.in_(commune_ids),
        Booking.status.in_(LIVE),
        Booking.pick_up_at >= local(first + timedelta(days=1), time()),
        Booking.pick_up_at < local(first + timedelta(days=8), time()),
    )
    for booking in sorted(ahead, key=lambda booking: (booking.pick_up_at, booking.kit.code)):
        days[local_day(booking.pick_up_at)].append(booking)
    return days
