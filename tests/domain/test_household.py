"""What a household is found by."""

import pytest

from kit_booking.domain.household import SEARCH_WIDTH, search_text, search_words

HANH = search_text("Nguyễn Thị Hạnh", "Đồng Vinh", "+84912345678", "02433854321")


NAMES = ["nguyen thi hanh", "Nguyễn Thị Hạnh", "HẠNH", "Ha\u0323nh", "hanh dong", "đồng vinh", "dong vinh"]
NUMBERS = ["0912 345 678", "0912345678", "+84 912 345 678", "84912345678", "345.678", "678", "(024)33854321"]


@pytest.mark.parametrize("typed", NAMES + NUMBERS)
def test_is_found_however_it_is_typed(typed: str) -> None:
    assert search_words(typed)
    assert all(word in HANH for word in search_words(typed))


@pytest.mark.parametrize("typed", ["hanh binh", "0912 345 679", "84", "dong vinh ba"])
def test_is_not_found_by_what_it_is_not(typed: str) -> None:
    assert not all(word in HANH for word in search_words(typed))


@pytest.mark.parametrize("typed", ["", "   ", "...", "😀", "\u200b"])
def test_what_says_nothing_asks_for_nothing(typed: str) -> None:
    assert search_words(typed) == []


def test_the_longest_names_fit() -> None:
    assert len(search_text("€" * 80, "€" * 80, "+84912345678", "02433854321")) <= SEARCH_WIDTH
