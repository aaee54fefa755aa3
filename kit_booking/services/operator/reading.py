"""The register of communes, places and kits, as the operator and the office look at it."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import exists, func, select

from kit_booking.database import read
from kit_booking.domain.text import search_key
from kit_booking.models import Commune, Kit, Part, Place, Province, Role, Staff, StaffRole, Village

PAGE = 50
"""So many lines stand on a page of a list."""


@dataclass(frozen=True)
class ListedCommune:
    name: str
    slug: str
    code: str
    province: str
    kits: int
    has_clerk: bool
    """Without an active clerk it takes no requests."""


@dataclass(frozen=True)
class CommunePage:
    communes: list[ListedCommune]
    next: str
    """The slug after which the next page begins; empty on the last one."""


_kits = select(func.count(Kit.id)).where(Kit.commune_id == Commune.id).scalar_subquery()
_has_clerk = exists().where(
    StaffRole.commune_id == Commune.id,
    StaffRole.role == Role.CLERK,
    StaffRole.staff_id == Staff.id,
    Staff.is_active,
)


def commune_page(query: str, after: str = "") -> CommunePage:
    """The communes in the order of their slugs; those that the search fits, by name, old unit, village or code."""
    statement = (
        select(Commune.name, Commune.slug, Commune.code, Province.name, _kits, _has_clerk)
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
    found = [ListedCommune(*row) for row in rows[:PAGE]]
    return CommunePage(found, found[-1].slug if len(rows) > PAGE else "")


@dataclass(frozen=True)
class RegisteredPlace:
    id: int
    name: str
    address: str
    keeper: str
    keeper_phone: str
    villages: tuple[tuple[str, str], ...]
    """With their crafts, which may be empty."""


@dataclass(frozen=True)
class RegisteredKit:
    id: int
    code: str
    place_id: int
    place: str
    parts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class RegisteredStaff:
    username: str
    name: str
    role: Role
    is_active: bool


@dataclass(frozen=True)
class RegisteredCommune:
    """A commune with all that belongs to it, at one version of it."""

    id: int
    version: int
    code: str
    name: str
    slug: str
    province: str
    phone: str
    places: tuple[RegisteredPlace, ...]
    kits: tuple[RegisteredKit, ...]
    staff: tuple[RegisteredStaff, ...]

    def place(self, place_id: int) -> RegisteredPlace | None:
        return next((place for place in self.places if place.id == place_id), None)

    def kit(self, code: str) -> RegisteredKit | None:
        return next((kit for kit in self.kits if kit.code == code), None)

    @property
    def has_clerk(self) -> bool:
        return any(one.role == Role.CLERK and one.is_active for one in self.staff)


def find_commune(slug: str) -> RegisteredCommune | None:
    """The version is read first, so what comes with it is never older."""
    rows = read(
        select(Commune.__table__, Province.name.label("province"))
        .join(Province, Province.id == Commune.province_id)
        .where(Commune.slug == slug)
    )
    if not rows:
        return None
    commune = rows[0]
    return RegisteredCommune(
        commune.id,
        commune.version,
        commune.code,
        commune.name,
        commune.slug,
        commune.province,
        commune.phone,
        _places(commune.id),
        kits_of(commune.id),
        _staff(commune.id),
    )


def _places(commune_id: int) -> tuple[RegisteredPlace, ...]:
    villages: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for place_id, name, craft in read(
        select(Village.place_id, Village.name, Village.craft)
        .join(Place, Place.id == Village.place_id)
        .where(Place.commune_id == commune_id)
        .order_by(Village.id)
    ):
        villages[place_id].append((name, craft))
    places = read(
        select(Place.id, Place.name, Place.address, Place.keeper, Place.keeper_phone)
        .where(Place.commune_id == commune_id)
        .order_by(Place.id)
    )
    return tuple(
        RegisteredPlace(row.id, row.name, row.address, row.keeper, row.keeper_phone, tuple(villages[row.id]))
        for row in places
    )


def kits_of(commune_id: int) -> tuple[RegisteredKit, ...]:
    """The kits of a commune with where they stand and what they consist of."""
    parts: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for kit_id, name, count in read(
        select(Part.kit_id, Part.name, Part.count)
        .join(Kit, Kit.id == Part.kit_id)
        .where(Kit.commune_id == commune_id)
        .order_by(Part.id)
    ):
        parts[kit_id].append((name, count))
    kits = read(
        select(Kit.id, Kit.code, Kit.place_id, Place.name.label("place"))
        .join(Place, Place.id == Kit.place_id)
        .where(Kit.commune_id == commune_id)
        .order_by(Kit.code)
    )
    return tuple(RegisteredKit(row.id, row.code, row.place_id, row.place, tuple(parts[row.id])) for row in kits)


def _staff(commune_id: int) -> tuple[RegisteredStaff, ...]:
    rows = read(
        select(Staff.username, Staff.name, StaffRole.role, Staff.is_active)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.commune_id == commune_id)
        .order_by(Staff.username, StaffRole.role)
    )
    return tuple(RegisteredStaff(row.username, row.name, Role(row.role), row.is_active) for row in rows)


def provinces() -> list[str]:
    return [row.name for row in read(select(Province.name).order_by(Province.name))]
