"""The office's pages of closures: writing one down, settling its bookings, ending it, and the holidays."""

import re
from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import AuditEntry, Booking, Closure, Hold, Household, Message
from kit_booking.services.closures.reading import closures_between
from kit_booking.web.frame.formats import day as day_word
from tests.support.town import Browser, Town, where, words_of
from tests.times import at


def fields(town: Town, **more: object) -> dict[str, object]:
    day = local_day(utc_now()) + timedelta(days=2)
    usual = {"what": town.kit.code, "from_day": day, "until_day": day, "reason": "Bộ hỏng đèn", "save": "1"}
    return {**usual, **more}


def in_it(town: Town, key: str = "toi", status: Status = Status.APPROVED, of: Household | None = None) -> Booking:
    day = local_day(utc_now()) + timedelta(days=2)
    return town.world.booking(town.kit, of or town.owner, day, key, status=status, asked_at=utc_now())


@pytest.fixture
def clerk(town: Town) -> Browser:
    return town.browser(town.clerk)


def test_a_broken_kit_is_closed_at_once_and_the_bookings_in_it_are_shown(town: Town, clerk: Browser) -> None:
    booking = in_it(town)
    answer = clerk.post("/staff/closures/new", fields(town))
    [closure] = town.world.all(Closure)
    assert where(answer) == f"303 /staff/closures/{closure.id}"
    page = words_of(clerk.get(f"/staff/closures/{closure.id}"))
    for said in ("Đã ghi nghỉ.", "Bộ hỏng đèn", "Phiếu nằm trong thời gian nghỉ (1)", "Nguyễn Thị Hạnh"):
        assert said in page
    assert f"chuyển sang bộ {town.second_kit.code} ở Phú Túc" in page
    assert booking.code in page


def test_the_fortnight_says_when_and_why_until_it_is_over(town: Town, clerk: Browser) -> None:
    clerk.post("/staff/closures/new", fields(town, reason="Hỏng <đèn>"))
    [closure] = town.world.all(Closure)
    page = town.browser().get("/communes/phuong-duc")
    day = local_day(utc_now()) + timedelta(days=2)
    assert words_of(page).count(f"{day:%d/%m}: Hỏng <đèn>") == 1
    assert words_of(page).count("✕ Nghỉ") == 1 + 1, "once, and the signs"
    assert words_of(page).count("✕ nghỉ") == 5, "its slots and the evening before"
    assert "<đèn>" not in page.text
    assert ": Hỏng <đèn>" in words_of(clerk.get("/staff/communes/phuong-duc"))
    clerk.post(f"/staff/closures/{closure.id}/end")
    assert words_of(town.browser().get("/communes/phuong-duc")).count("✕ Nghỉ") == 1


def test_a_preview_saves_nothing_and_keeps_what_was_typed(town: Town, clerk: Browser) -> None:
    in_it(town)
    typed = {name: value for name, value in fields(town, preview="1").items() if name != "save"}
    answer = clerk.post("/staff/closures/new", typed)
    page = words_of(answer)
    assert answer.status_code == 200
    assert "Có 1 phiếu nằm trong thời gian này." in page
    assert "Nguyễn Thị Hạnh" in page
    assert 'value="Bộ hỏng đèn"' in answer.text
    assert town.world.all(Closure) == []
    quiet = clerk.post("/staff/closures/new", typed | {"what": town.second_kit.code})
    assert "Không có phiếu nào trong thời gian này." in words_of(quiet)


def test_the_counter_leads_here_with_kit_and_reason(town: Town, clerk: Browser) -> None:
    page = clerk.get(f"/staff/closures/new?kit={town.second_kit.code}&reason=Gãy chân máy").text
    assert re.search(rf'<option selected value="{town.second_kit.code}">', page)
    assert 'value="Gãy chân máy"' in page
    assert f'value="{local_day(utc_now())}"' in page
    assert re.search(r'name="from_time"[^>]* value="\d\d:\d\d"', page)


def test_days_are_whole_unless_times_are_given(town: Town, clerk: Browser) -> None:
    day = local_day(utc_now()) + timedelta(days=3)
    clerk.post("/staff/closures/new", fields(town, from_day=day, until_day=day + timedelta(days=1)))
    clerk.post(
        "/staff/closures/new", fields(town, from_day=day, from_time="08:30", until_day=day, until_time="11:00")
    )
    clerk.post("/staff/closures/new", fields(town, what="*phuong-duc", from_day=day, until_day=day))
    assert [(closure.kit_id, closure.from_at, closure.until_at) for closure in town.world.all(Closure)] == [
        (town.kit.id, at(day, "00:00"), at(day + timedelta(days=2), "00:00")),
        (town.kit.id, at(day, "08:30"), at(day, "11:00")),
        (None, at(day, "00:00"), at(day + timedelta(days=1), "00:00")),
    ]


