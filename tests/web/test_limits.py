"""How often things may be tried, on both databases, because the counters are rows."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from kit_booking.clock import utc_now
from kit_booking.database import db
from kit_booking.models import Message, Throttle
from kit_booking.services.sign_in import sign_in
from kit_booking.services.sign_in.sign_in import (
    CODES_A_DAY,
    CODES_A_NUMBER,
    CODES_AN_ADDRESS,
    CODES_TO_STRANGERS,
    CODES_WINDOW,
    PASSWORD_TRIES,
    send_code,
)
from tests.support.builders import PASSWORD
from tests.support.databases import on_both
from tests.support.town import NUMBER, Town, where, words_of
from tests.times import NOW

DAY = timedelta(days=1)

pytestmark = on_both  # The counters are rows.


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here codes are asked for one right after the other, which is not meant as a double tap."""
    monkeypatch.setattr(sign_in, "CODES_AT_ONCE", 99)


def used_up(town: Town, key: str, count: int, window: timedelta) -> None:
    """So many tries were made in the running window and, should it end during the test, in the next one."""
    with town.app.app_context(), Session(db.engine) as session:
        for at in (utc_now(), utc_now() + window):
            start = at.timestamp() // window.total_seconds() * window.total_seconds()
            session.merge(Throttle(key=key, window_at=datetime.fromtimestamp(start, at.tzinfo), count=count))
        session.commit()


def test_a_number_gets_three_codes_in_a_quarter_of_an_hour(town: Town) -> None:
    def ask(now: datetime, number: str = NUMBER) -> bool:
        return town.world.do(send_code, number, "203.0.113.1", now=now) is None

    assert [ask(NOW) for _ in range(5)] == [True, True, True, False, False]
    assert ask(NOW, "+84987654321")
    assert not ask(NOW + timedelta(minutes=14))
    assert ask(NOW + timedelta(minutes=15))
    assert len(town.world.all(Message)) == 5


def test_whoever_has_to_wait_is_told_so_and_keeps_the_number(town: Town) -> None:
    used_up(town, f"code:{NUMBER}", CODES_A_NUMBER, CODES_WINDOW)
    answer = town.browser().post("/sign-in", phone="0912 345 678")
    assert answer.status_code == 429
    assert "Đã gửi nhiều mã rồi" in words_of(answer)
    assert 'value="0912 345 678"' in answer.text


def test_who_asks_for_a_fourth_code_stays_at_the_field_for_the_third(town: Town) -> None:
    phone = town.browser()
    for _ in range(3):
        assert where(phone.post("/sign-in", phone="0912 345 678")) == "303 /sign-in/code"
    answer = phone.post("/sign-in", phone="0912 345 678")
    assert answer.status_code == 429
    assert "mới gửi thêm được" in words_of(answer)
    assert 'name="code"' in answer.text
    code = re.findall(r"\d{6}", town.world.all(Message)[-1].body)[0]
    assert where(phone.post("/sign-in/code", code=code)).startswith("303 ")


def test_an_address_gets_so_many_codes_a_day(town: Town) -> None:
    used_up(town, "code-address:127.0.0.1", CODES_AN_ADDRESS, DAY)
    assert town.browser().post("/sign-in", phone="0987654321").status_code == 303, "answered like any other"
    assert town.world.all(Message) == []
    elsewhere = town.browser()
    elsewhere.client.environ_base["REMOTE_ADDR"] = "203.0.113.7"
    elsewhere.post("/sign-in", phone="0987654321")
    town.browser().post("/sign-in", phone=town.owner.phone)
    assert {text.to for text in town.world.all(Message)} == {"+84987654321", town.owner.phone}


def test_codes_to_invented_numbers_lock_no_household_out(town: Town) -> None:
    used_up(town, "code-stranger", CODES_TO_STRANGERS, DAY)
    for phone in ("0987654321", town.owner.phone):
        assert town.browser().post("/sign-in", phone=phone).status_code == 303
    assert [text.to for text in town.world.all(Message)] == [town.owner.phone]


def test_an_ipv6_line_counts_as_one_address(town: Town) -> None:
    def ask(last: int) -> bool:
        number, address = f"+8498765{last:04}", f"2001:db8:1:2::{last:x}"
        town.world.do(send_code, number, address, now=NOW)
        return bool(town.world.all(Message, to=number))

    used_up(town, "code-address:2001:db8:1:2::/64", CODES_AN_ADDRESS - 2, DAY)
    assert [ask(number) for number in range(3)] == [True, True, False]
    town.world.do(send_code, NUMBER, "2001:db8:1:3::1", now=NOW)
    assert town.world.all(Message, to=NUMBER)


def test_all_together_get_so_many_codes_a_day(town: Town) -> None:
    used_up(town, "code", CODES_A_DAY, DAY)
    assert town.browser().post("/sign-in", phone="0987654321").status_code == 429


def test_a_password_is_tried_so_often_then_even_the_right_one_waits(town: Town) -> None:
    member = town.world.staff_with_password(town.commune, username="canbo")
    used_up(town, "password:canbo@127.0.0.1", PASSWORD_TRIES, CODES_WINDOW)
    answer = town.browser().post("/staff/sign-in", username="canbo", password=PASSWORD)
    assert answer.status_code == 429
    assert "Đã thử quá nhiều lần" in words_of(answer)
    used_up(town, "password:canbo@127.0.0.1", 0, CODES_WINDOW)
    assert town.browser().post("/staff/sign-in", username=member.username, password=PASSWORD).status_code == 303


def test_an_address_can_not_go_through_all_accounts(town: Town) -> None:
    used_up(town, "password-address:127.0.0.1", 5 * PASSWORD_TRIES, CODES_WINDOW)
    town.world.staff_with_password(town.commune, username="khac")
    assert town.browser().post("/staff/sign-in", username="khac", password=PASSWORD).status_code == 429


def test_the_header_of_a_forwarder_is_not_believed(town: Town) -> None:
    used_up(town, "code-address:127.0.0.1", CODES_AN_ADDRESS, DAY)
    browser = town.browser()
    browser.client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.9"
    browser.post("/sign-in", phone="0987654321")
    assert town.world.all(Message) == []
