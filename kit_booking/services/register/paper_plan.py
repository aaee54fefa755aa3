"""What a paper register would change: who of it is known, which bookings fit, and every reason why not."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.domain.booking import Booked, Refusal, refusals, week_of
from kit_booking.domain.local_time import local_day
from kit_booking.domain.paper_register import Column, Fault, Problem, Row, Sheet, is_called
from kit_booking.domain.slots import Slot
from kit_booking.domain.text import search_key, slug
from kit_booking.models import Booking, Hold, Household
from kit_booking.services.communes.facts import CommuneFacts, KitFacts
from kit_booking.services.communes.slots import BookableSlot
from kit_booking.services.timeline.standing import booked

A_BATCH = 500
Key = int | str
"""A household: its id or, while it is new, what it is known by."""


@dataclass(frozen=True)
class PlannedBooking:
    row: Row
    household: Key
    slot: BookableSlot
    breaks_rules: bool


@dataclass
class Plan:
    """Without problems, and with a reason where rules are broken, it can be carried out."""

    problems: list[Problem] = field(default_factory=list)
    broken: list[tuple[int, Refusal]] = field(default_factory=list)
    """The lines of bookings that a rule stands against."""
    renamed: list[tuple[int, str]] = field(default_factory=list)
    """Lines whose number belongs to a household of another name, and that name; empty for other communes'."""
    new: dict[str, Row] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    bookings: list[PlannedBooking] = field(default_factory=list)
    there: int = 0
    """Bookings that exist already."""
    past: int = 0
    """Bookings whose time has come already; they are passed over."""


def plan(session: Session, commune: CommuneFacts, read: Sheet, *, now: datetime) -> Plan:
    """Only reads. Under the locks of the commune's kits and the known households it stays true."""
    made = Plan(problems=list(read.problems))
    people = _People(session, commune.id, read.rows)
    kits = _TimeLines(session, commune, now=now)
    ahead: Counter[Key] = Counter()
    weeks: Counter[tuple[Key, date]] = Counter()
    for row in read.rows:
        household = people.of(row, made)
        if row.day is None:
            continue
        if row.day < local_day(now):
            made.past += 1
            continue
        found = _slot_of(commune, row, made.problems)
        if found is None:
            continue
        if found.slot.hold.from_at <= now:
            made.past += 1
        elif kits.take(found, household, row, made):
            week = household, week_of(found.slot.day)[0]
            has = _has(session, commune, household, found.slot, now=now)
            has = replace(has, ahead=has.ahead + ahead[household], in_week=has.in_week + weeks[week])
            against = list(
                refusals(found.slot, taken=None, has_clerk=True, booked=has, policy=commune.policy, now=now)
            )
            made.broken += [(row.line, refusal) for refusal in against]
            made.bookings.append(PlannedBooking(row, household, found, bool(against)))
            ahead[household] += 1
            weeks[week] += 1
    made.problems.sort(key=lambda problem: problem.line)
    return made


def _has(session: Session, commune: CommuneFacts, household: Key, slot: Slot, *, now: datetime) -> Booked:
    if isinstance(household, str):
        return Booked(0, 0)
    policy = commune.policy
    return booked(session, household, slot.hold.from_at, commune_id=commune.id, policy=policy, now=now)


