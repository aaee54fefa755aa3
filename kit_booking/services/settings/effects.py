"""What a change of a commune's settings would mean, worked out on what is booked and shown right now."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, select

from kit_booking.database import read
from kit_booking.domain.local_time import local_day
from kit_booking.domain.policy import Policy
from kit_booking.domain.settings import CommuneSettings
from kit_booking.domain.slots import Slot, Window, window
from kit_booking.domain.standing import standing
from kit_booking.domain.status import AHEAD, LIVE, Status
from kit_booking.domain.text import slug
from kit_booking.models import Booking, Household, Message, MessageState, WaitingEntry, WaitingState
from kit_booking.services.communes.facts import CommuneFacts, KitFacts, commune_facts
from kit_booking.services.communes.fortnight import fortnight
from kit_booking.services.communes.schedule import SlotState

OLDEST = timedelta(days=500)
"""Strikes that are older decide nothing, whatever a commune sets."""


@dataclass(frozen=True)
class OfKit:
    """A slot of one kit, to be named on the page."""

    kit_code: str
    place: str
    slot: Slot


@dataclass(frozen=True)
class NotShown:
    """A planned slot for which the kit can't be picked up or returned, and on which weekdays."""

    place: str
    name: str
    weekdays: tuple[int, ...]


@dataclass(frozen=True)
class Effect:
    """What would be otherwise; numbers of what stays are there to reassure."""

    vanish: tuple[OfKit, ...]
    """Slots that can be asked for now and could not be any more."""
    appear: tuple[OfKit, ...]
    a_week: tuple[int, int]
    """Slots of all kits together in the seven days from `first`, before and after."""
    first: date
    not_shown: tuple[NotShown, ...]
    window: tuple[Window, Window]
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


def effect_of(commune_id: int, old: CommuneSettings, new: CommuneSettings, first: date, *, now: datetime) -> Effect:
    """What changing ``old`` into ``new`` would mean; ``first`` is the day from which it counts."""
    before = _with(commune_facts(commune_id, old.version), old)
    after = _with(before, new)
    free, would_be_free = _free(before, now=now), _free(after, now=now)
    bookings = _bookings(commune_id, now=now)
    newly_paused, no_longer = _paused(commune_id, old.policy, new.policy, now=now)
    return Effect(
        vanish=tuple(slot for key, slot in free.items() if key not in would_be_free),
        appear=tuple(slot for key, slot in would_be_free.items() if key not in free),
        a_week=(_a_week(before, first), _a_week(after, first)),
        first=first,
        not_shown=tuple(_not_shown(after, first)),
        window=(window(old.policy, now=now), window(new.policy, now=now)),
        bookings=len(bookings),
        unlike=sum(_is_there(before, booking) and not _is_there(after, booking) for booking in bookings),
        requests=sum(booking.status == Status.REQUESTED for booking in bookings),
        from_others=sum(booking.home_id != commune_id for booking in bookings),
        over_quota=_over_quota(commune_id, new.policy.most_ahead, now=now),
        newly_paused=newly_paused,
        no_longer_paused=no_longer,
        waits_in_vain=_waits_in_vain(commune_id, before, after, now=now),
        queued_texts=_queued_texts(commune_id),
    )


def _with(commune: CommuneFacts, settings: CommuneSettings) -> CommuneFacts:
    """The commune as these settings would make it."""

    def kit_with(kit: KitFacts) -> KitFacts:
        place = settings.place(kit.place_id)
        timetable = replace(
            kit.timetable,
            plans=settings.plans,
            office=settings.office,
            policy=settings.policy,
            handover=place.handover if place else kit.timetable.handover,
        )
        return replace(kit, timetable=timetable)

    return replace(commune, policy=settings.policy, kits=tuple(kit_with(kit) for kit in commune.kits))


Key = tuple[str, str, datetime, datetime]


def _free(commune: CommuneFacts, *, now: datetime) -> dict[Key, OfKit]:
    """What can be asked for right now; two slots are the same when their names and times on air are."""
    return {
        (kit.code, slot.key, slot.on_air.from_at, slot.on_air.until_at): OfKit(kit.code, kit.place, slot)
        for kit, slot, state, _code in fortnight(commune, now=now).seen()
        if state is SlotState.FREE
    }


def _a_week(commune: CommuneFacts, first: date) -> int:
    return sum(len(kit.timetable.slots_on(day)) for kit in commune.kits for day in _week(first))


