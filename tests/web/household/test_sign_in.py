"""Signing in by number and code, choosing or entering a household, and staff by password."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.models import Booking, Household, Message
from kit_booking.services.register.adding import Consent, register_household
from kit_booking.services.sign_in import sign_in
from tests.support.databases import on_both
from tests.support.signing_in import code_sent_to, enter_code
from tests.support.town import NUMBER, Town, where, words_of

NEW_NUMBER = "0987 654 321"
NEWCOMER = {"name": "Lê Thị Mơ", "village": "Lưu Thượng", "craft": "mây tre", "consent": "y"}


# The number


@pytest.mark.parametrize(
    "typed",
    [
        "0912345678",
        "0912 345 678",
        "0912.345.678",
        "091-234-5678",
        "+84912345678",
        "84 912 345 678",
        "0084912345678",
        "  0912345678 ",
        "(0912) 345 678",
        "٠٩١٢٣٤٥٦٧٨",
        "０９１２３４５６７８",
        "ĐT: 0912 345 678",
        "912345678",
    ],
)
def test_a_number_works_however_it_is_typed(town: Town, typed: str) -> None:
    assert where(town.browser().post("/sign-in", phone=typed)) == "303 /sign-in/code"
    assert [message.to for message in town.world.all(Message)] == [NUMBER]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "ghi số điện thoại di động vào đây"),
        ("abc", "Số này chưa đúng"),
        ("0912 345", "Số này chưa đúng"),
        ("024 3385 4321", "số máy bàn"),
        ("1900 1234", "không nhận được tin nhắn"),
        ("+1 202 555 0123", "của Việt Nam"),
        ("0912345678; 0987654321", "ghi một số thôi"),
        ("0" * 4000, "ghi một số thôi"),
        ("<script>alert(1)</script>", "Số này chưa đúng"),
    ],
)
def test_an_impossible_number_is_explained_and_kept(town: Town, typed: str, says: str) -> None:
    answer = town.browser().post("/sign-in", phone=typed)
    assert answer.status_code == 422
    assert says in words_of(answer)
    assert 'aria-invalid="true"' in answer.text
    assert "<script>" not in answer.text
    if typed:
        assert f'value="{typed}"' in answer.text.replace("&lt;", "<").replace("&gt;", ">")
    assert not town.world.all(Message)


def test_an_old_number_of_eleven_digits_is_asked_about_and_never_changed_silently(town: Town) -> None:
    answer = town.browser().post("/sign-in", phone="0122 345 6789")
    assert answer.status_code == 422
    assert "Đúng, số 0773 456 789" in words_of(answer)
    assert not town.world.all(Message)
    suggested = re.findall(r'type="hidden" name="phone" value="([^"]+)"', answer.text)[0]
    assert where(town.browser().post("/sign-in", phone=suggested)) == "303 /sign-in/code"


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here codes are asked for one right after the other, which is not meant as a double tap."""
    monkeypatch.setattr(sign_in, "CODES_AT_ONCE", 99)


# The code


def test_the_right_code_signs_a_known_household_in(town: Town) -> None:
    browser = town.browser()
    assert enter_code(town, browser) == "303 /sign-in/household"
    page = words_of(browser.get("/sign-in/household"))
    assert "Có phải nhà mình không?" in page
    assert "Đúng, nhà Nguyễn Thị Hạnh" in page
    assert "Nhà khác dùng chung số này" in page
    assert where(browser.post("/sign-in/household", household=town.owner.id)) == "303 /bookings"
    assert "Nguyễn Thị Hạnh" in words_of(browser.get("/bookings"))


def test_spaces_and_full_width_digits_in_a_code_do_no_harm(town: Town) -> None:
    browser = town.browser()
    browser.post("/sign-in", phone=NUMBER)
    code = code_sent_to(town)
    typed = f" {code[:3]} {''.join(chr(ord(digit) + 0xFEE0) for digit in code[3:])}\n"
    assert where(browser.post("/sign-in/code", code=typed)) == "303 /sign-in/household"


def test_a_code_works_once(town: Town) -> None:
    first, second = town.browser(), town.browser()
    second.post("/sign-in", phone=NUMBER)
    first.post("/sign-in", phone=NUMBER)
    code = code_sent_to(town)
    assert where(first.post("/sign-in/code", code=code)) == "303 /sign-in/household"
    answer = second.post("/sign-in/code", code=code)
    assert answer.status_code == 422
    assert "hết hạn" in words_of(answer)


