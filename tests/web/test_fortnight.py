"""The fortnight as its readers see it, how it is told apart by ETags, and the start page that leads to it."""

import gzip
import re
from datetime import date, datetime, timedelta

from flask import render_template

from kit_booking.clock import utc_now
from kit_booking.domain.status import Status
from kit_booking.models import Household
from kit_booking.services.fortnight import changes_at, find_stamp, fortnight
from kit_booking.services.sheets import CommuneSheet, sheet
from kit_booking.web.communes import office_of
from kit_booking.web.grid import GridPage, page_of
from kit_booking.web.responses import cached
from tests.builders import NOW, at, days_ahead
from tests.databases import on_sqlite
from tests.web.town import SLOTS, Town, words_of

PATH = "/communes/phuong-duc"
TODAY = days_ahead(0)


def sheet_of(town: Town) -> CommuneSheet:
    stamp = find_stamp("phuong-duc")
    assert stamp
    return sheet(stamp.commune_id, stamp.version)


def page_at(town: Town, now: datetime, who: Household | None = None) -> GridPage:
    """The page's values at a given time."""
    with town.app.test_request_context(PATH):
        return page_of(fortnight(sheet_of(town), now=now, household_id=who and who.id))


def text_at(town: Town, now: datetime) -> str:
    with town.app.test_request_context(PATH):
        page = page_of(fortnight(sheet_of(town), now=now))
        return render_template("communes/fortnight.html", page=page, office=office_of(page.commune))


def states(page: GridPage, day: date, kit: int = 0) -> list[str]:
    """Morning, noon, afternoon and evening of a day."""
    found = next(shown for shown in page.kits[kit].days if shown.date == f"{day:%d/%m}")
    return [cell.css if cell else "none" for cell in found.cells]


def test_each_slot_shows_its_state(town: Town) -> None:
    day = days_ahead(3)
    for slot, status in zip(SLOTS, (Status.REQUESTED, Status.APPROVED, Status.APPROVED), strict=False):
        who = town.owner if slot == "chieu" else town.neighbour
        town.world.booking(town.kit, who, day, slot, status=status)
    town.world.add(town.world.hold(town.kit, town.world.slot(town.kit, day, "toi")))  # A closure.
    assert states(page_at(town, NOW, town.owner), day) == ["waiting", "taken", "mine", "closed"]
    assert states(page_at(town, NOW), day) == ["waiting", "taken", "taken", "closed"]
    assert states(page_at(town, NOW), day, kit=1) == ["free"] * 4


def test_what_ended_gives_the_slot_back(town: Town) -> None:
    day = days_ahead(3)
    for slot, status in zip(SLOTS, (Status.DECLINED, Status.CANCELLED, Status.LAPSED), strict=False):
        town.world.booking(town.kit, town.owner, day, slot, status=status)
    assert states(page_at(town, NOW, town.owner), day) == ["free"] * 4


@on_sqlite
def test_what_is_over_or_too_near_is_past(town: Town) -> None:
    # A kit is picked up 15 minutes before going on air, and asked for until two hours before that.
    assert states(page_at(town, at(TODAY, "09:14")), TODAY) == ["past", "free", "free", "free"]
    assert states(page_at(town, at(TODAY, "09:15")), TODAY) == ["past", "past", "free", "free"]
    assert states(page_at(town, at(TODAY, "16:59")), TODAY)[-1] == "past"


@on_sqlite
def test_the_last_day_opens_at_seven(town: Town) -> None:
    last = days_ahead(14)
    assert states(page_at(town, at(TODAY, "06:59")), last) == ["not-open"] * 4
    assert states(page_at(town, at(TODAY, "07:00")), last) == ["free"] * 4
    assert page_at(town, at(TODAY, "06:59")).opens == "Ngày Thứ Ba 15/12 mở lúc 7h T3 01/12."
    assert page_at(town, at(TODAY, "07:00")).opens == "Ngày Thứ Tư 16/12 mở lúc 7h T4 02/12."


@on_sqlite
def test_free_slots_are_counted_for_the_kit_and_for_the_day(town: Town) -> None:
    before = page_at(town, NOW).kits[0].free
    town.world.booking(town.kit, town.owner, days_ahead(3), "toi")
    page = page_at(town, NOW)
    assert page.kits[0].free == before - 1
    assert page.kits[0].free == sum(day.free for day in page.kits[0].days)
    day = page.kits[0].days[3]
    assert (day.free, day.summary) == (3, "3 buổi trống")
    for slot in SLOTS[:3]:
        town.world.booking(town.kit, town.owner, days_ahead(3), slot)
    assert page_at(town, NOW).kits[0].days[3].summary == "Đã kín"


@on_sqlite
def test_a_day_carries_both_calendars(town: Town) -> None:
    day = page_at(town, at(date(2026, 12, 5), "09:00")).kits[0].days[0]
    assert (day.weekday, day.date, day.long, day.lunar) == ("T7", "05/12", "Thứ Bảy 05/12", "27/10 âl")
    assert day.css == "today weekend"


@on_sqlite
def test_the_page_says_where_a_kit_stands_who_keeps_it_and_what_it_holds(town: Town) -> None:
    page = words_of(town.browser().get(PATH))
    for said in ("Phượng Dực", "Phú Túc", "Trụ sở Phú Túc cũ", "Cô Hằng", "0912 000 111", "đèn × 2", "024 3385 4321"):
        assert said in page
    assert 'href="tel:0912000111"' in town.browser().get(PATH).text


