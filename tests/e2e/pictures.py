"""Takes the pictures of docs/pictures from the demo, as it stands on a Saturday morning: `make pictures`."""

import shutil
import subprocess
import tempfile
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

from playwright.sync_api import Page, sync_playwright

from kit_booking import clock
from kit_booking.domain.local_time import ZONE
from kit_booking.domain.status import Status
from kit_booking.models import Role
from tests.databases import Sqlite
from tests.e2e import browser as browsers
from tests.e2e.demo import COMMUNE, Demo, filled_database, running_demo
from tests.e2e.pages import Visitor

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
COLOURS = "64"


class SaturdayMorning(datetime):
    """A clock that stands still, so that the pictures only change when the pages do."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 12, 5, 9, 40, tzinfo=ZONE).astimezone(tz)


def take_all(demo: Demo, phone: Page, desk: Page) -> None:
    on_phone, at_desk = Visitor(demo, phone), Visitor(demo, desk)
    on_phone.go("/")
    take(phone, "start-360")
    on_phone.go(f"/communes/{COMMUNE}#{on_phone.kit().code}")
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
    clock.datetime = SaturdayMorning  # type: ignore[misc]
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = browsers.launch(playwright)
        with (
            filled_database(Sqlite(Path(folder)), clock.utc_now()) as filled,
            running_demo(filled, Path(folder)) as demo,
            browsers.opened(chromium, demo.url, browsers.PHONE) as phone,
            browsers.opened(chromium, demo.url, browsers.DESK) as desk,
        ):
            take_all(demo, phone, desk)
        chromium.close()


if __name__ == "__main__":
    main()
