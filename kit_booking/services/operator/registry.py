"""Adding and changing communes, places, kits and their parts; every change raises the commune's version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.local_time import local_day
from kit_booking.domain.slots import DEFAULT_PLAN
from kit_booking.domain.text import search_text, slug
from kit_booking.models import AuditEntry, Booking, Commune, Kit, Part, Place, PlannedSlot, Province, Village
from kit_booking.services.settings.saving import lock_commune
from kit_booking.services.timeline.calendar_versions import bump_calendar_versions
from kit_booking.services.timeline.closed_time import rewrite_closed
from kit_booking.services.waiting.entries import offer_free

Villages = Sequence[tuple[str, str]]
Parts = Sequence[tuple[str, int]]


class Denied(StrEnum):
    """Why nothing was changed."""

    OUTDATED = "outdated"
    """Somebody changed the commune since the form was opened."""
    CODE_TAKEN = "code_taken"
    NAME_TAKEN = "name_taken"


@dataclass(frozen=True)
class By:
    """Which operator or clerk changes a commune, and on which version of it the form was filled in."""

    staff_id: int
    version: int


@transaction
def add_commune(
    session: Session, name: str, code: str, province: str, phone: str, staff_id: int, *, now: datetime
) -> str | Denied:
    """A new commune with the usual plan, in no need of anything but places, kits and staff; its slug."""
    if session.scalar(select(Commune.id).where(Commune.code == code)):
        return Denied.CODE_TAKEN
    commune = Commune(
        province_id=_province(session, province),
        code=code,
        name=name,
        slug=_free_slug(session, name, province),
        search=search_text([name]),
        phone=phone,
    )
    session.add(commune)
    session.flush()
    session.add_all(
        PlannedSlot(
            commune_id=commune.id,
            valid_from=local_day(now),
            name=line.name,
            from_time=line.from_time,
            until_time=line.until_time,
        )
        for line in DEFAULT_PLAN
    )
    _write_down(session, "commune_added", commune.id, staff_id, now=now, detail=f"{name}, {province}")
    return commune.slug


@transaction
def change_commune(
    session: Session, commune_id: int, name: str, code: str, province: str, by: By, *, now: datetime
) -> Denied | None:
    """Another name, number or province; its slug stays, because it stands printed on walls and in calendars."""
    if session.scalar(select(Commune.name).where(Commune.id == commune_id)) != name:
        bump_calendar_versions(session, Booking.commune_id == commune_id, now=now)
    commune = _commune_of(session, commune_id, by)
    if isinstance(commune, Denied):
        return commune
    if session.scalar(select(Commune.id).where(Commune.code == code, Commune.id != commune_id)):
        return Denied.CODE_TAKEN
    detail = f"{commune.name} → {name}" if commune.name != name else name
    commune.name, commune.code, commune.province_id = name, code, _province(session, province)
    _search_anew(session, commune)
    _write_down(session, "commune_changed", commune_id, by.staff_id, now=now, detail=detail)
    return None


@transaction
def add_place(
    session: Session,
    commune_id: int,
    name: str,
    address: str,
    keeper: str,
    keeper_phone: str,
    villages: Villages,
    by: By,
    *,
    now: datetime,
) -> Denied | None:
    commune = _commune_of(session, commune_id, by)
    if isinstance(commune, Denied):
        return commune
    if _name_is_taken(session, commune_id, name):
        return Denied.NAME_TAKEN
    place = Place(commune_id=commune_id, name=name, address=address, keeper=keeper, keeper_phone=keeper_phone)
    session.add(place)
    session.flush()
    _write_villages(session, place, villages)
    _search_anew(session, commune)
    _write_down(session, "place_added", commune_id, by.staff_id, now=now, detail=name)
    return None


@transaction
def change_place(
    session: Session,
    place_id: int,
    name: str,
    address: str,
    villages: Villages,
    by: By,
    *,
    now: datetime,
) -> Denied | None:
    """Another name, address, or other villages; who keeps the kit there is one of the commune's settings."""
    place = session.get_one(Place, place_id)
    if (place.name, place.address) != (name, address):
        bump_calendar_versions(session, Booking.commune_id == place.commune_id, now=now)
    commune = _commune_of(session, place.commune_id, by)
    if isinstance(commune, Denied):
        return commune
    if _name_is_taken(session, place.commune_id, name, but=place_id):
        return Denied.NAME_TAKEN
    detail = f"{place.name} → {name}" if place.name != name else name
    place.name, place.address = name, address
    session.execute(delete(Village).where(Village.place_id == place_id))
    _write_villages(session, place, villages)
    _search_anew(session, commune)
    _write_down(session, "place_changed", commune.id, by.staff_id, now=now, detail=detail)
    return None


