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
    most_ahead: int = 2
    most_a_week: int = 2
    day_reminder: time = time(18, 0)
    """When the reminder of the day before is sent."""
    soon_reminder_minutes: int = 120
    """The second reminder is sent this long before the pick-up."""
    quiet_from: time = time(21, 0)
    quiet_until: time = time(6, 30)

    @property
    def lead(self) -> timedelta:
        return timedelta(minutes=self.lead_minutes)

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
