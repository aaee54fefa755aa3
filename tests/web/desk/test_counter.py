"""The counter's pages: handing over, taking back, what was missing, the photos and the paper."""

import re
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from kit_booking.clock import utc_now
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import to_local
from kit_booking.models import AuditEntry, Booking, HandedPart, Handover, Household, Kit, Part, Photo
from tests.support.builders import csrf_token
from tests.support.town import Browser, Town, where, words_of
from tests.web.desk.test_today import now_at_the_counter

WHOLE = {"parts-0-is_there": "y", "parts-0-count": "1", "parts-1-is_there": "y", "parts-1-count": "2"}
"""A kit of the tests: one phone, two lamps."""


def typed(moment: datetime) -> str:
    """As the browser sends what was picked in a field of day and time."""
    return f"{to_local(moment):%Y-%m-%dT%H:%M}"


@pytest.fixture
def clerk(town: Town) -> Browser:
    return town.browser(town.clerk)


@pytest.fixture
def going(town: Town) -> Booking:
    """Its kit is to go out now."""
    return now_at_the_counter(town, Status.APPROVED, 0)


@pytest.fixture
def out(town: Town) -> Booking:
    """Its kit is out, and was due an hour ago."""
    return now_at_the_counter(town, Status.OUT, -3)


def give(clerk: Browser, booking: Booking, **fields: object) -> TestResponse:
    return clerk.post(f"/staff/bookings/{booking.code}/hand-over", fields)


def take(clerk: Browser, booking: Booking, **fields: object) -> TestResponse:
    return clerk.post(f"/staff/bookings/{booking.code}/take-back", fields)


def seen(town: Town) -> list[tuple[str, int, int, bool]]:
    return [(part.name, part.expected, part.count, part.is_broken) for part in town.world.all(HandedPart)]


def test_one_click_on_today_hands_over_and_one_takes_back(town: Town, clerk: Browser, going: Booking) -> None:
    action = f'action="/staff/bookings/{going.code}/'
    assert f'{action}hand-over"' in clerk.get("/staff").text
    assert where(give(clerk, going, all="1")) == "303 /staff"
    page = clerk.get("/staff")
    assert f"Đã giao bộ {town.kit.code} cho hộ Nguyễn Thị Hạnh." in words_of(page)
    assert f'href="/staff/bookings/{going.code}/receipt"' in page.text
    [handover] = town.world.all(Handover)
    assert (handover.way, handover.person, handover.saw_id) == (Direction.OUT, "Nguyễn Thị Hạnh", True)
    assert seen(town) == [("điện thoại", 1, 1, False), ("đèn", 2, 2, False)]

    assert f'{action}take-back"' in page.text or local_midnight_is_near()
    assert where(take(clerk, going, all="1")) == "303 /staff"
    assert f"Đã nhận lại bộ {town.kit.code} của hộ Nguyễn Thị Hạnh." in words_of(clerk.get("/staff"))
    assert town.world.fresh(going).status == Status.RETURNED


def local_midnight_is_near() -> bool:
    """Then a kit that is out for two hours is not due today."""
    return to_local(utc_now()).hour >= 21


def test_every_part_is_ticked_to_begin_with(clerk: Browser, going: Booking, out: Booking) -> None:
    for booking, way in ((going, "hand-over"), (out, "take-back")):
        page = clerk.get(f"/staff/bookings/{booking.code}/{way}")
        assert "điện thoại" in page.text
        assert len(re.findall(r"<input checked[^>]*is_there", page.text)) == 2
        assert not re.findall(r"<input checked[^>]*is_broken", page.text)
        assert not re.findall(r"<input checked[^>]*saw_id", page.text), "whether the card was seen is not guessed"


def test_what_is_ticked_and_written_is_kept(town: Town, clerk: Browser, going: Booking) -> None:
    fields = {"parts-0-is_there": "y", "parts-0-count": "1", "parts-1-is_there": "y", "parts-1-count": "1"}
    fields |= {"parts-0-is_broken": "y", "person": " Lê  Văn Con ", "saw_id": "y", "note": "màn hình xước"}
    assert where(give(clerk, going, **fields)) == "303 /staff"
    [handover] = town.world.all(Handover)
    assert (handover.person, handover.saw_id, handover.note) == ("Lê Văn Con", True, "màn hình xước")
    assert seen(town) == [("điện thoại", 1, 1, True), ("đèn", 2, 1, False)]
    words = words_of(clerk.get(f"/staff/bookings/{going.code}"))
    assert "Lê Văn Con · đã xem CCCD" in words
    assert "thiếu 1 đèn, hỏng điện thoại" in words


