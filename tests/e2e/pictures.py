"""Takes the pictures of docs/pictures, of the demo on a Saturday and of a day at the office: `make pictures`."""

import shutil
import subprocess
import tempfile
from datetime import date, time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local
from kit_booking.models import Household, Role, WaitingEntry
from tests.e2e import browser as browsers
from tests.e2e.demo import COMMUNE, Demo, filled_database, running_demo
from tests.e2e.office_day import stop_clock
from tests.e2e.pages import Visitor
from tests.e2e.test_a_day_at_the_office import BARE_DESK, a_whole_day
from tests.support.databases import Sqlite
from tests.times import set_clock

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
COLOURS = "64"
PUBLIC_URL = "http://lich.phuxuyen.example"
HEIGHTS = {"phone": 1280, "slots": 1150}
"""Of the pictures of a day whose pages are longer than a screen."""


SATURDAY_MORNING = local(date(2026, 12, 5), time(9, 40))
"""When the clock stands still, so that the pictures only change when the pages do."""


def take_all(demo: Demo, phone: Page, desk: Page) -> None:
    on_phone, at_desk = Visitor(demo, phone), Visitor(demo, desk)
    on_phone.go("/")
    take(phone, "start-360")
    on_phone.go(f"/communes/{COMMUNE}")
    phone.evaluate("scrollTo(0, 0)")
    take(phone, "fortnight-360", height=1500)
    on_phone.go(on_phone.slot("sang", days=9))
    take(phone, "slot-360", height=1100)
    on_phone.see_one(Status.APPROVED)
    take(phone, "booking-360", height=1100)

    at_desk.go(f"/communes/{COMMUNE}")
    take(desk, "fortnight-1280", height=1000)
    at_desk.be_staff(Role.CLERK)
    at_desk.go("/staff")
    take(desk, "today-1280")
    at_desk.go("/staff/queue")
    take(desk, "queue-1280")
    wait_as_the_second(on_phone)
    take(phone, "waiting-360", height=1000)


def wait_as_the_second(visitor: Visitor) -> None:
    """Be one of those who wait behind one other household, and look at the place in the queue."""
    for entry in visitor.world.all(WaitingEntry, state="waiting", commune_id=visitor.demo.commune.id):
        visitor.demo.sign_in(visitor.page, visitor.world.all(Household, id=entry.household_id)[0])
        visitor.go(f"/waiting/{entry.id}")
        if visitor.page.get_by_text("Đứng thứ 2").count():
            return
    raise LookupError("nobody waits as the second")


def take_a_day(chromium: Browser, sqlite: Sqlite, folder: Path) -> None:
    """What the clerk sees at the moments of docs/a-day-at-the-office.md."""
    stop_clock("07:30")
    with (
        sqlite.migrated() as url,
        running_demo(Path(url.removeprefix("sqlite:///")), folder, PUBLIC_URL) as demo,
        browsers.opened(chromium, demo.url, BARE_DESK) as desk,
    ):
        a_whole_day(demo, desk, look=lambda page, name: take(page, f"day-{name}", HEIGHTS.get(name, 0)))


def take(page: Page, name: str, height: int = 0) -> None:
    """The upper part of the page, so high, or what is seen at once."""
    file = PICTURES / f"{name}.png"
    usual = page.viewport_size
    if height:
        page.set_viewport_size({"width": usual["width"], "height": height})
    page.screenshot(path=file)
    page.set_viewport_size(usual)
    if shutil.which("pngquant"):  # It makes a third of it.
        subprocess.run(["pngquant", "--force", "--ext=.png", COLOURS, file], check=True)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    set_clock(SATURDAY_MORNING, runs=False)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium, sqlite = browsers.launch(playwright), Sqlite(Path(folder))
        with (
            filled_database(sqlite, SATURDAY_MORNING) as filled,
            running_demo(filled, Path(folder), PUBLIC_URL) as demo,
            browsers.opened(chromium, demo.url, browsers.PHONE) as phone,
            browsers.opened(chromium, demo.url, browsers.DESK) as desk,
        ):
            take_all(demo, phone, desk)
        take_a_day(chromium, sqlite, Path(folder))
        chromium.close()


if __name__ == "__main__":
    main()
