"""The five feeds: what they hold, what they hide, how programs read them, and when their bytes change."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from sqlalchemy import event
from werkzeug.test import TestResponse

from kit_booking.clock import utc_now
from kit_booking.database import db
from kit_booking.domain.local_time import local_day, to_local
from kit_booking.domain.status import Status
from kit_booking.models import Booking, FeedToken
from kit_booking.services.feed_tokens import Owner, add_token, token_hash
from tests.databases import on_sqlite
from tests.e2e.server import serving
from tests.feeds import events_by_ical_js, events_by_vdirsyncer_and_khal, libical_errors
from tests.web.town import Town, where, words_of

PUBLIC = ["/communes/phuong-duc.ics", "/kits/PD-1.ics"]


def feed_of(town: Town, who: object) -> str:
    owner = Owner(staff_id=town.clerk.id) if who is town.clerk else Owner(household_id=town.owner.id)
    return f"/feeds/{town.world.do(add_token, owner, now=utc_now())}.ics"


def all_feeds(town: Town, booking: Booking) -> dict[str, TestResponse]:
    """The five feeds with the booking in each."""
    anybody = town.browser()
    return {
        "commune": anybody.get(PUBLIC[0]),
        "kit": anybody.get(PUBLIC[1]),
        "household": anybody.get(feed_of(town, town.owner)),
        "staff": anybody.get(feed_of(town, town.clerk)),
        "booking": town.browser(town.owner).get(f"/bookings/{booking.code}.ics"),
    }


def events(answer: TestResponse) -> list[dict[str, object]]:
    found = Calendar.from_ical(answer.data).walk("VEVENT")
    return [{name.lower(): each[name] for name in each} for each in found]


def test_every_feed_holds_the_booking_and_is_valid(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    feeds = all_feeds(town, booking)
    for answer in feeds.values():
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert libical_errors(answer.data) == []
        (seen,) = events_by_ical_js(answer.data)
        assert (seen["start"], seen["end"]) == (booking.from_at, booking.until_at)
        assert (seen["status"], seen["sequence"]) == ("CONFIRMED", 0)
        (own,) = events(answer)
        assert str(own["uid"]) == f"booking-{booking.id}@localhost"
        assert "Phú Túc" in str(own["location"])
    assert len({str(events(answer)[0]["uid"]) for answer in feeds.values()}) == 1


@on_sqlite
def test_a_feed_without_an_event_is_valid_too(town: Town) -> None:
    for path in (*PUBLIC, feed_of(town, town.owner), feed_of(town, town.clerk)):
        assert libical_errors(town.browser().get(path).data) == []


@on_sqlite
def test_a_subscribers_calendar_shows_it_and_forgets_it(town: Town, tmp_path: Path) -> None:
    booking = town.booking(Status.APPROVED)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}{PUBLIC[0]}"
        with serving(town.app, listener):
            today = local_day(utc_now())
            (seen,) = events_by_vdirsyncer_and_khal(url, tmp_path, today)
            assert (seen["start"], seen["end"]) == (booking.from_at, booking.until_at)
            assert seen["summary"].startswith("Đã có người")
            town.browser(town.owner).post(f"/bookings/{booking.code}/cancel")
            assert events_by_vdirsyncer_and_khal(url, tmp_path, today) == []


def test_the_same_bytes_on_every_call_and_304_for_whoever_has_them(town: Town) -> None:
    booking = town.booking()
    for path in (*PUBLIC, feed_of(town, town.owner), feed_of(town, town.clerk)):
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
    for path, most in (
        (PUBLIC[0], 1),
        (PUBLIC[1], 1),
        (feed_of(town, town.owner), 1),
        (feed_of(town, town.clerk), 2),
    ):
        etag = town.browser().get(path).headers["ETag"]
        with statements(town) as seen:
            assert town.browser().get(path, {"If-None-Match": etag}).status_code == 304
        assert len([statement for statement in seen if statement.startswith("SELECT")]) <= most, seen
        assert not [statement for statement in seen if "booking" in statement], seen


@pytest.mark.parametrize(
    "change",
    [
        lambda town, code: town.browser(town.clerk).post(f"/staff/bookings/{code}/approve"),
        lambda town, code: town.browser(town.clerk).post(f"/staff/bookings/{code}/decline", reason="Bộ đang sửa"),
        lambda town, code: town.browser(town.owner).post(f"/bookings/{code}/cancel"),
    ],
    ids=["approved", "declined", "withdrawn"],
)
def test_after_a_change_the_bytes_differ(town: Town, change: Callable[[Town, str], object]) -> None:
    booking = town.booking()
    paths = [*PUBLIC, feed_of(town, town.owner), feed_of(town, town.clerk)]
    before = [town.browser().get(path) for path in paths]
    assert [str(events(answer)[0]["status"]) for answer in before] == ["TENTATIVE"] * 4
    change(town, booking.code)
    after = [
        town.browser().get(path, {"If-None-Match": answer.headers["ETag"]})
        for path, answer in zip(paths, before, strict=True)
    ]
    assert [answer.status_code for answer in after] == [200] * 4
    if town.world.fresh(booking).status == Status.APPROVED:
        for old, new in zip(before, after, strict=True):
            assert events(new)[0]["sequence"] > events(old)[0]["sequence"]
            assert str(events(new)[0]["status"]) == "CONFIRMED"
            assert events(new)[0]["uid"] == events(old)[0]["uid"]
    else:
        assert [events(answer) for answer in after] == [[]] * 4


@pytest.mark.parametrize("status", list(Status))
@on_sqlite
def test_only_what_holds_a_kit_or_did_is_shown(town: Town, status: Status) -> None:
    town.booking(status)
    shown = status in (Status.REQUESTED, Status.OFFERED, Status.APPROVED, Status.OUT, Status.RETURNED)
    assert len(events(town.browser().get(PUBLIC[0]))) == shown


@on_sqlite
def test_a_public_feed_tells_nothing_of_the_household(town: Town) -> None:
    booking = town.booking(Status.APPROVED, sells="làn mây xuất khẩu", streams_on="TikTok")
    for path in PUBLIC:
        feed = town.browser().get(path).text.replace("\r\n ", "")
        for secret in ("Hạnh", "912", "Lưu Thượng", "mây", "TikTok", booking.code):
            assert secret not in feed


@on_sqlite
def test_the_private_ones_tell_their_owners_what_they_need(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    feeds = {name: answer.text.replace("\r\n ", "") for name, answer in all_feeds(town, booking).items()}
    assert booking.code in feeds["household"]
    assert "024 3385 4321" in feeds["household"]
    assert "Nguyễn Thị Hạnh" in feeds["staff"]
    assert "912" not in feeds["staff"]
    assert "Nguyễn Thị Hạnh" not in feeds["household"]


@on_sqlite
def test_each_sees_the_own_bookings_only(town: Town) -> None:
    town.booking(of=town.neighbour)
    assert events(town.browser().get(feed_of(town, town.owner))) == []
    foreign = town.world.do(add_token, Owner(staff_id=town.foreign_clerk.id), now=utc_now())
    assert events(town.browser().get(f"/feeds/{foreign}.ics")) == []
    assert len(events(town.browser().get(feed_of(town, town.clerk)))) == 1


# The private addresses


def test_an_address_is_made_shown_once_listed_and_revoked(town: Town) -> None:
    browser = town.browser(town.owner)
    assert where(browser.post("/calendar")) == "303 /calendar"
    page = browser.get("/calendar").text
    url = page.partition('value="http://localhost')[2].partition('"')[0]
    assert f'href="webcal://localhost{url}"' in page
    assert "<svg" in page
    assert url not in browser.get("/calendar").text
    assert town.browser().get(url).status_code == 200
    token = town.world.all(FeedToken)[0]
    assert url.removeprefix("/feeds/").removesuffix(".ics") not in token.token_hash
    assert where(browser.post(f"/calendar/{token.id}/revoke")) == "303 /calendar"
    assert town.browser().get(url).status_code == 404
    assert browser.post(f"/calendar/{token.id}/revoke").status_code == 404
    assert "Chưa có lịch nào" in words_of(browser.get("/calendar"))


@on_sqlite
def test_a_token_has_at_least_128_bits_and_is_kept_hashed(town: Town) -> None:
    path = feed_of(town, town.owner)
    token = path.removeprefix("/feeds/").removesuffix(".ics")
    assert len(token) * 6 >= 128
    assert town.world.all(FeedToken)[0].token_hash == token_hash(token)


def test_a_members_feed_ends_with_the_account(town: Town) -> None:
    path = feed_of(town, town.clerk)
    assert town.browser().get(path).status_code == 200
    town.world.change(town.clerk, is_active=False)
    assert town.browser().get(path).status_code == 404


def test_its_last_use_is_written_once_an_hour(town: Town) -> None:
    path = feed_of(town, town.owner)
    town.browser().get(path, {"User-Agent": "Google-Calendar-Importer"})
    token = town.world.all(FeedToken)[0]
    assert token.last_agent == "Google-Calendar-Importer"
    town.browser().get(path, {"User-Agent": "Thunderbird"})
    assert town.world.fresh(token).last_agent == "Google-Calendar-Importer"
    assert town.world.fresh(token).last_used_at == token.last_used_at
    town.world.change(token, last_used_at=utc_now() - timedelta(minutes=61))
    town.browser().get(path, {"User-Agent": "x" * 300})
    assert town.world.fresh(token).last_agent == "x" * 80
    assert "Máy xem lần cuối" in words_of(town.browser(town.owner).get("/calendar"))


@on_sqlite
def test_the_public_page_offers_every_kit(town: Town) -> None:
    page = town.browser().get("/communes/phuong-duc/calendar").text
    for path in ("/communes/phuong-duc.ics", "/kits/PD-1.ics", "/kits/PD-2.ics"):
        assert f'href="webcal://localhost{path}"' in page
        assert f'value="http://localhost{path}"' in page


@on_sqlite
def test_a_feed_reaches_a_month_back(town: Town) -> None:
    today = local_day(utc_now())
    for days in (29, 31):
        day = today - timedelta(days=days)
        town.world.booking(town.kit, town.owner, day, "toi", status=Status.RETURNED)
    (seen,) = events_by_ical_js(town.browser().get(PUBLIC[0]).data)
    assert to_local(seen["start"]).date() == today - timedelta(days=29)
