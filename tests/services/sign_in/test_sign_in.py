"""Codes and passwords: how many, how often, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from kit_booking.database import read
from kit_booking.domain.messages.texts import CODE_LIVES, Kind
from kit_booking.models import Commune, Household, LoginCode, Message, MessageState, Staff
from kit_booking.services.sign_in import sign_in
from kit_booking.services.sign_in.sign_in import (
    SignInProblem,
    check_code,
    check_password,
    codes_today,
    enter_household,
    households_of,
    may_try_name,
    send_code,
)
from tests.support.builders import PASSWORD, World
from tests.times import NOW

PHONE, OTHER = "+84912345678", "+84987654321"
A_SECOND = timedelta(seconds=1)
WINDOW = sign_in.CODES_WINDOW


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here codes are asked for at one moment, which is not meant as a double tap."""
    monkeypatch.setattr(sign_in, "CODES_AT_ONCE", 99)


def test_two_taps_cost_one_code(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sign_in, "CODES_AT_ONCE", 1)
    first = sends(world)
    assert not sends(world)
    assert checks(world, first) is None
    again = NOW + sign_in.SENT_TWICE
    assert [bool(sends(world, now=again + n * sign_in.SENT_TWICE)) for n in range(3)] == [True, True, False]


def sends(world: World, phone: str = PHONE, address: str = "10.0.0.1", *, now=NOW) -> str:
    """The code that was sent, or "" where there were too many."""
    before = len(world.all(Message, to=phone))
    world.do(send_code, phone, address, now=now)
    if len(world.all(Message, to=phone)) == before:
        return ""
    body = world.all(Message, to=phone)[-1].body
    return next(word.strip(".") for word in body.split() if word.strip(".").isdecimal() and len(word.strip(".")) == 6)


def checks(world: World, code: str, phone: str = PHONE, *, now=NOW) -> SignInProblem | None:
    return world.do(check_code, phone, code, now=now)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_code_works_once_and_for_its_own_number(world: World):
    code = sends(world)
    assert checks(world, code, OTHER) is SignInProblem.EXPIRED
    assert checks(world, code) is None
    assert checks(world, code) is SignInProblem.EXPIRED


def test_a_code_ends_with_its_time(world: World):
    code = sends(world)
    assert checks(world, code, now=NOW + CODE_LIVES) is SignInProblem.EXPIRED
    assert checks(world, code, now=NOW + CODE_LIVES - A_SECOND) is None


def test_the_fifth_try_may_still_be_the_right_one_and_the_sixth_may_not(world: World):
    code = sends(world)
    tries = [checks(world, wrong(code)) for _ in range(sign_in.TRIES - 1)]
    assert set(tries) == {SignInProblem.WRONG}
    assert checks(world, code) is None
    code = sends(world)
    for _ in range(sign_in.TRIES):
        checks(world, wrong(code))
    assert checks(world, code) is SignInProblem.TOO_MANY


def test_a_new_code_voids_the_old_one_its_text_and_its_tries(world: World):
    old = sends(world)
    for _ in range(sign_in.TRIES):
        checks(world, wrong(old))
    new = sends(world)
    first, second = world.all(Message, kind=Kind.LOGIN_CODE)
    assert (first.state, first.body, second.state) == (MessageState.SKIPPED, "", MessageState.QUEUED)
    assert second.useful_until_at == NOW + CODE_LIVES
    assert checks(world, new) is None


def test_a_number_gets_three_codes_in_a_window_and_ten_a_day(world: World):
    sent = [bool(sends(world, now=NOW + n * A_SECOND)) for n in range(sign_in.CODES_A_NUMBER + 1)]
    assert sent == [True] * sign_in.CODES_A_NUMBER + [False]
    later = [bool(sends(world, address="10.0.0.2", now=NOW + (1 + n) * WINDOW)) for n in range(8)]
    assert sum(sent) + sum(later) == sign_in.CODES_A_NUMBER_AND_DAY


def test_an_address_gets_so_many_codes_a_day_for_numbers_that_nobody_knows(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sign_in, "CODES_AN_ADDRESS", 3)
    assert [bool(sends(world, f"+8491234567{n}")) for n in range(4)] == [True] * 3 + [False]
    assert sends(world, address="10.0.0.2")
    known = world.household(world.commune())
    assert sends(world, known.phone), "what strangers use up shuts out nobody who is known"


def test_no_answer_tells_a_known_number_from_an_unknown_one(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sign_in, "CODES_AN_ADDRESS", 1)
    known = world.household(world.commune()).phone
    sends(world, "+84987000001")

    def answers(phone: str) -> list[object]:
        return [world.do(send_code, phone, "10.0.0.1", now=NOW) for _ in range(sign_in.CODES_A_NUMBER + 1)]

    assert answers(known) == answers("+84987000002")
    assert answers(known)[-1] is not None


