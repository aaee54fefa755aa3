"""Reading holds: whether a kit is free."""

from collections.abc import Iterable

from sqlalchemy import bindparam, func, select, true
from sqlalchemy.orm import Session

from kit_booking.database import read
from kit_booking.domain.booking.refusals import Reason
from kit_booking.domain.time.hours import Span
from kit_booking.models import Booking, Hold

_overlapping = select(func.coalesce(Hold.booking_id, Hold.kept_for_id)).where(
    Hold.kit_id == bindparam("kit_id"), Hold.from_at < bindparam("until_at"), Hold.until_at > bindparam("from_at")
)


def held_by(session: Session, kit_id: int, span: Span, *, without: int | None = None) -> Reason | None:
    """Why the kit is not free in this time: TAKEN if a booking overlaps it, CLOSED if only closed time does.

    ``without`` is the id of a booking whose hold does not count.
    """
    values = {"kit_id": kit_id, "from_at": span.from_at, "until_at": span.until_at}
    held = set(session.connection().scalars(_overlapping, values)) - {without or 0}
    return None if not held else Reason.CLOSED if held == {None} else Reason.TAKEN


def time_lines(kit_ids: Iterable[int], span: Span, *, without: str = "") -> dict[int, list[Span]]:
    """By kit id the holds that overlap ``span``, except that of the booking with code ``without``; one statement."""
    lines: dict[int, list[Span]] = {kit_id: [] for kit_id in kit_ids}
    held = (
        select(Hold.kit_id, Hold.from_at, Hold.until_at)
        .outerjoin(Booking, Booking.id == Hold.booking_id)
        .where(
            Hold.kit_id.in_(lines),
            Hold.from_at < span.until_at,
            Hold.until_at > span.from_at,
            func.coalesce(Booking.code, "") != without if without else true(),
        )
    )
    for kit_id, from_at, until_at in read(held):
        lines[kit_id].append(Span(from_at, until_at))
    return lines
