"""What belongs to one household, as its pages show it: its places in the queue and its texts."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from kit_booking.database import read
from kit_booking.domain.messages import Kind
from kit_booking.models import Booking, Commune, Message, MessageState, WaitingEntry, WaitingState

OPEN = (WaitingState.WAITING, WaitingState.OFFERED)
MOST_TEXTS = 30


@dataclass(frozen=True)
class ShownEntry:
    day: date
    slot_name: str
    commune_name: str
    joined_at: datetime
    state: WaitingState


def waiting_of_household(household_id: int, *, now: datetime) -> list[ShownEntry]:
    """The slots that it waits for now."""
    rows = read(
        select(WaitingEntry.day, WaitingEntry.slot_name, Commune.name, WaitingEntry.joined_at, WaitingEntry.state)
        .join(Commune, Commune.id == WaitingEntry.commune_id)
        .where(WaitingEntry.household_id == household_id, WaitingEntry.state.in_(OPEN), WaitingEntry.until_at > now)
        .order_by(WaitingEntry.day, WaitingEntry.id)
    )
    return [ShownEntry(row[0], row[1], row[2], row[3], WaitingState(row[4])) for row in rows]


@dataclass(frozen=True)
class ShownText:
    kind: str
    state: MessageState
    at: datetime
    body: str
    booking_code: str


def messages_of_household(household_id: int, most: int = MOST_TEXTS) -> list[ShownText]:
    """The texts about its bookings, the newest first."""
    rows = read(
        select(Message.kind, Message.state, Message.due_at, Message.body, Booking.code)
        .join(Booking, Booking.id == Message.booking_id)
        .where(Booking.household_id == household_id, Message.kind != Kind.STAFF_DUE)
        .order_by(Message.id.desc())
        .limit(most)
    )
    return [ShownText(row[0], MessageState(row[1]), *row[2:]) for row in rows]
