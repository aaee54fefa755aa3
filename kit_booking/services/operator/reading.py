"""Communes, places, kits and staff, read for the pages of the operator and the office."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import joinedload, selectinload

from kit_booking.database import load, read
from kit_booking.domain.text import search_key
from kit_booking.models import Commune, Kit, Place, Province, Role, Staff, StaffRole

PAGE = 50
"""So many lines stand on a page of a list."""

_kits = select(func.count(Kit.id)).where(Kit.commune_id == Commune.id).scalar_subquery()
_has_clerk = exists().where(
    StaffRole.commune_id == Commune.id,
    StaffRole.role == Role.CLERK,
    StaffRole.staff_id == Staff.id,
    Staff.is_active,
)


def commune_page(query: str, after: str = "") -> tuple[Sequence[Row[Any]], str]:
    """The communes whose name, old unit, village or code the search fits, by their slugs after ``after``.

    Each has ``name``, ``slug``, ``code``, ``province`` (its name), ``kits`` (their number), and ``has_clerk``: an
    active one, without whom it takes no requests. The text is the slug after which the next page begins, or empty.
    """
    statement = (
        select(
            Commune.name,
            Commune.slug,
            Commune.code,
            Province.name.label("province"),
            _kits.label("kits"),
            _has_clerk.label("has_clerk"),
        )
        .join(Province, Province.id == Commune.province_id)
        .where(Commune.slug > after)
        .order_by(Commune.slug)
        .limit(PAGE + 1)
    )
    if key := search_key(query):
        statement = statement.where(
            Commune.code == query.strip() if key.isdecimal() else Commune.search.contains(key, autoescape=True)
        )
    rows = read(statement)
    return rows[:PAGE], rows[PAGE - 1].slug if len(rows) > PAGE else ""


def find_commune(slug: str) -> Commune | None:
    """The commune with its province and its places with their villages.

    Its row is read first, so what is read after it is never older than its version.
    """
    statement = select(Commune).where(Commune.slug == slug)
    loaded = joinedload(Commune.province), selectinload(Commune.places).selectinload(Place.villages)
    return next(iter(load(statement.options(*loaded))), None)


def kits_of(commune_id: int) -> list[Kit]:
    """The kits of a commune by their codes, with where they stand and what they consist of."""
    statement = select(Kit).where(Kit.commune_id == commune_id).order_by(Kit.code)
    return load(statement.options(joinedload(Kit.place), selectinload(Kit.parts)))


def staff_of(commune_id: int) -> Sequence[Row[Any]]:
    """The ``username``, ``name``, ``role`` and ``is_active`` of everybody with a role in the commune."""
    return read(
        select(Staff.username, Staff.name, StaffRole.role, Staff.is_active)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.commune_id == commune_id)
        .order_by(Staff.username, StaffRole.role)
    )


def provinces() -> list[str]:
    return [row.name for row in read(select(Province.name).order_by(Province.name))]
