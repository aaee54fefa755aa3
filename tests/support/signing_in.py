"""The first two steps of signing in by number, for the tests of what comes after them."""

import re

from kit_booking.models import Message
from tests.support.town import NUMBER, Browser, Town, where


def code_sent_to(town: Town, number: str = NUMBER) -> str:
    """The code in the newest text to the number."""
    body = town.world.all(Message, to=number)[-1].body
    return re.findall(r"\b\d{6}\b", body)[0]


def sign_in_by_code(town: Town, browser: Browser) -> str:
    """All steps of the owner, who is the only household of its number; where that leads."""
    assert enter_code(town, browser) == "303 /sign-in/household"
    return where(browser.post("/sign-in/household", household=town.owner.id))


def enter_code(town: Town, browser: Browser, typed: str = NUMBER, next_path: str = "") -> str:
    """Type the number, then the code that was sent to it; where that leads."""
    query = f"?next={next_path}" if next_path else ""
    assert where(browser.post(f"/sign-in{query}", phone=typed)) == "303 /sign-in/code"
    number = NUMBER if typed == NUMBER else "+84987654321"
    answer = browser.post(f"/sign-in/code{query}", code=code_sent_to(town, number))
    return f"{answer.status_code} {answer.headers.get('Location')}"
