"""Provinces, communes, the places where kits stand, and the slot plans."""

from datetime import date, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kit_booking.database import Base
from kit_booking.domain.messages.texts import WIDTHS
from kit_booking.domain.text import search_text
from kit_booking.domain.time.hours import EVERY_DAY


class Province(Base):
    """A province of Vietnam, for choosing a commune where there are many."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    slug: Mapped[str] = mapped_column(String(80), unique=True)


class Commune(Base):
    """The unit that manages kits; `version` rises with every change of what its pages show beside its kits."""

    __table_args__ = (Index("ix_commune_province_id_name", "province_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    province_id: Mapped[int] = mapped_column(ForeignKey("province.id"))
    code: Mapped[str] = mapped_column(String(10), unique=True)
    """The official number of the unit."""
    name: Mapped[str] = mapped_column(String(80))
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    search: Mapped[str] = mapped_column(String(2000))
    """Unaccented names of the commune, its places, old units, villages and crafts, one a line."""
    phone: Mapped[str] = mapped_column(String(20))
    office_hours: Mapped[list[Any]] = mapped_column(default=EVERY_DAY)
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the commune changed of the defaults in `domain.policy.Policy`."""
    version: Mapped[int] = mapped_column(default=1)

    province: Mapped[Province] = relationship(lazy="raise", innerjoin=True)
    places: Mapped[list["Place"]] = relationship(lazy="raise", order_by="Place.id")

    def rewrite_search(self) -> None:
        villages = [village for place in self.places for village in place.villages]
        names = [self.name, *(place.name for place in self.places), *(village.name for village in villages)]
        self.search = search_text([*names, *(village.craft for village in villages if village.craft)])


class Place(Base):
    """Where a kit stands, mostly the office of an old commune, with the one who keeps it there."""

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(200))
    keeper: Mapped[str] = mapped_column(String(80))
    keeper_phone: Mapped[str] = mapped_column(String(20))
    handover_hours: Mapped[list[Any]] = mapped_column(default=EVERY_DAY)
    short_name: Mapped[str] = mapped_column(String(WIDTHS["place"]), default="")
    """What texts call it, which have no room for a long name; empty when the name is short."""

    villages: Mapped[list["Village"]] = relationship(
        lazy="raise", order_by="Village.id", cascade="all, delete-orphan"
    )

    @property
    def name_in_texts(self) -> str:
        return self.short_name or self.name


class Village(Base):
    """A village or old unit of a place and its craft, for searching and for choosing from."""

    id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    craft: Mapped[str] = mapped_column(String(80), default="")


class PlannedSlot(Base):
    """A line of a commune's slot plan; the lines with one `valid_from` are one plan."""

    __table_args__ = (
        UniqueConstraint("commune_id", "valid_from", "name"),
        CheckConstraint("weekdays <> ''", name="some_weekday"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    valid_from: Mapped[date]
    name: Mapped[str] = mapped_column(String(40))
    from_time: Mapped[time]
    until_time: Mapped[time]
    weekdays: Mapped[str] = mapped_column(String(7), default="0123456")
    """The digits of its weekdays; Monday is 0."""
    is_peak: Mapped[bool | None]
    """Whether quotas count it apart; None: if the kit is away over a night."""
