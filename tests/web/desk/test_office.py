"""The office's pages: today, answering, the fortnight with names, one booking."""

from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Booking, Message, MessageState
from tests.support.town import Town, where, words_of


def message(town: Town, booking: Booking, **columns: object) -> None:
    now = utc_now()
    usual = {"kind": Kind.APPROVED, "to": town.owner.phone, "body": "LIVEPX", "state": MessageState.FAILED}
    times = {"created_at": now, "due_at": now, "settled_at": now, "useful_until_at": now + timedelta(hours=1)}
    town.world.add(Message(booking_id=booking.id, **{**usual, **times, **columns}))


def test_today_lists_requests_by_their_deadline(town: Town) -> None:
    now = utc_now()
    late = town.world.change(town.booking(), answer_by_at=now + timedelta(hours=5))
    soon = town.world.change(town.booking(), answer_by_at=now + timedelta(minutes=30))
    page = town.browser(town.clerk).get("/staff")
    words = words_of(page)
    assert "Chờ duyệt (2)" in words
    assert words.index(soon.code) < words.index(late.code)
    assert page.text.count('class="ask hurry"') == 1
    for said in ("Nguyễn Thị Hạnh", "Lưu Thượng", "mây tre đan", "0912 345 678"):
        assert said in words


def test_one_click_approves_and_says_so(town: Town) -> None:
    booking, clerk = town.booking(), town.browser(town.clerk)
    assert where(clerk.post(f"/staff/bookings/{booking.code}/approve")) == "303 /staff"
    page = words_of(clerk.get("/staff"))
    assert f"Phiếu {booking.code}, hộ Nguyễn Thị Hạnh: Đã duyệt – được mượn." in page
    assert "Hộ được nhắn tin sau 2 phút" in page
    assert "Hộ được nhắn tin sau 2 phút" not in words_of(clerk.get("/staff"))
    assert [text.kind for text in town.world.all(Message)] == [Kind.APPROVED]


def test_declining_takes_a_reason_which_the_household_reads(town: Town) -> None:
    booking, clerk = town.booking(), town.browser(town.clerk)
    for nothing in ("", "   ", "\u200b"):
        answer = clerk.post(f"/staff/bookings/{booking.code}/decline", reason=nothing)
        assert answer.status_code == 422
        assert "Hộ cần biết lý do." in words_of(answer)
        assert "Nguyễn Thị Hạnh" in words_of(answer)
    assert where(clerk.post(f"/staff/bookings/{booking.code}/decline", reason="Bộ hỏng đèn")) == "303 /staff"
    assert town.world.fresh(booking).reason == "Bộ hỏng đèn"
    assert "Lý do: Bộ hỏng đèn" in words_of(town.browser(town.owner).get(f"/bookings/{booking.code}"))


def test_common_reasons_are_one_tap(town: Town) -> None:
    town.booking()
    page = town.browser(town.clerk).get("/staff").text
    for reason in ("Thiết bị bị hỏng, đang sửa", "Hôm đó xã cần thiết bị", "Trụ sở nghỉ, không giao được"):
        assert f'name="reason" value="{reason}"' in page


def test_taking_back_an_approved_booking_needs_a_reason(town: Town) -> None:
    booking, clerk = town.booking(Status.APPROVED), town.browser(town.clerk)
    assert clerk.post(f"/staff/bookings/{booking.code}/cancel", reason="").status_code == 422
    assert where(clerk.post(f"/staff/bookings/{booking.code}/cancel", reason="Bộ đang sửa")) == "303 /staff"
    assert town.world.fresh(booking).status == Status.CANCELLED


def test_whoever_comes_second_is_told_what_was_done_before(town: Town) -> None:
    booking, clerk = town.booking(), town.browser(town.clerk)
    town.browser(town.owner).post(f"/bookings/{booking.code}/cancel")
    assert where(clerk.post(f"/staff/bookings/{booking.code}/approve")) == f"303 /staff/bookings/{booking.code}"
    page = words_of(clerk.get(f"/staff/bookings/{booking.code}"))
    assert f"Không làm được nữa: phiếu {booking.code}, hộ Nguyễn Thị Hạnh, đang là “Đã hủy”." in page


