"""What came of it, in figures: read from the database at the end."""

from collections import Counter
from dataclasses import dataclass
from datetime import time, timedelta
from statistics import median

from sqlalchemy import Connection, select

from benchmarks.simulation.people import FIRST_DAY, HOUSEHOLDS, KITS, People
from benchmarks.tools.world import Town
from kit_booking.domain.time.local_time import local
from kit_booking.models import AuditEntry, Booking

USED = ("out", "returned")


@dataclass(frozen=True)
class Figures:
    served: float
    """The share of households that had a kit at least once."""
    gini: float
    """Of sessions per household: 0 is all alike, 1 is everything for one."""
    greedy_share: float
    """The share of all sessions that went to the greedy tenth."""
    greedy_evenings: float
    had_evening: float
    """The share of households that had an evening at least once."""
    evening_gini: float
    """Of evenings per household."""
    wait: float
    """Days from a household's first wish to its first session, the median; who never had one waited to the end."""
    used: float
    """The share of all slots in which a kit was really in use."""
    evenings_used: float
    used_again: float
    """The share of slots given up before their pick-up that were used all the same."""
    given_up_late: float
    """Of a hundred bookings that were not given up in time."""
    no_shows: float
    sessions: int
    from_list: int
    """Sessions that came by an offer of the waiting list."""


def figures(connection: Connection, town: Town, people: People) -> Figures:
    rows = [
        row
        for row in connection.execute(select(Booking.__table__).order_by(Booking.id))
        if row.pick_up_at < people.end - timedelta(days=1)
    ]
    begun_as_offer = select(AuditEntry.booking_id).where(AuditEntry.action == "offered")
    offered = set(connection.execute(begun_as_offer).scalars())
    used = [row for row in rows if row.status in USED]
    missed = [row for row in rows if row.status == "no_show"]
    late = [row for row in rows if row.status == "cancelled" and _is_late(row)]
    numbers = [row.household_id - town.households[0] for row in used]
    sessions = Counter(numbers)
    greedy = {n for n, character in enumerate(people.characters) if character.is_greedy}
    evenings = [row.household_id - town.households[0] for row in used if row.slot_name == "Tối"]
    given_up = {
        (row.kit_id, row.pick_up_at)
        for row in rows
        if row.changed_at < row.pick_up_at
        and (row.status == "cancelled" or (row.status == "lapsed" and row.id not in offered))
    }
    again = given_up & {(row.kit_id, row.pick_up_at) for row in used}
    settled = len(used) + len(missed) + len(late)
    return Figures(
        served=len(sessions) / HOUSEHOLDS,
        gini=gini([sessions[n] for n in range(HOUSEHOLDS)]),
        greedy_share=sum(n in greedy for n in numbers) / len(numbers),
        greedy_evenings=sum(n in greedy for n in evenings) / len(evenings),
        had_evening=len(set(evenings)) / HOUSEHOLDS,
        evening_gini=gini([evenings.count(n) for n in range(HOUSEHOLDS)]),
        wait=_wait(used, town, people),
        used=len(used) / (KITS * 4 * (people.days - 1)),
        evenings_used=len(evenings) / (KITS * (people.days - 1)),
        used_again=len(again) / len(given_up) if given_up else 0,
        given_up_late=100 * len(late) / settled,
        no_shows=100 * len(missed) / settled,
        sessions=len(used),
        from_list=sum(row.id in offered for row in used),
    )


def _is_late(row: Booking) -> bool:
    return bool(row.approved_at) and row.pick_up_at - row.changed_at < timedelta(hours=12)


def _wait(used: list[Booking], town: Town, people: People) -> float:
    first_wish = {n: local(FIRST_DAY, time(7)) for n, who in enumerate(people.characters) if who.is_greedy}
    for wish in people.wishes:
        first_wish.setdefault(wish.household, wish.at)
    first_session: dict[int, float] = {}
    for row in sorted(used, key=lambda row: row.pick_up_at):
        number = row.household_id - town.households[0]
        first_session.setdefault(number, (row.pick_up_at - first_wish[number]) / timedelta(days=1))
    return median(first_session.get(n, (people.end - at) / timedelta(days=1)) for n, at in first_wish.items())


def gini(values: list[int]) -> float:
    """The Gini coefficient; 0 where nobody has anything."""
    ordered, total = sorted(values), sum(values)
    if not total:
        return 0.0
    weighted = sum(rank * value for rank, value in enumerate(ordered, 1))
    return 2 * weighted / (len(values) * total) - (len(values) + 1) / len(values)
