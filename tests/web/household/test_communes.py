"""The start page: finding one's commune by any of its names, and how many slots are free."""

import re

import pytest
from flask import render_template

from kit_booking.models import Commune, Province, Village
from kit_booking.services.communes.search import CommuneMatches
from tests.support.town import Town, words_of


def found_by(town: Town, query: str) -> list[str]:
    page = town.browser().client.get("/", query_string={"q": query}).text
    return re.findall(r'href="/communes/([^"/]+)"', page)


@pytest.fixture
def villages(town: Town) -> Town:
    place = town.world.place(town.elsewhere, "Phú Yên")
    town.world.add(Village(place_id=place.id, name="Giẽ Hạ", craft="da giày"))
    town.world.change(town.elsewhere, search="dai xuyen\nphu yen\ngie ha", version=2)
    return town


def test_a_commune_is_found_by_any_of_its_names(villages: Town) -> None:
    queries = ["Đại Xuyên", "dai xuyen", "ĐẠI", "Đ", "đ", "  dai   xuyen ", "Phú Yên", "giẽ", "gie ha"]
    assert [query for query in queries if "dai-xuyen" not in found_by(villages, query)] == []


def test_decomposed_letters_match_too(villages: Town) -> None:
    assert found_by(villages, "Phu\u031b\u01a1\u0323ng") == found_by(villages, "phuong") == ["phuong-duc"]


def test_like_wildcards_are_searched_literally(villages: Town) -> None:
    queries = ["%", "_", "\\", "100%", "'", "x_y"]
    assert [query for query in queries if found_by(villages, query)] == []


def test_a_hit_on_an_old_name_says_why(villages: Town) -> None:
    assert "Giẽ Hạ" in words_of(villages.browser().get("/?q=gie+ha"))


def test_an_empty_result_helps_on(town: Town) -> None:
    page = words_of(town.browser().get("/?q=Atlantis"))
    assert "Không tìm thấy “Atlantis”" in page
    assert "Thử gõ ngắn hơn" in page
    assert "Xem tất cả các xã" in page


def test_without_any_commune_the_page_says_so(town: Town) -> None:
    with town.app.test_request_context("/"):
        page = render_template("household/communes/start.html", matches=CommuneMatches(), q="")
    assert "Chưa có xã nào cho mượn bộ" in page


def test_the_start_page_counts_free_slots_and_follows_them(town: Town) -> None:
    first = town.browser().get("/")
    assert "○ " in first.text
    assert town.browser().get("/", {"If-None-Match": first.headers["ETag"]}).status_code == 304
    town.browser(town.owner).post(town.slot_path())
    assert town.browser().get("/", {"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_with_many_communes_provinces_and_the_search_come_first(town: Town) -> None:
    town.world.add(Province(name="Bắc Ninh", slug="bac-ninh"))
    other = town.world.all(Province, slug="bac-ninh")[0]
    town.world.add(
        *(
            Commune(
                province_id=other.id,
                code=f"9{number:04}",
                name=f"Xã Số {number}",
                slug=f"so-{number}",
                search=f"so {number}",
                phone="02223333444",
            )
            for number in range(35)
        )
    )
    page = town.browser().get("/")
    assert re.findall(r'href="/communes/', page.text) == []
    assert "Bắc Ninh 35 xã" in words_of(page)
    assert page.text.index('id="q"') < page.text.index("Bắc Ninh")
    assert len(re.findall(r'href="/communes/', town.browser().get("/?province=bac-ninh").text)) == 35
    cut = town.browser().get("/?q=so")
    assert len(re.findall(r'href="/communes/', cut.text)) == 30
    assert "Còn nhiều xã nữa" in words_of(cut)


def test_an_unknown_province_has_no_commune(town: Town) -> None:
    assert town.browser().get("/?province=atlantis").status_code == 200
