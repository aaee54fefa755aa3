"""A household's own data: looking at it, correcting, downloading and erasing it."""

import json
from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.register.household import ERASED_NAME
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Message
from tests.support.town import Browser, Town, where, words_of
from tests.web.desk.test_counter import WHOLE
from tests.web.desk.test_today import now_at_the_counter


@pytest.fixture
def owner(town: Town) -> Browser:
    return town.browser(town.owner)


def test_a_household_sees_what_is_kept_of_it(owner: Browser) -> None:
    assert 'href="/household"' in owner.get("/bookings").text
    page = words_of(owner.get("/household"))
    for said in ("Nguyễn Thị Hạnh", "0912 345 678", "Đồng ý cho xã giữ"):
        assert said in page


def test_it_sees_who_looked_at_its_page(town: Town, owner: Browser) -> None:
    town.browser(town.clerk).get(f"/staff/households/{town.owner.id}")
    assert f"Cán bộ đã xem trang của nhà mình (1) {town.clerk.name}" in words_of(owner.get("/household"))


def test_it_puts_village_and_craft_right_and_nothing_else(town: Town, owner: Browser) -> None:
    refused = owner.post("/household", village="", craft="thêu")
    assert refused.status_code == 422
    assert 'value="thêu"' in refused.text
    typed = {"village": "Giẽ Hạ", "craft": "thêu", "name": "Người khác", "phone": "0987654321"}
    assert where(owner.post("/household", typed)) == "303 /household"
    assert "Đã ghi lại" in words_of(owner.get("/household"))
    after = town.world.fresh(town.owner)
    assert (after.village, after.craft, after.name, after.phone) == (
        "Giẽ Hạ",
        "thêu",
        town.owner.name,
        town.owner.phone,
    )


def test_its_copy_holds_everything_of_its_own_and_nothing_of_others(town: Town, owner: Browser) -> None:
    path = town.slot_path()
    owner.post(path, sells="làn mây", streams_on="Facebook")
    other = town.booking(of=town.neighbour)
    answer = owner.get("/household/data.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="nha-minh.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    copy = json.loads(answer.text)
    assert (copy["Tên chủ hộ"], copy["Số di động"]) == ("Nguyễn Thị Hạnh", "0912 345 678")
    assert [booking["Nhà mình bán"] for booking in copy["Phiếu mượn"]] == ["làn mây"]
    assert copy["Tin nhắn"][0]["Lời"].startswith("LIVEPX")
    assert other.code not in answer.text
    assert "Nguyễn" in answer.text  # To be read by people.


def test_its_copy_holds_what_was_written_down_at_the_counter(town: Town, owner: Browser) -> None:
    clerk = town.browser(town.clerk)
    for who in (town.owner, town.neighbour):
        booking = now_at_the_counter(town, Status.APPROVED, 0, of=who)
        typed = {**WHOLE, "person": f"người nhà {who.name}", "note": "mang hộ"}
        clerk.post(f"/staff/bookings/{booking.code}/hand-over", typed)
        clerk.post(f"/staff/bookings/{booking.code}/take-back", all="1")
        town.world.let_undo_pass(utc_now())
    back, out = json.loads(owner.get("/household/data.json").text)["Giao và nhận bộ"]
    assert (out["Việc"], back["Việc"]) == ("Giao", "Nhận lại")
    assert (out["Người đến quầy"], out["Ghi chú"]) == ("người nhà Nguyễn Thị Hạnh", "mang hộ")


def test_it_erases_itself_after_being_asked_once(town: Town, owner: Browser) -> None:
    booking, other_phone = town.booking(Status.APPROVED), town.browser(town.owner)
    assert booking.code in words_of(owner.get("/household/erase"))
    assert where(owner.post("/household/erase")) == "303 /household/erased"
    assert "Đã xóa thông tin" in words_of(owner.get("/household/erased"))
    assert where(owner.get("/bookings")) == "303 /sign-in"
    assert where(other_phone.get("/bookings")) == "303 /sign-in"
    assert town.world.fresh(town.owner).name == ERASED_NAME
    assert town.world.fresh(booking).status == Status.CANCELLED
    assert [(text.kind, text.to) for text in town.world.all(Message)] == [(Kind.WITHDRAWN, town.owner.phone)]


def test_with_a_kit_at_home_it_is_asked_to_bring_it_back_first(town: Town, owner: Browser) -> None:
    town.world.booking(town.second_kit, town.owner, local_day(utc_now()), status=Status.OUT)
    assert "Trả bộ xong thì xóa được" in words_of(owner.get("/household/erase"))
    assert owner.post("/household/erase").status_code == 409
    assert owner.get("/bookings").status_code == 200


def test_its_number_is_nobodys_afterwards(town: Town, owner: Browser) -> None:
    owner.post("/household/erase")
    newcomer = town.browser()
    with newcomer.client.session_transaction() as session:
        session["verified"] = [town.owner.phone, utc_now().timestamp()]
    page = words_of(newcomer.get("/sign-in/household"))
    assert "Số này chưa ghi tên nhà nào" in page


def test_who_is_paused_is_told_that_erasing_does_not_end_it(town: Town) -> None:
    said = "xóa rồi vẫn nghỉ đến hết hạn"
    browser = town.browser(town.owner)
    assert said not in words_of(browser.get("/household/erase"))
    for days in (9, 5):
        at = utc_now() - timedelta(days=days)
        town.world.change(town.booking(Status.NO_SHOW), strike_at=at)
    assert said in words_of(browser.get("/household/erase"))
