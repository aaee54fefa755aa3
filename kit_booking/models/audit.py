"""The history of everything, and named moments of the installation."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kit_booking.database import Base


class AuditEntry(Base):
    """Who did what: every change of a booking's status, and whatever else staff and households do.

    ``at`` is when it was written, ``happened_at`` when it happened. ``household_id`` is who did it or, beside
    ``staff_id``, whom staff did it to; neither is set for what the system does. ``detail`` holds the values of the
    sentence that screens make of it, never a phone number, a code or a token.
    """

    __table_args__ = (
        Index("ix_audit_entry_commune_id_at", "commune_id", "at"),
        Index("ix_audit_entry_household_id_at", "household_id", "at"),
        Index("ix_audit_entry_at", "at"),
        Index("ix_audit_entry_action_at", "action", "at"),
        Index("ix_audit_entry_staff_id_at", "staff_id", "at"),
        Index("ix_audit_entry_booking_id", "booking_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    happened_at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(40))
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Mark(Base):
    """A named moment of the installation: when the worker last lived, when the demo was filled in."""

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]
