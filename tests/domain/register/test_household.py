"""What a household is found by, and whether it gets texts."""

import pytest

from kit_booking.domain.register.household import SEARCH_WIDTH, gets_texts, search_text, search_words
from tests.times import NOW

HANH = search_text("Nguyễn Thị Hạnh", "Đồng Vinh", "+84912345678", "02433854321")

NAMES = ["nguyen thi hanh", "Nguyễn Thị Hạnh", "HẠNH", "Ha\u0323nh", "hanh dong", "đồng vinh", "dong vinh"]
NUMBERS = ["0912 345 678", "0912345678", "+84 912 345 678", "84912345678", "345.678", "678", "(024)33854321"]


@pytest.mark.parametrize("typed", NAMES + NUMBERS)
def test_a_household_is_found_however_it_is_typed(typed: str) -> None:
    assert search_words(typed)
    assert all(word in HANH for word in search_words(typed))


@pytest.mark.parametrize("typed", ["hanh binh", "0912 345 679", "84", "dong vinh ba"])
def test_a_household_is_not_found_by_what_it_is_not(typed: str) -> None:
    assert not all(word in HANH for word in search_words(typed))


@pytest.mark.parametrize("typed", ["", "   ", "...", "😀", "\u200b"])
def test_what_has_neither_letters_nor_digits_has_no_words(typed: str) -> None:
    assert search_words(typed) == []


def test_the_longest_names_fit() -> None:
    assert len(search_text("€" * 80, "€" * 80, "+84912345678", "02433854321")) <= SEARCH_WIDTH


def test_a_number_with_the_country_code_is_searched_as_it_is_dialled_here() -> None:
    assert search_words("+84 912 345 678") == search_words("0912 345 678") == ["0912345678"]
    assert search_words("84 9123 4567") == ["8491234567"]  # Too short for one with the country code.


def test_texts_go_to_whoever_wants_them_and_has_a_number_that_works() -> None:
    assert gets_texts("+84912345678", takes_texts=True, bad_number_at=None)
    assert not gets_texts("+84912345678", takes_texts=False, bad_number_at=None)
    assert not gets_texts("", takes_texts=True, bad_number_at=None)
    assert not gets_texts("+84912345678", takes_texts=True, bad_number_at=NOW)