@on_sqlite
def test_a_free_slot_leads_to_asking_and_an_own_one_to_its_booking(town: Town) -> None:
    booking = town.booking()
    assert f'href="/bookings/{booking.code}"' in town.browser(town.owner).get(PATH).text
    for page in (town.browser().get(PATH).text, town.browser(town.neighbour).get(PATH).text):
        assert booking.code not in page
        assert re.search(r'<a class="slot free" href="/kits/PD-1/\d{4}-\d\d-\d\d/(sang|trua|chieu|toi)">', page)


@on_sqlite
def test_nobodys_name_or_number_is_on_it(town: Town) -> None:
    town.booking(Status.APPROVED, sells="làn mây xuất khẩu")
    for reader in (None, town.neighbour, town.clerk):
        page = town.browser(reader).get(PATH).text
        for secret in (town.owner.name, "0912 345 678", town.owner.phone, "làn mây xuất khẩu", "Lưu Thượng"):
            assert secret not in page


# Told apart by ETags


def test_the_same_page_is_not_sent_twice(town: Town) -> None:
    first = town.browser().get(PATH)
    etag = first.headers["ETag"]
    assert etag.startswith('W/"')
    assert first.headers["Cache-Control"] == "public, no-cache"
    again = town.browser().get(PATH, {"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert town.browser().get(PATH, {"If-None-Match": f'"x", {etag}'}).status_code == 304
    assert town.browser().get(PATH, {"If-None-Match": 'W/"x"'}).status_code == 200


def test_a_booking_by_another_changes_it_at_once(town: Town) -> None:
    etag = town.browser().get(PATH).headers["ETag"]
    slot = town.slot_path()
    assert town.browser(town.owner).post(slot).status_code == 303
    answer = town.browser().get(PATH, {"If-None-Match": etag})
    assert answer.status_code == 200
    assert f'href="{slot}"' not in answer.text
    assert "Chờ duyệt" in answer.text


def test_each_change_of_a_booking_changes_it(town: Town) -> None:
    slot = town.slot_path()
    etags = [town.browser().get(PATH).headers["ETag"]]
    booking = town.browser(town.owner).post(slot).headers["Location"].split("/")[-1].partition("?")[0]
    etags.append(town.browser().get(PATH).headers["ETag"])
    town.browser(town.clerk).post(f"/staff/bookings/{booking}/approve")
    etags.append(town.browser().get(PATH).headers["ETag"])
    town.browser(town.owner).post(f"/bookings/{booking}/cancel")
    etags.append(town.browser().get(PATH).headers["ETag"])
    assert len(set(etags)) == 4


@on_sqlite
def test_each_reader_and_each_language_has_its_own(town: Town) -> None:
    english = town.browser()
    english.get("/language/en")
    browsers = [town.browser(who) for who in (None, town.owner, town.neighbour, town.clerk)] + [english]
    answers = [browser.get(PATH) for browser in browsers]
    assert len({answer.headers["ETag"] for answer in answers}) == 5
    assert [answer.headers["Cache-Control"] for answer in answers[1:4]] == ["private, no-cache"] * 3
    assert all("Cookie" in answer.headers["Vary"] for answer in answers)
    for browser, answer in zip(browsers, answers, strict=True):
        assert browser.get(PATH, {"If-None-Match": answer.headers["ETag"]}).status_code == 304


@on_sqlite
def test_time_alone_changes_it_when_a_slot_passes(town: Town) -> None:
    with town.app.app_context():
        commune = sheet_of(town)
    morning = at(TODAY, "09:00")
    moment = changes_at(commune, now=morning)
    assert morning < moment
    assert page_at(town, morning) == page_at(town, moment - timedelta(seconds=1))
    assert page_at(town, morning) != page_at(town, moment)
    evening = at(TODAY, "23:00")
    assert changes_at(commune, now=evening) == at(days_ahead(1), "00:00")
    assert changes_at(commune, now=at(TODAY, "05:30")) <= at(TODAY, "07:00")


@on_sqlite
def test_a_kept_page_is_built_anew_when_its_time_is_over(town: Town) -> None:
    builds: list[datetime] = []

    def answer(now: datetime) -> str:
        def build() -> tuple[str, datetime]:
            builds.append(now)
            return f"built at {now}", now + timedelta(minutes=5)

        with town.app.test_request_context(PATH):
            return cached(("page",), build, now=now).headers["ETag"]

    first = answer(NOW)
    assert answer(NOW + timedelta(minutes=4)) == first
    assert answer(NOW + timedelta(minutes=5)) != first
    assert builds == [NOW, NOW + timedelta(minutes=5)]


@on_sqlite
def test_it_is_sent_packed_to_whoever_takes_it(town: Town) -> None:
    plain = town.browser().get(PATH)
    packed = town.browser().get(PATH, {"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] == plain.headers["ETag"]
    style = re.findall(r'href="(/static/style[^"]+)"', plain.text)[0]
    css = town.browser().get(style, {"Accept-Encoding": "gzip"})
    assert "immutable" in css.headers["Cache-Control"]
    assert len(packed.data) + len(css.data) < 30_000
    own = town.browser(town.owner).get(PATH, {"Accept-Encoding": "gzip"})
    assert own.headers["Content-Encoding"] == "gzip"
    assert own.headers["ETag"].startswith('W/"')


@on_sqlite
def test_the_current_page_is_free_of_old_days(town: Town) -> None:
    """What is really sent now begins with today."""
    days = page_at(town, utc_now()).kits[0].days
    assert (len(days), "today" in days[0].css) in {(15, True), (14, True)}
    assert text_at(town, NOW).count('class="day ') == 15 * 2
