"""The waiting list: who is next for a slot that comes free, and why."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

RECENT = timedelta(days=30)
"""Sessions and offers of so many days back count."""


class Why(StrEnum):
    """Why somebody stands before somebody else; in the order in which it counts."""

    PUT_FORWARD = "put_forward"
    ANSWERED = "answered"
    """The other one let an offer run out in the last 30 days."""
    FIRST_TIME = "first_time"
    FEWER = "fewer"
    EARLIER = "earlier"


@dataclass(frozen=True)
class Waiting:
    """One household that waits, with all that decides its place."""

    entry_id: int
    household_id: int
    joined_at: datetime
    had_kit: bool
    """It has had a kit before."""
    sessions: int
    """How often it had one in the last 30 days."""
    let_run_out: bool = False
    """It let an offer run out in the last 30 days."""
    put_forward_at: datetime | None = None
    """When staff put it before all others, with a reason that is on record."""


@dataclass(frozen=True)
class PlaceInQueue:
    """A place in the queue: how many stand before, by the reason why each of them does."""

    before: Counter[Why]

    @property
    def number(self) -> int:
        return 1 + self.before.total()


def in_order(waiting: Iterable[Waiting]) -> list[Waiting]:
    return sorted(waiting, key=_key)


def why_before(first: Waiting, second: Waiting) -> Why:
    """The first reason in which the two differ; `first` is meant to stand before."""
    differences = zip(Why, _key(first), _key(second), strict=False)
    return next((why for why, one, other in differences if one != other), Why.EARLIER)


def place_of(entry_id: int, waiting: Sequence[Waiting]) -> PlaceInQueue:
    """The entry's place; `StopIteration` never happens, because the entry is one of those that wait."""
    queue = in_order(waiting)
    own = next(one for one in queue if one.entry_id == entry_id)
    return PlaceInQueue(Counter(why_before(other, own) for other in queue[: queue.index(own)]))


def _key(one: Waiting) -> tuple[tuple[bool, float], bool, bool, int, datetime, int]:
    forward = one.put_forward_at
    return (
        (forward is None, forward.timestamp() if forward else 0),
        one.let_run_out,
        one.had_kit,
        one.sessions,
        one.joined_at,
        one.entry_id,
    )
