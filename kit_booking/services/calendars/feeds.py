"""Calendar feeds: finding one by its address, its version key, and the bookings and closures that it contains."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, bindparam, select

from kit_booking.database import UtcDateTime, read
from kit_booking.domain.booking.status import IN_CALENDARS
from kit_booking.domain.time.closure import union
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.models import Booking, Commune, FeedToken, Hold, Household, Kit, Place, Staff, StaffRole
from kit_booking.models.kit import IS_CLOSED
from kit_booking.services.calendars.tokens import USE_NOTED, token_hash

PAST, AHEAD = timedelta(days=30), timedelta(days=90)
"""The window of a feed, before and after today."""
LONGEST_CLOSED = timedelta(days=366)
"""Closed time is read from so far back that a long stretch always begins at the same moment."""


@dataclass(frozen=True)
class Feed:
    """One feed: whose it is, its version key, which is equal as long as its bytes are, and the day of its window."""

    version_key: tuple[Any, ...]
    day: date
    communes: str = ""
    """The names of its communes; empty for a household's."""
    kit_code: str = ""
    kit_ids: tuple[int, ...] = ()
    household_id: int | None = None
    staff_id: int | None = None
    ended_on: date | None = None
    """The day on which its private address was revoked."""

    @property
    def is_private(self) -> bool:
        return self.household_id is not None or self.staff_id is not None

    @property
    def window(self) -> dict[str, datetime]:
        return _window(self.day)


def _window(day: date) -> dict[str, datetime]:
    return {"first_at": local(day - PAST, time()), "end_at": local(day + AHEAD, time())}


_in_window = (
    Booking.status.in_(IN_CALENDARS),
    Booking.pick_up_at >= bindparam("first_at", type_=UtcDateTime),
    Booking.pick_up_at < bindparam("end_at", type_=UtcDateTime),
)

_kits = (
    select(Commune.id, Commune.name, Commune.version, Kit.id.label("kit_id"), Kit.version.label("kit_version"))
    .outerjoin(Kit, Kit.commune_id == Commune.id)
    .order_by(Commune.id, Kit.id)
)
_kits_of_commune = _kits.where(Commune.slug == bindparam("slug"))
_kit_by_code = _kits.where(Kit.code == bindparam("code"))
_own_communes = select(StaffRole.commune_id).where(
    StaffRole.staff_id == bindparam("staff_id"), StaffRole.commune_id.is_not(None)
)
_kits_of_staff = _kits.where(Commune.id.in_(_own_communes))


def commune_feed(slug: str, *, now: datetime) -> Feed | None:
    return _kits_feed(read(_kits_of_commune, {"slug": slug}), now=now)


def kit_feed(code: str, *, now: datetime) -> Feed | None:
    return _kits_feed(read(_kit_by_code, {"code": code}), kit_code=code, now=now)


def _kits_feed(rows: Sequence[Any], *, kit_code: str = "", staff_id: int | None = None, now: datetime) -> Feed | None:
    """None without a commune; one that has no kit has an empty feed."""
    if not rows:
        return None
    return Feed(
        version_key=(kit_code, staff_id, *map(tuple, rows)),
        day=local_day(now),
        communes=", ".join(dict.fromkeys(name for _, name, *_ in rows)),
        kit_code=kit_code,
        kit_ids=tuple(kit_id for *_, kit_id, _ in rows if kit_id is not None),
        staff_id=staff_id,
    )


_token = (
    select(
        FeedToken.household_id,
        FeedToken.staff_id,
        FeedToken.created_at,
        FeedToken.last_used_at,
        FeedToken.revoked_at,
        Staff.is_active,
        Household.version,
    )
    .outerjoin(Household, Household.id == FeedToken.household_id)
    .outerjoin(Staff, Staff.id == FeedToken.staff_id)
    .where(FeedToken.token_hash == bindparam("token_hash"))
)


