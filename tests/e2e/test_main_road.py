"""The main job, end to end: a household asks, the commune approves, the phone is told, the calendar shows it."""

import re
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from kit_booking.clock import machine_now, utc_now
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.domain.time.quiet import quiet_end
from kit_booking.models import Booking, Household
from kit_booking.services.ops.demo_data import PASSWORD
from tests.e2e.demo import Demo
from tests.support.feeds import events_by_vdirsyncer_and_khal

pytestmark = pytest.mark.timeout(300)  # Many pages, by a real browser.

PLACE = "Phú Túc"
TYPED, NUMBER = "0912 345 678", "+84912345678"
DONE = "Đã gửi, nhà mình chờ xã duyệt"


def test_a_household_asks_is_approved_reminded_sees_it_in_its_calendar_and_gives_it_back(
    demo: Demo, phone: Page, desk: Page, tmp_path: Path
) -> None:
    find_the_commune(phone)
    slot = choose_a_slot(phone)
    day = date.fromisoformat(slot.split("/")[3])

    sign_in_with_a_number(demo, phone)
    introduce_the_household(phone)
    expect(heading(phone)).to_have_text(DONE)
    code = phone.get_by_role("status").locator(".code").inner_text()
    phone.goto(f"/bookings/{code}")
    expect(chip(phone)).to_contain_text("Chờ duyệt")
    demo.work(as_of=people_are_awake())
    assert f"da nhan phieu {code}" in newest_text(phone)

    approve_as_the_clerk(desk, code)
    demo.work(as_of=people_are_awake())
    assert f"DA DUYET {code}" in newest_text(phone)
    phone.goto("/bookings")
    expect(phone.locator(".lead .chip")).to_contain_text("Đã duyệt – được mượn")

    demo.work(as_of=local(day - timedelta(days=1), time(18, 5)))
    assert f"Nhac {code}" in newest_text(phone)

    address = add_a_calendar(phone)
    booking = demo.world.all(Booking, code=code)[0]
    [event] = events_by_vdirsyncer_and_khal(address, tmp_path, local_day(utc_now()))
    assert (event["start"], event["end"], event["status"]) == (booking.from_at, booking.until_at, "CONFIRMED")
    assert PLACE in event["location"]

    give_the_slot_up(phone, code)
    assert "UID:booking" not in phone.request.get(address).text()
    assert events_by_vdirsyncer_and_khal(address, tmp_path, local_day(utc_now())) == []
    demo.work(as_of=people_are_awake())
    assert f"Da huy phieu {code}" in newest_text(phone)
    phone.goto("/communes/phuong-duc")
    expect(phone.locator(f"a.slot.free[href='{slot}']")).to_have_count(1)


def test_who_is_signed_in_asks_with_two_taps(demo: Demo, phone: Page) -> None:
    demo.sign_in(phone, demo.world.household(demo.commune, seen_at=utc_now()))
    phone.goto("/communes/phuong-duc")
    choose_a_slot(phone)
    phone.get_by_role("button", name="Đăng ký mượn").tap()
    expect(heading(phone)).to_have_text(DONE)


def test_going_back_after_asking_does_no_harm(demo: Demo, phone: Page) -> None:
    phone.goto("/communes/phuong-duc")
    choose_a_slot(phone)
    sign_in_with_a_number(demo, phone)
    introduce_the_household(phone)
    expect(heading(phone)).to_have_text(DONE)
    [household] = demo.world.all(Household, phone=NUMBER)

    for _ in range(2):  # To the household's entry, and to the code.
        phone.go_back()
        expect(heading(phone)).to_contain_text("Phiếu mượn")
    assert len(demo.world.all(Booking, household_id=household.id)) == 1
    assert len(demo.world.all(Household, phone=NUMBER)) == 1


def test_the_phone_remembers_its_language(demo: Demo, phone: Page) -> None:
    phone.goto("/communes/phuong-duc")
    phone.get_by_role("link", name="English").tap()
    expect(phone).to_have_url(re.compile("/communes/phuong-duc$"))
    phone.goto("/sign-in")
    expect(phone.locator("html")).to_have_attribute("lang", "en")
    expect(heading(phone)).not_to_have_text("Số điện thoại của nhà mình")
    [cookie] = (cookie for cookie in phone.context.cookies() if cookie["name"] == "lang")
    assert cookie["expires"] > (machine_now() + timedelta(days=300)).timestamp()

    phone.get_by_role("link", name="Tiếng Việt").tap()
    expect(phone.locator("html")).to_have_attribute("lang", "vi")


