"""The facts of a commune: its kits, places, parts and timetables, as values cached by its version."""

import functools
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, bindparam, func, select

from kit_booking.database import db, read
from kit_booking.domain.policy import Policy
from kit_booking.domain.text import search_key, slug
from kit_booking.domain.time import slots
from kit_booking.domain.time.hours import Span, WeeklyHours
from kit_booking.domain.time.slots import Timetable
from kit_booking.models import Closure, Commune, Kit, Part, Place, PlannedSlot, Role, Staff, StaffRole, Village

MOST_CLOSURES = 100
"""How many of a commune's closures, the latest ones, its facts have."""


@dataclass(frozen=True, eq=False)
class KitFacts:
    """A kit with its place and its parts (name and count), and when it can be picked up and returned."""

    id: int
    code: str
    place_id: int
    place: str
    place_in_texts: str
    address: str
    keeper: str
    keeper_phone: str
    parts: tuple[tuple[str, int], ...]
    timetable: Timetable

    @functools.cached_property
    def place_key(self) -> str:
        """The place's name as it stands in addresses."""
        return slug(self.place)


class VillageFacts(NamedTuple):
    """A village or an old unit, and the name of its place."""

    name: str
    craft: str
    place: str


@dataclass(frozen=True, eq=False)
class CommuneFacts:
    """One version of a commune. Identity hash (``eq=False``), so that `lru_cache` keys on the object."""

    id: int
    name: str
    slug: str
    phone: str
    policy: Policy
    kits: tuple[KitFacts, ...]
    villages: tuple[VillageFacts, ...]
    has_clerk: bool
    """Whether an active clerk can answer requests."""
    closures: tuple[tuple[int | None, Span, str], ...]
    """The latest ones: kit id (None closes every kit), time and reason."""

    @property
    def can_lend(self) -> bool:
        """Whether it has a kit, and a clerk who can answer requests."""
        return bool(self.kits) and self.has_clerk

    def known_place(self, key: str) -> str:
        """The key, if it is that of a place with a kit, else empty: all places."""
        return key if any(kit.place_key == key for kit in self.kits) else ""

    def place_of(self, village: str) -> str:
        """The key of the place to which a village of this name belongs; empty if none or several do."""
        key = search_key(village)
        places = {slug(one.place) for one in self.villages if search_key(one.name) == key}
        return places.pop() if len(places) == 1 else ""

    def kit(self, code: str) -> KitFacts | None:
        return next((kit for kit in self.kits if kit.code == code), None)

    def closed(self, kit_id: int, span: Span) -> list[tuple[Span, str]]:
        """When the kit is closed in this time, with the reasons, by their beginning."""
        touching = [(at, why) for of_kit, at, why in self.closures if of_kit in (None, kit_id) and at.overlaps(span)]
        return sorted(touching, key=lambda closure: closure[0].from_at)


class VersionKey(NamedTuple):
    """The versions of a commune and its kits; while they are equal, its pages stay the same."""

    commune_id: int
    version: int
    kits_version: int

    @property
    def facts(self) -> CommuneFacts:
        return commune_facts(self.commune_id, self.version)


_version_key = (
    select(Commune.id, Commune.version, func.coalesce(func.sum(Kit.version), 0))
    .outerjoin(Kit, Kit.commune_id == Commune.id)
    .where(Commune.slug == bindparam("slug"))
    .group_by(Commune.id)
)


def find_version_key(slug: str) -> VersionKey | None:
    """The commune's versions; read before any other row, so that no page is older than its key."""
    rows = read(_version_key, {"slug": slug})
    return VersionKey._make(rows[0]) if rows else None


def find_commune(slug: str) -> CommuneFacts | None:
    key = find_version_key(slug)
    return key and key.facts


def commune_facts(commune_id: int, version: int) -> CommuneFacts:
    """The commune as it is at this version or a newer one."""
    return _facts(db.engine.url.render_as_string(), commune_id, version)


@functools.lru_cache(maxsize=512)
def _facts(_database: str, commune_id: int, _version: int) -> CommuneFacts:
    commune = read(select(Commune.__table__).where(Commune.id == commune_id))[0]
    kits = read(
        select(Kit.__table__, Place.__table__)
        .join(Place, Place.id == Kit.place_id)
        .where(Kit.commune_id == commune_id)
        .order_by(Kit.code)
        .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
    )
    parts: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for kit_id, name, count in read(
        select(Part.kit_id, Part.name, Part.count)
        .join(Kit, Kit.id == Part.kit_id)
        .where(Kit.commune_id == commune_id)
        .order_by(Part.id)
    ):
        parts[kit_id].append((name, count))
    plans = slot_plans(commune_id)
    villages = read(
        select(Village.name, Village.craft, Place.name.label("place"))
        .join(Place, Place.id == Village.place_id)
        .where(Place.commune_id == commune_id)
        .order_by(Village.id)
    )
    closures = read(
        select(Closure.kit_id, Closure.from_at, Closure.until_at, Closure.reason)
        .where(Closure.commune_id == commune_id, Closure.called_off_at.is_(None))
        .order_by(Closure.until_at.desc())
        .limit(MOST_CLOSURES)
    )
    clerks = read(
        select(StaffRole.id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.commune_id == commune_id, StaffRole.role == Role.CLERK, Staff.is_active)
        .limit(1)
    )
    office, policy = WeeklyHours.of(commune.office_hours), Policy.of(commune.policy)
    return CommuneFacts(
        id=commune.id,
        name=commune.name,
        slug=commune.slug,
        phone=commune.phone,
        policy=policy,
        kits=tuple(
            KitFacts(
                id=kit.kit_id,
                code=kit.kit_code,
                place_id=kit.place_id,
                place=kit.place_name,
                place_in_texts=kit.place_short_name or kit.place_name,
                address=kit.place_address,
                keeper=kit.place_keeper,
                keeper_phone=kit.place_keeper_phone,
                parts=tuple(parts[kit.kit_id]),
                timetable=Timetable(plans, WeeklyHours.of(kit.place_handover_hours), office, policy),
            )
            for kit in kits
        ),
        villages=tuple(VillageFacts(*village) for village in villages),
        has_clerk=bool(clerks),
        closures=tuple((row.kit_id, Span(row.from_at, row.until_at), row.reason) for row in closures),
    )


def slot_plans(commune_id: int) -> tuple[tuple[date, tuple[slots.SlotPlanLine, ...]], ...]:
    """A commune's slot plans with their `valid_from`, in the order of time."""
    lines = read(
        select(PlannedSlot.__table__)
        .where(PlannedSlot.commune_id == commune_id)
        .order_by(PlannedSlot.valid_from, PlannedSlot.from_time)
    )
    return tuple(
        (
            valid_from,
            tuple(
                slots.SlotPlanLine(
                    line.name,
                    line.from_time,
                    line.until_time,
                    frozenset(int(digit) for digit in line.weekdays),
                    line.is_peak,
                )
                for line in plan
            ),
        )
        for valid_from, plan in groupby(lines, key=lambda line: line.valid_from)
    )
