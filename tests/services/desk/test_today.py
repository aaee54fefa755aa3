"""What is to do at the office today, at a fixed hour: each thing in its one list, read with few statements."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from kit_booking.database import db
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import Booking, Handover, Household, Message, MessageState
from kit_booking.services.desk.today import Today, count_of_today, today, week_ahead
from tests.support.builders import World
from tests.times import NOW, at, days_ahead

TEN = at(days_ahead(0), "10:00")
EIGHT_TILL_NIGHT = at(days_ahead(0), "20:00")


class Office:
    """A commune with four kits, its people, and another commune beside it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.commune = world.commune(kits=4)
        self.elsewhere = world.commune("Đại Xuyên")
        self.kits = world.kits(self.commune)
        self.hanh = world.household(self.commune)

    def has(
        self, kit: int, status: Status, days: int = 0, key: str = "toi", of: Household | None = None, **columns: Any
    ) -> Booking:
        return self.world.booking(
            self.kits[kit],
            of or self.hanh,
            days_ahead(days),
            key,
            status=status,
            asked_at=NOW - timedelta(days=3),
            **columns,
        )

    def today(self, now: datetime = TEN) -> Today:
        return self.world.do(today, [self.commune.id], now=now)

    def came_back_broken(self, booking: Booking, is_usable: bool | None = None) -> None:
        clerk = self.world.clerk(self.commune)
        self.world.add(
            Handover(
                booking_id=booking.id, way=Direction.BACK, staff_id=clerk.id, person="", has_fault=True,
                happened_at=NOW, written_at=NOW, is_usable=is_usable,
            )
        )  # fmt: skip


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def codes(some: Iterable[Booking]) -> list[str]:
    return [booking.code for booking in some]


def test_each_thing_to_do_is_in_its_own_list_in_its_order(office: Office) -> None:
    late_request = office.has(0, Status.REQUESTED, 3, answer_by_at=TEN + timedelta(hours=5))
    soon_request = office.has(0, Status.REQUESTED, 4, answer_by_at=TEN + timedelta(hours=1))
    offer = office.has(0, Status.OFFERED, 5)
    evening, noon = office.has(0, Status.APPROVED), office.has(1, Status.APPROVED, key="trua")
    missed = office.has(0, Status.APPROVED, key="sang")
    missed_yesterday = office.has(0, Status.APPROVED, -1, key="sang")
    due = office.has(3, Status.OUT, key="sang")
    overdue, older = office.has(1, Status.OUT, -1), office.has(2, Status.OUT, -3)
    broken = office.has(2, Status.RETURNED, -1)
    office.came_back_broken(broken)
    office.has(3, Status.APPROVED, 1)
    for done in (Status.RETURNED, Status.NO_SHOW, Status.CANCELLED, Status.LAPSED):
        office.has(3, done, -1)

    today = office.today()
    assert codes(today.requests) == [soon_request.code, late_request.code]
    assert codes(today.offers) == [offer.code]
    assert codes(today.to_hand_over) == [noon.code, evening.code]
    assert codes(today.not_collected) == [missed_yesterday.code, missed.code]
    assert codes(today.to_take_back) == [due.code]
    assert codes(today.overdue) == [older.code, overdue.code]
    assert codes(today.to_judge) == [broken.code]
    assert today.count == 11


def test_the_number_for_the_other_pages_is_that_of_the_page(office: Office) -> None:
    assert office.world.do(count_of_today, [office.commune.id], now=TEN) == 0
    for status, days in ((Status.REQUESTED, 2), (Status.APPROVED, 0), (Status.OUT, -1), (Status.APPROVED, 4)):
        office.has(0, status, days)
    office.came_back_broken(office.has(2, Status.RETURNED, -1))
    assert office.world.do(count_of_today, [office.commune.id], now=TEN) == office.today().count == 4


def test_nothing_of_another_commune_is_there(office: Office) -> None:
    [kit] = office.world.kits(office.elsewhere)
    office.world.booking(kit, office.hanh, days_ahead(3), asked_at=NOW)
    assert office.today().count == 0


@pytest.mark.parametrize(("minutes", "is_missed"), [(29, False), (30, True)])
def test_nobody_is_missed_before_half_an_hour_is_over(office: Office, minutes: int, is_missed: bool) -> None:
    booking = office.has(0, Status.APPROVED)
    today = office.today(booking.pick_up_at + timedelta(minutes=minutes))
    assert codes(today.not_collected) == [booking.code] * is_missed
    assert codes(today.to_hand_over) == [booking.code] * (not is_missed)


