"""Whether a household may ask for a slot: every reason against it at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from kit_booking.domain.booking.standing import GOOD_STANDING, Standing
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.slots import Slot, opens_at

CODE_LETTERS = "23456789ABCDEFGHJKMNPQRTUVWXYZ"
"""What the random part of a booking's code is made of: nothing that is easily taken for something else."""


class Reason(StrEnum):
    TAKEN = "taken"
    CLOSED = "closed"
    TOO_LATE = "too_late"
    NOT_OPEN = "not_open"
    AHEAD = "ahead"
    PEAK_AHEAD = "peak_ahead"
    """It has as many peak slots ahead as it may."""
    NUMBER = "number"
    """The households of its number together have as many as they may."""
    WEEK = "week"
    PEAK_WEEK = "peak_week"
    NO_CLERK = "no_clerk"
    PAUSED = "paused"
    OTHERS = "others"
    OWN = "own"
    """The household has another booking at the same time."""


OF_THE_SLOT = frozenset({Reason.TAKEN, Reason.CLOSED, Reason.OWN})
"""What nobody can override: the kit is not free, or the household is busy itself."""


OF_THE_HOUSEHOLD = frozenset(
    {Reason.AHEAD, Reason.PEAK_AHEAD, Reason.NUMBER, Reason.WEEK, Reason.PEAK_WEEK, Reason.PAUSED, Reason.OWN}
)
"""What its own bookings explain."""


@dataclass(frozen=True)
class Refusal:
    """One reason, with the moment or the number that explains it."""

    reason: Reason
    at: datetime | None = None
    most: int | None = None


@dataclass(frozen=True)
class Booked:
    """What a household has by now; counted in all communes together."""

    ahead: int
    """Bookings asked for, offered or approved, but those of peak slots."""
    in_week: int
    """Such bookings with their pick-up in the calendar week of the slot; those given up too late count too."""
    peak_ahead: int = 0
    peak_in_week: int = 0
    """The same of peak slots."""
    standing: Standing = GOOD_STANDING
    of_number: int = 0
    """Bookings asked for, offered or approved of all households of its number, its own included."""
    has_same_time: bool = False
    """One of its live bookings, on whichever kit, is on air at the time of the slot."""
    is_from_here: bool = True
    """The slot is one of its home commune."""

    @property
    def all_ahead(self) -> int:
        return self.ahead + self.peak_ahead


def refusals(
    slot: Slot,
    *,
    taken: Reason | None,
    has_clerk: bool,
    booked: Booked | None,
    policy: Policy,
    now: datetime,
) -> Iterator[Refusal]:
    """Every reason why the slot can't be asked for; none means it can.

    ``taken`` is TAKEN or CLOSED when the kit's time line is not free; ``booked`` is None while the household
    is not known yet.
    """
    if taken:
        yield Refusal(taken)
    if booked and booked.has_same_time:
        yield Refusal(Reason.OWN)
    if now >= slot.ask_until_at:
        yield Refusal(Reason.TOO_LATE, at=slot.ask_until_at)
    if now < opens_at(slot.day, policy):
        yield Refusal(Reason.NOT_OPEN, at=opens_at(slot.day, policy))
    if booked and now < slot.hold.from_at - policy.free_for_all:
        yield from _over_quota(slot, booked, policy)
    if booked and booked.all_ahead < booked.of_number >= policy.most_of_number:
        yield Refusal(Reason.NUMBER, most=policy.most_of_number)
    if booked and booked.standing.pause:
        yield Refusal(Reason.PAUSED, at=booked.standing.pause.until_at)
    if booked and not (booked.is_from_here or policy.open_to_others):
        yield Refusal(Reason.OTHERS)
    if not has_clerk:
        yield Refusal(Reason.NO_CLERK)


def _over_quota(slot: Slot, booked: Booked, policy: Policy) -> Iterator[Refusal]:
    ahead, in_week = (booked.peak_ahead, booked.peak_in_week) if slot.is_peak else (booked.ahead, booked.in_week)
    most = policy.most_ahead_of(is_peak=slot.is_peak)
    if ahead >= most:
        yield Refusal(Reason.PEAK_AHEAD if slot.is_peak else Reason.AHEAD, most=most)
    if in_week >= policy.most_a_week:
        yield Refusal(Reason.PEAK_WEEK if slot.is_peak else Reason.WEEK, most=policy.most_a_week)


def week_of(day: date) -> tuple[date, date]:
    """The Monday of the day's week and the Monday after it."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)
