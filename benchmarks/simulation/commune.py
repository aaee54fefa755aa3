"""The commune at work: a clock that jumps to the next thing anybody does, and each thing done by its service."""

import heapq
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session, joinedload

from benchmarks.simulation.people import FIRST_DAY, GREEDY_A_WEEK, People, Wish
from benchmarks.tools.world import Town
from kit_booking import worker
from kit_booking.adapters.sms import Report, Sms
from kit_booking.database import db, load, read, transaction
from kit_booking.domain.booking.refusals import CODE_LETTERS, Reason, week_of
from kit_booking.domain.booking.status import AHEAD, HAD_KIT, Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import EVERY_DAY, WeeklyHours
from kit_booking.domain.time.local_time import local, local_day, to_local
from kit_booking.domain.time.slots import Slot, slots_between
from kit_booking.models import Booking, Hold
from kit_booking.services.audit import Actor
from kit_booking.services.booking import answers, ask
from kit_booking.services.communes.slots import find_kit
from kit_booking.services.marks import set_mark
from kit_booking.services.timeline.locks import lock_booking
from kit_booking.services.timeline.moves import move
from kit_booking.services.waiting import entries

OFFICE = WeeklyHours.of(EVERY_DAY)
ROUND = timedelta(minutes=30)
"""The worker looks round so often, from the end of the quiet hours to their start."""
UNANSWERED = 0.04
"""The share of requests that the clerk forgets."""
ACCEPTS, REFUSES = 0.7, 0.15
"""What people do with an offer; the others don't see it in time."""


class Phones:
    """Where the texts arrive."""

    def __init__(self) -> None:
        self.ring: Callable[[Sms], None] = lambda sms: None

    def send(self, sms: Sms) -> Report:
        self.ring(sms)
        return Report(provider_id=None)


