"""What a household is found by, and what is left of one that was erased."""

import re
from datetime import datetime

from kit_booking.domain.phone import national
from kit_booking.domain.text import search_key

ERASED_NAME = "Hộ ẩn danh"
"""Stands where the name stood of a household that was erased, or joined to another one."""
SEARCH_WIDTH = 300
_NUMBER = re.compile(r"[\d\s.()+-]{3,}")


def gets_texts(phone: str, takes_texts: bool, bad_number_at: datetime | None) -> bool:
    """Whether texts are sent to a household: it wants them, and a text can reach its number."""
    return takes_texts and phone != "" and bad_number_at is None


def search_text(name: str, village: str, *numbers: str) -> str:
    """Plain lower-case name, village and the digits of the numbers, as the register keeps them to search in."""
    digits = (re.sub(r"\D", "", national(number)) for number in numbers if number)
    return " ".join((search_key(name), search_key(village), *digits))[:SEARCH_WIDTH]


def search_words(typed: str) -> list[str]:
    """What must all stand in a household's search text; a number, however it is written, is one word."""
    if _NUMBER.fullmatch(typed.strip()):
        digits = re.sub(r"\D", "", typed)
        return ["0" + digits[2:] if digits.startswith("84") and len(digits) > 10 else digits] if digits else []
    return search_key(typed).split()
