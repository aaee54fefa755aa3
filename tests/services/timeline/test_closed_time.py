"""The closed stretches of a kit's time line: the union of its closures, cut around what stands there."""

from datetime import datetime, timedelta

import pytest

from kit_booking.database import transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.hours import Span
from kit_booking.models import Closure, Commune, Hold, Kit
from kit_booking.services.timeline.closed_time import closed_spans, rewrite_closed
from kit_booking.services.timeline.offers import release_time
from tests.support.builders import World
from tests.times import NOW, at, days_ahead

DAY, NEXT = days_ahead(3), days_ahead(4)
WHOLE_DAY = Span(at(DAY, "00:00"), at(NEXT, "00:00"))
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune(kits=2)


@pytest.fixture
def kit(world: World, commune: Commune) -> Kit:
    return world.kits(commune)[0]


def closes(world: World, kit: Kit, span: Span = WHOLE_DAY, *, whole: bool = False, **columns: object) -> Closure:
    """A closure that is on record, and not yet on the time line."""
    closure = Closure(
        commune_id=kit.commune_id,
        kit_id=None if whole else kit.id,
        from_at=span.from_at,
        until_at=span.until_at,
        reason="Hỏng đèn",
        changed_at=NOW,
        **columns,
    )
    world.add(closure)
    return closure


@transaction
def _spans(session, kit, from_at, until_at):
    return closed_spans(session, kit.id, from_at, until_at)


@transaction
def _rewrites(session, kit, now):
    return rewrite_closed(session, kit.id, now=now)


@transaction
def _releases(session, kit, span, now):
    release_time(session, kit.id, span, now=now)


def closed(world: World, kit: Kit) -> list[Span]:
    holds = world.all(Hold, kit_id=kit.id, booking_id=None)
    return sorted((Span(hold.from_at, hold.until_at) for hold in holds), key=lambda span: span.from_at)


def test_closures_of_the_kit_and_of_its_commune_close_it_and_no_other(world: World, commune: Commune, kit: Kit):
    other = world.kits(commune)[1]
    [elsewhere] = world.kits(world.commune("Chuyên Mỹ"))
    half = Span(at(NEXT, "00:00"), at(NEXT, "12:00"))
    closes(world, kit)
    closes(world, kit, half, whole=True)
    span = WHOLE_DAY.from_at, half.until_at
    assert world.do(_spans, kit, *span) == [Span(*span)]
    assert world.do(_spans, other, *span) == [half]
    assert world.do(_spans, elsewhere, *span) == []


def test_a_closure_that_was_called_off_closes_nothing(world: World, kit: Kit):
    closes(world, kit, called_off_at=NOW)
    assert world.do(_spans, kit, WHOLE_DAY.from_at, WHOLE_DAY.until_at) == []
    assert world.do(_rewrites, kit, NOW) == closed(world, kit) == []


@pytest.mark.parametrize(
    ("from_at", "until_at"),
    [(WHOLE_DAY.until_at, WHOLE_DAY.until_at + AN_HOUR), (WHOLE_DAY.from_at - AN_HOUR, WHOLE_DAY.from_at)],
)
def test_what_begins_when_a_closure_ends_is_not_touched_by_it(
    world: World, kit: Kit, from_at: datetime, until_at: datetime
):
    closes(world, kit)
    assert world.do(_spans, kit, from_at, until_at) == []


def test_closed_time_is_cut_around_what_is_booked(world: World, kit: Kit, commune: Commune):
    booking = world.booking(kit, world.household(commune), DAY, "trua", status=Status.APPROVED)
    closes(world, kit)
    assert world.do(_rewrites, kit, NOW) == []
    assert closed(world, kit) == [
        Span(WHOLE_DAY.from_at, booking.pick_up_at),
        Span(booking.return_at, WHOLE_DAY.until_at),
    ]


def test_a_closure_that_runs_keeps_its_beginning_and_one_that_is_over_is_left_alone(world: World, kit: Kit):
    yesterday = Span(NOW - timedelta(days=1), NOW - AN_HOUR)
    running = Span(NOW - AN_HOUR, NOW + AN_HOUR)
    for span in (yesterday, running):
        closes(world, kit, span)
        world.add(Hold(kit_id=kit.id, from_at=span.from_at, until_at=span.until_at))
    assert world.do(_rewrites, kit, NOW) == []
    assert closed(world, kit) == [yesterday, running]


def test_what_no_closure_says_any_more_comes_free(world: World, kit: Kit):
    world.add(Hold(kit_id=kit.id, from_at=WHOLE_DAY.from_at, until_at=WHOLE_DAY.until_at))
    closes(world, kit, Span(WHOLE_DAY.from_at, at(DAY, "12:00")))
    assert world.do(_rewrites, kit, NOW) == [Span(at(DAY, "12:00"), WHOLE_DAY.until_at)]


def test_time_that_a_booking_gave_back_is_closed_where_a_closure_says_so(world: World, kit: Kit):
    closure = closes(world, kit)
    for hours, stretches in ((24, []), (23, [WHOLE_DAY])):
        begin = WHOLE_DAY.from_at + timedelta(hours=hours)
        world.do(_releases, kit, Span(begin, begin + timedelta(hours=3)), NOW)
        assert closed(world, kit) == stretches
    assert closure.id
