"""Phone numbers as people type them: which are mobile ones of Vietnam, and how each is shown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.phone import (
    MODERN_PREFIXES,
    PhoneProblem,
    dialled,
    masked,
    modern_form,
    national,
    parse_mobile,
)
from tests.domain.typed import ANYTHING


@pytest.mark.parametrize(
    "typed",
    [
        "0912345678",
        "0912 345 678",
        "0912.345.678",
        "0912-345-678",
        "0912–345–678",
        "(0912) 345678",
        "+84 912 345 678",
        "84912345678",
        "0084912345678",
        "+84 (0)912345678",
        "+840912345678",
        "912345678",
        "０９１２３４５６７８",
        "ĐT: 0912345678",
        "anh Bính 0912345678",
        "o912345678",
        "0 9 1 2 3 4 5 6 7 8",
        "\u202a0912\u00a0345\u00a0678\u202c ",
    ],
)
def test_a_mobile_number_is_understood_however_it_is_typed(typed: str) -> None:
    assert parse_mobile(typed) == "+84912345678"
    assert modern_form(typed) is None


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", PhoneProblem.EMPTY),
        (" \t", PhoneProblem.EMPTY),
        ("không có", PhoneProblem.NOT_A_NUMBER),
        ("113", PhoneProblem.NOT_A_NUMBER),
        ("091234567", PhoneProblem.NOT_A_NUMBER),
        ("09123456789", PhoneProblem.NOT_A_NUMBER),
        ("0890123456", PhoneProblem.NOT_A_NUMBER),
        ("0123 456 789", PhoneProblem.NOT_A_NUMBER),
        ("0912345678 (anh Bính)", PhoneProblem.NOT_A_NUMBER),
        ("09I2345678", PhoneProblem.NOT_A_NUMBER),
        ("0912 ABC DEF", PhoneProblem.NOT_A_NUMBER),
        ("0912345678#5", PhoneProblem.NOT_A_NUMBER),
        ("+84+84912345678", PhoneProblem.NOT_A_NUMBER),
        ("+1 900 12", PhoneProblem.NOT_A_NUMBER),
        ("04 3385 4321", PhoneProblem.NOT_A_NUMBER),
        ("9" * 300, PhoneProblem.SEVERAL_NUMBERS),
        ("0912345678/0987654321", PhoneProblem.SEVERAL_NUMBERS),
        ("0912345678;0987654321", PhoneProblem.SEVERAL_NUMBERS),
        ("0912345678 hoặc 024 3385 4321", PhoneProblem.SEVERAL_NUMBERS),
        ("912345678 987654321", PhoneProblem.SEVERAL_NUMBERS),
        ("024 3385 4321", PhoneProblem.LANDLINE),
        ("+84 24 3385 4321", PhoneProblem.LANDLINE),
        ("1900 1234", PhoneProblem.NOT_MOBILE),
        ("1800 1234", PhoneProblem.NOT_MOBILE),
        ("+1 202 555 0123", PhoneProblem.FOREIGN),
        ("008613812345678", PhoneProblem.FOREIGN),
        ("+44 1234 567890", PhoneProblem.FOREIGN),
        ("0162 345 6789", PhoneProblem.OLD_ELEVEN_DIGITS),
        ("+84 (0)162 345 6789", PhoneProblem.OLD_ELEVEN_DIGITS),
        ("841623456789", PhoneProblem.OLD_ELEVEN_DIGITS),
    ],
)
def test_what_is_no_mobile_number_says_why(typed: str, problem: PhoneProblem) -> None:
    assert parse_mobile(typed) is problem


def test_more_than_seventeen_digits_are_several_numbers() -> None:
    assert parse_mobile("00" + "8" * 15) is PhoneProblem.NOT_A_NUMBER
    assert parse_mobile("00" + "8" * 16) is PhoneProblem.SEVERAL_NUMBERS


@given(ANYTHING | st.text("0123456789+ .-()/;", max_size=24))
def test_whatever_is_typed_gives_a_mobile_number_or_a_problem(typed: str) -> None:
    answer = parse_mobile(typed)
    assert isinstance(answer, PhoneProblem) or re.fullmatch(r"\+84[0-9]{9}", answer)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0120 234 5678", "0702 345 678"),
        ("+84 123 456 7890", "0834 567 890"),
        ("0162.345.6789", "0323 456 789"),
        ("01693456789", "0393 456 789"),
        ("0199 345 6789", "0593 456 789"),
    ],
)
def test_an_eleven_digit_number_is_offered_in_its_present_form(old: str, new: str) -> None:
    assert modern_form(old) == new


@pytest.mark.parametrize("prefix", MODERN_PREFIXES)
def test_every_old_prefix_became_one_that_works(prefix: str) -> None:
    old = f"0{prefix}3456789"
    assert parse_mobile(old) is PhoneProblem.OLD_ELEVEN_DIGITS
    assert parse_mobile(modern_form(old) or "") == f"+84{MODERN_PREFIXES[prefix]}3456789"


def test_no_prefix_is_listed_twice_and_others_are_unknown() -> None:
    assert len(MODERN_PREFIXES) == len(set(MODERN_PREFIXES.values())) == 21
    assert modern_form("0160 345 6789") is None
    assert modern_form("0162 345 678") is None
    assert modern_form("+44 1234 567890") is None
    assert modern_form("0912 345 678 / 0162 345 6789") is None


def test_numbers_are_shown_in_groups_and_masked_on_lists() -> None:
    assert national("+84912345678") == "0912 345 678"
    assert masked("+84912345678") == "0912 *** 678"


@pytest.mark.parametrize(
    ("stored", "digits"),
    [
        ("+842433854321", "02433854321"),
        ("024 3385 4321", "02433854321"),
        ("+84 912 345 678", "0912345678"),
        ("1900 1234", "19001234"),
        ("024 3385 4321 / 0912 345 678", None),
        ("024 3385 xxxx", None),
        ("+1 202 555 0123", None),
        ("", None),
    ],
)
def test_an_office_number_is_given_as_it_is_dialled(stored: str, digits: str | None) -> None:
    assert dialled(stored) == digits
