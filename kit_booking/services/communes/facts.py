"""What a commune is: its kits, places, parts and timetables, as values kept until its version changes."""

import functools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Row, select

from kit_booking.database import db, read
from kit_booking.domain import slots
from kit_booking.domain.hours import Span, WeeklyHours
from kit_booking.domain.policy import Policy
from kit_booking.domain.slots import Timetable
from kit_booking.models import Closure, Commune, Kit, Part, Place, PlannedSlot, Role, Staff, StaffRole, Village

MOST_CLOSURES = 100
"""So many of a commune's closures, the latest, are remembered with it."""


@dataclass(frozen=True, eq=False)
class KitFacts:
    """A kit, where it stands, who keeps it, what it consists of, and when it can be had."""

    id: int
    code: str
    place_id: int
    place: str
    address: str
    keeper: str
    keeper_phone: str
    parts: tuple[tuple[str, int], ...]
    timetable: Timetable


@dataclass(frozen=True, eq=False)
class CommuneFacts:
    """One version of a commune; equal to itself alone, so that what is made of it is found without comparing it."""

    id: int
    name: str
    slug: str
    phone: str
    policy: Policy
    kits: tuple[KitFacts, ...]
    villages: tuple[tuple[str, str], ...]
    """Villages and old units with their craft, which may be empty; for searching and choosing."""

    has_clerk: bool
    """Somebody can answer."""
    closures: tuple[tuple[int | None, Span, str], ...] = ()
    """The last ones, each with its kit, or None for every kit, and its reason."""

    def kit(self, code: str) -> KitFacts | None:
        return next((kit for kit in self.kits if kit.code == code), None)

    def closed(self, kit_id: int, span: Span) -> list[tuple[Span, str]]:
        """When the kit is closed in this time, each with the reason, the first first."""
        found = [(at, why) for of_kit, at, why in self.closures if of_kit in (None, kit_id) and at.overlaps(span)]
        return sorted(found, key=lambda one: one[0].from_at)


def commune_facts(commune_id: int, version: int) -> CommuneFacts:
    """The commune as it is at this version (or newer)."""
    return _sheet(db.engine.url.render_as_string(), commune_id, version)


@functools.lru_cache(maxsize=512)
def _sheet(_database: str, commune_id: int, _version: int) -> CommuneFacts:
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
    plans = plans_of(
        read(
            select(PlannedSlot.__table__)
            .where(PlannedSlot.commune_id == commune_id)
            .order_by(PlannedSlot.valid_from, PlannedSlot.from_time)
        )
    )
    villages = read(
        select(Village.name, Village.craft)
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
        commune.id,
        commune.name,
        commune.slug,
        commune.phone,
        policy,
        tuple(
            KitFacts(
                kit.kit_id,
                kit.kit_code,
                kit.place_id,
                kit.place_name,
                kit.place_address,
                kit.place_keeper,
                kit.place_keeper_phone,
                tuple(parts[kit.kit_id]),
                Timetable(plans, WeeklyHours.of(kit.place_handover_hours), office, policy),
            )
            for kit in kits
        ),
        tuple((village.name, village.craft) for village in villages),
        bool(clerks),
        tuple((kit_id, Span(*times), reason) for kit_id, *times, reason in closures),
    )


def plans_of(lines: Sequence[Row[Any]]) -> tuple[tuple[date, tuple[slots.PlannedSlot, ...]], ...]:
    """The plans of a commune from its lines, which come by plan and time."""
    return tuple(
        (
            valid_from,
            tuple(
                slots.PlannedSlot(
                    line.name,
                    line.from_time,
                    line.until_time,
                    frozenset(int(digit) for digit in line.weekdays),
                )
                for line in plan
            ),
        )
        for valid_from, plan in groupby(lines, key=lambda line: line.valid_from)
    )
