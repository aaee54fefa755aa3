"""Taking back what was just done, from where it is seen; and putting right later, with a reason."""

import re
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking, Message
from tests.support.town import Browser, Town, where, words_of
from tests.web.desk.test_today import now_at_the_counter


@pytest.fixture
def clerk(town: Town) -> Browser:
    return town.browser(town.clerk)


def buttons(page: TestResponse) -> list[list[str]]:
    """What each form of the page would undo."""
    forms = re.findall(r'<form method="post" action="/staff/undo">(.*?)</form>', page.text, re.S)
    return [re.findall(r'name="undo" value="([^"]+)"', form) for form in forms]


def press(clerk: Browser, seen: list[str]) -> TestResponse:
    return clerk.post("/staff/undo", undo=seen)


def test_the_notice_the_list_of_today_and_the_booking_take_it_back(town: Town, clerk: Browser) -> None:
    booking = town.booking()
    clerk.post(f"/staff/bookings/{booking.code}/approve")
    seen = [str(town.world.seen(booking))]
    page = clerk.get("/staff")
    assert buttons(page) == [seen, seen], "in the notice, and in the list"
    assert "Vừa làm, còn hoàn tác được (1)" in words_of(page)
    assert buttons(clerk.get("/staff")) == [seen], "the notice is shown once"
    assert buttons(clerk.get(f"/staff/bookings/{booking.code}")) == [seen]
    assert where(press(clerk, seen)) == "303 /staff"
    page = clerk.get("/staff")
    assert f"Đã hoàn tác: phiếu {booking.code}, hộ Nguyễn Thị Hạnh, lại là “Chờ duyệt”." in words_of(page)
    assert "Chờ duyệt (1)" in words_of(page)
    assert buttons(page) == []
    assert town.world.all(Message) == []
    assert "hoàn tác" in words_of(clerk.get(f"/staff/bookings/{booking.code}"))


@pytest.mark.parametrize(
    ("action", "status", "fields"),
    [
        ("approve", Status.REQUESTED, {}),
        ("decline", Status.REQUESTED, {"reason": "Bộ đang sửa"}),
        ("cancel", Status.APPROVED, {"reason": "Bộ đang sửa"}),
        ("accept", Status.OFFERED, {}),
        ("refuse", Status.OFFERED, {}),
        ("no-show", Status.APPROVED, {}),
        ("hand-over", Status.APPROVED, {"all": "1"}),
        ("take-back", Status.OUT, {"all": "1"}),
    ],
)
def test_every_click_at_the_desk_can_be_taken_back(
    town: Town, clerk: Browser, action: str, status: Status, fields: dict[str, object]
) -> None:
    hours = 20 if action in ("approve", "decline", "cancel", "accept", "refuse") else -1
    booking = now_at_the_counter(town, status, hours)
    before = town.world.fresh(booking)
    assert where(clerk.post(f"/staff/bookings/{booking.code}/{action}", fields)) == "303 /staff"
    notice, *_rest = buttons(clerk.get("/staff"))
    assert where(press(clerk, notice)) == "303 /staff"
    assert "Đã hoàn tác" in words_of(clerk.get("/staff"))
    after = town.world.fresh(booking)
    assert (after.status, after.strike_at, after.reason) == (before.status, before.strike_at, before.reason)


def test_moving_too(town: Town, clerk: Browser) -> None:
    booking = now_at_the_counter(town, Status.APPROVED, 20)
    to = f"/kits/{town.second_kit.code}/{booking.day}/chieu"
    assert where(clerk.post(f"/staff/bookings/{booking.code}/move", to=to)) == f"303 /staff/bookings/{booking.code}"
    seen, _same = buttons(clerk.get(f"/staff/bookings/{booking.code}"))
    press(clerk, seen)
    assert town.world.fresh(booking).kit_id == booking.kit_id


def test_what_was_settled_at_once_is_listed_and_undone_at_once(town: Town, clerk: Browser) -> None:
    day = utc_now().date() + timedelta(days=2)
    first, second = (town.world.booking(town.kit, who, day, key) for who, key in _two(town))
    closure = town.closure()
    path = f"/staff/closures/{closure}"
    plan = [str(town.world.seen(one)) for one in (first, second)]
    clerk.post(f"{path}/bookings", plan=plan)
    page = clerk.get(path)
    for name in ("Nguyễn Thị Hạnh", town.neighbour.name):
        assert name in words_of(page)
    assert "Hoàn tác cả 2 phiếu làm cùng lúc" in words_of(page)
    together = max(buttons(page), key=len)
    press(clerk, together)
    assert {town.world.fresh(one).status for one in (first, second)} == {Status.REQUESTED}
    assert "Phiếu nằm trong thời gian nghỉ (2)" in words_of(clerk.get(path))


def _two(town: Town) -> list[tuple[object, str]]:
    return [(town.owner, "sang"), (town.neighbour, "toi")]


