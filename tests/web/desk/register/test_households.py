"""The register's pages: who sees whom, and what can be put right there."""

from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import AuditEntry, Household, Message
from tests.support.town import NUMBER, Browser, Town, where, words_of


@pytest.fixture
def clerk(town: Town) -> Browser:
    return town.browser(town.clerk)


def page_of(town: Town, household: Household | None = None) -> str:
    return f"/staff/households/{(household or town.owner).id}"


def paused(town: Town) -> None:
    """The owner did not come twice within two weeks."""
    today = local_day(utc_now())
    for days, key in ((3, "sang"), (4, "toi")):
        missed = utc_now() - timedelta(days=days)
        day = today - timedelta(days=days)
        town.world.booking(town.kit, town.owner, day, key, status=Status.NO_SHOW, strike_at=missed)


def test_the_register_is_searched_without_accents_and_shows_masked_numbers(clerk: Browser) -> None:
    page = words_of(clerk.get("/staff/households?q=nguyen thi hanh"))
    assert "Nguyễn Thị Hạnh 0912 *** 678 Lưu Thượng · mây tre đan" in page
    assert "Lê Văn Bình" not in page
    assert "0912 345 678" not in page


def test_everybody_of_the_commune_is_listed_until_something_is_typed(town: Town, clerk: Browser) -> None:
    town.world.household(town.elsewhere, "Vũ Thị Xa")
    page = words_of(clerk.get("/staff/households"))
    assert "Nguyễn Thị Hạnh" in page
    assert "Lê Văn Bình" in page
    assert "Vũ Thị Xa" not in page


@pytest.mark.parametrize(
    "query", ["?q=zzz", "?q=%25", "?q=" + "x" * 500, "?page=-3", "?page=999999999999", "?page=x"]
)
def test_odd_searches_end_in_a_page(clerk: Browser, query: str) -> None:
    assert clerk.get(f"/staff/households{query}").status_code == 200


def test_the_operator_searches_all_communes_and_is_asked_for_a_word_first(town: Town) -> None:
    town.world.household(town.elsewhere, "Vũ Thị Xa")
    operator = town.browser(town.operator)
    assert "Gõ tên, thôn hoặc số" in words_of(operator.get("/staff/households"))
    assert "xã Đại Xuyên" in words_of(operator.get("/staff/households?q=vu thi xa"))


def test_the_page_of_a_household_shows_all_that_is_kept_and_says_who_looked(town: Town, clerk: Browser) -> None:
    booking = town.booking(Status.APPROVED)
    page = words_of(clerk.get(page_of(town)))
    for said in ("0912 345 678", "Lưu Thượng", "Tự đánh dấu đồng ý trên trang", booking.code, "Phiếu sắp tới (1)"):
        assert said in page
    assert f"Ai đã xem trang này (1) {town.clerk.name}" in page
    clerk.get(page_of(town))
    assert len(town.world.all(AuditEntry, action="viewed")) == 1


