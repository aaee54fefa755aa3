"""Taking a paper register over: what is right in it, and twice the same as once."""

import time
from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.adapters.sheet_file import Unreadable
from kit_booking.domain.booking.status import Status
from kit_booking.domain.register.paper_register import MOST_ROWS, Column, Fault
from kit_booking.models import (
    AuditEntry,
    Booking,
    Hold,
    Household,
    Message,
    RegisterFile,
    WaitingEntry,
    WaitingState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.messages import reminders
from kit_booking.services.register.paper_register import keep_file
from kit_booking.services.register.paper_taking import FROM_PAPER, Taken
from kit_booking.services.waiting.entries import join as wait
from tests.support.builders import World
from tests.support.paper import D, Office, make_office
from tests.support.threads import at_once
from tests.times import NOW, days_ahead


@pytest.fixture
def office(world: World) -> Office:
    return make_office(world)


def test_households_and_bookings_are_taken_over(office: Office, world: World):
    taken = office.takes_lines(
        f"Nguyễn Thị Hạnh;0912 345 678;Lưu Thượng;mây tre đan;{D[1]};Tối;;làn mây",
        f"Đỗ Thị Lụa;0987 654 321;Giẽ Hạ;giày da;{D[2]};buoi sang;pd-1;giày",
        "Trần Văn Ba;024 3385 4321;Giẽ Hạ;giày da;;;;",
    )
    assert (taken.households, taken.bookings) == (2, 2)
    of_hanh, of_lua = world.all(Booking)
    lua, ba = world.all(Household)[1:]
    assert (of_hanh.household_id, of_hanh.status, of_hanh.reason) == (office.hanh.id, Status.APPROVED, FROM_PAPER)
    assert (of_lua.household_id, of_lua.slot_name, of_lua.sells) == (lua.id, "Sáng", "giày")
    assert (lua.phone, lua.takes_texts, lua.consent_version, lua.consent_to) == (
        "+84987654321",
        True,
        "2026-11",
        office.clerk.name,
    )
    assert (ba.phone, ba.landline, ba.takes_texts) == ("", "02433854321", False)
    assert len(world.all(Hold)) == 2
    assert sorted(entry.action for entry in world.all(AuditEntry)) == [
        "approved",
        "approved",
        "paper_taken_over",
        "registered",
        "registered",
    ]
    assert office.looks(world.all(RegisterFile)[0]).rows == []


def test_nobody_gets_a_text_for_it_but_reminders_come(office: Office, world: World):
    office.takes_lines(f"Nguyễn Thị Hạnh;0912345678;Lưu Thượng;mây tre;{D[1]};Tối")
    assert world.all(Message) == []
    [booking] = world.all(Booking)
    assert world.do(reminders.find_due, now=NOW + timedelta(hours=10)) == [booking.id]


def test_taking_the_same_register_over_again_changes_nothing(office: Office):
    lines = (
        f"Nguyễn Thị Hạnh;0912345678;Lưu Thượng;mây tre;{D[1]};Tối",
        f"Đỗ Thị Lụa;;Giẽ Hạ;giày da;{D[2]};Tối",
        "do thi lua;;gie ha;giày da",
    )
    first = office.takes_lines(*lines)
    assert (first.households, first.bookings) == (1, 2)
    before = office.written()
    second = office.takes_lines(*lines)
    assert (second.households, second.bookings) == (0, 0)
    assert office.sees(*lines).existing == 2
    assert office.written()[:3] == before[:3]


def test_one_file_is_taken_over_once(office: Office):
    file = office.sends("Đỗ Thị Lụa;;Giẽ Hạ;giày da")
    assert office.takes(file) == Taken(households=1)
    assert office.takes(file) == Taken()


def test_two_clerks_at_once_take_it_over_once(office: Office, world: World):
    line = f"Đỗ Thị Lụa;0987654321;Giẽ Hạ;giày da;{D[2]};Tối"
    file, same = office.sends(line), office.sends(line)
    answers = at_once(*(lambda f=f: office.takes(f) for f in (file, file, same)))
    assert sum(answer is not None and bool(answer.households) for answer in answers) == 1
    assert len(world.all(Household)) == 2
    assert len(world.all(Booking)) == 1


@pytest.mark.parametrize(
    ("bad", "column", "fault"),
    [
        (f"A B;0912;Giẽ;giày;{D[1]};Tối", Column.PHONE, Fault.NO_NUMBER),
        (f"A B;;Giẽ;giày;{D[1]};Khuya", Column.SLOT, Fault.NO_SUCH_SLOT),
        (f"A B;;Giẽ;giày;{D[1]};Tối;XX-9", Column.KIT, Fault.NO_SUCH_KIT),
        (f"A B;;Giẽ;giày;{D[2]};Tối", Column.SLOT, Fault.CLASH),
        ("A B;;;giày", Column.VILLAGE, Fault.MISSING),
    ],
)
def test_a_bad_row_is_left_and_the_others_are_taken(office: Office, bad: str, column: Column, fault: Fault):
    file = office.sends(bad, f"Đỗ Thị Lụa;;Giẽ Hạ;giày da;{D[3]};Tối")
    if fault is Fault.CLASH:
        file = office.sends(f"Đỗ Thị Lụa;;Giẽ Hạ;giày da;{D[2]};Tối", bad)
    assert [(p.column, p.fault) for p in office.looks(file).problems] == [(column, fault)]
    assert office.takes(file, "Cứ nhập") == Taken(households=1, bookings=1)
    left = office.looks(file)
    assert len(left.rows) == 1
    assert left.problems


def test_taking_over_ends_waiting_for_a_slot_that_it_books(office: Office, world: World):
    other = world.household(office.commune, "Lê Bình")
    booking = world.booking(office.kit, other, days_ahead(2))
    by = Actor(household_id=office.hanh.id)
    world.do(wait, office.kit.code, days_ahead(2), "toi", office.hanh.id, by=by, now=NOW)
    world.kit(world.place(office.commune, "Hoàng Long"))
    assert office.takes_lines(f"Nguyễn Thị Hạnh;0912345678;Lưu Thượng;mây tre;{D[2]};Tối;PD-2").bookings == 1
    assert [entry.state for entry in world.all(WaitingEntry)] == [WaitingState.SERVED]
    assert world.fresh(booking).status == Status.REQUESTED


def test_somebody_who_asks_on_the_web_meanwhile_gets_it_or_the_paper_does(office: Office, world: World, app: Flask):
    file = office.sends(f"Đỗ Thị Lụa;0987654321;Giẽ Hạ;giày da;{D[2]};Tối")

    def ask() -> str:
        slot = office.kit.code, days_ahead(2), "toi", office.hanh.id
        return str(world.do(request_booking, *slot, sells="", streams_on="", now=NOW).code)

    code, taken = at_once(ask, lambda: office.takes(file))
    assert bool(code) != bool(taken.bookings)
    assert len(world.all(Hold)) == len(world.all(Booking)) == 1


def test_looking_through_writes_nothing(office: Office):
    file = office.sends(f"Đỗ Thị Lụa;0987654321;Giẽ Hạ;giày da;{D[2]};Tối")
    before = office.written()
    assert len(office.looks(file).bookings) == 1
    assert office.written() == before


def test_a_file_that_is_no_spreadsheet_is_not_kept(office: Office, world: World):
    for content in (b"", b"PK\x03\x04", b"a\0"):
        kept = world.do(keep_file, office.commune.id, office.clerk.id, "x", content, now=NOW)
        assert isinstance(kept, Unreadable)
    assert world.all(RegisterFile) == []


@pytest.mark.timeout(240)
def test_5000_lines_are_taken_over_in_a_few_times_what_plain_rows_take(office: Office, world: World):
    for name in ("Hoàng Long", "Hồng Minh", "Văn Hoàng"):
        world.kit(world.place(office.commune, name))
    lines = [f"Hộ Thứ {n};;Thôn {n % 40};giày da;;;;" for n in range(MOST_ROWS - 400)]
    for n in range(400):
        day = f"{days_ahead(1 + n // 16):%d/%m/%Y}"
        lines.append(
            f"Hộ Thứ {n};;Thôn {n % 40};giày da;{day};{('sáng', 'trưa', 'chiều', 'tối')[n % 4]};PD-{1 + n // 4 % 4};"
        )
    file = office.sends(*lines)
    began = time.process_time()
    assert office.looks(file).problems == []
    looked = time.process_time()
    taken = office.takes(file, "Hẹn từ trước")
    took = time.process_time()
    assert taken
    assert (taken.households, taken.bookings) == (MOST_ROWS - 400, 400)
    for _ in range(MOST_ROWS // 10):
        world.household(office.commune, phone="")
    plain = 10 * (time.process_time() - took)  # 5,000 rows, each written and committed by itself.
    assert looked - began < plain / 2
    assert took - looked < 2.5 * plain
