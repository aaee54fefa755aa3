"""What happens to a phone's connection after an answer, on the server that serves in life."""

import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.support.server import serving
from tests.support.town import Town

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
