"""The desk's script: keys for the lines of today, and lists that stay fresh without taking anything away."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking, Role
from tests.e2e import browser as browsers
from tests.e2e.demo import Demo
from tests.e2e.pages import Visitor

pytestmark = pytest.mark.timeout(240)

HALF_A_MINUTE = 31_000


@pytest.fixture
def clerk(demo: Demo, desk: Page) -> Visitor:
    visitor = Visitor(demo, desk)
    visitor.be_staff(Role.CLERK)
    return visitor


def at_hand(page: Page) -> str:
    """The line that has the focus."""
    return str(page.evaluate("document.activeElement.closest('[data-line]')?.id ?? ''"))


def test_the_day_is_answered_by_keys(clerk: Visitor, desk: Page) -> None:
    errors: list[object] = []
    desk.on("pageerror", lambda error: errors.append(error))
    clerk.go("/staff")
    lines = desk.locator("[data-line]")
    desk.keyboard.press("a")
    expect(desk).to_have_url(f"{clerk.demo.url}/staff")  # Nothing is at hand, and nothing happens.

    desk.keyboard.press("j")
    assert at_hand(desk) == lines.nth(0).get_attribute("id")
    desk.keyboard.press("j")
    desk.keyboard.press("k")
    desk.keyboard.press("r")
    expect(lines.nth(0).locator("details")).to_have_attribute("open", "")
    assert desk.evaluate("document.activeElement.name") == "reason"
    desk.keyboard.press("Escape")
    expect(lines.nth(0).locator("details")).not_to_have_attribute("open", "")

    code = str(lines.nth(0).get_attribute("id")).removeprefix("t-")
    desk.keyboard.press("a")
    expect(desk.locator(".notice.good")).to_contain_text(f"Phiếu {code}")
    desk.wait_for_load_state()  # The script runs when the whole page is there.
    [approved] = clerk.world.all(Booking, code=code)
    assert approved.status == Status.APPROVED

    late = clerk.world.all(Booking, status=Status.OUT, commune_id=clerk.demo.commune.id)[0]
    desk.locator(f"#t-{late.code}").focus()
    desk.keyboard.press("t")
    expect(desk.locator(".notice.good")).to_contain_text("Đã nhận lại bộ")
    desk.wait_for_load_state()
    desk.keyboard.press("j")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Phiếu")
    assert errors == []


def test_keys_are_letters_again_where_something_is_typed_or_when_switched_off(clerk: Visitor, desk: Page) -> None:
    clerk.go("/staff")
    desk.keyboard.press("j")
    desk.keyboard.press("r")
    field = desk.locator("[data-line] details[open] input[name=reason]")
    field.press_sequentially("bạn jack agt?")
    expect(field).to_have_value("bạn jack agt?")
    desk.keyboard.press("Escape")
    desk.keyboard.press("?")
    desk.get_by_label("Dùng phím tắt trên máy này").uncheck()
    desk.reload()
    desk.keyboard.press("j")
    assert at_hand(desk) == ""


def test_the_lists_stay_fresh_but_never_under_the_clerks_hands(clerk: Visitor, desk: Page) -> None:
    desk.clock.install()
    clerk.go("/staff")
    asked = clerk.world.all(Booking, status=Status.REQUESTED, commune_id=clerk.demo.commune.id)
    first, second = (desk.locator(f"#t-{booking.code}") for booking in asked[:2])
    second.locator("summary").click()
    field = second.locator("input[name=reason]")
    field.fill("đang viết dở")
    clerk.world.change(asked[0], status=Status.LAPSED)
    desk.clock.run_for(HALF_A_MINUTE)
    desk.wait_for_timeout(300)
    expect(first).to_have_count(1)
    expect(field).to_have_value("đang viết dở")

    desk.keyboard.press("Escape")
    expect(second.locator("details")).not_to_have_attribute("open", "")  # Put away for a moment, not given up.
    desk.clock.run_for(HALF_A_MINUTE)
    desk.wait_for_timeout(300)
    second.locator("summary").click()
    expect(field).to_have_value("đang viết dở")

    field.fill("")
    desk.keyboard.press("Escape")
    with desk.expect_response(f"{clerk.demo.url}/staff"):
        desk.clock.run_for(HALF_A_MINUTE)
    expect(first).to_have_count(0)
    expect(second).to_be_focused()
    assert f"({desk.locator('.tally').inner_text()})" in desk.title()


def test_a_day_that_ended_its_sign_in_leads_to_the_door(clerk: Visitor, desk: Page) -> None:
    desk.clock.install()
    clerk.go("/staff")
    desk.context.clear_cookies()
    desk.clock.run_for(HALF_A_MINUTE)
    expect(desk.get_by_role("heading", level=1)).to_have_text("Cán bộ xã đăng nhập")


@pytest.fixture
def bare_desk(browser: Browser, demo: Demo) -> Iterator[Page]:
    """An office PC on which scripts are switched off."""
    with browsers.opened(browser, demo.url, {**browsers.DESK, "java_script_enabled": False}) as page:
        yield page


def test_without_scripts_a_kit_goes_out_and_comes_back_with_a_photo(demo: Demo, bare_desk: Page) -> None:
    visitor = Visitor(demo, bare_desk)
    visitor.be_staff(Role.CLERK)
    visitor.go("/staff")
    late = demo.world.all(Booking, status=Status.OUT, commune_id=demo.commune.id)[0]
    bare_desk.get_by_role("link", name=f"Từng món {late.code}").click()
    bare_desk.get_by_label("hỏng: Chân máy").check()
    photo = bare_desk.request.get("/static/icon.svg").body()
    files = [{"name": "a.svg", "mimeType": "image/svg+xml", "buffer": photo}]
    bare_desk.locator("input[type=file]").set_input_files(files)
    visitor.send("Nhận lại bộ", note="gãy chân")
    expect(bare_desk.get_by_role("alert").first).to_contain_text("không phải là ảnh")
    expect(bare_desk.get_by_label("hỏng: Chân máy")).to_be_checked()
    picture = [{"name": "a.png", "mimeType": "image/png", "buffer": bare_desk.screenshot()}]
    bare_desk.locator("input[type=file]").set_input_files(picture)
    visitor.send("Nhận lại bộ")
    expect(bare_desk.get_by_role("heading", level=1)).to_contain_text("còn cho mượn được không?")
    visitor.send("Vẫn cho mượn được")
    visitor.go(f"/staff/bookings/{late.code}")
    expect(bare_desk.locator(".photos img")).to_be_visible()
    assert bare_desk.locator(".photos img").evaluate("it => it.naturalWidth") > 0
