"""The fortnight place by place, what each reader sees of it, and how its pages are told apart by ETags."""

import gzip
import re
from datetime import date, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from kit_booking.clock import utc_now
from kit_booking.database import db
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Commune, Hold, Household, Place, PlannedSlot
from kit_booking.services.communes.facts import CommuneFacts, commune_facts, find_version_key
from kit_booking.services.communes.fortnight import fortnight
from kit_booking.services.communes.schedule import schedule
from kit_booking.web.frame.responses import cached
from kit_booking.web.household.overview import FortnightPage, page_of
from tests.support.town import SLOTS, Town, words_of
from tests.times import NOW, at, days_ahead

PATH = "/communes/phuong-duc"
TODAY = days_ahead(0)
NAMES = ("Sáng", "Trưa", "Chiều", "Tối")


def facts_of(town: Town) -> CommuneFacts:
    version_key = find_version_key("phuong-duc")
    assert version_key
    return commune_facts(version_key.commune_id, version_key.version)


def page_at(town: Town, now: datetime, who: Household | None = None, **chosen: str) -> FortnightPage:
    """The page's values at a given time."""
    with town.app.test_request_context(PATH):
        return page_of(fortnight(facts_of(town), now=now, household_id=who and who.id), **chosen)


def rows_of(page: FortnightPage) -> dict[str, list[list[str]]]:
    """By part of the day the row of each kit, and in it the state of each day; empty where it has no slot."""
    rows = {}
    for body in page.grid.split("</tbody>")[:-1]:
        name = re.findall(r"<b>([^<]+)</b>", body)[0]
        rows[name] = [
            re.findall(r'<td class="[^"]*">(?:<[as][^>]* class="slot ([a-z-]+)")?', row)
            for row in body.split("<tr>")[1:]
        ]
    return rows


def states(page: FortnightPage, day: date, kit: int = 0) -> list[str]:
    """Morning, noon, afternoon and evening of a day."""
    number = [shown.on for shown, _cells in page.days].index(day)
    return [rows[kit][number] for rows in map(rows_of(page).get, NAMES) if rows]


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


def test_a_closure_takes_every_slot_that_it_touches_and_no_other(town: Town) -> None:
    noon, evening = (town.world.slot(town.kit, days_ahead(day), key) for day, key in ((3, "trua"), (5, "sang")))
    closure = town.world.hold(town.kit, noon)
    closure.from_at, closure.until_at = noon.hold.until_at - timedelta(minutes=1), evening.hold.from_at
    town.world.add(closure)
    days = [states(page_at(town, NOW), days_ahead(day)) for day in (3, 4, 5)]
    assert days == [["free", "closed", "closed", "closed"], ["closed"] * 4, ["free"] * 4]


def test_of_two_that_hold_a_slot_the_one_that_lasts_is_shown(town: Town) -> None:
    day = days_ahead(3)
    slot = town.world.slot(town.kit, day, "toi")
    booking = town.world.booking(town.kit, town.neighbour, day, status=Status.REQUESTED)
    with town.app.app_context(), Session(db.engine) as session:
        half = slot.hold.from_at + timedelta(hours=1)
        session.execute(update(Hold).where(Hold.booking_id == booking.id).values(until_at=half))
        session.add(Hold(kit_id=town.kit.id, from_at=half, until_at=slot.hold.until_at))
        session.commit()
    assert states(page_at(town, NOW), day)[-1] == "closed"


def test_a_day_without_one_of_the_slots_leaves_its_row_empty(town: Town) -> None:
    tuesday = days_ahead(7)
    with town.app.app_context(), Session(db.engine) as session:
        of_commune = PlannedSlot.commune_id == town.commune.id
        session.execute(update(PlannedSlot).where(of_commune, PlannedSlot.name == "Trưa").values(weekdays="02"))
        session.execute(update(Commune).values(version=Commune.version + 1))
        session.commit()
    page = page_at(town, NOW)
    assert states(page, tuesday) == ["free", "", "free", "free"]
    assert states(page, tuesday + timedelta(days=1)) == ["free"] * 4


def test_what_is_over_or_too_near_is_past(town: Town) -> None:
    # A kit is picked up 15 minutes before going on air, and asked for until two hours before that.
    assert states(page_at(town, at(TODAY, "09:14")), TODAY) == ["past", "free", "free", "free"]
    assert states(page_at(town, at(TODAY, "09:15")), TODAY) == ["past", "past", "free", "free"]
    assert states(page_at(town, at(TODAY, "16:59")), TODAY)[-1] == "past"


