"""The pages that everybody opens weigh little, because phones here are on slow and costly mobile data."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from kit_booking.models import Commune
from tests.e2e.browser import PHONE, opened
from tests.e2e.demo import Demo

MOST_BYTES = 30_000
MOST_REQUESTS = 3
"""The page, its style and its icon."""


@pytest.fixture
def fresh_phone(browser: Browser, shared_demo: Demo) -> Iterator[Page]:
    """A phone that was never here, so that nothing is kept on it."""
    with opened(browser, shared_demo.url, PHONE) as page:
        yield page


def test_the_start_page_weighs_little(fresh_phone: Page) -> None:
    assert_light(fresh_phone, "/")


def test_the_fortnight_of_seven_kits_weighs_little(shared_demo: Demo, fresh_phone: Page) -> None:
    communes = {len(shared_demo.world.kits(commune)): commune for commune in shared_demo.world.all(Commune)}
    assert_light(fresh_phone, f"/communes/{communes[7].slug}")


def test_the_page_of_all_calendars_of_seven_kits_weighs_little(shared_demo: Demo, fresh_phone: Page) -> None:
    communes = {len(shared_demo.world.kits(commune)): commune for commune in shared_demo.world.all(Commune)}
    assert_light(fresh_phone, f"/communes/{communes[7].slug}/calendar")


def assert_light(page: Page, path: str) -> None:
    """All that comes over the wire for the page: heads and bodies, packed as they are sent."""
    weights: dict[str, int] = {}
    kinds: dict[str, str] = {}
    network = page.context.new_cdp_session(page)
    network.on("Network.requestWillBeSent", lambda it: kinds.update({it["requestId"]: it["type"]}))
    network.on("Network.loadingFinished", lambda it: weights.update({it["requestId"]: it["encodedDataLength"]}))
    network.send("Network.enable")
    page.goto(path, wait_until="networkidle")

    assert sum(weights.values()) <= MOST_BYTES, weights
    assert 0 < len(kinds) <= MOST_REQUESTS
    assert "Script" not in kinds.values()
    assert weights.keys() == kinds.keys()
