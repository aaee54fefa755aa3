"""Private calendar addresses: made, shown once, listed with whoever uses them, and ended."""

from datetime import timedelta
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import FeedToken, Role, StaffRole
from kit_booking.services.audit import Actor
from kit_booking.services.calendars.tokens import add_token, token_hash
from tests.support.feeds import events_by_vdirsyncer_and_khal, libical_errors, serving_at
from tests.support.subscribing import events, feed_of
from tests.support.town import Town, where, words_of


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
    assert browser.post(f"/calendar/{token.id}/revoke").status_code == 404
    assert "Chưa có lịch nào" in words_of(browser.get("/calendar"))


def test_one_address_ends_and_the_others_go_on(town: Town) -> None:
    town.booking(Status.APPROVED)
    first, second = feed_of(town, town.owner), feed_of(town, town.owner)
    town.browser(town.owner).post(f"/calendar/{town.world.all(FeedToken)[0].id}/revoke")
    assert "booking-" not in town.browser().get(first).text
    assert "booking-" in town.browser().get(second).text


def test_an_address_that_never_was_is_not_found(town: Town) -> None:
    for path in ("/feeds/guessed.ics", "/feeds/.ics", f"/feeds/{'x' * 500}.ics"):
        assert town.browser().get(path).status_code == 404


def test_an_ended_calendar_is_valid_empty_and_says_so_for_a_week(town: Town) -> None:
    town.booking(Status.APPROVED)
    path = feed_of(town, town.owner)
    before = town.browser().get(path)
    town.browser(town.owner).post(f"/calendar/{town.world.all(FeedToken)[0].id}/revoke")
    answer = town.browser().get(path, {"If-None-Match": before.headers["ETag"]})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].startswith("private")
    assert libical_errors(answer.data) == []
    (event,) = events(answer)
    today = local_day(utc_now())
    assert (event["dtstart"].dt, event["dtend"].dt) == (today, today + timedelta(days=7))
    assert "đã ngừng" in str(event["summary"])
    assert "http://localhost/calendar" in str(event["description"])
    assert town.browser().get(path, {"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_subscribers_calendar_would_keep_its_bookings_if_the_address_were_missing(
    town: Town, tmp_path: Path
) -> None:
    """This is why an ended calendar is no 404."""
    town.booking(Status.APPROVED)
    today = local_day(utc_now())
    with serving_at(town.app) as url:
        events_by_vdirsyncer_and_khal(url + feed_of(town, town.owner), tmp_path, today)
        with pytest.raises(CalledProcessError):
            events_by_vdirsyncer_and_khal(f"{url}/feeds/missing.ics", tmp_path, today)
    (kept,) = (tmp_path / "events").glob("*.ics")
    assert "Mượn bộ livestream" in kept.read_text()


def test_a_subscribers_calendar_loses_its_bookings_when_its_address_ends(town: Town, tmp_path: Path) -> None:
    town.booking(Status.APPROVED)
    path, today = feed_of(town, town.owner), local_day(utc_now())
    with serving_at(town.app) as url:
        (seen,) = events_by_vdirsyncer_and_khal(url + path, tmp_path, today)
        assert seen["summary"].startswith("Mượn bộ livestream")
        town.browser(town.owner).post(f"/calendar/{town.world.all(FeedToken)[0].id}/revoke")
        (seen,) = events_by_vdirsyncer_and_khal(url + path, tmp_path, today)
        assert "đã ngừng" in seen["summary"]


def test_a_token_has_at_least_128_bits_and_is_kept_hashed(town: Town) -> None:
    path = feed_of(town, town.owner)
    token = path.removeprefix("/feeds/").removesuffix(".ics")
    assert len(token) * 6 >= 128
    assert town.world.all(FeedToken)[0].token_hash == token_hash(token)


def test_a_members_feed_ends_with_the_account(town: Town) -> None:
    town.booking(Status.APPROVED)
    path = feed_of(town, town.clerk)
    assert "booking-" in town.browser().get(path).text
    town.world.change(town.clerk, is_active=False)
    assert "Nguyễn Thị Hạnh" not in town.browser().get(path).text
    assert [str(event["summary"]) for event in events(town.browser().get(path))] == [
        "Lịch bộ livestream này đã ngừng"
    ]


def test_a_members_feed_ends_with_the_role_and_comes_back_with_it(town: Town) -> None:
    town.booking(Status.APPROVED)
    path = feed_of(town, town.clerk)
    (role,) = town.world.all(StaffRole, staff_id=town.clerk.id)
    town.world.change(role, staff_id=town.operator.id)
    assert "booking-" not in town.browser().get(path).text
    town.world.change(role, staff_id=town.clerk.id)
    assert "booking-" in town.browser().get(path).text


def test_a_member_sees_the_communes_of_all_own_roles_and_no_other(town: Town) -> None:
    (kit,) = town.world.kits(town.elsewhere)
    town.booking(Status.APPROVED)
    town.world.booking(kit, town.neighbour, town.free_slot()[0], "toi", status=Status.APPROVED)
    path = feed_of(town, town.clerk)
    assert len(events(town.browser().get(path))) == 1
    town.world.add(StaffRole(staff_id=town.clerk.id, commune_id=town.elsewhere.id, role=Role.LEADER))
    assert len(events(town.browser().get(path))) == 2


def test_a_clerk_of_a_commune_without_a_kit_has_an_empty_calendar_that_goes_on(town: Town) -> None:
    commune = town.world.commune("Vân Từ", kits=0)
    token = town.world.do(add_token, Actor(staff_id=town.world.clerk(commune).id), now=utc_now())
    for path in ("/communes/van-tu.ics", f"/feeds/{token}.ics"):
        answer = town.browser().get(path)
        assert (answer.status_code, events(answer)) == (200, [])
        assert "ngừng" not in answer.text


def test_an_account_without_a_commune_has_no_calendar_of_its_own(town: Town) -> None:
    browser = town.browser(town.operator)
    assert "Thêm lịch" not in words_of(browser.get("/calendar"))
    assert browser.post("/calendar").status_code == 403
    assert town.world.all(FeedToken) == []


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Google-Calendar-Importer", "Google"),
        ("iOS/26.1 (23B85) dataaccessd/1.0", "iPhone, iPad"),
        ("x" * 300, "x" * 24),
    ],
)
def test_its_last_use_is_written_once_an_hour(town: Town, agent: str, name: str) -> None:
    path = feed_of(town, town.owner)
    town.browser().get(path, {"User-Agent": agent})
    token = town.world.all(FeedToken)[0]
    assert token.last_agent == name
    town.browser().get(path, {"User-Agent": "Thunderbird"})
    assert town.world.fresh(token).last_agent == name
    assert town.world.fresh(token).last_used_at == token.last_used_at
    town.world.change(token, last_used_at=utc_now() - timedelta(minutes=61))
    town.browser().get(path, {"User-Agent": "Thunderbird"})
    assert town.world.fresh(token).last_agent == "Thunderbird"


def test_the_list_shows_which_program_read_a_feed_and_when(town: Town) -> None:
    path = feed_of(town, town.owner)
    town.browser().get(path, {"User-Agent": "Google-Calendar-Importer"})
    town.world.change(town.world.all(FeedToken)[0], last_used_at=utc_now() - timedelta(hours=3, minutes=2))
    assert "Google, 3 giờ trước" in words_of(town.browser(town.owner).get("/calendar"))
