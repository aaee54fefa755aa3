"""What is closed: the union of stretches of time, cut around what stands in it; and which of it is whole days."""

from collections.abc import Iterable
from datetime import date, time

from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import to_local


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time as stretches that neither overlap nor touch, in order."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: one.from_at):
        if merged and span.from_at <= merged[-1].until_at:
            merged[-1] = Span(merged[-1].from_at, max(merged[-1].until_at, span.until_at))
        else:
            merged.append(span)
    return merged


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of the time when all that is taken is cut out, in order."""
    cuts = union(taken)
    left: list[Span] = []
    for span in union(spans):
        from_at = span.from_at
        for cut in cuts:
            if not cut.overlaps(Span(from_at, span.until_at)):
                continue
            if from_at < cut.from_at:
                left.append(Span(from_at, cut.from_at))
            from_at = cut.until_at
            if from_at >= span.until_at:
                break
        if from_at < span.until_at:
            left.append(Span(from_at, span.until_at))
    return left


def whole_days(span: Span) -> tuple[date, date] | None:
    """The first day and the day after the last one, if the stretch goes from midnight to midnight in Vietnam."""
    start, end = to_local(span.from_at), to_local(span.until_at)
    return (start.date(), end.date()) if start.time() == end.time() == time() else None
