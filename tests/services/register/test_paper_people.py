"""Which household a row of a paper register is: never decided in silence."""

import pytest

from kit_booking.models import Booking, Household
from kit_booking.services.booking.answers import withdraw
from kit_booking.services.register.paper_plan import RegisterPlan
from kit_booking.services.register.paper_taking import Taken
from tests.support.builders import World
from tests.support.paper import D, Office, make_office
from tests.times import NOW, days_ahead


@pytest.fixture
def office(world: World) -> Office:
    """Hạnh of Lưu Thượng is known with 0912 345 678."""
    return make_office(world)


def asked(plan: RegisterPlan) -> list[tuple[int, list[str]]]:
    return [(one.row.line, [c.name for c in one.candidates]) for one in plan.people.questions]


def test_a_name_with_another_number_is_asked_about(office: Office):
    plan = office.sees("Nguyễn Thị Hạnh;0987654321;Lưu Thượng;mây tre", "Nguyễn Thị Hạnh;0987654322;Giẽ;giày")
    assert asked(plan) == [(2, ["Nguyễn Thị Hạnh"])]
    assert len(plan.people.new) == 1


def test_a_number_with_another_name_is_asked_about_also_of_other_communes_without_its_name(
    office: Office, world: World
):
    world.household(world.commune("Đại Xuyên"), "Vũ Thị Xa", phone="+84987654321")
    plan = office.sees("Nguyễn Văn Hùng;0912345678;Giẽ;giày", "Ai Đó;0987654321;Giẽ;giày")
    assert asked(plan) == [(2, ["Nguyễn Thị Hạnh"]), (3, [""])]


def test_two_of_one_name_in_the_file_are_asked_about(office: Office):
    plan = office.sees("Lê Thị Na;0987654321;Đại Bái;gò đồng", "Lê Thị Na;0987654322;Đại Bái;gò đồng")
    assert asked(plan) == [(3, ["Lê Thị Na"])]
    assert plan.people.questions[0].candidates[0].line == 2


def test_two_households_with_one_number_in_the_file_are_asked_about(office: Office):
    plan = office.sees("Lê Thị Na;0987654321;Đại Bái;gò đồng", "Trần Ba;0987654321;Đại Bái;gò đồng")
    assert asked(plan) == [(3, ["Lê Thị Na"])]


def test_a_row_without_a_number_is_asked_about_if_several_have_the_name(office: Office, world: World):
    world.household(office.commune, "Nguyễn Thị Hạnh", phone="+84987654321")
    village = office.hanh.village
    assert len(asked(office.sees(f"Nguyễn Thị Hạnh;;{village};mây tre"))) == 1


def test_one_without_a_number_gets_the_one_of_the_file(office: Office, world: World):
    office.takes_lines("Lê Thị Na;;Đại Bái;gò đồng")
    plan = office.sees("Lê Thị Na;0987654321;Đại Bái;gò đồng")
    [na] = [one for one in world.all(Household) if one.name == "Lê Thị Na"]
    assert plan.people.numbers == {na.id: "+84987654321"}
    assert office.takes_lines("Lê Thị Na;0987654321;Đại Bái;gò đồng") == Taken()
    assert (world.fresh(na).phone, world.fresh(na).takes_texts) == ("+84987654321", True)


def test_who_is_not_answered_about_is_left_and_what_is_answered_is_so(office: Office, world: World):
    file = office.sends(
        f"Nguyễn Thị Hạnh;0987654321;Lưu Thượng;mây tre;{D[2]};Tối",
        "Nguyễn Văn Hùng;0912345678;Giẽ;giày",
        "Trần Ba;0912345678;Giẽ;giày",
    )
    assert office.takes(file) == Taken()
    office.answers(file, who={"2": str(office.hanh.id), "3": "new"})
    assert office.takes(file) == Taken(households=1, bookings=1)
    hanh = world.fresh(office.hanh)
    assert (hanh.phone, hanh.landline) == ("+84912345678", "0987654321")
    assert [booking.household_id for booking in world.all(Booking)] == [hanh.id]
    assert [row.line for row in office.looks(file).rows] == [4]


@pytest.mark.parametrize("answer", ["999999", "line 7", "line", "", "x", "line x"])
def test_an_answer_that_was_not_offered_is_none(office: Office, answer: str):
    file = office.sends("Nguyễn Văn Hùng;0912345678;Giẽ;giày")
    office.answers(file, who={"2": answer})
    assert len(asked(office.looks(file))) == 1


def test_a_household_of_an_earlier_line_is_chosen_also_when_that_line_was_taken_before(office: Office, world: World):
    file = office.sends("Lê Thị Na;0987654321;Đại Bái;gò đồng", "Lê Thị Na;0987654322;Đại Bái;gò đồng")
    office.takes(file)
    office.answers(file, who={"3": "line 2"})
    assert office.takes(file) == Taken()
    assert [(one.phone, one.landline) for one in world.all(Household)][1:] == [("+84987654321", "0987654322")]


def test_all_others_can_be_said_to_be_households_of_their_own(office: Office, world: World):
    lines = [f"Hộ {n % 60};09{12400000 + n};Đại Bái;gò đồng" for n in range(500)]
    file = office.sends(*lines)
    assert len(asked(office.looks(file))) == 440
    office.answers(file, others_are_new=True)
    assert office.takes(file) == Taken(households=500)
    assert len({one.phone for one in world.all(Household)}) == 501


def test_a_household_is_not_made_for_a_line_that_is_left_nor_twice_when_that_is_taken_later(
    office: Office, world: World
):
    other = world.booking(office.kit, office.hanh, days_ahead(2))
    taken = f"Lê Thị Na;;Đại Bái;gò đồng;{D[2]};Tối"
    assert office.takes_lines(taken) == Taken()
    file = office.sends(taken, "Lê Thị Na;;Đại Bái;gò đồng")
    assert office.takes(file) == Taken(households=1)
    world.do(withdraw, world.seen(other), office.hanh.id, now=NOW)
    assert office.takes(file) == Taken(bookings=1)
    assert len(world.all(Household)) == 2
