"""The five feeds: their contents, what they leave out, and how their events change."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from werkzeug.test import TestResponse

from kit_booking.clock import utc_now
from kit_booking.database import transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local_day, to_local
from kit_booking.models import Booking, Place
from kit_booking.services.audit import Actor
from kit_booking.services.calendars.tokens import add_token
from kit_booking.services.timeline.locks import bump_calendar_versions
from kit_booking.web.frame.formats import moment
from tests.support.feeds import events_by_ical_js, events_by_vdirsyncer_and_khal, libical_errors, serving_at
from tests.support.subscribing import PUBLIC, events, feed_of
from tests.support.town import Town
from tests.times import at


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
        assert str(own["uid"]) == f"booking-{booking.id}-{booking.asked_at:%y%m%d%H%M%S}@localhost"
        assert "Phú Túc" in str(own["location"])
    assert len({str(events(answer)[0]["uid"]) for answer in feeds.values()}) == 1


def test_a_feed_without_an_event_is_valid_too(town: Town) -> None:
    for path in (*PUBLIC, feed_of(town, town.owner), feed_of(town, town.clerk)):
        assert libical_errors(town.browser().get(path).data) == []


def test_a_subscribers_calendar_shows_it_and_forgets_it(town: Town, tmp_path: Path) -> None:
    booking = town.booking(Status.APPROVED)
    today = local_day(utc_now())
    with serving_at(town.app) as url:
        (seen,) = events_by_vdirsyncer_and_khal(url + PUBLIC[0], tmp_path, today)
        assert (seen["start"], seen["end"]) == (booking.from_at, booking.until_at)
        assert seen["summary"].startswith("Đã có người")
        town.browser(town.owner).post(f"/bookings/{booking.code}/cancel")
        assert events_by_vdirsyncer_and_khal(url + PUBLIC[0], tmp_path, today) == []


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
def test_only_what_holds_a_kit_or_did_is_shown(town: Town, status: Status) -> None:
    town.booking(status)
    shown = status in (Status.REQUESTED, Status.OFFERED, Status.APPROVED, Status.OUT, Status.RETURNED)
    assert len(events(town.browser().get(PUBLIC[0]))) == shown


def test_a_public_feed_has_nothing_about_the_household(town: Town) -> None:
    booking = town.booking(Status.APPROVED, sells="làn mây xuất khẩu", streams_on="TikTok")
    for path in PUBLIC:
        feed = town.browser().get(path).text.replace("\r\n ", "")
        for secret in ("Hạnh", "912", "Lưu Thượng", "mây", "TikTok", booking.code):
            assert secret not in feed


def test_private_feeds_have_what_their_owners_need(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    feeds = {name: answer.text.replace("\r\n ", "") for name, answer in all_feeds(town, booking).items()}
    assert booking.code in feeds["household"]
    assert "024 3385 4321" in feeds["household"]
    assert "Nguyễn Thị Hạnh" in feeds["staff"]
    assert "912" not in feeds["staff"]
    assert "Nguyễn Thị Hạnh" not in feeds["household"]


def test_the_file_of_a_booking_says_that_it_is_not_updated(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    (event,) = events(town.browser(town.owner).get(f"/bookings/{booking.code}.ics"))
    assert "không tự đổi theo" in str(event["description"])
    assert f"http://localhost/bookings/{booking.code}" in str(event["description"])
    (followed,) = events(town.browser().get(feed_of(town, town.owner)))
    assert "không tự đổi theo" not in str(followed["description"])


def test_each_sees_the_own_bookings_only(town: Town) -> None:
    town.booking(of=town.neighbour)
    assert events(town.browser().get(feed_of(town, town.owner))) == []
    foreign = town.world.do(add_token, Actor(staff_id=town.foreign_clerk.id), now=utc_now())
    assert events(town.browser().get(f"/feeds/{foreign}.ics")) == []
    assert len(events(town.browser().get(feed_of(town, town.clerk)))) == 1


def test_the_public_page_offers_every_kit(town: Town) -> None:
    page = town.browser().get("/communes/phuong-duc/calendar").text
    for path in ("/communes/phuong-duc.ics", "/kits/PD-1.ics", "/kits/PD-2.ics"):
        assert f'href="webcal://localhost{path}"' in page
        assert f'value="http://localhost{path}"' in page


def test_a_feed_reaches_a_month_back(town: Town) -> None:
    today = local_day(utc_now())
    for days in (29, 31):
        day = today - timedelta(days=days)
        town.world.booking(town.kit, town.owner, day, "toi", status=Status.RETURNED)
    (seen,) = events_by_ical_js(town.browser().get(PUBLIC[0]).data)
    assert to_local(seen["start"]).date() == today - timedelta(days=29)


OFFERED = {
    "commune": ("CONFIRMED", "Đã có người: bộ PD-1, buổi "),
    "household": ("TENTATIVE", "Có chỗ trống, chờ nhà mình nhận: bộ livestream ở Phú Túc"),
    "staff": ("TENTATIVE", "Chờ nhà nhận chỗ: bộ PD-1, buổi "),
}


def test_an_offered_place_is_taken_for_all_and_a_question_to_the_household(town: Town) -> None:
    feeds = all_feeds(town, town.booking(Status.OFFERED))
    for name, (status, summary) in OFFERED.items():
        (event,) = events(feeds[name])
        assert str(event["status"]) == status
        assert str(event["summary"]).startswith(summary)


def test_an_evening_is_shown_on_air_and_tells_when_to_fetch_and_to_return_the_kit(town: Town) -> None:
    day = local_day(utc_now()) + timedelta(days=3)
    town.world.booking(town.kit, town.owner, day, "toi", status=Status.APPROVED)
    (event,) = events(town.browser().get(PUBLIC[0]))
    assert (event["dtstart"].dt, event["dtend"].dt) == (at(day, "19:00"), at(day, "22:00"))
    assert str(event["description"]) == (
        f"Nhận bộ {moment(at(day, '17:00'))}, trả trước {moment(at(day + timedelta(days=1), '07:30'))}."
    )
    assert str(event["location"]) == "Phú Túc, Trụ sở Phú Túc cũ"


def test_a_new_name_reaches_every_feed_as_a_newer_event(town: Town) -> None:
    """And the events of other places stay as they are, byte for byte."""
    other_place = town.world.place(town.commune, "Hồng Minh")
    other_kit = town.world.kit(other_place)
    booking = town.booking(Status.APPROVED)
    day = local_day(utc_now()) + timedelta(days=3)
    town.world.booking(other_kit, town.owner, day, "toi", status=Status.APPROVED)
    paths = [PUBLIC[0], feed_of(town, town.owner), feed_of(town, town.clerk)]
    before = [vevents(town.browser().get(path)) for path in paths]

    place = town.world.all(Place, id=town.kit.place_id)[0]
    town.world.change(place, name="Văn Hoàng")
    town.world.do(tell_of, town.commune.id, place.id, now=utc_now())

    for path, old in zip(paths, before, strict=True):
        new = vevents(town.browser().get(path))
        uid = f"booking-{booking.id}-{booking.asked_at:%y%m%d%H%M%S}@localhost"
        assert new.keys() == old.keys()
        assert [each for each in new if new[each] != old[each]] == [uid]
        assert "Văn Hoàng" in new[uid].decode()
        assert b"SEQUENCE:1" in new[uid]
        assert b"SEQUENCE:0" in old[uid]


def vevents(answer: TestResponse) -> dict[str, bytes]:
    return {str(event["UID"]): event.to_ical() for event in Calendar.from_ical(answer.data).walk("VEVENT")}


tell_of = transaction(bump_calendar_versions)
"""What a service does that renames a commune or a place."""


@pytest.mark.parametrize("change", [{"phone": "02433859999"}, {"name": "Phượng Dực Mới"}])
def test_a_households_calendar_notices_the_new_name_or_number_of_an_office(
    town: Town, change: dict[str, str]
) -> None:
    town.booking(Status.APPROVED)
    path = feed_of(town, town.owner)
    before = town.browser().get(path)
    town.world.change(town.commune, **change)
    town.world.do(tell_of, town.commune.id, now=utc_now())
    after = town.browser().get(path, {"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert str(events(after)[0]["description"]) != str(events(before)[0]["description"])
    town.world.change(town.elsewhere, **change | {"name": "Đại Xuyên Mới"})
    town.world.do(tell_of, town.elsewhere.id, now=utc_now())
    assert town.browser().get(path, {"If-None-Match": after.headers["ETag"]}).status_code == 304
