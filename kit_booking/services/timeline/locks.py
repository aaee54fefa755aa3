"""Row locks, in the order that every transaction keeps (kits by id, then households by id), and row versions."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, select, true, update
from sqlalchemy.orm import Session, joinedload

from kit_booking.domain.booking.seen import BookingChanged, SeenBooking
from kit_booking.domain.booking.status import IN_CALENDARS, Status
from kit_booking.models import Booking, Hold, Household, Kit
from kit_booking.models.kit import IS_CLOSED


def lock(session: Session, table: type[Kit] | type[Household], *row_ids: int) -> None:
    """Lock the rows of these ids with FOR UPDATE; nothing on SQLite, where the transaction locks the database."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(table.id).where(table.id.in_(row_ids)).order_by(table.id).with_for_update())


_loaded = (
    select(Booking)
    .options(
        joinedload(Booking.household), joinedload(Booking.commune), joinedload(Booking.place), joinedload(Booking.kit)
    )
    .execution_options(populate_existing=True)
)


def lock_booking(session: Session, code: str, *also_kits: int) -> Booking:
    """Lock the booking's kit, the kits ``also_kits`` (ids) and its household.

    Then load the booking of this code with its household, commune, place and kit.
    """
    row = session.execute(select(Booking.kit_id, Booking.household_id).where(Booking.code == code)).one()
    lock(session, Kit, row.kit_id, *also_kits)
    lock(session, Household, row.household_id)
    statement = _loaded.where(Booking.code == code)
    booking = session.scalars(statement).one()
    if booking.household_id != row.household_id:  # Joined to another household just before the lock.
        lock(session, Household, booking.household_id)
        booking = session.scalars(statement).one()
    if booking.kit_id != row.kit_id:  # Moved to another kit just before the lock.
        lock(session, Kit, booking.kit_id)
        booking = session.scalars(statement).one()
    return booking


def lock_seen(session: Session, seen: SeenBooking, to_status: Status) -> Booking:
    """`lock_booking` of one that a page showed, to give it this status.

    Raises ``BookingChanged`` when it is not so any more, unless it has that status already: sent twice.
    """
    booking = lock_booking(session, seen.code)
    if booking.seen not in (seen, replace(seen, status=to_status)):
        raise BookingChanged(seen, booking.seen)
    return booking


def locked_booking(session: Session, booking_id: int) -> Booking:
    """Load, like `lock_booking`, a booking whose kit and household this transaction has locked already."""
    return session.scalars(_loaded.where(Booking.id == booking_id)).one()


_bump = {
    table: update(table).where(table.id == bindparam("row_id")).values(version=table.version + 1)
    for table in (Kit, Household)
}
_bump_kit = _bump[Kit].returning(Kit.place_id)
_bump_household = (
    _bump[Household]
    .values(sells=bindparam("sells"), streams_on=bindparam("streams_on"))
    .returning(
        Household.id,
        Household.commune_id,
        Household.erased_at,
        Household.lifted_at,
        Household.phone,
        Household.landline,
        Household.takes_texts,
        Household.bad_number_at,
    )
)


def bump_version(session: Session, table: type[Kit] | type[Household], row_id: int) -> None:
    """Raise the version by which pages and feeds of the kit or household are cached."""
    session.flush()
    session.connection().execute(_bump[table], {"row_id": row_id})


def lock_kit_to_book(session: Session, kit_id: int) -> int:
    """Lock the kit and raise its version; the id of the place where it stands."""
    return int(session.connection().execute(_bump_kit, {"row_id": kit_id}).scalar_one())


def lock_household_to_book(session: Session, household_id: int, *, sells: str, streams_on: str) -> Row[Any] | None:
    """Lock the household, raise its version and write what it sells, to prefill the next form.

    A row of its commune, its erased and lifted times, its numbers and whether texts reach it; None if there is none.
    """
    values = {"row_id": household_id, "sells": sells, "streams_on": streams_on}
    return session.connection().execute(_bump_household, values).one_or_none()


IN_FEEDS = timedelta(days=31)
"""Feeds contain bookings until 30 days after their pick-up."""


def bump_calendar_versions(session: Session, commune_id: int, place_id: int | None = None, *, now: datetime) -> None:
    """Raise the versions of the bookings and closed time of the commune, or one place, as far as feeds contain them.

    Those of their kits and households rise, too. For whoever renames a place or a commune, or changes an office's
    number: a calendar program takes the new text of an event only with a higher SEQUENCE.
    """
    since = now - IN_FEEDS
    in_feeds = and_(
        Booking.commune_id == commune_id,
        Booking.place_id == place_id if place_id else true(),
        Booking.status.in_(IN_CALENDARS),
        Booking.pick_up_at >= since,
    )
    kits = select(Kit.id).where(Kit.commune_id == commune_id, Kit.place_id == place_id if place_id else true())
    closed = (IS_CLOSED, Hold.kit_id.in_(kits), Hold.until_at >= since)
    of_kits = select(Booking.kit_id).where(in_feeds).union(select(Hold.kit_id).where(*closed))
    for table, row_ids in ((Kit, of_kits), (Household, select(Booking.household_id).where(in_feeds).distinct())):
        for row_id in sorted(session.scalars(row_ids)):
            lock(session, table, row_id)
            bump_version(session, table, row_id)
    session.execute(update(Booking).where(in_feeds).values(version=Booking.version + 1, changed_at=now))
    for hold in session.scalars(select(Hold).where(*closed)):
        hold.changed_at = later_second(hold.changed_at, now)
    session.flush()


def later_second(last: datetime | None, now: datetime) -> datetime:
    """When something changes for calendars, which tell changes apart by whole seconds: after the ``last`` time."""
    return max(now, last + timedelta(seconds=1)) if last else now
