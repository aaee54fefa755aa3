"""Staff accounts as the operator keeps them: added, changed, given roles and passwords, disabled."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, selectinload

from kit_booking.database import load, read, transaction
from kit_booking.domain.booking.refusals import CODE_LETTERS
from kit_booking.models import Commune, FeedToken, Role, Staff, StaffRole
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.operator.edits import Denied

PAGE = 50
GROUPS, LETTERS = 3, 4
"""A password that is made up has so many groups of so many letters: 30 to the 12th, and easy to dictate."""

_accounts = select(Staff).options(selectinload(Staff.roles).joinedload(StaffRole.commune))


def account_page(prefix: str, after: str = "") -> tuple[list[Staff], str]:
    """The accounts, with their roles and communes, whose user names begin so, in their order after ``after``.

    The text is the user name after which the next page begins; empty on the last one.
    """
    statement = _accounts.where(Staff.username > after).order_by(Staff.username).limit(PAGE + 1)
    if prefix:  # Read in the order of the unique index, so that a page ends where it is full.
        statement = statement.where(Staff.username.startswith(prefix, autoescape=True))
    accounts = load(statement)
    return accounts[:PAGE], accounts[PAGE - 1].username if len(accounts) > PAGE else ""


def find_account(staff_id: int) -> Staff | None:
    """The account with its roles and their communes."""
    return next(iter(load(_accounts.where(Staff.id == staff_id))), None)


def find_commune_id(typed: str) -> int | None:
    """The commune that this slug or official number means."""
    rows = read(select(Commune.id).where(or_(Commune.slug == typed, Commune.code == typed)))
    return rows[0].id if rows else None


def new_password() -> str:
    """One that can be read out on the phone, such as ``k7mp-2xqt-9hvd``."""
    letters = CODE_LETTERS.lower()
    groups = ("".join(secrets.choice(letters) for _ in range(LETTERS)) for _ in range(GROUPS))
    return "-".join(groups)


@transaction
def add_account(
    session: Session,
    username: str,
    name: str,
    mobile: str,
    password_hash: str,
    role: Role,
    commune_id: int | None,
    by: Actor,
    *,
    now: datetime,
) -> int | Denied:
    """A new account with its first role; an operator's belongs to no commune. Returns its id."""
    if session.scalar(select(Staff.id).where(Staff.username == username)):
        return Denied.USERNAME_TAKEN
    member = Staff(username=username, name=name, mobile=mobile, password_hash=password_hash)
    member.roles = [StaffRole(role=role, commune_id=commune_id)]
    session.add(member)
    session.flush()
    bump_communes(session, member.id)
    record_audit(session, "staff_added", by, now=now, commune_id=commune_id, username=username, role=role)
    return member.id


@transaction
def change_account(session: Session, staff_id: int, name: str, mobile: str, by: Actor, *, now: datetime) -> None:
    member = _lock_account(session, staff_id)
    renamed = {"name": name, "old_name": member.name} if member.name != name else {}
    member.name, member.mobile = name, mobile
    _record(session, "staff_changed", member, by, now=now, **renamed)


@transaction
def set_password(session: Session, staff_id: int, password_hash: str, by: Actor, *, now: datetime) -> None:
    """Set another password and end the account's sign-ins."""
    member = _lock_account(session, staff_id)
    member.password_hash = password_hash
    member.session_version += 1
    _record(session, "staff_password", member, by, now=now)


@transaction
def set_active(session: Session, staff_id: int, is_active: bool, by: Actor, *, now: datetime) -> Denied | None:
    """Enable or disable the account; disabling ends its sign-ins and, for good, its calendar addresses."""
    operators = _lock_operators(session)
    member = _lock_account(session, staff_id)
    if not is_active and operators == {staff_id}:
        return Denied.LAST_OPERATOR
    if member.is_active == is_active:
        return None
    member.is_active = is_active
    if not is_active:
        member.session_version += 1
        alive = FeedToken.staff_id == staff_id, FeedToken.revoked_at.is_(None)
        session.execute(update(FeedToken).where(*alive).values(revoked_at=now))
    bump_communes(session, staff_id)
    _record(session, "staff_enabled" if is_active else "staff_disabled", member, by, now=now)
    return None


@transaction
def add_role(
    session: Session, staff_id: int, role: Role, commune_id: int | None, by: Actor, *, now: datetime
) -> Denied | None:
    member = _lock_account(session, staff_id)
    if any((held.role, held.commune_id) == (role, commune_id) for held in member.roles):
        return Denied.HAS_ROLE
    member.roles.append(StaffRole(role=role, commune_id=commune_id))
    bump_communes(session, staff_id)
    record_audit(session, "role_added", by, now=now, commune_id=commune_id, username=member.username, role=role)
    return None


@transaction
def remove_role(session: Session, staff_id: int, role_id: int, by: Actor, *, now: datetime) -> Denied | None:
    """Take a role away; not the last one, since an account without any is to be disabled instead."""
    operators = _lock_operators(session)
    member = _lock_account(session, staff_id)
    role = next((role for role in member.roles if role.id == role_id), None)
    if role is None:
        return None
    if len(member.roles) == 1:
        return Denied.LAST_ROLE
    if role.role == Role.OPERATOR and operators == {staff_id}:
        return Denied.LAST_OPERATOR
    bump_communes(session, staff_id)
    member.roles.remove(role)
    home, username = role.commune_id, member.username
    record_audit(session, "role_removed", by, now=now, commune_id=home, username=username, role=role.role)
    return None


def _lock_account(session: Session, staff_id: int) -> Staff:
    """The account with its roles, locked until this transaction ends."""
    roles = selectinload(Staff.roles)
    return session.get_one(Staff, staff_id, with_for_update=True, populate_existing=True, options=[roles])


def _lock_operators(session: Session) -> set[int]:
    """The active operators, locked until this transaction ends."""
    every = select(StaffRole.staff_id).where(StaffRole.role == Role.OPERATOR)
    active = select(Staff.id).where(Staff.id.in_(every), Staff.is_active).order_by(Staff.id)
    session.execute(active.with_for_update())
    return set(session.scalars(active))  # Read again: while this waited for the lock, one may have lost the role.


def bump_communes(session: Session, staff_id: int) -> None:
    """Raise the versions of the account's communes: whether one has an active clerk is a part of its facts."""
    session.flush()
    own = select(StaffRole.commune_id).where(StaffRole.staff_id == staff_id, StaffRole.commune_id.is_not(None))
    session.execute(update(Commune).where(Commune.id.in_(own)).values(version=Commune.version + 1))


def _record(session: Session, action: str, member: Staff, by: Actor, *, now: datetime, **detail: Any) -> None:
    """An audit entry in the list of the account's commune, or of none for an operator."""
    home = next((role.commune_id for role in member.roles if role.commune_id), None)
    record_audit(session, action, by, now=now, commune_id=home, username=member.username, **detail)
