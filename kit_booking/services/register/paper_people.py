"""Which household each row of a paper register is: found by number and name, or asked about."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.domain.phone import dialled, national
from kit_booking.domain.register.paper_register import RegisterRow
from kit_booking.domain.text import name_key, search_key
from kit_booking.models import Household

A_BATCH = 500
NEW = "new"
"""The answer that a row is a household of its own."""
SHOWN = 5
"""At most so many households are asked about."""

Key = int | str
"""A household: its id or, while it is new, ``line 12``, the first line on which it stands."""


@dataclass(frozen=True)
class Candidate:
    """A household that a row may be."""

    key: Key
    name: str
    """Empty for a household of another commune, whose name this office does not know."""
    village: str
    number: str
    """E.164, or the digits of a landline; may be empty."""
    line: int = 0
    """Of a household that is new, where it stands."""


@dataclass(frozen=True)
class WhoQuestion:
    """A row whose number has another name, or whose name another number."""

    row: RegisterRow
    candidates: list[Candidate]


@dataclass
class People:
    """The known households of the numbers and of the commune, with what the rows add to them.

    A row with the number and name of a household is that one. With the name and village only it is that one if there
    is one, and one of the two has no number; the number of the row is added then. Anything else that is alike is
    asked about: ``answers`` holds for a line the key of the household that it is, or `NEW`.
    """

    answers: Mapping[int, str]
    made: Mapping[int, int]
    """The ids of households that were made of earlier lines."""
    others_are_new: bool = False
    """What is not answered is answered with `NEW`."""
    new: dict[Key, RegisterRow] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    numbers: dict[Key, str] = field(default_factory=dict)
    """A number that is added to a household."""
    questions: list[WhoQuestion] = field(default_factory=list)
    _by_number: dict[str, list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    _by_name: dict[tuple[str, str], list[Candidate]] = field(default_factory=lambda: defaultdict(list))

    def load(self, session: Session, commune_id: int, rows: Sequence[RegisterRow]) -> None:
        columns = (Household.id, Household.name, Household.village, Household.phone, Household.landline)
        known = select(*columns).where(Household.erased_at.is_(None)).order_by(Household.id)
        for one in session.execute(known.where(Household.commune_id == commune_id)):
            self._add(Candidate(one.id, one.name, one.village, one.phone or one.landline))
        numbers = sorted({row.phone for row in rows if row.phone})
        for start in range(0, len(numbers), A_BATCH):
            of_numbers = known.where(
                Household.phone.in_(numbers[start : start + A_BATCH]), Household.commune_id != commune_id
            )
            for one in session.execute(of_numbers):
                self._by_number[one.phone].append(Candidate(one.id, one.name, "", one.phone))

    def _add(self, candidate: Candidate) -> None:
        self._by_name[_name(candidate)].append(candidate)
        if candidate.number:
            self._by_number[candidate.number].append(candidate)

    def household_of(self, row: RegisterRow) -> Key | None:
        """None if it is to be asked about; then the row is among the questions."""
        if row.line in self.made:  # Made for a later line, while something was wrong with the booking of this one.
            self.known.add(self.made[row.line])
            return self.made[row.line]
        number = row.phone or row.landline
        sure, alike = self._find(row, number)
        if alike:
            answer = self._answer(row)
            sure = next((one for one in alike if str(one.key) == answer), None)
            if sure is None and answer != NEW:
                self.questions.append(WhoQuestion(row, [_shown(one, row) for one in alike[:SHOWN]]))
                return None
        if sure is None:
            key: Key = f"line {row.line}"
            self.new[key] = row
            self._add(Candidate(key, row.name, row.village, number, row.line))
            return key
        if isinstance(sure.key, int):
            self.known.add(sure.key)
        if number and sure.number != number and sure.key not in self.numbers:
            self.numbers[sure.key] = number
        return sure.key

    def _find(self, row: RegisterRow, number: str) -> tuple[Candidate | None, list[Candidate]]:
        """The household that the row is for sure, or those that it may be."""
        named = self._by_name[_name(row)]
        if number:
            numbered = self._by_number[number]
            for one in numbered:
                if name_key(one.name) == name_key(row.name):
                    return one, []
            without = [one for one in named if not one.number]
            if not numbered and len(named) == len(without) == 1:
                return without[0], []
            return None, [*numbered, *(one for one in named if one not in numbered)]
        return (named[0], []) if len(named) == 1 else (None, named)

    def _answer(self, row: RegisterRow) -> str | None:
        answer = self.answers.get(row.line, NEW if self.others_are_new else None)
        line = answer.removeprefix("line ") if answer else ""
        return str(self.made[int(line)]) if line.isdecimal() and line != answer and int(line) in self.made else answer


def _name(row: RegisterRow | Candidate) -> tuple[str, str]:
    return _keys(row.name, row.village)


@lru_cache(maxsize=8192)
def _keys(name: str, village: str) -> tuple[str, str]:
    """Kept, because each batch of rows looks through all households of the commune again."""
    return name_key(name), search_key(village)


def _shown(candidate: Candidate, row: RegisterRow) -> Candidate:
    """Without the name of another commune's household, unless the row has that name itself."""
    if candidate.village or name_key(candidate.name) == name_key(row.name):
        return candidate
    return Candidate(candidate.key, "", "", candidate.number, candidate.line)


def add_number(household: Household, number: str) -> None:
    """Give the household a number beside or instead of none; what it has already stays."""
    if number.startswith("+") and not household.phone:
        household.phone, household.takes_texts = number, True
    elif not household.landline:
        household.landline = _digits(number)
    household.set_search()


def take_number_away(household: Household, number: str) -> None:
    """Undo `add_number`."""
    if household.phone == number:
        household.phone, household.takes_texts = "", False
    elif household.landline == _digits(number):
        household.landline = ""
    household.set_search()


def _digits(number: str) -> str:
    return dialled(national(number)) or ""
