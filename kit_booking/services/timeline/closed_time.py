"""The closed stretches of a kit's time line: steps that use cases share, each in the open session.

Whoever calls has locked the kit.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, true
from sqlalchemy.orm import Session

from kit_booking.domain.closure import union, without
from kit_booking.domain.hours import Span
from kit_booking.models import Closure, Hold, Kit


def touching(kit_id: int, from_at: datetime, until_at: datetime | None = None) -> ColumnElement[bool]:
    """Which closures, of this kit or of its whole commune, close some of the time; without an end all that follow."""
    commune_id = select(Kit.commune_id).where(Kit.id == kit_id).scalar_subquery()
    return and_(
        Closure.commune_id == commune_id,
        or_(Closure.kit_id.is_(None), Closure.kit_id == kit_id),
        Closure.called_off_at.is_(None),
        Closure.until_at > from_at,
        true() if until_at is None else Closure.from_at < until_at,
    )


def closed_spans(session: Session, kit_id: int, from_at: datetime, until_at: datetime | None = None) -> list[Span]:
    """The union of the closures that touch the time, each as long as it is."""
    rows = session.execute(select(Closure.from_at, Closure.until_at).where(touching(kit_id, from_at, until_at)))
    return union(Span(*row) for row in rows)


def rewrite_closed(session: Session, kit_id: int, *, now: datetime) -> list[Span]:
    """Make what is closed of the kit's time line, from now on, the union of its closures; what comes free by that.

    What stands there for a booking stays, and the closed stretches are cut around it.
    """
    ahead = and_(Hold.kit_id == kit_id, Hold.booking_id.is_(None), Hold.until_at >= now)
    before = [Span(*row) for row in session.execute(delete(Hold).where(ahead).returning(Hold.from_at, Hold.until_at))]
    since = min([now, *(span.from_at for span in before)])  # One that runs was closed before, too.
    closed = closed_spans(session, kit_id, since)
    wanted = [Span(max(span.from_at, since), span.until_at) for span in closed]
    after = without(wanted, _booked(session, kit_id, wanted))
    if after:
        values = [{"kit_id": kit_id, "from_at": span.from_at, "until_at": span.until_at} for span in after]
        session.execute(insert(Hold), values)
    return without(before, after)


def _booked(session: Session, kit_id: int, spans: list[Span]) -> Iterable[Span]:
    if not spans:
        return []
    rows = session.execute(
        select(Hold.from_at, Hold.until_at).where(
            Hold.kit_id == kit_id, Hold.from_at < spans[-1].until_at, Hold.until_at > spans[0].from_at
        )
    )
    return [Span(*row) for row in rows]


def close_again(session: Session, kit_id: int, span: Span, *, now: datetime) -> None:
    """Close what a closure says of time that a booking had until this moment, so that nobody is given it."""
    if session.scalar(select(Closure.id).where(touching(kit_id, span.from_at, span.until_at)).limit(1)):
        rewrite_closed(session, kit_id, now=now)
