"""How long a sign-in lasts, what ends it, and that households and staff are never mixed."""

from datetime import timedelta

import pytest

from kit_booking.clock import machine_now, utc_now
from kit_booking.models import AuditEntry, Staff
from kit_booking.services.sign_in import sign_in
from tests.support.builders import PASSWORD
from tests.support.signing_in import enter_code, sign_in_by_code
from tests.support.town import Browser, Town, where, words_of


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here codes are asked for one right after the other, which is not meant as a double tap."""
    monkeypatch.setattr(sign_in, "CODES_AT_ONCE", 99)


def test_a_household_is_remembered_for_90_days(town: Town) -> None:
    browser = town.browser()
    sign_in_by_code(town, browser)
    remember = browser.client.get_cookie("remember")
    assert abs(remember.expires - machine_now() - timedelta(days=90)) < timedelta(minutes=5)
    browser.client.delete_cookie("session")  # The browser was closed.
    assert browser.get("/bookings").status_code == 200


def test_signing_out_forgets_it(town: Town) -> None:
    browser = town.browser()
    sign_in_by_code(town, browser)
    assert where(browser.post("/sign-out")) == "303 /"
    assert browser.client.get_cookie("remember") is None
    assert where(browser.get("/bookings")) == "303 /sign-in"


def test_ending_every_sign_in_ends_them_and_a_new_one_works(town: Town) -> None:
    browser = town.browser()
    sign_in_by_code(town, browser)
    town.world.change(town.owner, session_version=2)
    assert where(browser.get("/bookings")) == "303 /sign-in"
    browser.client.delete_cookie("session")
    assert where(browser.get("/bookings")) == "303 /sign-in"  # The remembered one is ended, too.
    assert sign_in_by_code(town, browser) == "303 /bookings"
    assert browser.get("/bookings").status_code == 200


def test_signing_out_ends_it_for_whoever_kept_the_cookies_and_nobody_else(town: Town) -> None:
    phone, thief, other = town.browser(), town.browser(), town.browser()
    for browser in (phone, other):
        sign_in_by_code(town, browser)
    for name in ("session", "remember"):
        thief.client.set_cookie(name, phone.client.get_cookie(name).value)
    assert thief.get("/bookings").status_code == 200
    answer = phone.post("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    for _ in range(2):
        assert where(thief.get("/bookings")) == "303 /sign-in"
        thief.client.set_cookie("remember", "x")
    assert other.get("/bookings").status_code == 200


def test_a_lost_phone_is_signed_out_by_another_or_by_the_office(town: Town) -> None:
    lost, phone = town.browser(), town.browser()
    sign_in_by_code(town, lost)
    sign_in_by_code(town, phone)
    assert where(phone.post("/sign-out/everywhere")) == "303 /sign-in"
    assert where(lost.get("/bookings")) == "303 /sign-in"
    sign_in_by_code(town, lost)
    clerk = town.browser(town.clerk)
    assert "Hộ mất máy: thoát khỏi mọi máy" in words_of(clerk.get(f"/staff/households/{town.owner.id}"))
    clerk.post(f"/staff/households/{town.owner.id}/sign-out")
    assert where(lost.get("/bookings")) == "303 /sign-in"
    assert [entry.action for entry in town.world.all(AuditEntry)][-3:].count("signed_out") >= 1


def test_staff_sign_out_on_the_server_too(town: Town) -> None:
    desk, thief = town.browser(), town.browser()
    clerk_signs_in(town, desk)
    thief.client.set_cookie("session", desk.client.get_cookie("session").value)
    desk.post("/sign-out")
    assert where(thief.get("/staff")) == "303 /staff/sign-in"


NEW_PASSWORD = "đan mây tre 2026"


def test_staff_change_their_own_password_and_number(town: Town) -> None:
    desk, elsewhere = town.browser(), town.browser()
    member = clerk_signs_in(town, desk)
    assert where(elsewhere.post("/staff/sign-in", username=member.username, password=PASSWORD)) == "303 /staff"
    fields = {"mobile": "0987 654 321", "new_password": NEW_PASSWORD, "password": PASSWORD}
    assert where(desk.post("/staff/account", fields)) == "303 /staff/account"
    assert desk.get("/staff").status_code == 200
    assert where(elsewhere.get("/staff")) == "303 /staff/sign-in"
    assert town.world.fresh(member).mobile == "+84987654321"
    assert where(elsewhere.post("/staff/sign-in", username=member.username, password=NEW_PASSWORD)) == "303 /staff"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "wrong one"}, "Mật khẩu chưa đúng"),
        ({"password": ""}, "Xin ghi mật khẩu đang dùng"),
        ({"new_password": "short"}, "ít nhất 10 ký tự"),
        ({"mobile": "12"}, "error"),
    ],
)
def test_what_is_wrong_with_a_change_of_the_account_is_said_and_nothing_is_changed(
    town: Town, fields: dict[str, str], said: str
) -> None:
    desk = town.browser()
    member = clerk_signs_in(town, desk)
    answer = desk.post("/staff/account", {"mobile": "", "new_password": "", "password": PASSWORD} | fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert town.world.fresh(member).session_version == member.session_version


def clerk_signs_in(town: Town, browser: Browser) -> Staff:
    member = town.world.staff_with_password(town.commune)
    assert where(browser.post("/staff/sign-in", username=member.username.upper(), password=PASSWORD)) == "303 /staff"
    return member


def test_staff_stay_for_a_day_and_not_longer(town: Town) -> None:
    browser = town.browser()
    clerk_signs_in(town, browser)
    assert browser.client.get_cookie("remember") is None
    with browser.client.session_transaction() as session:
        left = session["staff_until"] - utc_now().timestamp()
        assert 11.9 * 3600 < left <= 12 * 3600
        session["staff_until"] -= 12 * 3600
    assert where(browser.get("/staff")) == "303 /staff/sign-in"


def test_what_was_typed_survives_the_end_of_a_sign_in(town: Town) -> None:
    browser, booking = town.browser(), town.booking()
    member = clerk_signs_in(town, browser)
    fields = {"reason": "Xã họp ở hội trường, cần cả bộ", "reader": f"staff.{member.id}"}
    with browser.client.session_transaction() as session:
        session["staff_until"] = 0
    ended = browser.post(f"/staff/bookings/{booking.code}/decline", fields)
    assert where(ended) == "303 /staff/sign-in"
    assert where(browser.post("/staff/sign-in", username=member.username, password=PASSWORD)) == "303 /staff"
    page = words_of(browser.get("/staff"))
    assert "Lần đăng nhập trước đã hết giờ" in page
    assert "Xã họp ở hội trường, cần cả bộ" in page
    assert "Xã họp ở hội trường" not in words_of(browser.get("/staff")), "it is shown once"
    assert town.world.fresh(booking).status == "requested"


def test_what_one_has_typed_is_not_shown_to_another(town: Town) -> None:
    browser, booking = town.browser(), town.booking()
    member = clerk_signs_in(town, browser)
    with browser.client.session_transaction() as session:
        session["staff_until"] = 0
    typed = {"reason": "Chuyện riêng", "reader": f"staff.{member.id}"}
    browser.post(f"/staff/bookings/{booking.code}/decline", typed)
    clerk_signs_in(town, browser)
    assert "Chuyện riêng" not in words_of(browser.get("/staff"))


def test_a_changed_password_ends_the_sign_ins(town: Town) -> None:
    browser = town.browser()
    member = clerk_signs_in(town, browser)
    town.world.change(member, session_version=2)
    assert where(browser.get("/staff")) == "303 /staff/sign-in"


def test_a_closed_account_ends_at_once_and_gets_in_no_more(town: Town) -> None:
    browser = town.browser()
    member = clerk_signs_in(town, browser)
    town.world.change(member, is_active=False)
    assert where(browser.get("/staff")) == "303 /staff/sign-in"
    answer = browser.post("/staff/sign-in", username=member.username, password=PASSWORD)
    assert answer.status_code == 422


def test_household_and_staff_are_never_mixed(town: Town) -> None:
    """One browser: a household is remembered on it, then the clerk signs in, then the clerk's day is over."""
    browser = town.browser()
    enter_code(town, browser)
    clerk_signs_in(town, browser)
    assert browser.get("/staff").status_code == 200
    assert where(browser.get("/bookings")) == "303 /sign-in"
    with browser.client.session_transaction() as session:
        session["staff_until"] = 0
    assert where(browser.get("/staff")) == "303 /staff/sign-in"
    assert where(browser.get("/bookings")) == "303 /sign-in"


def test_a_wrong_password_keeps_the_name_and_gives_no_hint(town: Town) -> None:
    member = town.world.staff_with_password(town.commune)
    answers = [
        town.browser().post("/staff/sign-in", username=name, password="wrong one")
        for name in (member.username, "nobody")
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert words_of(answers[0]) == words_of(answers[1])
    assert f'value="{member.username}"' in answers[0].text
    assert "wrong one" not in answers[0].text
