"""The demo on a port, and people who look at it: one with a phone, one at a desk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from kit_booking.clock import utc_now
from tests.e2e import browser as browsers
from tests.e2e.demo import Demo, filled_database, running_demo
from tests.support.databases import Sqlite


@pytest.fixture(scope="session")
def filled(sqlite: Sqlite) -> Iterator[Path]:
    """The browser sees no difference between databases, so these tests run on one."""
    with filled_database(sqlite, utc_now()) as database:
        yield database


@pytest.fixture(scope="session")
def shared_demo(filled: Path, memory_folder: Path) -> Iterator[Demo]:
    """For tests that only look, and leave to others what they find."""
    with running_demo(filled, memory_folder) as demo:
        yield demo


@pytest.fixture
def demo(filled: Path, tmp_path: Path) -> Iterator[Demo]:
    """The test's own."""
    with running_demo(filled, tmp_path) as demo:
        yield demo


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not browsers.CHROMIUM:
        pytest.skip("no chromium: apt-get install chromium, or set CHROMIUM_PATH")
    with sync_playwright() as playwright:
        browser = browsers.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Browser, demo: Demo) -> Iterator[Page]:
    """A household's cheap phone, and without JavaScript, because no page may need it."""
    with browsers.opened(browser, demo.url, browsers.PHONE) as page:
        yield page


@pytest.fixture
def desk(browser: Browser, demo: Demo) -> Iterator[Page]:
    """The clerk's office PC."""
    with browsers.opened(browser, demo.url, browsers.DESK) as page:
        yield page
