"""The outbox: every text to a phone, written in the transaction that causes it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from kit_booking.database import Base, UtcDateTime
from kit_booking.domain.messages import Kind


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may or may not have been sent; it is never sent again blindly."""
    SKIPPED = "skipped"
    """It was no longer true, or no longer useful, when its turn came."""


_STATES = ", ".join(f"'{state}'" for state in MessageState)
_IS_REMINDER = text("kind IN ('reminder_day', 'reminder_soon')")


class Message(Base):
    """A text; one about a booking speaks of one slot, by kit and pick-up, and is true only for that one."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("state <> 'sending' OR lease_until_at IS NOT NULL", name="sending_has_lease"),
        Index("ix_message_state_due_at", "state", "due_at"),
        Index("ix_message_booking_id", "booking_id"),
        Index(
            "uq_message_reminder",
            "booking_id",
            "kind",
            "pick_up_at",
            "kit_id",
            unique=True,
            sqlite_where=_IS_REMINDER,
            postgresql_where=_IS_REMINDER,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(String(20))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    kit_id: Mapped[int | None] = mapped_column(ForeignKey("kit.id"))
    pick_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    to: Mapped[str] = mapped_column(String(16))
    body: Mapped[str] = mapped_column(String(320))
    """Wiped once the text of a login code was sent or has expired."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    useful_until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[MessageState] = mapped_column(String(10), default=MessageState.QUEUED)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_by: Mapped[str | None] = mapped_column(String(60))
    lease_until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    provider_id: Mapped[str | None] = mapped_column(String(40), unique=True)
    fault: Mapped[str] = mapped_column(String(60), default="")
    """Why it failed, was put off, or is unknown: an outcome's name and the provider's number."""