def test_the_same_button_twice_does_no_harm(town: Town) -> None:
    booking, clerk = town.booking(), town.browser(town.clerk)
    for _ in range(2):
        clerk.post(f"/staff/bookings/{booking.code}/approve")
    assert "đã xong từ trước" in words_of(clerk.get("/staff"))
    assert len(town.world.all(Message)) == 1


def test_a_newcomer_and_the_clerks_own_household_are_flagged(town: Town) -> None:
    town.world.change(town.clerk, mobile=town.neighbour.phone)
    veteran = town.world.household(town.commune, "Trần Thị Quen")
    town.world.booking(town.second_kit, veteran, local_day(utc_now()) - timedelta(days=20), status=Status.RETURNED)
    new, known, own = town.booking(), town.booking(of=veteran), town.booking(of=town.neighbour)
    clerk = town.browser(town.clerk)
    pages = [words_of(clerk.get(f"/staff/bookings/{booking.code}")) for booking in (new, known, own)]
    assert ["Lần đầu mượn" in page for page in pages] == [True, False, True]
    assert ["Nhà của chính cán bộ này" in page for page in pages] == [False, False, True]


def test_people_whose_text_did_not_arrive_are_to_be_phoned(town: Town) -> None:
    failed, unknown, sent = (town.booking(Status.APPROVED) for _ in range(3))
    message(town, failed)
    message(town, unknown, state=MessageState.UNKNOWN, kind=Kind.REMINDER_DAY)
    message(town, sent, state=MessageState.ACCEPTED)
    words = words_of(town.browser(town.clerk).get("/staff"))
    assert "Cần gọi điện (2)" in words
    assert f"{failed.code} Báo đã duyệt · không gửi được" in words
    assert f"{unknown.code} Nhắc trước một ngày · không rõ đã tới chưa" in words
    foreign = words_of(town.browser(town.foreign_clerk).get("/staff"))
    assert "Cần gọi điện" not in foreign


def test_an_empty_day_says_so(town: Town) -> None:
    assert "Hôm nay không còn việc gì." in words_of(town.browser(town.clerk).get("/staff"))


def test_a_clerk_sees_the_own_commune_only(town: Town) -> None:
    booking = town.booking()
    foreign = town.browser(town.foreign_clerk)
    assert booking.code not in foreign.get("/staff").text
    assert "Hạnh" not in foreign.get("/staff").text
    assert booking.code in town.browser(town.clerk).get("/staff").text
    assert booking.code in town.browser(town.operator).get("/staff").text


@pytest.mark.parametrize("reader", ["leader", "operator"])
def test_who_may_only_look_has_no_buttons(town: Town, reader: str) -> None:
    booking = town.booking()
    browser = town.browser(getattr(town, reader))
    for path in ("/staff", f"/staff/bookings/{booking.code}"):
        page = browser.get(path).text
        assert booking.code in page
        assert "/approve" not in page
        assert "/decline" not in page


def test_the_fortnight_of_the_office_has_names_and_leads_to_bookings(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    page = town.browser(town.clerk).get("/staff/communes/phuong-duc").text
    assert f'href="/staff/bookings/{booking.code}"' in page
    assert "Thị Hạnh" in page
    assert "/kits/" not in page


def test_a_booking_shows_household_history_and_messages(town: Town) -> None:
    browser, clerk = town.browser(town.owner), town.browser(town.clerk)
    code = browser.post(town.slot_path(), sells="làn mây").headers["Location"].split("/")[-1].partition("?")[0]
    clerk.post(f"/staff/bookings/{code}/approve")
    words = words_of(clerk.get(f"/staff/bookings/{code}"))
    for said in ("Nguyễn Thị Hạnh", "0912 345 678", "làn mây", "Đã xảy ra", "nhà mượn", f"cán bộ {town.clerk.name}"):
        assert said in words
    assert "Tin nhắn cho hộ này (2)" in words
    assert words.index("Báo đã duyệt") < words.index("Báo đã nhận phiếu")