def test_a_code_expires(town: Town) -> None:
    browser = town.browser()
    browser.post("/sign-in", phone=NUMBER)
    code = code_sent_to(town)
    town.set_login_code(NUMBER, expires_at=utc_now() - timedelta(seconds=1))
    answer = browser.post("/sign-in/code", code=code)
    assert answer.status_code == 422
    assert "Mã này hết hạn rồi" in words_of(answer)


def test_sending_again_voids_the_code_before(town: Town) -> None:
    browser = town.browser()
    browser.post("/sign-in", phone=NUMBER)
    old = code_sent_to(town)
    town.set_login_code(NUMBER, code_hash="another code")  # So that the two surely differ.
    browser.post("/sign-in", phone=NUMBER)
    new = code_sent_to(town)
    if old != new:
        assert browser.post("/sign-in/code", code=old).status_code == 422
    assert where(browser.post("/sign-in/code", code=new)) == "303 /sign-in/household"
    assert [message.state for message in town.world.all(Message)] == ["skipped", "queued"]


def test_after_five_wrong_tries_even_the_right_code_is_refused(town: Town) -> None:
    browser = town.browser()
    browser.post("/sign-in", phone=NUMBER)
    code = code_sent_to(town)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        assert "Mã chưa đúng" in words_of(browser.post("/sign-in/code", code=wrong))
    assert "Đã gõ sai quá nhiều lần" in words_of(browser.post("/sign-in/code", code=code))


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "12 34"])
def test_what_is_no_code_is_explained_and_costs_no_try(town: Town, typed: str) -> None:
    browser = town.browser()
    browser.post("/sign-in", phone=NUMBER)
    answer = browser.post("/sign-in/code", code=typed)
    assert answer.status_code == 422
    assert "Mã gồm đúng 6 chữ số" in words_of(answer)
    with town.app.app_context():
        assert town.login_code(NUMBER).tries == 0


def test_the_code_is_kept_as_a_keyed_hash_only(town: Town) -> None:
    town.browser().post("/sign-in", phone=NUMBER)
    code = code_sent_to(town)
    assert code not in town.login_code(NUMBER).code_hash
    assert len(town.login_code(NUMBER).code_hash) == 64


# The household


def test_a_newcomer_enters_the_household_and_asks_in_one_step(town: Town) -> None:
    browser, slot = town.browser(), town.slot_path()
    assert enter_code(town, browser, NEW_NUMBER, slot) == f"303 /sign-in/household?next={slot}"
    answer = browser.post(f"/sign-in/household?next={slot}", NEWCOMER, sells="làn mây", streams_on="Facebook")
    booking = town.world.all(Booking)[0]
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/bookings/{booking.code}?new=1")
    assert (booking.sells, booking.streams_on, booking.status) == ("làn mây", "Facebook", "requested")
    page = words_of(browser.get(answer.headers["Location"]))
    assert booking.code in page
    assert "Đã gửi, nhà mình chờ xã duyệt" in page
    household = town.world.fresh(Household(id=booking.household_id))
    assert (household.name, household.phone, household.consent_version) == ("Lê Thị Mơ", "+84987654321", "2026-11")


def test_sent_twice_it_is_one_household_and_one_booking(town: Town) -> None:
    """A double tap sends the same cookies twice."""
    browser, slot = town.browser(), town.slot_path()
    enter_code(town, browser, NEW_NUMBER, slot)
    twin = town.browser()
    twin.client.set_cookie("session", browser.client.get_cookie("session").value)
    locations = [
        each.post(f"/sign-in/household?next={slot}", NEWCOMER).headers["Location"] for each in (browser, twin)
    ]
    assert locations[0] == locations[1]
    assert len(town.world.all(Booking)) == 1
    assert len(town.world.all(Household, phone="+84987654321")) == 1


def test_the_back_button_after_entering_leads_on_to_the_booking(town: Town) -> None:
    browser, slot = town.browser(), town.slot_path()
    enter_code(town, browser, NEW_NUMBER, slot)
    booking = browser.post(f"/sign-in/household?next={slot}", NEWCOMER).headers["Location"].partition("?")[0]
    again = browser.post(f"/sign-in/household?next={slot}", NEWCOMER)
    assert where(again) == f"303 {slot}"
    assert where(browser.get(slot)) == f"303 {booking}"


