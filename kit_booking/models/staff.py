"""Commune staff, their roles, private calendar addresses, the audit list, and named moments."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kit_booking.database import Base, UtcDateTime, enum_text
from kit_booking.models.commune import Commune


class Role(StrEnum):
    CLERK = "clerk"
    LEADER = "leader"
    OPERATOR = "operator"


class Staff(Base):
    """An account of somebody who works for a commune or runs the system."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    mobile: Mapped[str] = mapped_column(String(16), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    session_version: Mapped[int] = mapped_column(default=1)

    roles: Mapped[list["StaffRole"]] = relationship(
        lazy="raise", order_by="StaffRole.id", cascade="all, delete-orphan"
    )

    @property
    def is_operator(self) -> bool:
        """Of this and what follows the roles must be loaded."""
        return any(role.role is Role.OPERATOR for role in self.roles)

    def may_see(self, commune_id: int) -> bool:
        return self.is_operator or any(role.commune_id == commune_id for role in self.roles)

    def may_act(self, commune_id: int) -> bool:
        """Only a clerk of the commune answers its requests."""
        return any((role.role, role.commune_id) == (Role.CLERK, commune_id) for role in self.roles)

    def may_manage(self, commune_id: int) -> bool:
        """Its clerks and the operator change its settings, its places' keepers and its kits' parts."""
        return self.is_operator or self.may_act(commune_id)


class StaffRole(Base):
    """A clerk or leader belongs to a commune, an operator to none."""

    __tablename__ = "staff_role"
    __table_args__ = (
        CheckConstraint("role IN ('clerk', 'leader', 'operator')", name="role"),
        CheckConstraint("(role = 'operator') = (commune_id IS NULL)", name="operator_has_no_commune"),
        Index("uq_staff_role", "staff_id", "commune_id", "role", unique=True),
        Index("ix_staff_role_commune_id_role", "commune_id", "role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    role: Mapped[Role] = mapped_column(enum_text(Role, 10))

    commune: Mapped[Commune | None] = relationship(lazy="raise")


class FeedToken(Base):
    """A private calendar address of a household or of a member of staff; only its hash is kept."""

    __tablename__ = "feed_token"
    __table_args__ = (CheckConstraint("(household_id IS NULL) <> (staff_id IS NULL)", name="one_owner"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_agent: Mapped[str] = mapped_column(String(80), default="")
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_IS_VIEW = text("action = 'viewed'")


class AuditEntry(Base):
    """Who did what: every change of a booking's status, and whatever else staff and households do.

    ``at`` is when it was written, ``happened_at`` when it happened. ``household_id`` is who did it or, beside
    ``staff_id``, whom staff did it to; neither is set for what the system does. ``detail`` holds the values of the
    sentence that screens make of it, never a phone number, a code or a token.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_commune_id_at", "commune_id", "at"),
        Index(
            "ix_audit_entry_household_id_viewed",
            "household_id",
            "at",
            sqlite_where=_IS_VIEW,
            postgresql_where=_IS_VIEW,
        ),
        Index("ix_audit_entry_at", "at"),
        Index("ix_audit_entry_action_at", "action", "at"),
        Index("ix_audit_entry_staff_id_at", "staff_id", "at"),
        Index("ix_audit_entry_booking_id", "booking_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(40))
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Mark(Base):
    """A named moment of the installation: when the worker last lived, when the demo was filled in."""

    __tablename__ = "mark"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
