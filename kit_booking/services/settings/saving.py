"""The settings of a commune: read, and saved if nobody else changed them meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.domain.hours import WeeklyHours
from kit_booking.domain.policy import Policy
from kit_booking.domain.settings import CommuneSettings, PlaceSettings, Plan, differences
from kit_booking.models import AuditEntry, Booking, Commune, Place, PlannedSlot, Staff
from kit_booking.services.communes.facts import plans_of
from kit_booking.services.timeline.calendar_versions import bump_calendar_versions


@dataclass(frozen=True)
class FoundSettings:
    commune_id: int
    slug: str
    name: str
    settings: CommuneSettings


def find_settings(slug: str) -> FoundSettings | None:
    """What the commune has set, as it is right now."""
    rows = read(select(Commune.__table__).where(Commune.slug == slug))
    if not rows:
        return None
    commune = rows[0]
    places = read(select(Place.__table__).where(Place.commune_id == commune.id).order_by(Place.id))
    plans = read(_plans.where(PlannedSlot.commune_id == commune.id))
    return FoundSettings(
        commune.id,
        commune.slug,
        commune.name,
        CommuneSettings(
            commune.version,
            commune.phone,
            WeeklyHours.of(commune.office_hours),
            Policy.of(commune.policy),
            plans_of(plans),
            tuple(
                PlaceSettings(
                    place.id, place.name, place.keeper, place.keeper_phone, WeeklyHours.of(place.handover_hours)
                )
                for place in places
            ),
        ),
    )


_plans = select(PlannedSlot.__table__).order_by(PlannedSlot.valid_from, PlannedSlot.from_time)


class Saved(StrEnum):
    DONE = "done"
    NOTHING = "nothing"
    """All of it was so already."""
    OUTDATED = "outdated"
    """Somebody changed the commune since the form was opened."""


@transaction
def save(
    session: Session, commune_id: int, old: CommuneSettings, new: CommuneSettings, staff_id: int, *, now: datetime
) -> Saved:
    """Make ``old`` into ``new``, if the commune is still at the version of ``new``, on which its form was filled in.

    What the form showed decides, so nothing that somebody else set meanwhile is lost. Bookings are left as they
    are. Nothing here reads a sheet: other readers would see the commune as it was and keep it as the new version.
    """
    if old.phone != new.phone:
        bump_calendar_versions(session, Booking.commune_id == commune_id, now=now)
    commune = lock_commune(session, commune_id)
    if not commune.version == old.version == new.version:
        return Saved.OUTDATED
    if old == new:
        return Saved.NOTHING
    commune.version += 1
    commune.phone = new.phone
    commune.office_hours = new.office.stored()
    commune.policy = new.policy.changes()
    for valid_from in sorted({day for day, _ in {*old.plans} ^ {*new.plans}}):
        _write_plan(session, commune_id, valid_from, dict(new.plans).get(valid_from, ()))
    for place in new.places:
        row = session.get_one(Place, place.id)
        row.keeper, row.keeper_phone, row.handover_hours = place.keeper, place.keeper_phone, place.handover.stored()
    session.flush()
    for difference in differences(old, new):
        session.execute(
            insert(AuditEntry).values(
                at=now,
                action="settings_changed",
                commune_id=commune_id,
                staff_id=staff_id,
                detail=str(difference)[:200],
            )
        )
    return Saved.DONE


def lock_commune(session: Session, commune_id: int) -> Commune:
    """The commune's row, which nobody else changes until this transaction ends; kits are locked before it.

    Bookings, which only refer to it, go on meanwhile.
    """
    return session.get_one(Commune, commune_id, with_for_update={"key_share": True}, populate_existing=True)


def _write_plan(session: Session, commune_id: int, valid_from: object, plan: Plan) -> None:
    session.execute(
        delete(PlannedSlot).where(PlannedSlot.commune_id == commune_id, PlannedSlot.valid_from == valid_from)
    )
    session.add_all(
        PlannedSlot(
            commune_id=commune_id,
            valid_from=valid_from,
            name=line.name,
            from_time=line.from_time,
            until_time=line.until_time,
            weekdays="".join(str(day) for day in sorted(line.weekdays)),
        )
        for line in plan
    )
    session.flush()


@dataclass(frozen=True)
class LastChange:
    at: datetime
    by: str


def last_change(commune_id: int) -> LastChange | None:
    """Who changed the commune last, and when."""
    rows = read(
        select(AuditEntry.at, Staff.name)
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .where(AuditEntry.commune_id == commune_id, AuditEntry.action.in_(OF_THE_COMMUNE))
        .order_by(AuditEntry.at.desc())
        .limit(1)
    )
    return LastChange(rows[0].at, rows[0].name or "") if rows else None


OF_THE_COMMUNE = ("settings_changed", "commune_changed", "place_added", "place_changed", "kit_added", "kit_changed")
"""The actions that raise a commune's version."""
