"""The operator's desk: communes, places, kits and their parts, from the outside."""

import pytest

from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import Kit, Message, Part, Place, Village
from tests.support.town import Browser, Town, where, words_of
from tests.support.typed import typed

DESK = "/staff/operator"
ONE = f"{DESK}/communes/phuong-duc"


@pytest.fixture
def operator(town: Town) -> Browser:
    return town.browser(town.operator)


def send(browser: Browser, path: str, **fields: object) -> object:
    """What the page's form holds, with this typed into it."""
    return browser.post(path, typed(browser.get(path)) | fields)


def test_communes_are_found_by_name_village_and_number(town: Town, operator: Browser) -> None:
    town.world.change(town.commune, search="phuong duc\nluu thuong")
    for query in ("phuong", "lưu thượng", town.commune.code):
        answer = operator.get(f"{DESK}?q={query}")
        assert "Phượng Dực Hà Nội" in words_of(answer), query
        assert "/staff/operator/communes/dai-xuyen" not in answer.text, query
    assert "Không có xã nào khớp “zzz”" in words_of(operator.get(f"{DESK}?q=zzz"))
    assert "2 bộ" in words_of(operator.get(DESK))


def test_a_commune_grows_from_nothing_until_it_takes_requests(town: Town, operator: Browser) -> None:
    added = send(
        operator, f"{DESK}/communes/new", name="Chuyên Mỹ", code="10276", province="Hà Nội", phone="02433854100"
    )
    path = f"{DESK}/communes/chuyen-my"
    assert where(added) == f"303 {path}"
    words = words_of(operator.get(path))
    assert "Xã chưa có cán bộ duyệt, nên chưa nhận đăng ký." in words
    assert "Thêm nơi để bộ trước, rồi mới thêm bộ." in words

    villages = "Đồng Vinh: khảm trai\n\n  Chuôn Ngọ :khảm trai, sơn mài\nBối Khê"
    fields = {"name": "Chuyên Mỹ", "address": "Trụ sở cũ", "keeper": "Cô Lan", "keeper_phone": "0912 345 678"}
    assert where(send(operator, f"{path}/places/new", villages=villages, **fields)) == f"303 {path}"
    [place] = town.world.all(Place, name="Chuyên Mỹ")
    assert [(one.name, one.craft) for one in town.world.all(Village, place_id=place.id)] == [
        ("Đồng Vinh", "khảm trai"),
        ("Chuôn Ngọ", "khảm trai, sơn mài"),
        ("Bối Khê", ""),
    ]
    assert where(send(operator, f"{path}/kits/new", code="cm-1", place_id=str(place.id))) == f"303 {path}"
    assert where(operator.get("/communes/chuyen-my")) == "200"
    assert "CM-1 · Chuyên Mỹ" in words_of(operator.get(path))
    assert "Bối Khê" in words_of(operator.get("/?q=boi+khe"))


def test_a_commune_named_with_its_unit_does_not_have_it_twice(town: Town) -> None:
    page = send(
        town.browser(town.operator),
        f"{DESK}/communes/new",
        name="Xã Chuyên Mỹ",
        code="10276",
        province="Hà Nội",
        phone="02433854100",
    )
    assert page.headers["Location"].endswith("/communes/chuyen-my")


def test_a_place_whose_name_is_too_long_for_texts_needs_a_short_one(town: Town, operator: Browser) -> None:
    path = f"{ONE}/places/new"
    fields = {"name": "Nhà văn hóa thôn Lưu Thượng", "address": "Cạnh chợ"}
    page = send(operator, path, **fields)
    assert page.status_code == 422
    assert "tin nhắn sẽ ghi “Nha van hoa thon”" in words_of(page)
    assert 'value="Nhà văn hóa thôn Lưu Thượng"' in page.text
    assert where(send(operator, path, short_name="NVH Lưu Thượng", **fields)) == f"303 {ONE}"
    [place] = town.world.all(Place, name=fields["name"])
    assert place.short_name == "NVH Lưu Thượng"
    assert 'value="NVH Lưu Thượng"' in operator.get(f"{ONE}/places/{place.id}").text


def test_what_is_typed_stays_when_it_cannot_be_taken(town: Town, operator: Browser) -> None:
    page = send(operator, f"{DESK}/communes/new", name="!!!", code="12a", province="", phone="113")
    assert page.status_code == 422
    words = words_of(page)
    for said in ("Cần có ít nhất một chữ cái", "Mã chỉ gồm chữ số", "Số này chưa gọi được"):
        assert said in words
    assert typed(page)["name"] == ["!!!"]
    page = send(
        operator, f"{DESK}/communes/new", name="Khác", code=town.commune.code, province="Huế", phone="02343822222"
    )
    assert page.status_code == 409
    assert "Mã này đã có nơi khác dùng." in words_of(page)
    assert typed(page)["province"] == ["Huế"]


def test_a_place_keeps_its_villages_when_only_its_address_changes(town: Town, operator: Browser) -> None:
    path = f"{ONE}/places/{town.kit.place_id}"
    before = [(one.name, one.craft) for one in town.world.all(Village, place_id=town.kit.place_id)]
    assert where(send(operator, path, address="Số 1, đường làng")) == f"303 {ONE}"
    assert town.world.all(Place, id=town.kit.place_id)[0].address == "Số 1, đường làng"
    assert [(one.name, one.craft) for one in town.world.all(Village, place_id=town.kit.place_id)] == before


def test_a_new_name_leaves_the_address_and_changes_the_page(town: Town, operator: Browser) -> None:
    assert where(send(operator, f"{ONE}/edit", name="Phú Minh")) == f"303 {ONE}"
    assert "Phú Minh" in words_of(operator.get("/communes/phuong-duc"))


