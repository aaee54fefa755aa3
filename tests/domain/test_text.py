"""Typed text: tidy, searchable, and as cheap as an SMS can be."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.text import (
    GSM_BASIC,
    clean,
    name_key,
    search_key,
    search_text,
    slug,
    sms_segments,
    unaccented,
)
from tests.domain.typed import ANYTHING

VIETNAMESE = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđ"
PLAIN = "a" * 18 + "e" * 12 + "i" * 6 + "o" * 18 + "u" * 12 + "y" * 6 + "d"


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_every_vietnamese_letter_loses_its_accents() -> None:
    assert unaccented(VIETNAMESE) == unaccented(decomposed(VIETNAMESE)) == PLAIN
    assert unaccented(VIETNAMESE.upper()) == unaccented(decomposed(VIETNAMESE.upper())) == PLAIN.upper()


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("đĐ ðÐ ɖƉ", "dD dD dD"),
        ("“Tò he” ‘Xuân La’", "\"To he\" 'Xuan La'"),
        ("8h–11h — sáng… • xong", "8h-11h - sang... - xong"),
        ("500.000 ₫", "500.000 d"),
        ("giá\u00a0rẻ\u202fquá", "gia re qua"),
        ("１２３ＡＢＣ", "123ABC"),
        ("[a] {b} c~d c|d c\\d 5€ e^f", "(a) (b) c-d c/d c/d 5EUR ef"),
        ("kẹo lạc 🥜 Cổ Hoàng", "keo lac Co Hoang"),
        ("hai\r\ndòng\tchữ", "hai dong chu"),
        ("中文 🎉", ""),
    ],
)
def test_signs_get_their_cheapest_twin(typed: str, plain: str) -> None:
    assert unaccented(typed) == plain


@given(ANYTHING)
def test_unaccented_text_costs_one_unit_a_character(text: str) -> None:
    plain = unaccented(text)
    assert GSM_BASIC.issuperset(plain)
    assert plain == " ".join(plain.split()) == unaccented(plain)


@pytest.mark.parametrize("typed", ["Nguyễn Thị Hạnh", "nguyen  thi hanh", "NGUYỄN THỊ HẠNH ", "Nguyễn\tthị hanh"])
def test_a_name_is_found_however_it_is_typed(typed: str) -> None:
    assert search_key(typed) == search_key(decomposed(typed)) == "nguyen thi hanh"


def test_a_name_with_the_other_d_is_found() -> None:
    assert search_key("Đỗ Đức") == search_key("Ðỗ Ðức") == "do duc"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Phượng Dực", "phuong-duc"),
        ("Tối", "toi"),
        (" Thị trấn – Phú Minh! ", "thi-tran-phu-minh"),
        ("中", ""),
    ],
)
def test_a_name_in_an_address_has_plain_letters_and_dashes(name: str, expected: str) -> None:
    assert slug(name) == slug(decomposed(name)) == expected


def test_clean_text_is_one_composed_line() -> None:
    assert clean(decomposed("  Trần\u200b Thị\r\nBình\x00\u2028xã\u202a "), 50) == "Trần Thị Bình xã"


def test_clean_text_is_cut_and_ends_with_a_letter() -> None:
    assert clean("một hai ba", 8) == "một hai"


@given(ANYTHING, st.integers(1, 40))
def test_cleaning_twice_changes_nothing(text: str, most: int) -> None:
    once = clean(text, most)
    assert len(once) <= most
    assert clean(once, most) == once


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("€" * 153, 3),  # 76 fit in a part: the 77th would be split.
        ("ế" * 70, 1),
        ("ế" * 71, 2),
        ("ế" * 134, 2),
        ("ế" * 135, 3),
        ("a" * 70 + "đ", 2),
        ("🎉" * 35, 1),
        ("🎉" * 67, 3),
    ],
)
def test_segments_are_counted_as_operators_do(text: str, segments: int) -> None:
    assert sms_segments(text) == segments


def test_the_search_text_has_each_name_once_and_never_half_of_one():
    assert search_text(["Phượng Dực", "phuong duc", "", "Lưu Thượng"]) == "phuong duc\nluu thuong"
    assert search_text(["Phượng Dực", "Lưu Thượng", "Sơn"], 16) == "phuong duc\nson"


@given(st.lists(ANYTHING, max_size=9), st.integers(1, 60))
def test_a_search_text_is_never_longer_than_its_column(names: list[str], most: int):
    assert len(search_text(names, most)) <= most


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("nguyen thi HANH", "Nguyễn Thị Hạnh", True),
        ("Nguyễn Thị Hạnh", "Nguyễn Thị Hoa", False),
        ("", "Nguyễn Thị Hạnh", False),
        ("", "王", False),
        ("!", "王", False),
        ("王", "王", True),
        (" 王 ", "王", True),
    ],
)
def test_a_name_is_the_same_without_accents_and_never_nothing(one: str, other: str, is_same: bool) -> None:
    assert (name_key(one) == name_key(other)) is is_same
