"""The demo: the same for the same day, with every status, within the rules, and with full evenings."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.database import Base, db
from kit_booking.domain.booking.refusals import week_of
from kit_booking.domain.booking.status import AHEAD, LIVE, USED, Status, may_move
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local_day
from kit_booking.domain.time.slots import opens_at, spans_night, window
from kit_booking.models import AuditEntry, Booking, Closure, Commune, Handover, Hold, Household, Kit, Staff
from kit_booking.services.ops import demo
from kit_booking.services.ops.health import is_demo
from tests.support.builders import World
from tests.support.databases import Postgresql, Sqlite
from tests.support.fakes import FakeSms
from tests.times import NOW, at, days_ahead

SHOWN = set(Status) - {Status.REFUSED, Status.LAPSED}
"""Every status that a booking can have by now."""


@contextmanager
def town(url: str, now: datetime) -> Iterator[World]:
    """The demo in a fresh database."""
    app = create_app(Settings(secret_key="x" * 32, database_url=url, sms_file=Path("none"), demo=True), FakeSms())
    world = World(app)
    world.do(demo.fill, now=now)
    yield world
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def world(sqlite: Sqlite) -> Iterator[World]:
    with sqlite.migrated() as url, town(url, NOW) as world:
        yield world


@pytest.fixture(scope="module")
def bookings(world: World) -> list[Booking]:
    return world.all(Booking)


def contents(world: World, table: type[Base]) -> list[dict[str, Any]]:
    """All rows; but not what is random, nor the entry that the demo was filled in, which says when."""
    names = [
        column.key for column in table.__table__.columns if column.key not in ("password_hash", "session_version")
    ]
    rows = [{name: getattr(row, name) for name in names} for row in world.all(table)]
    return [row for row in rows if row.get("action") != "demo_filled"]


def test_it_is_the_same_for_the_same_day_on_both_databases(world: World, postgresql: Postgresql) -> None:
    with postgresql.migrated() as url, town(url, NOW + timedelta(hours=9)) as other:
        for table in (Commune, Kit, Household, Staff, Booking, AuditEntry, Closure, Hold, Handover):
            assert contents(other, table) == contents(world, table)
            assert contents(world, table)


def test_another_day_has_another_fortnight(world: World, bookings: list[Booking], sqlite: Sqlite) -> None:
    with sqlite.migrated() as url, town(url, NOW + timedelta(days=1)) as other:
        assert {booking.code for booking in other.all(Booking)} != {booking.code for booking in bookings}


def test_a_database_that_holds_something_is_left_alone(app: Flask) -> None:
    world = World(app)
    world.commune()
    with pytest.raises(demo.NotEmpty):
        world.do(demo.fill, now=NOW)
    assert not world.do(is_demo)
    assert len(world.all(Commune)) == 1


def test_it_is_marked_as_a_demo_for_good(world: World) -> None:
    assert world.do(is_demo)


def test_it_has_the_four_communes_with_their_23_kits_and_some_120_households(world: World) -> None:
    kits = Counter(kit.commune_id for kit in world.all(Kit))
    assert {commune.slug: kits[commune.id] for commune in world.all(Commune)} == {
        "phuong-duc": 5,
        "phu-xuyen": 6,
        "chuyen-my": 5,
        "dai-xuyen": 7,
    }
    assert 110 <= len(world.all(Household)) <= 130


def test_every_status_that_exists_by_now_is_there(bookings: list[Booking]) -> None:
    assert {booking.status for booking in bookings} == SHOWN


def test_there_is_an_overdue_kit_one_to_take_back_and_a_no_show(world: World, bookings: list[Booking]) -> None:
    late, due = sorted((b for b in bookings if b.status == Status.OUT), key=lambda booking: booking.return_at)
    assert (late.return_at, due.return_at) == (at(days_ahead(-1), "16:45"), at(days_ahead(0), "07:30"))
    assert {handover.booking_id for handover in world.all(Handover)} == {late.id, due.id}
    [missed] = [b for b in bookings if b.strike_at]
    assert missed.status == Status.NO_SHOW
    assert missed.household_id in {b.household_id for b in bookings if b.status == Status.REQUESTED}


def test_it_goes_from_60_days_back_to_14_ahead(bookings: list[Booking]) -> None:
    assert {booking.day for booking in bookings} >= {days_ahead(-60), days_ahead(0), days_ahead(14)}
    assert min(booking.day for booking in bookings) == days_ahead(-60)
    assert max(booking.day for booking in bookings) == days_ahead(14)


@pytest.mark.parametrize("clock", ["06:59", "07:10", "23:55"])
def test_every_evening_of_phuong_duc_that_is_open_is_full_whatever_the_time_is(clock: str, sqlite: Sqlite) -> None:
    now = at(days_ahead(0), clock)
    open_days = [days_ahead(ahead) for ahead in range(15) if days_ahead(ahead) <= window(Policy(), now=now).last_open]
    with sqlite.migrated() as url, town(url, now) as world:
        evenings = Counter(
            booking.day
            for booking in world.all(Booking)
            if booking.code.startswith("PD") and booking.slot_name == "Tối" and booking.status in LIVE
        )
        assert [evenings[day] for day in open_days] == [5] * len(open_days)
        assert all(entry.happened_at <= now for entry in world.all(AuditEntry)), "nothing of it lies ahead"


def test_the_requests_of_today_wait_for_an_answer_whenever_somebody_looks(bookings: list[Booking]) -> None:
    waiting = [booking for booking in bookings if booking.status == Status.REQUESTED]
    of_phuong_duc = [booking for booking in waiting if booking.code.startswith("PD")]
    assert 4 <= len(of_phuong_duc) <= 6
    assert 1 <= len(waiting) - len(of_phuong_duc) <= 3
    assert all(at(days_ahead(1), "07:30") < booking.answer_by_at < at(days_ahead(1), "17:00") for booking in waiting)
    assert len({booking.answer_by_at for booking in waiting}) > 2


def test_what_is_asked_for_the_day_that_just_opened_was_asked_in_its_first_minutes(bookings: list[Booking]) -> None:
    last_day = [booking.asked_at for booking in bookings if booking.day == days_ahead(14)]
    assert len(last_day) >= 5
    assert all(at(days_ahead(0), "07:00") <= asked_at <= at(days_ahead(0), "07:05") for asked_at in last_day)


def test_nobody_asked_before_the_day_was_open_or_after_it_was_too_late(bookings: list[Booking]) -> None:
    for booking in bookings:
        assert opens_at(booking.day, Policy()) <= booking.asked_at < booking.pick_up_at - Policy().lead


def test_no_household_has_more_than_the_rules_allow(bookings: list[Booking]) -> None:
    for is_peak, most in ((True, 1), (False, 2)):
        alike = [one for one in bookings if spans_night(Span(one.pick_up_at, one.return_at)) == is_peak]
        ahead = Counter(booking.household_id for booking in alike if booking.status in AHEAD)
        weeks = Counter(
            (booking.household_id, week_of(local_day(booking.pick_up_at)))
            for booking in alike
            if booking.status in AHEAD | USED
        )
        assert max(ahead.values()) == most
        assert max(weeks.values()) == 2


def test_every_live_booking_has_its_hold_and_no_other_has_one(world: World, bookings: list[Booking]) -> None:
    holds = {
        hold.booking_id: (hold.kit_id, hold.from_at, hold.until_at) for hold in world.all(Hold) if hold.booking_id
    }
    assert holds == {
        booking.id: (booking.kit_id, booking.pick_up_at, booking.return_at)
        for booking in bookings
        if booking.status in LIVE
    }


def test_every_booking_has_its_history_by_allowed_moves_in_order(world: World, bookings: list[Booking]) -> None:
    histories: dict[int | None, list[AuditEntry]] = {booking.id: [] for booking in bookings}
    for entry in world.all(AuditEntry):
        histories.setdefault(entry.booking_id, []).append(entry)
    for booking in bookings:
        history = histories[booking.id]
        path = [Status(entry.action) for entry in history]
        assert [entry.detail.get("from_status") for entry in history] == [None, *path[:-1]]
        assert all(may_move(*step) for step in pairwise(path))
        assert sorted(entry.happened_at for entry in history) == [entry.happened_at for entry in history]
        assert (path[-1], history[-1].happened_at) == (booking.status, booking.changed_at)
        assert booking.version == len(history) - 1


def test_one_kit_is_being_repaired_and_one_commune_has_written_a_holiday_down(world: World) -> None:
    repair, holiday = world.all(Closure)
    [broken] = world.all(Kit, id=repair.kit_id)
    assert (broken.code, repair.reason) == ("DX-7", "Hỏng đèn, chờ thay bóng")
    assert (repair.from_at, repair.until_at) == (at(days_ahead(2), "00:00"), at(days_ahead(5), "00:00"))
    assert (holiday.kit_id, holiday.reason) == (None, "Tết Dương lịch")
    closed = {hold.kit_id: (hold.from_at, hold.until_at) for hold in world.all(Hold, booking_id=None)}
    assert closed == {
        broken.id: (repair.from_at, repair.until_at),
        **{kit.id: (holiday.from_at, holiday.until_at) for kit in world.all(Kit, commune_id=holiday.commune_id)},
    }