def test_who_asks_too_often_hears_from_when_on_it_goes_again(world: World):
    def asks(now: datetime) -> datetime | None:
        found: datetime | None = world.do(send_code, PHONE, "10.0.0.1", now=now)
        return found

    assert [asks(NOW) for _ in range(4)] == [None, None, None, NOW + WINDOW]
    tomorrow = [asks(NOW + n * WINDOW) for n in range(1, 9)]
    assert tomorrow[-1] == datetime(2026, 12, 2, tzinfo=UTC), "of the day's limit the end of the day"


def test_one_line_of_the_newer_internet_is_one_address(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sign_in, "CODES_AN_ADDRESS", 1)
    assert sends(world, "+84912345671", "2001:db8:1:1::1")
    assert not sends(world, "+84912345672", "2001:db8:1:1:ffff::2")
    assert sends(world, "+84912345673", "2001:db8:1:2::1")


def test_strangers_numbers_lock_no_household_out(world: World, commune: Commune, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sign_in, "CODES_TO_STRANGERS", 1)
    hanh = world.household(commune)
    assert sends(world, PHONE)
    assert not sends(world, OTHER)
    assert sends(world, hanh.phone)


def test_what_a_day_of_codes_may_cost_is_limited_for_all_together(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sign_in, "CODES_A_DAY", 2)
    assert [bool(sends(world, f"+8491234567{n}", f"10.0.0.{n}")) for n in range(3)] == [True, True, False]
    assert world.do(codes_today, now=NOW) == 3


def test_a_code_is_kept_as_a_hash_of_it_and_the_number(world: World):
    code = sends(world)
    [row] = world.do(read, select(LoginCode.code_hash))
    assert code not in row.code_hash
    assert len(row.code_hash) == 64


def test_after_a_year_away_the_name_is_asked(world: World, commune: Commune):
    world.household(commune, phone=PHONE, seen_at=NOW - sign_in.STALE)
    world.household(commune, "Lan", phone=PHONE, seen_at=NOW - sign_in.STALE - A_SECOND)
    assert [one.needs_name for one in world.do(households_of, PHONE, now=NOW)] == [False, True]


def test_a_name_is_guessed_five_times_in_a_window(world: World):
    assert [world.do(may_try_name, PHONE, now=NOW) for _ in range(6)] == [True] * 5 + [False]
    assert world.do(may_try_name, PHONE, now=NOW + WINDOW)


def test_who_enters_is_noted_and_an_old_number_or_an_erased_household_is_not(world: World, commune: Commune):
    hanh: Household = world.household(commune, phone=PHONE)
    later = NOW + timedelta(days=1)
    assert world.do(enter_household, hanh.id, OTHER, now=later) is None
    assert world.fresh(hanh).seen_at == NOW
    assert world.do(enter_household, hanh.id, PHONE, now=later) == hanh.session_version
    assert world.fresh(hanh).seen_at == later
    world.change(hanh, erased_at=later)
    assert world.do(enter_household, hanh.id, PHONE, now=later) is None


def test_a_password_is_tried_ten_times_in_a_window(world: World, commune: Commune):
    clerk = world.staff_with_password(commune)

    def enters(password: str, address: str = "10.0.0.1", now=NOW) -> SignInProblem | None:
        found = world.do(check_password, clerk.username, password, address, now=now)
        return found if isinstance(found, SignInProblem) else None

    assert {enters("nhầm") for _ in range(sign_in.PASSWORD_TRIES)} == {SignInProblem.WRONG}
    assert enters(PASSWORD) is SignInProblem.TOO_MANY
    assert enters(PASSWORD, "10.0.0.2") is None, "who tries elsewhere locks nobody out"
    assert enters(PASSWORD, now=NOW + WINDOW) is None


def test_right_passwords_do_not_count(world: World, commune: Commune):
    clerk = world.staff_with_password(commune)
    for _ in range(sign_in.PASSWORD_TRIES + 5):
        assert isinstance(world.do(check_password, clerk.username, PASSWORD, "10.0.0.1", now=NOW), Staff)


def test_an_account_is_not_guessed_from_many_networks_and_a_64_is_one(
    world: World, commune: Commune, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sign_in, "PASSWORD_TRIES", 2)
    monkeypatch.setattr(sign_in, "PASSWORDS_AN_ACCOUNT", 4)
    clerk = world.staff_with_password(commune)

    def tries(address: str) -> SignInProblem | None:
        found = world.do(check_password, clerk.username, "nhầm", address, now=NOW)
        return found if isinstance(found, SignInProblem) else None

    wrong, too_many = SignInProblem.WRONG, SignInProblem.TOO_MANY
    assert [tries(f"2001:db8:1:2::{number}") for number in range(3)] == [wrong, wrong, too_many]
    assert [tries(f"10.0.0.{number}") for number in range(2)] == [wrong, too_many], "whatever the network"


def test_an_account_that_left_and_a_name_that_is_nobodys_are_wrong(world: World, commune: Commune):
    left = world.staff_with_password(commune, is_active=False)
    for username in (left.username, "khong-co"):
        assert world.do(check_password, username, PASSWORD, "10.0.0.1", now=NOW) == SignInProblem.WRONG
