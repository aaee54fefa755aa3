"""Staff accounts, their roles, and private calendar addresses."""

import secrets
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kit_booking.database import Base, enum_text, seen_text
from kit_booking.models.commune import Commune


def first_session_version() -> int:
    """Random, so that no sign-in fits a row that later gets the same id, as after a backup was put back."""
    return 1 + secrets.randbelow(2**20)


class Role(StrEnum):
    CLERK = "clerk"
    LEADER = "leader"
    OPERATOR = "operator"


class Staff(Base):
    """An account of somebody who works for a commune or runs the system."""

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    mobile: Mapped[str] = mapped_column(String(16), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    session_version: Mapped[int] = mapped_column(default=first_session_version)

    roles: Mapped[list["StaffRole"]] = relationship(
        lazy="raise", order_by="StaffRole.id", cascade="all, delete-orphan"
    )

    @property
    def seen(self) -> str:
        """What a page shows of the account, for the forms that act on it; its roles must be loaded."""
        roles = [[role.role, role.commune_id] for role in self.roles]
        return seen_text(self, account=self.name, mobile=self.mobile, is_active=self.is_active, roles=roles)

    @property
    def is_operator(self) -> bool:
        """Needs the roles loaded, as the methods below do."""
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

    __table_args__ = (
        CheckConstraint("(role = 'operator') = (commune_id IS NULL)", name="operator_has_no_commune"),
        Index("uq_staff_role", "staff_id", "commune_id", "role", unique=True),
        Index("ix_staff_role_commune_id_role", "commune_id", "role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    role: Mapped[Role] = mapped_column(enum_text(Role, 10, "role"))

    commune: Mapped[Commune | None] = relationship(lazy="raise")


class FeedToken(Base):
    """A private calendar address of a household or of a member of staff; only its hash is kept."""

    __table_args__ = (CheckConstraint("(household_id IS NULL) <> (staff_id IS NULL)", name="one_owner"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_agent: Mapped[str] = mapped_column(String(80), default="")
    revoked_at: Mapped[datetime | None]