class _People:
    """Who is known by which number, or by which name and village of the commune."""

    def __init__(self, session: Session, commune_id: int, rows: Sequence[Row]) -> None:
        self.by_number: dict[str, tuple[Key, str]] = {}
        self.by_name: dict[tuple[str, str], Key] = {}
        known = select(Household.id, Household.name, Household.village, Household.phone, Household.commune_id).where(
            Household.erased_at.is_(None)
        )
        numbers = sorted({row.phone for row in rows if row.phone})
        for start in range(0, len(numbers), A_BATCH):
            of_numbers = known.where(Household.phone.in_(numbers[start : start + A_BATCH]))
            for one in session.execute(of_numbers.order_by(Household.id)):
                shown = one.name if one.commune_id == commune_id else ""
                self.by_number.setdefault(one.phone, (one.id, shown))
        for one in session.execute(known.where(Household.commune_id == commune_id).order_by(Household.id)):
            self.by_name.setdefault((search_key(one.name), search_key(one.village)), one.id)

    def of(self, row: Row, made: Plan) -> Key:
        name = search_key(row.name), search_key(row.village)
        if row.phone in self.by_number:
            key, known_name = self.by_number[row.phone]
            if search_key(known_name) != name[0]:
                made.renamed.append((row.line, known_name))
        else:
            key = self.by_name.get(name, f"line {row.line}")
        if isinstance(key, int):
            made.known.add(key)
        else:
            made.new.setdefault(key, row)
        self.by_name.setdefault(name, key)
        if row.phone:
            self.by_number.setdefault(row.phone, (key, row.name))
        return key


def _slot_of(commune: CommuneFacts, row: Row, problems: list[Problem]) -> BookableSlot | None:
    kit = _kit_of(commune, row, problems)
    if kit is None or row.day is None:
        return None
    slot = next((slot for slot in kit.timetable.slots_on(row.day) if is_called(row.slot, slot)), None)
    if slot is None:
        problems.append(Problem(row.line, Column.SLOT, Fault.NO_SUCH_SLOT, row.slot[:40]))
        return None
    return BookableSlot(commune, kit, slot)


def _kit_of(commune: CommuneFacts, row: Row, problems: list[Problem]) -> KitFacts | None:
    """The kit of this code or, where one stands alone, of this place; without a word the only one there is."""
    typed = slug(row.kit)
    kits = [kit for kit in commune.kits if not typed or typed in (slug(kit.code), slug(kit.place))]
    if len(kits) == 1:
        return kits[0]
    problems.append(Problem(row.line, Column.KIT, Fault.WHICH_KIT if kits else Fault.NO_SUCH_KIT, row.kit[:40]))
    return None


@dataclass(frozen=True)
class _Held:
    from_at: datetime
    until_at: datetime
    household: Key | None
    """None: closed."""
    pick_up_at: datetime | None
    line: int = 0
    """Of the sheet; 0 for what the database holds already."""


class _TimeLines:
    """What holds each kit from now on, with what the sheet adds to it; no two of a kit overlap."""

    def __init__(self, session: Session, commune: CommuneFacts, *, now: datetime) -> None:
        self._held: dict[int, list[_Held]] = defaultdict(list)
        rows = session.execute(
            select(Hold.kit_id, Hold.from_at, Hold.until_at, Booking.household_id, Booking.pick_up_at)
            .outerjoin(Booking, Booking.id == Hold.booking_id)
            .where(Hold.kit_id.in_([kit.id for kit in commune.kits]), Hold.until_at > now)
            .order_by(Hold.until_at)
        )
        for row in rows:
            self._held[row.kit_id].append(_Held(*row[1:]))

    def take(self, found: BookableSlot, household: Key, row: Row, made: Plan) -> bool:
        """Whether the row has the slot to itself; else it is there already, or a problem."""
        held, span = self._held[found.kit.id], found.slot.hold
        place = bisect_right(held, span.from_at, key=lambda one: one.until_at)
        other = held[place] if place < len(held) and held[place].from_at < span.until_at else None
        if other is None:
            held.insert(place, _Held(span.from_at, span.until_at, household, span.from_at, row.line))
            return True
        if other.household == household and other.pick_up_at == span.from_at:
            made.there += 1
        elif other.household is None:
            made.problems.append(Problem(row.line, Column.SLOT, Fault.CLOSED, row.slot))
        elif other.line:
            made.problems.append(Problem(row.line, Column.SLOT, Fault.CLASH, str(other.line)))
        else:
            made.problems.append(Problem(row.line, Column.SLOT, Fault.TAKEN, row.slot))
        return False
