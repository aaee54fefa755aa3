"""What a change of a commune's settings would mean for the bookings and free slots of right now."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, select

from kit_booking.database import read
from kit_booking.domain.booking.standing import standing
from kit_booking.domain.booking.status import AHEAD, LIVE, Status
from kit_booking.domain.policy import Policy
from kit_booking.domain.settings import CommuneSettings
from kit_booking.domain.text import slug
from kit_booking.domain.time.local_time import local_day
from kit_booking.domain.time.slots import Timetable, Window, window
from kit_booking.models import Booking, Household, Message, MessageState, WaitingEntry, WaitingState
from kit_booking.services.communes.facts import CommuneFacts, KitFacts, commune_facts
from kit_booking.services.communes.fortnight import SlotView, fortnight
from kit_booking.services.communes.schedule import SlotState

OLDEST = timedelta(days=500)
"""Strikes that are older decide nothing, whatever a commune sets."""


@dataclass(frozen=True)
class NotShown:
    """A planned slot for which the kit can't be picked up or returned, and on which weekdays."""

    place: str
    name: str
    weekdays: list[int]


@dataclass(frozen=True)
class Effect:
    """What would change, and how much stays as it is. A pair is before and after."""

    policy: Policy
    """The new one."""
    first: date
    """The day from which the change counts."""
    window: tuple[Window, Window]
    a_week: tuple[int, int]
    """Slots of all kits together in the seven days from `first`."""
    vanish: list[SlotView]
    """Slots that can be asked for now and could not be any more."""
    appear: list[SlotView]
    not_shown: list[NotShown]
    bookings: int
    """Made already and not over; they all stay as they are."""
    unlike: int
    """Of these, those whose slot would not be there any more, or at another time."""
    requests: int
    from_others: int
    """Bookings of households of other communes."""
    over_quota: int
    """Households that have more ahead than they could have."""
    newly_paused: int
    no_longer_paused: int
    waits_in_vain: int
    """Waiting entries for a slot that would not be there any more."""
    queued_texts: int
    """Texts about the commune's bookings that are written and not sent yet."""


def effect_of(old: CommuneSettings, new: CommuneSettings, first: date, *, now: datetime) -> Effect:
    """What changing ``old`` into ``new`` would mean; ``first`` is the day from which it counts."""
    commune_id = old.commune_id
    before = _with(commune_facts(commune_id, old.version), old)
    after = _with(before, new)
    free, would_be_free = _free(before, now=now), _free(after, now=now)
    bookings = _bookings(commune_id, now=now)
    pauses = _pauses(old, new, now=now)
    week = [first + timedelta(days=n) for n in range(7)]
    return Effect(
        policy=new.policy,
        first=first,
        window=(window(old.policy, now=now), window(new.policy, now=now)),
        a_week=(_count_slots(before, week), _count_slots(after, week)),
        vanish=[slot for key, slot in free.items() if key not in would_be_free],
        appear=[slot for key, slot in would_be_free.items() if key not in free],
        not_shown=list(_not_shown(after, week)),
        bookings=len(bookings),
        unlike=sum(_has_slot_of(before, booking) and not _has_slot_of(after, booking) for booking in bookings),
        requests=sum(booking.status == Status.REQUESTED for booking in bookings),
        from_others=sum(booking.home_id != commune_id for booking in bookings),
        over_quota=_over_quota(commune_id, new.policy, now=now),
        newly_paused=pauses[False, True],
        no_longer_paused=pauses[True, False],
        waits_in_vain=sum(
            _has_slot(before, *entry) and not _has_slot(after, *entry) for entry in _waiting(commune_id, now=now)
        ),
        queued_texts=_queued_texts(commune_id),
    )


def _with(commune: CommuneFacts, settings: CommuneSettings) -> CommuneFacts:
    """The commune as these settings would make it."""

    def kit_with(kit: KitFacts) -> KitFacts:
        place = settings.place(kit.place_id)
        handover = place.handover if place else kit.timetable.handover
        return replace(kit, timetable=Timetable(settings.plans, handover, settings.office, settings.policy))

    return replace(commune, policy=settings.policy, kits=tuple(kit_with(kit) for kit in commune.kits))


def _free(commune: CommuneFacts, *, now: datetime) -> dict[Any, SlotView]:
    """What can be asked for right now; two slots are the same when their names and times on air are."""
    return {
        (view.kit.code, view.slot.key, view.slot.on_air): view
        for view in fortnight(commune, now=now).seen()
        if view.state is SlotState.FREE
    }


