"""How feeds are answered: what programs have already is not sent again, and nobody is told a wrong 304."""

import gzip
from collections.abc import Hashable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection

import pytest
from flask import Response
from sqlalchemy import event
from werkzeug.http import http_date, parse_date

from kit_booking.clock import utc_now
from kit_booking.database import db
from kit_booking.domain.status import Status
from kit_booking.web.last_modified import MOST_STATES, SURE, FirstSeen, with_last_modified
from kit_booking.web.responses import PageCache
from tests.builders import NOW
from tests.databases import on_sqlite
from tests.feeds import serving_at
from tests.web.subscribing import PUBLIC, feed_of
from tests.web.town import Town

SECOND = timedelta(seconds=1)


def all_paths(town: Town) -> list[str]:
    return [*PUBLIC, feed_of(town, town.owner), feed_of(town, town.clerk)]


def test_the_same_bytes_on_every_call_and_304_for_whoever_has_them(town: Town) -> None:
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


def test_whoever_has_a_feed_costs_two_statements_at_most(town: Town) -> None:
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


@on_sqlite
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


@on_sqlite
def test_who_may_keep_a_feed_is_said_and_nobody_is_to_find_it_by_a_search(town: Town) -> None:
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
@on_sqlite
def test_whatever_a_program_says_it_takes_it_gets_the_calendar(town: Town, accept: str) -> None:
    for path in all_paths(town):
        answer = town.browser().get(path, {"Accept": accept, "Accept-Language": "en"})
        assert (answer.status_code, answer.mimetype) == (200, "text/calendar")


@on_sqlite
def test_a_feed_is_packed_for_whoever_unpacks_and_its_head_is_the_same(town: Town) -> None:
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


@on_sqlite
def test_a_program_on_the_wire_gets_what_is_said_of_the_answer(town: Town) -> None:
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


# Last-Modified


class SeenLongAgo(FirstSeen):
    """Takes every state for older than it is, so that a test need not wait."""

    def of(self, state: Hashable, now: datetime) -> datetime:
        return super().of(state, now - 2 * SURE)


@pytest.fixture
def patient(town: Town) -> Town:
    town.app.extensions["first_seen"] = SeenLongAgo()
    return town


@on_sqlite
def test_whoever_asks_by_time_gets_304_until_something_changes(patient: Town) -> None:
    booking = patient.booking()
    paths = [*PUBLIC, feed_of(patient, patient.owner)]
    times = [patient.browser().get(path).headers["Last-Modified"] for path in paths]
    for path, time in zip(paths, times, strict=True):
        answer = patient.browser().get(path, {"If-Modified-Since": time})
        assert (answer.status_code, answer.data) == (304, b"")
        assert {"ETag", "Cache-Control"} <= set(answer.headers.keys())
        assert "Content-Encoding" not in answer.headers
    patient.app.extensions["first_seen"] = FirstSeen()  # A change is news to every process.
    patient.browser(patient.owner).post(f"/bookings/{booking.code}/cancel")
    for path, time in zip(paths, times, strict=True):
        assert patient.browser().get(path, {"If-Modified-Since": time}).status_code == 200


@on_sqlite
def test_a_calendar_that_comes_back_with_a_role_is_not_taken_for_the_ended_one(patient: Town) -> None:
    patient.booking()
    path = feed_of(patient, patient.clerk)
    patient.browser().get(path)
    patient.world.change(patient.clerk, is_active=False)
    ended = patient.browser().get(path)
    patient.world.change(patient.clerk, is_active=True)
    assert "Last-Modified" not in ended.headers
    assert "Last-Modified" not in patient.browser().get(path).headers


@on_sqlite
def test_the_tag_decides_where_a_program_sends_both(patient: Town) -> None:
    patient.booking()
    answer = patient.browser().get(PUBLIC[0])
    both = {"If-Modified-Since": answer.headers["Last-Modified"], "If-None-Match": '"another"'}
    assert patient.browser().get(PUBLIC[0], both).status_code == 200
    both = {"If-Modified-Since": http_date(0), "If-None-Match": answer.headers["ETag"]}
    assert patient.browser().get(PUBLIC[0], both).status_code == 304


@pytest.mark.parametrize("time", ["", "yesterday", "Tue, 99 Foo 2026 99:99:99 GMT", http_date(0)])
@on_sqlite
def test_a_time_that_says_nothing_gets_the_feed(patient: Town, time: str) -> None:
    assert patient.browser().get(PUBLIC[0], {"If-Modified-Since": time}).status_code == 200


@on_sqlite
def test_a_change_moments_ago_has_no_time_yet(town: Town) -> None:
    town.booking()
    answer = town.browser().get(PUBLIC[0], {"If-Modified-Since": http_date(utc_now() + SECOND)})
    assert answer.status_code == 200
    assert "Last-Modified" not in answer.headers


@on_sqlite
def test_a_program_that_sends_its_own_clocks_time_gets_the_feed(patient: Town) -> None:
    patient.booking()
    since = parse_date(patient.browser().get(PUBLIC[0]).headers["Last-Modified"])
    for time in (since - SECOND, since + SECOND, since + timedelta(hours=1)):
        assert patient.browser().get(PUBLIC[0], {"If-Modified-Since": http_date(time)}).status_code == 200


def ask(town: Town, state: str, now: datetime, since: str = "") -> Response:
    """The answer about a state at a time, to whoever has the feed since then."""
    headers = {"If-Modified-Since": since} if since else {}
    with town.app.test_request_context("/", headers=headers):
        response = Response("feed")
        response.set_etag(state)
        return with_last_modified(response, now=now)


@on_sqlite
def test_two_states_of_one_second_have_no_time_in_common(town: Town) -> None:
    begun = NOW.replace(microsecond=100)
    ask(town, "old", begun)
    ask(town, "new", begun + timedelta(milliseconds=500))
    later = begun + SURE + SECOND
    assert ask(town, "new", later).headers["Last-Modified"] == http_date(NOW + SECOND)
    # Whoever has that time was answered after its minute, when the old state was long gone. Before it nobody was.
    assert "Last-Modified" not in ask(town, "old", begun + SURE - SECOND).headers


@on_sqlite
def test_a_process_that_starts_anew_answers_in_full(town: Town) -> None:
    ask(town, "state", NOW)
    since = ask(town, "state", NOW + 2 * SURE).headers["Last-Modified"]
    assert ask(town, "state", NOW + 3 * SURE, since).status_code == 304
    town.app.extensions["first_seen"] = FirstSeen()
    assert ask(town, "state", NOW + 3 * SURE, since).status_code == 200
    assert ask(town, "state", NOW + 5 * SURE, since).status_code == 200


def test_the_states_that_are_remembered_are_not_endless() -> None:
    seen = FirstSeen()
    for n in range(MOST_STATES + 1):
        seen.of(n, NOW)
    assert seen.of(MOST_STATES, NOW + SURE) == NOW + SECOND
    assert seen.of(0, NOW + SURE) == NOW + SURE + SECOND


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
@on_sqlite
def test_a_feed_can_only_be_read(town: Town, method: str) -> None:
    town.booking(Status.APPROVED)
    assert getattr(town.browser().client, method)(PUBLIC[0]).status_code in (400, 405)