def test_an_end_at_midnight_is_said_as_the_end_of_the_day_before(town: Town, clerk: Browser) -> None:
    first = local_day(utc_now()) + timedelta(days=3)
    last = first + timedelta(days=2)
    clerk.post("/staff/closures/new", fields(town, from_day=first, from_time="08:30", until_day=last))
    page = words_of(clerk.get(f"/staff/closures/{town.world.all(Closure)[-1].id}"))
    assert f"8h30 {day_word(first, utc_now())} – hết {day_word(last, utc_now())}" in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reason": "  "}, "Lý do"),
        ({"from_day": ""}, "Nghỉ từ ngày"),
        ({"until_day": "31/02/2027"}, "Đến ngày"),
        ({"until_day": "2020-01-01"}, "Lúc nghỉ xong phải sau lúc bắt đầu nghỉ."),
        ({"from_day": "2020-01-01", "until_day": "2020-01-02"}, "Lúc này đã qua."),
        ({"from_day": "9999-12-31", "until_day": "9999-12-31"}, "Xin xem lại năm."),
        ({"from_time": "25:00"}, "Từ giờ"),
        ({"what": "DX-1"}, "Nghỉ bộ nào"),
        ({"what": "*dai-xuyen"}, "Nghỉ bộ nào"),
        ({"what": ""}, "Nghỉ bộ nào"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    town: Town, clerk: Browser, wrong: dict[str, object], said: str
) -> None:
    answer = clerk.post("/staff/closures/new", fields(town, **{"reason": "Gãy chân máy", **wrong}))
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 1
    assert said in words_of(answer)
    assert "Gãy chân máy" in answer.text or "reason" in wrong
    assert town.world.all(Closure) == []


def test_a_foreign_kit_can_not_be_closed(town: Town) -> None:
    town.browser(town.foreign_clerk).post("/staff/closures/new", fields(town))
    town.browser(town.foreign_clerk).post("/staff/closures/new", fields(town, what="*phuong-duc"))
    assert town.world.all(Closure) == []


def test_each_booking_in_a_closure_is_moved_or_cancelled(town: Town, clerk: Browser) -> None:
    evening, morning = in_it(town), in_it(town, "sang", of=town.neighbour)
    closure = town.closure()
    path = f"/staff/closures/{closure}/bookings"
    assert (
        where(clerk.post(path, plan=f"{town.world.seen(evening)}>{town.second_kit.code}"))
        == f"303 /staff/closures/{closure}"
    )
    assert "Đã xong: chuyển 1 phiếu. Các hộ được nhắn tin sau 2 phút." in words_of(
        clerk.get(f"/staff/closures/{closure}")
    )
    clerk.post(path, plan=str(town.world.seen(morning)))
    page = words_of(clerk.get(f"/staff/closures/{closure}"))
    assert "Đã xong: hủy 1 phiếu." in page
    assert "Không có phiếu nào trong thời gian nghỉ" in page
    assert town.world.fresh(evening).kit_id == town.second_kit.id
    assert town.world.fresh(morning).status == Status.CANCELLED
    assert [text.kind for text in town.world.all(Message)] == [Kind.MOVED, Kind.CLOSED]
    assert "Lý do: Bộ hỏng đèn" in words_of(town.browser(town.neighbour).get(f"/bookings/{morning.code}"))


def test_all_at_once_does_what_is_proposed_for_each(town: Town, clerk: Browser) -> None:
    evening, morning, midday = in_it(town), in_it(town, "sang"), in_it(town, "trua", Status.REQUESTED)
    town.world.booking(town.second_kit, town.neighbour, morning.day, "sang")
    closure = town.closure()
    page = clerk.get(f"/staff/closures/{closure}").text
    form = page[page.index('<form class="approve"') : page.index("Làm theo đề nghị: chuyển 2 phiếu, hủy 1 phiếu")]
    plan = re.findall(r'name="plan" value="([^"]*)"', form)
    assert sorted(plan) == sorted(
        [
            f"{town.world.seen(evening)}>{town.second_kit.code}",
            str(town.world.seen(morning)),
            f"{town.world.seen(midday)}>{town.second_kit.code}",
        ]
    )
    clerk.post(f"/staff/closures/{closure}/bookings", plan=plan)
    assert "Đã xong: chuyển 2 phiếu, hủy 1 phiếu." in words_of(clerk.get(f"/staff/closures/{closure}"))
    kinds = sorted(text.kind for text in town.world.all(Message))
    assert kinds == [Kind.CLOSED, Kind.MOVED, Kind.MOVED]
    clerk.post(f"/staff/closures/{closure}/bookings", plan=plan)
    assert "3 phiếu đã xong từ trước." in words_of(clerk.get(f"/staff/closures/{closure}"))
    assert len(town.world.all(Message)) == 3