def private_feed(token: str, *, now: datetime) -> tuple[Feed, bool] | None:
    """The feed of a private address, and whether to note its use; None for an unknown token.

    For a revoked address, or a member of staff who has left, the feed has ``ended_on``.
    """
    day = local_day(now)
    rows = read(_token, {"token_hash": token_hash(token)})
    if not rows:
        return None
    row = rows[0]
    feed: Feed | None = None
    if row.revoked_at is None and row.household_id is not None:
        feed = Feed(("household", row.household_id, row.version), day, household_id=row.household_id)
    elif row.revoked_at is None and row.is_active:
        feed = _kits_feed(read(_kits_of_staff, {"staff_id": row.staff_id}), staff_id=row.staff_id, now=now)
    if feed:
        return feed, row.last_used_at is None or now - row.last_used_at >= USE_NOTED
    ended_on = local_day(row.revoked_at or row.last_used_at or row.created_at)
    return Feed(
        ("ended", ended_on), day, household_id=row.household_id, staff_id=row.staff_id, ended_on=ended_on
    ), False


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
        Booking.asked_at,
        Booking.code,
        Kit.code.label("kit_code"),
        Place.name.label("place_name"),
        Place.address.label("place_address"),
        Commune.name.label("commune_name"),
        Commune.phone.label("office_phone"),
        Household.name.label("household_name"),
        Household.renamed_at,
        Household.village,
    )
    .join(Kit, Kit.id == Booking.kit_id)
    .join(Place, Place.id == Booking.place_id)
    .join(Commune, Commune.id == Booking.commune_id)
    .join(Household, Household.id == Booking.household_id)
    .order_by(Booking.pick_up_at, Booking.id)
)
_booking = _bookings.where(Booking.code == bindparam("code"), Booking.status.in_(IN_CALENDARS))
_of_household = _bookings.where(Booking.household_id == bindparam("household_id"), *_in_window)
_of_kits = _bookings.where(Booking.kit_id.in_(bindparam("kit_ids", expanding=True)), *_in_window)


def booking_event(code: str) -> Sequence[Row[Any]]:
    """The booking as a row of `bookings_of`; empty when its status is not for calendars."""
    return read(_booking, {"code": code})


def bookings_of(feed: Feed) -> Sequence[Row[Any]]:
    """The bookings in the feed, by pick-up; one statement."""
    if feed.household_id is not None:
        return read(_of_household, feed.window | {"household_id": feed.household_id})
    return read(_of_kits, feed.window | {"kit_ids": feed.kit_ids})


_closed = (
    select(
        Hold.kit_id,
        Kit.code.label("kit_code"),
        Place.name.label("place_name"),
        Place.address.label("place_address"),
        Hold.from_at,
        Hold.until_at,
        Hold.changed_at,
    )
    .join(Kit, Kit.id == Hold.kit_id)
    .join(Place, Place.id == Kit.place_id)
    .where(
        IS_CLOSED,
        Hold.kit_id.in_(bindparam("kit_ids", expanding=True)),
        Hold.until_at > bindparam("since_at", type_=UtcDateTime),
    )
    .order_by(Hold.kit_id, Hold.from_at)
)


def closures_of(feed: Feed) -> Iterator[tuple[Row[Any], Span, datetime]]:
    """The closed time of the feed's kits in as few spans as possible; one statement.

    Each with its kit, a row of ``kit_id``, ``kit_code``, ``place_name`` and ``place_address``, and the moment at
    which it became what it is.
    """
    first_at, end_at = feed.window["first_at"], feed.window["end_at"]
    rows = read(_closed, {"kit_ids": feed.kit_ids, "since_at": first_at - LONGEST_CLOSED})
    for _kit_id, group in groupby(rows, key=attrgetter("kit_id")):
        holds = list(group)
        for span in union(Span(hold.from_at, hold.until_at) for hold in holds):
            if span.until_at > first_at and span.from_at < end_at:
                inside = [hold.changed_at for hold in holds if span.from_at <= hold.from_at < span.until_at]
                yield holds[0], span, max(inside)
