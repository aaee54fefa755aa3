"""Today at the office: every line with its buttons, and the optional script for keys."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Booking, Hold, Household, Kit
from tests.support.town import Town, where, words_of

HOUR = timedelta(hours=1)


def now_at_the_counter(
    town: Town, status: Status, hours: float, kit: Kit | None = None, of: Household | None = None
) -> Booking:
    """A booking whose kit is to go out in so many hours (before now when they are negative) for two hours."""
    pick_up_at = utc_now() + hours * HOUR
    booking = town.world.booking(
        kit or town.kit, of or town.owner, local_day(utc_now()) + timedelta(days=5), "toi", status=status
    )
    for hold in town.world.all(Hold, booking_id=booking.id):
        town.world.change(hold, from_at=pick_up_at, until_at=pick_up_at + 2 * HOUR)
    return town.world.change(
        booking,
        pick_up_at=pick_up_at,
        from_at=pick_up_at + HOUR / 4,
        until_at=pick_up_at + HOUR,
        return_at=pick_up_at + 2 * HOUR,
    )


def test_one_click_says_that_nobody_came(town: Town) -> None:
    booking, clerk = now_at_the_counter(town, Status.APPROVED, -1), town.browser(town.clerk)
    page = clerk.get("/staff")
    assert "Chưa đến nhận (1)" in words_of(page)
    assert f'action="/staff/bookings/{booking.code}/no-show"' in page.text
    assert where(clerk.post(f"/staff/bookings/{booking.code}/no-show")) == "303 /staff"
    assert town.world.fresh(booking).status == Status.NO_SHOW
    assert "Chưa đến nhận" not in words_of(clerk.get("/staff"))


def test_who_may_still_come_is_not_yet_missed(town: Town) -> None:
    booking, clerk = now_at_the_counter(town, Status.APPROVED, -0.25), town.browser(town.clerk)
    assert "/no-show" not in clerk.get("/staff").text
    assert where(clerk.post(f"/staff/bookings/{booking.code}/no-show")) == f"303 /staff/bookings/{booking.code}"
    assert town.world.fresh(booking).status == Status.APPROVED


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [
        ("accept", Status.APPROVED, "Đã duyệt – được mượn. Hộ được nhắn tin sau 2 phút."),
        ("refuse", Status.REFUSED, "không nhận chỗ. Chỗ này dành cho nhà chờ tiếp theo."),
    ],
)
def test_an_offer_is_taken_or_refused_by_phone_in_one_click(
    town: Town, action: str, status: Status, said: str
) -> None:
    booking, clerk = town.booking(Status.OFFERED), town.browser(town.clerk)
    page = clerk.get("/staff")
    assert "Đang mời nhận chỗ trống (1)" in words_of(page)
    assert f'action="/staff/bookings/{booking.code}/{action}"' in page.text
    assert where(clerk.post(f"/staff/bookings/{booking.code}/{action}")) == "303 /staff"
    assert town.world.fresh(booking).status == status
    assert said in words_of(clerk.get("/staff"))


def test_an_offer_that_was_answered_meanwhile_says_so(town: Town) -> None:
    booking, clerk = town.booking(Status.OFFERED), town.browser(town.clerk)
    clerk.post(f"/staff/bookings/{booking.code}/accept")
    assert where(clerk.post(f"/staff/bookings/{booking.code}/refuse")) == f"303 /staff/bookings/{booking.code}"
    assert "Không làm được nữa" in words_of(clerk.get(f"/staff/bookings/{booking.code}"))
    assert town.world.fresh(booking).status == Status.APPROVED


def test_a_late_kit_stands_above_whoever_is_to_have_it_next(town: Town) -> None:
    late = now_at_the_counter(town, Status.OUT, -5)
    nxt = now_at_the_counter(town, Status.APPROVED, 4.5, of=town.neighbour)
    words = words_of(town.browser(town.clerk).get("/staff"))
    assert "Quá giờ trả (1)" in words
    assert "quá 3 giờ" in words
    assert words.index("Nguyễn Thị Hạnh") < words.index("đến lượt Lê Văn Bình") < words.index("Giao hôm nay")
    page = town.browser(town.clerk).get("/staff").text
    assert f'href="/staff/bookings/{nxt.code}/move"' in page
    assert town.browser(town.clerk).get(f"/staff/bookings/{nxt.code}/move").status_code == 200
    assert f'action="/staff/bookings/{late.code}/take-back"' in page


def test_the_past_of_a_household_is_seen_at_a_glance(town: Town) -> None:
    today = local_day(utc_now())
    for days in (9, 20):
        past = town.world.booking(town.kit, town.neighbour, today - timedelta(days=days), status=Status.RETURNED)
    town.world.change(past, strike_at=utc_now() - timedelta(days=20))
    town.booking()
    town.booking(of=town.neighbour)
    words = words_of(town.browser(town.clerk).get("/staff"))
    assert "★ Lần đầu mượn" in words
    assert "2 lần trong 30 ngày" in words
    assert "lỡ hẹn 1 lần" in words


def test_a_paused_household_is_marked(town: Town) -> None:
    today = local_day(utc_now())
    for days in (9, 10):
        at = utc_now() - timedelta(days=days)
        town.world.booking(town.kit, town.owner, today - timedelta(days=days), status=Status.NO_SHOW, strike_at=at)
    town.booking()
    assert "tạm nghỉ đến" in words_of(town.browser(town.clerk).get("/staff"))


def test_an_empty_day_shows_the_week(town: Town) -> None:
    clerk = town.browser(town.clerk)
    booking = town.world.booking(
        town.kit, town.owner, local_day(utc_now()) + timedelta(days=2), "toi", status=Status.APPROVED
    )
    page = clerk.get("/staff")
    assert "Hôm nay không còn việc gì." in words_of(page)
    assert "Bảy ngày tới" in words_of(page)
    assert page.text.count("Chưa có phiếu") == 6
    assert f'href="/staff/bookings/{booking.code}"' in page.text


def test_the_tabs_count_what_is_to_do_on_every_page_of_the_desk(town: Town) -> None:
    booking = town.booking()
    town.booking(of=town.neighbour)
    clerk = town.browser(town.clerk)
    for path in ("/staff", f"/staff/bookings/{booking.code}", "/staff/communes/phuong-duc"):
        page = clerk.get(path)
        assert re.search(r'href="/staff"[^>]*>Hôm nay <b class="tally">2</b>', page.text), path
        assert page.text.count('aria-current="page"') == (path != f"/staff/bookings/{booking.code}")
    clerk.post(f"/staff/bookings/{booking.code}/approve")
    assert '<b class="tally">1</b>' in clerk.get("/staff").text


def test_every_tab_leads_to_a_page_that_is_there(town: Town) -> None:
    for who in (town.clerk, town.leader, town.operator):
        browser = town.browser(who)
        nav = re.search(r"<nav.*?</nav>", browser.get("/staff").text, re.DOTALL)
        assert nav
        for path in re.findall(r'<a href="([^"#]+)"', nav[0]):
            assert browser.client.get(path, follow_redirects=True).status_code == 200, path


def test_lines_can_be_reached_and_answered_by_keys(town: Town) -> None:
    town.booking()
    town.booking(Status.OFFERED)
    now_at_the_counter(town, Status.APPROVED, -1)
    now_at_the_counter(town, Status.OUT, -3, town.second_kit)
    page = town.browser(town.clerk).get("/staff").text
    assert page.count("data-line") == 4
    assert {key: page.count(f'data-key="{key}"') for key in "argtn"} == {"a": 2, "r": 2, "g": 1, "t": 1, "n": 1}


def test_only_the_desk_has_a_script_and_it_is_our_own(app: Flask, town: Town) -> None:
    desk, household = town.browser(town.clerk).get("/staff"), town.browser(town.owner).get("/bookings")
    assert re.findall(r"<script[^>]*>", desk.text) == re.findall(
        r'<script src="/static/desk\.js\?v=[0-9a-f]+" defer>', desk.text
    )
    assert "script-src 'self'" in desk.headers["Content-Security-Policy"]
    assert "<script" not in household.text
    assert "script-src" not in household.headers["Content-Security-Policy"]
    script = town.browser().get("/static/desk.js")
    assert (script.status_code, script.mimetype) == (200, "text/javascript")
