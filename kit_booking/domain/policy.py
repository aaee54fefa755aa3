"""Every number a commune may change, with its default."""

from dataclasses import dataclass, fields, replace
from datetime import time, timedelta
from typing import Any, Self


@dataclass(frozen=True)
class Policy:
    """One commune's numbers. Stored as its differences from these defaults."""

    window_days: int = 14
    """Slots can be asked for today and so many days ahead."""
    day_opens: time = time(7, 0)
    """When the last day of the window opens."""
    lead_minutes: int = 120
    """A slot can be asked for until so long before its pick-up."""
    handover_minutes: int = 15
    """The kit is picked up this long before going on air and returned this long after."""
    answer_office_hours: int = 8
    """A request is answered within so many office hours."""
    approve_on_silence: bool = False
    """A request that nobody answered in time is approved instead of lapsing."""
    open_to_others: bool = True
    """Households of other communes may ask, too."""
    most_ahead: int = 2
    most_a_week: int = 2
    late_cancel_hours: int = 12
    """Giving an approved booking up later than so long before its pick-up is a strike."""
    no_show_minutes: int = 30
    """So long after the pick-up time staff are asked whether nobody came."""
    strikes: int = 2
    """So many strikes within `strike_days` pause new requests for `pause_days`."""
    strike_days: int = 60
    pause_days: int = 14
    offer_hours: int = 4
    """A slot that came free is held so long for the first who waits; quiet hours don't count."""
    most_waiting: int = 3
    """A household waits for so many slots at a time."""
    day_reminder: time = time(18, 0)
    """When the reminder of the day before is sent."""
    soon_reminder_minutes: int = 120
    """The second reminder is sent this long before the pick-up."""
    keep_days: int = 365
    """So long after it last booked, waited or signed in, a household's name and numbers are kept."""
    quiet_from: time = time(21, 0)
    quiet_until: time = time(6, 30)
    sms_budget: int = 0
    """What texts are meant to cost in a month at most, in đồng; staff are warned. 0: nothing is meant."""

    @property
    def lead(self) -> timedelta:
        return timedelta(minutes=self.lead_minutes)

    @property
    def late_cancel(self) -> timedelta:
        return timedelta(hours=self.late_cancel_hours)

    @property
    def no_show(self) -> timedelta:
        return timedelta(minutes=self.no_show_minutes)

    @property
    def handover(self) -> timedelta:
        return timedelta(minutes=self.handover_minutes)

    @classmethod
    def of(cls, changes: dict[str, Any]) -> Self:
        """The defaults with what a commune changed; times come as ``HH:MM``.

        Raises ``TypeError`` for a number that does not exist, ``ValueError`` for a time that is none.
        """
        times = {f.name for f in fields(cls) if f.type is time or f.type == "time"}
        values: dict[str, Any] = {k: time.fromisoformat(v) if k in times else v for k, v in changes.items()}
        return replace(cls(), **values)

    def changes(self) -> dict[str, Any]:
        """What differs from the defaults, as ``of`` takes it and the database keeps it."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return {name: f"{v:%H:%M}" if isinstance(v, time) else v for name, v in values.items()}
