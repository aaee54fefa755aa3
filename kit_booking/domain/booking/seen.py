"""A booking as a page showed it: who acts on a booking acts on this, and on nothing that changed meanwhile."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

from kit_booking.domain.booking.status import Status


@dataclass(frozen=True)
class SeenBooking:
    """``str`` and `parse` write it into a form: ``PD7K2 CM-3 2026-12-05T10:00:00+00:00 requested 17``."""

    code: str
    kit_code: str
    pick_up_at: datetime
    status: Status
    household_id: int

    def __str__(self) -> str:
        at = self.pick_up_at.isoformat()
        return f"{self.code} {self.kit_code} {at} {self.status} {self.household_id}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What ``str`` wrote; None for any other text."""
        try:
            code, kit_code, at, status, household_id = text.split(" ")
            seen = cls(code, kit_code, datetime.fromisoformat(at), Status(status), int(household_id))
        except ValueError:
            return None
        return seen if seen.pick_up_at.tzinfo else None

    def differences(self, present: Self) -> frozenset[str]:
        """The names of the fields that are others by now."""
        return frozenset(one.name for one in fields(self) if getattr(self, one.name) != getattr(present, one.name))


class BookingChanged(Exception):
    """The booking is not any more what the page showed; nothing was done."""

    def __init__(self, seen: SeenBooking, present: SeenBooking) -> None:
        self.seen, self.present = seen, present
