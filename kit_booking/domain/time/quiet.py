"""The quiet hours of the night, in which no text is sent and no offer runs out."""

from datetime import datetime, timedelta

from kit_booking.domain.policy import Policy
from kit_booking.domain.time.local_time import local, local_day, to_local


def quiet_end(instant: datetime, policy: Policy) -> datetime | None:
    """When the quiet hours around this instant end, in UTC; None when it is in none."""
    clock, day = to_local(instant).time(), local_day(instant)
    begins, ends = policy.quiet_from, policy.quiet_until
    through_midnight = begins > ends
    if through_midnight and clock >= begins:
        day += timedelta(days=1)
    elif not (clock < ends and (through_midnight or clock >= begins)):
        return None
    return local(day, ends)


def quiet_start(instant: datetime, policy: Policy) -> datetime | None:
    """When the next quiet hours begin, in UTC; None where there are none. The instant is in none."""
    if policy.quiet_from == policy.quiet_until:
        return None
    today = local(local_day(instant), policy.quiet_from)
    return today if today > instant else local(local_day(instant) + timedelta(days=1), policy.quiet_from)