def find_the_commune(phone: Page) -> None:
    phone.goto("/")
    phone.get_by_label("Nhà mình ở xã nào?").fill("phuong duc")
    phone.get_by_role("button", name="Tìm").tap()
    phone.get_by_role("link", name="Xã Phượng Dực").tap()
    expect(heading(phone)).to_have_text("Xã Phượng Dực")


def choose_a_slot(phone: Page) -> str:
    """Some days ahead, so that the reminder of the day before still lies ahead; gives the slot's address."""
    phone.locator(".places").get_by_role("link", name=PLACE).tap()
    slot = phone.locator(".overview tbody tr").nth(5).locator("a.slot.free").first
    path = str(slot.get_attribute("href")).partition("?")[0]
    slot.tap()
    expect(heading(phone)).to_have_text("Mượn bộ livestream buổi này?")
    return path


def sign_in_with_a_number(demo: Demo, phone: Page) -> None:
    phone.get_by_label("Số điện thoại di động").fill(TYPED)
    phone.get_by_role("button", name="Tiếp tục").tap()
    expect(heading(phone)).to_have_text("Nhập mã 6 số vừa gửi về máy")
    demo.work()
    with phone.context.new_page() as other_tab:
        code = re.search(r"\b\d{6}\b", newest_text(other_tab))
    assert code
    phone.get_by_label("Mã 6 số").fill(code[0])
    phone.get_by_role("button", name="Xác nhận").tap()


def introduce_the_household(phone: Page) -> None:
    phone.get_by_label("Tên chủ hộ").fill("Lê Văn Thử")
    phone.get_by_label("Thôn, làng").fill("Lưu Thượng")
    phone.get_by_label("Nghề", exact=True).fill("mây tre đan")
    phone.get_by_label("Tôi đồng ý").check()
    phone.get_by_role("button", name="Đăng ký mượn").tap()


def newest_text(page: Page) -> str:
    """What the household's phone received last, as the demo shows it."""
    page.goto("/demo/phones")
    return page.get_by_role("region", name=TYPED).locator(".sms").first.inner_text()


def people_are_awake() -> datetime:
    """Now; by night the morning, because no text is sent before."""
    now = utc_now()
    return quiet_end(now, Policy()) or now


def approve_as_the_clerk(desk: Page, code: str) -> None:
    desk.goto("/staff")
    desk.get_by_label("Tên đăng nhập").fill("canbo.phuongduc")
    desk.get_by_label("Mật khẩu").fill(PASSWORD)
    desk.get_by_role("button", name="Đăng nhập").click()
    desk.get_by_role("button", name=f"Duyệt {code}", exact=True).click()
    expect(desk.locator(".notice.good")).to_contain_text(f"Phiếu {code}")
    expect(desk.get_by_role("button", name=f"Duyệt {code}", exact=True)).to_have_count(0)


def add_a_calendar(phone: Page) -> str:
    """The address of a private calendar, which is shown once, also to be scanned."""
    phone.goto("/bookings")
    phone.get_by_role("link", name="Xem lịch trên điện thoại").tap()
    phone.get_by_role("button", name="Thêm lịch").tap()
    shown = phone.get_by_label("Máy khác: chép địa chỉ này")
    address = shown.input_value()
    expect(phone.locator(".qr svg")).to_be_visible()
    phone.reload()
    expect(shown).to_have_count(0)
    expect(phone.get_by_text("Chưa có máy nào dùng")).to_be_visible()
    return address


def give_the_slot_up(phone: Page, code: str) -> None:
    phone.goto(f"/bookings/{code}")
    phone.get_by_role("link", name="Nhà mình bận, hủy phiếu này").tap()
    expect(heading(phone)).to_have_text("Nhà mình không mượn buổi này nữa?")
    phone.get_by_role("button", name="Hủy phiếu").tap()
    expect(chip(phone)).to_contain_text("Đã hủy")


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def chip(page: Page) -> Locator:
    """What a booking's page says of its state."""
    return page.locator("main .chip").first
