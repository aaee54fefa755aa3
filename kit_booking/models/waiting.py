"""The waiting list: who waits for which slot."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kit_booking.database import Base, enum_text, partial_index
from kit_booking.models.booking import Booking
from kit_booking.models.commune import Commune
from kit_booking.models.household import Household


class WaitingState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    SERVED = "served"
    """It has the slot, by an offer or otherwise."""
    PASSED = "passed"
    """An offer was refused or ran out."""
    LEFT = "left"
    OVER = "over"
    """The slot, or the time that the household had set itself, has passed."""


OPEN = (WaitingState.WAITING, WaitingState.OFFERED)
"""The household may still get the slot."""


class WaitingEntry(Base):
    """One household waits for one slot of one day in a commune, at any of its places or at some."""

    __table_args__ = (
        CheckConstraint("put_forward_at IS NULL OR reason <> ''", name="put_forward_has_reason"),
        Index("ix_waiting_entry_commune_id_state_day", "commune_id", "state", "day"),
        Index("ix_waiting_entry_state_until_at", "state", "until_at"),
        partial_index(
            "uq_waiting_entry_open",
            *("household_id", "commune_id", "day", "slot_name"),
            where="state IN ('waiting', 'offered')",
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    day: Mapped[date]
    slot_name: Mapped[str] = mapped_column(String(40))
    place_ids: Mapped[list[Any]] = mapped_column(default=list)
    """Where the household would fetch the kit; empty: anywhere."""
    joined_at: Mapped[datetime]
    until_at: Mapped[datetime]
    """Later an offer is of no use to it any more."""
    state: Mapped[WaitingState] = mapped_column(enum_text(WaitingState, 10, "state"), default=WaitingState.WAITING)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"), unique=True)
    """The booking that was last offered to it."""
    put_forward_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(200), default="")
    """Why staff put it before all others."""
    ended_at: Mapped[datetime | None]

    household: Mapped[Household] = relationship(lazy="raise", innerjoin=True)
    commune: Mapped[Commune] = relationship(lazy="raise", innerjoin=True)
    booking: Mapped[Booking | None] = relationship(lazy="raise")
