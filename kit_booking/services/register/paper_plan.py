"""What taking over a paper register would change: known and new households, bookings, and what prevents them."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kit_booking.domain.booking.refusals import Booked, Refusal, refusals, week_of
from kit_booking.domain.register.paper_register import CellProblem, Column, Fault, RegisterRow, Sheet, is_called
from kit_booking.domain.text import name_key, search_key, slug
from kit_booking.domain.time.local_time import local_day
from kit_booking.domain.time.slots import Slot
from kit_booking.models import Booking, Hold, Household
from kit_booking.services.communes.facts import CommuneFacts, KitFacts
from kit_booking.services.communes.slots import BookableSlot
from kit_booking.services.timeline.standing import booked

A_BATCH = 500
Key = int | str
"""A household: its id or, while it is new, what it is known by."""


@dataclass(frozen=True)
class PlannedBooking:
    row: RegisterRow
    household: Key
    slot: BookableSlot
    breaks_rules: bool


@dataclass
class RegisterPlan:
    """It can be carried out if it has no problems and, where rules are broken, the clerk gives a reason."""

    problems: list[CellProblem] = field(default_factory=list)
    broken: list[tuple[int, Refusal]] = field(default_factory=list)
    """The lines of bookings that a rule stands against."""
    renamed: list[tuple[int, str]] = field(default_factory=list)
    """Lines whose number belongs to a household of another name, and that name; empty for other communes'."""
    new: dict[str, RegisterRow] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    bookings: list[PlannedBooking] = field(default_factory=list)
    existing: int = 0
    """Bookings that exist already."""
    past: int = 0
    """Bookings whose time has come already; they are left out."""
    is_done: bool = False
    """It was carried out."""


def plan(session: Session, commune: CommuneFacts, sheet: Sheet, *, now: datetime) -> RegisterPlan:
    """Only reads. Under the locks of the commune's kits and the known households nothing of it changes."""
    made = RegisterPlan(problems=list(sheet.problems))
    people = _People(session, commune.id, sheet.rows)
    kits = _TimeLines(session, commune, now=now)
    ahead: Counter[Key] = Counter()
    weeks: Counter[tuple[Key, date]] = Counter()
    for row in sheet.rows:
        household = people.household_of(row, made)
        if row.day is None:
            continue
        if row.day < local_day(now):
            made.past += 1
            continue
        bookable = _slot_of(commune, row, made.problems)
        if bookable is None:
            continue
        slot = bookable.slot
        if slot.hold.from_at <= now:
            made.past += 1
        elif kits.reserve(bookable, household, row, made):
            week = household, week_of(slot.day)[0]
            has = _booked(session, commune, household, slot, now=now)
            has = replace(has, ahead=has.ahead + ahead[household], in_week=has.in_week + weeks[week])
            against = list(refusals(slot, taken=None, has_clerk=True, booked=has, policy=commune.policy, now=now))
            made.broken += [(row.line, refusal) for refusal in against]
            made.bookings.append(PlannedBooking(row, household, bookable, bool(against)))
            ahead[household] += 1
            weeks[week] += 1
    made.problems.sort(key=lambda problem: problem.line)
    return made


def _booked(session: Session, commune: CommuneFacts, household: Key, slot: Slot, *, now: datetime) -> Booked:
    if isinstance(household, str):
        return Booked(0, 0)
    policy = commune.policy
    return booked(
        session, household, slot.hold.from_at, commune_id=commune.id, policy=policy, now=now, on_air=slot.on_air
    )


class _People:
    """The households by number, and those of the commune by name and village, with what the sheet adds."""

    def __init__(self, session: Session, commune_id: int, rows: Sequence[RegisterRow]) -> None:
        self.by_number: dict[str, tuple[Key, str]] = {}
        self.by_name: dict[tuple[str, str], Key] = {}
        known = select(Household.id, Household.name, Household.village, Household.phone, Household.commune_id).where(
            Household.erased_at.is_(None)
        )
        numbers = sorted({row.phone for row in rows if row.phone})
        for start in range(0, len(numbers), A_BATCH):
            of_numbers = known.where(Household.phone.in_(numbers[start : start + A_BATCH]))
            for household in session.execute(of_numbers.order_by(Household.id)):
                name = household.name if household.commune_id == commune_id else ""
                self.by_number.setdefault(household.phone, (household.id, name))
        for household in session.execute(known.where(Household.commune_id == commune_id).order_by(Household.id)):
            self.by_name.setdefault((name_key(household.name), search_key(household.village)), household.id)

    def household_of(self, row: RegisterRow, made: RegisterPlan) -> Key:
        name = name_key(row.name), search_key(row.village)
        if row.phone in self.by_number:
            key, known_name = self.by_number[row.phone]
            if name_key(known_name) != name[0]:
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


def _slot_of(commune: CommuneFacts, row: RegisterRow, problems: list[CellProblem]) -> BookableSlot | None:
    kit = _kit_of(commune, row, problems)
    if kit is None or row.day is None:
        return None
    slot = next((slot for slot in kit.timetable.slots_on(row.day) if is_called(row.slot, slot)), None)
    if slot is None:
        problems.append(CellProblem(row.line, Column.SLOT, Fault.NO_SUCH_SLOT, row.slot[:40]))
        return None
    return BookableSlot(commune, kit, slot)


def _kit_of(commune: CommuneFacts, row: RegisterRow, problems: list[CellProblem]) -> KitFacts | None:
    """The kit of this code or, if it has only one, of this place; an empty cell means the commune's only kit."""
    typed = slug(row.kit)
    kits = [kit for kit in commune.kits if not typed or typed in (slug(kit.code), slug(kit.place))]
    if len(kits) == 1:
        return kits[0]
    problems.append(CellProblem(row.line, Column.KIT, Fault.WHICH_KIT if kits else Fault.NO_SUCH_KIT, row.kit[:40]))
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
            .outerjoin(Booking, Booking.id == func.coalesce(Hold.booking_id, Hold.kept_for_id))
            .where(Hold.kit_id.in_([kit.id for kit in commune.kits]), Hold.until_at > now)
            .order_by(Hold.until_at)
        )
        for row in rows:
            self._held[row.kit_id].append(_Held(row.from_at, row.until_at, row.household_id, row.pick_up_at))

    def reserve(self, bookable: BookableSlot, household: Key, row: RegisterRow, made: RegisterPlan) -> bool:
        """Whether the kit is free, and is held from now on; else the booking exists already, or is a problem."""
        held, span = self._held[bookable.kit.id], bookable.slot.hold
        index = bisect_right(held, span.from_at, key=lambda other: other.until_at)
        other = held[index] if index < len(held) and held[index].from_at < span.until_at else None
        if other is None:
            held.insert(index, _Held(span.from_at, span.until_at, household, span.from_at, row.line))
            return True
        if other.household == household and other.pick_up_at == span.from_at:
            made.existing += 1
            return False
        if other.household is None:
            fault, detail = Fault.CLOSED, row.slot
        elif other.line:
            fault, detail = Fault.CLASH, str(other.line)
        else:
            fault, detail = Fault.TAKEN, row.slot
        made.problems.append(CellProblem(row.line, Column.SLOT, fault, detail))
        return False
