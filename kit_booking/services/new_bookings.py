"""A booking as it begins, written as values: nothing else of it can be known or changed before it exists."""

from dataclasses import dataclass, field, fields
from datetime import date, datetime

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kit_booking.domain.status import Status
from kit_booking.models import Booking, Hold
from kit_booking.statements import HotStatement


class SlotTaken(Exception):
    """The database, which is the judge, refused the hold; nothing of what the transaction wrote may stay."""


@dataclass
class NewBooking:
    """The columns of a booking that nobody leaves to their defaults."""

    id: int = field(init=False)
    """Once it is written."""
    code: str
    commune_id: int
    place_id: int
    kit_id: int
    household_id: int
    status: Status
    day: date
    slot_name: str
    from_at: datetime
    until_at: datetime
    pick_up_at: datetime
    return_at: datetime
    sells: str
    streams_on: str
    asked_at: datetime
    answer_by_at: datetime
    remind_staff_at: datetime | None
    approved_at: datetime | None
    changed_at: datetime
    reason: str


_add_booking = HotStatement(
    insert(Booking).returning(Booking.id),
    columns=" ".join(column.name for column in fields(NewBooking) if column.init),
)
_add_hold = HotStatement(insert(Hold), columns="booking_id kit_id from_at until_at")


def write_with_hold(session: Session, new: NewBooking) -> None:
    """Write the booking and hold its time. Raises ``SlotTaken``."""
    [(new.id,)] = _add_booking.on(session, **vars(new))
    try:
        _add_hold.on(session, booking_id=new.id, kit_id=new.kit_id, from_at=new.pick_up_at, until_at=new.return_at)
    except IntegrityError as error:
        only_overlap(error)
        raise SlotTaken from error


def only_overlap(error: IntegrityError) -> None:
    """Go on after the refusal of a hold; any other one is a mistake."""
    if "ex_hold_overlap" not in str(error.orig):
        raise error