def test_what_can_not_be_undone_says_why(town: Town, clerk: Browser) -> None:
    booking = town.booking()
    clerk.post(f"/staff/bookings/{booking.code}/approve")
    seen = [str(town.world.seen(booking))]
    town.world.let_undo_pass(utc_now())
    press(clerk, seen)
    assert "Không hoàn tác được" in (said := words_of(clerk.get("/staff")))
    assert "đã quá 2 phút" in said
    assert town.world.fresh(booking).status == Status.APPROVED


def test_nonsense_undoes_nothing(town: Town, clerk: Browser) -> None:
    code = town.booking().code
    for nonsense in ([], [""], ["x"], [code], [f"{code} PD-1 2026-12-01T00:00:00 approved 1"]):
        assert press(clerk, nonsense).status_code == 400
    assert press(clerk, ["XXXXX PD-1 2026-12-01T00:00:00+00:00 approved 1"]).status_code == 404


def test_an_old_page_acts_on_nothing_that_changed_and_keeps_the_reason(town: Town, clerk: Browser) -> None:
    booking = town.booking()
    old = str(town.world.seen(booking))
    town.browser(town.owner).post(f"/bookings/{booking.code}/cancel")
    answer = clerk.post(f"/staff/bookings/{booking.code}/decline", seen=old, reason="Bộ đang sửa đèn")
    assert answer.status_code == 409
    for said in (f"Phiếu {booking.code} vừa thay đổi", "“Chờ duyệt” nay là “Đã hủy”", "Bộ đang sửa đèn"):
        assert said in words_of(answer)
    assert f'href="/staff/bookings/{booking.code}"' in answer.text


def test_a_form_that_was_opened_by_somebody_else_does_nothing(town: Town, clerk: Browser) -> None:
    """A phone that the family shares: another household signed in meanwhile, in another window."""
    booking = town.booking()
    owner, neighbour = town.browser(town.owner), town.browser(town.neighbour)
    page = owner.get(f"/bookings/{booking.code}/cancel").text
    of_owner = re.search(r'name="reader" value="([^"]+)"', page)
    assert of_owner
    answer = neighbour.post(f"/bookings/{booking.code}/cancel", reader=of_owner[1])
    assert answer.status_code == 409
    assert "Trang này mở khi người khác đang đăng nhập" in words_of(answer)
    assert clerk.post(f"/staff/bookings/{booking.code}/approve", reader=of_owner[1]).status_code == 409
    assert town.world.fresh(booking).status == Status.REQUESTED


def test_nobody_came_is_asked_once(town: Town, clerk: Browser) -> None:
    booking = now_at_the_counter(town, Status.APPROVED, -1)
    page = clerk.get("/staff").text
    [asked] = re.findall(r"<details[^>]*>(?:(?!</details>).)*Đúng, không đến.*?</details>", page, re.S)
    assert f"/staff/bookings/{booking.code}/no-show" in asked


@pytest.mark.parametrize(
    ("status", "button", "said", "after"),
    [
        (Status.OUT, "Ghi giao nhầm", "Đã sửa: bộ chưa giao cho nhà này.", Status.APPROVED),
        (Status.RETURNED, "Ghi nhận lại nhầm", "Đã sửa: bộ vẫn ở nhà này.", Status.OUT),
    ],
)
def test_a_wrong_entry_is_put_right_with_a_reason(
    town: Town, clerk: Browser, status: Status, button: str, said: str, after: Status
) -> None:
    booking = now_at_the_counter(town, status, -1)
    path = f"/staff/bookings/{booking.code}"
    assert button in words_of(clerk.get(path))
    clerk.post(f"{path}/correct", reason=" ")
    assert "Xin ghi lý do rồi bấm lại." in words_of(clerk.get(path))
    assert where(clerk.post(f"{path}/correct", reason="Nhầm dòng")) == f"303 {path}"
    page = words_of(clerk.get(path))
    assert said in page
    assert "Nhầm dòng" in page
    assert town.world.fresh(booking).status == after


def test_a_wrong_entry_stays_when_the_kit_went_on(town: Town, clerk: Browser) -> None:
    booking = now_at_the_counter(town, Status.RETURNED, -1)
    now_at_the_counter(town, Status.OUT, 2, of=town.neighbour)
    clerk.post(f"/staff/bookings/{booking.code}/correct", reason="Nhầm dòng")
    assert "Không sửa được: bộ đã sang hộ khác" in words_of(clerk.get(f"/staff/bookings/{booking.code}"))


def test_a_strike_goes_with_a_reason(town: Town, clerk: Browser) -> None:
    booking: Booking = town.world.change(now_at_the_counter(town, Status.NO_SHOW, -1), strike_at=utc_now())
    path = f"/staff/bookings/{booking.code}"
    assert "Tính là một lần lỡ hẹn" in words_of(clerk.get(path))
    clerk.post(f"{path}/remove-strike", reason="Nhà có tang")
    assert "Lần này không tính là lỡ hẹn của hộ nữa." in words_of(clerk.get(path))
    assert "Tính là một lần lỡ hẹn" not in words_of(clerk.get(path))
    assert town.world.fresh(booking).strike_at is None
