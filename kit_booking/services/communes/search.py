"""Searching communes by name, old unit, village or craft, with or without accents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from kit_booking.database import read
from kit_booking.domain.text import search_key, slug
from kit_booking.models import Commune, Kit, Province
from kit_booking.services.communes.facts import CommuneFacts, commune_facts
from kit_booking.services.communes.fortnight import Free, count_free
from kit_booking.services.communes.schedule import schedule

FEW = 30
"""Up to so many communes are listed with their free slots; if there are more, provinces are listed first."""


@dataclass(frozen=True)
class CommuneMatch:
    """A commune in a list, and by what a search matched it."""

    name: str
    slug: str
    places: str = ""
    matched: str = ""
    """The place, village or craft that the search matched, when the commune's name does not match."""
    place: str = ""
    """The key of the place that it belongs to."""
    free: Free | None = None
    """Slots that can be asked for; not counted in long lists."""
    can_lend: bool = True
    """Whether it has a kit and a clerk who answers; not looked up in long lists."""


@dataclass(frozen=True)
class CommuneMatches:
    communes: list[CommuneMatch] = field(default_factory=list)
    provinces: Sequence[Row[Any]] = ()
    """Rows of ``name``, ``slug`` and the number of ``communes``."""
    province: str = ""
    is_cut: bool = False
    """The search fits more communes than are listed."""
    changes_at: datetime | None = None
    """When the number of free slots changes without any booking."""


_few = select(Commune.id, Commune.version).order_by(Commune.id).limit(FEW + 1).subquery()
_few_versions = (
    select(_few.c.id, _few.c.version, func.coalesce(func.sum(Kit.version), 0))
    .select_from(_few)
    .outerjoin(Kit, Kit.commune_id == _few.c.id)
    .group_by(_few.c.id, _few.c.version)
    .order_by(_few.c.id)
)


def start_version_key() -> tuple[Any, ...]:
    """Equal as long as the start page stays the same; reads kits only where their free slots are counted."""
    rows = read(_few_versions)
    if len(rows) <= FEW:
        return tuple(tuple(row) for row in rows)
    return tuple(read(select(func.count(Commune.id), func.sum(Commune.version)))[0])


def find_communes(query: str, province_slug: str, *, now: datetime) -> CommuneMatches:
    """The communes that match the query, or of the province, or all; only provinces if there are more than FEW."""
    columns = select(Commune.id, Commune.version, Commune.name, Commune.slug).order_by(Commune.slug)
    if key := search_key(query):
        pattern = "%" + key.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        rows = read(columns.where(Commune.search.like(pattern, escape="\\")).limit(FEW + 1))
        return _with_free_slots(rows[:FEW], key, now=now, is_cut=len(rows) > FEW)
    if province_slug:
        of_province = columns.join(Province, Province.id == Commune.province_id).where(Province.slug == province_slug)
        rows = read(of_province.add_columns(Province.name.label("province")))
        return CommuneMatches(
            [CommuneMatch(row.name, row.slug) for row in rows], province=rows[0].province if rows else ""
        )
    rows = read(columns.limit(FEW + 1))
    if len(rows) <= FEW:
        return _with_free_slots(rows, "", now=now)
    provinces = read(
        select(Province.name, Province.slug, func.count(Commune.id).label("communes"))
        .join(Commune, Commune.province_id == Province.id)
        .group_by(Province.id)
        .order_by(Province.name)
    )
    return CommuneMatches(provinces=provinces)


def _with_free_slots(rows: Sequence[Row[Any]], key: str, *, now: datetime, is_cut: bool = False) -> CommuneMatches:
    communes = [commune_facts(row.id, row.version) for row in rows]
    free = count_free(communes, now=now)
    return CommuneMatches(
        [
            CommuneMatch(
                commune.name,
                commune.slug,
                ", ".join(dict.fromkeys(kit.place for kit in commune.kits)),
                *_matched(commune, key),
                free[commune.id],
                commune.can_lend,
            )
            for commune in communes
        ],
        is_cut=is_cut,
        changes_at=min((schedule(commune, now=now).until_at for commune in communes), default=None),
    )


def _matched(commune: CommuneFacts, key: str) -> tuple[str, str]:
    """What the search matched but the commune's name, and the key of its place."""
    if not key or key in search_key(commune.name):
        return "", ""
    names = [(kit.place, kit.place) for kit in commune.kits]
    names += [(village.name, village.place) for village in commune.villages]
    names += [(f"{village.craft}, {village.name}", village.place) for village in commune.villages if village.craft]
    shown, place = next(((name, place) for name, place in names if key in search_key(name)), ("", ""))
    has_kit = any(kit.place == place for kit in commune.kits)
    return shown, slug(place) if has_kit else ""
