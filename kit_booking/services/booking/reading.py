"""Bookings and the texts about them, read without a lock."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from kit_booking.database import load, read
from kit_booking.domain.booking.status import USED, Status
from kit_booking.domain.messages.delivery import NOT_TOLD
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import Booking, Commune, Hold, Kit, Message, WaitingEntry

MOST_TEXTS = 30
LONG_AGO = timedelta(days=60)
"""No text about a booking that is not over is older; narrows the index scan."""


_bookings = (
    select(Booking)
    .join(Booking.kit)
    .options(
        contains_eager(Booking.kit),
        joinedload(Booking.place),
        joinedload(Booking.household),
        joinedload(Booking.commune).defer(Commune.search, raiseload=True),
    )
)
"""With the kit, place, household and commune of each."""


def find_booking(code: str) -> Booking | None:
    bookings = load_bookings(Booking.code == code)
    return bookings[0] if bookings else None


def load_bookings(*which: ColumnElement[bool], options: Sequence[ORMOption] = ()) -> list[Booking]:
    """The bookings for which all conditions hold, with kit, place, household and commune; in no order."""
    return load(_bookings.where(*which).options(*options))


def bookings_of_household(household_id: int, most: int = 60) -> list[Booking]:
    """The newest first."""
    return load(_bookings.where(Booking.household_id == household_id).order_by(Booking.pick_up_at.desc()).limit(most))


def count_bookings(household_id: int) -> int:
    """How many the household ever made."""
    return int(read(select(func.count(Booking.id)).where(Booking.household_id == household_id))[0][0])


def pick_ups(commune_ids: Sequence[int], from_at: datetime, until_at: datetime) -> list[Booking]:
    """Approved bookings with their pick-up in this time, by pick-up and kit."""
    return load(
        _bookings.where(
            Booking.commune_id.in_(commune_ids),
            Booking.status == Status.APPROVED,
            Booking.pick_up_at >= from_at,
            Booking.pick_up_at < until_at,
        ).order_by(Booking.pick_up_at, Kit.code)
    )


def returns(commune_ids: Sequence[int], from_at: datetime, until_at: datetime) -> list[Booking]:
    """Bookings whose kit is due back in this time, out already or not, and overdue ones; by return and kit."""
    is_out = and_(Booking.status == Status.OUT, Booking.return_at < until_at)
    will_be = and_(Booking.status == Status.APPROVED, Booking.return_at >= from_at, Booking.return_at < until_at)
    return load(
        _bookings.where(Booking.commune_id.in_(commune_ids), or_(is_out, will_be)).order_by(
            Booking.return_at, Kit.code
        )
    )


def bookings_in(kit_ids: Sequence[int], from_at: datetime, until_at: datetime) -> list[Booking]:
    """Live bookings that hold one of the kits in this time, by pick-up and kit."""
    return load(
        _bookings.join(Hold, Hold.booking_id == Booking.id)
        .where(Hold.kit_id.in_(kit_ids), Hold.from_at < until_at, Hold.until_at > from_at)
        .order_by(Booking.pick_up_at, Kit.code)
    )


def find_undoable(commune_ids: Sequence[int], *, now: datetime) -> list[Booking]:
    """The bookings on which the office's last action can still be undone, the latest action first."""
    found = load_bookings(Booking.undo_until_at > now, Booking.commune_id.in_(commune_ids))
    return sorted(found, key=lambda booking: (booking.undo_until_at, booking.id), reverse=True)


def is_first_time(booking: Booking) -> bool:
    """Whether the household used no slot before this one."""
    earlier = select(Booking.id).where(
        Booking.household_id == booking.household_id,
        Booking.status.in_(USED),
        Booking.pick_up_at < booking.pick_up_at,
    )
    return not read(earlier.limit(1))


def was_offered(booking: Booking) -> bool:
    """Whether it came from the waiting list."""
    return bool(read(select(WaitingEntry.id).where(WaitingEntry.booking_id == booking.id)))


def messages_of(booking: Booking) -> list[Message]:
    """The texts about the booking, the newest first."""
    return load(select(Message).where(Message.booking_id == booking.id).order_by(Message.id.desc()))


def messages_of_household(household_id: int, most: int = MOST_TEXTS) -> list[Message]:
    """The texts about its bookings, with these; the newest first."""
    return load(
        select(Message)
        .join(Message.booking)
        .options(contains_eager(Message.booking))
        .where(Booking.household_id == household_id, Message.kind != Kind.STAFF_DUE)
        .order_by(Message.id.desc())
        .limit(most)
    )


def is_to_phone(commune_ids: Sequence[int], *, now: datetime) -> ColumnElement[bool]:
    """Condition on Message and Booking: the text may not have reached its household, and the booking is not over."""
    return and_(
        Message.state.in_(NOT_TOLD),
        Message.ask_at.is_(None),  # The provider may still say that it was delivered.
        Message.phoned_at.is_(None),
        Message.kind != Kind.STAFF_DUE,
        Booking.commune_id.in_(commune_ids),
        Booking.return_at > now,
        Message.due_at > now - LONG_AGO,
        or_(Booking.undo_until_at.is_(None), Booking.undo_until_at <= now),
    )


def people_to_phone(commune_ids: Sequence[int], *, now: datetime) -> list[Message]:
    """The texts to be told by phone, with booking and household; the one that waits longest first."""
    return load(
        select(Message)
        .join(Message.booking)
        .options(contains_eager(Message.booking).joinedload(Booking.household))
        .where(is_to_phone(commune_ids, now=now))
        .order_by(Message.settled_at)
    )
