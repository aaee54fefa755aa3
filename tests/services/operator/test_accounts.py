"""Staff accounts: what ends when one is disabled, and who can never be the last."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from kit_booking.models import AuditEntry, FeedToken, Role, Staff, StaffRole
from kit_booking.services.audit import Actor
from kit_booking.services.calendars.feeds import private_feed
from kit_booking.services.calendars.tokens import add_token
from kit_booking.services.operator import accounts
from kit_booking.services.operator.accounts import PAGE
from kit_booking.services.operator.edits import Denied
from kit_booking.services.sign_in.members import find_member
from kit_booking.services.sign_in.sign_in import SignInProblem, check_password, hasher
from tests.support.builders import PASSWORD, World
from tests.times import NOW


def by(operator: Staff) -> Actor:
    return Actor(staff_id=operator.id)


def both(*calls: Any) -> None:
    """Do both at the same moment."""
    together = threading.Barrier(len(calls))

    def run(call: Any) -> None:
        together.wait()
        call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_disabling_an_account_ends_its_sign_ins_and_for_good_its_calendars(world: World) -> None:
    commune, operator = world.commune(), world.staff(None, Role.OPERATOR)
    member = world.staff_with_password(commune)
    token = world.do(add_token, Actor(staff_id=member.id), now=NOW)
    assert world.do(accounts.set_active, member.id, False, by(operator), now=NOW) is None
    assert world.do(find_member, member.id, member.session_version) is None
    assert world.do(check_password, member.username, PASSWORD, "", now=NOW) is SignInProblem.WRONG
    assert world.do(private_feed, token, now=NOW)[0].ended_on

    world.do(accounts.set_active, member.id, True, by(operator), now=NOW)
    assert isinstance(world.do(check_password, member.username, PASSWORD, "", now=NOW), Staff)
    assert world.do(find_member, member.id, member.session_version) is None, "old sign-ins stay ended"
    assert world.do(private_feed, token, now=NOW)[0].ended_on
    assert world.all(FeedToken)[0].revoked_at == NOW
    entries = [
        (entry.action, entry.staff_id, entry.commune_id) for entry in world.all(AuditEntry, staff_id=operator.id)
    ]
    assert entries == [("staff_disabled", operator.id, commune.id), ("staff_enabled", operator.id, commune.id)]


def test_the_last_active_operator_stays(world: World) -> None:
    operator = world.staff(None, Role.OPERATOR)
    world.staff(None, Role.OPERATOR, is_active=False)
    world.add(StaffRole(staff_id=operator.id, commune_id=world.commune().id, role=Role.LEADER))
    [role] = world.all(StaffRole, staff_id=operator.id, role=Role.OPERATOR)
    assert world.do(accounts.set_active, operator.id, False, by(operator), now=NOW) is Denied.LAST_OPERATOR
    assert world.do(accounts.remove_role, operator.id, role.id, by(operator), now=NOW) is Denied.LAST_OPERATOR
    assert world.fresh(operator).is_active


@pytest.mark.parametrize("by_role", [False, True])
def test_two_operators_who_remove_each_other_at_once_leave_one(world: World, by_role: bool) -> None:
    one, other = world.staff(None, Role.OPERATOR), world.staff(None, Role.OPERATOR)
    commune, answers = world.commune(has_clerk=False), []
    world.add(*(StaffRole(staff_id=who.id, commune_id=commune.id, role=Role.LEADER) for who in (one, other)))

    def remove(whom: Staff, remover: Staff) -> None:
        if by_role:
            [role] = world.all(StaffRole, staff_id=whom.id, role=Role.OPERATOR)
            answers.append(world.do(accounts.remove_role, whom.id, role.id, by(remover), now=NOW))
        else:
            answers.append(world.do(accounts.set_active, whom.id, False, by(remover), now=NOW))

    both(lambda: remove(one, other), lambda: remove(other, one))
    assert sorted(answers, key=str) == [None, Denied.LAST_OPERATOR]
    active = {member.id for member in world.all(Staff, is_active=True)}
    assert len(active & {role.staff_id for role in world.all(StaffRole, role=Role.OPERATOR)}) == 1


def test_an_account_keeps_at_least_one_role(world: World) -> None:
    commune, operator = world.commune(), world.staff(None, Role.OPERATOR)
    clerk = world.clerk(commune)
    [role] = world.all(StaffRole, staff_id=clerk.id)
    assert world.do(accounts.remove_role, clerk.id, role.id, by(operator), now=NOW) is Denied.LAST_ROLE
    assert world.do(accounts.add_role, clerk.id, Role.CLERK, commune.id, by(operator), now=NOW) is Denied.HAS_ROLE
    assert world.do(accounts.add_role, clerk.id, Role.LEADER, commune.id, by(operator), now=NOW) is None
    assert world.do(accounts.remove_role, clerk.id, role.id, by(operator), now=NOW) is None
    assert [held.role for held in world.all(StaffRole, staff_id=clerk.id)] == [Role.LEADER]


def test_a_new_password_ends_the_sign_ins_with_the_old_one(world: World) -> None:
    commune, operator = world.commune(), world.staff(None, Role.OPERATOR)
    member = world.staff_with_password(commune)
    password = accounts.new_password()
    world.do(accounts.set_password, member.id, hasher.hash(password), by(operator), now=NOW)
    assert world.do(find_member, member.id, member.session_version) is None
    assert world.do(check_password, member.username, PASSWORD, "", now=NOW) is SignInProblem.WRONG
    assert isinstance(world.do(check_password, member.username, password, "", now=NOW), Staff)
    assert password not in "".join(str(entry.detail) for entry in world.all(AuditEntry))


def test_whatever_changes_who_can_answer_raises_the_version_of_the_commune(world: World) -> None:
    commune, elsewhere, operator = world.commune(), world.commune("Đại Xuyên"), world.staff(None, Role.OPERATOR)
    clerk, who = world.clerk(commune), by(operator)

    def raised(use_case: Callable[..., object], *values: object) -> int:
        before = world.fresh(commune).version
        world.do(use_case, *values, who, now=NOW)
        return world.fresh(commune).version - before

    assert raised(accounts.set_active, clerk.id, False) == 1
    assert raised(accounts.set_active, clerk.id, False) == 0, "it was disabled"
    assert raised(accounts.set_active, clerk.id, True) == 1
    assert raised(accounts.add_account, "lan", "Lan", "", "hash", Role.CLERK, commune.id) == 1
    assert raised(accounts.add_account, "bình", "Bình", "", "hash", Role.CLERK, elsewhere.id) == 0
    assert raised(accounts.add_role, operator.id, Role.CLERK, commune.id) == 1
    [role] = world.all(StaffRole, staff_id=operator.id, role=Role.CLERK)
    assert raised(accounts.remove_role, operator.id, role.id) == 1
    assert raised(accounts.change_account, clerk.id, "Another name", "") == 0
    assert raised(accounts.set_password, clerk.id, "hash") == 0


def test_made_up_passwords_are_long_and_never_the_same() -> None:
    made = {accounts.new_password() for _ in range(100)}
    assert len(made) == 100
    assert {len(password) for password in made} == {14}


def test_a_user_name_is_given_once(world: World) -> None:
    commune, operator = world.commune(), world.staff(None, Role.OPERATOR)

    def add(username: str) -> int | Denied:
        fields = ("Vũ Thị Lan", "", "hash", Role.LEADER, commune.id, by(operator))
        return world.do(accounts.add_account, username, *fields, now=NOW)

    staff_id = add("lanhdao.moi")
    assert add("lanhdao.moi") is Denied.USERNAME_TAKEN
    account = world.do(accounts.find_account, staff_id)
    assert [(held.role, held.commune.slug) for held in account.roles] == [(Role.LEADER, "phuong-duc")]


def test_long_lists_come_in_pages_by_user_name(world: World) -> None:
    world.add(*(Staff(username=f"a{n:03}", name=f"A {n}", password_hash="") for n in range(PAGE + 1)))
    world.add(Staff(username="b1", name="B", password_hash=""))
    first, after = world.do(accounts.account_page, "a")
    assert (len(first), after) == (PAGE, f"a{PAGE - 1:03}")
    rest, after = world.do(accounts.account_page, "a", after)
    assert ([account.username for account in rest], after) == ([f"a{PAGE:03}"], "")
    assert [account.username for account in world.do(accounts.account_page, "", f"a{PAGE:03}")[0]] == ["b1"]
