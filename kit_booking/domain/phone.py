"""Vietnamese phone numbers: as people type them, as they are stored, as they are shown."""

import functools
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

MOST_DIGITS = 17
"""E.164 allows 15, and ``00`` may stand before them; two Vietnamese numbers together have more."""

# The operators' prefixes before and after they went from 11 to 10 digits, without the leading zero
# (Circular 11/2018/TT-BTTTT; the old ones are out of use since November 2018).
MODERN_PREFIXES = {
    **{"120": "70", "121": "79", "122": "77", "126": "76", "128": "78"},  # MobiFone
    **{"123": "83", "124": "84", "125": "85", "127": "81", "129": "82"},  # VinaPhone
    **{f"16{last}": f"3{last}" for last in "23456789"},  # Viettel
    **{"186": "56", "188": "58", "199": "59"},  # Vietnamobile, Gmobile
}


class PhoneProblem(StrEnum):
    """Why what was typed is no number that can get a text message."""

    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"
    SEVERAL_NUMBERS = "several_numbers"
    LANDLINE = "landline"
    NOT_MOBILE = "not_mobile"
    """A service number such as 1900 1234."""
    FOREIGN = "foreign"
    OLD_ELEVEN_DIGITS = "old_eleven_digits"
    """Out of use since 2018; ``modern_form`` says what it may have become."""


def parse_mobile(typed: str) -> str | PhoneProblem:
    """The Vietnamese mobile number that was typed, as E.164, or why it is none.

    A problem is a ``str`` too: ask ``isinstance(answer, PhoneProblem)``.
    """
    number = _parse(typed)
    if isinstance(number, PhoneProblem):
        return number
    if not phonenumbers.is_valid_number(number):
        return PhoneProblem.OLD_ELEVEN_DIGITS if _modern(number) else PhoneProblem.NOT_A_NUMBER
    if phonenumbers.region_code_for_number(number) != "VN":
        return PhoneProblem.FOREIGN
    match phonenumbers.number_type(number):
        case PhoneNumberType.MOBILE:
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
        case PhoneNumberType.FIXED_LINE:
            return PhoneProblem.LANDLINE
        case _:
            return PhoneProblem.NOT_MOBILE


def modern_form(typed: str) -> str | None:
    """What an 11-digit number from before 2018 became, as ``0782 345 678``; None for any other.

    To be asked about, never taken silently: numbers given up since then may belong to someone else.
    """
    number = _parse(typed)
    return None if isinstance(number, PhoneProblem) else _modern(number)


@functools.lru_cache(maxsize=1024)
def national(phone: str) -> str:
    """``0912 345 678``; what is no number stays as it was written."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(phone, "VN"), PhoneNumberFormat.NATIONAL)
    except NumberParseException:
        return phone


def masked(e164: str) -> str:
    """``0912 *** 678``, for lists: enough to recognise a number by, too little to call it.

    Nothing is shown of what is shorter than a number.
    """
    digits = national(e164).replace(" ", "")
    return f"{digits[:4]} *** {digits[-3:]}" if len(digits) > 8 else "***"


@functools.lru_cache(maxsize=4096)
def dialled(phone: str) -> str | None:
    """The digits to dial within Vietnam, at most 11; None for what is not one valid number of any kind."""
    number = _parse(phone)
    if isinstance(number, PhoneProblem) or not phonenumbers.is_valid_number_for_region(number, "VN"):
        return None
    written = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return "".join(char for char in written if char.isdecimal())


def _parse(typed: str) -> PhoneNumber | PhoneProblem:
    if not typed.strip():
        return PhoneProblem.EMPTY
    if sum(char.isdecimal() for char in typed) > MOST_DIGITS:
        # The library would take the second of "0912345678;0987654321" for an extension of the first.
        return PhoneProblem.SEVERAL_NUMBERS
    first = next((at for at, char in enumerate(typed) if char.isdecimal()), 0)
    if any(char.isalpha() for char in typed[first:]):
        # Words before the number are fine; the library would read letters in it as keys ("0912 ABC DEF").
        return PhoneProblem.NOT_A_NUMBER
    try:
        number = phonenumbers.parse(typed, "VN")
    except NumberParseException:
        return PhoneProblem.NOT_A_NUMBER
    return PhoneProblem.NOT_A_NUMBER if number.extension else number


def _modern(number: PhoneNumber) -> str | None:
    old = phonenumbers.national_significant_number(number)
    if number.country_code != 84 or len(old) != 10 or old[:3] not in MODERN_PREFIXES:
        return None
    return national(f"+84{MODERN_PREFIXES[old[:3]]}{old[3:]}")
