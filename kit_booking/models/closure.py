"""Closures: dated time in which a kit, or every kit of a commune, takes no bookings."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kit_booking.database import Base, seen_text
from kit_booking.domain.time.hours import Span
from kit_booking.models.commune import Commune
from kit_booking.models.kit import Kit
from kit_booking.models.staff import Staff


class Closure(Base):
    """Without a kit it closes the whole commune. Ended early, its `until_at` is when it was ended.

    What is closed of a kit's time line is written in `hold` and follows from all closures that touch the kit.
    `version` is the SEQUENCE of its calendar event, `changed_at` its LAST-MODIFIED.
    """

    __table_args__ = (
        CheckConstraint("from_at < until_at", name="from_before_until"),
        CheckConstraint("reason <> ''", name="has_reason"),
        Index("ix_closure_commune_id_until_at", "commune_id", "until_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    kit_id: Mapped[int | None] = mapped_column(ForeignKey("kit.id"))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(80))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """Who made it."""
    called_off_at: Mapped[datetime | None]
    """When it was called off before it began; then it closes nothing."""
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=0)

    commune: Mapped[Commune] = relationship(lazy="raise", innerjoin=True)
    kit: Mapped[Kit | None] = relationship(lazy="raise")
    staff: Mapped[Staff | None] = relationship(lazy="raise")

    @property
    def seen(self) -> str:
        """What a page shows of it, for the forms that act on it."""
        times = f"{self.from_at.isoformat()} {self.until_at.isoformat()}"
        return seen_text(self, times=times, reason=self.reason, is_off=self.called_off_at is not None)

    @property
    def span(self) -> Span:
        return Span(self.from_at, self.until_at)

    def is_over(self, now: datetime) -> bool:
        return self.called_off_at is not None or self.until_at <= now

    def is_running(self, now: datetime) -> bool:
        return self.from_at < now and not self.is_over(now)
