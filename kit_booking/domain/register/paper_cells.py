"""What people write into the cells of a register: days, hours and numbers."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from kit_booking.domain.phone import PhoneProblem, dialled, parse_mobile
from kit_booking.domain.text import search_key, slug
from kit_booking.domain.time.local_time import to_local
from kit_booking.domain.time.slots import Slot

_DAY = re.compile(
    r"(?:(?P<weekday>t\s?[2-7]|cn|thu\s\w+|chu nhat)[\s,.:-]*)?(?:ngay\s+)?"
    r"(?P<day>\d{1,2})\s*(?:[/.-]|\s*thang\s*)\s*(?P<month>\d{1,2})"
    r"(?:\s*(?:[/.-]|,?\s*nam)\s*(?P<year>\d{4}|\d{2}))?"
)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ t].*)?")
_SERIAL = re.compile(r"[345]\d{4}")
_EXCEL_BEGINS = date(1899, 12, 30)
_WEEKDAYS = {"hai": 0, "ba": 1, "tu": 2, "nam": 3, "sau": 4, "bay": 5}


@dataclass(frozen=True)
class TypedDay:
    """A day, and whether another weekday was written beside it."""

    day: date
    is_other_weekday: bool = False


def parse_day(typed: str, today: date) -> TypedDay | None:
    """``05/12/2026``, ``5-12-26``, ``T7 05/12``, ``ngày 7 tháng 12``, ``2026-12-05``, or Excel's number of the day.

    Without a year it is the nearest such day, before or after today.
    """
    text = search_key(typed).strip()
    try:
        if match := _ISO.fullmatch(text):
            return TypedDay(date(*(int(part) for part in match.groups())))
        if _SERIAL.fullmatch(text):
            return TypedDay(_EXCEL_BEGINS + timedelta(days=int(text)))
        if not (match := _DAY.fullmatch(text)):
            return None
        day, month, year = int(match["day"]), int(match["month"]), match["year"]
        century = 2000 if len(year or "") == 2 else 0
        found = date(int(year) + century, month, day) if year else _nearest(day, month, today)
    except ValueError:
        return None
    weekday = _weekday(match["weekday"])
    return TypedDay(found, weekday is not None and weekday != found.weekday())


def _nearest(day: int, month: int, today: date) -> date:
    """Raises ``ValueError`` if there is no such day in the years around."""
    days = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            days.append(date(year, month, day))
        except ValueError:  # The 29th of February.
            continue
    return min(days, key=lambda found: abs(found - today))


def _weekday(word: str | None) -> int | None:
    if not word:
        return None
    if word in ("cn", "chu nhat"):
        return 6
    last = word.split()[-1].removeprefix("t")
    return int(last) - 2 if last.isdecimal() and "2" <= last <= "7" else _WEEKDAYS.get(word.split()[-1])


def parse_numbers(typed: str) -> tuple[str, str] | None:
    """The mobile as E.164 and another number to call, either of which may be empty; None if one of them is wrong.

    Who answers may stand behind a number in brackets; of two mobiles the first gets the texts.
    """
    whole = re.sub(r"\(.*?\)", "", typed[:100]).strip()
    if not whole:
        return "", ""
    answer = parse_mobile(whole)
    parts = [whole]
    if isinstance(answer, PhoneProblem):
        parts = [part for part in re.split(r"[/;,\n|]|\s-\s|hoặc|và", whole) if any(map(str.isdecimal, part))]
    mobile, other = "", ""
    for part in parts:
        number = parse_mobile(part)
        desk = dialled(part)
        if not isinstance(number, PhoneProblem) and not mobile:
            mobile = number
        elif desk is None or (isinstance(number, PhoneProblem) and number is not PhoneProblem.LANDLINE):
            return None
        else:
            other = other or desk
    return (mobile, other) if mobile or other else None


_HOURS = re.compile(r"(\d{1,2})\s*(?:h|gio|g|:)\s*(\d{2})?")


def is_called(typed: str, slot: Slot) -> bool:
    """Whether this names the slot, with or without "buổi" before it, or says its hours on air: ``19h-22h``."""
    if slug(typed).removeprefix("buoi-") in (slot.key, slot.key.removeprefix("buoi-")):
        return True
    hours = [(int(hour), int(minute or 0)) for hour, minute in _HOURS.findall(search_key(typed))]
    on_air = [(at.hour, at.minute) for at in map(to_local, (slot.on_air.from_at, slot.on_air.until_at))]
    return hours in (on_air, on_air[:1])
