"""The fortnight by day and part of the day: whether there is an evening, where, and the way to it and back."""

import re
from datetime import date

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.models import Household, Kit, Place, Village
from kit_booking.web.household.overview import FortnightPage
from tests.support.town import Town, words_of
from tests.times import days_ahead
from tests.web.household.test_grid import page_at

PATH = "/communes/phuong-duc"


@pytest.fixture
def other_place(town: Town) -> Kit:
    """A third kit, which stands at another place than the first two."""
    kit = town.world.kit(town.world.place(town.commune, "Văn Hoàng"))
    town.world.change(town.commune)
    return kit


def ahead(days: int) -> date:
    return days_ahead(days, utc_now())


def cell(town: Town, days: int, part: int, who: Household | None = None, place: str = "") -> tuple[str, str, int]:
    """Path, state and number of the free of one cell."""
    page = page_at(town, utc_now(), who, place=place)
    [shown] = [cells[part] for day, cells in page.days if day.on == ahead(days)]
    assert shown
    return shown.path, shown.css, shown.free


def take(town: Town, days: int, slot: str, *kits: Kit) -> None:
    for kit in kits or town.world.all(Kit, commune_id=town.commune.id):
        town.world.booking(kit, town.neighbour, ahead(days), slot, status=Status.APPROVED)
        town.world.change(kit, version=town.world.fresh(kit).version + 1)


def test_a_cell_says_at_how_many_places_it_is_free_and_leads_to_them(town: Town, other_place: Kit) -> None:
    assert cell(town, 4, 3) == (f"{PATH}/{ahead(4)}/toi", "free", 3)
    take(town, 4, "toi", other_place)
    assert cell(town, 4, 3) == (f"{PATH}/{ahead(4)}/toi", "free", 2)


def test_what_is_full_leads_to_waiting_for_it(town: Town) -> None:
    take(town, 4, "toi")
    assert cell(town, 4, 3) == (f"/kits/{town.kit.code}/{ahead(4)}/toi", "taken", 0)
    assert "Nhà mình chờ chỗ trống nhé?" in words_of(town.browser().get(cell(town, 4, 3)[0]))


def test_with_one_kit_a_cell_leads_straight_to_asking(town: Town, other_place: Kit) -> None:
    path = f"/kits/{other_place.code}/{ahead(4)}/toi?place=van-hoang"
    assert cell(town, 4, 3, place="van-hoang") == (path, "free", 0)
    assert "Mượn bộ livestream buổi này?" in words_of(town.browser().get(path))


def test_own_bookings_and_an_open_offer_stand_out(town: Town) -> None:
    booking = town.world.booking(town.kit, town.owner, ahead(4), "toi")
    offer = town.world.booking(town.second_kit, town.owner, ahead(5), "toi", status=Status.OFFERED)
    assert cell(town, 4, 3, town.owner) == (f"/bookings/{booking.code}", "mine", 0)
    assert cell(town, 5, 3, town.owner) == (f"/bookings/{offer.code}", "offered", 0)
    assert [cell(town, days, 3)[1] for days in (4, 5)] == ["free", "free"]


def lines(page: FortnightPage) -> dict[str, tuple[int, list[str]]]:
    return {line.part.name: (line.free_days, [text for text, _path in line.days]) for line in page.lines}


def test_the_page_says_first_whether_an_evening_is_left(town: Town) -> None:
    free = sum(bool(cells[3] and cells[3].css == "free") for _day, cells in page_at(town, utc_now()).days)
    assert lines(page_at(town, utc_now())) == {"Tối": (free, [])}
    assert f"Tối: ○ còn trống {free} ngày" in words_of(town.browser().get(PATH))
    for days in range(15):
        take(town, days, "toi")
    assert "Tối: ● kín cả 15 ngày" in words_of(town.browser().get(PATH))


def test_the_last_free_days_of_a_part_are_named_and_lead_to_it(town: Town) -> None:
    for days in range(13):
        take(town, days, "trua")
    last = [f"{day.weekday} {day.date}" for day, _cells in page_at(town, utc_now()).days[13:]]
    assert lines(page_at(town, utc_now()))["Trưa"] == (2, last)
    page = town.browser().get(PATH).text
    for days, name in zip((13, 14), last, strict=True):
        assert f'<a href="{PATH}/{ahead(days)}/trua">{name}</a>' in page


