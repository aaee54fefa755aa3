"""Who may open what: one table of every route, and what each of seven readers gets there."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from flask import Flask

from kit_booking import create_app
from kit_booking.clock import utc_now
from kit_booking.config import Settings
from kit_booking.models import FeedToken
from kit_booking.services.feed_tokens import Owner, add_token
from tests.databases import on_sqlite
from tests.fakes import FakeSms
from tests.web.town import Town, where

pytestmark = on_sqlite

READERS = ("anonymous", "neighbour", "owner", "foreign_clerk", "clerk", "leader", "operator")
HOUSEHOLD, STAFF = "303 /sign-in", "303 /staff/sign-in"


@dataclass(frozen=True)
class Case:
    path: Callable[[Town], str]
    """The address, made anew for each reader, because some answers use up what they are about."""
    expected: tuple[str, ...]
    fields: dict[str, str]


TABLE: dict[tuple[str, str], Case] = {}


def case(
    route: str, expected: str | tuple[str, ...], path: Callable[[Town], str] | None = None, **fields: str
) -> None:
    """One answer for everybody, or one for each reader."""
    method, rule = route.split(" ")
    answers = (expected,) * len(READERS) if isinstance(expected, str) else expected
    TABLE[method, rule] = Case(path or (lambda _town: rule), answers, fields)


def households(others: str, own: str | None = None) -> tuple[str, ...]:
    """Households only; everybody else is asked to sign in with a number."""
    return HOUSEHOLD, others, own or others, HOUSEHOLD, HOUSEHOLD, HOUSEHOLD, HOUSEHOLD


def without_code() -> tuple[str, ...]:
    """Back to the number; a household that is in already came by the back button and goes on."""
    return ("303 /sign-in", *("303 /bookings",) * 2, *("303 /sign-in",) * 4)


def staff(foreign_clerk: str, clerk: str, leader: str, operator: str) -> tuple[str, ...]:
    """Staff only; everybody else is asked for a password."""
    return STAFF, STAFF, STAFF, foreign_clerk, clerk, leader, operator


def signed_in(answer: str) -> tuple[str, ...]:
    """Whoever signed in, as household or staff."""
    return HOUSEHOLD, *(answer,) * 6


def of_booking(pattern: str) -> Callable[[Town], str]:
    return lambda town: pattern.format(town.booking().code)


def own_feed(town: Town) -> str:
    return town.world.do(add_token, Owner(household_id=town.owner.id), now=utc_now())


def revoke_path(town: Town) -> str:
    own_feed(town)
    return f"/calendar/{town.world.all(FeedToken)[-1].id}/revoke"


# What everybody may see.
case("GET /", "200")
case("GET /static/<path:filename>", "200", lambda _: "/static/style.css")
case("GET /language/<code>", "303 /", lambda _: "/language/en")
case("GET /communes/<slug>", "200", lambda _: "/communes/phuong-duc")
case("GET /communes/<slug>.ics", "200", lambda _: "/communes/phuong-duc.ics")
case("GET /communes/<slug>/calendar", "200", lambda _: "/communes/phuong-duc/calendar")
case("GET /kits/<code>.ics", "200", lambda _: "/kits/PD-1.ics")
case("GET /kits/<kit_code>/<day>/<slot_key>", "200", Town.slot_path)
case("GET /feeds/<token>.ics", "200", lambda town: f"/feeds/{own_feed(town)}.ics")  # Who has the address has it.
case("GET /privacy", "200")
case("GET /robots.txt", "200")
case("GET /healthz", "200")
case("GET /readyz", "200")
case("GET /demo/phones", "200")
case("POST /hooks/twilio/status", "403")  # It takes Twilio's signature, and no account.

# Signing in and out; the later steps lead back to the first one for whoever did not take it.
case("GET /sign-in", "200")
case("POST /sign-in", "303 /sign-in/code", phone="0912 345 67{}")  # Each its own number: codes are rationed.
case("GET /sign-in/code", without_code())
case("POST /sign-in/code", without_code(), code="123456")
case("GET /sign-in/household", without_code())
case("POST /sign-in/household", without_code(), name="Nguyễn Văn A")
case("POST /sign-out", "303 /")
case("GET /staff/sign-in", "200")
case("POST /staff/sign-in", "422", username="nobody", password="none")

# A household's own things; those of others don't exist for it.
case(
    "POST /kits/<kit_code>/<day>/<slot_key>",
    households("303 /bookings/CODE"),
    Town.slot_path,
)
case("GET /bookings", households("200"))
case("POST /bookings/texts", households("303 /bookings#texts"), wants="0")
case("GET /bookings/<code>", households("404", "200"), of_booking("/bookings/{}"))
case("GET /bookings/<code>.ics", households("404", "200"), of_booking("/bookings/{}.ics"))
case("GET /bookings/<code>/cancel", households("404", "200"), of_booking("/bookings/{}/cancel"))
case("POST /bookings/<code>/cancel", households("404", "303 /bookings/CODE"), of_booking("/bookings/{}/cancel"))
case("GET /calendar", signed_in("200"))
case("POST /calendar", signed_in("303 /calendar"))
case(
    "POST /calendar/<int(max=2147483647):token_id>/revoke",
    (HOUSEHOLD, "404", "303 /calendar", "404", "404", "404", "404"),
    revoke_path,
)

# The office: a clerk sees and acts in the own commune, a leader sees it, an operator sees all of them.
case("GET /staff", staff("200", "200", "200", "200"))
case("GET /staff/communes/<slug>", staff("404", "200", "200", "200"), lambda _: "/staff/communes/phuong-duc")
case("GET /staff/bookings/<code>", staff("404", "200", "200", "200"), of_booking("/staff/bookings/{}"))
ACTING = staff("404", "303 /staff", "403", "403")
case("POST /staff/bookings/<code>/approve", ACTING, of_booking("/staff/bookings/{}/approve"))
case("POST /staff/bookings/<code>/decline", ACTING, of_booking("/staff/bookings/{}/decline"), reason="Bộ đang sửa")
case("POST /staff/bookings/<code>/cancel", ACTING, of_booking("/staff/bookings/{}/cancel"), reason="Bộ đang sửa")
case("GET /staff/messages", staff("200", "200", "200", "200"))
MESSAGE = "/staff/messages/<int(max=2147483647):message_id>"
case(f"POST {MESSAGE}/phoned", ACTING, lambda town: f"/staff/messages/{town.message().id}/phoned")
case(
    f"POST {MESSAGE}/resend",
    staff("404", "303 /staff/messages", "403", "403"),
    lambda town: f"/staff/messages/{town.message().id}/resend",
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, demo=True)  # It has one page more.


@pytest.mark.parametrize(("method", "rule"), TABLE)
def test_each_reader_gets_what_the_table_says(town: Town, method: str, rule: str) -> None:
    row = TABLE[method, rule]
    got = {reader: _ask(town, reader, method, row) for reader in READERS}
    assert got == dict(zip(READERS, row.expected, strict=True))


def _ask(town: Town, reader: str, method: str, row: Case) -> str:
    browser = town.browser(getattr(town, reader, None))
    path = row.path(town)
    fields = {name: text.format(READERS.index(reader)) for name, text in row.fields.items()}
    answer = browser.post(path, fields) if method == "POST" else browser.get(path)
    status, _, location = where(answer).partition(" ")
    is_booking = location.startswith("/bookings/")
    return f"{status} {'/bookings/CODE' if is_booking else location}".strip()


def test_every_route_is_in_the_table(app: Flask) -> None:
    routes = {(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    asked = {route for route in routes if route[0] not in ("HEAD", "OPTIONS")}
    assert asked == set(TABLE)


def test_the_demo_page_exists_in_a_demo_only(settings: Settings) -> None:
    app = create_app(replace(settings, demo=False), FakeSms())
    assert app.test_client().get("/demo/phones").status_code == 404


@pytest.mark.parametrize("action", ["approve", "decline", "cancel"])
def test_who_may_not_act_changes_nothing(town: Town, action: str) -> None:
    booking = town.booking()
    for reader in (None, town.owner, town.foreign_clerk, town.leader, town.operator):
        town.browser(reader).post(f"/staff/bookings/{booking.code}/{action}", reason="Bộ đang sửa")
    assert town.world.fresh(booking).status == "requested"