SETTINGS = "/staff/settings/phuong-duc"


@pytest.mark.parametrize(
    ("path", "fields", "leads_to"),
    [
        (f"{ONE}/edit", {"name": "Phú Nghĩa"}, ONE),
        (f"{ONE}/places/new", {"name": "Tri Trung", "address": "Chợ"}, ONE),
        (f"{ONE}/places/1", {"name": "Tri Trung"}, ONE),
        (f"{ONE}/kits/new", {"code": "PD-9", "place_id": "1"}, ONE),
        (f"{ONE}/kits/PD-1", {"place_id": "3", "confirmed": "1"}, ONE),
        (f"{SETTINGS}/kits/PD-1", {"parts-1-count": "5"}, SETTINGS),
    ],
)
def test_a_form_of_an_older_version_is_shown_again(
    town: Town, operator: Browser, path: str, fields: dict[str, str], leads_to: str
) -> None:
    town.world.place(town.commune, "Văn Hoàng")
    window = typed(operator.get(path))
    assert where(send(operator, f"{ONE}/edit", name="Phú Minh")) == f"303 {ONE}"
    page = operator.post(path, window | fields)
    assert page.status_code == 409
    assert "có người vừa sửa xã này" in words_of(page)
    again = typed(page)
    assert {name: again[name] for name in fields if name != "confirmed"} == {
        name: [value] for name, value in fields.items() if name != "confirmed"
    }
    assert where(operator.post(path, fields | again)) == f"303 {leads_to}"


def test_a_mistake_in_an_older_form_does_not_make_it_a_new_one(town: Town, operator: Browser) -> None:
    window = typed(operator.get(f"{ONE}/edit"))
    send(operator, f"{ONE}/edit", name="Phú Minh")
    page = operator.post(f"{ONE}/edit", window | {"code": "x"})
    assert page.status_code == 422
    page = operator.post(f"{ONE}/edit", typed(page) | {"code": "12345"})
    assert page.status_code == 409
    assert town.world.fresh(town.commune).name == "Phú Minh"


@pytest.mark.parametrize("code", ["PD-1", "DX-1"])
def test_the_code_of_a_kit_exists_once(town: Town, operator: Browser, code: str) -> None:
    page = send(operator, f"{ONE}/kits/new", code=code, place_id=str(town.kit.place_id))
    assert page.status_code == 409


@pytest.mark.parametrize("code", ["PD", "PD-", "1-PD", "PDXYZW-1", "PĐ-1"])
def test_the_code_of_a_kit_has_letters_and_a_number(town: Town, operator: Browser, code: str) -> None:
    page = send(operator, f"{ONE}/kits/new", code=code, place_id=str(town.kit.place_id))
    assert page.status_code == 422
    assert "Mã gồm chữ cái, dấu gạch và số" in words_of(page)


def test_a_kit_moves_only_after_its_bookings_were_looked_at(town: Town, operator: Browser) -> None:
    elsewhere = town.world.place(town.commune, "Văn Hoàng")
    booking = town.booking(Status.APPROVED)
    path = f"{ONE}/kits/{town.kit.code}"
    looked = send(operator, path, place_id=str(elsewhere.id))
    words = words_of(looked)
    assert "Chuyển bộ PD-1 từ Phú Túc đến Văn Hoàng" in words
    assert f"{booking.code} ✓ Đã duyệt – được mượn Nguyễn Thị Hạnh" in words
    assert town.world.fresh(town.kit).place_id == town.kit.place_id
    assert where(operator.post(path, typed(looked) | {"confirmed": "1"})) == f"303 {ONE}"
    assert town.world.all(Kit, code="PD-1")[0].place_id == elsewhere.id
    assert [text.kind for text in town.world.all(Message)] == [Kind.MOVED]
    assert "Văn Hoàng" in words_of(town.browser(town.owner).get(f"/bookings/{booking.code}"))
    assert "PD-1 → Văn Hoàng" in words_of(town.browser(town.clerk).get("/staff/audit?action=kit_moved"))


def test_a_kit_is_never_moved_to_a_place_of_another_commune(town: Town, operator: Browser) -> None:
    foreign = town.world.all(Place, commune_id=town.elsewhere.id)[0]
    assert send(operator, f"{ONE}/kits/PD-1", place_id=str(foreign.id), confirmed="1").status_code == 422


def test_a_clerk_keeps_the_parts_of_the_own_kits(town: Town) -> None:
    clerk, path = town.browser(town.clerk), "/staff/settings/phuong-duc/kits/PD-1"
    fields = {"parts-0-name": "", "parts-1-count": "3", "parts-2-name": "Micro", "parts-2-count": "1"}
    assert where(send(clerk, path, **fields)) == "303 /staff/settings/phuong-duc"
    assert [(part.name, part.count) for part in town.world.all(Part, kit_id=town.kit.id)] == [
        ("đèn", 3),
        ("Micro", 1),
    ]
    assert "đèn × 3 Micro" in words_of(clerk.get("/staff/settings/phuong-duc"))
    assert clerk.get("/staff/settings/phuong-duc/kits/DX-1").status_code == 404


def test_parts_that_make_no_sense_are_explained(town: Town) -> None:
    clerk, path = town.browser(town.clerk), "/staff/settings/phuong-duc/kits/PD-1"
    page = send(clerk, path, **{"parts-0-count": "0", "parts-1-count": "hai"})
    assert page.status_code == 422
    assert typed(page)["parts-1-count"] == ["hai"]
    page = send(clerk, path, **{"parts-0-name": "đèn"})
    assert "Có hai món cùng tên" in words_of(page)
