"""When an approved booking's household is reminded of its pick-up."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.domain.time.quiet import quiet_end

FRESH = timedelta(hours=2)
"""For so long the approval itself reminds well enough."""

LEAST_AHEAD = timedelta(minutes=30)
"""A reminder that had to wait for the end of the quiet hours comes at least so long before the pick-up."""


@dataclass(frozen=True)
class Reminder:
    kind: Kind
    due_at: datetime


def reminders(*, pick_up_at: datetime, approved_at: datetime, policy: Policy) -> list[Reminder]:
    """The reminders to send, the earlier first, none of them due in the quiet hours; times are UTC."""
    earliest = approved_at + FRESH
    day_before = local(local_day(pick_up_at) - timedelta(days=1), policy.day_reminder)
    day_before_at = quiet_end(day_before, policy) or day_before
    soon_at = (pick_up_at - timedelta(minutes=policy.soon_reminder_minutes)).astimezone(UTC)
    waits_until = quiet_end(soon_at, policy)
    reminders = []

    if earliest <= day_before_at < (waits_until or soon_at):
        reminders.append(Reminder(Kind.REMINDER_DAY, day_before_at))
    if waits_until is None:
        if earliest <= soon_at:
            reminders.append(Reminder(Kind.REMINDER_SOON, soon_at))
    elif not reminders and earliest <= waits_until <= pick_up_at - LEAST_AHEAD:
        # The reminder of the day before says the same, so that one is enough. But who was approved too
        # late for it, and slept since, has no other reminder: that one comes when the quiet hours end.
        reminders.append(Reminder(Kind.REMINDER_SOON, waits_until))
    return reminders
