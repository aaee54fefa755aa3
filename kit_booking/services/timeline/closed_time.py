"""The closed time of a kit: which closures touch it, and writing it as holds. The caller has locked the kit."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, true
from sqlalchemy.orm import Session

from kit_booking.domain.time.closure import union, without
from kit_booking.domain.time.hours import Span
from kit_booking.models import Booking, Closure, Hold, Kit
from kit_booking.models.kit import IS_CLOSED


def touching(kit_id: int, from_at: datetime, until_at: datetime | None = None) -> ColumnElement[bool]:
    """Condition for the closures of the kit or its whole commune that overlap the time; it may have no end."""
    commune_id = select(Kit.commune_id).where(Kit.id == kit_id).scalar_subquery()
    return and_(
        Closure.commune_id == commune_id,
        or_(Closure.kit_id.is_(None), Closure.kit_id == kit_id),
        Closure.called_off_at.is_(None),
        Closure.until_at > from_at,
        true() if until_at is None else Closure.from_at < until_at,
    )


def closed_spans(session: Session, kit_id: int, from_at: datetime, until_at: datetime | None = None) -> list[Span]:
    """The union of the closures that overlap the time, not cut to it."""
    rows = session.execute(select(Closure.from_at, Closure.until_at).where(touching(kit_id, from_at, until_at)))
    return union(Span(*row) for row in rows)


def is_in_closed_time(session: Session, booking: Booking) -> bool:
    """Whether a closure stands in the booking's time, so that only staff with a reason go on with it."""
    return bool(closed_spans(session, booking.kit_id, booking.pick_up_at, booking.return_at))


def rewrite_closed(session: Session, kit_id: int, *, now: datetime) -> list[Span]:
    """Rewrite the kit's closed holds from now on as the union of its closures, without the time of bookings.

    Returns the time that is no longer closed.
    """
    ahead = and_(Hold.kit_id == kit_id, IS_CLOSED, Hold.until_at >= now)
    gone = delete(Hold).where(ahead).returning(Hold.from_at, Hold.until_at, Hold.changed_at)
    changed_at = {Span(row.from_at, row.until_at): row.changed_at for row in session.execute(gone)}
    before = list(changed_at)
    since = min([now, *(span.from_at for span in before)])  # A closure that runs began earlier.
    closed = closed_spans(session, kit_id, since)
    if not closed:
        return union(before)
    in_time = (Hold.kit_id == kit_id, Hold.from_at < closed[-1].until_at, Hold.until_at > since)
    booked = [Span(*row) for row in session.execute(select(Hold.from_at, Hold.until_at).where(*in_time))]
    after = without([Span(max(span.from_at, since), span.until_at) for span in closed], booked)
    if after:
        values = [
            {"kit_id": kit_id, "from_at": s.from_at, "until_at": s.until_at, "changed_at": changed_at.get(s, now)}
            for s in after
        ]
        session.execute(insert(Hold), values)
    return without(before, after)
