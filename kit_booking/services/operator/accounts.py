"""Staff accounts as the operator keeps them: added, changed, given roles and passwords, disabled."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.domain.booking import CODE_LETTERS
from kit_booking.models import AuditEntry, Commune, FeedToken, Role, Staff, StaffRole

PAGE = 50
GROUPS, LETTERS = 3, 4
"""A password that is made up has so many groups of so many letters: 30 to the 12th, and easy to dictate."""


@dataclass(frozen=True)
class ListedAccount:
    id: int
    username: str
    name: str
    is_active: bool
    roles: tuple[tuple[Role, str], ...]
    """With the commune's name; an operator's is empty."""


@dataclass(frozen=True)
class AccountPage:
    accounts: list[ListedAccount]
    next: str


def account_page(prefix: str, after: str = "") -> AccountPage:
    """The accounts whose user names begin so, in their order."""
    statement = select(Staff.id, Staff.username, Staff.name, Staff.is_active).order_by(Staff.username).limit(PAGE + 1)
    if prefix:  # Read in the order of the unique index, so that a page ends where it is full.
        statement = statement.where(Staff.username.startswith(prefix, autoescape=True))
    if after:
        statement = statement.where(Staff.username > after)
    rows = read(statement)
    shown = rows[:PAGE]
    roles = _roles([row.id for row in shown])
    accounts = [ListedAccount(row.id, row.username, row.name, row.is_active, roles.get(row.id, ())) for row in shown]
    return AccountPage(accounts, accounts[-1].username if len(rows) > PAGE else "")


def _roles(staff_ids: list[int]) -> dict[int, tuple[tuple[Role, str], ...]]:
    rows = read(
        select(StaffRole.staff_id, StaffRole.role, Commune.name)
        .outerjoin(Commune, Commune.id == StaffRole.commune_id)
        .where(StaffRole.staff_id.in_(staff_ids))
        .order_by(StaffRole.id)
    )
    return {
        one: tuple((Role(row.role), row.name or "") for row in rows if row.staff_id == one)
        for one in {row.staff_id for row in rows}
    }


@dataclass(frozen=True)
class HeldRole:
    id: int
    role: Role
    commune_name: str
    commune_slug: str


@dataclass(frozen=True)
class Account:
    id: int
    username: str
    name: str
    mobile: str
    is_active: bool
    roles: tuple[HeldRole, ...]


def find_account(username: str) -> Account | None:
    return _account(Staff.username == username)


def find_account_by_id(staff_id: int) -> Account | None:
    return _account(Staff.id == staff_id)


def _account(which: ColumnElement[bool]) -> Account | None:
    rows = read(select(Staff.id, Staff.username, Staff.name, Staff.mobile, Staff.is_active).where(which))
    if not rows:
        return None
    held = read(
        select(StaffRole.id, StaffRole.role, Commune.name, Commune.slug)
        .outerjoin(Commune, Commune.id == StaffRole.commune_id)
        .where(StaffRole.staff_id == rows[0].id)
        .order_by(StaffRole.id)
    )
    roles = tuple(HeldRole(row.id, Role(row.role), row.name or "", row.slug or "") for row in held)
    one = rows[0]
    return Account(one.id, one.username, one.name, one.mobile, one.is_active, roles)


def find_commune_id(typed: str) -> int | None:
    """The commune that this slug or official number means."""
    rows = read(select(Commune.id).where(or_(Commune.slug == typed, Commune.code == typed)))
    return rows[0].id if rows else None


def new_password() -> str:
    """One that can be read out on the phone, such as ``k7mp-2xqt-9hvd``."""
    letters = CODE_LETTERS.lower()
    groups = ("".join(secrets.choice(letters) for _ in range(LETTERS)) for _ in range(GROUPS))
    return "-".join(groups)


class Denied(StrEnum):
    """Why an account was left as it is."""

    USERNAME_TAKEN = "username_taken"
    LAST_OPERATOR = "last_operator"
    LAST_ROLE = "last_role"
    HAS_ROLE = "has_role"


@transaction
def add_account(
    session: Session,
    username: str,
    name: str,
    mobile: str,
    password_hash: str,
    role: Role,
    commune_id: int | None,
    by_id: int,
    *,
    now: datetime,
) -> Denied | None:
    """A new account with its first role; an operator's belongs to no commune."""
    if session.scalar(select(Staff.id).where(Staff.username == username)):
        return Denied.USERNAME_TAKEN
    member = Staff(username=username, name=name, mobile=mobile, password_hash=password_hash)
    session.add(member)
    session.flush()
    session.add(StaffRole(staff_id=member.id, commune_id=commune_id, role=role))
    bump_communes(session, member.id)
    _write_down(session, "staff_added", commune_id, by_id, now=now, detail=f"{username}, {role}")
    return None


@transaction
def change_account(
    session: Session, staff_id: int, name: str, mobile: str, by_id: int, *, now: datetime
) -> Denied | None:
    member = session.get_one(Staff, staff_id, with_for_update=True)
    detail = member.username if member.name == name else f"{member.username}: {member.name} → {name}"
    member.name, member.mobile = name, mobile
    _write_down(session, "staff_changed", _home(session, staff_id), by_id, now=now, detail=detail)
    return None


@transaction
def set_password(session: Session, staff_id: int, password_hash: str, by_id: int, *, now: datetime) -> None:
    """Another password, and whoever is signed in with the old one is not any more."""
    member = session.get_one(Staff, staff_id, with_for_update=True)
    member.password_hash = password_hash
    member.session_version += 1
    _write_down(session, "staff_password", _home(session, staff_id), by_id, now=now, detail=member.username)