def test_a_kit_that_was_taken_meanwhile_leaves_the_booking_where_it_is(town: Town, clerk: Browser) -> None:
    evening = in_it(town)
    closure = town.closure()
    town.world.booking(town.second_kit, town.neighbour, evening.day, "toi")
    clerk.post(f"/staff/closures/{closure}/bookings", plan=f"{town.world.seen(evening)}>{town.second_kit.code}")
    page = words_of(clerk.get(f"/staff/closures/{closure}"))
    assert "1 phiếu chưa chuyển được, vì bộ kia vừa có người." in page
    assert "hủy, vì không còn bộ nào trống giờ này" in page
    assert town.world.fresh(evening).status == Status.APPROVED


def test_what_is_no_booking_of_this_closure_is_left_alone(town: Town, clerk: Browser) -> None:
    elsewhere = town.world.booking(town.second_kit, town.owner, local_day(utc_now()) + timedelta(days=2))
    foreign_kit = town.world.kits(town.elsewhere)[0]
    foreign = town.world.booking(foreign_kit, town.owner, local_day(utc_now()) + timedelta(days=2))
    closure = town.closure()
    seen = [str(town.world.seen(booking)) for booking in (elsewhere, foreign)]
    for plan in (*seen, elsewhere.code, "NOTHING", "", f"{seen[1]}>PD-2"):
        answer = clerk.post(f"/staff/closures/{closure}/bookings", plan=plan)
        assert where(answer) == f"303 /staff/closures/{closure}"
    assert town.world.fresh(elsewhere).status == town.world.fresh(foreign).status == Status.REQUESTED
    assert town.world.all(Message) == []


def test_a_kit_that_is_out_only_comes_back(town: Town, clerk: Browser) -> None:
    in_it(town, status=Status.OUT)
    closure = town.closure()
    answer = clerk.get(f"/staff/closures/{closure}")
    assert "Bộ đang ở nhà này" in words_of(answer)
    assert 'name="plan"' not in answer.text


def test_the_nearest_kit_is_proposed_first(town: Town, clerk: Browser) -> None:
    far = town.world.kit(town.world.place(town.commune, "Hoàng Long"))
    near_home = town.world.kit(town.world.place(town.commune, "Văn Hoàng"))
    of = town.world.household(town.commune, village="làng văn hoàng")
    booking = in_it(town, of=of)
    page = clerk.get(f"/staff/closures/{town.closure()}").text
    proposed = re.findall(rf'name="plan" value="{booking.code} [^">]+>([^"]+)"', page)
    assert proposed == [town.second_kit.code, near_home.code, far.code], "its place, then that of the village"


def test_changing_and_ending_are_said_and_open_the_slots(town: Town, clerk: Browser) -> None:
    closure = town.closure()
    day = local_day(utc_now()) + timedelta(days=2)
    shorter = {"from_day": day, "until_day": day, "until_time": "12:00", "reason": "Sắp xong"}
    assert where(clerk.post(f"/staff/closures/{closure}", shorter)) == f"303 /staff/closures/{closure}"
    page = words_of(clerk.get(f"/staff/closures/{closure}"))
    assert "Đã đổi." in page
    assert "Sắp xong" in page
    assert [hold.until_at for hold in town.world.all(Hold)] == [at(day, "12:00")]
    assert where(clerk.post(f"/staff/closures/{closure}/end")) == "303 /staff/closures"
    page = words_of(clerk.get("/staff/closures"))
    assert "Hết nghỉ." in page
    assert "Không có bộ nào nghỉ." in page
    assert town.world.all(Hold) == []
    clerk.post(f"/staff/closures/{closure}/end")
    assert "đã kết thúc từ trước" in words_of(clerk.get("/staff/closures"))
    clerk.post(f"/staff/closures/{closure}", shorter)
    assert "đã kết thúc từ trước" in words_of(clerk.get(f"/staff/closures/{closure}"))


def test_a_wrong_change_opens_the_form_with_what_was_typed(town: Town, clerk: Browser) -> None:
    answer = clerk.post(f"/staff/closures/{town.closure()}", {"from_day": "2030-01-02", "reason": "Sắp xong"})
    assert answer.status_code == 422
    assert '<details class="card" open>' in answer.text
    assert 'value="Sắp xong"' in answer.text
    assert 'value="2030-01-02"' in answer.text


def test_the_list_says_what_is_still_to_do(town: Town, clerk: Browser) -> None:
    in_it(town)
    in_it(town, "sang", Status.OUT)
    town.closure()
    page = words_of(clerk.get("/staff/closures"))
    assert f"{town.kit.code} · Phú Túc" in page
    assert "1 phiếu cần chuyển hoặc hủy" in page
    assert "Bộ hỏng đèn" not in words_of(town.browser(town.foreign_clerk).get("/staff/closures"))


