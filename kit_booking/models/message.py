"""The outbox: every text to a phone, written in the transaction that causes it; and what keeps texts back."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kit_booking.database import Base, enum_text, partial_index
from kit_booking.domain.messages.delivery import MessageState
from kit_booking.domain.messages.texts import Kind
from kit_booking.models.booking import Booking
from kit_booking.models.staff import Staff


class Message(Base):
    """A text; one about a booking speaks of one slot, by kit and pick-up, and is true only for that one."""

    __table_args__ = (
        CheckConstraint("state <> 'sending' OR lease_until_at IS NOT NULL", name="sending_has_lease"),
        CheckConstraint("ask_at IS NULL OR state = 'unknown'", name="only_unknown_is_asked"),
        Index("ix_message_state_due_at", "state", "due_at"),
        Index("ix_message_booking_id", "booking_id"),
        Index("ix_message_commune_id_created_at", "commune_id", "created_at"),
        Index("ix_message_to", "to"),
        partial_index("ix_message_ask_at", "ask_at", where="ask_at IS NOT NULL"),
        partial_index(
            "uq_message_reminder",
            *("booking_id", "kind", "pick_up_at", "kit_id"),
            where="kind IN ('reminder_day', 'reminder_soon')",
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(enum_text(Kind, 20))
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    """Who pays for it; None for a login code, which is nobody's."""
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    kit_id: Mapped[int | None] = mapped_column(ForeignKey("kit.id"))
    pick_up_at: Mapped[datetime | None]
    to: Mapped[str] = mapped_column(String(16))
    body: Mapped[str] = mapped_column(String(320))
    """Wiped once the text of a login code was sent or has expired."""
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    useful_until_at: Mapped[datetime]
    state: Mapped[MessageState] = mapped_column(enum_text(MessageState, 12, "state"), default=MessageState.QUEUED)
    settled_at: Mapped[datetime | None]
    lease_by: Mapped[str | None] = mapped_column(String(60))
    lease_until_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    """How often it was handed over, or may have been."""
    tried_at: Mapped[datetime | None]
    ask_at: Mapped[datetime | None]
    """When the provider is asked whether it has an unknown text; None: it is not asked any more."""
    provider_id: Mapped[str | None] = mapped_column(String(40), unique=True)
    former_id: Mapped[str | None] = mapped_column(String(40))
    """The provider's name of the try before, which failed: it is not to be taken for the present one."""
    fault: Mapped[str] = mapped_column(String(60), default="")
    """Why it failed, was put off, or is unknown: an outcome's name and the provider's number."""
    error_code: Mapped[int | None]
    """The provider's number alone."""
    segments: Mapped[int] = mapped_column(default=1)
    cost: Mapped[int] = mapped_column(default=0)
    """In đồng, of all its tries, at the price of each time."""
    phoned_at: Mapped[datetime | None]
    phoned_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    booking: Mapped[Booking] = relationship(lazy="raise")
    """None for a login code, which no page shows."""
    phoned_by: Mapped[Staff | None] = relationship(lazy="raise")


class PauseReason(StrEnum):
    SETUP = "setup"
    """A person has to repair something: keys, sender, country."""
    LIMIT = "limit"
    """The account has sent what it may for now; login codes are still tried."""
    BUSY = "busy"
    """The provider asks for patience, or can't be reached."""


class SendingPause(Base):
    """Why nothing is sent until some time; the one that says SETUP is an alarm until a text goes out again."""

    reason: Mapped[PauseReason] = mapped_column(enum_text(PauseReason, 10, "reason"), primary_key=True)
    since_at: Mapped[datetime]
    until_at: Mapped[datetime]
    fault: Mapped[str] = mapped_column(String(60))
