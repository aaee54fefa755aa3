"""Connections after an answer, bodies, and forwarders, on the server that serves in life."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection

import pytest

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.domain.booking.status import Status
from kit_booking.services.ops import health
from tests.support.server import serving
from tests.support.town import Town
from tests.times import NOW, set_clock

PATH = "/communes/phuong-duc"


@pytest.fixture
def connection(town: Town) -> Iterator[HTTPConnection]:
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(town.app, listener):
        connection = HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=10)
        yield connection
        connection.close()


def test_it_is_kept_after_a_page_that_the_phone_has_already(connection: HTTPConnection) -> None:
    connection.request("GET", PATH)
    first = connection.getresponse()
    etag = first.headers["ETag"]
    assert first.read()
    kept = connection.sock
    for _ in range(2):
        connection.request("GET", PATH, headers={"If-None-Match": etag})
        again = connection.getresponse()
        assert (again.status, again.read()) == (304, b"")
        assert "Connection" not in again.headers
        assert "Transfer-Encoding" not in again.headers
    connection.request("GET", "/privacy")
    assert connection.getresponse().read().endswith(b"</html>")
    assert connection.sock is kept


def test_it_ends_where_the_phone_wants_it_to_end(connection: HTTPConnection) -> None:
    connection.request("GET", PATH)
    first = connection.getresponse()
    first.read()
    connection.request("GET", PATH, headers={"If-None-Match": first.headers["ETag"], "Connection": "close"})
    again = connection.getresponse()
    assert (again.status, again.headers["Connection"]) == (304, "close")


def long_body(connection: HTTPConnection, path: str, cookie: str = "", length: int = 5 << 20) -> tuple[int, str]:
    """The answer to the head of a request alone: of its body nothing is sent."""
    connection.putrequest("POST", path)
    for name, value in (("Content-Length", str(length)), ("Cookie", cookie), ("Content-Type", "multipart/form-data")):
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_a_long_body_that_nobody_asked_for_is_refused_at_its_head(connection: HTTPConnection) -> None:
    for path, cookie in (("/sign-in", ""), ("/staff/import", ""), ("/staff/import", "session=x"), ("/nowhere", "")):
        status, page = long_body(connection, path, cookie)
        connection.close()
        assert status == 413
        assert "Gửi nhiều quá" in page


def test_staff_send_photos_and_are_told_in_their_words_when_they_are_too_large(
    town: Town, connection: HTTPConnection
) -> None:
    booking = town.booking(Status.OUT)
    clerk = town.browser(town.clerk)
    clerk.get("/staff")
    cookie = clerk.client.get_cookie("session")
    assert cookie
    path = f"/staff/bookings/{booking.code}/take-back"
    status, page = long_body(connection, path, f"session={cookie.value}", 60 << 20)
    connection.close()
    assert status == 413
    assert "Ảnh to quá" in page
    connection.request("POST", path, b"x" * (3 << 20), {"Cookie": f"session={cookie.value}"})
    assert connection.getresponse().status == 400  # Taken, and found to have no token against forgery.


def test_a_body_whose_length_is_not_said_is_refused(connection: HTTPConnection) -> None:
    connection.putrequest("POST", "/sign-in")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    assert connection.getresponse().status == 413


def test_a_forwarder_that_is_not_trusted_is_named_by_the_doctor_and_once_in_the_log(
    connection: HTTPConnection, town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    connection.request("GET", PATH)
    assert connection.getresponse().read()
    assert "TRUSTED_PROXY" not in town.app.test_cli_runner().invoke(args=["doctor"]).output
    for _ in range(3):
        connection.request("GET", PATH, headers={"X-Forwarded-For": "203.0.113.9"})
        assert connection.getresponse().read()
    assert len([one for one in caplog.records if "set TRUSTED_PROXY=127.0.0.1" in one.message]) == 1
    examined = town.app.test_cli_runner().invoke(args=["doctor"])
    assert "set TRUSTED_PROXY=127.0.0.1" in " ".join(examined.output.split())
    assert examined.exit_code == 1
    set_clock(NOW + timedelta(days=2))
    assert "TRUSTED_PROXY" not in town.app.test_cli_runner().invoke(args=["doctor"]).output


@pytest.mark.parametrize("trusted", ["127.0.0.1", "127.0.0.2"])
def test_the_proxy_of_the_settings_is_no_fault(town: Town, settings: Settings, trusted: str) -> None:
    app = create_app(replace(settings, trusted_proxy=trusted))
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(app, listener):
        connection = HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=10)
        connection.request("GET", PATH, headers={"X-Forwarded-For": "203.0.113.9"})
        assert connection.getresponse().read()
        connection.close()
        examined = app.test_cli_runner().invoke(args=["doctor"]).output
    assert ("TRUSTED_PROXY=" in examined) is (trusted != "127.0.0.1")


def test_a_header_that_anybody_on_the_internet_can_send_is_no_proxy(town: Town) -> None:
    with town.app.app_context():
        assert not health.note_proxy("8.8.8.8", now=NOW)
        assert health.note_proxy("10.0.0.2", now=NOW)
        assert not health.note_proxy("10.0.0.2", now=NOW)
        assert health.note_proxy("fd00::2", now=NOW)
        assert health.unknown_proxies(now=NOW) == ["10.0.0.2", "fd00::2"]
