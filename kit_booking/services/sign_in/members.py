"""The member of staff of a sign-in, and the communes that they see."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import defer, joinedload

from kit_booking.database import load, read
from kit_booking.models import Commune, Staff, StaffRole


@dataclass(frozen=True)
class SeenCommune:
    id: int
    name: str
    slug: str


_commune = joinedload(Staff.roles).joinedload(StaffRole.commune)
_member = (
    select(Staff)
    .where(Staff.id == bindparam("staff_id"), Staff.is_active, Staff.session_version == bindparam("session_version"))
    .options(
        defer(Staff.password_hash, raiseload=True), _commune.load_only(Commune.name, Commune.slug, raiseload=True)
    )
)


def find_member(staff_id: int, session_version: int) -> Staff | None:
    """The active account of a sign-in that was not ended since, with its roles and their communes."""
    return next(iter(load(_member, {"staff_id": staff_id, "session_version": session_version})), None)


def communes_seen(member: Staff) -> list[SeenCommune]:
    """The communes whose bookings the member of staff sees, in the order of their slugs."""
    communes: Iterable[Any] = {role.commune for role in member.roles if role.commune}
    if member.is_operator:
        communes = read(select(Commune.id, Commune.name, Commune.slug))
    seen = [SeenCommune(commune.id, commune.name, commune.slug) for commune in communes]
    return sorted(seen, key=lambda commune: commune.slug)
