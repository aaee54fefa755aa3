"""What is printed: one page each, on A4, whatever stands on it; nothing of it is cut off."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Commune, Role
from tests.e2e.demo import COMMUNE, Demo
from tests.e2e.pages import Visitor

pytestmark = pytest.mark.timeout(240)

A4 = (595, 842)
LONG_NAME = "Nguyễn Thị Phương Thảo Nguyên"

CUT_OFF = """() => [...document.querySelectorAll('.sheet th, .sheet td, .sheet p, .sheet h1, .sheet li')]
  .filter(it => it.scrollHeight > it.clientHeight + 2 || it.scrollWidth > it.clientWidth + 2)
  .filter(it => getComputedStyle(it).display !== 'inline')
  .map(it => it.innerText.slice(0, 60))"""


def pages_of(pdf: bytes) -> list[tuple[int, int]]:
    """Width and height of each page in points; Chromium writes its page objects plainly."""
    boxes = re.findall(rb"/Type /Page\b.*?/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf, re.DOTALL)
    return [(round(float(width)), round(float(height))) for width, height in boxes]


def printed(page: Page) -> list[tuple[int, int]]:
    return pages_of(page.pdf(prefer_css_page_size=True))


def cut_off(page: Page) -> list[str]:
    page.emulate_media(media="print")
    return page.evaluate(CUT_OFF)


def full_commune(demo: Demo, kits: int) -> Commune:
    """Every slot of this and the next week is taken, by households with long names."""
    world = demo.world
    commune = world.commune(f"Tân Dân Thượng {kits}", kits=0)
    place = world.place(commune, "Thị trấn Phú Xuyên")
    household = world.household(commune, LONG_NAME, village="Thượng Lưu Ngoài")
    today = local_day(utc_now())
    for number in range(kits):
        kit = world.kit(place, f"T{kits}-{number + 1}")
        for days in range(-7, 8):
            for key in ("sang", "trua", "chieu", "toi"):
                world.booking(kit, household, today + timedelta(days=days), key, status=Status.APPROVED)
    return commune


@pytest.mark.parametrize("kits", [1, 2, 3, 4, 5, 6, 7])
def test_a_full_week_of_up_to_seven_kits_is_one_page_across(demo: Demo, desk: Page, kits: int) -> None:
    commune = full_commune(demo, kits)
    demo.sign_in(desk, demo.world.clerk(commune))
    for names in ("", "?names=none"):
        desk.goto(f"/staff/print/{commune.slug}/week{names}")
        assert printed(desk) == [(A4[1], A4[0])]
        assert cut_off(desk) == []
    assert desk.locator(".sheet td").count() == kits * 4 * 7


def test_a_week_without_a_kit_is_one_page(demo: Demo, desk: Page) -> None:
    slug = Visitor(demo, desk).be_clerk_without_work()
    desk.goto(f"/staff/print/{slug}/week")
    assert printed(desk) == [(A4[1], A4[0])]


def test_the_days_list_of_the_demo_is_one_page(demo: Demo, desk: Page) -> None:
    Visitor(demo, desk).be_staff(Role.CLERK)
    desk.goto(f"/staff/print/{COMMUNE}/day")
    assert printed(desk) == [A4]
    assert cut_off(desk) == []


@pytest.mark.parametrize("status", [Status.APPROVED, Status.OUT])
def test_the_paper_to_sign_of_the_demo_is_one_page(demo: Demo, desk: Page, status: Status) -> None:
    Visitor(demo, desk).at_counter(status, "receipt")
    assert printed(desk) == [A4]


def test_a_longer_list_goes_on_on_further_pages(demo: Demo, desk: Page) -> None:
    commune = full_commune(demo, 4)
    demo.sign_in(desk, demo.world.clerk(commune))
    desk.goto(f"/staff/print/{commune.slug}/day")
    pages = printed(desk)
    assert len(pages) > 1
    assert set(pages) == {A4}


def test_posters_are_one_page(demo: Demo, desk: Page) -> None:
    Visitor(demo, desk).be_staff(Role.CLERK)
    world = demo.world
    place = world.place(demo.commune, "Nhà văn hóa thôn Thượng Lưu Ngoài", address="Số 1, ngõ 2, " * 8)
    far = world.kit(place, "PD-LONG-9")
    for path in ("poster", f"poster?kit={Visitor(demo, desk).kit().code}", f"poster?kit={far.code}"):
        desk.goto(f"/staff/print/{COMMUNE}/{path}")
        assert printed(desk) == [A4]
        assert cut_off(desk) == []


def test_dark_screens_print_black_on_white(demo: Demo, desk: Page) -> None:
    Visitor(demo, desk).be_staff(Role.CLERK)
    desk.emulate_media(color_scheme="dark")
    desk.goto(f"/staff/print/{COMMUNE}/week")
    colours = desk.evaluate(
        "() => [...document.querySelectorAll('.sheet, .sheet td, .sheet b')].map(it => getComputedStyle(it).color)"
    )
    assert set(colours) == {"rgb(0, 0, 0)"}