def _count_slots(commune: CommuneFacts, days: list[date]) -> int:
    return sum(len(kit.timetable.slots_on(day)) for kit in commune.kits for day in days)


def _not_shown(commune: CommuneFacts, week: list[date]) -> Iterator[NotShown]:
    for kit in {kit.place_id: kit for kit in commune.kits}.values():
        missing: dict[str, list[int]] = defaultdict(list)
        for day in sorted(week, key=date.weekday):
            there = {slot.key for slot in kit.timetable.slots_on(day)}
            for line in kit.timetable.plan_on(day):
                if day.weekday() in line.weekdays and slug(line.name) not in there:
                    missing[line.name].append(day.weekday())
        yield from (NotShown(kit.place, name, weekdays) for name, weekdays in missing.items())


def _bookings(commune_id: int, *, now: datetime) -> Sequence[Row[Any]]:
    """Those not over; ``home_id`` is the commune of the household."""
    columns = (Booking.kit_id, Booking.status, Booking.day, Booking.slot_name, Booking.pick_up_at, Booking.return_at)
    return read(
        select(*columns, Household.commune_id.label("home_id"))
        .join(Household, Household.id == Booking.household_id)
        .where(Booking.commune_id == commune_id, Booking.status.in_(LIVE), Booking.return_at > now)
    )


def _has_slot_of(commune: CommuneFacts, booking: Row[Any]) -> bool:
    """Whether the kit has a slot of just the times of the booking."""
    kit = next((kit for kit in commune.kits if kit.id == booking.kit_id), None)
    slot = kit.timetable.slot(booking.day, slug(booking.slot_name)) if kit else None
    return slot is not None and (slot.hold.from_at, slot.hold.until_at) == (booking.pick_up_at, booking.return_at)


def _over_quota(commune_id: int, policy: Policy, *, now: datetime) -> int:
    """Households with a booking ahead here that have more of either kind, in all communes together."""
    is_ahead = and_(Booking.status.in_(AHEAD), Booking.return_at > now)
    here = select(Booking.household_id).where(Booking.commune_id == commune_id, is_ahead)
    ahead = (
        select(Booking.household_id, Booking.is_peak, func.count().label("bookings"))
        .where(Booking.household_id.in_(here), is_ahead)
        .group_by(Booking.household_id, Booking.is_peak)
    )
    over = (row for row in read(ahead) if row.bookings > policy.most_ahead_of(is_peak=row.is_peak))
    return len({row.household_id for row in over})


def _pauses(old: CommuneSettings, new: CommuneSettings, *, now: datetime) -> Counter[tuple[bool, bool]]:
    """How many households of the commune their strikes pause by the old and by the new numbers."""
    strikes: dict[tuple[int, datetime | None], list[datetime]] = defaultdict(list)
    for row in read(
        select(Household.id, Household.lifted_at, Booking.strike_at)
        .join(Booking, Booking.household_id == Household.id)
        .where(Household.commune_id == old.commune_id, Booking.strike_at > now - OLDEST)
    ):
        strikes[row.id, row.lifted_at].append(row.strike_at)

    def is_paused(policy: Policy, lifted_at: datetime | None, of_one: list[datetime]) -> bool:
        return standing(of_one, lifted_at=lifted_at, policy=policy, now=now).pause is not None

    return Counter(
        (is_paused(old.policy, lifted_at, of_one), is_paused(new.policy, lifted_at, of_one))
        for (_, lifted_at), of_one in strikes.items()
    )


def _waiting(commune_id: int, *, now: datetime) -> Sequence[Row[Any]]:
    return read(
        select(WaitingEntry.day, WaitingEntry.slot_name).where(
            WaitingEntry.commune_id == commune_id,
            WaitingEntry.state == WaitingState.WAITING,
            WaitingEntry.day >= local_day(now),
        )
    )


def _has_slot(commune: CommuneFacts, day: date, name: str) -> bool:
    return any(kit.timetable.slot(day, slug(name)) for kit in commune.kits)


def _queued_texts(commune_id: int) -> int:
    statement = (
        select(func.count(Message.id))
        .join(Booking, Booking.id == Message.booking_id)
        .where(Message.state == MessageState.QUEUED, Booking.commune_id == commune_id)
    )
    return int(read(statement)[0][0])
