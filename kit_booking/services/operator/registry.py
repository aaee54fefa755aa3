"""Adding and changing communes, places, kits and their parts; every change raises the commune's version."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kit_booking.database import Rollback, transaction
from kit_booking.domain.text import slug
from kit_booking.domain.time.local_time import local_day
from kit_booking.domain.time.slots import DEFAULT_PLAN
from kit_booking.models import Commune, Kit, Part, Place, Province, Village
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.operator.edits import Denied, Editor, commune_to_edit
from kit_booking.services.settings.saving import planned_slots
from kit_booking.services.timeline.closed_time import rewrite_closed
from kit_booking.services.timeline.locks import bump_calendar_versions
from kit_booking.services.waiting.entries import offer_free

Parts = Sequence[tuple[str, int]]


@transaction
def add_commune(
    session: Session, name: str, code: str, province: str, phone: str, by: Actor, *, now: datetime
) -> str | Denied:
    """Add a commune with the usual slot plan, still without places, kits and staff; returns its slug."""
    commune = Commune(slug=_free_slug(session, name, province), phone=phone, places=[])
    _fill(session, commune, name, code, province)
    session.add(commune)
    session.flush()
    session.add_all(planned_slots(commune.id, local_day(now), DEFAULT_PLAN))
    record_audit(session, "commune_added", by, now=now, commune_id=commune.id, name=name, province=province)
    return commune.slug


@transaction
def change_commune(
    session: Session, commune_id: int, name: str, code: str, province: str, by: Editor, *, now: datetime
) -> Denied | None:
    """Another name, number or province; the slug stays, because it is printed on paper and used by calendars."""
    old_name = session.scalar(select(Commune.name).where(Commune.id == commune_id, Commune.name != name))
    if old_name:
        bump_calendar_versions(session, commune_id, now=now)
    commune = commune_to_edit(session, commune_id, by)
    _fill(session, commune, name, code, province)
    record_audit(session, "commune_changed", by, now=now, commune_id=commune_id, name=name, old_name=old_name)
    return None


def _fill(session: Session, commune: Commune, name: str, code: str, province: str) -> None:
    if session.scalar(select(Commune.id).where(Commune.code == code, Commune.id != commune.id)):
        raise Rollback(Denied.CODE_TAKEN)
    key = slug(province)
    known = session.scalar(select(Province).where(Province.slug == key))
    commune.province = known or Province(name=province, slug=key)
    commune.name, commune.code = name, code
    commune.rewrite_search()


@transaction
def save_place(
    session: Session,
    /,
    commune_id: int,
    place_id: int | None,
    villages: Sequence[tuple[str, str]],
    by: Editor,
    *,
    now: datetime,
    **values: str,
) -> Denied | None:
    """Give a place of the commune these villages (with their crafts) and values of its columns.

    Without an id it is a new place. Who keeps the kits of a place is changed later by the commune's settings.
    """
    old = session.execute(select(Place.name, Place.address).where(Place.id == place_id)).one_or_none()
    if old and old != (values["name"], values["address"]):
        bump_calendar_versions(session, commune_id, place_id, now=now)
    commune = commune_to_edit(session, commune_id, by)
    place = next((place for place in commune.places if place.id == place_id), None)
    if place is None:
        place = Place()
        commune.places.append(place)
    if any(slug(other.name) == slug(values["name"]) for other in commune.places if other is not place):
        raise Rollback(Denied.NAME_TAKEN)
    for column, value in values.items():
        setattr(place, column, value)
    place.villages = [Village(name=name, craft=craft) for name, craft in villages]
    commune.rewrite_search()
    record_audit(
        session,
        "place_changed" if old else "place_added",
        by,
        now=now,
        commune_id=commune_id,
        name=place.name,
        old_name=old.name if old and old.name != place.name else "",
    )
    return None


def add_kit(place_id: int, code: str, parts: Parts, by: Editor, *, now: datetime) -> Denied | None:
    """Add a kit and, after the commit, offer its free slots to those who wait."""
    added = _add_kit(place_id, code, parts, by, now=now)
    if isinstance(added, Denied):
        return added
    offer_free(added, now=now)
    return None


@transaction
def _add_kit(session: Session, place_id: int, code: str, parts: Parts, by: Editor, *, now: datetime) -> int | Denied:
    place = session.get_one(Place, place_id)
    commune_to_edit(session, place.commune_id, by)
    if session.scalar(select(Kit.id).where(Kit.code == code)):
        raise Rollback(Denied.CODE_TAKEN)
    kit = Kit(commune_id=place.commune_id, place_id=place_id, code=code, parts=_rows(parts))
    session.add(kit)
    session.flush()
    rewrite_closed(session, kit.id, now=now)  # What is closed of the commune is closed for it, too.
    record_audit(session, "kit_added", by, now=now, commune_id=place.commune_id, kit=code, place=place.name)
    return kit.id


@transaction
def change_parts(session: Session, kit_id: int, parts: Parts, by: Editor, *, now: datetime) -> Denied | None:
    """Replace the kit's parts; those recorded at earlier handovers stay."""
    kit = session.get_one(Kit, kit_id, options=[selectinload(Kit.parts)])
    commune_to_edit(session, kit.commune_id, by)
    before, after = {part.name: part.count for part in kit.parts}, dict(parts)
    kit.parts = _rows(parts)
    changed = [
        [name, before.get(name, 0), after.get(name, 0)]
        for name in before | after
        if before.get(name) != after.get(name)
    ]
    record_audit(session, "kit_changed", by, now=now, commune_id=kit.commune_id, kit=kit.code, parts=changed)
    return None


def _rows(parts: Parts) -> list[Part]:
    return [Part(name=name, count=count) for name, count in parts]


def _free_slug(session: Session, name: str, province: str) -> str:
    """``tan-phu``; where another commune has that, with the province; then with a number."""
    plain = slug(name)
    tries = [plain, f"{plain}-{slug(province)}"[:80], *(f"{plain[:70]}-{n}" for n in range(2, 100))]
    taken = set(session.scalars(select(Commune.slug).where(Commune.slug.in_(tries))))
    return next(free for free in tries if free not in taken)