def test_a_commune_may_wait_longer_for_who_does_not_come(office: Office) -> None:
    booking = office.has(0, Status.APPROVED)
    office.world.change(office.commune, policy={"no_show_minutes": 90})
    assert codes(office.today(booking.pick_up_at + timedelta(minutes=89)).to_hand_over) == [booking.code]


def test_nobody_is_missed_while_the_kit_is_still_with_somebody_else(office: Office) -> None:
    office.has(0, Status.OUT, -1)
    waits = office.has(0, Status.APPROVED, key="sang")
    today = office.today()
    assert codes(today.endangered.values()) == codes(today.to_hand_over) == [waits.code]
    assert today.not_collected == []


def test_a_late_kit_names_who_is_to_have_it_next_when_that_is_soon(office: Office) -> None:
    office.has(0, Status.OUT, -1)
    nxt = office.has(0, Status.APPROVED)
    office.has(0, Status.APPROVED, 1, "sang")
    office.has(1, Status.OUT, -1)
    office.has(1, Status.APPROVED, 2)
    office.has(2, Status.APPROVED)
    assert codes(office.today().endangered.values()) == [nxt.code]


def test_the_past_of_a_household_stands_beside_its_request(office: Office) -> None:
    often, careless, new = (office.world.household(office.commune, name) for name in ("Lê A", "Lê B", "Lê C"))
    for days in (-20, -10, -40):
        office.has(0, Status.RETURNED, days, of=often)
    for days in (-9, -8):
        office.has(1, Status.NO_SHOW, days, of=careless, strike_at=NOW + timedelta(days=days))
    office.has(1, Status.CANCELLED, -7, of=often, strike_at=NOW - timedelta(days=7))
    asked = [office.has(2, Status.REQUESTED, 2 + n, of=who) for n, who in enumerate((often, careless, new))]
    histories = office.today().histories
    by_often, by_careless, by_new = (histories[request.id] for request in asked)
    assert (by_often.sessions, len(by_often.standing.strikes), by_often.standing.pause) == (2, 1, None)
    assert (by_careless.sessions, by_careless.standing.strikes) == (0, ())
    assert by_careless.standing.pause
    assert (by_new.sessions, by_new.standing.strikes, by_new.standing.pause) == (0, (), None)


def test_who_keeps_a_kit_for_days_is_paused_beside_the_request(office: Office) -> None:
    office.has(0, Status.OUT, -3)
    request = office.has(1, Status.REQUESTED, 3)
    pause = office.today().histories[request.id].standing.pause
    assert pause
    assert pause.until_at is None


def test_people_to_phone_count_as_things_to_do(office: Office) -> None:
    booking = office.has(0, Status.APPROVED, 3)
    times = {"created_at": NOW, "due_at": NOW, "settled_at": NOW, "useful_until_at": NOW}
    office.world.add(
        Message(
            booking_id=booking.id,
            kind=Kind.APPROVED,
            to=office.hanh.phone,
            body="",
            state=MessageState.FAILED,
            **times,
        )
    )
    assert [text.booking.code for text in office.today().to_phone] == [booking.code]
    assert office.today().count == 1


def test_the_week_ahead_has_seven_days_from_tomorrow(office: Office) -> None:
    tomorrow, last = office.has(0, Status.APPROVED, 1), office.has(0, Status.REQUESTED, 7)
    for days in (0, 8):
        office.has(1, Status.APPROVED, days)
    week = office.world.do(week_ahead, [office.commune.id], now=TEN)
    assert list(week) == [days_ahead(days) for days in range(1, 8)]
    assert [codes(pick_ups) for pick_ups in week.values()] == [[tomorrow.code], *[[]] * 5, [last.code]]


def test_however_much_there_is_to_do_it_is_read_by_a_handful_of_statements(app: Flask, office: Office) -> None:
    office.has(0, Status.OUT, -1)
    office.has(0, Status.APPROVED)
    office.has(1, Status.REQUESTED, 2)
    few = statements(app, lambda: today([office.commune.id], now=TEN))
    for days in range(3, 12):
        for kit in range(4):
            office.has(kit, Status.REQUESTED, days, of=office.world.household(office.commune))
    many = statements(app, lambda: today([office.commune.id], now=TEN))
    assert many == few <= 4


def statements(app: Flask, read: Callable[[], object]) -> int:
    counted: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        counted.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", count)
        read()
        event.remove(db.engine, "before_cursor_execute", count)
    return len(counted)