def test_a_part_that_is_not_ticked_is_missing_whatever_its_number_says(
    town: Town, clerk: Browser, out: Booking
) -> None:
    take(clerk, out, **{"parts-0-is_there": "y", "parts-0-count": "1", "parts-1-count": "2"})
    assert seen(town)[1] == ("đèn", 2, 0, False)


def test_what_is_missing_or_broken_leads_to_one_question(town: Town, clerk: Browser, out: Booking) -> None:
    code = out.code
    assert where(take(clerk, out, **WHOLE, **{"parts-0-is_broken": "y"})) == f"303 /staff/bookings/{code}/usable"
    question = words_of(clerk.get(f"/staff/bookings/{code}/usable"))
    assert f"Bộ {town.kit.code} còn cho mượn được không?" in question
    assert "hỏng điện thoại" in question
    assert "còn cho mượn được không (1)" in words_of(clerk.get("/staff"))

    assert where(clerk.post(f"/staff/bookings/{code}/usable", usable="yes")) == "303 /staff"
    assert town.world.all(Handover)[0].is_usable is True
    assert "còn cho mượn được không" not in words_of(clerk.get("/staff"))


def test_a_kit_out_of_service_leads_on_to_its_closure(town: Town, clerk: Browser, out: Booking) -> None:
    take(clerk, out, **{**WHOLE, "parts-1-count": "1"})
    answer = clerk.post(f"/staff/bookings/{out.code}/usable", usable="no")
    assert (
        answer.headers["Location"] == f"/staff/closures/new?kit={town.kit.code}&reason=thi%E1%BA%BFu+1+%C4%91%C3%A8n"
    )
    assert town.world.all(Handover)[0].is_usable is False
    closure = clerk.get(answer.headers["Location"])
    assert closure.status_code == 200
    assert 'value="thiếu 1 đèn"' in closure.text


def test_there_is_no_question_about_a_whole_kit(clerk: Browser, out: Booking) -> None:
    assert where(take(clerk, out, **WHOLE)) == "303 /staff"
    assert clerk.get(f"/staff/bookings/{out.code}/usable").status_code == 404
    assert clerk.post(f"/staff/bookings/{out.code}/usable", usable="no").status_code == 404


def test_what_happened_before_is_written_down_with_its_own_time(town: Town, clerk: Browser, out: Booking) -> None:
    earlier = (utc_now() - timedelta(minutes=30)).replace(second=0, microsecond=0)
    assert where(take(clerk, out, **WHOLE, happened_at=typed(earlier))) == "303 /staff"
    entry = town.world.all(AuditEntry, booking_id=out.id)[-1]
    assert entry.happened_at == earlier
    assert entry.at > earlier