@pytest.mark.parametrize("reader", ["leader", "operator"])
def test_who_may_only_look_has_no_buttons(town: Town, reader: str) -> None:
    in_it(town)
    browser, closure = town.browser(getattr(town, reader)), town.closure()
    for path in ("/staff/closures", f"/staff/closures/{closure}"):
        page = browser.get(path).text
        assert "Bộ hỏng đèn" in page
        assert 'name="plan"' not in page
        assert 'action="/staff/closures' not in page
        assert "/staff/closures/new" not in page


def test_holidays_are_proposed_and_confirmed_by_a_tick(town: Town, clerk: Browser) -> None:
    page = clerk.get("/staff/closures")
    assert "Tết Nguyên Đán" in words_of(page)
    assert "Đại Xuyên" not in words_of(page)
    keys = re.findall(r'name="holiday" value="([^"]+)"', page.text)
    assert len(keys) >= 5
    assert where(clerk.post("/staff/closures/holidays", holiday=[keys[0], "dai-xuyen/2027-01-01", "x"])) == (
        "303 /staff/closures"
    )
    page = clerk.get("/staff/closures")
    assert "Đã ghi nghỉ 1 dịp lễ." in words_of(page)
    assert keys[0] not in page.text
    [closure] = town.world.all(Closure)
    assert (closure.commune_id, closure.kit_id) == (town.commune.id, None)
    assert {hold.kit_id for hold in town.world.all(Hold)} == {town.kit.id, town.second_kit.id}
    clerk.post("/staff/closures/holidays", holiday=keys[0])
    assert "Chưa đánh dấu ngày lễ nào mới." in words_of(clerk.get("/staff/closures"))
    assert len(town.world.all(Closure)) == 1


def test_feeds_show_what_is_closed_for_which_kit(town: Town) -> None:
    closure = town.closure()
    row = town.world.all(Closure)[0]
    kits = [town.kit.id, town.second_kit.id]
    span = Span(row.from_at, row.until_at)
    [told] = town.world.do(closures_between, kits, span.from_at, span.until_at)
    assert (told.kit_id, told.reason) == (town.kit.id, "Bộ hỏng đèn")
    assert (told.from_at, told.until_at) == (row.from_at, row.until_at)
    assert town.world.do(closures_between, kits, span.until_at, span.until_at + timedelta(days=1)) == []
    town.browser(town.clerk).post(f"/staff/closures/{closure}/end")
    assert town.world.do(closures_between, kits, span.from_at, span.until_at) == []


def test_who_may_not_act_changes_nothing(town: Town) -> None:
    booking, closure = in_it(town), town.closure()
    for reader in (None, town.owner, town.foreign_clerk, town.leader, town.operator):
        browser = town.browser(reader)
        browser.post("/staff/closures/new", fields(town, what=town.second_kit.code))
        browser.post(f"/staff/closures/{closure}/end")
        browser.post(f"/staff/closures/{closure}/bookings", plan=booking.code)
    assert town.world.fresh(booking).status == Status.APPROVED
    [row] = town.world.all(Closure)
    assert row.called_off_at is None
    assert [entry.action for entry in town.world.all(AuditEntry, booking_id=None)] == ["closed"]


def test_approving_in_closed_time_says_so_first_and_asks_why(town: Town, clerk: Browser) -> None:
    booking = in_it(town, status=Status.REQUESTED)
    town.closure()
    path = f"/staff/bookings/{booking.code}"
    assert clerk.post(f"{path}/approve").headers["Location"] == f"{path}?closed=1"
    page = words_of(clerk.get(f"{path}?closed=1"))
    assert "Chưa làm gì: giờ này bộ đang ghi là nghỉ" in page
    assert town.world.fresh(booking).status == Status.REQUESTED
    assert where(clerk.post(f"{path}/approve", reason="Đèn đã sửa xong")) == "303 /staff"
    assert town.world.fresh(booking).status == Status.APPROVED
    assert "Chưa làm gì" not in words_of(clerk.get(f"{path}?closed=1"))


def test_a_household_reads_why_it_can_not_have_an_offer_in_closed_time(town: Town) -> None:
    booking, phone = in_it(town, status=Status.OFFERED), town.browser(town.owner)
    town.closure()
    path = f"/bookings/{booking.code}"
    assert phone.post(f"{path}/accept").headers["Location"] == f"{path}?closed=1"
    assert "vừa phải tạm ngừng cho mượn" in words_of(phone.get(f"{path}?closed=1"))
    assert town.world.fresh(booking).status == Status.OFFERED
