"""Staff accounts on screen: a password is shown once, and nobody is locked out by mistake."""

import re
from collections.abc import Iterator

import pytest

from kit_booking.models import Role, Staff, StaffRole
from tests.support.town import Browser, Town, where, words_of
from tests.support.typed import typed

STAFF = "/staff/operator/staff"


@pytest.fixture
def operator(town: Town) -> Browser:
    return town.browser(town.operator)


def add(operator: Browser, **fields: object) -> object:
    usual = {"name": "Vũ Thị Lan", "username": "Lan.PhuongDuc", "role": "clerk", "commune": "phuong-duc"}
    return operator.post(f"{STAFF}/new", usual | fields)


def shown_password(page: object) -> str:
    return re.search(r'class="secret">([^<]*)<', page.text)[1]


def test_a_new_clerk_signs_in_with_the_password_that_was_shown_once(town: Town, operator: Browser) -> None:
    answer = add(operator, mobile="0912 345 670")
    [member] = town.world.all(Staff, username="lan.phuongduc")
    assert where(answer) == f"303 {STAFF}/{member.id}"
    assert member.mobile == "+84912345670"
    password = shown_password(operator.get(f"{STAFF}/{member.id}"))
    assert 'class="secret"' not in operator.get(f"{STAFF}/{member.id}").text
    clerk = town.browser()
    assert where(clerk.post("/staff/sign-in", username="lan.phuongduc", password=password)) == "303 /staff"
    assert where(clerk.get("/staff/settings")) == "303 /staff/settings/phuong-duc"


def test_a_reset_password_is_shown_once_and_the_old_one_is_void(town: Town, operator: Browser) -> None:
    member = town.world.staff_with_password(town.commune)
    signed_in = town.browser(member)
    assert signed_in.get("/staff").status_code == 200
    assert where(operator.post(f"{STAFF}/{member.id}/password")) == f"303 {STAFF}/{member.id}"
    assert shown_password(operator.get(f"{STAFF}/{member.id}"))
    assert where(signed_in.get("/staff")) == "303 /staff/sign-in"


def test_a_password_is_shown_on_the_page_of_its_own_account_only(town: Town, operator: Browser) -> None:
    operator.post(f"{STAFF}/{town.clerk.id}/password")
    assert 'class="secret"' not in operator.get(f"{STAFF}/{town.leader.id}").text
    assert shown_password(operator.get(f"{STAFF}/{town.clerk.id}"))


def test_an_operator_who_resets_the_own_password_sees_it(town: Town, operator: Browser) -> None:
    page = operator.post(f"{STAFF}/{town.operator.id}/password")
    assert page.status_code == 200
    assert len(shown_password(page)) == 14
    assert where(operator.get("/staff")) == "303 /staff/sign-in"


def test_a_disabled_account_is_signed_out_and_can_be_opened_again(town: Town, operator: Browser) -> None:
    clerk = town.browser(town.clerk)
    assert clerk.get("/staff").status_code == 200
    operator.post(f"{STAFF}/{town.clerk.id}/disable")
    assert where(clerk.get("/staff")) == "303 /staff/sign-in"
    assert "Tài khoản đã khóa" in words_of(operator.get(f"{STAFF}/{town.clerk.id}"))
    assert "chưa có cán bộ duyệt" in words_of(operator.get("/staff/operator?q=phuong"))
    operator.post(f"{STAFF}/{town.clerk.id}/enable")
    assert town.world.fresh(town.clerk).is_active


def test_the_last_operator_is_told_why_not(town: Town, operator: Browser) -> None:
    operator.post(f"{STAFF}/{town.operator.id}/disable")
    assert "Đây là người vận hành cuối cùng." in words_of(operator.get(f"{STAFF}/{town.operator.id}"))


def test_roles_come_and_go_by_commune(town: Town, operator: Browser) -> None:
    path = f"{STAFF}/{town.leader.id}"
    assert where(operator.post(f"{path}/roles", role="clerk", commune=town.elsewhere.code)) == f"303 {path}"
    assert town.browser(town.leader).get("/staff/settings/dai-xuyen/fairness").status_code == 200
    [role] = town.world.all(StaffRole, staff_id=town.leader.id, role=Role.CLERK)
    assert where(operator.post(f"{path}/roles/{role.id}/remove")) == f"303 {path}"
    assert town.browser(town.leader).get("/staff/settings/dai-xuyen").status_code == 404


