"""Stretches in which a kit is closed, as calendars show them: joined where they touch, and as days where they are."""

from collections.abc import Iterable
from datetime import date, time

from kit_booking.domain.hours import Span
from kit_booking.domain.local_time import to_local


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same time in as few stretches as possible, in order; those that touch or overlap become one."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.from_at):
        if found and span.from_at <= found[-1].until_at:
            found[-1] = Span(found[-1].from_at, max(found[-1].until_at, span.until_at))
        else:
            found.append(span)
    return found


def whole_days(span: Span) -> tuple[date, date] | None:
    """The first day and the day after the last one, if the stretch goes from midnight to midnight in Vietnam."""
    start, end = to_local(span.from_at), to_local(span.until_at)
    return (start.date(), end.date()) if start.time() == end.time() == time() else None