def _week(first: date) -> list[date]:
    return [first + timedelta(days=n) for n in range(7)]


def _not_shown(commune: CommuneFacts, first: date) -> Iterator[NotShown]:
    for kit in {kit.place_id: kit for kit in commune.kits}.values():
        missing: dict[str, list[int]] = defaultdict(list)
        for day in sorted(_week(first), key=date.weekday):
            there = {slot.key for slot in kit.timetable.slots_on(day)}
            for line in kit.timetable.plan_on(day):
                if day.weekday() in line.weekdays and slug(line.name) not in there:
                    missing[line.name].append(day.weekday())
        for name, weekdays in missing.items():
            yield NotShown(kit.place, name, tuple(weekdays))


@dataclass(frozen=True)
class _Booked:
    kit_id: int
    status: Status
    day: date
    slot_name: str
    pick_up_at: datetime
    return_at: datetime
    home_id: int


def _bookings(commune_id: int, *, now: datetime) -> list[_Booked]:
    """Those not over, soonest first."""
    columns = (Booking.kit_id, Booking.status, Booking.day, Booking.slot_name, Booking.pick_up_at, Booking.return_at)
    rows = read(
        select(*columns, Household.commune_id)
        .join(Household, Household.id == Booking.household_id)
        .where(Booking.commune_id == commune_id, Booking.status.in_(LIVE), Booking.return_at > now)
        .order_by(Booking.pick_up_at)
    )
    return [_Booked(*row) for row in rows]


def _is_there(commune: CommuneFacts, booking: _Booked) -> bool:
    """Whether the commune has a slot of just these times."""
    kit = next((kit for kit in commune.kits if kit.id == booking.kit_id), None)
    slot = kit.timetable.slot(booking.day, slug(booking.slot_name)) if kit else None
    return slot is not None and (slot.hold.from_at, slot.hold.until_at) == (booking.pick_up_at, booking.return_at)


def _over_quota(commune_id: int, most: int, *, now: datetime) -> int:
    """Households with a booking ahead here that have more of them, in all communes together."""
    is_ahead = and_(Booking.status.in_(AHEAD), Booking.return_at > now)
    here = select(Booking.household_id).where(Booking.commune_id == commune_id, is_ahead)
    return len(
        read(
            select(Booking.household_id)
            .where(Booking.household_id.in_(here), is_ahead)
            .group_by(Booking.household_id)
            .having(func.count() > most)
        )
    )


def _paused(commune_id: int, old: Policy, new: Policy, *, now: datetime) -> tuple[int, int]:
    """How many households of the commune its strikes would newly pause, and how many no longer."""
    if (old.strikes, old.strike_days, old.pause_days) == (new.strikes, new.strike_days, new.pause_days):
        return 0, 0
    strikes: dict[int, list[datetime]] = defaultdict(list)
    lifted: dict[int, datetime | None] = {}
    for household_id, lifted_at, strike_at in read(
        select(Household.id, Household.lifted_at, Booking.strike_at)
        .join(Booking, and_(Booking.household_id == Household.id, Booking.strike_at.is_not(None)))
        .where(Household.commune_id == commune_id, Booking.strike_at > now - OLDEST)
    ):
        strikes[household_id].append(strike_at)
        lifted[household_id] = lifted_at
    changes = Counter(
        tuple(
            bool(standing(of_one, lifted_at=lifted[household_id], policy=policy, now=now).pause)
            for policy in (old, new)
        )
        for household_id, of_one in strikes.items()
    )
    return changes[False, True], changes[True, False]


def _waits_in_vain(commune_id: int, before: CommuneFacts, after: CommuneFacts, *, now: datetime) -> int:
    entries = read(
        select(WaitingEntry.day, WaitingEntry.slot_name).where(
            WaitingEntry.commune_id == commune_id,
            WaitingEntry.state == WaitingState.WAITING,
            WaitingEntry.day >= local_day(now),
        )
    )

    def has(commune: CommuneFacts, day: date, name: str) -> bool:
        return any(kit.timetable.slot(day, slug(name)) for kit in commune.kits)

    return sum(has(before, day, name) and not has(after, day, name) for day, name in entries)


def _queued_texts(commune_id: int) -> int:
    """Texts about the commune's bookings that are written and not sent yet."""
    return int(
        read(
            select(func.count(Message.id))
            .join(Booking, Booking.id == Message.booking_id)
            .where(Message.state == MessageState.QUEUED, Booking.commune_id == commune_id)
        )[0][0]
    )
