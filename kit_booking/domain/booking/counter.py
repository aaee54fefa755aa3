"""At the counter: what was handed over and taken back, in which state, and when that can have been."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from kit_booking.domain.time.local_time import local, local_day


class Direction(StrEnum):
    OUT = "out"
    BACK = "back"


@dataclass(frozen=True)
class CheckedPart:
    """One line of the list: how many there should be, how many there were, and whether they work."""

    name: str
    expected: int
    count: int
    is_broken: bool = False

    @property
    def missing(self) -> int:
        return max(0, self.expected - self.count)

    @property
    def has_fault(self) -> bool:
        return self.is_broken or self.missing > 0


def has_fault(parts: Iterable[CheckedPart]) -> bool:
    return any(part.has_fault for part in parts)


def earliest_out(pick_up_at: datetime) -> datetime:
    """A kit goes out on the day of its pick-up, perhaps before the hour, but not on an earlier day."""
    return local(local_day(pick_up_at), time())


class TimeProblem(StrEnum):
    """Why it can't have happened at that time."""

    AHEAD = "ahead"
    TOO_EARLY = "too_early"
    """Before the day of the pick-up; or it came back before it went out."""
    OVER = "over"
    """Handed over when it should have been back."""


def time_problem(
    happened_at: datetime, *, not_before: datetime, before: datetime | None = None, now: datetime
) -> TimeProblem | None:
    if happened_at > now:
        return TimeProblem.AHEAD
    if happened_at < not_before:
        return TimeProblem.TOO_EARLY
    if before is not None and happened_at >= before:
        return TimeProblem.OVER
    return None