class CommuneAtWork:
    def __init__(self, app: Flask, phones: Phones, town: Town, people: People, *, has_list: bool) -> None:
        self.app, self.town, self.people, self.has_list = app, town, people, has_list
        self.now = local(FIRST_DAY, time(6))
        self.dice = Random(f"{people.seed} the rest")
        self._todo: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._made: Counter[int] = Counter()
        self._clerk = Actor(staff_id=town.id)
        phones.ring = self._phone_rings

    def at(self, moment: datetime, do: Callable[[], None]) -> None:
        heapq.heappush(self._todo, (max(moment, self.now), next(self._order), do))

    def run(self) -> None:
        for wish in self.people.wishes:
            self.at(wish.at, lambda wish=wish: self._wishes(wish))  # type: ignore[misc]
        for number in range(self.people.days):
            day = FIRST_DAY + timedelta(days=number)
            self.at(local(day, time(7)), lambda day=day: self._greedy_morning(day))  # type: ignore[misc]
            moment = local(day, time(6, 30))
            while moment <= local(day, time(21)):
                self.at(moment, self._round)
                moment += ROUND
        with self.app.app_context():
            event.listen(db.engine, "connect", _fast)
            while self._todo and self._todo[0][0] < self.people.end:
                self.now, _, do = heapq.heappop(self._todo)
                do()

    # ---- what households do

    def _wishes(self, wish: Wish) -> None:
        for key in wish.keys:
            if self._asks(wish.household, wish.day, key) is not Reason.TAKEN:
                return
        if self.has_list and wish.would_wait:
            self._joins(wish.household, wish.day, wish.keys[0])

    def _greedy_morning(self, day: date) -> None:
        """At seven the last day opens; evenings first, whatever there is otherwise, and a look for holes."""
        newest = day + timedelta(days=14)
        holes = [hole for n in range(1, 14) if self._free(hole := day + timedelta(days=n), "toi")]
        for household in self.people.greedy_on(day):
            for wanted in (newest, *holes):
                if self._in_week(household, wanted) >= GREEDY_A_WEEK:
                    continue
                reason = self._asks(household, wanted, "toi")
                if reason is Reason.TAKEN and wanted == newest:
                    reason = self._asks(household, wanted, "chieu")
                if reason is Reason.TAKEN and self.has_list and wanted == newest:
                    self._joins(household, wanted, "toi")
                if reason not in (None, Reason.TAKEN, Reason.PEAK_WEEK):
                    break

    def _in_week(self, household: int, day: date) -> int:
        first, next_first = week_of(day)
        number = self.town.households[household]
        mine = select(Booking.id).where(
            Booking.household_id == number,
            Booking.status.in_(AHEAD | HAD_KIT),
            Booking.pick_up_at >= local(first, time()),
            Booking.pick_up_at < local(next_first, time()),
        )
        return len(read(mine))

    def _asks(self, household: int, day: date, key: str) -> Reason | None:
        """Ask for the slot on whatever kit has it free; the first reason against it, or none."""
        free = self._free(day, key)
        if not free:
            return Reason.TAKEN
        kit = self.dice.choice(free)
        number = self.town.households[household]
        asked = ask.request_booking(kit, day, key, number, sells="", streams_on="", now=self.now)
        if asked.refusals:
            return asked.refusals[0].reason
        if self.dice.random() >= UNANSWERED:
            answered = OFFICE.later(self.now, timedelta(hours=self.dice.uniform(0, 4)))
            self.at(answered or self.now, lambda: self._does(answers.approve, asked.code, self.town.id))
        self._meets_its_fate(household, asked.code)
        return None

    def _free(self, day: date, key: str) -> list[str]:
        """As the fortnight page shows it."""
        slot = self._slot(day, key)
        if self.now >= slot.ask_until_at:
            return []
        taken = {
            row.kit_id
            for row in read(
                select(Hold.kit_id).where(Hold.from_at < slot.hold.until_at, Hold.until_at > slot.hold.from_at)
            )
        }
        return [kit for n, kit in enumerate(self.town.kits) if self.town.first_kit + n not in taken]

    def _slot(self, day: date, key: str) -> Slot:
        found = find_kit(self.town.first_kit)
        assert found
        return next(slot for slot in slots_between(found[1].timetable, day, day) if slot.key == key)

    def _joins(self, household: int, day: date, key: str) -> None:
        number = self.town.households[household]
        by = Actor(household_id=number)
        entries.join(self.town.kits[0], day, key, number, by=by, now=self.now)

    def _phone_rings(self, sms: Sms) -> None:
        if sms.kind != Kind.OFFER:
            return
        household = int(sms.to[4:]) - self.town.households[0]
        [code] = re.findall(rf"\b{self.town.kits[0][:2]}[{CODE_LETTERS}]{{3,5}}\b", sms.body)
        seen = self.now + timedelta(minutes=self.dice.expovariate(1 / 45))
        if not time(6, 30) <= to_local(seen).time() <= time(21, 30):
            seen = local(local_day(seen) + timedelta(days=to_local(seen).time() > time(12)), time(6, 45))
        chance = self.dice.random()
        if chance < ACCEPTS:
            self.at(seen, lambda: self._accepts(household, code))
        elif chance < ACCEPTS + REFUSES:
            by = Actor(household_id=self.town.households[household])
            self.at(seen, lambda: self._does(entries.refuse, code, by))

    def _accepts(self, household: int, code: str) -> None:
        if self._does(entries.accept, code, Actor(household_id=self.town.households[household])).is_done:
            self._meets_its_fate(household, code)

    def _meets_its_fate(self, household: int, code: str) -> None:
        [row] = read(select(Booking.pick_up_at, Booking.return_at).where(Booking.code == code))
        fate = self.people.fate(household, self._made[household])
        self._made[household] += 1
        who = self.town.households[household]
        if fate.gives_up_early:
            spare = row.pick_up_at - timedelta(hours=24) - self.now
            moment = self.now + max(spare, timedelta()) * fate.moment
            self.at(moment, lambda: self._does(answers.withdraw, code, who))
        elif fate.gives_up_late:
            moment = row.pick_up_at - timedelta(hours=0.5 + 11 * fate.moment)
            self.at(moment, lambda: self._does(answers.withdraw, code, who))
        if fate.never_comes:
            missed = row.pick_up_at + timedelta(minutes=31)
            self.at(missed, lambda: self._does(answers.mark_no_show, code, self.town.id))
        else:
            self.at(row.pick_up_at, lambda: self._fetches(code, row.return_at))

    def _fetches(self, code: str, return_at: datetime) -> None:
        if self._do(_move, code, Status.APPROVED, Status.OUT, self._clerk):
            back = return_at - timedelta(minutes=1)  # Before the next household comes for it.
            self.at(back, lambda: self._do(_move, code, Status.OUT, Status.RETURNED, self._clerk))

    # ---- what the others do

    def _do(self, act: Callable[..., Any], *args: Any) -> Any:
        return act(*args, now=self.now)

    def _does(self, act: Callable[..., Any], code: str, *args: Any) -> Any:
        """With the booking of this code, as a page shows it at this moment."""
        [booking] = load(select(Booking).options(joinedload(Booking.kit)).where(Booking.code == code))
        return act(booking.seen, *args, now=self.now)

    def _round(self) -> None:
        set_mark("worker", now=self.now)
        worker.do_chores(lambda: self.now)
        worker.send_due(self.app.extensions["sms"], lambda: self.now)


@transaction
def _move(session: Session, code: str, from_status: Status, to_status: Status, by: Actor, *, now: datetime) -> bool:
    """The kit goes out or comes back, if the booking still is where it should be."""
    booking = lock_booking(session, code)
    if booking.status != from_status:
        return False
    move(session, booking, to_status, by, now=now)
    return True


def _fast(connection: Any, _record: Any) -> None:
    """Nothing here has to survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")
