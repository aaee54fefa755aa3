"""The member of staff of a sign-in, the communes that they see, and ending sign-ins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session, defer, joinedload

from kit_booking.database import load, read, transaction, upsert
from kit_booking.models import Commune, Household, Staff, StaffRole, Throttle
from kit_booking.services.audit import Actor, record_audit

NOT_ENDED = ~exists().where(Throttle.key == bindparam("sign_in"))
"""Condition that the sign-in of this `ended_key` was not ended; it is not met by "", which is none."""


def ended_key(sign_in: str) -> str:
    """Under which key it is remembered that the sign-in of this random text was ended."""
    return f"ended:{sign_in}" if sign_in else ""


@transaction
def end_sign_in(session: Session, sign_in: str, *, until_at: datetime) -> None:
    """End one sign-in, also for whoever kept its cookies; that is remembered until they would have expired."""
    row = upsert(Throttle).values(key=ended_key(sign_in), window_at=until_at, count=1)
    session.execute(row.on_conflict_do_nothing())


@transaction
def end_all_sign_ins(session: Session, member: Household | Staff, by: Actor, *, now: datetime) -> None:
    """End every sign-in of the household or the member of staff, as for a phone that was lost."""
    table = type(member)
    session.execute(update(table).where(table.id == member.id).values(session_version=table.session_version + 1))
    household_id, commune_id = None, None
    if isinstance(member, Household):
        household_id, commune_id = member.id, member.commune_id
    else:
        commune_id = next((role.commune_id for role in member.roles if role.commune_id), None)
    record_audit(session, "signed_out", by, now=now, commune_id=commune_id, household_id=household_id)


@dataclass(frozen=True)
class SeenCommune:
    id: int
    name: str
    slug: str


_commune = joinedload(Staff.roles).joinedload(StaffRole.commune)
_member = (
    select(Staff)
    .where(
        Staff.id == bindparam("staff_id"),
        Staff.is_active,
        Staff.session_version == bindparam("session_version"),
        NOT_ENDED,
    )
    .options(
        defer(Staff.password_hash, raiseload=True), _commune.load_only(Commune.name, Commune.slug, raiseload=True)
    )
)


def find_member(staff_id: int, session_version: int, sign_in: str = "") -> Staff | None:
    """The active account of a sign-in that was not ended since, with its roles and their communes."""
    values = {"staff_id": staff_id, "session_version": session_version, "sign_in": ended_key(sign_in)}
    return next(iter(load(_member, values)), None)


def communes_seen(member: Staff) -> list[SeenCommune]:
    """The communes whose bookings the member of staff sees, in the order of their slugs."""
    communes: Iterable[Any] = {role.commune for role in member.roles if role.commune}
    if member.is_operator:
        communes = read(select(Commune.id, Commune.name, Commune.slug))
    seen = [SeenCommune(commune.id, commune.name, commune.slug) for commune in communes]
    return sorted(seen, key=lambda commune: commune.slug)