def add_kit(place_id: int, code: str, parts: Parts, by: By, *, now: datetime) -> Denied | None:
    """A new kit; once everybody sees it, it is offered to those who wait."""
    added = _add_kit(place_id, code, parts, by, now=now)
    if isinstance(added, Denied):
        return added
    offer_free(added, now=now)
    return None


@transaction
def _add_kit(session: Session, place_id: int, code: str, parts: Parts, by: By, *, now: datetime) -> int | Denied:
    place = session.get_one(Place, place_id)
    commune = _commune_of(session, place.commune_id, by)
    if isinstance(commune, Denied):
        return commune
    if session.scalar(select(Kit.id).where(Kit.code == code)):
        return Denied.CODE_TAKEN
    kit = Kit(commune_id=commune.id, place_id=place_id, code=code)
    session.add(kit)
    session.flush()
    session.add_all(Part(kit_id=kit.id, name=name, count=count) for name, count in parts)
    rewrite_closed(session, kit.id, now=now)  # What is closed of the commune is closed for it, too.
    _write_down(session, "kit_added", commune.id, by.staff_id, now=now, detail=f"{code}, {place.name}")
    return kit.id


@transaction
def change_parts(session: Session, kit_id: int, parts: Parts, by: By, *, now: datetime) -> Denied | None:
    """What the kit consists of from now on; what was handed over before stays as it was written down."""
    kit = session.get_one(Kit, kit_id)
    commune = _commune_of(session, kit.commune_id, by)
    if isinstance(commune, Denied):
        return commune
    before = dict(session.execute(select(Part.name, Part.count).where(Part.kit_id == kit_id)).tuples().all())
    session.execute(delete(Part).where(Part.kit_id == kit_id))
    session.add_all(Part(kit_id=kit_id, name=name, count=count) for name, count in parts)
    after = dict(parts)
    changes = [
        f"{name} {before.get(name, 0)} → {after.get(name, 0)}"
        for name in before | after
        if before.get(name) != after.get(name)
    ]
    _write_down(session, "kit_changed", commune.id, by.staff_id, now=now, detail=f"{kit.code}: {', '.join(changes)}")
    return None


def _commune_of(session: Session, commune_id: int, by: By) -> Commune | Denied:
    """The commune, locked, with its version raised; OUTDATED when it is another one by now."""
    commune = lock_commune(session, commune_id)
    if commune.version != by.version:
        return Denied.OUTDATED
    commune.version += 1
    return commune


def _province(session: Session, name: str) -> int:
    """The id of the province of this name; a new one where there is none."""
    key = slug(name)
    found = session.scalar(select(Province.id).where(Province.slug == key))
    if found is None:
        province = Province(name=name, slug=key)
        session.add(province)
        session.flush()
        found = province.id
    return found


def _free_slug(session: Session, name: str, province: str) -> str:
    """``tan-phu``; where another commune has that, with the province; then with a number."""
    plain = slug(name)
    tries = [plain, f"{plain}-{slug(province)}"[:80], *(f"{plain[:70]}-{n}" for n in range(2, 100))]
    taken = set(session.scalars(select(Commune.slug).where(Commune.slug.in_(tries))))
    return next(one for one in tries if one not in taken)


def _name_is_taken(session: Session, commune_id: int, name: str, but: int = 0) -> bool:
    names = session.execute(select(Place.id, Place.name).where(Place.commune_id == commune_id))
    return any(slug(row.name) == slug(name) and row.id != but for row in names)


def _write_villages(session: Session, place: Place, villages: Villages) -> None:
    session.add_all(Village(place_id=place.id, name=name, craft=craft) for name, craft in villages)
    session.flush()


def _search_anew(session: Session, commune: Commune) -> None:
    """A commune is found by its own name, its places' names and their villages."""
    session.flush()
    places = session.scalars(select(Place.name).where(Place.commune_id == commune.id).order_by(Place.id))
    villages = session.scalars(
        select(Village.name)
        .join(Place, Place.id == Village.place_id)
        .where(Place.commune_id == commune.id)
        .order_by(Village.id)
    )
    commune.search = search_text([commune.name, *places, *villages])


def _write_down(session: Session, action: str, commune_id: int, staff_id: int, *, now: datetime, detail: str) -> None:
    session.execute(
        insert(AuditEntry).values(
            at=now, action=action, commune_id=commune_id, staff_id=staff_id, detail=detail[:200]
        )
    )
