"""A real browser, shut in: a phone and a desk to look at the app with, and what axe says of a page."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, Route

CHROMIUM = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
FLAGS = [
    "--no-sandbox",  # It doesn't start as root with one, and sees only our own pages.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "is_mobile": True,
    "has_touch": True,
    "java_script_enabled": False,
}
DESK = {"viewport": {"width": 1280, "height": 800}}
WCAG_21_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@contextmanager
def opened(browser: Browser, base_url: str, device: dict[str, Any]) -> Iterator[Page]:
    """A page of a fresh browser profile; it fails a test whose pages ask anything of another address."""
    strays: list[str] = []

    def refuse(route: Route) -> None:
        strays.append(route.request.url)
        route.abort()

    with browser.new_context(base_url=base_url, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", **device) as context:
        context.set_default_timeout(10_000)
        context.route(lambda url: not url.startswith(f"{base_url}/"), refuse)
        yield context.new_page()
    assert not strays, f"the pages asked elsewhere: {strays}"


def axe_violations(page: Page, rules: list[str] = WCAG_21_AA) -> list[str]:
    """What hinders people who see, hear or move less, one line each: rule, help, and the elements concerned."""
    options = {"runOnly": rules, "resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {rule['help']}: " + ", ".join(str(node["target"][0]) for node in rule["nodes"])
        for rule in found
    ]
