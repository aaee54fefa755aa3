"""Row locks, in the order that every transaction keeps (kits by id, then households by id), and row versions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update
from sqlalchemy.orm import Session

from kit_booking.domain.messages import MessageContext
from kit_booking.domain.policy import Policy
from kit_booking.models import Booking, Commune, Household, Kit, Place


def lock(session: Session, table: type[Kit] | type[Household], *row_ids: int) -> None:
    """Wait until no other transaction holds the rows, by their ids; on SQLite the transaction holds everything."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(table.id).where(table.id.in_(row_ids)).order_by(table.id).with_for_update())


@dataclass(frozen=True)
class LockedBooking:
    """A booking with its household, commune and place; its kit's and its household's rows are locked."""

    booking: Booking
    household: Household
    commune: Commune
    place: Place

    @property
    def policy(self) -> Policy:
        return Policy.of(self.commune.policy)

    def context(self, due_at: datetime | None = None) -> MessageContext:
        """What the texts about the booking say; ``due_at`` is the deadline that they name."""
        commune, place = self.commune, self.place
        return message_context(
            self.booking, commune=commune.name, place=place.name, office_phone=commune.phone, due_at=due_at
        )


def lock_booking(session: Session, code: str, *also_kits: int) -> LockedBooking:
    """Lock and load the booking of this code: first its kit and the kits named, then its household."""
    row = session.execute(select(Booking.kit_id, Booking.household_id).where(Booking.code == code)).one()
    lock(session, Kit, row.kit_id, *also_kits)
    lock(session, Household, row.household_id)
    locked = _load(session, _by_code, code)
    if locked.booking.household_id != row.household_id:  # Joined to another household just before the lock.
        lock(session, Household, locked.booking.household_id)
        locked = _load(session, _by_code, code)
    if locked.booking.kit_id != row.kit_id:  # Moved to another kit just before the lock.
        lock(session, Kit, locked.booking.kit_id)
        locked = _load(session, _by_code, code)
    return locked


def locked_booking(session: Session, booking_id: int) -> LockedBooking:
    """Load a booking whose kit and household this transaction has locked already."""
    return _load(session, _by_id, booking_id)


_bookings = (
    select(Booking, Household, Commune, Place)
    .join(Household, Household.id == Booking.household_id)
    .join(Commune, Commune.id == Booking.commune_id)
    .join(Place, Place.id == Booking.place_id)
    .execution_options(populate_existing=True)
)
_by_code, _by_id = (_bookings.where(column == bindparam("key")) for column in (Booking.code, Booking.id))


def _load(session: Session, statement: Select[Any], key: str | int) -> LockedBooking:
    return LockedBooking(*session.execute(statement, {"key": key}).one())


def message_context(
    booking: Booking | Row[Any], *, commune: str, place: str, office_phone: str, due_at: datetime | None = None
) -> MessageContext:
    """What the texts about the booking say."""
    return MessageContext(
        code=booking.code,
        commune=commune,
        place=place,
        from_at=booking.from_at,
        until_at=booking.until_at,
        pick_up_at=booking.pick_up_at,
        return_at=booking.return_at,
        office_phone=office_phone,
        reason=booking.reason,
        due_at=due_at,
    )


_bump = {
    table: update(table).where(table.id == bindparam("row_id")).values(version=table.version + 1)
    for table in (Kit, Household)
}
_bump_kit = _bump[Kit].returning(Kit.place_id)
_bump_household = (
    _bump[Household]
    .values(sells=bindparam("sells"), streams_on=bindparam("streams_on"))
    .returning(
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
    """Raise the version that pages and feeds of the kit or household are cached by."""
    session.flush()
    session.connection().execute(_bump[table], {"row_id": row_id})


def lock_kit_to_book(session: Session, kit_id: int) -> int:
    """Lock the kit and raise its version; the id of the place where it stands."""
    return int(session.connection().execute(_bump_kit, {"row_id": kit_id}).scalar_one())


def lock_household_to_book(session: Session, household_id: int, *, sells: str, streams_on: str) -> Row[Any] | None:
    """Lock the household, raise its version and keep what it sells as the next proposal.

    Returns its commune, erased and lifted times, numbers and whether texts reach it; None if it does not exist.
    """
    values = {"row_id": household_id, "sells": sells, "streams_on": streams_on}
    return session.connection().execute(_bump_household, values).one_or_none()
