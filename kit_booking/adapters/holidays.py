"""Vietnam's public holidays as the `holidays` library knows them.

The days around Tết, swaps and days in lieu are decided anew each year, mostly in autumn, and the library has a
guess until then: what comes from here is proposed to staff, never taken as so.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import holidays

TET = "Tết Nguyên Đán"
DAY_OFF = "Ngày nghỉ"
"""A working day that was swapped; it has no name of its own."""
SATURDAY = 5


@dataclass(frozen=True)
class Holiday:
    """Days off in a row, both included, with the weekend that lies between two of them."""

    first: date
    last: date
    name: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def public_holidays(first: date, last: date) -> list[Holiday]:
    """Those that begin in this time, the next first."""
    years = range(first.year - 1, last.year + 2)  # So that none is cut at the turn of a year.
    named = holidays.country_holidays("VN", years=years, language="vi")
    groups: list[list[date]] = []
    for day in sorted(named):
        if groups and _is_one_holiday(groups[-1][-1], day):
            groups[-1].append(day)
        else:
            groups.append([day])
    named_holidays = [Holiday(days[0], days[-1], _name([named[day] for day in days])) for days in groups]
    return [holiday for holiday in named_holidays if first <= holiday.first <= last]


def _is_one_holiday(last: date, day: date) -> bool:
    between = (last + timedelta(days=n) for n in range(1, (day - last).days))
    return all(one.weekday() >= SATURDAY for one in between)


def _name(names: list[str]) -> str:
    """``Ngày Chiến thắng, Ngày Quốc tế Lao động``: each once, without what is said of days in lieu."""
    if any(TET in name for name in names):
        return TET
    plain = dict.fromkeys(re.sub(r" *\(.*\)", "", part) for name in names for part in name.split("; "))
    return ", ".join([name for name in plain if name != DAY_OFF] or plain)
