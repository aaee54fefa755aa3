"""A household's pages: a slot, its own bookings, cancelling one, and the reasons of refusals."""

from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Booking
from tests.support.town import Town, where, words_of
from tests.times import set_clock


def test_the_slot_page_says_when_and_where(town: Town) -> None:
    page = words_of(town.browser().get(town.slot_path().replace("sang", "toi").replace("trua", "toi")))
    for said in ("Tối", "19–22h", "Nhận bộ", "Trả bộ", "Phú Túc", "Cô Hằng", "đèn × 2", "Bước 1/3", "024 3385 4321"):
        assert said in page


def test_signed_in_it_takes_two_taps(town: Town) -> None:
    browser, slot = town.browser(town.owner), town.slot_path()
    page = browser.get(slot)
    assert "Bước" not in words_of(page)
    rule = (
        "Mỗi nhà giữ trước được 99 buổi tối và 99 buổi ban ngày; còn trống trước 24 giờ thì ai mượn thêm cũng được."
    )
    assert rule in words_of(page)
    answer = browser.post(slot, sells=" làn   mây ", streams_on="Shopee")
    booking = town.world.all(Booking)[0]
    assert answer.headers["Location"] == f"/bookings/{booking.code}?new=1"
    assert booking.sells == "làn mây"
    page = browser.get(town.slot_path()).text
    assert 'value="làn mây"' in page  # What was said last stands there the next time.
    assert 'value="Shopee"' in page


def test_a_double_tap_makes_one_booking(town: Town) -> None:
    browser, slot = town.browser(town.owner), town.slot_path()
    assert browser.post(slot).headers["Location"] == browser.post(slot).headers["Location"]
    assert len(town.world.all(Booking)) == 1


def test_a_slot_that_was_taken_meanwhile_is_refused_kindly(town: Town) -> None:
    slot = town.slot_path()
    town.browser(town.neighbour).post(slot)
    answer = town.browser(town.owner).post(slot)
    assert answer.status_code == 409
    assert "Buổi này vừa có nhà khác đăng ký" in words_of(answer)
    assert "Chọn buổi khác" in words_of(answer)
    assert "Lê Văn Bình" not in answer.text


def test_every_reason_is_named_at_once(town: Town) -> None:
    town.world.change(town.commune, policy={"most_ahead": 1, "most_a_week": 1, "free_hours": 0}, version=2)
    mine, slot = town.slot_path(), town.slot_path()
    town.browser(town.owner).post(mine)
    day = slot.split("/")[3]
    if mine.split("/")[3] != day:  # The same day is the same week.
        mine, slot = slot, town.slot_path()
    town.browser(town.neighbour).post(slot)
    page = words_of(town.browser(town.owner).post(slot))
    assert "Buổi này vừa có nhà khác đăng ký" in page
    assert "đang có đủ 1 phiếu ban ngày" in page
    assert 'href="/bookings">Phiếu của nhà mình' in town.browser(town.owner).get(town.slot_path()).text


def test_too_late_and_not_open_say_until_and_from_when(town: Town) -> None:
    today = local_day(utc_now())
    browser = town.browser(town.owner)
    past = browser.get(f"/kits/PD-1/{today - timedelta(days=3)}/toi")
    assert "Buổi này hết giờ đăng ký từ" in words_of(past)
    assert "Đăng ký mượn</button>" not in past.text
    far = browser.get(f"/kits/PD-1/{today + timedelta(days=40)}/toi")
    opens = today + timedelta(days=40 - 14)
    assert "Ngày này chưa mở" in words_of(far)
    assert f"7h {('T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'CN')[opens.weekday()]} {opens:%d/%m}" in words_of(far)


def test_where_nobody_answers_requests_none_is_taken(town: Town) -> None:
    town.world.change(town.clerk, is_active=False)
    answer = town.browser(town.owner).post(town.slot_path())
    assert answer.status_code == 409
    assert "Xã chưa có cán bộ duyệt phiếu" in words_of(answer)


