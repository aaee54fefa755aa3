"""Whatever is typed, pasted or forged into any address or field: an answer in Vietnamese, never a failure."""

import itertools
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit_booking.web.frame.security import own_path
from tests.support.town import NUMBER, Town

TEXTS = [
    "\0",
    "a\0b",
    "x" * 5000,
    "🎥🇻🇳👨‍👩‍👧",
    "\u202e\u200b\ufeff",
    "Ph\u01b0\u01a1\u0323ng",
    "'; DROP TABLE booking; --",
    "%_\\%",
    "%s%(x)s{0}{{7*7}}",
    "<img src=x onerror=alert(1)>",
    "\r\nSet-Cookie: a=b",
    "-1",
    "99999999999999999999999999",
    "",
    "   ",
]
ODD = [
    *TEXTS,
    "0",
    "1e309",
    "../../etc/passwd",
    "2026-02-30",
    "9999-12-31",
    "0001-01-01",
    "-0001-01-01",
    "2026-W53-7",
    "٢٠٢٦-١٢-٠٥",
]

ADDRESSES = [
    "/{}",
    "/communes/{}",
    "/communes/{}.ics",
    "/communes/{}/calendar",
    "/kits/{}.ics",
    "/kits/{}/2026-12-05/toi",
    "/kits/PD-1/{}/toi",
    "/kits/PD-1/2026-12-05/{}",
    "/bookings/{}",
    "/bookings/{}.ics",
    "/bookings/{}/cancel",
    "/feeds/{}.ics",
    "/language/{}",
    "/staff/communes/{}",
    "/staff/bookings/{}",
    "/staff/bookings/{}/hand-over",
    "/staff/bookings/{}/take-back",
    "/staff/bookings/{}/usable",
    "/staff/bookings/{}/receipt",
    "/staff/photos/{}",
    "/staff/bookings/{}/move",
    "/staff/closures/{}",
    "/staff/print/{}/week",
    "/static/{}",
]
QUERIES = [
    "/?q={}",
    "/?province={}",
    "/?q={0}&province={0}&q={0}",
    "/communes/phuong-duc?{0}={0}",
    "/language/en?next={}",
    "/sign-in?next={}",
    "/sign-in?next=/kits/PD-1/{}/toi",
    "/sign-in?next=/kits/{}/2026-12-05/toi",
    "/sign-in/code?next={}",
    "/sign-in/household?next={}",
    "/staff/sign-in?next={}",
    "/static/style.css?v={}",
    "/staff/closures/new?kit={0}&reason={0}",
    "/staff/print?commune={}",
    "/staff/print/phuong-duc/week?of={0}&names={0}",
    "/staff/print/phuong-duc/poster?kit={}",
]


def answers_well(status: int) -> bool:
    return status in (200, 302, 303, 308, 400, 404, 405, 409, 413, 422, 429)


@pytest.mark.parametrize("patterns", [ADDRESSES, QUERIES])
def test_odd_addresses_get_an_answer(town: Town, patterns: list[str]) -> None:
    household, clerk = town.browser(town.owner), town.browser(town.clerk)
    for pattern, odd in itertools.product(patterns, ODD):
        browser = clerk if pattern.startswith("/staff") else household
        answer = browser.get(pattern.format(quote(odd, safe="")))
        assert answers_well(answer.status_code), (pattern, odd, answer.status_code)
        location = answer.headers.get("Location", "/").removeprefix("http://localhost")
        assert location.startswith("/")
        assert not location.startswith("//")
        assert "onerror=alert(1)>" not in answer.text


@pytest.mark.parametrize("raw", ["%ff%fe", "%ed%a0%80", "%", "%zz", "%00", "%0d%0a", "%c0%af", "a" * 8000])
def test_badly_encoded_addresses_get_an_answer(town: Town, raw: str) -> None:
    for pattern in ("/communes/{}", "/?q={}", "/bookings/{}", "/language/en?next=/{}", "/kits/{0}/{0}/{0}"):
        assert answers_well(town.browser(town.owner).get(pattern.format(raw)).status_code)


