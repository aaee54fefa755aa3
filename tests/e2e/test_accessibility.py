"""Every page suits people who see, hear or move less, on a phone and at a desk, by day and by night."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.e2e.browser import DESK, axe_violations, opened
from tests.e2e.demo import Demo
from tests.e2e.pages import NO_PAGES, PAGES, Shown, Visitor
from tests.e2e.register_pages import REGISTER_NO_PAGES, REGISTER_PAGES

pytestmark = pytest.mark.timeout(240)

SMALL, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 800}

SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, summary, input, select, textarea')]
  .filter(it => it.checkVisibility({visibilityProperty: true}) && it.type !== 'hidden' && !it.closest('.skip'))
  // A link in a sentence is as high as its line, and a box is ticked by its label, too.
  .filter(it => getComputedStyle(it).display !== 'inline' || it.parentElement.innerText === it.innerText)
  .map(it => [it, (/checkbox|radio/.test(it.type) ? it.closest('label') : it).getBoundingClientRect()])
  .filter(([_, box]) => box.height < 43.9 || box.width < 43.9)
  .map(([it, box]) => `${it.outerHTML.slice(0, 90)} is ${box.width.toFixed(1)} by ${box.height.toFixed(1)}`)"""

SIDEWAYS = """() => document.documentElement.scrollWidth <= innerWidth ? [] : ['the page is too wide',
  ...[...document.querySelectorAll('body *')].filter(it => it.getBoundingClientRect().right > innerWidth + 1)
  .map(it => it.outerHTML.slice(0, 90))].slice(0, 4)"""


@pytest.fixture
def eyes(browser: Browser, shared_demo: Demo) -> Iterator[Page]:
    """A browser whose size, colours and letters change while it looks at a page."""
    with opened(browser, shared_demo.url, DESK) as page:
        yield page


@pytest.mark.parametrize("shown", [*PAGES, *REGISTER_PAGES], ids=lambda shown: shown.name)
def test_everybody_can_use_the_page(shared_demo: Demo, eyes: Page, shown: Shown) -> None:
    shown.reach(Visitor(shared_demo, eyes))
    assert rule_of(shared_demo.app, eyes) == shown.rule

    faults = []
    for size in (WIDE, SMALL):
        eyes.set_viewport_size(size)
        faults += [f"sideways at {size['width']}: {it}" for it in eyes.evaluate(SIDEWAYS)]
        eyes.emulate_media(color_scheme="light")
        faults += [f"at {size['width']}: {it}" for it in axe_violations(eyes)]
        eyes.emulate_media(color_scheme="dark")  # It changes nothing but colours.
        faults += [f"dark at {size['width']}: {it}" for it in axe_violations(eyes, ["color-contrast"])]
    faults += [f"too small: {it}" for it in eyes.evaluate(SMALL_TARGETS)]
    double_the_letters(eyes)
    faults += [f"sideways with large letters: {it}" for it in eyes.evaluate(SIDEWAYS)]
    assert not faults, "\n".join(faults)


def test_no_page_is_missing_here(shared_demo: Demo) -> None:
    rules = {rule.rule for rule in shared_demo.app.url_map.iter_rules() if "GET" in rule.methods}
    no_pages = NO_PAGES | REGISTER_NO_PAGES
    assert rules - no_pages == {shown.rule for shown in (*PAGES, *REGISTER_PAGES)} & rules
    assert rules >= no_pages


def rule_of(app: Flask, page: Page) -> str:
    path = page.evaluate("location.pathname")
    adapter = app.url_map.bind("localhost")
    for method in ("GET", "POST"):
        if adapter.test(path, method):
            return str(adapter.match(path, method, return_rule=True)[0].rule)
    return ""


def double_the_letters(page: Page) -> None:
    """As people do who set their phone to the largest letters."""
    page.context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": {"standard": 32}})