def test_an_own_slot_leads_to_its_booking(town: Town) -> None:
    slot = town.slot_path()
    browser = town.browser(town.owner)
    booking = browser.post(slot).headers["Location"].partition("?")[0]
    assert where(browser.get(slot)) == f"303 {booking}"


def test_my_bookings_show_the_next_the_others_and_the_past(town: Town) -> None:
    past = town.booking(Status.DECLINED)
    first, second = town.booking(Status.APPROVED), town.booking()
    page = words_of(town.browser(town.owner).get("/bookings"))
    assert page.index(first.code) < page.index(second.code) < page.index(past.code)
    assert "Phiếu đã qua (1)" in page
    assert "Đã duyệt – được mượn" in page
    assert "Nguyễn Thị Hạnh" in page
    assert "0912 345 678" in page


def test_without_a_booking_the_page_leads_on(town: Town) -> None:
    page = words_of(town.browser(town.owner).get("/bookings"))
    assert "Nhà mình chưa có phiếu nào sắp tới" in page
    assert "Xem buổi còn trống" in page


def test_a_new_booking_shows_its_code_and_what_comes_next(town: Town) -> None:
    browser = town.browser(town.owner)
    path = browser.post(town.slot_path()).headers["Location"]
    page = words_of(browser.get(path))
    for said in ("Đã gửi, nhà mình chờ xã duyệt", "Xã trả lời trước", "024 3385 4321", "Thêm vào lịch điện thoại"):
        assert said in page
    assert "Đã gửi, nhà mình chờ xã duyệt" not in words_of(browser.get(path.partition("?")[0]))


def test_the_history_tells_who_did_what(town: Town) -> None:
    browser = town.browser(town.owner)
    code = browser.post(town.slot_path()).headers["Location"].split("/")[-1].partition("?")[0]
    town.browser(town.clerk).post(f"/staff/bookings/{code}/approve")
    town.browser(town.clerk).post(f"/staff/bookings/{code}/cancel", reason="Bộ đang sửa")
    page = words_of(browser.get(f"/bookings/{code}"))
    history = page[page.index("Các việc đã qua") :]
    assert history.index("nhà mượn") < history.index("Đã duyệt") < history.index("Đã hủy")
    assert f"cán bộ {town.clerk.name}" in history
    assert "Lý do: Bộ đang sửa" in page


def test_cancelling_asks_once_then_frees_the_slot(town: Town) -> None:
    browser, slot = town.browser(town.owner), town.slot_path()
    code = browser.post(slot).headers["Location"].split("/")[-1].partition("?")[0]
    question = browser.get(f"/bookings/{code}/cancel")
    assert "Nhà mình không mượn buổi này nữa?" in words_of(question)
    assert "Không, giữ phiếu" in words_of(question)
    assert town.world.all(Booking)[0].status == Status.REQUESTED  # A look changes nothing.
    assert where(browser.post(f"/bookings/{code}/cancel")) == f"303 /bookings/{code}"
    assert "Buổi này nhà mình không mượn nữa" in words_of(browser.get(f"/bookings/{code}"))
    assert where(browser.post(f"/bookings/{code}/cancel")) == f"303 /bookings/{code}"  # Twice does no harm.
    assert "Mượn bộ livestream buổi này?" in words_of(town.browser(town.neighbour).get(slot))


