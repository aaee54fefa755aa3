"""One busy day of a commune's clerk, from half past seven to five, without scripts, every click of it counted.

docs/a-day-at-the-office.md tells the same day, and its table of clicks is what happens here.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from kit_booking.adapters.file_sms import read_phones
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking
from tests.e2e import browser as browsers
from tests.e2e.demo import Demo, running_demo
from tests.e2e.office_day import USERNAME, Clerk, Office, Step, stop_clock
from tests.e2e.test_paper import A4, cut_off, printed
from tests.support.builders import PASSWORD
from tests.support.databases import Sqlite

pytestmark = pytest.mark.timeout(300)

DOCUMENT = Path(__file__).parents[2] / "docs" / "a-day-at-the-office.md"
BARE_DESK = {"viewport": {"width": 1280, "height": 800}, "java_script_enabled": False}
CALLER, HIS_PHONE = "Nguyễn Văn Tuất", "+84977123456"

Look = Callable[[Page, str], None]
"""Is shown the page at moments worth a picture, with a name for it."""


@pytest.fixture
def office(sqlite: Sqlite, tmp_path: Path) -> Iterator[Demo]:
    stop_clock("07:30")
    with sqlite.migrated() as url, running_demo(Path(url.removeprefix("sqlite:///")), tmp_path) as demo:
        yield demo


@pytest.fixture
def bare_desk(browser: Browser, office: Demo) -> Iterator[Page]:
    with browsers.opened(browser, office.url, BARE_DESK) as page:
        yield page


def test_the_day_goes_as_the_document_tells_it(office: Demo, bare_desk: Page) -> None:
    steps = a_whole_day(office, bare_desk)
    text = DOCUMENT.read_text()
    assert steps == told_in(text)
    assert f"**{sum(step.clicks for step in steps)} clicks**" in text
    [quoted] = re.findall(r"^> (.+?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert quoted.replace("\n> ", " ") in [sms.body for sms in read_phones(office.sms_file)]


def test_common_things_take_one_click_and_a_phone_call_three_pages() -> None:
    told = told_in(DOCUMENT.read_text())
    common = [step for step in told if re.match("Approve|Hand over|Take back", step.what)]
    assert len(common) == 7
    assert {(step.clicks, step.pages) for step in common} == {(1, 0)}
    [call] = (step for step in told if "telephone" in step.what)
    assert call.pages <= 3


def test_the_document_shows_pictures_that_are_there() -> None:
    pictures = re.findall(r"\]\((pictures/[^)]+)\)", DOCUMENT.read_text())
    assert len(pictures) >= 5
    for picture in pictures:
        assert (DOCUMENT.parent / picture).is_file()


def told_in(text: str) -> list[Step]:
    """The rows of the document's table."""
    rows = re.findall(r"^\| (\d\d:\d\d) \| (.+?) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    return [Step(at, what, int(clicks), int(pages)) for at, what, clicks, pages in rows]


def a_whole_day(demo: Demo, page: Page, look: Look = lambda _page, _name: None) -> list[Step]:
    office, clerk = Office(demo), Clerk(demo, page)
    come_in(clerk, look)
    take_back_a_late_kit(clerk, office)
    take_back_a_broken_kit(clerk, office, look)
    close_it_for_five_days(clerk, office, look)
    answer_requests(clerk, office, look)
    book_for_a_caller(clerk, look)
    hand_over_and_take_back(clerk, office)
    print_the_week(clerk, look)
    hand_over_the_evening(clerk, office)
    expect(page.locator("main")).to_contain_text("Hôm nay không còn việc gì")
    look(page, "evening")
    return clerk.steps


def come_in(clerk: Clerk, look: Look) -> None:
    clerk.page.goto("/staff")
    with clerk.step("07:30", "Sign in, and see what the day has"):
        clerk.page.get_by_label("Tên đăng nhập").fill(USERNAME)
        clerk.page.get_by_label("Mật khẩu").fill(PASSWORD)
        clerk.press("Đăng nhập")
    expect(clerk.page.get_by_role("link", name="Hôm nay 8")).to_be_visible()
    look(clerk.page, "today")


def take_back_a_late_kit(clerk: Clerk, office: Office) -> None:
    with clerk.step("07:35", "Take back a kit that is late since yesterday"):
        clerk.press(f"Nhận lại {office.late.code}")
    assert office.world.fresh(office.late).status == Status.RETURNED


def take_back_a_broken_kit(clerk: Clerk, office: Office, look: Look) -> None:
    code = office.broken.code
    with clerk.step("07:40", "A kit comes back with a broken lamp"):
        clerk.follow(f"Từng món {code}")
        clerk.click(clerk.page.get_by_label("hỏng: Đèn softbox"))
        clerk.page.locator("input[name=note]").fill("đèn bên trái không sáng")
        look(clerk.page, "broken")
        clerk.press("Nhận lại bộ")
    assert office.world.fresh(office.broken).status == Status.RETURNED


def close_it_for_five_days(clerk: Clerk, office: Office, look: Look) -> None:
    heard = {booking.code: texts_of(clerk, office, booking) for booking in office.in_the_way}
    with clerk.step("07:42", "It is closed for five days, until Tuesday evening"):
        clerk.press("Tạm nghỉ, đến ngày…")
        clerk.page.locator("input[name=until_day]").fill("2026-12-08")
        clerk.press("Ghi nghỉ")
    look(clerk.page, "closure")
    with clerk.step("07:45", "Four bookings stand in these days: three are moved, one is cancelled"):
        clerk.press("Làm theo đề nghị: chuyển 3 phiếu, hủy 1 phiếu")
        clerk.back_to_today()
    settled = [office.world.fresh(booking) for booking in office.in_the_way]
    assert [it.status for it in settled].count(Status.CANCELLED) == 1
    moved = [it for it in settled if it.status == Status.APPROVED]
    assert all(it.kit_id != office.kits[0].id for it in moved)
    assert len({(it.kit_id, it.pick_up_at) for it in moved}) == 3
    for booking in settled:
        [text] = texts_of(clerk, office, booking)[len(heard[booking.code]) :]
        assert booking.code in text


def answer_requests(clerk: Clerk, office: Office, look: Look) -> None:
    *wanted, refused = office.requests
    for at, which, booking in zip(("08:20", "08:21", "08:22"), ("first", "second", "third"), wanted, strict=True):
        with clerk.step(at, f"Approve the {which} request"):
            clerk.press(f"Duyệt {booking.code}")
        assert f"DA DUYET {booking.code}" in texts_of(clerk, office, booking)[-1]
    with clerk.step("08:23", "Refuse a request, with a reason"):
        line = clerk.page.locator(f"#t-{refused.code}")
        clerk.click(line.locator("summary"))
        look(clerk.page, "refuse")
        clerk.click(line.get_by_role("button", name="Hôm đó xã cần thiết bị"))
    assert office.world.fresh(refused).reason == "Hôm đó xã cần thiết bị"
    assert refused.code in texts_of(clerk, office, refused)[-1]


def book_for_a_caller(clerk: Clerk, look: Look) -> None:
    with clerk.step("09:30", "The telephone: a carpenter without a smartphone asks for an evening"):
        clerk.open_tab("Ghi phiếu hộ")
        clerk.page.get_by_label("Tên chủ hộ, thôn hoặc số điện thoại").fill("tuat")
        clerk.press("Tìm")
        fill_in_the_caller(clerk)
        look(clerk.page, "phone")
        clerk.press("Tiếp tục")
        look(clerk.page, "slots")
        evening = date(2026, 12, 10)
        clerk.click(clerk.page.locator(f"table a[href$='{evening}/toi']"))
        clerk.press("Ghi phiếu, được mượn ngay")
        clerk.back_to_today()
    [text] = clerk.demo.texts_to(HIS_PHONE)
    assert "DA DUYET" in text


def fill_in_the_caller(clerk: Clerk) -> None:
    """The page has opened the form for a new household by itself, because nobody was found."""
    clerk.page.locator("input[name=name]").fill(CALLER)
    clerk.page.locator("input[name=village]").fill("Đại Thắng")
    clerk.page.locator("input[name=craft]").fill("mộc dân dụng")
    clerk.page.locator("input[name=phone]").fill("0977 123 456")
    clerk.click(clerk.page.get_by_role("checkbox"))


def hand_over_and_take_back(clerk: Clerk, office: Office) -> None:
    code = office.midday.code
    with clerk.step("11:15", "Hand over a kit for the midday"):
        clerk.press(f"Giao {code}")
    assert office.world.fresh(office.midday).status == Status.OUT
    with clerk.step("13:10", "Take back the kit of the midday"):
        clerk.press(f"Nhận lại {code}")
    assert office.world.fresh(office.midday).status == Status.RETURNED


def print_the_week(clerk: Clerk, look: Look) -> None:
    with clerk.step("16:30", "Print next week for the notice board"):
        clerk.open_tab("In")
        clerk.click(clerk.page.get_by_role("link", name=re.compile("^Tuần sau T2")))
        assert printed(clerk.page) == [(A4[1], A4[0])]
        assert cut_off(clerk.page) == []
        look(clerk.page, "week")
        clerk.page.emulate_media(media="screen")
        clerk.back_to_today()


def hand_over_the_evening(clerk: Clerk, office: Office) -> None:
    evening = office.in_the_way[0]
    with clerk.step("17:00", "Hand over a kit for the evening: the booking that was moved this morning"):
        clerk.press(f"Giao {evening.code}")
    assert office.world.fresh(evening).status == Status.OUT


def texts_of(clerk: Clerk, office: Office, booking: Booking) -> list[str]:
    """What the phone of the booking's household has received."""
    [household] = (it for it in office.households if it.id == booking.household_id)
    return clerk.demo.texts_to(household.phone)