@pytest.mark.parametrize("missing", ["name", "village", "craft", "consent"])
def test_what_is_missing_is_said_and_the_rest_is_kept(town: Town, missing: str) -> None:
    browser, slot = town.browser(), town.slot_path()
    enter_code(town, browser, NEW_NUMBER, slot)
    fields = {name: value for name, value in NEWCOMER.items() if name != missing}
    for blank in ({}, {missing: "  "} if missing != "consent" else {}):
        answer = browser.post(f"/sign-in/household?next={slot}", fields, sells="làn mây", **blank)
        assert answer.status_code == 422
        assert answer.text.count('role="alert"') == 1
        assert 'value="làn mây"' in answer.text
        for name in {"name", "village", "craft"} - {missing}:
            assert f'value="{NEWCOMER[name]}"' in answer.text
    assert not town.world.all(Household, phone="+84987654321")


def test_a_number_with_several_households_chooses(town: Town) -> None:
    sister = town.world.household(town.commune, "Nguyễn Thị Mai", phone=NUMBER, seen_at=utc_now())
    browser = town.browser()
    assert enter_code(town, browser) == "303 /sign-in/household"
    page = browser.get("/sign-in/household")
    assert "Nguyễn Thị Hạnh" in words_of(page)
    assert "Nguyễn Thị Mai" in words_of(page)
    assert where(browser.post("/sign-in/household", household=sister.id)) == "303 /bookings"
    assert "Nguyễn Thị Mai" in words_of(browser.get("/bookings"))


@pytest.mark.parametrize("chosen", ["neighbour", "0", "999999999999999999999", "abc", ""])
def test_nobody_chooses_a_household_of_another_number(town: Town, chosen: str) -> None:
    town.world.household(town.commune, "Nguyễn Thị Mai", phone=NUMBER, seen_at=utc_now())
    browser = town.browser()
    enter_code(town, browser)
    answer = browser.post("/sign-in/household", household=town.neighbour.id if chosen == "neighbour" else chosen)
    assert answer.status_code == 422
    assert where(browser.get("/bookings")) == "303 /sign-in"


def test_a_household_away_for_a_year_must_give_its_name_and_sees_nothing_before(town: Town) -> None:
    town.world.change(town.owner, seen_at=utc_now() - timedelta(days=366))
    browser = town.browser()
    assert enter_code(town, browser) == "303 /sign-in/household"
    assert "Hạnh" not in browser.get("/sign-in/household").text
    assert where(browser.get("/bookings")) == "303 /sign-in"
    wrong = browser.post("/sign-in/household", household=town.owner.id, known_name="Trần Văn Khác")
    assert wrong.status_code == 422
    assert "Tên chưa khớp" in words_of(wrong)
    assert "Hạnh" not in wrong.text
    right = browser.post("/sign-in/household", household=town.owner.id, known_name="nguyen thi HANH")
    assert where(right) == "303 /bookings"


def test_its_name_can_be_guessed_five_times_only(town: Town) -> None:
    town.world.change(town.owner, seen_at=utc_now() - timedelta(days=366))
    browser = town.browser()
    enter_code(town, browser)
    for guess in ("An", "Bình", "Chi", "Dung", "Em"):
        browser.post("/sign-in/household", household=town.owner.id, known_name=guess)
    answer = browser.post("/sign-in/household", household=town.owner.id, known_name="Nguyễn Thị Hạnh")
    assert answer.status_code == 422


def test_the_steps_cannot_be_skipped(town: Town) -> None:
    browser = town.browser()
    assert where(browser.get("/sign-in/code?next=/bookings")) == "303 /sign-in"
    assert where(browser.post("/sign-in/code", code="123456")) == "303 /sign-in"
    browser.post("/sign-in", phone=NUMBER)
    assert where(browser.get("/sign-in/household")) == "303 /sign-in"
    assert where(browser.post("/sign-in/household", household=town.owner.id)) == "303 /sign-in"


@on_both
def test_a_double_tap_while_the_first_is_on_its_way_makes_one_household(town: Town) -> None:
    ready = threading.Barrier(2)

    def enter(_number: int) -> int:
        ready.wait()
        household_id, _is_new = town.world.do(
            register_household,
            town.commune.id,
            Consent("2026-11"),
            name="Lê Thị Mơ",
            village="Lưu Thượng",
            craft="mây tre",
            phone="+84987654321",
            now=utc_now(),
        )
        return household_id

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(enter, range(2)))) == 1