def test_the_question_says_what_cancelling_costs_and_nobody_pays_who_was_not_told(town: Town) -> None:
    booking = town.booking(Status.APPROVED, approved_at=utc_now() - timedelta(days=3))
    browser, path = town.browser(town.owner), f"/bookings/{booking.code}/cancel"
    in_time = browser.get(path)
    assert "Hủy bây giờ không bị tính là hủy muộn." in words_of(in_time)
    set_clock(booking.pick_up_at - timedelta(hours=2))
    answer = browser.post(path)
    assert answer.status_code == 409
    assert "Phiếu chưa hủy: từ lúc nhà mình mở trang đã quá giờ hủy." in words_of(answer)
    assert "hủy bây giờ tính là một lần hủy muộn" in words_of(answer)
    assert 'name="strike"' in answer.text
    assert 'name="strike"' not in in_time.text
    assert town.world.fresh(booking).status == Status.APPROVED
    assert f"/bookings/{booking.code}/change" not in browser.get(f"/bookings/{booking.code}").text
    assert where(browser.post(path, strike="1")) == f"303 /bookings/{booking.code}"
    assert town.world.fresh(booking).strike_at


def test_who_waits_for_a_kit_that_is_not_back_is_told_so_and_may_still_change(town: Town) -> None:
    booking = town.booking(Status.APPROVED, approved_at=utc_now() - timedelta(days=3))
    keeps = town.world.booking(town.kit, town.neighbour, booking.day - timedelta(days=1), "sang", status=Status.OUT)
    browser, path = town.browser(town.owner), f"/bookings/{booking.code}"
    late = "Bộ cho nhà trước mượn chưa về, có thể giao muộn. Nhà mình đổi hoặc hủy cũng không bị tính là hủy muộn."
    assert late not in words_of(browser.get(path))
    set_clock(booking.pick_up_at - timedelta(hours=2))
    assert keeps.return_at < utc_now()
    page = browser.get(path)
    assert late in words_of(page)
    assert f"{path}/change" in page.text
    assert browser.get(f"{path}/change").status_code == 200
    question = browser.get(f"{path}/cancel")
    assert late in words_of(question)
    assert 'name="strike"' not in question.text
    assert where(browser.post(f"{path}/cancel")) == f"303 {path}"
    assert town.world.fresh(booking).strike_at is None


@pytest.mark.parametrize(
    ("hours", "rule"),
    [(12, "trước giờ nhận ít nhất 12 giờ; hủy sát giờ hơn tính là một lần hủy muộn"), (0, "hủy lúc nào cũng được")],
)
def test_who_asks_reads_until_when_cancelling_costs_nothing(town: Town, hours: int, rule: str) -> None:
    town.world.change(town.commune, policy={"late_cancel_hours": hours})
    assert rule in words_of(town.browser(town.owner).get(town.slot_path()))


@pytest.mark.parametrize("status", [Status.OUT, Status.RETURNED, Status.DECLINED])
def test_what_is_no_longer_ahead_can_not_be_given_up(town: Town, status: Status) -> None:
    booking = town.booking(status)
    browser = town.browser(town.owner)
    assert where(browser.get(f"/bookings/{booking.code}/cancel")) == f"303 /bookings/{booking.code}"
    answer = browser.post(f"/bookings/{booking.code}/cancel")
    assert answer.status_code == 409
    assert "không hủy trên trang được nữa" in words_of(answer)
    assert town.world.fresh(booking).status == status


@pytest.mark.parametrize("status", list(Status))
def test_a_booking_has_a_page_in_every_status(town: Town, status: Status) -> None:
    booking = town.booking(status)
    assert booking.code in words_of(town.browser(town.owner).get(f"/bookings/{booking.code}"))
    assert booking.code in words_of(town.browser(town.clerk).get(f"/staff/bookings/{booking.code}"))


def test_what_people_type_is_shown_as_text(town: Town) -> None:
    nasty = '<b>Mơ</b> & "con" {{7*7}}'
    booking = town.booking(sells=nasty, of=town.world.household(town.commune, nasty))
    for page in (
        town.browser(town.clerk).get("/staff").text,
        town.browser(town.clerk).get(f"/staff/bookings/{booking.code}").text,
        town.browser(town.clerk).get("/staff/communes/phuong-duc").text,
    ):
        assert "<b>Mơ</b>" not in page
        assert "&lt;b&gt;Mơ&lt;/b&gt;" in page or "{{7*7}}" in page
