"""What a paper register would change, and every reason why not."""

import pytest

from kit_booking.domain.booking.refusals import Reason
from kit_booking.domain.booking.status import Status
from kit_booking.domain.register.paper_register import Fault
from kit_booking.models import Booking, Hold
from kit_booking.services.audit import Actor
from kit_booking.services.booking.answers import withdraw
from kit_booking.services.register.paper_taking import FROM_PAPER
from kit_booking.services.waiting.entries import join
from tests.support.builders import World
from tests.support.paper import D, Office, make_office
from tests.times import NOW, days_ahead


@pytest.fixture
def office(world: World) -> Office:
    return make_office(world)


def test_a_booked_slot_is_a_problem_even_with_a_reason(office: Office, world: World):
    other = world.household(office.commune, "Lê Bình")
    world.booking(office.kit, other, days_ahead(2))
    line = f"Nguyễn Thị Hạnh;0912345678;Lưu Thượng;mây tre;{D[2]};Tối"
    assert [p.fault for p in office.sees(line).problems] == [Fault.TAKEN]
    assert office.takes_lines(line, override="Cứ nhập").bookings == 0


def test_a_closed_kit_is_a_problem(office: Office, world: World):
    world.add(world.hold(office.kit, world.slot(office.kit, days_ahead(2))))
    assert [p.fault for p in office.sees(f"A B;;Giẽ;giày;{D[2]};Tối").problems] == [Fault.CLOSED]


def test_slots_that_overlap_under_other_names_are_a_problem(office: Office, world: World):
    """The kit of the morning is not back in time where handing over takes an hour."""
    world.change(office.commune, policy={"handover_minutes": 60})
    plan = office.sees(f"A B;;Giẽ;giày;{D[2]};Sáng", f"C D;;Giẽ;giày;{D[2]};Trưa")
    assert [(p.line, p.fault, p.detail) for p in plan.problems] == [(3, Fault.CLASH, "2")]


def test_of_several_kits_one_is_to_be_named(office: Office, world: World):
    world.kit(world.place(office.commune, "Hoàng Long"))
    plan = office.sees(
        f"A B;;Giẽ;giày;{D[2]};Tối;", f"C D;;Giẽ;giày;{D[3]};Tối;hoang long", f"E F;;Giẽ;giày;{D[3]};Tối;PD-1"
    )
    assert [(p.line, p.fault) for p in plan.problems] == [(2, Fault.WHICH_KIT)]
    assert [one.slot.kit.code for one in plan.bookings] == ["PD-2", "PD-1"]


def test_problems_of_cells_and_slots_come_together_in_the_order_of_the_lines(office: Office):
    plan = office.sees(
        f"A B;;Giẽ;giày;{D[1]};Khuya",
        "C D;0912;Giẽ;giày",
        f"E F;;;giày;{D[2]};Tối;XX",
        "G H;;Giẽ;giày;31/12/9999;Tối",
    )
    assert [(p.line, p.fault) for p in plan.problems] == [
        (2, Fault.NO_SUCH_SLOT),
        (3, Fault.NO_NUMBER),
        (4, Fault.MISSING),
        (4, Fault.NO_SUCH_KIT),
        (5, Fault.TOO_FAR),
    ]


def test_rules_bind_unless_a_reason_goes_on_record(office: Office, world: World):
    lines = [f"Nguyễn Thị Hạnh;0912345678;Lưu Thượng;mây tre;{D[n]};Tối" for n in (1, 2, 3, 30)]
    assert office.takes_lines(*lines).needs_reason
    assert [(line, refusal.reason) for line, refusal in office.sees(*lines).broken] == [
        (3, Reason.PEAK_AHEAD),
        (4, Reason.PEAK_AHEAD),
        (4, Reason.PEAK_WEEK),
        (5, Reason.NOT_OPEN),
        (5, Reason.PEAK_AHEAD),
    ]
    assert world.all(Booking) == []
    assert office.takes_lines(*lines, override="Hẹn từ trước").bookings == 4
    assert [booking.reason for booking in world.all(Booking)] == [
        FROM_PAPER,
        *[f"{FROM_PAPER}. Hẹn từ trước"] * 3,
    ]


def test_what_is_over_is_left_out_or_becomes_history(office: Office, world: World):
    lines = [f"Đỗ Thị Lụa;;Giẽ Hạ;giày da;{D[-3]};Tối", f"Nguyễn Thị Hạnh;0912345678;;giày da;{D[-3]};Sáng"]
    lines[1] = f"Nguyễn Thị Hạnh;0912345678;Lưu Thượng;mây tre;{D[-3]};Sáng;;làn"
    file = office.sends(*lines)
    assert (office.looks(file).past, office.looks(file).bookings) == (2, [])
    office.answers(file, history=True)
    taken = office.takes(file)
    assert taken
    assert (taken.households, taken.bookings, taken.history) == (1, 0, 2)
    assert [(b.status, b.household_id == office.hanh.id) for b in world.all(Booking)] == [
        (Status.RETURNED, False),
        (Status.RETURNED, True),
    ]
    assert world.all(Hold) == []
    again = office.sends(*lines)
    office.answers(again, history=True)
    assert office.looks(again).bookings == []


def test_who_had_a_kit_on_paper_is_no_newcomer_in_the_queue(office: Office, world: World):
    file = office.sends(f"Nguyễn Thị Hạnh;0912345678;Lưu Thượng;mây tre;{D[-3]};Tối")
    office.answers(file, history=True)
    office.takes(file)
    other, newcomer = world.household(office.commune, "Lê Bình"), world.household(office.commune, "Trần Ba")
    world.booking(office.kit, other, days_ahead(2))
    for household in (office.hanh, newcomer):
        by = Actor(household_id=household.id)
        assert world.do(join, office.kit.code, days_ahead(2), "toi", household.id, by=by, now=NOW).entry_id
    [booking] = [one for one in world.all(Booking) if one.household_id == other.id]
    world.do(withdraw, world.seen(booking), other.id, now=NOW)
    offered = [one for one in world.all(Booking) if one.status is Status.OFFERED]
    assert [one.household_id for one in offered] == [newcomer.id]


def test_history_may_be_older_than_the_plan_of_the_slots(office: Office):
    file = office.sends("Đỗ Thị Lụa;;Giẽ Hạ;giày da;03/06/2026;19h-22h")
    office.answers(file, history=True)
    assert [(p.slot.slot.name, p.is_history) for p in office.looks(file).bookings] == [("Tối", True)]


def test_a_slot_that_has_begun_is_neither_history_nor_to_be_booked(office: Office):
    plan = office.sees(f"Đỗ Thị Lụa;;Giẽ Hạ;giày da;{D[0]};Sáng")
    assert [p.fault for p in plan.problems] == [Fault.PAST]


@pytest.mark.parametrize("kit", ["1", "Bộ 1", "bộ số 1", "PD-1", "pd-1"])
def test_a_kit_is_named_by_its_code_or_its_number(office: Office, world: World, kit: str):
    world.kit(world.place(office.commune, "Hoàng Long"))
    plan = office.sees(f"A B;;Giẽ;giày;{D[2]};Tối;{kit}")
    assert plan.problems == []
    assert [one.slot.kit.code for one in plan.bookings] == ["PD-1"]
