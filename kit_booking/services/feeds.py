"""Calendar feeds: what each shows, its stamp, and the private addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, or_, select

from kit_booking.database import HotRead, UtcDateTime, read
from kit_booking.domain.local_time import local, local_day
from kit_booking.domain.status import LIVE, Status
from kit_booking.models import Booking, Commune, FeedToken, Household, Kit, Place, Staff, StaffRole
from kit_booking.services.feed_tokens import USE_NOTED, token_hash

PAST, AHEAD = timedelta(days=30), timedelta(days=90)
"""A feed reaches from so many days back to so many ahead."""
SHOWN = LIVE | {Status.RETURNED}


@dataclass(frozen=True)
class Feed:
    """One feed: whose it is, and a stamp that is equal as long as its bytes are; `day` moves its window."""

    stamp: tuple[Any, ...]
    day: date
    communes: str = ""
    """The names of its communes; empty for a household's."""
    kit_code: str = ""
    kit_ids: tuple[int, ...] = ()
    household_id: int | None = None
    staff_id: int | None = None

    @property
    def is_private(self) -> bool:
        return self.household_id is not None or self.staff_id is not None


@dataclass(frozen=True)
class FeedBooking:
    id: int
    status: Status
    from_at: datetime
    until_at: datetime
    pick_up_at: datetime
    return_at: datetime
    slot_name: str
    version: int
    changed_at: datetime
    code: str
    kit_code: str
    place_name: str
    place_address: str
    commune_name: str
    office_phone: str
    household_name: str
    village: str


_kits = (
    select(Commune.name, Commune.version, Kit.id, Kit.version.label("kit_version"))
    .join(Commune, Commune.id == Kit.commune_id)
    .order_by(Kit.id)
)
_kits_of_commune = HotRead(_kits.where(Commune.slug == bindparam("slug")))
_kit_by_code = HotRead(_kits.where(Kit.code == bindparam("code")))
_own_communes = select(StaffRole.commune_id).where(
    StaffRole.staff_id == bindparam("staff_id"), StaffRole.commune_id.is_not(None)
)
_kits_of_staff = HotRead(_kits.where(Kit.commune_id.in_(_own_communes)))


def commune_feed(slug: str, *, now: datetime) -> Feed | None:
    return _kits_feed(_kits_of_commune(slug=slug), now=now)


def kit_feed(code: str, *, now: datetime) -> Feed | None:
    return _kits_feed(_kit_by_code(code=code), kit_code=code, now=now)


def _kits_feed(rows: Sequence[Any], *, kit_code: str = "", staff_id: int | None = None, now: datetime) -> Feed | None:
    if not rows:
        return None
    return Feed(
        stamp=(kit_code, staff_id, *map(tuple, rows)),
        day=local_day(now),
        communes=", ".join(dict.fromkeys(name for name, *_ in rows)),
        kit_code=kit_code,
        kit_ids=tuple(kit_id for _, _, kit_id, _ in rows),
        staff_id=staff_id,
    )


_token = HotRead(
    select(FeedToken.household_id, FeedToken.staff_id, FeedToken.last_used_at, Household.version)
    .outerjoin(Household, Household.id == FeedToken.household_id)
    .outerjoin(Staff, Staff.id == FeedToken.staff_id)
    .where(
        FeedToken.token_hash == bindparam("token_hash"),
        FeedToken.revoked_at.is_(None),
        or_(FeedToken.staff_id.is_(None), Staff.is_active),
    )
)


def private_feed(token: str, *, now: datetime) -> tuple[Feed, bool] | None:
    """The feed behind a private address, and whether its use is to be noted; None when there is none."""
    rows = _token(token_hash=token_hash(token))
    if not rows:
        return None
    household_id, staff_id, last_used_at, version = rows[0]
    is_news = last_used_at is None or now - last_used_at >= USE_NOTED
    if household_id is not None:
        stamp = ("household", household_id, version)
        return Feed(stamp, local_day(now), household_id=household_id), is_news
    feed = _kits_feed(_kits_of_staff(staff_id=staff_id), staff_id=staff_id, now=now)
    return feed or Feed(("staff", staff_id), local_day(now), staff_id=staff_id), is_news


_bookings = (
    select(
        Booking.id,
        Booking.status,
        Booking.from_at,
        Booking.until_at,
        Booking.pick_up_at,
        Booking.return_at,
        Booking.slot_name,
        Booking.version,
        Booking.changed_at,
        Booking.code,
        Kit.code,
        Place.name,
        Place.address,
        Commune.name,
        Commune.phone,
        Household.name,
        Household.village,
    )
    .join(Kit, Kit.id == Booking.kit_id)
    .join(Place, Place.id == Booking.place_id)
    .join(Commune, Commune.id == Booking.commune_id)
    .join(Household, Household.id == Booking.household_id)
    .where(Booking.status.in_(SHOWN))
    .order_by(Booking.pick_up_at, Booking.id)
)
_booking = _bookings.where(Booking.code == bindparam("code"))
_in_window = _bookings.where(
    Booking.pick_up_at >= bindparam("first_at", type_=UtcDateTime),
    Booking.pick_up_at < bindparam("end_at", type_=UtcDateTime),
)
_of_household = _in_window.where(Booking.household_id == bindparam("household_id"))
_of_kits = _in_window.where(Booking.kit_id.in_(bindparam("kit_ids", expanding=True)))


def booking_event(code: str) -> list[FeedBooking]:
    """The one booking, or nothing when it is no longer so."""
    return _shown(read(_booking, {"code": code}))


def bookings_of(feed: Feed) -> list[FeedBooking]:
    """What the feed shows, in order; one statement."""
    values = {"first_at": local(feed.day - PAST, time()), "end_at": local(feed.day + AHEAD, time())}
    if feed.household_id is not None:
        return _shown(read(_of_household, values | {"household_id": feed.household_id}))
    return _shown(read(_of_kits, values | {"kit_ids": feed.kit_ids}))


def _shown(rows: Sequence[Row[Any]]) -> list[FeedBooking]:
    return [FeedBooking(row[0], Status(row[1]), *row[2:]) for row in rows]
