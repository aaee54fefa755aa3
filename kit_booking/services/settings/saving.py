"""The settings of a commune: read, and saved if nobody else changed them meanwhile."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from kit_booking.database import load, read, transaction
from kit_booking.domain.policy import Policy
from kit_booking.domain.settings import CommuneSettings, PlaceSettings, Plan, differences, renamed
from kit_booking.domain.time.hours import WeeklyHours
from kit_booking.models import AuditEntry, Commune, Place, PlannedSlot, Staff, WaitingEntry, WaitingState
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.communes.facts import slot_plans
from kit_booking.services.timeline.locks import bump_calendar_versions


def find_settings(slug: str) -> CommuneSettings | None:
    """What the commune has set, as it is right now."""
    statement = select(Commune).where(Commune.slug == slug).options(selectinload(Commune.places))
    commune = next(iter(load(statement)), None)
    if commune is None:
        return None
    return CommuneSettings(
        commune_id=commune.id,
        slug=commune.slug,
        name=commune.name,
        version=commune.version,
        phone=commune.phone,
        office=WeeklyHours.of(commune.office_hours),
        policy=Policy.of(commune.policy),
        plans=slot_plans(commune.id),
        places=tuple(
            PlaceSettings(
                id=place.id,
                name=place.name,
                keeper=place.keeper,
                keeper_phone=place.keeper_phone,
                handover=WeeklyHours.of(place.handover_hours),
            )
            for place in commune.places
        ),
    )


class Saved(StrEnum):
    DONE = "done"
    NOTHING = "nothing"
    """There was no difference."""
    OUTDATED = "outdated"
    """Somebody changed the commune since the form was opened."""


@transaction
def save(session: Session, old: CommuneSettings, new: CommuneSettings, staff_id: int, *, now: datetime) -> Saved:
    """Change ``old`` into ``new``, if the commune still has the version that the form was opened on.

    Bookings are left as they are. `commune_facts` must not be called in here: it would cache the commune of before
    this commit under the new version.
    """
    commune_id = old.commune_id
    if old.phone != new.phone:
        bump_calendar_versions(session, commune_id, now=now)
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
    _rename_queues(session, old, new)
    for place in new.places:
        row = session.get_one(Place, place.id)
        row.keeper, row.keeper_phone, row.handover_hours = place.keeper, place.keeper_phone, place.handover.stored()
    by = Actor(staff_id=staff_id)
    for difference in differences(old, new):
        record_audit(session, "settings_changed", by, now=now, commune_id=commune_id, **vars(difference))
    return Saved.DONE


def _rename_queues(session: Session, old: CommuneSettings, new: CommuneSettings) -> None:
    """Who waits for a slot that is called otherwise by the new plans waits for it by the new name."""
    is_open = WaitingEntry.state.in_((WaitingState.WAITING, WaitingState.OFFERED))
    entries = session.scalars(select(WaitingEntry).where(WaitingEntry.commune_id == old.commune_id, is_open)).all()
    taken = {(entry.household_id, entry.day, entry.slot_name) for entry in entries}
    for entry in entries:
        name = renamed(old.plan_on(entry.day), new.plan_on(entry.day)).get(entry.slot_name)
        if name and (entry.household_id, entry.day, name) not in taken:
            entry.slot_name = name


def lock_commune(session: Session, commune_id: int, *options: ORMOption) -> Commune:
    """The commune's row, locked until this transaction ends; kits are locked before it.

    With FOR NO KEY UPDATE, so that bookings, which only refer to it, are written meanwhile.
    """
    lock = {"key_share": True}
    return session.get_one(Commune, commune_id, with_for_update=lock, populate_existing=True, options=options)


def _write_plan(session: Session, commune_id: int, valid_from: date, plan: Plan) -> None:
    """The lines of the plan that is valid from that day on; an empty plan deletes it."""
    session.execute(
        delete(PlannedSlot).where(PlannedSlot.commune_id == commune_id, PlannedSlot.valid_from == valid_from)
    )
    session.add_all(planned_slots(commune_id, valid_from, plan))


def planned_slots(commune_id: int, valid_from: date, plan: Plan) -> list[PlannedSlot]:
    """The rows, still in no session, of a plan that is valid from that day on."""
    return [
        PlannedSlot(
            commune_id=commune_id,
            valid_from=valid_from,
            name=line.name,
            from_time=line.from_time,
            until_time=line.until_time,
            weekdays="".join(str(day) for day in sorted(line.weekdays)),
            is_peak=line.is_peak,
        )
        for line in plan
    ]


def last_change(commune_id: int) -> Row[Any] | None:
    """When the commune was changed last, and the name of the member of staff who did it: ``at`` and ``by``."""
    rows = read(
        select(AuditEntry.at, Staff.name.label("by"))
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .where(AuditEntry.commune_id == commune_id, AuditEntry.action.in_(OF_THE_COMMUNE))
        .order_by(AuditEntry.at.desc())
        .limit(1)
    )
    return rows[0] if rows else None


OF_THE_COMMUNE = ("settings_changed", "commune_changed", "place_added", "place_changed", "kit_added", "kit_changed")
"""The actions that raise a commune's version."""
