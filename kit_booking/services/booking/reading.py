"""Bookings as pages show them: values, read without a lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, or_, select
from sqlalchemy.orm import aliased

from kit_booking.database import read
from kit_booking.domain.delivery import NOT_TOLD
from kit_booking.domain.messages import Kind
from kit_booking.domain.policy import Policy
from kit_booking.domain.standing import is_late_to_cancel
from kit_booking.domain.status import AHEAD, USED, Status
from kit_booking.models import (
    Booking,
    BookingMove,
    Commune,
    Hold,
    Household,
    Kit,
    Message,
    MessageState,
    Place,
    Staff,
    WaitingEntry,
)

LONG_AGO = timedelta(days=60)
"""No text about a booking that is not over is older."""


@dataclass(frozen=True)
class ShownMove:
    status: Status
    happened_at: datetime
    by_household: bool
    by_staff: str
    """The name of the member of staff, empty when it was none."""
    reason: str


@dataclass(frozen=True)
class ShownBooking:
    """One booking with its slot, its place and its household."""

    code: str
    status: Status
    commune_id: int
    household_id: int
    kit_code: str
    commune_name: str
    commune_slug: str
    office_phone: str
    place_name: str
    place_address: str
    keeper: str
    keeper_phone: str
    slot_name: str
    day: date
    from_at: datetime
    until_at: datetime
    pick_up_at: datetime
    return_at: datetime
    household_name: str
    household_phone: str
    """The mobile, or the landline of people who have none."""
    village: str
    craft: str
    sells: str
    streams_on: str
    reason: str
    asked_at: datetime
    answer_by_at: datetime
    approved_at: datetime | None
    moved_at: datetime | None
    changed_numbers: dict[str, Any]
    """What the commune changed of the default policy."""
    first_time: bool
    """The household never had a kit before."""
    was_offered: bool
    """It came from the waiting list."""

    @property
    def policy(self) -> Policy:
        return Policy.of(self.changed_numbers)

    def is_ahead(self, now: datetime) -> bool:
        return (self.status in AHEAD or self.status == Status.OUT) and self.return_at > now

    def can_be_withdrawn(self, now: datetime) -> bool:
        return self.status in (Status.REQUESTED, Status.APPROVED) and now < self.pick_up_at

    def is_late_to_cancel(self, now: datetime) -> bool:
        return is_late_to_cancel(
            pick_up_at=self.pick_up_at,
            approved_at=self.approved_at,
            moved_at=self.moved_at,
            policy=self.policy,
            now=now,
        )

    def can_be_changed(self, now: datetime) -> bool:
        return self.can_be_withdrawn(now) and not self.is_late_to_cancel(now)


_earlier = aliased(Booking)
_bookings = (
    select(
        Booking.code,
        Booking.status,
        Booking.commune_id,
        Booking.household_id,
        Kit.code,
        Commune.name,
        Commune.slug,
        Commune.phone,
        Place.name,
        Place.address,
        Place.keeper,
        Place.keeper_phone,
        Booking.slot_name,
        Booking.day,
        Booking.from_at,
        Booking.until_at,
        Booking.pick_up_at,
        Booking.return_at,
        Household.name,
        case((Household.phone != "", Household.phone), else_=Household.landline),
        Household.village,
        Household.craft,
        Booking.sells,
        Booking.streams_on,
        Booking.reason,
        Booking.asked_at,
        Booking.answer_by_at,
        Booking.approved_at,
        Booking.moved_at,
        Commune.policy,
        ~exists().where(
            _earlier.household_id == Booking.household_id,
            _earlier.status.in_(USED),
            _earlier.pick_up_at < Booking.pick_up_at,
        ),
        exists().where(WaitingEntry.booking_id == Booking.id),
    )
    .join(Kit, Kit.id == Booking.kit_id)
    .join(Commune, Commune.id == Booking.commune_id)
    .join(Place, Place.id == Booking.place_id)
    .join(Household, Household.id == Booking.household_id)
)


def _shown(statement: Select[Any]) -> list[ShownBooking]:
    return [ShownBooking(row[0], Status(row[1]), *row[2:]) for row in read(statement)]


def find_booking(code: str) -> ShownBooking | None:
    found = _shown(_bookings.where(Booking.code == code))
    return found[0] if found else None


def bookings_of_household(household_id: int, most: int = 60) -> list[ShownBooking]:
    """The newest first."""
    return _shown(
        _bookings.where(Booking.household_id == household_id).order_by(Booking.pick_up_at.desc()).limit(most)
    )


def shown_bookings(*which: ColumnElement[bool]) -> list[ShownBooking]:
    """Those for which all of this is so, in no order."""
    return _shown(_bookings.where(*which))


def pick_ups(commune_ids: Sequence[int], from_at: datetime, until_at: datetime) -> list[ShownBooking]:
    """Approved bookings with their pick-up in this time, in its order."""
    return _shown(
        _bookings.where(
            Booking.commune_id.in_(commune_ids),
            Booking.status == Status.APPROVED,
            Booking.pick_up_at >= from_at,
            Booking.pick_up_at < until_at,
        ).order_by(Booking.pick_up_at, Kit.code)
    )


def returns(commune_ids: Sequence[int], from_at: datetime, until_at: datetime) -> list[ShownBooking]:
    """Bookings whose kit is due back in this time, whether it is out already or not; and those that are late."""
    is_out = and_(Booking.status == Status.OUT, Booking.return_at < until_at)
    will_be = and_(Booking.status == Status.APPROVED, Booking.return_at >= from_at, Booking.return_at < until_at)
    return _shown(
        _bookings.where(Booking.commune_id.in_(commune_ids), or_(is_out, will_be)).order_by(
            Booking.return_at, Kit.code
        )
    )


def bookings_in(kit_ids: Sequence[int], from_at: datetime, until_at: datetime) -> list[ShownBooking]:
    """Live bookings that have one of the kits in this time, the first first."""
    return _shown(
        _bookings.join(Hold, Hold.booking_id == Booking.id)
        .where(Hold.kit_id.in_(kit_ids), Hold.from_at < until_at, Hold.until_at > from_at)
        .order_by(Booking.pick_up_at, Kit.code)
    )


def history(code: str) -> list[ShownMove]:
    """Every move of the booking, the first first."""
    rows = read(
        select(
            BookingMove.to_status,
            BookingMove.happened_at,
            BookingMove.household_id,
            Staff.name,
            BookingMove.reason,
        )
        .join(Booking, Booking.id == BookingMove.booking_id)
        .outerjoin(Staff, Staff.id == BookingMove.staff_id)
        .where(Booking.code == code)
        .order_by(BookingMove.id)
    )
    return [
        ShownMove(Status(row[0]), row[1], by_household=row[2] is not None, by_staff=row[3] or "", reason=row[4])
        for row in rows
    ]


@dataclass(frozen=True)
class ShownMessage:
    kind: str
    state: MessageState
    at: datetime
    body: str


def messages_of(code: str) -> list[ShownMessage]:
    """The texts about the booking, the newest first."""
    rows = read(
        select(Message.kind, Message.state, Message.due_at, Message.body)
        .join(Booking, Booking.id == Message.booking_id)
        .where(Booking.code == code)
        .order_by(Message.id.desc())
    )
    return [ShownMessage(row[0], MessageState(row[1]), row[2], row[3]) for row in rows]


@dataclass(frozen=True)
class PersonToPhone:
    """Somebody whose text did not go out, or may not have, about a booking that is not over."""

    message_id: int
    commune_id: int
    household_name: str
    household_phone: str
    booking_code: str
    kind: str
    state: MessageState
    at: datetime


def people_to_phone(commune_ids: Sequence[int], *, now: datetime) -> list[PersonToPhone]:
    rows = read(
        select(
            Message.id,
            Booking.commune_id,
            Household.name,
            Message.to,
            Booking.code,
            Message.kind,
            Message.state,
            Message.settled_at,
        )
        .join(Booking, Booking.id == Message.booking_id)
        .join(Household, Household.id == Booking.household_id)
        .where(
            Message.state.in_(NOT_TOLD),
            Message.ask_at.is_(None),  # Whoever is being asked after may yet turn out to be told.
            Message.phoned_at.is_(None),
            Message.kind != Kind.STAFF_DUE,
            Booking.commune_id.in_(commune_ids),
            Booking.return_at > now,
            Message.due_at > now - LONG_AGO,
        )
        .order_by(Message.settled_at)
    )
    return [
        PersonToPhone(row_id, commune_id, name, phone, code, kind, MessageState(state), at)
        for row_id, commune_id, name, phone, code, kind, state, at in rows
    ]
