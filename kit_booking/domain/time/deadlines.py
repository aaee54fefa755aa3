"""Deadlines of offers, and when the clerk is reminded of a request (its own deadline: `Timetable.answer_by`)."""

from datetime import datetime, timedelta

from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import WeeklyHours
from kit_booking.domain.time.quiet import quiet_end, quiet_start

LEAST_OFFER = timedelta(minutes=30)
"""With less time left nobody is offered the slot: it is free for all."""
GRACE = timedelta(hours=2)
"""For so much office time after an outage nothing lapses, so that whoever could not answer still can."""
STEP = timedelta(minutes=5)
"""Deadlines that people read are round."""


def offers_end_at(pick_up_at: datetime, policy: Policy) -> datetime:
    """When every offer of a slot ends: at its lead time."""
    return pick_up_at - policy.lead


def is_worth_offering(pick_up_at: datetime, policy: Policy, *, now: datetime) -> bool:
    return offers_end_at(pick_up_at, policy) - now >= LEAST_OFFER


def offer_until(sent_at: datetime, pick_up_at: datetime, policy: Policy) -> datetime:
    """Until when an offer is held whose text went out now; the quiet hours do not count.

    Rounded up to five minutes, except at the lead time.
    """
    end = offers_end_at(pick_up_at, policy)
    clock, left = sent_at, timedelta(hours=policy.offer_hours)
    while clock < end:
        clock = quiet_end(clock, policy) or clock
        pause = quiet_start(clock, policy)
        if pause is None or pause - clock >= left:
            return min(_rounded_up(clock + left), end)
        left -= pause - clock
        clock = pause
    return end


def half_way(asked_at: datetime, answer_by_at: datetime, office: WeeklyHours) -> datetime | None:
    """When half of the office time between asking and the deadline is over; None when there is none."""
    open_time = office.open_time(asked_at, answer_by_at)
    return office.later(asked_at, open_time / 2) if open_time else None


def grace_until(back_at: datetime, office: WeeklyHours) -> datetime:
    """Until when nothing lapses after an outage that ended at ``back_at``."""
    return office.later(back_at, GRACE) or back_at + GRACE


def _rounded_up(instant: datetime) -> datetime:
    over = timedelta(seconds=instant.timestamp() % STEP.total_seconds())
    return instant + (STEP - over if over else timedelta())