@pytest.mark.parametrize("wrong", ["nonsense", "2026-13-45T99:99", "0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_time_that_is_none_is_asked_for_again_and_nothing_is_lost(
    town: Town, clerk: Browser, going: Booking, wrong: str
) -> None:
    fields = {"parts-0-is_there": "y", "parts-0-count": "1", "parts-1-count": "2", "note": "thiếu đèn"}
    answer = give(clerk, going, **fields, happened_at=wrong)
    assert answer.status_code == 422
    assert 'value="thiếu đèn"' in answer.text
    assert len(re.findall(r"<input checked[^>]*is_there", answer.text)) == 1
    assert town.world.fresh(going).status == Status.APPROVED


def test_an_impossible_time_is_refused_and_the_form_is_kept(town: Town, clerk: Browser, going: Booking) -> None:
    ahead = utc_now() + timedelta(minutes=30)
    answer = give(clerk, going, **WHOLE, happened_at=typed(ahead), note="giao hộ")
    assert answer.status_code == 409
    assert "chưa tới" in words_of(answer)
    assert 'value="giao hộ"' in answer.text
    assert f'value="{typed(ahead)}"' in answer.text


@pytest.mark.parametrize("count", ["-1", "x", "1e9", "99999999999999999999"])
def test_a_number_that_is_none_is_asked_for_again(town: Town, clerk: Browser, going: Booking, count: str) -> None:
    answer = give(clerk, going, **{**WHOLE, "parts-1-count": count})
    assert answer.status_code == 422
    assert "Ghi một số từ 0 trở lên." in words_of(answer)
    assert town.world.all(Handover) == []


def test_a_list_that_changed_meanwhile_is_shown_again(town: Town, clerk: Browser, going: Booking) -> None:
    town.world.add(Part(kit_id=town.kit.id, name="chân máy", count=1))
    answer = give(clerk, going, **WHOLE, note="vội")
    assert answer.status_code == 409
    assert "Danh sách món vừa thay đổi" in words_of(answer)
    assert "chân máy" in words_of(answer)
    assert 'value="vội"' in answer.text


def test_a_kit_that_is_still_out_names_who_has_it(town: Town, clerk: Browser, going: Booking, out: Booking) -> None:
    for fields in (WHOLE, {"all": "1"}):
        answer = give(clerk, going, **fields)
        assert answer.status_code == 409
        assert f"Bộ {town.kit.code} chưa về: hộ Nguyễn Thị Hạnh (phiếu {out.code}) chưa trả." in words_of(answer)
        assert f'href="/staff/bookings/{out.code}/take-back"' in answer.text


def test_whoever_comes_second_is_told_what_was_done_before(town: Town, clerk: Browser, going: Booking) -> None:
    other = town.browser(town.clerk)
    give(clerk, going, all="1")
    assert where(give(other, going, all="1")) == "303 /staff"
    assert "đã xong từ trước: Đang mượn" in words_of(other.get("/staff"))
    take(clerk, going, all="1")
    assert where(give(other, going, **WHOLE)) == f"303 /staff/bookings/{going.code}"
    assert "Không làm được nữa" in words_of(other.get(f"/staff/bookings/{going.code}"))


def test_a_booking_that_is_not_at_the_counter_leads_to_its_page(town: Town, clerk: Browser) -> None:
    code = town.booking().code
    for way in ("hand-over", "take-back"):
        assert where(clerk.get(f"/staff/bookings/{code}/{way}")) == f"303 /staff/bookings/{code}"


def test_who_came_after_all_is_handed_the_kit_from_the_bookings_page(
    town: Town, clerk: Browser, going: Booking
) -> None:
    town.world.change(going, pick_up_at=utc_now() - timedelta(minutes=40))
    clerk.post(f"/staff/bookings/{going.code}/no-show")
    assert "Hộ đã đến: giao bộ" in words_of(clerk.get(f"/staff/bookings/{going.code}"))
    assert where(give(clerk, going, **WHOLE)) == "303 /staff"
    assert town.world.fresh(going).strike_at is None


# Photos


def photo(name: str = "a.jpg", content: bytes | None = None) -> tuple[BytesIO, str]:
    if content is None:
        made = BytesIO()
        Image.new("RGB", (2000, 1000), "teal").save(made, "JPEG")
        content = made.getvalue()
    return BytesIO(content), name


def test_photos_are_kept_small_and_shown_to_the_communes_staff_only(town: Town, clerk: Browser, out: Booking) -> None:
    fields = {**WHOLE, "parts-0-is_broken": "y", "photos": [photo(), photo("b.txt")]}
    assert where(take(clerk, out, **fields)) == f"303 /staff/bookings/{out.code}/usable"
    first, _second = town.world.all(Photo)
    shown = clerk.get(f"/staff/bookings/{out.code}").text
    assert f'src="/staff/photos/{first.id}"' in shown

    answer = clerk.get(f"/staff/photos/{first.id}")
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("image/jpeg", "private, no-cache")
    assert Image.open(BytesIO(answer.data)).size == (1600, 800)
    again = clerk.get(f"/staff/photos/{first.id}", {"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert town.browser(town.leader).get(f"/staff/photos/{first.id}").status_code == 200
    for stranger in (None, town.owner, town.foreign_clerk):
        assert town.browser(stranger).get(f"/staff/photos/{first.id}").status_code in (303, 404)


def test_without_a_photo_the_field_is_simply_empty(town: Town, clerk: Browser, out: Booking) -> None:
    assert where(take(clerk, out, **WHOLE, photos=photo("", b""))) == "303 /staff"
    assert town.world.all(Photo) == []


@pytest.mark.parametrize(
    ("photos", "said"),
    [
        ([photo] * 4, "Tối đa 3 ảnh"),
        ([lambda: photo("x.jpg", b"<svg onload=alert(1)>")], "không phải là ảnh"),
    ],
)
def test_a_file_that_is_no_photo_is_refused_and_the_form_is_kept(
    town: Town, clerk: Browser, out: Booking, photos: list[object], said: str
) -> None:
    fields = {**WHOLE, "note": "vỡ kính", "photos": [make() for make in photos]}  # type: ignore[operator]
    answer = take(clerk, out, **fields)
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert 'value="vỡ kính"' in answer.text
    assert town.world.fresh(out).status == Status.OUT


def take_with_a_file_of(clerk: Browser, booking: Booking, megabytes: int) -> TestResponse:
    """By hand, because the test's own browser would put so much into a file and leave it open."""
    fields = {**WHOLE, "note": "vỡ kính", "csrf_token": csrf_token(clerk.client)}
    lines = [f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    lines.append('--x\r\nContent-Disposition: form-data; name="photos"; filename="a.jpg"\r\n\r\n')
    body = "".join(lines).encode() + b"x" * megabytes * 2**20 + b"\r\n--x--\r\n"
    path = f"/staff/bookings/{booking.code}/take-back"
    return clerk.client.post(path, data=body, content_type="multipart/form-data; boundary=x")


def test_one_photo_of_more_than_ten_megabytes_is_named_and_nothing_else_is_lost(clerk: Browser, out: Booking) -> None:
    answer = take_with_a_file_of(clerk, out, 11)
    assert answer.status_code == 422
    assert "mỗi ảnh tối đa 10 MB" in words_of(answer)
    assert 'value="vỡ kính"' in answer.text


def test_a_body_over_the_limit_gets_413_with_advice(clerk: Browser, out: Booking) -> None:
    answer = take_with_a_file_of(clerk, out, 33)
    assert answer.status_code == 413
    assert "Ảnh to quá" in words_of(answer)


def test_other_forms_have_the_small_limit(town: Town, clerk: Browser, going: Booking) -> None:
    for path in (f"/staff/bookings/{going.code}/hand-over", f"/staff/bookings/{going.code}/cancel", "/sign-in"):
        answer = clerk.client.post(path, data={"csrf_token": csrf_token(clerk.client), "x": "x" * 70_000})
        assert answer.status_code == 413, path


# The paper


def test_the_paper_says_who_what_and_when_and_has_room_for_two_to_sign(
    town: Town, clerk: Browser, going: Booking
) -> None:
    blank = clerk.get(f"/staff/bookings/{going.code}/receipt")
    assert blank.text.count('class="dots') == 5
    give(clerk, going, **WHOLE, person="Lê Văn Con", saw_id="y", note="màn hình xước")
    words = words_of(clerk.get(f"/staff/bookings/{going.code}/receipt"))
    for said in (
        "BIÊN BẢN GIAO NHẬN BỘ LIVESTREAM",
        "ỦY BAN NHÂN DÂN XÃ PHƯỢNG DỰC",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        going.code,
        town.kit.code,
        "Nguyễn Thị Hạnh",
        "người nhận: Lê Văn Con · đã xem CCCD",
        "màn hình xước",
        "2 đèn 2 2",
        "ĐẠI DIỆN BÊN GIAO",
        "BÊN MƯỢN",
    ):
        assert said in words
    take(clerk, going, **{**WHOLE, "parts-1-count": "1", "parts-0-is_broken": "y"})
    words = words_of(clerk.get(f"/staff/bookings/{going.code}/receipt"))
    assert "1 điện thoại 1 1 1, hỏng" in words
    assert "2 đèn 2 2 1" in words


@pytest.mark.parametrize("reader", ["leader", "operator"])
def test_who_may_only_look_hands_nothing_over(town: Town, reader: str, going: Booking) -> None:
    browser = town.browser(getattr(town, reader))
    assert browser.get(f"/staff/bookings/{going.code}/receipt").status_code == 200
    assert f"/staff/bookings/{going.code}/hand-over" not in browser.get("/staff").text
    for way in ("hand-over", "take-back"):
        assert browser.get(f"/staff/bookings/{going.code}/{way}").status_code == 403
        assert browser.post(f"/staff/bookings/{going.code}/{way}", all="1").status_code == 403
    assert town.world.fresh(going).status == Status.APPROVED


def test_a_household_has_a_long_name_and_a_kit_many_parts(town: Town, clerk: Browser) -> None:
    who: Household = town.world.household(town.commune, "Nguyễn Phước Bảo Quỳnh Hoàng Thị Kim Ngân Thục Đoan Trang")
    kit: Kit = town.second_kit
    town.world.add(*(Part(kit_id=kit.id, name=f"món {n}", count=2) for n in range(60)))
    booking = now_at_the_counter(town, Status.APPROVED, 0, kit, of=who)
    fields = {f"parts-{n}-{name}": value for n in range(62) for name, value in (("is_there", "y"), ("count", "2"))}
    fields |= {f"parts-{n}-is_broken": "y" for n in range(62)}
    assert where(give(clerk, booking, **fields)) == "303 /staff"
    assert len(town.world.all(HandedPart)) == 62