NOBODY_ANSWERS = "Xã chưa có cán bộ duyệt phiếu"


def can_be_asked(town: Town) -> bool:
    """Whether the commune takes requests: what the page of a free slot says, and the answer to asking for it."""
    path = town.slot_path()
    page, answer = town.browser().get(path), town.browser(town.owner).post(path)
    is_asked = where(answer).startswith("303 /bookings/")
    assert is_asked or answer.status_code == 409
    assert [NOBODY_ANSWERS in words_of(said) for said in (page, answer)] == [not is_asked] * 2
    return is_asked


def clerk_role(town: Town, member: Staff) -> int:
    return town.world.all(StaffRole, staff_id=member.id, role=Role.CLERK)[0].id


def change_who_answers(town: Town, operator: Browser) -> Iterator[tuple[str, bool]]:
    """Every change of who can answer, done one after the other, and whether somebody can after it."""
    clerk, leader = (f"{STAFF}/{member.id}" for member in (town.clerk, town.leader))
    operator.post(f"{clerk}/disable")
    yield "the only clerk is disabled", False
    operator.post(f"{clerk}/enable")
    yield "the clerk is enabled again", True
    operator.post(f"{clerk}/disable")
    add(operator)
    yield "another clerk is added", True
    [other] = town.world.all(Staff, username="lan.phuongduc")
    operator.post(f"{STAFF}/{other.id}/roles", role="leader", commune="phuong-duc")
    operator.post(f"{STAFF}/{other.id}/roles/{clerk_role(town, other)}/remove")
    yield "the other clerk is a leader now", False
    operator.post(f"{leader}/roles", role="clerk", commune="phuong-duc")
    yield "the leader is a clerk, too", True
    operator.post(f"{leader}/roles/{clerk_role(town, town.leader)}/remove")
    yield "the leader is no clerk any more", False


def test_a_commune_can_be_asked_from_the_moment_on_that_somebody_can_answer(town: Town, operator: Browser) -> None:
    assert can_be_asked(town)
    for change, is_answered in change_who_answers(town, operator):
        assert can_be_asked(town) == is_answered, change


def test_a_form_that_was_open_meanwhile_changes_nothing_of_who_can_answer(town: Town, operator: Browser) -> None:
    path = "/staff/operator/communes/phuong-duc/edit"
    window = operator.get(path)
    for change, is_answered in change_who_answers(town, town.browser(town.operator)):
        window = operator.post(path, typed(window))
        assert window.status_code == 409, change
        assert where(operator.post(path, typed(window))) == "303 /staff/operator/communes/phuong-duc"
        window = operator.get(path)
        assert can_be_asked(town) == is_answered, change


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"username": "a b"}, "Từ 3 đến 40 chữ không dấu"),
        ({"username": "lân"}, "Từ 3 đến 40 chữ không dấu"),
        ({"mobile": "024 3385 4321"}, "Đây là số máy bàn"),
        ({"commune": ""}, "Ghi xã của cán bộ này."),
        ({"commune": "nowhere"}, "Không có xã này."),
        ({"role": "operator"}, "Người vận hành không thuộc xã nào."),
        ({"name": " "}, "Họ và tên"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_stays(
    town: Town, operator: Browser, fields: dict[str, str], said: str
) -> None:
    page = add(operator, **fields)
    assert page.status_code == 422
    assert said in words_of(page)
    assert typed(page)["username"] == [fields.get("username", "lan.phuongduc")]
    assert not town.world.all(Staff, name="Vũ Thị Lan")


def test_a_taken_user_name_is_refused(town: Town, operator: Browser) -> None:
    page = add(operator, username=town.clerk.username)
    assert page.status_code == 409
    assert "Tên đăng nhập này đã có người dùng." in words_of(page)


def test_accounts_are_found_by_the_beginning_of_their_user_name(town: Town, operator: Browser) -> None:
    town.world.staff(town.commune, username="lan.phuongduc", name="Vũ Thị Lan")
    words = words_of(operator.get(f"{STAFF}?q=LAN"))
    assert "Vũ Thị Lan lan.phuongduc · Cán bộ xã · Phượng Dực" in words
    assert town.clerk.username not in words
    assert "Không có tài khoản nào như vậy" in words_of(operator.get(f"{STAFF}?q=zzz"))
