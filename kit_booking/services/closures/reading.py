"""Closures, the bookings that stand in them, and the holidays that are proposed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.orm import joinedload

from kit_booking.adapters.holidays import Holiday, public_holidays
from kit_booking.database import load, read
from kit_booking.domain.text import search_key, slug
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.models import Booking, Closure, Commune, Hold, Kit, Place, Village
from kit_booking.services.booking.answers import CANCELLABLE, WITHDRAWABLE
from kit_booking.services.booking.reading import bookings_in
from kit_booking.services.communes.facts import CommuneFacts, KitFacts
from kit_booking.services.sign_in.members import SeenCommune
from kit_booking.services.timeline.holds import time_lines

MOST_SHOWN = 200
A_YEAR = timedelta(days=365)

_closures = (
    select(Closure)
    .options(
        joinedload(Closure.commune).defer(Commune.search, raiseload=True),
        joinedload(Closure.kit).joinedload(Kit.place),
        joinedload(Closure.staff),
    )
    .order_by(Closure.from_at, Closure.id)
)
"""With the commune, the kit and its place, and who made it."""


def find_closure(closure_id: int) -> Closure | None:
    closures = load(_closures.where(Closure.id == closure_id))
    return closures[0] if closures else None


def running_and_coming(commune_ids: Sequence[int], *, now: datetime) -> list[Closure]:
    """The communes' closures that are not over, by their beginning; at most ``MOST_SHOWN``."""
    return load(
        _closures.where(
            Closure.commune_id.in_(commune_ids), Closure.until_at > now, Closure.called_off_at.is_(None)
        ).limit(MOST_SHOWN)
    )


_its_kits = and_(Kit.commune_id == Closure.commune_id, or_(Closure.kit_id.is_(None), Kit.id == Closure.kit_id))


def count_unsettled(commune_ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    """By the id of each closure that is not over, the number of bookings in it to be moved or cancelled."""
    rows = read(
        select(Closure.id, func.count(Booking.id).label("number"))
        .join(Kit, _its_kits)
        .join(Hold, and_(Hold.kit_id == Kit.id, Hold.from_at < Closure.until_at, Hold.until_at > Closure.from_at))
        .join(Booking, Booking.id == Hold.booking_id)
        .where(
            Closure.commune_id.in_(commune_ids),
            Closure.until_at > now,
            Closure.called_off_at.is_(None),
            Hold.until_at > now,
            Booking.status.in_(CANCELLABLE),
        )
        .group_by(Closure.id)
    )
    return {row.id: row.number for row in rows}


def closures_between(kit_ids: Sequence[int], from_at: datetime, until_at: datetime) -> Sequence[Row[Any]]:
    """Every closure that touches one of the kits in this time, once for each of these kits.

    Rows of ``kit_id``, ``from_at``, ``until_at`` and ``reason``.
    """
    return read(
        select(Kit.id.label("kit_id"), Closure.from_at, Closure.until_at, Closure.reason)
        .join(Kit, _its_kits)
        .where(
            Kit.id.in_(kit_ids),
            Closure.from_at < until_at,
            Closure.until_at > from_at,
            Closure.called_off_at.is_(None),
        )
        .order_by(Closure.from_at, Closure.id, Kit.id)
    )


@dataclass(frozen=True)
class ToSettle:
    """A booking that overlaps a closure, and the kits that are free at its time, the nearest first."""

    booking: Booking
    kits: list[KitFacts]

    @property
    def can_be_settled(self) -> bool:
        """False once the kit is out."""
        return self.booking.status in CANCELLABLE


def to_settle(commune: CommuneFacts, kit_code: str, span: Span, *, now: datetime) -> list[ToSettle]:
    """The bookings that overlap this time on the kit of this code ("": on any of the commune's), by pick-up."""
    kit_ids = [kit.id for kit in commune.kits if kit_code in ("", kit.code)]
    bookings = bookings_in(kit_ids, max(span.from_at, now), span.until_at)
    if not bookings:
        return []
    # At another place, pick-up may have to be earlier and return later.
    around = Span(
        min(b.pick_up_at for b in bookings) - timedelta(days=1),
        max(b.return_at for b in bookings) + timedelta(days=1),
    )
    lines = time_lines((kit.id for kit in commune.kits), around)
    homes = _places_of_villages(commune.id)
    return [ToSettle(booking, list(_free_kits(commune, booking, lines, homes, now=now))) for booking in bookings]


def _free_kits(
    commune: CommuneFacts,
    booking: Booking,
    lines: dict[int, list[Span]],
    homes: dict[str, int],
    *,
    now: datetime,
) -> Iterator[KitFacts]:
    """Those at the booking's place first, then those at the place of the household's village."""
    if booking.status not in WITHDRAWABLE:
        return
    home = homes.get(search_key(booking.household.village))
    nearest = sorted(commune.kits, key=lambda kit: (kit.place != booking.place.name, kit.place_id != home, kit.code))
    for kit in nearest:
        slot = kit.timetable.slot(booking.day, slug(booking.slot_name))
        is_same_time = slot and slot.on_air == Span(booking.from_at, booking.until_at) and slot.hold.from_at > now
        if slot and is_same_time and not any(slot.hold.overlaps(held) for held in lines[kit.id]):
            yield kit


def _places_of_villages(commune_id: int) -> dict[str, int]:
    rows = read(
        select(Village.name, Village.place_id)
        .join(Place, Place.id == Village.place_id)
        .where(Place.commune_id == commune_id)
    )
    return {search_key(name): place_id for name, place_id in rows}


@dataclass(frozen=True)
class ProposedHoliday:
    """A holiday of the year ahead for which the commune is not closed yet."""

    commune: SeenCommune
    holiday: Holiday

    @property
    def key(self) -> str:
        return f"{self.commune.slug}/{self.holiday.first}"

    @property
    def span(self) -> Span:
        return Span(local(self.holiday.first, time()), local(self.holiday.last + timedelta(days=1), time()))


def proposed_holidays(communes: Sequence[SeenCommune], *, now: datetime) -> list[ProposedHoliday]:
    """For each commune the holidays of the next 365 days that no closure of the whole commune overlaps."""
    ids = [commune.id for commune in communes]
    closed: dict[int, list[Span]] = {commune_id: [] for commune_id in ids}
    whole = select(Closure.commune_id, Closure.from_at, Closure.until_at).where(
        Closure.commune_id.in_(ids),
        Closure.kit_id.is_(None),
        Closure.called_off_at.is_(None),
        Closure.until_at > now,
    )
    for commune_id, from_at, until_at in read(whole):
        closed[commune_id].append(Span(from_at, until_at))
    today = local_day(now)
    holidays = public_holidays(today + timedelta(days=1), today + A_YEAR)
    proposed = [ProposedHoliday(commune, holiday) for commune in communes for holiday in holidays]
    return [one for one in proposed if not any(one.span.overlaps(span) for span in closed[one.commune.id])]
