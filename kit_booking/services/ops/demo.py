"""An invented fortnight of four real communes, the same every time for the same day."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from kit_booking.adapters.holidays import public_holidays
from kit_booking.database import transaction
from kit_booking.domain.booking import CODE_LETTERS, week_of
from kit_booking.domain.deadlines import offers_end_at
from kit_booking.domain.hours import EVERY_DAY, Span, WeeklyHours
from kit_booking.domain.local_time import local, local_day
from kit_booking.domain.policy import Policy
from kit_booking.domain.slots import DEFAULT_PLAN, Slot, Timetable
from kit_booking.domain.status import AHEAD, LIVE, USED, Status
from kit_booking.models import AuditEntry, Booking, BookingMove, Closure, Commune, Hold, Household, Kit, Mark
from kit_booking.services.ops import demo_data
from kit_booking.services.ops.demo_data import ACCOUNTS, add_handovers
from kit_booking.services.sign_in.sign_in import hasher
from kit_booking.services.timeline.closed_time import rewrite_closed

__all__ = ["ACCOUNTS", "NotEmpty", "fill"]

S = Status

BACK = 60
"""Days of history."""
POLICY = Policy.of(demo_data.NUMBERS)
OFFICE = WeeklyHours.of(EVERY_DAY)
TIMETABLE = Timetable(((date.min, DEFAULT_PLAN),), OFFICE, OFFICE, POLICY)
FULL = "PD"
"""The letters of the commune whose evenings are all taken, those of the day that has just opened too."""
BROKEN, RESTING = "DX-7", "PX"
"""The kit that is being repaired, and the letters of the commune that has written a holiday down."""
EVENING, AFTERNOON = "toi", "chieu"
LATE_KIT, DUE_KIT, MISSED_KIT = "PD-4", "PD-2", "PD-1"
"""Kept since yesterday afternoon; to be back this morning; not collected some evenings ago."""
MISSED = -9
"""Days ago."""
OFFERED_IN = 6
"""So many days ahead an evening has just come free and is offered to the first who waited for it."""
WAITED_FOR = {2: 3, 4: 2, OFFERED_IN: 2}
"""So many households wait for the evening of so many days ahead."""
DEMAND = {EVENING: 0.62, "trua": 0.34, "chieu": 0.26, "sang": 0.2}
REASONS = ("Bộ đang sửa", "Xã cần dùng bộ buổi này", "Nhường nhà chưa được mượn")
PATHS = {
    S.REQUESTED: (S.REQUESTED,),
    S.OFFERED: (S.OFFERED,),
    S.APPROVED: (S.REQUESTED, S.APPROVED),
    S.DECLINED: (S.REQUESTED, S.DECLINED),
    S.CANCELLED: (S.REQUESTED, S.CANCELLED),
    S.OUT: (S.REQUESTED, S.APPROVED, S.OUT),
    S.RETURNED: (S.REQUESTED, S.APPROVED, S.OUT, S.RETURNED),
    S.NO_SHOW: (S.REQUESTED, S.APPROVED, S.NO_SHOW),
}
"""The statuses on the way to each that the demo shows."""

_TOLD = {
    (LATE_KIT, AFTERNOON, -1): S.OUT,
    (DUE_KIT, EVENING, -1): S.OUT,
    (MISSED_KIT, EVENING, MISSED): S.NO_SHOW,
    (DUE_KIT, EVENING, OFFERED_IN): S.OFFERED,
}
"""What the counter has to tell, by kit, slot and days ahead."""

Row = dict[str, Any]
"""What one row of a table will hold."""


class NotEmpty(Exception):
    """The database holds something; a demo never mixes with it."""


@dataclass(frozen=True)
class Wish:
    """A slot that somebody asked for, and what became of it."""

    kit: Kit
    slot: Slot
    status: Status
    asked_at: datetime
    answered_at: datetime


@transaction
def fill(session: Session, *, now: datetime) -> None:
    """Fill an empty database and mark it as a demo for good. Raises ``NotEmpty``."""
    if session.scalar(select(Commune.id).limit(1)) is not None:
        raise NotEmpty
    # The demo's day begins when people have asked for what opened in the morning; nothing in it lies ahead.
    today = local_day(now - timedelta(hours=POLICY.day_opens.hour, minutes=10))
    session.add(Mark(name="demo", at=now))
    kits = demo_data.add_communes(session, valid_from=today - timedelta(days=2 * BACK))
    demo_data.add_households(session, consent_at=local(today - timedelta(days=BACK + 20), time(9)))
    clerks = demo_data.add_staff(session, hasher.hash(demo_data.PASSWORD))
    closures = _add_closures(session, kits, clerks, today)
    _Bookings(session, today, clerks, closures).add(kits)
    for kit in kits:
        rewrite_closed(session, kit.id, now=now)
    demo_data.add_waiting(session, today, WAITED_FOR, at=local(today - timedelta(days=1), time(15, 20)))
    session.add(AuditEntry(at=now, action="demo_filled", detail=f"{len(kits)} kits"))


def _add_closures(session: Session, kits: list[Kit], clerks: dict[int, int], today: date) -> list[Closure]:
    """A kit that is being repaired for some days, and the next holiday beyond the fortnight."""
    broken = next(kit for kit in kits if kit.code == BROKEN)
    resting = next(kit.commune_id for kit in kits if kit.code.startswith(RESTING))
    holiday = public_holidays(today + timedelta(days=POLICY.window_days + 2), today + timedelta(days=365))[0]
    at = {"changed_at": local(today, POLICY.day_opens) + timedelta(minutes=5)}
    closures = [
        Closure(
            commune_id=broken.commune_id,
            kit_id=broken.id,
            staff_id=clerks[broken.commune_id],
            from_at=local(today + timedelta(days=2), time()),
            until_at=local(today + timedelta(days=5), time()),
            reason="Hỏng đèn, chờ thay bóng",
            **at,
        ),
        Closure(
            commune_id=resting,
            staff_id=clerks[resting],
            from_at=local(holiday.first, time()),
            until_at=local(holiday.last + timedelta(days=1), time()),
            reason=holiday.name,
            **at,
        ),
    ]
    session.add_all(closures)
    session.flush()
    return closures


class Home(NamedTuple):
    """What is needed of a household to give it slots."""

    id: int
    commune_id: int
    sells: str
    streams_on: str


class _Bookings:
    """Gives slots to households by the day's own dice, within the rules that bind everybody."""

    def __init__(self, session: Session, today: date, clerks: dict[int, int], closures: list[Closure]) -> None:
        self.rows = session.connection()
        """For thousands of rows at once; the session would look at each."""
        self.today = today
        self.at = local(today, POLICY.day_opens) + timedelta(minutes=10)
        homes = select(Household.id, Household.commune_id, Household.sells, Household.streams_on)
        self.homes = [Home(*row) for row in session.execute(homes.order_by(Household.id))]
        self.clerks = clerks
        self.closures = closures
        self.dice = random.Random(today.toordinal())  # noqa: S311 (nothing here is secret)
        self.ahead: defaultdict[int, int] = defaultdict(int)
        self.weeks: defaultdict[tuple[int, date], int] = defaultdict(int)
        self.busy: set[tuple[int, datetime]] = set()
        """Nobody streams at two places at once."""
        self.codes: set[str] = set()
        self.asking: set[int] = set()
        """Households whose requests wait for an answer; one of them did not come once."""

    def add(self, kits: list[Kit]) -> None:
        # The full evenings and what waits first: later no household may be left that is allowed another one.
        wishes = sorted(
            self._wishes(kits),
            key=lambda wish: not (self._is_full(wish.kit, wish.slot) or wish.status is S.REQUESTED),
        )
        taken = [(wish, booking) for wish in wishes if (booking := self._booking(wish))]
        insert_bookings = insert(Booking).returning(Booking.id, sort_by_parameter_order=True)
        for (_, booking), row in zip(taken, self.rows.execute(insert_bookings, [b for _, b in taken]), strict=True):
            booking["id"] = row.id
        self.rows.execute(insert(Hold), [_hold(booking) for wish, booking in taken if wish.status in LIVE])
        add_handovers(self.rows, [booking for wish, booking in taken if wish.status is S.OUT], self.clerks)
        self.rows.execute(
            insert(BookingMove), [move for wish, booking in taken for move in self._moves(wish, booking)]
        )

    def _wishes(self, kits: list[Kit]) -> Iterator[Wish]:
        waiting = self._waiting(kits)
        for offset in range(-BACK, POLICY.window_days + 1):
            for slot in TIMETABLE.slots_on(self.today + timedelta(days=offset)):
                for kit in kits:
                    # Evenings are wanted most; the far end of the fortnight is still emptier.
                    is_wanted = self.dice.random() < DEMAND[slot.key] * min(1, 1 - offset / POLICY.window_days)
                    is_waiting = slot.key == EVENING and (kit.code, offset) in waiting
                    told = _TOLD.get((kit.code, slot.key, offset))
                    is_away = (kit.code, slot.key, offset) == (LATE_KIT, EVENING, -1)
                    is_wanted = (is_wanted and not is_away) or is_waiting or self._is_full(kit, slot)
                    if told or (is_wanted and not self._is_closed(kit, slot)):
                        yield self._wish(kit, slot, offset, is_waiting=is_waiting, told=told)

    def _waiting(self, kits: list[Kit]) -> set[tuple[str, int]]:
        """The evenings whose requests wait for an answer, by kit and days ahead."""
        full = [kit.code for kit in kits if kit.code.startswith(FULL)]
        others = [kit.code for kit in kits if not kit.code.startswith(FULL)]
        days = range(2, POLICY.window_days)
        just_opened = {(code, POLICY.window_days) for code in full[:3]}
        return just_opened | {
            *zip(self.dice.sample(full, 2), self.dice.sample(days, 2), strict=True),
            *zip(self.dice.sample(others, 3), self.dice.sample(days, 3), strict=True),
        }

    def _is_full(self, kit: Kit, slot: Slot) -> bool:
        return kit.code.startswith(FULL) and slot.key == EVENING and slot.day >= self.today

    def _is_closed(self, kit: Kit, slot: Slot) -> bool:
        return any(
            closure.commune_id == kit.commune_id
            and closure.kit_id in (None, kit.id)
            and slot.hold.overlaps(Span(closure.from_at, closure.until_at))
            for closure in self.closures
        )

    def _wish(self, kit: Kit, slot: Slot, offset: int, *, is_waiting: bool, told: Status | None) -> Wish:
        asked_at, answered_at = self._times(slot, offset, is_waiting=is_waiting)
        if told:
            status = told
            asked_at = self.at if told is S.OFFERED else asked_at
        elif is_waiting:
            status = S.REQUESTED
        elif slot.hold.until_at <= self.at:
            status = self.dice.choices((S.RETURNED, S.CANCELLED, S.DECLINED), (84, 10, 6))[0]
        elif slot.hold.from_at <= self.at:
            status = S.RETURNED  # Last night, long before it had to be.
        elif self._is_full(kit, slot):
            status = S.APPROVED
        else:
            status = self.dice.choices((S.APPROVED, S.CANCELLED, S.DECLINED), (86, 8, 6))[0]
        return Wish(kit, slot, status, asked_at, answered_at)

    def _times(self, slot: Slot, offset: int, *, is_waiting: bool) -> tuple[datetime, datetime]:
        """When the slot was asked for, and when the request was answered if it was."""
        dice = self.dice
        if offset == POLICY.window_days:  # That day opened this morning.
            asked_at = local(self.today, POLICY.day_opens) + timedelta(seconds=dice.randint(5, 300))
            return asked_at, asked_at + timedelta(seconds=dice.randint(30, 240))
        if is_waiting:  # So late that the answer is due today.
            asked_at = local(self.today - timedelta(days=1), time(dice.randint(15, 16), dice.randrange(60)))
            return asked_at, self.at
        # In the forenoon of a day between the opening and yesterday; answered on the same day.
        asked_on = slot.day - timedelta(days=dice.randint(max(2, offset + 1), POLICY.window_days))
        asked_at = local(asked_on, time(dice.randint(8, 11), dice.randrange(60)))
        return asked_at, asked_at + timedelta(minutes=dice.randint(10, 300))

    def _booking(self, wish: Wish) -> Row | None:
        home = self._household(wish)
        if home is None:
            return None
        kit, slot = wish.kit, wish.slot
        path = PATHS[wish.status]
        return {
            "code": self._code(kit),
            "commune_id": kit.commune_id,
            "place_id": kit.place_id,
            "kit_id": kit.id,
            "household_id": home.id,
            "status": wish.status,
            "day": slot.day,
            "slot_name": slot.name,
            "from_at": slot.on_air.from_at,
            "until_at": slot.on_air.until_at,
            "pick_up_at": slot.hold.from_at,
            "return_at": slot.hold.until_at,
            "sells": home.sells,
            "streams_on": home.streams_on,
            "asked_at": wish.asked_at,
            "answer_by_at": offers_end_at(slot.hold.from_at, POLICY)
            if wish.status is S.OFFERED
            else TIMETABLE.answer_by(wish.asked_at, slot.hold.from_at),
            "strike_at": _reached(wish)[S.NO_SHOW] if wish.status is S.NO_SHOW else None,
            "approved_at": wish.answered_at if S.APPROVED in path else None,
            "reason": self.dice.choice(REASONS) if wish.status is S.DECLINED else "",
            "changed_at": _reached(wish)[wish.status],
            "version": len(path) - 1,
        }

    def _household(self, wish: Wish) -> Home | None:
        """One that the rules allow, of the commune if possible; none when all have enough."""
        hold = wish.slot.hold
        week = week_of(local_day(hold.from_at))[0]
        in_week = wish.status in AHEAD | USED
        is_ahead = wish.status in AHEAD and hold.until_at > self.at
        near = [home for home in self.homes if home.commune_id == wish.kit.commune_id]
        for homes in (near, self.homes):
            allowed = [
                home
                for home in homes
                if (home.id, hold.from_at) not in self.busy
                and (wish.status is not S.NO_SHOW or home.id in self.asking)
                and self.weeks[home.id, week] + in_week <= POLICY.most_a_week
                and self.ahead[home.id] + is_ahead <= POLICY.most_ahead
            ]
            if allowed:
                home = self.dice.choice(allowed)
                self.busy.add((home.id, hold.from_at))
                self.weeks[home.id, week] += in_week
                self.ahead[home.id] += is_ahead
                if wish.status is S.REQUESTED:
                    self.asking.add(home.id)
                return home
        return None

    def _code(self, kit: Kit) -> str:
        while True:
            code = kit.code[:2] + "".join(self.dice.choices(CODE_LETTERS, k=3))
            if code not in self.codes:
                self.codes.add(code)
                return code

    def _moves(self, wish: Wish, booking: Row) -> Iterator[Row]:
        path, times = PATHS[wish.status], _reached(wish)
        for from_status, to_status in zip((None, *path), path, strict=False):
            by_household = to_status in (S.REQUESTED, S.CANCELLED)
            yield {
                "booking_id": booking["id"],
                "from_status": from_status,
                "to_status": to_status,
                "household_id": booking["household_id"] if by_household else None,
                "staff_id": None if by_household else self.clerks[wish.kit.commune_id],
                "happened_at": times[to_status],
                "written_at": times[to_status],
                "reason": booking["reason"] if to_status is S.DECLINED else "",
            }


def _reached(wish: Wish) -> dict[Status, datetime]:
    """When each status of the wish's path was reached."""
    return dict.fromkeys(PATHS[wish.status], wish.answered_at) | {
        S.REQUESTED: wish.asked_at,
        S.OUT: wish.slot.hold.from_at,
        S.RETURNED: wish.slot.on_air.until_at + POLICY.handover,
        S.NO_SHOW: wish.slot.hold.from_at + POLICY.no_show,
    }


def _hold(booking: Row) -> Row:
    return {
        "kit_id": booking["kit_id"],
        "from_at": booking["pick_up_at"],
        "until_at": booking["return_at"],
        "booking_id": booking["id"],
    }
