"""The fortnight as it is seen and printed: how much of a screen and of paper it takes, and the taps to a slot."""

import pytest
from playwright.sync_api import Page, expect

from kit_booking.clock import utc_now
from kit_booking.models import Commune
from tests.e2e.demo import COMMUNE, Demo
from tests.e2e.test_paper import printed

A4_ACROSS = (842, 595)
A_BANNER = 90
"""Pixels of the demo's banner, which a real commune does not have."""
BOTTOM = "it => it.getBoundingClientRect().bottom"


def test_a_phone_shows_all_days_of_five_kits_on_little_more_than_two_screens(demo: Demo, phone: Page) -> None:
    phone.goto(f"/communes/{COMMUNE}")
    assert phone.evaluate("document.documentElement.scrollHeight") <= 1600 + A_BANNER
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_first_screen_of_a_phone_says_whether_an_evening_is_left(demo: Demo, phone: Page) -> None:
    phone.goto(f"/communes/{COMMUNE}")
    line = phone.locator(".remains .peak")
    expect(line).to_contain_text("Tối:")
    assert line.evaluate(BOTTOM) <= 740


def test_a_pc_shows_five_kits_on_one_screen(demo: Demo, desk: Page) -> None:
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.goto(f"/communes/{COMMUNE}")
    assert desk.locator(".by-place").evaluate(BOTTOM) <= 900 + A_BANNER
    heights = desk.locator(".by-place tbody tr").evaluate_all("all => all.map(it => it.offsetHeight)")
    assert all(28 <= height <= 32 for height in heights), heights
    for width in (1024, 1280):
        desk.set_viewport_size({"width": width, "height": 900})
        assert desk.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("kits", [5, 7])
def test_it_prints_on_one_page_across(demo: Demo, desk: Page, kits: int) -> None:
    commune = next(one for one in demo.world.all(Commune) if len(demo.world.kits(one)) == kits)
    desk.goto(f"/communes/{commune.slug}")
    assert printed(desk) == [A4_ACROSS]


def test_who_is_signed_in_asks_for_a_free_evening_in_six_taps(demo: Demo, phone: Page) -> None:
    commune = next(one for one in demo.world.all(Commune) if len(demo.world.kits(one)) == 7)
    demo.sign_in(phone, demo.world.household(commune, seen_at=utc_now()))
    phone.goto("/")
    phone.get_by_role("link", name=commune.name).first.tap()
    phone.locator(".overview tbody tr").nth(5).locator("td").last.locator("a.free").tap()
    phone.locator("a.pick").first.tap()
    phone.get_by_role("button", name="Đăng ký mượn").tap()
    expect(phone.locator("main")).to_contain_text("Đã gửi")
