"""What taking over a paper register would change: known and new households, bookings, and what prevents them."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kit_booking.domain.booking.refusals import Booked, Refusal, refusals, week_of
from kit_booking.domain.register.paper_cells import is_called
from kit_booking.domain.register.paper_register import CellProblem, Column, Fault, RegisterRow
from kit_booking.domain.text import slug
from kit_booking.domain.time.local_time import local_day
from kit_booking.domain.time.slots import Slot, Timetable
from kit_booking.models import Booking, Hold
from kit_booking.services.communes.facts import CommuneFacts, KitFacts
from kit_booking.services.communes.slots import BookableSlot
from kit_booking.services.register.paper_people import Key, People
from kit_booking.services.timeline.standing import booked


@dataclass(frozen=True)
class PlannedBooking:
    row: RegisterRow
    household: Key
    slot: BookableSlot
    breaks_rules: bool = False
    is_history: bool = False
    """Its time is over: the kit was borrowed and brought back."""


@dataclass
class RegisterPlan:
    """A line that has a problem is left out; where rules are broken the clerk gives a reason."""

    people: People
    rows: list[RegisterRow]
    problems: list[CellProblem]
    broken: list[tuple[int, Refusal]] = field(default_factory=list)
    """The lines of bookings that a rule stands against."""
    bookings: list[PlannedBooking] = field(default_factory=list)
    existing: int = 0
    """Bookings that exist already."""
    past: int = 0
    """Bookings whose time is over."""

    @property
    def history(self) -> int:
        return sum(planned.is_history for planned in self.bookings)

    @property
    def bad_lines(self) -> set[int]:
        return {problem.line for problem in self.problems}


def plan(
    session: Session,
    commune: CommuneFacts,
    rows: Sequence[RegisterRow],
    problems: Sequence[CellProblem],
    people: People,
    *,
    takes_history: bool,
    now: datetime,
) -> RegisterPlan:
    """Only reads. Under the locks of the commune's kits and the known households nothing of it changes.

    ``takes_history`` plans what is over as returned; else it is left out.
    """
    made = RegisterPlan(people, list(rows), list(problems))
    bad = made.bad_lines
    people.load(session, commune.id, rows)
    kits = _TimeLines(session, commune, now=now)
    history = _History(session, commune, rows, local_day(now))
    lines_of: dict[Key, list[int]] = defaultdict(list)
    added: dict[Key, list[Slot]] = defaultdict(list)
    for row in rows:
        bookable = _slot_of(commune, row, made.problems, now=now) if row.day else None
        if row.line in bad or (row.day and bookable is None):
            continue
        household = people.household_of(row)
        if household is not None:
            lines_of[household].append(row.line)
        if household is None:
            made.problems.append(CellProblem(row.line, Column.NAME, Fault.WHO, row.name[:40]))
        elif bookable and bookable.slot.hold.until_at <= now:
            made.past += 1
            if takes_history and history.add(bookable, household):
                made.bookings.append(PlannedBooking(row, household, bookable, is_history=True))
        elif bookable and bookable.slot.hold.from_at <= now:
            made.problems.append(CellProblem(row.line, Column.DAY, Fault.PAST, row.slot[:40]))
        elif bookable and kits.reserve(bookable, household, row, made):
            slot = bookable.slot
            has = _with(added[household], _booked(session, commune, household, slot, now=now), slot)
            against = list(refusals(slot, taken=None, has_clerk=True, booked=has, policy=commune.policy, now=now))
            made.broken += [(row.line, refusal) for refusal in against]
            made.bookings.append(PlannedBooking(row, household, bookable, bool(against)))
            added[household].append(slot)
    made.problems.sort(key=lambda problem: problem.line)
    bad = made.bad_lines
    for household, lines in lines_of.items():
        if bad.issuperset(lines):
            people.new.pop(household, None)
            people.numbers.pop(household, None)
    return made


def _with(added: Sequence[Slot], has: Booked, slot: Slot) -> Booked:
    """What a household has with the slots that the sheet adds, in all and in the week of ``slot``."""
    peak = sum(one.is_peak for one in added)
    in_week = [one for one in added if week_of(one.day) == week_of(slot.day)]
    peak_in_week = sum(one.is_peak for one in in_week)
    return replace(
        has,
        ahead=has.ahead + len(added) - peak,
        in_week=has.in_week + len(in_week) - peak_in_week,
        peak_ahead=has.peak_ahead + peak,
        peak_in_week=has.peak_in_week + peak_in_week,
    )


def _booked(session: Session, commune: CommuneFacts, household: Key, slot: Slot, *, now: datetime) -> Booked:
    if isinstance(household, str):
        return Booked(0, 0)
    policy = commune.policy
    return booked(
        session, household, slot.hold.from_at, commune_id=commune.id, policy=policy, now=now, on_air=slot.on_air
    )


def _slot_of(
    commune: CommuneFacts, row: RegisterRow, problems: list[CellProblem], *, now: datetime
) -> BookableSlot | None:
    kit = _kit_of(commune, row, problems)
    if kit is None or row.day is None:
        return None
    timetable = _before(kit.timetable) if row.day < local_day(now) else kit.timetable
    slot = next((slot for slot in timetable.slots_on(row.day) if is_called(row.slot, slot)), None)
    if slot is None:
        problems.append(CellProblem(row.line, Column.SLOT, Fault.NO_SUCH_SLOT, row.slot[:40]))
        return None
    return BookableSlot(commune, kit, slot)


@lru_cache(maxsize=64)
def _before(timetable: Timetable) -> Timetable:
    """With the oldest plan also for the time before it: paper knew the slots before the program did."""
    if not timetable.plans:
        return timetable
    (_valid_from, oldest), *later = timetable.plans
    return replace(timetable, plans=((date.min, oldest), *later))


def _kit_of(commune: CommuneFacts, row: RegisterRow, problems: list[CellProblem]) -> KitFacts | None:
    """The kit of this code, of its number ("Bộ 2") or, if it has only one, of this place.

    An empty cell means the commune's only kit.
    """
    typed = slug(row.kit).removeprefix("bo-").removeprefix("so-")
    kits = [kit for kit in commune.kits if not typed or typed in (slug(kit.code), slug(kit.place))]
    kits = kits or [kit for kit in commune.kits if typed == slug(kit.code).rpartition("-")[2]]
    if len(kits) == 1:
        return kits[0]
    problems.append(CellProblem(row.line, Column.KIT, Fault.WHICH_KIT if kits else Fault.NO_SUCH_KIT, row.kit[:40]))
    return None


class _History:
    """What the households have borrowed before by the program's own records."""

    def __init__(self, session: Session, commune: CommuneFacts, rows: Sequence[RegisterRow], today: date) -> None:
        days = [row.day for row in rows if row.day and row.day <= today]
        self._had: set[tuple[Key, date, str]] = set()
        if days:
            known = select(Booking.household_id, Booking.day, Booking.slot_name).where(
                Booking.kit_id.in_([kit.id for kit in commune.kits]), Booking.day.between(min(days), max(days))
            )
            self._had = {(row.household_id, row.day, row.slot_name) for row in session.execute(known)}

    def add(self, bookable: BookableSlot, household: Key) -> bool:
        """False if it is known already."""
        key = household, bookable.slot.day, bookable.slot.name
        is_new = key not in self._had
        self._had.add(key)
        return is_new


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
