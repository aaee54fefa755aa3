"""Finding a commune: by its name, an old unit or a village, with or without accents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from kit_booking.database import read
from kit_booking.domain.text import search_key
from kit_booking.models import Commune, Kit, Province
from kit_booking.services.communes.facts import CommuneFacts, commune_facts
from kit_booking.services.communes.fortnight import changes_at, count_free

FEW = 30
"""So many communes are listed with their free slots; where there are more, a province or a search comes first."""


@dataclass(frozen=True)
class FoundCommune:
    name: str
    slug: str
    places: str = ""
    matched: str = ""
    """The old unit or village by which it was found, when its own name does not say so."""
    free: int | None = None
    """Slots that can be asked for; not counted in long lists."""


@dataclass(frozen=True)
class FoundProvince:
    name: str
    slug: str
    communes: int


@dataclass(frozen=True)
class CommuneMatches:
    communes: list[FoundCommune] = field(default_factory=list)
    provinces: list[FoundProvince] = field(default_factory=list)
    province: str = ""
    is_cut: bool = False
    """The search fits more communes than are listed."""
    changes_at: datetime | None = None
    """When the number of free slots changes by itself."""


_few = select(Commune.id, Commune.version).order_by(Commune.id).limit(FEW + 1).subquery()
_few_versions = (
    select(_few.c.id, _few.c.version, func.coalesce(func.sum(Kit.version), 0))
    .select_from(_few)
    .outerjoin(Kit, Kit.commune_id == _few.c.id)
    .group_by(_few.c.id, _few.c.version)
    .order_by(_few.c.id)
)


def start_version_key() -> tuple[Any, ...]:
    """Equal as long as the start page shows the same; looks at the kits only where their slots are counted."""
    rows = read(_few_versions)
    if len(rows) <= FEW:
        return tuple(tuple(row) for row in rows)
    return tuple(read(select(func.count(Commune.id), func.sum(Commune.version)))[0])


def find_communes(query: str, province_slug: str, *, now: datetime) -> CommuneMatches:
    """All communes where they are few; else the provinces, one of them, or those that the search fits."""
    columns = select(Commune.id, Commune.version, Commune.name, Commune.slug).order_by(Commune.slug)
    if key := search_key(query):
        pattern = "%" + key.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        rows = read(columns.where(Commune.search.like(pattern, escape="\\")).limit(FEW + 1))
        return _with_free_slots(rows[:FEW], key, now=now, is_cut=len(rows) > FEW)
    if province_slug:
        of_province = columns.join(Province, Province.id == Commune.province_id).where(Province.slug == province_slug)
        rows = read(of_province.add_columns(Province.name.label("province")))
        return CommuneMatches(
            [FoundCommune(row.name, row.slug) for row in rows], province=rows[0].province if rows else ""
        )
    rows = read(columns.limit(FEW + 1))
    if len(rows) <= FEW:
        return _with_free_slots(rows, "", now=now)
    provinces = read(
        select(Province.name, Province.slug, func.count(Commune.id))
        .join(Commune, Commune.province_id == Province.id)
        .group_by(Province.id)
        .order_by(Province.name)
    )
    return CommuneMatches(provinces=[FoundProvince(*row) for row in provinces])


def _with_free_slots(rows: Sequence[Row[Any]], key: str, *, now: datetime, is_cut: bool = False) -> CommuneMatches:
    communes = [commune_facts(row.id, row.version) for row in rows]
    free = count_free(communes, now=now)
    return CommuneMatches(
        [
            FoundCommune(
                commune.name,
                commune.slug,
                ", ".join(dict.fromkeys(kit.place for kit in commune.kits)),
                _matched(commune, key),
                free[commune.id],
            )
            for commune in communes
        ],
        is_cut=is_cut,
        changes_at=min((changes_at(commune, now=now) for commune in communes), default=None),
    )


def _matched(commune: CommuneFacts, key: str) -> str:
    if not key or key in search_key(commune.name):
        return ""
    return next((name for name, _ in commune.villages if key in search_key(name)), "")
