"""The texts of the printed pages; their layout is tested in a browser (tests/e2e/test_paper.py)."""

import re
from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.hours import EVERY_DAY
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import PlannedSlot
from kit_booking.web.desk.printing import notice_name
from tests.support.builders import LONG_AGO
from tests.support.town import Browser, Town, words_of

TODAY = local_day(utc_now())
MONDAY = TODAY - timedelta(days=TODAY.weekday()) + timedelta(days=7)
WEEK = f"/staff/print/phuong-duc/week?of={MONDAY}"


@pytest.fixture
def clerk(town: Town) -> Browser:
    return town.browser(town.clerk)


@pytest.mark.parametrize(
    ("household", "village", "said"),
    [
        ("Nguyễn Văn Hùng", "Lưu Thượng", "hộ N. V. Hùng, thôn Lưu Thượng"),
        ("Hùng", "thôn Thượng", "hộ Hùng, thôn Thượng"),
        ("Đỗ Thị Thu Hà", "Làng Phú Túc", "hộ Đ. T. T. Hà, Làng Phú Túc"),
        ("Cơ sở mây tre Bình An", "Xóm 3", "hộ C. s. m. t. B. An, Xóm 3"),
        ("Lê Văn A", "Phố Mới", "hộ L. V. A, Phố Mới"),
        ("Lê Văn A", "Tổng Lê", "hộ L. V. A, thôn Tổng Lê"),
        ("", "", "hộ "),
    ],
)
def test_names_on_the_board_are_short(household: str, village: str, said: str) -> None:
    assert notice_name(household, village) == said


def test_the_week_shows_what_is_taken_asked_for_and_closed(town: Town, clerk: Browser) -> None:
    world = town.world
    world.booking(town.kit, town.owner, MONDAY, "toi", status=Status.APPROVED)
    world.booking(town.kit, town.neighbour, MONDAY, "sang", status=Status.REQUESTED)
    world.booking(town.second_kit, town.neighbour, MONDAY + timedelta(days=1), "toi", status=Status.RETURNED)
    world.booking(town.second_kit, town.neighbour, MONDAY, "toi", status=Status.CANCELLED)
    sunday = MONDAY + timedelta(days=6)
    clerk.post(
        "/staff/closures/new",
        {"what": town.kit.code, "from_day": sunday, "until_day": sunday, "reason": "Hỏng đèn", "save": "1"},
    )
    page = clerk.get(WEEK)
    words = words_of(page)
    assert words.count("● hộ N. T. Hạnh, thôn Lưu Thượng") == 1
    assert words.count("● hộ L. V. Bình, thôn Lưu Thượng") == 1
    assert words.count("◐ Chờ duyệt") == 1
    assert words.count("✕ Nghỉ: Hỏng đèn") == 5, "and the evening before, which could not be brought back"
    assert "Nguyễn Thị Hạnh" not in page.text
    assert "0912" not in page.text
    assert page.text.count('<td class="free">') == 2 * 4 * 7 - 3 - 5
    assert "024 3385 4321" in words
    assert "http://localhost/communes/phuong-duc" in words
    assert page.text.count("<svg") >= 2, "the code to scan"


def test_names_can_be_left_out(town: Town, clerk: Browser) -> None:
    town.world.booking(town.kit, town.owner, MONDAY, status=Status.APPROVED)
    page = clerk.get(f"{WEEK}&names=none")
    assert "● Đã có người" in words_of(page)
    assert "Hạnh" not in page.text


def test_any_day_of_the_week_gives_its_week(town: Town, clerk: Browser) -> None:
    pages = [words_of(clerk.get(f"/staff/print/phuong-duc/week?of={MONDAY + timedelta(days=n)}")) for n in (0, 3, 6)]
    assert len({page.partition("âl")[0] for page in pages}) == 1
    assert f"T2 {MONDAY:%d/%m}" in pages[0]


def test_a_slot_that_is_not_on_every_day_has_no_field_there(town: Town, clerk: Browser) -> None:
    lines = town.world.all(PlannedSlot, commune_id=town.commune.id, name="Trưa", valid_from=LONG_AGO)
    town.world.change(lines[0], weekdays="56")
    town.world.change(town.commune, office_hours=EVERY_DAY)
    page = clerk.get(WEEK).text
    assert page.count('<td class="none">') == 2 * 5
    assert len(re.findall(r'<th scope="row">', page)) == 2 * 4


def test_the_days_list_has_who_comes_when_with_the_number(town: Town, clerk: Browser) -> None:
    world, day = town.world, TODAY + timedelta(days=1)
    world.booking(town.kit, town.owner, day, "sang", status=Status.APPROVED)
    world.booking(town.second_kit, town.neighbour, TODAY, "toi", status=Status.OUT)
    world.booking(town.second_kit, town.owner, day, "toi", status=Status.REQUESTED)
    page = words_of(clerk.get(f"/staff/print/phuong-duc/day?of={day}"))
    assert page.index("7h30 ← Nhận lại PD-2") < page.index("7h45 → Giao PD-1") < page.index("11h15 ← Nhận lại PD-1")
    assert "Lê Văn Bình" in page
    assert page.count("0912 345 678") == 2
    assert page.count("☐ CCCD") == 1
    assert "→ Giao PD-2" not in page, "it is not approved"


def test_a_kit_that_is_late_is_on_the_list_of_the_next_day(town: Town, clerk: Browser) -> None:
    before = TODAY - timedelta(days=3)
    town.world.booking(town.kit, town.owner, before, "sang", status=Status.OUT)
    assert "⚠" in words_of(clerk.get("/staff/print/phuong-duc/day"))


def test_a_day_without_work_says_so(town: Town, clerk: Browser) -> None:
    assert "Ngày này không có bộ nào giao hay nhận lại." in words_of(clerk.get("/staff/print/phuong-duc/day"))


def test_posters_lead_to_the_commune_and_to_each_kit(town: Town, clerk: Browser) -> None:
    page = words_of(clerk.get("/staff/print/phuong-duc/poster"))
    assert "Mượn bộ livestream" in page
    assert "http://localhost/communes/phuong-duc Mở máy ảnh" in page
    kit = words_of(clerk.get(f"/staff/print/phuong-duc/poster?kit={town.kit.code}"))
    assert f"http://localhost/communes/phuong-duc#{town.kit.code}" in kit
    assert "Trụ sở Phú Túc cũ" in kit


@pytest.mark.parametrize(
    "path",
    ["week?of=never", "week?of=0001-01-01", "day?of=9999-12-31", "poster?kit=DX-1", "poster?kit=x"],
)
def test_what_is_not_there_is_not_found(town: Town, clerk: Browser, path: str) -> None:
    assert clerk.get(f"/staff/print/phuong-duc/{path}").status_code == 404


def test_the_list_leads_to_every_sheet(town: Town, clerk: Browser) -> None:
    page = clerk.get("/staff/print").text
    paths = re.findall(r'href="(/staff/print/[^"]+)"', page)
    assert len(paths) == 3 + 2 + 1 + 2
    assert {clerk.get(path).status_code for path in paths} == {200}
    assert "dai-xuyen" not in page


def test_whoever_has_many_communes_chooses_one_first(town: Town) -> None:
    for name in ("Phú Xuyên", "Chuyên Mỹ", "Vân Từ"):
        town.world.commune(name, kits=0, has_clerk=False)
    operator = town.browser(town.operator)
    page = operator.get("/staff/print").text
    assert 'href="/staff/print?commune=phuong-duc"' in page
    assert "/week" not in page
    assert "/staff/print/phuong-duc/week" in operator.get("/staff/print?commune=phuong-duc").text
