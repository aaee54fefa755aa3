"""A household's standing: its strikes, and whether they or a late kit pause its requests."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kit_booking.domain.policy import Policy

TOO_LATE = timedelta(hours=24)
"""A kit kept for longer than this past its return pauses until it is back."""


@dataclass(frozen=True)
class Pause:
    from_at: datetime
    until_at: datetime | None
    """None: until the kit is back."""


@dataclass(frozen=True)
class Standing:
    strikes: tuple[datetime, ...] = ()
    """The strikes that count, the oldest first."""
    counts_until_at: datetime | None = None
    """When the oldest of them stops counting."""
    pause: Pause | None = None


GOOD_STANDING = Standing()


def standing(
    strikes: Iterable[datetime],
    *,
    late_since_at: datetime | None = None,
    lifted_at: datetime | None = None,
    policy: Policy,
    now: datetime,
) -> Standing:
    """What no-shows and late cancellations come to.

    When the limit of strikes is reached, one pause starts and these strikes no longer count; bookings stay.
    ``late_since_at`` is the return time of a kit that is still out; ``lifted_at`` is when staff last lifted
    a pause, which ends every one that began before.
    """
    counts = timedelta(days=policy.strike_days)
    unspent: list[datetime] = []
    pause: Pause | None = None
    for strike in sorted(strikes):
        unspent = [earlier for earlier in unspent if strike - earlier < counts] + [strike]
        if len(unspent) >= policy.strikes:
            unspent, pause = [], Pause(strike, strike + timedelta(days=policy.pause_days))
    if pause and pause.until_at and (now >= pause.until_at or _is_lifted(pause, lifted_at)):
        pause = None
    if late_since_at and now - late_since_at > TOO_LATE:
        late = Pause(late_since_at + TOO_LATE, None)
        pause = pause if _is_lifted(late, lifted_at) else late
    running = tuple(strike for strike in unspent if now - strike < counts)
    return Standing(running, running[0] + counts if running else None, pause)


def is_late_to_cancel(
    *,
    pick_up_at: datetime,
    approved_at: datetime | None,
    moved_at: datetime | None,
    chosen_at: datetime | None = None,
    policy: Policy,
    now: datetime,
) -> bool:
    """Whether giving the booking up now is a strike: never before it was approved, nor after the commune moved it.

    ``chosen_at`` is when the household itself last changed it to another slot: that ends these exceptions.
    """

    def came_last(at: datetime | None) -> bool:
        return at is not None and (chosen_at is None or at > chosen_at)

    if approved_at is None or came_last(moved_at) or now <= pick_up_at - policy.late_cancel:
        return False
    return not came_last(approved_at) or now - approved_at > SECOND_THOUGHTS


SECOND_THOUGHTS = timedelta(minutes=30)
"""So long after the approval a booking can be given up whatever the time is."""


def _is_lifted(pause: Pause, lifted_at: datetime | None) -> bool:
    return lifted_at is not None and lifted_at >= pause.from_at
