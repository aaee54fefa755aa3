"""The whole app on a port, and people who look at it: one with a phone, one at a desk."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright

from kit_booking.config import Settings
from tests.databases import Sqlite
from tests.e2e import browser as browsers
from tests.e2e.server import serving


@pytest.fixture
def database_url(sqlite: Sqlite) -> Iterator[str]:
    """The browser sees no difference between databases, so these tests run on one."""
    with sqlite.migrated() as url:
        yield url


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def base_url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def settings(settings: Settings, base_url: str) -> Settings:
    return replace(settings, public_base_url=base_url)


@pytest.fixture
def live_server(app: Flask, listener: socket.socket, base_url: str) -> Iterator[str]:
    """The address of the running app; `app`, `sms` and the database are the test's own."""
    with serving(app, listener):
        yield base_url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not browsers.CHROMIUM:
        pytest.skip("no chromium: apt-get install chromium, or set CHROMIUM_PATH")
    with sync_playwright() as playwright:
        browser = browsers.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Browser, live_server: str) -> Iterator[Page]:
    """A household's cheap phone, and without JavaScript, because no page may need it."""
    with browsers.opened(browser, live_server, browsers.PHONE) as page:
        yield page


@pytest.fixture
def desk(browser: Browser, live_server: str) -> Iterator[Page]:
    """The clerk's office PC."""
    with browsers.opened(browser, live_server, browsers.DESK) as page:
        yield page