def test_of_another_communes_household_only_what_it_booked_here_and_its_standing_are_seen(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    foreign = town.browser(town.foreign_clerk)
    assert foreign.get(page_of(town)).status_code == 404
    here = town.world.booking(
        town.world.kits(town.elsewhere)[0],
        town.owner,
        local_day(utc_now()) + timedelta(days=3),
        status=Status.APPROVED,
    )
    page = words_of(foreign.get(page_of(town)))
    assert here.code in page
    assert "Không có lần nào không đến nhận" in page
    for hidden in (booking.code, "0912", "Lưu Thượng", "Sửa tên", "Đồng ý"):
        assert hidden not in page
    assert foreign.post(page_of(town) + "/edit", name="Xấu", village="x", craft="x").status_code == 404


def test_a_leader_sees_and_has_no_buttons(town: Town) -> None:
    page = town.browser(town.leader).get(page_of(town)).text
    for action in ("edit", "number", "join", "erase", "lift"):
        assert f"/{action}" not in page


def test_a_pause_is_shown_and_lifted_with_a_reason(town: Town, clerk: Browser) -> None:
    paused(town)
    page = words_of(clerk.get(page_of(town)))
    assert "Tạm nghỉ đăng ký đến" in page
    assert "Cán bộ xã Phượng Dực mở lại sớm được" in page
    refused = clerk.post(page_of(town) + "/lift", reason="  ")
    assert refused.status_code == 422
    assert "phải ghi lý do" in words_of(refused)
    clerk.post(page_of(town) + "/lift", reason="Nhà có việc buồn")
    assert "được đăng ký trở lại" in words_of(clerk.get(page_of(town)))
    assert "Tạm nghỉ" not in words_of(clerk.get(page_of(town)))
    [entry] = town.world.all(AuditEntry, action="pause_lifted")
    assert entry.detail == {"reason": "Nhà có việc buồn"}


def test_strikes_are_shown_with_the_day_until_which_they_count(town: Town, clerk: Browser) -> None:
    missed = utc_now() - timedelta(days=3)
    town.world.booking(town.kit, town.owner, local_day(missed), status=Status.NO_SHOW, strike_at=missed)
    page = words_of(clerk.get(page_of(town)))
    assert "1 lần không đến nhận hoặc hủy quá muộn" in page
    assert f"{missed + timedelta(days=60, hours=7):%d/%m}" in page


def test_a_name_is_put_right_and_what_was_typed_wrong_is_kept(town: Town, clerk: Browser) -> None:
    path = page_of(town) + "/edit"
    refused = clerk.post(path, name="Đỗ Thị Hạnh", village="", craft="thêu")
    assert refused.status_code == 422
    assert 'value="Đỗ Thị Hạnh"' in refused.text
    assert where(clerk.post(path, name="Đỗ Thị Hạnh", village="Giẽ", craft="thêu")) == f"303 {page_of(town)}"
    assert "Đỗ Thị Hạnh" in words_of(clerk.get("/staff/households?q=do thi hanh gie"))


def test_the_new_number_is_checked_and_the_old_phone_is_out(town: Town, clerk: Browser) -> None:
    owner, path = town.browser(town.owner), page_of(town) + "/number"
    assert owner.get("/bookings").status_code == 200
    for wrong in ("0912", "024 3385 4321", "+44 7911 123456"):
        assert clerk.post(path, phone=wrong, checked="y").status_code == 422
    assert clerk.post(path, phone="0987 654 321").status_code == 422
    assert where(clerk.post(path, phone="0987 654 321", takes_texts="y", checked="y")) == f"303 {page_of(town)}"
    assert where(owner.get("/bookings")) == "303 /sign-in"
    assert town.world.fresh(town.owner).phone == "+84987654321"


def test_a_number_that_others_have_is_asked_about(town: Town, clerk: Browser) -> None:
    far = town.world.household(town.elsewhere, "Vũ Thị Xa", phone="+84987654321")
    near = town.world.household(town.commune, "Trần Thị Lan", phone=far.phone)
    typed = {"phone": "0987 654 321", "checked": "y"}
    asked = clerk.post(page_of(town) + "/number", typed)
    assert asked.status_code == 422
    words = words_of(asked)
    assert near.name in words
    assert far.name not in words
    assert "một hộ ở xã khác" in words
    assert clerk.post(page_of(town) + "/number", typed, shared="y").status_code == 303


def test_without_a_mobile_a_landline_is_kept_and_shown(town: Town, clerk: Browser) -> None:
    typed = {"phone": "", "landline": "024 3385 4321", "checked": "y", "takes_texts": "y"}
    booking = town.booking(Status.APPROVED)
    assert clerk.post(page_of(town) + "/number", typed).status_code == 303
    assert (town.world.fresh(town.owner).phone, town.world.fresh(town.owner).takes_texts) == ("", False)
    for path in (page_of(town), f"/staff/bookings/{booking.code}"):
        assert 'href="tel:02433854321"' in clerk.get(path).text
    assert "0243 *** 321" in words_of(clerk.get("/staff/households"))


def test_somebody_without_any_number_is_shown_everywhere(town: Town, clerk: Browser) -> None:
    booking = town.booking(Status.APPROVED)
    clerk.post(page_of(town) + "/number", phone="", landline="", checked="y")
    for path in ("/staff", page_of(town), "/staff/households", f"/staff/bookings/{booking.code}"):
        assert clerk.get(path).status_code == 200
        assert 'href="tel:"' not in clerk.get(path).text
    assert "không có số" in words_of(clerk.get("/staff/households"))


def test_two_records_of_one_family_are_joined_after_a_look(town: Town, clerk: Browser) -> None:
    twin = town.world.household(town.commune, "Nguyen thi hanh", phone=NUMBER)
    booking = town.booking(Status.APPROVED, of=twin)
    path = page_of(town) + "/join"
    alike = clerk.get(path)
    assert f"/join?with={twin.id}" in alike.text
    assert f"with={town.owner.id}" not in alike.text
    assert "Phiếu sắp tới 0 1 1" in words_of(clerk.get(f"{path}?with={twin.id}"))
    assert where(clerk.post(path, {"with": twin.id})) == f"303 {page_of(town)}"
    assert booking.code in words_of(clerk.get(page_of(town)))
    assert clerk.get(page_of(town, twin)).status_code == 404
    assert clerk.post(path, {"with": twin.id}).status_code == 404


@pytest.mark.parametrize("with_", ["", "x", "²", "-1", "99999999999", "0"])
def test_joining_needs_another_household(town: Town, clerk: Browser, with_: str) -> None:
    assert clerk.get(f"{page_of(town)}/join?with={with_}").status_code == 404
    assert clerk.get(f"{page_of(town)}/join?with={town.owner.id}").status_code == 404


def test_a_household_of_another_commune_is_not_joined(town: Town, clerk: Browser) -> None:
    far = town.world.household(town.elsewhere)
    assert clerk.post(page_of(town) + "/join", {"with": far.id}).status_code == 404
    assert town.world.fresh(far).erased_at is None


def test_erasing_asks_once_and_says_what_is_cancelled(town: Town, clerk: Browser) -> None:
    booking, path = town.booking(Status.APPROVED), page_of(town) + "/erase"
    assert booking.code in words_of(clerk.get(path))
    assert clerk.post(path).status_code == 422
    owner = town.browser(town.owner)
    assert where(clerk.post(path, sure="y")) == "303 /staff/households"
    assert "Hạnh" not in words_of(clerk.get("/staff/households?q="))
    assert where(owner.get("/bookings")) == "303 /sign-in"
    assert "Hộ ẩn danh" in words_of(clerk.get(f"/staff/bookings/{booking.code}"))
    assert len(town.world.all(Message)) == 1


def test_who_has_a_kit_is_not_erased_yet(town: Town, clerk: Browser) -> None:
    town.world.booking(town.second_kit, town.owner, local_day(utc_now()), status=Status.OUT)
    answer = clerk.post(page_of(town) + "/erase", sure="y")
    assert answer.status_code == 409
    assert "đang giữ bộ" in words_of(answer)
