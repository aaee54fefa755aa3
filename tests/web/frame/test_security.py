"""What holds for every page: CSRF, headers, cookies, redirects, caching, and pages for what went wrong."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.database import db
from kit_booking.web.frame.security import own_path
from tests.support.builders import PASSWORD
from tests.support.fakes import FakeSms
from tests.support.town import Browser, Town, words_of

SIGNED_BY_THE_SENDER = frozenset({"/hooks/twilio/status"})
"""Where no form of ours is sent, but something that carries a proof of its own."""


def test_a_post_without_its_token_is_refused_and_keeps_what_was_typed(town: Town, app: Flask) -> None:
    typed = {"name": "Lê Thị Mơ", "password": PASSWORD, "code": "482913"}
    client = town.browser(town.owner).client
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert len(rules) > 10
    for rule in rules:
        if rule.rule in SIGNED_BY_THE_SENDER:
            continue
        values = dict.fromkeys(rule.arguments, 1) | dict.fromkeys(rule.arguments & {"section"}, "office")
        path = app.url_map.bind("localhost").build(rule.endpoint, values, method="POST")
        answer = client.post(path, data=typed)
        assert answer.status_code == 400, path
        page = words_of(answer)
        assert "Trang này mở lâu quá rồi" in page, path
        assert "Lê Thị Mơ" in page, path
        assert PASSWORD not in page, path
        assert "482913" not in page, path


def test_what_was_typed_is_called_by_its_vietnamese_name(client: Browser) -> None:
    answer = client.post("/sign-in/household", data={"name": "Lê Thị Mơ", "craft": "thêu"})
    page = words_of(answer)
    assert "Tên chủ hộ Lê Thị Mơ" in page
    assert "Nghề thêu" in page


def test_the_numbers_of_a_commune_that_were_typed_are_kept_too(client: Browser) -> None:
    page = words_of(client.post("/staff/settings/phuong-duc/fairness", data={"most_ahead": "3", "address": "Số 1"}))
    assert "Mỗi hộ được có nhiều nhất bao nhiêu phiếu sắp tới của các buổi khác? 3" in page
    assert "Địa chỉ Số 1" in page


def test_a_token_of_another_browser_is_refused(town: Town) -> None:
    someone, other = town.browser(), town.browser()
    own, stolen = (
        re.findall('name="csrf_token" value="([^"]+)"', browser.get("/sign-in").text)[0]
        for browser in (other, someone)
    )
    assert other.client.post("/sign-in", data={"csrf_token": stolen, "phone": ""}).status_code == 400
    assert other.client.post("/sign-in", data={"csrf_token": own, "phone": ""}).status_code == 422


PAGES = ["/", "/communes/phuong-duc", "/communes/phuong-duc.ics", "/privacy", "/sign-in", "/staff/sign-in", "/staff"]
PAGES += ["/static/style.css", "/healthz", "/bookings", "/no-such-page", "/communes/no-such-one", "/language/en"]


def test_every_answer_has_the_security_headers(town: Town) -> None:
    for path in PAGES:
        headers = town.browser().get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'"), path
        assert "unsafe" not in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert len(headers["X-Request-Id"]) == 16, path
        assert headers["Cache-Control"], path


def test_error_pages_have_the_security_headers(client: Browser) -> None:
    for answer in (client.post("/sign-in"), client.post("/"), client.post("/sign-in", data={"x": "x" * 70_000})):
        assert answer.status_code in (400, 405, 413)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Request-Id"]
        assert answer.headers["Cache-Control"] == "no-store"


def test_no_page_has_inline_scripts_or_styles(town: Town) -> None:
    household, staff = town.browser(town.owner), town.browser(town.clerk)
    code = town.booking().code
    pages = [household.get(path).text for path in ("/", "/bookings", f"/bookings/{code}", "/calendar")]
    pages += [staff.get(path).text for path in ("/staff", "/staff/communes/phuong-duc", f"/staff/bookings/{code}")]
    for page in pages:
        assert "<script" not in page.replace('<script src="/static/desk.js?', "")  # Our own, at the office only.
        assert " style=" not in page
        assert " onclick=" not in page
        assert "http://" not in page.replace("http://www.w3.org/", "")


# Cookies


@pytest.fixture
def https(settings: Settings) -> Iterator[Town]:
    app = create_app(replace(settings, public_base_url="https://lich.example.vn"), FakeSms())
    yield Town(app)
    with app.app_context():
        db.engine.dispose()


def _cookies(town: Town) -> list[str]:
    """What the browsers of a household, a clerk and an English reader are told to keep."""
    household, staff, reader = (town.app.test_client() for _ in range(3))
    set_cookies = household.get("/sign-in").headers.getlist("Set-Cookie")
    set_cookies += staff.get("/staff/sign-in").headers.getlist("Set-Cookie")
    return set_cookies + reader.get("/language/en").headers.getlist("Set-Cookie")


def test_cookies_are_kept_from_scripts_and_from_other_sites(town: Town) -> None:
    cookies = _cookies(town)
    assert len(cookies) == 3
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie


def test_under_https_cookies_travel_on_https_only(https: Town) -> None:
    *sessions, language = _cookies(https)
    assert all(cookie.startswith("__Host-session=") for cookie in sessions)
    for cookie in (*sessions, language):
        assert "Secure" in cookie
        assert "Domain" not in cookie
    assert "max-age" in https.browser().get("/").headers["Strict-Transport-Security"]


def test_without_https_there_is_no_hsts_header(town: Town) -> None:
    assert "Strict-Transport-Security" not in town.browser().get("/").headers


def test_public_pages_set_no_cookie_and_no_token(town: Town) -> None:
    for path in ["/", "/communes/phuong-duc", "/?q=phuong", "/privacy", "/communes/phuong-duc/calendar"]:
        answer = town.browser().get(path)
        assert "Set-Cookie" not in answer.headers, path
        assert "csrf_token" not in answer.text, path


def test_personal_pages_are_not_cached(town: Town) -> None:
    household, staff, code = town.browser(town.owner), town.browser(town.clerk), town.booking().code
    own = ("/", "/bookings", f"/bookings/{code}", f"/bookings/{code}/cancel", f"/bookings/{code}.ics", "/calendar")
    answers = [household.get(path) for path in (*own, town.slot_path())]
    answers += [staff.get(path) for path in ("/staff", "/staff/communes/phuong-duc", f"/staff/bookings/{code}")]
    assert {(answer.status_code, answer.headers["Cache-Control"]) for answer in answers} == {(200, "no-store")}


# Redirects

EVIL = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n//evil.example",
    "\t//evil.example",
    " //evil.example",
    "evil.example",
    "",
]


def test_next_redirects_only_within_this_site(town: Town) -> None:
    for target in EVIL:
        assert own_path(target, "/safe") == "/safe", target
        switched = town.browser().client.get("/language/en", query_string={"next": target})
        assert switched.headers["Location"] == "/", target


def test_an_encoded_address_does_not_redirect_elsewhere(town: Town) -> None:
    for target in ["%2f%2fevil.example", "/%2fevil.example", "/%5cevil.example", "/%09/evil.example"]:
        location = town.browser().get(f"/language/en?next={target}").headers["Location"]
        assert location.startswith("/"), target
        assert not location.startswith(("//", "/\\", "/\t")), target


def test_a_forged_sign_in_link_does_not_redirect_a_clerk_elsewhere(town: Town) -> None:
    member = town.world.staff_with_password(town.commune)
    answer = town.browser().post("/staff/sign-in?next=//evil.example", username=member.username, password=PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/staff")


def test_signing_in_leads_back_to_where_it_began(town: Town) -> None:
    assert (
        town.browser().get("/bookings/PD234?new=1").headers["Location"] == "/sign-in?next=/bookings/PD234%3Fnew%3D1"
    )
