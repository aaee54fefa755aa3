"""Members of staff: who may see and do what, and where."""

import pytest

from kit_booking.models import Commune, Role, Staff, StaffRole
from kit_booking.services.sign_in.members import communes_seen, find_member
from tests.support.builders import World


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


def member(world: World, staff: Staff) -> Staff | None:
    return world.do(find_member, staff.id, staff.session_version)


@pytest.mark.parametrize(("role", "may"), [(Role.CLERK, (True, True, True)), (Role.LEADER, (True, False, False))])
def test_a_clerk_acts_and_manages_and_a_leader_looks_on(
    world: World, commune: Commune, role: Role, may: tuple[bool, bool, bool]
):
    elsewhere = world.commune("Chuyên Mỹ")
    found = member(world, world.staff(commune, role=role))
    assert found
    assert (found.may_see(commune.id), found.may_act(commune.id), found.may_manage(commune.id)) == may
    assert not any(check(elsewhere.id) for check in (found.may_see, found.may_act, found.may_manage))


def test_an_operator_sees_and_manages_every_commune_and_answers_in_none(world: World, commune: Commune):
    found = member(world, world.staff(None, role=Role.OPERATOR))
    assert found
    assert (found.may_see(commune.id), found.may_act(commune.id), found.may_manage(commune.id)) == (True, False, True)


def test_an_account_that_left_and_a_sign_in_that_was_ended_are_nobody(world: World, commune: Commune):
    clerk = world.clerk(commune)
    assert member(world, clerk)
    assert world.do(find_member, clerk.id, clerk.session_version + 1) is None
    assert member(world, world.change(clerk, is_active=False)) is None


def test_communes_are_seen_in_the_order_of_their_slugs(world: World, commune: Commune):
    other, third = world.commune("Chuyên Mỹ"), world.commune("Đại Xuyên")
    clerk = world.clerk(commune)
    world.add(StaffRole(staff_id=clerk.id, commune_id=other.id, role=Role.LEADER))
    own, of_operator = member(world, clerk), member(world, world.staff(None, role=Role.OPERATOR))
    assert own
    assert of_operator
    assert [one.slug for one in world.do(communes_seen, own)] == [other.slug, commune.slug]
    assert [one.slug for one in world.do(communes_seen, of_operator)] == [other.slug, third.slug, commune.slug]