def test_choosing_a_place_keeps_to_it_on_the_way_and_back(town: Town, other_place: Kit) -> None:
    page = town.browser().get(f"{PATH}?place=phu-tuc").text
    assert other_place.code not in page
    path = cell(town, 4, 3, place="phu-tuc")[0]
    assert path == f"{PATH}/{ahead(4)}/toi?place=phu-tuc"
    back = f'href="{PATH}?place=phu-tuc#d{ahead(4):%m%d}"'
    places = town.browser().get(path).text
    assert back in places
    asking = re.findall(r'class="card pick" href="([^"]+)"', places)
    assert asking == [f"/kits/{kit.code}/{ahead(4)}/toi?place=phu-tuc" for kit in (town.kit, town.second_kit)]
    assert back in town.browser().get(asking[0]).text
    assert f'href="{PATH}#d{ahead(4):%m%d}"' in town.browser().get(asking[0].partition("?")[0]).text


def test_an_unknown_place_shows_all(town: Town, other_place: Kit) -> None:
    page = town.browser().get(f'{PATH}?place="><script>')
    assert page.status_code == 200
    assert other_place.code in page.text
    assert "<script" not in page.text
    assert page.headers["ETag"] == town.browser().get(PATH).headers["ETag"], "one page in the cache"


def test_the_place_of_the_households_village_comes_first(town: Town, other_place: Kit) -> None:
    assert page_at(town, utc_now()).kits[0].code == town.kit.code
    town.world.add(Village(place_id=other_place.place_id, name=town.owner.village, craft="mây tre đan"))
    town.world.change(town.commune)
    page = town.browser(town.owner).get(PATH).text
    assert page.index("?place=van-hoang") < page.index("?place=phu-tuc")
    places = town.browser(town.owner).get(f"{PATH}/{ahead(4)}/toi").text
    assert places.index(other_place.code) < places.index(town.kit.code)


def test_the_slots_page_lists_the_free_places_and_then_the_taken_ones(town: Town, other_place: Kit) -> None:
    take(town, 4, "toi", town.kit)
    page = words_of(town.browser().get(f"{PATH}/{ahead(4)}/toi"))
    assert page.index("Văn Hoàng ○ Còn trống") < page.index("Đã có người ● Phú Túc")


@pytest.mark.parametrize("path", ["2026-13-01/toi", "9999-12-31/toi", "{day}/khuya", "x/toi"])
def test_there_is_no_page_for_what_is_no_slot(town: Town, path: str) -> None:
    assert town.browser().get(f"{PATH}/{path.format(day=ahead(4))}").status_code == 404


def test_the_slots_page_leads_on_where_there_is_nothing_to_choose(town: Town, other_place: Kit) -> None:
    booking = town.world.booking(town.kit, town.owner, ahead(4), "toi")
    answer = town.browser(town.owner).get(f"{PATH}/{ahead(4)}/toi")
    assert answer.headers["Location"] == f"/bookings/{booking.code}"
    take(town, 5, "toi")
    answer = town.browser(town.owner).get(f"{PATH}/{ahead(5)}/toi")
    assert answer.headers["Location"] == f"/kits/{town.kit.code}/{ahead(5)}/toi"


def test_a_commune_without_a_clerk_says_so_and_offers_nothing(town: Town) -> None:
    town.world.commune("Vân Từ", has_clerk=False)
    page = town.browser().get("/communes/van-tu")
    assert "Xã chưa có cán bộ nhận đăng ký" in words_of(page)
    assert 'href="tel:' in page.text
    assert "/kits/" not in page.text
    assert "Vân Từ Chưa cho mượn" in words_of(town.browser().get("/"))


def test_the_start_page_counts_the_evenings_apart(town: Town) -> None:
    for days in range(15):
        take(town, days, "toi")
    page = words_of(town.browser().get("/"))
    assert re.search(r"Phượng Dực ● Tối: kín ban ngày: còn \d+", page)
    assert re.search(r"Đại Xuyên ○ Tối: còn \d+ buổi ban ngày: còn \d+", page)


def test_a_search_leads_to_the_place_of_the_village_or_craft(town: Town, other_place: Kit) -> None:
    [place] = town.world.all(Place, name="Văn Hoàng")
    town.world.add(Village(place_id=place.id, name="Nội", craft="khâu bóng"))
    town.world.change(town.commune, search="phuong duc\nvan hoang\nnoi\nkhau bong")
    for query in ("van hoang", "khâu bóng"):
        page = town.browser().get(f"/?q={query}").text
        assert re.findall(r'href="(/communes/[^"]+)"', page) == [f"{PATH}?place=van-hoang"]