@transaction
def disable(session: Session, staff_id: int, by_id: int, *, now: datetime) -> Denied | None:
    """Nobody signs in with it any more; its sign-ins end, and its calendars for good."""
    operators = _lock_operators(session)
    member = session.get_one(Staff, staff_id, with_for_update=True, populate_existing=True)
    if operators == {staff_id}:
        return Denied.LAST_OPERATOR
    if member.is_active:
        member.is_active = False
        member.session_version += 1
        session.execute(
            update(FeedToken)
            .where(FeedToken.staff_id == staff_id, FeedToken.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        bump_communes(session, staff_id)
        _write_down(session, "staff_disabled", _home(session, staff_id), by_id, now=now, detail=member.username)
    return None


@transaction
def enable(session: Session, staff_id: int, by_id: int, *, now: datetime) -> None:
    member = session.get_one(Staff, staff_id, with_for_update=True)
    if not member.is_active:
        member.is_active = True
        bump_communes(session, staff_id)
        _write_down(session, "staff_enabled", _home(session, staff_id), by_id, now=now, detail=member.username)


@transaction
def add_role(
    session: Session, staff_id: int, role: Role, commune_id: int | None, by_id: int, *, now: datetime
) -> Denied | None:
    member = session.get_one(Staff, staff_id, with_for_update=True)
    held = session.execute(select(StaffRole.role, StaffRole.commune_id).where(StaffRole.staff_id == staff_id))
    if (role, commune_id) in [(row.role, row.commune_id) for row in held]:
        return Denied.HAS_ROLE
    session.add(StaffRole(staff_id=staff_id, commune_id=commune_id, role=role))
    bump_communes(session, staff_id)
    _write_down(session, "role_added", commune_id, by_id, now=now, detail=f"{member.username}, {role}")
    return None


@transaction
def remove_role(session: Session, staff_id: int, role_id: int, by_id: int, *, now: datetime) -> Denied | None:
    """Take a role away; an account without any could do nothing, and is disabled instead."""
    operators = _lock_operators(session)
    member = session.get_one(Staff, staff_id, with_for_update=True)
    held = session.scalars(select(StaffRole).where(StaffRole.staff_id == staff_id)).all()
    gone = next((role for role in held if role.id == role_id), None)
    if gone is None:
        return None
    if len(held) == 1:
        return Denied.LAST_ROLE
    if gone.role == Role.OPERATOR and operators == {staff_id}:
        return Denied.LAST_OPERATOR
    bump_communes(session, staff_id)
    session.execute(delete(StaffRole).where(StaffRole.id == role_id))
    _write_down(session, "role_removed", gone.commune_id, by_id, now=now, detail=f"{member.username}, {gone.role}")
    return None


def bump_communes(session: Session, staff_id: int) -> None:
    """Raise the versions of the account's communes: whether one has an active clerk is a part of its facts."""
    session.flush()
    own = select(StaffRole.commune_id).where(StaffRole.staff_id == staff_id, StaffRole.commune_id.is_not(None))
    session.execute(update(Commune).where(Commune.id.in_(own)).values(version=Commune.version + 1))


def _lock_operators(session: Session) -> set[int]:
    """The active operators, none of whom another transaction takes away until this one ends."""
    every = select(StaffRole.staff_id).where(StaffRole.role == Role.OPERATOR)
    active = select(Staff.id).where(Staff.id.in_(every), Staff.is_active).order_by(Staff.id)
    session.execute(active.with_for_update())
    return set(session.scalars(active))  # Anew: while it waited, one of them may have lost that role.


def _home(session: Session, staff_id: int) -> int | None:
    """The commune whose list tells of the account; none for an operator."""
    return session.scalar(
        select(StaffRole.commune_id)
        .where(StaffRole.staff_id == staff_id, StaffRole.commune_id.is_not(None))
        .order_by(StaffRole.id)
        .limit(1)
    )


def _write_down(
    session: Session, action: str, commune_id: int | None, by_id: int, *, now: datetime, detail: str
) -> None:
    session.execute(
        insert(AuditEntry).values(at=now, action=action, commune_id=commune_id, staff_id=by_id, detail=detail[:200])
    )


@transaction
def add_staff(
    session: Session,
    username: str,
    name: str,
    password_hash: str,
    role: Role,
    commune_slug: str | None,
    *,
    mobile: str = "",
    now: datetime,
) -> None:
    """A new account with one role. Raises ``ValueError`` that says what is wrong."""
    if session.scalar(select(Staff.id).where(Staff.username == username)):
        raise ValueError(f"the user name {username} is taken")
    commune_id = session.scalar(select(Commune.id).where(Commune.slug == commune_slug)) if commune_slug else None
    if commune_slug and commune_id is None:
        raise ValueError(f"there is no commune {commune_slug}")
    if (role is Role.OPERATOR) != (commune_id is None):
        raise ValueError("a clerk or leader needs a commune, an operator has none")
    member = Staff(username=username, name=name, password_hash=password_hash, mobile=mobile)
    session.add(member)
    session.flush()
    session.add(StaffRole(staff_id=member.id, commune_id=commune_id, role=role))
    bump_communes(session, member.id)
    session.execute(
        insert(AuditEntry).values(at=now, action="staff_added", commune_id=commune_id, detail=f"{username}, {role}")
    )
