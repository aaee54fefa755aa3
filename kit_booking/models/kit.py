"""Kits, their parts, and `hold`: the time line of a kit, on which the database refuses any overlap."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, and_, func, literal_column
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kit_booking.database import Base, partial_index
from kit_booking.models.commune import Place


class Kit(Base):
    """`version` rises with every change that a page or a feed of the kit shows."""

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"), index=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    code: Mapped[str] = mapped_column(String(10), unique=True)
    version: Mapped[int] = mapped_column(default=1)

    place: Mapped[Place] = relationship(lazy="raise", innerjoin=True)
    parts: Mapped[list["Part"]] = relationship(lazy="raise", order_by="Part.id", cascade="all, delete-orphan")


class Part(Base):
    """Something a kit consists of, and how many of it."""

    __table_args__ = (CheckConstraint("count > 0", name="some"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    count: Mapped[int]


class Hold(Base):
    """A half-open stretch in which a kit is not free: for its booking, or closed when it has none.

    What the office takes from a booking is kept for a moment, in which that can be undone.
    """

    __table_args__ = (
        CheckConstraint("from_at < until_at", name="from_before_until"),
        Index("ix_hold_kit_id_until_at", "kit_id", "until_at"),
        partial_index("ix_hold_kept_until_at", "kept_until_at", where="kept_until_at IS NOT NULL"),
        ExcludeConstraint(
            (func.int4range(literal_column("kit_id"), literal_column("kit_id"), "[]"), "&&"),
            (func.tstzrange(literal_column("from_at"), literal_column("until_at"), "[)"), "&&"),
            name="ex_hold_overlap",
            using="gist",
        ).ddl_if(dialect="postgresql"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.id"))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"), unique=True)
    changed_at: Mapped[datetime | None]
    """Of closed time: when it became what it is, or its kit's place got another name."""
    kept_until_at: Mapped[datetime | None]
    """When the time that was taken from the booking `kept_for_id` becomes free."""
    kept_for_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id", name="fk_hold_kept_for_id"), index=True)


IS_CLOSED = and_(Hold.booking_id.is_(None), Hold.kept_for_id.is_(None))
"""Condition for holds that are closed time."""
