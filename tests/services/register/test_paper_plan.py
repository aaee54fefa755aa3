"""What a paper register would change, and every reason why not."""

import pytest

from kit_booking.domain.booking.refusals import Reason
from kit_booking.domain.register.paper_register import Fault
from kit_booking.models import (
    Booking,
)
from kit_booking.services.register.paper_register import (
    FROM_PAPER,
)
from tests.support.builders import World
from tests.support.paper import D, Office, make_office
from tests.times import days_ahead


@pytest.fixture
def office(world: World) -> Office:
    return make_office(world)


def test_a_booked_slot_is_a_problem_even_with_a_reason(office: Office, world: World):
    other = world.household(office.commune, "Lê Bình")
    world.booking(office.kit, other, days_ahead(2))
    taken = office.takes_lines(f"Nguyễn Thị Hạnh;0912345678;Lưu Thượng;mây tre;{D[2]};Tối", override="Cứ nhập")
    assert not taken.is_done
    assert [p.fault for p in taken.problems] == [Fault.TAKEN]


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
    refused = office.takes_lines(*lines)
    assert not refused.is_done
    assert [(line, refusal.reason) for line, refusal in refused.broken] == [
        (4, Reason.AHEAD),
        (4, Reason.WEEK),
        (5, Reason.NOT_OPEN),
        (5, Reason.AHEAD),
    ]
    assert world.all(Booking) == []
    assert office.takes_lines(*lines, override="Hẹn từ trước").is_done
    assert [booking.reason for booking in world.all(Booking)] == [
        FROM_PAPER,
        FROM_PAPER,
        f"{FROM_PAPER}. Hẹn từ trước",
        f"{FROM_PAPER}. Hẹn từ trước",
    ]


def test_past_bookings_are_left_out(office: Office, world: World):
    taken = office.takes_lines(f"Đỗ Thị Lụa;;Giẽ Hạ;giày da;{D[-3]};Tối", f"Đỗ Thị Lụa;;Giẽ Hạ;giày da;{D[0]};Sáng")
    assert taken.is_done
    assert (taken.past, len(taken.new)) == (2, 1)
    assert world.all(Booking) == []


def test_a_number_of_a_household_with_another_name_is_reported(office: Office, world: World):
    far = world.household(world.commune("Đại Xuyên"), "Vũ Thị Xa", phone="+84987654321")
    plan = office.sees("Nguyễn Văn Hùng;0912345678;Giẽ;giày", "Ai Đó;0987654321;Giẽ;giày")
    assert plan.renamed == [(2, "Nguyễn Thị Hạnh"), (3, "")]
    assert plan.known == {office.hanh.id, far.id}
    assert plan.new == {}
