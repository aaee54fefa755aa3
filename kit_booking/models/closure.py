"""Closures: dated time in which a kit, or every kit of a commune, takes no bookings."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kit_booking.database import Base, UtcDateTime


class Closure(Base):
    """Without a kit it closes the whole commune. Ended early, its `until_at` is when it was ended.

    What is closed of a kit's time line is written in `hold` and follows from all closures that touch the kit.
    `version` is the SEQUENCE of its calendar event, `changed_at` its LAST-MODIFIED.
    """

    __tablename__ = "closure"
    __table_args__ = (
        CheckConstraint("from_at < until_at", name="from_before_until"),
        CheckConstraint("reason <> ''", name="has_reason"),
        Index("ix_closure_commune_id_until_at", "commune_id", "until_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    kit_id: Mapped[int | None] = mapped_column(ForeignKey("kit.id"))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(80))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """Who made it."""
    called_off_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was called off before it began; then it closes nothing."""
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=0)
