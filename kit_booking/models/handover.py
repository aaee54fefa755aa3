"""What was seen at the counter when a kit went out and when it came back."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kit_booking.database import Base, enum_text, partial_index
from kit_booking.domain.booking.counter import Direction
from kit_booking.models.booking import Booking
from kit_booking.models.staff import Staff


class Handover(Base):
    """A booking's kit went out or came back; each happens once."""

    __table_args__ = (
        UniqueConstraint("booking_id", "way"),
        partial_index(
            "ix_handover_open_question", "booking_id", where="way = 'back' AND has_fault AND is_usable IS NULL"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    way: Mapped[Direction] = mapped_column(enum_text(Direction, 4, "way"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    person: Mapped[str] = mapped_column(String(80))
    """Who came to the counter, mostly the household itself."""
    saw_id: Mapped[bool] = mapped_column(default=False)
    """The clerk looked at the person's identity card; nothing of the card is kept."""
    note: Mapped[str] = mapped_column(String(300), default="")
    happened_at: Mapped[datetime]
    written_at: Mapped[datetime]
    has_fault: Mapped[bool] = mapped_column(default=False)
    """Some part was missing or broken."""
    is_usable: Mapped[bool | None]
    """Whether a kit that came back with a fault can still be lent; None until the clerk has said so."""

    booking: Mapped[Booking] = relationship(lazy="raise", innerjoin=True)
    staff: Mapped[Staff] = relationship(lazy="raise", innerjoin=True)
    parts: Mapped[list["HandedPart"]] = relationship(lazy="raise", order_by="HandedPart.id")
    photos: Mapped[list["Photo"]] = relationship(lazy="raise", order_by="Photo.id")

    @property
    def is_open_question(self) -> bool:
        """Nobody has said yet whether the kit can be lent with its fault."""
        return self.way == Direction.BACK and self.has_fault and self.is_usable is None


class HandedPart(Base):
    """One part of the kit as it was seen then; the kit's own list may change later."""

    __table_args__ = (CheckConstraint("count >= 0 AND expected > 0", name="counts"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    handover_id: Mapped[int] = mapped_column(ForeignKey("handover.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    expected: Mapped[int]
    count: Mapped[int]
    is_broken: Mapped[bool] = mapped_column(default=False)

    @property
    def missing(self) -> int:
        return max(0, self.expected - self.count)


class Photo(Base):
    """A picture of what is broken, made small and without the place where it was taken."""

    id: Mapped[int] = mapped_column(primary_key=True)
    handover_id: Mapped[int] = mapped_column(ForeignKey("handover.id"), index=True)
    jpeg: Mapped[bytes] = mapped_column(deferred=True)