def test_the_last_day_opens_at_seven(town: Town) -> None:
    last = days_ahead(14)
    assert states(page_at(town, at(TODAY, "06:59")), last) == ["not-open"] * 4
    assert states(page_at(town, at(TODAY, "07:00")), last) == ["free"] * 4
    assert page_at(town, at(TODAY, "06:59")).opens == "Ngày T3 15/12 mở lúc 7h T3 01/12."
    assert page_at(town, at(TODAY, "07:00")).opens == "Ngày T4 16/12 mở lúc 7h T4 02/12."


def test_what_many_want_stands_first(town: Town) -> None:
    assert list(rows_of(page_at(town, NOW))) == ["Tối", "Sáng", "Trưa", "Chiều"]


def test_two_kits_of_one_place_are_told_apart(town: Town) -> None:
    town.world.kit(town.world.all(Place, name="Phú Túc")[0], "PD-9")
    town.world.change(town.commune, version=9)
    page = page_at(town, NOW)
    heads = re.findall(r'<th scope="row">([^<]+)', page.grid.split("</tbody>")[0])
    places = [kit.place for kit in page.kits]
    assert sorted(heads) == sorted(
        f"{kit.place} {kit.code}" if places.count(kit.place) > 1 else kit.place for kit in page.kits
    )


def test_a_day_carries_both_calendars(town: Town) -> None:
    [day] = [day for day, _cells in page_at(town, at(date(2026, 12, 5), "09:00")).days if "today" in day.css]
    assert (day.css, day.weekday, day.date, day.lunar) == ("today weekend", "T7", "05/12", "27/10 âl")


def test_the_page_says_where_a_kit_stands_who_keeps_it_and_what_it_holds(town: Town) -> None:
    page = words_of(town.browser().get(PATH))
    for said in ("Phượng Dực", "Phú Túc", "Trụ sở Phú Túc cũ", "Cô Hằng", "0912 000 111", "đèn × 2", "024 3385 4321"):
        assert said in page
    assert 'href="tel:0912000111"' in town.browser().get(PATH).text


def test_a_free_slot_leads_to_asking_and_an_own_one_to_its_booking(town: Town) -> None:
    booking = town.booking()
    assert f'href="/bookings/{booking.code}"' in town.browser(town.owner).get(PATH).text
    for page in (town.browser().get(PATH).text, town.browser(town.neighbour).get(PATH).text):
        assert booking.code not in page
        assert re.search(r'<a class="slot free" href="/kits/PD-1/\d{4}-\d\d-\d\d/(sang|trua|chieu|toi)"', page)


def test_the_public_fortnight_has_no_names_or_numbers(town: Town) -> None:
    town.booking(Status.APPROVED, sells="làn mây xuất khẩu")
    for reader in (None, town.neighbour, town.clerk):
        page = town.browser(reader).get(PATH).text
        for secret in (town.owner.name, "0912 345 678", town.owner.phone, "làn mây xuất khẩu", "Lưu Thượng"):
            assert secret not in page


def test_names_are_shown_to_staff_as_they_are_written(town: Town) -> None:
    town.world.booking(town.kit, town.world.household(town.commune, 'Trần <b>Thị & "Lụa"'), days_ahead(2, utc_now()))
    page = town.browser(town.clerk).get(f"/staff{PATH}").text
    assert 'title="Trần &lt;b&gt;Thị &amp; &#34;Lụa&#34;"' in page
    assert "Lụa" not in town.browser().get(PATH).text


# Told apart by ETags


def test_a_page_that_the_reader_has_is_answered_with_304(town: Town) -> None:
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
    assert f'<a class="slot free" href="{slot}"' not in answer.text
    assert f'<a class="slot waiting" href="{slot}"' in answer.text  # It leads to the waiting list now.


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


def test_time_alone_changes_it_when_a_slot_passes(town: Town) -> None:
    with town.app.app_context():
        commune = facts_of(town)
    morning = at(TODAY, "09:00")
    moment = schedule(commune, now=morning).until_at
    assert morning < moment
    assert page_at(town, morning) == page_at(town, moment - timedelta(seconds=1))
    assert page_at(town, morning) != page_at(town, moment)
    evening = at(TODAY, "23:00")
    assert schedule(commune, now=evening).until_at == at(days_ahead(1), "00:00")
    assert schedule(commune, now=at(TODAY, "05:30")).until_at <= at(TODAY, "07:00")


def test_a_cached_page_is_rebuilt_when_it_expires(town: Town) -> None:
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


def test_the_page_is_gzipped_on_request(town: Town) -> None:
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


def test_the_current_page_is_free_of_old_days(town: Town) -> None:
    """What is really sent now begins with today."""
    days = re.findall(r'<tr id="d(\d{4})" class="([^"]*)"', town.browser().get(PATH).text)
    assert len(days) == 15
    assert [number for number, (_id, css) in enumerate(days) if "today" in css] == [0]
    assert days[0][0] == f"{local_day(utc_now()):%m%d}"
