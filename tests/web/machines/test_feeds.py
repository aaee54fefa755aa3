"""How feeds are answered: ETags and 304, gzip, caching headers."""

import gzip
from collections.abc import Hashable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http.client import HTTPConnection

import pytest
from sqlalchemy import event
from werkzeug.http import http_date

from kit_booking.clock import utc_now
from kit_booking.database import db
from kit_booking.domain.booking.status import Status
from kit_booking.web.frame.responses import PageCache
from tests.support.feeds import serving_at
from tests.support.subscribing import PUBLIC, feed_of
from tests.support.town import Town

SECOND = timedelta(seconds=1)


def all_paths(town: Town) -> list[str]:
    return [*PUBLIC, feed_of(town, town.owner), feed_of(town, town.clerk)]


def test_a_feed_has_the_same_bytes_on_every_call_and_answers_304(town: Town) -> None:
    booking = town.booking()
    for path in all_paths(town):
        first, second = town.browser().get(path), town.browser().get(path)
        assert first.data == second.data
        again = town.browser().get(path, {"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    own = town.browser(town.owner)
    assert own.get(f"/bookings/{booking.code}.ics").data == own.get(f"/bookings/{booking.code}.ics").data


@contextmanager
def statements(town: Town) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []
    with town.app.app_context():
        engine = db.engine

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_304_of_a_feed_takes_at_most_two_statements(town: Town) -> None:
    town.booking()
    for path, most in zip(all_paths(town), (1, 1, 1, 2), strict=True):
        etag = town.browser().get(path).headers["ETag"]
        with statements(town) as seen:
            assert town.browser().get(path, {"If-None-Match": etag}).status_code == 304
        assert len(seen) <= most, seen
        assert not [statement for statement in seen if "FROM hold" in statement], seen


class Counting(PageCache):
    def __init__(self) -> None:
        super().__init__()
        self.built = 0

    def put(self, key: Hashable, page: object) -> None:
        self.built += 1
        super().put(key, page)


def test_a_feed_is_built_once_for_each_state(town: Town) -> None:
    town.app.extensions["pages"] = pages = Counting()
    booking = town.booking()
    for _ in range(3):
        town.browser().get(PUBLIC[0])
        town.browser(town.owner).client.head(PUBLIC[0])
    assert pages.built == 1
    town.browser(town.clerk).post(f"/staff/bookings/{booking.code}/approve")
    for _ in range(3):
        town.browser().get(PUBLIC[0])
    assert pages.built == 2


def test_feeds_have_cache_control_and_noindex(town: Town) -> None:
    for path in all_paths(town):
        headers = town.browser().get(path).headers
        assert headers["Cache-Control"].startswith("public" if path in PUBLIC else "private")
        assert headers["X-Robots-Tag"] == "noindex"
        assert "Accept-Encoding" in headers["Vary"]
        assert "Set-Cookie" not in headers
    robots = town.browser().get("/robots.txt").text
    assert [line for line in robots.splitlines() if line.startswith("Disallow")] == [
        "Disallow: /staff",
        "Disallow: /bookings",
    ]


@pytest.mark.parametrize("accept", ["", "text/html", "application/json;q=1", "text/calendar", "image/*"])
def test_any_accept_header_gets_the_calendar(town: Town, accept: str) -> None:
    for path in all_paths(town):
        answer = town.browser().get(path, {"Accept": accept, "Accept-Language": "en"})
        assert (answer.status_code, answer.mimetype) == (200, "text/calendar")


def test_a_feed_is_gzipped_on_request_with_the_same_headers(town: Town) -> None:
    for _ in range(3):
        town.booking()
    for path in all_paths(town):
        plain = town.browser().get(path)
        packed = town.browser().get(path, {"Accept-Encoding": "gzip"})
        assert gzip.decompress(packed.data) == plain.data
        assert len(packed.data) < len(plain.data) / 2
        head = town.browser().client.head(path)
        assert head.data == b""
        for name in ("ETag", "Content-Type", "Cache-Control", "Content-Length"):
            assert head.headers[name] == plain.headers[name]


def test_the_body_on_the_wire_matches_its_headers(town: Town) -> None:
    """Head, feed and 304 over one connection, as the server of life sends them."""
    town.booking()
    path = PUBLIC[0]
    expected = town.browser().get(path)
    with serving_at(town.app) as url, closing(HTTPConnection(url.removeprefix("http://"))) as connection:
        for method, headers, status, body in (
            ("HEAD", {}, 200, b""),
            ("GET", {}, 200, expected.data),
            ("GET", {"If-None-Match": expected.headers["ETag"]}, 304, b""),
            ("HEAD", {"If-None-Match": expected.headers["ETag"]}, 304, b""),
        ):
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (status, body)
            assert answer.headers["ETag"] == expected.headers["ETag"]
            if status == 200:
                assert int(answer.headers["Content-Length"]) == len(expected.data)


def test_a_feed_has_no_last_modified_and_a_time_that_is_asked_by_gets_the_whole_feed(town: Town) -> None:
    town.booking()
    for path in all_paths(town):
        for time in ("", "yesterday", http_date(0), http_date(utc_now() + timedelta(days=1))):
            answer = town.browser().get(path, {"If-Modified-Since": time})
            assert (answer.status_code, "Last-Modified" in answer.headers) == (200, False)


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_a_feed_can_only_be_read(town: Town, method: str) -> None:
    town.booking(Status.APPROVED)
    assert getattr(town.browser().client, method)(PUBLIC[0]).status_code in (400, 405)


@pytest.mark.parametrize("accepted", ["gzip;q=0", "identity, gzip;q=0", "br, gzip; q=0.0"])
def test_who_refuses_gzip_gets_none(town: Town, accepted: str) -> None:
    for path in [*all_paths(town), "/communes/phuong-duc"]:
        assert "Content-Encoding" not in town.browser().get(path, {"Accept-Encoding": accepted}).headers


def test_the_file_of_one_booking_is_not_asked_for_again_and_ends_with_it(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    own = town.browser(town.owner)
    assert b"REFRESH-INTERVAL" not in own.get(f"/bookings/{booking.code}.ics").data
    own.post(f"/bookings/{booking.code}/cancel")
    gone = own.get(f"/bookings/{booking.code}.ics")
    assert gone.status_code == 404
    assert "không còn trong lịch" in gone.text
