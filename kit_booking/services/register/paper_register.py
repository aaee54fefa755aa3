"""A paper register in a file: keeping it, what the clerk answers about it, and looking through it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kit_booking.adapters.sheet_file import SheetLines, Unreadable, read_sheets, write_sheets
from kit_booking.database import db, load, transaction
from kit_booking.domain.register.old_fonts import from_old_font
from kit_booking.domain.register.paper_register import (
    MOST_LINES_ABOVE,
    MOST_ROWS,
    CellProblem,
    RegisterRow,
    Table,
    find_table,
    read_rows,
)
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Commune, RegisterFile
from kit_booking.services.communes.facts import CommuneFacts, commune_facts
from kit_booking.services.register.paper_people import People
from kit_booking.services.register.paper_plan import RegisterPlan, plan


@dataclass(frozen=True)
class Answers:
    """What the clerk says about a file, beside what the program makes of it by itself."""

    columns: Sequence[str] = ()
    """What each column holds, by the names of `Column`; empty: as its headings say."""
    converts: bool = True
    """Whether what was typed for an old font is read in Unicode."""
    history: bool = False
    """Whether what is over was borrowed and brought back."""
    who: Mapping[str, str] = field(default_factory=dict)
    """By line, as `People.answers`."""
    others_are_new: bool = False
    """Whether whoever is not answered about is a household of its own."""
    days: Sequence[int] = ()
    """Lines whose day is right, although another weekday stands beside it."""


def keep_file(commune_id: int, staff_id: int, name: str, content: bytes, *, now: datetime) -> int | Unreadable:
    """Keep the file to be looked through and taken over; returns its id, or why nothing can be read in it."""
    sheets = read_sheets(content, MOST_ROWS + MOST_LINES_ABOVE)  # Outside of every transaction: it takes long.
    return sheets if isinstance(sheets, Unreadable) else _keep(commune_id, staff_id, name, content, now=now)


@transaction
def _keep(session: Session, commune_id: int, staff_id: int, name: str, content: bytes, *, now: datetime) -> int:
    file = RegisterFile(commune_id=commune_id, staff_id=staff_id, name=name, content=content, uploaded_at=now)
    session.add(file)
    session.flush()
    return file.id


def find_file(file_id: int) -> RegisterFile | None:
    return next(iter(load(select(RegisterFile).where(RegisterFile.id == file_id))), None)


@transaction
def answer(session: Session, file_id: int, answers: Answers) -> None:
    session.execute(update(RegisterFile).where(RegisterFile.id == file_id).values(answers=asdict(answers)))


@dataclass
class Register:
    """A file as it is read with the clerk's answers."""

    table: Table
    answers: Answers
    taken: Mapping[str, Any]
    rows: list[RegisterRow]
    """Those that were not taken over yet."""
    problems: list[CellProblem]

    @classmethod
    def of(cls, file: RegisterFile, *, now: datetime) -> "Register":
        sheets = read_sheets(file.content, MOST_ROWS + MOST_LINES_ABOVE)
        if isinstance(sheets, Unreadable):  # It could be read when it was uploaded.
            sheets = [SheetLines("", [[""]])]
        table = find_table([sheet.lines for sheet in sheets])
        answers = Answers(**file.answers)
        if answers.columns:
            table = table.with_columns(answers.columns)
        if table.missing:
            return cls(table, answers, file.taken, [], [])
        confirmed = frozenset(answers.days)
        rows, problems = read_rows(table, today=local_day(now), converts=answers.converts, confirmed=confirmed)
        done = set(file.taken.get("lines", ()))
        rows = [row for row in rows if row.line not in done]
        return cls(table, answers, file.taken, rows, [problem for problem in problems if problem.line not in done])

    @cached_property
    def _who(self) -> dict[int, str]:
        return {int(line): key for line, key in self.answers.who.items()}

    def plan(
        self,
        session: Session,
        commune: CommuneFacts,
        rows: Sequence[RegisterRow],
        taken: Mapping[str, Any],
        *,
        now: datetime,
    ) -> RegisterPlan:
        """What taking these rows over would do, after the rows that are ``taken`` already."""
        lines = {row.line for row in rows}
        problems = [problem for problem in self.problems if problem.line in lines]
        people = self._people(taken)
        return plan(session, commune, rows, problems, people, takes_history=self.answers.history, now=now)

    def known(
        self, session: Session, commune: CommuneFacts, rows: Sequence[RegisterRow], taken: Mapping[str, Any]
    ) -> set[int]:
        """The ids of the households of these rows that are registered already."""
        people = self._people(taken)
        people.load(session, commune.id, rows)
        for row in rows:
            people.household_of(row)
        return people.known

    def _people(self, taken: Mapping[str, Any]) -> People:
        made = {int(line): household_id for line, household_id in taken.get("households", {}).items()}
        return People(self._who, made, self.answers.others_are_new)


def look_through(file: RegisterFile, *, now: datetime) -> tuple[Register, RegisterPlan]:
    """The file as it is read, and what taking the rest of it over would do now, without doing it."""
    register = Register.of(file, now=now)
    commune = commune_of(db.session(), file.commune_id)
    return register, register.plan(db.session(), commune, register.rows, register.taken, now=now)


def commune_of(session: Session, commune_id: int) -> CommuneFacts:
    return commune_facts(commune_id, session.scalars(select(Commune.version).where(Commune.id == commune_id)).one())


def rows_left(register: Register, wrong: Mapping[int, str], heading: str) -> bytes:
    """An .xlsx of the lines that were not taken over, as they were typed, and what is wrong with each."""
    convert = from_old_font if register.answers.converts else str
    lines = [[*register.table.headings, heading]]
    for number, cells in enumerate(register.table.lines, register.table.first_line):
        if number in wrong:
            padded = [*cells, *[""] * (len(register.table.headings) - len(cells))]
            lines.append([*map(convert, padded), wrong[number]])
    return write_sheets([(heading[:31], lines)])
