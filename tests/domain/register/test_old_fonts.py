"""Vietnamese in the fonts of before Unicode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.register.old_fonts import from_old_font
from tests.domain.examples import few_examples


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("NguyÔn ThÞ H¹nh", "Nguyễn Thị Hạnh"),
        ("§¹i B¸i", "Đại Bái"),
        ("Lª V¨n C­êng", "Lê Văn Cường"),
        ("NGUYEÃN VAÊN HUØNG", "NGUYỄN VĂN HÙNG"),
        ("Ñuùc ñoàng", "Đúc đồng"),
        ("Traàn Thò Höông", "Trần Thị Hương"),
        ("tröôûng thoân", "trưởng thôn"),
        ("Kho¸i", "Khoái"),
    ],
)
def test_tcvn3_and_vni_become_unicode(typed: str, meant: str) -> None:
    assert from_old_font(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "Nguyễn Thị Hạnh",
        "Đồ thờ, lư hương",
        "Café Zalo",
        "GB-1",
        "",
        "0912 345 678",
        "Trần Văn Ba (Đức)",
        "日本",
        "½ bộ",
    ],
)
def test_what_is_in_unicode_stays(text: str) -> None:
    assert from_old_font(text) == text


@few_examples
@given(st.text(max_size=40))
def test_any_text_stays_or_becomes_vietnamese_that_stays(text: str) -> None:
    assert from_old_font(from_old_font(text)) == from_old_font(text)
