"""The waiting list, end to end: a full evening, joining, somebody cancels, the phone is told, the slot is taken."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking, Household, WaitingEntry
from tests.e2e.demo import COMMUNE, Demo
from tests.e2e.test_main_road import chip, heading, newest_text, people_are_awake
from tests.times import days_ahead

pytestmark = pytest.mark.timeout(300)  # Many pages, by a real browser.

NUMBER = "+84912345678"


def test_a_household_waits_for_a_full_evening_and_takes_it_when_another_gives_it_up(
    demo: Demo, phone: Page, desk: Page
) -> None:
    offer = get_an_offer(demo, phone, desk)
    phone.goto("/bookings")
    phone.get_by_role("link", name="Có chỗ trống, xem để nhận").tap()
    expect(heading(phone)).to_have_text("Có chỗ trống, xã giữ cho nhà mình")
    phone.get_by_role("button", name="Nhận chỗ").tap()
    expect(chip(phone)).to_contain_text("Đã duyệt – được mượn")
    demo.work(as_of=people_are_awake())
    assert f"DA DUYET {offer.code}" in newest_text(phone)


def test_a_household_that_calls_back_is_given_its_slot_by_the_clerk(demo: Demo, phone: Page, desk: Page) -> None:
    """It has no time to look at a page, and says yes on the telephone."""
    offer = get_an_offer(demo, phone, desk)
    demo.sign_in(desk, demo.world.clerk(demo.commune))
    desk.goto("/staff")
    line = desk.locator(f"#t-{offer.code}")
    expect(line).to_contain_text("Lê Văn Thử")
    expect(line.get_by_role("link", name="0912 345 678")).to_have_attribute("href", f"tel:{NUMBER}")
    line.get_by_role("button", name=f"Nhận chỗ {offer.code}").click()
    expect(desk.locator(".notice.good")).to_contain_text(f"Phiếu {offer.code}, hộ Lê Văn Thử: Đã duyệt")
    expect(line).to_have_count(0)
    assert demo.world.fresh(offer).status == Status.APPROVED

    demo.work(as_of=people_are_awake())
    assert f"DA DUYET {offer.code}" in newest_text(phone)
    phone.goto("/bookings")
    expect(phone.locator(".lead .chip")).to_contain_text("Đã duyệt – được mượn")


def get_an_offer(demo: Demo, phone: Page, desk: Page) -> Booking:
    """Wait for an evening, until somebody gives theirs up and the phone is told."""
    household = demo.world.household(demo.commune, "Lê Văn Thử", phone=NUMBER, seen_at=utc_now())
    demo.sign_in(phone, household)
    wait_for_an_evening(demo, phone)

    given_up = give_one_up(demo, desk)
    demo.work(as_of=people_are_awake())
    text = newest_text(phone)
    assert "DEN LUOT BA CON" in text
    offer = demo.world.all(Booking, status=Status.OFFERED, household_id=household.id)[0]
    assert (offer.kit_id, offer.pick_up_at) == (given_up.kit_id, given_up.pick_up_at)
    assert offer.code in text
    return offer


def wait_for_an_evening(demo: Demo, phone: Page) -> None:
    """Two taps from the fortnight: the taken evening, and the button."""
    phone.goto(f"/communes/{COMMUNE}")
    phone.locator(".places").get_by_role("link", name="Phú Túc").tap()
    day = days_ahead(7, utc_now())
    phone.locator(f".overview a.slot[href*='{day}/toi']").tap()
    expect(heading(phone)).to_have_text("Buổi này đã có người. Nhà mình chờ chỗ trống nhé?")
    phone.get_by_role("button", name="Chờ chỗ trống").tap()
    expect(heading(phone)).to_have_text("Nhà mình đang chờ chỗ trống")
    expect(phone.locator("main")).to_contain_text("Nhà mình đứng đầu")


def give_one_up(demo: Demo, desk: Page) -> Booking:
    """One who has that evening cancels on the web."""
    entry = demo.world.all(WaitingEntry)[-1]
    of_evening = demo.world.all(Booking, commune_id=demo.commune.id, day=entry.day, status=Status.APPROVED)
    booking = next(booking for booking in of_evening if booking.slot_name == entry.slot_name)
    assert booking.pick_up_at - utc_now() > timedelta(days=5)
    demo.sign_in(desk, demo.world.all(Household, id=booking.household_id)[0])
    desk.goto(f"/bookings/{booking.code}/cancel")
    desk.get_by_role("button", name="Hủy phiếu").click()
    expect(chip(desk)).to_contain_text("Đã hủy")
    return booking