NAMES = {"phone", "code", "name", "village", "craft", "sells", "streams_on", "consent", "known_name"}
NAMES |= {"username", "password", "reason", "person", "note"}
"""What has some name in it while another field is odd."""
FORMS = {
    "/sign-in": ["phone", "nonsense"],
    "/sign-in/code": ["code"],
    "/sign-in/household": ["name", "village", "craft", "sells", "streams_on", "consent", "household", "known_name"],
    "/staff/sign-in": ["username", "password"],
    "SLOT": ["sells", "streams_on"],
    "DECLINE": ["reason"],
    "CANCEL": ["reason"],
    "HAND_OVER": ["person", "note", "happened_at", "saw_id", "all", "parts-0-count", "parts-1-is_there", "parts-x"],
    "MOVE": ["to", "seen", "reason"],
    "CLOSE": ["what", "from_day", "from_time", "until_day", "until_time", "reason"],
    "SETTLE": ["plan"],
    "HOLIDAYS": ["holiday"],
    "/calendar/{}/revoke": ["nonsense"],
}

OF_THE_OFFICE = ("DECLINE", "CANCEL", "MOVE", "CLOSE", "SETTLE", "HOLIDAYS")


@pytest.mark.parametrize("form", FORMS)
def test_odd_fields_get_an_answer(town: Town, form: str) -> None:
    booking, slot = town.booking().code, town.slot_path()
    browser = town.browser(town.clerk if form in ("DECLINE", "CANCEL", "HAND_OVER") else town.owner)
    closure = town.closure() if form == "SETTLE" else 0
    browser = town.browser(town.clerk if form in OF_THE_OFFICE else town.owner)
    with browser.client.session_transaction() as session:
        session["code_for"], session["verified"] = NUMBER, [NUMBER, 2**40]
    for field, odd in itertools.product(FORMS[form], TEXTS):
        path = {
            "SLOT": slot,
            "DECLINE": f"/staff/bookings/{booking}/decline",
            "CANCEL": f"/staff/bookings/{booking}/cancel",
            "HAND_OVER": f"/staff/bookings/{booking}/hand-over",
            "MOVE": f"/staff/bookings/{booking}/move",
            "CLOSE": "/staff/closures/new",
            "SETTLE": f"/staff/closures/{closure}/bookings",
            "HOLIDAYS": "/staff/closures/holidays",
        }.get(form, form.format(quote(odd, safe="")))
        usual = {name: "Lê Thị Mơ" for name in FORMS[form] if name in NAMES}
        query = f"?next={slot}" if form == "/sign-in/household" else ""
        answer = browser.post(path + query, {**usual, field: [odd, odd]})
        assert answers_well(answer.status_code), (field, odd, answer.status_code)
        assert "onerror=alert(1)>" not in answer.text
        with browser.client.session_transaction() as session:  # Entering used it up.
            session["verified"] = [NUMBER, 2**40]


def test_odd_ways_to_send_a_form_get_an_answer(town: Town) -> None:
    client = town.browser(town.owner).client
    for path in ("/sign-in", "/sign-in/household", "/staff/sign-in", town.slot_path()):
        for sent in (
            {"json": {"phone": ["x"]}},
            {"data": b"\xff\xfe\x00", "content_type": "application/x-www-form-urlencoded"},
            {"data": b"--x\r\nbroken", "content_type": "multipart/form-data; boundary=x"},
            {"data": b"", "content_type": "multipart/form-data"},
            {"data": {"phone": "1"}, "headers": {"Cookie": "session=" + "A" * 3000}},
            {"data": {"phone": "1"}, "headers": {"Cookie": "remember=household.1|" + "0" * 128}},
            {"data": {"phone": "1"}, "headers": {"Accept-Encoding": "\xff, gzip;q=x", "If-None-Match": '"'}},
        ):
            assert answers_well(client.post(path, **sent).status_code)


@pytest.mark.parametrize(
    "cookie", ["session=.eJw; remember=x", "lang=\x7f", "session=", "remember=household.99999|x"]
)
def test_odd_cookies_are_nobody(town: Town, cookie: str) -> None:
    client = town.app.test_client(use_cookies=False)
    for path in ("/", "/communes/phuong-duc", "/sign-in"):
        assert client.get(path, headers={"Cookie": cookie}).status_code == 200
    assert client.get("/bookings", headers={"Cookie": cookie}).status_code == 303


@given(target=st.text(max_size=40) | st.from_regex(r"[/\\\s]{0,3}[a-z.:@/\\?#]{0,20}", fullmatch=True))
def test_no_target_whatever_leads_to_another_site(target: str) -> None:
    path = own_path(target)
    assert path.startswith("/")
    assert path[1:2] not in ("/", "\\")
    assert not any(ord(char) < 32 for char in path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60))
def test_whatever_is_searched_the_start_page_answers(town: Town, query: str) -> None:
    address = f"/?q={quote(query.encode('utf-8', 'surrogatepass'))}"
    assert answers_well(town.browser().get(address).status_code)
