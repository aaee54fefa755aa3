"""An invented fortnight of four real communes, the same every time for the same day."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.booking.refusals import CODE_LETTERS, week_of
from kit_booking.domain.booking.status import AHEAD, LIVE, USED, Status
from kit_booking.domain.time.deadlines import offers_end_at
from kit_booking.domain.time.hours import EVERY_DAY, WeeklyHours
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.domain.time.slots import DEFAULT_PLAN, Slot, Timetable
from kit_booking.models import Booking, Closure, Commune, Hold, Household, Kit, Mark
from kit_booking.services.audit import SYSTEM, Actor, record_audit
from kit_booking.services.ops import demo_data
from kit_booking.services.ops.demo_data import POLICY
from kit_booking.services.sign_in.sign_in import hasher
from kit_booking.services.timeline.closed_time import rewrite_closed

S = Status

BACK = 60
"""Days of history."""
OFFICE = WeeklyHours.of(EVERY_DAY)
TIMETABLE = Timetable(((date.min, DEFAULT_PLAN),), OFFICE, OFFICE, POLICY)
FULL = "PD"
"""The letters of the commune whose evenings are all booked, even those of the day that has just opened."""
EVENING, AFTERNOON = "toi", "chieu"
LATE_KIT, DUE_KIT, MISSED_KIT = "PD-4", "PD-2", "PD-1"
"""Kept since yesterday afternoon; to be back this morning; not collected some evenings ago."""
MISSED = -9
"""Days from today."""
OFFERED_IN = 6
"""Days ahead: an evening that has just come free and is offered to the first who waited for it."""
WAITED_FOR = {2: 3, 4: 2, OFFERED_IN: 2}
"""Days ahead, and how many households wait for the evening of that day."""
DEMAND = {EVENING: 0.62, "trua": 0.34, AFTERNOON: 0.26, "sang": 0.2}
"""How likely a slot is asked for."""
REASONS = ("Thiết bị bị hỏng, đang sửa", "Hôm đó xã cần thiết bị", "Nhường nhà chưa được mượn lần nào")
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

FIXED = {
    (LATE_KIT, AFTERNOON, -1): S.OUT,
    (DUE_KIT, EVENING, -1): S.OUT,
    (MISSED_KIT, EVENING, MISSED): S.NO_SHOW,
    (DUE_KIT, EVENING, OFFERED_IN): S.OFFERED,
}
"""Bookings that are there on every day, by kit, slot and days ahead."""


class NotEmpty(Exception):
    """The database holds something; a demo never mixes with it."""


@dataclass(frozen=True)
class Wish:
    """A slot that somebody asked for, and the status that it has by now."""

    kit: Kit
    slot: Slot
    status: Status
    asked_at: datetime
    answered_at: datetime

    @property
    def history(self) -> list[tuple[Status, datetime]]:
        """Each status on the way to the present one, and when it was reached."""
        reached_at = {
            S.REQUESTED: self.asked_at,
            S.OUT: self.slot.hold.from_at,
            S.RETURNED: self.slot.on_air.until_at + POLICY.handover,
            S.NO_SHOW: self.slot.hold.from_at + POLICY.no_show,
        }
        return [(status, reached_at.get(status, self.answered_at)) for status in PATHS[self.status]]


@transaction
def fill(session: Session, *, now: datetime) -> None:
    """Fill an empty database and mark it as a demo for good. Raises ``NotEmpty``."""
    if session.scalar(select(Commune.id).limit(1)) is not None:
        raise NotEmpty
    # The demo's day begins when people have asked for what opened in the morning; no entry is later than now.
    today = local_day(now - timedelta(hours=POLICY.day_opens.hour, minutes=10))
    session.add(Mark(name="demo", at=now))
    kits = demo_data.add_communes(session, valid_from=today - timedelta(days=2 * BACK))
    demo_data.add_households(session, consent_at=local(today - timedelta(days=BACK + 20), time(9)))
    clerks = demo_data.add_staff(session, hasher.hash(demo_data.PASSWORD))
    closures = demo_data.add_closures(session, kits, clerks, today)
    _Bookings(session, today, clerks, closures).add(kits)
    for kit in kits:
        rewrite_closed(session, kit.id, now=local(today, time()))
    demo_data.add_waiting(session, today, WAITED_FOR, at=local(today - timedelta(days=1), time(15, 20)))
    record_audit(session, "demo_filled", SYSTEM, now=now, kits=len(kits))


class _Bookings:
    """Gives slots to households at random, with the day as seed and within everybody's limits."""

    def __init__(self, session: Session, today: date, clerks: dict[int, int], closures: list[Closure]) -> None:
        self.session = session
        self.today = today
        self.at = local(today, POLICY.day_opens) + timedelta(minutes=10)
        self.households = session.scalars(select(Household).order_by(Household.id)).all()
        self.clerks = clerks
        self.closures = closures
        self.dice = random.Random(today.toordinal())  # noqa: S311 (nothing here is secret)
        self.ahead: defaultdict[tuple[int, bool], int] = defaultdict(int)
        self.weeks: defaultdict[tuple[int, bool, date], int] = defaultdict(int)
        """By household and whether it is a peak slot; the weeks by their Mondays, too."""
        self.busy: set[tuple[int, datetime]] = set()
        """Households and the pick-ups of their bookings: nobody streams at two places at once."""
        self.codes: set[str] = set()
        self.asking: set[int] = set()
        """Households whose requests wait for an answer; one of them did not come once."""

    def add(self, kits: list[Kit]) -> None:
        # The full evenings and the unanswered requests first: later no household may be left that is allowed another.
        wishes = sorted(
            self._wishes(kits),
            key=lambda wish: not (self._is_full(wish.kit, wish.slot) or wish.status is S.REQUESTED),
        )
        booked = [(wish, booking) for wish in wishes if (booking := self._booking(wish))]
        self.session.add_all(booking for _, booking in booked)
        self.session.flush()
        for wish, booking in booked:
            if wish.status in LIVE:
                span = {"from_at": booking.pick_up_at, "until_at": booking.return_at}
                self.session.add(Hold(kit_id=booking.kit_id, booking_id=booking.id, **span))
            if wish.status is S.OUT:
                demo_data.add_handover(self.session, booking, self.clerks[booking.commune_id])
            self._record(wish, booking)
        self.session.flush()

    def _wishes(self, kits: list[Kit]) -> Iterator[Wish]:
        unanswered = self._unanswered(kits)
        for offset in range(-BACK, POLICY.window_days + 1):
            for slot, kit in product(TIMETABLE.slots_on(self.today + timedelta(days=offset)), kits):
                key = kit.code, slot.key, offset
                # Evenings are asked for most; the far end of the fortnight is still emptier.
                is_asked_for = self.dice.random() < DEMAND[slot.key] * min(1, 1 - offset / POLICY.window_days)
                is_asked_for = is_asked_for and key != (LATE_KIT, EVENING, -1)  # It is still away.
                is_asked_for = is_asked_for or key in unanswered or self._is_full(kit, slot)
                if key in FIXED or (is_asked_for and not self._is_closed(kit, slot)):
                    yield self._wish(kit, slot, offset, is_unanswered=key in unanswered, fixed=FIXED.get(key))

    def _unanswered(self, kits: list[Kit]) -> set[tuple[str, str, int]]:
        """The evenings whose requests wait for an answer, by kit, slot and days ahead."""
        full = [kit.code for kit in kits if kit.code.startswith(FULL)]
        others = [kit.code for kit in kits if not kit.code.startswith(FULL)]
        days = range(2, POLICY.window_days)
        evenings = [
            *((code, POLICY.window_days) for code in full[:3]),
            *zip(self.dice.sample(full, 2), self.dice.sample(days, 2), strict=True),
            *zip(self.dice.sample(others, 3), self.dice.sample(days, 3), strict=True),
        ]
        return {(code, EVENING, offset) for code, offset in evenings}

    def _is_full(self, kit: Kit, slot: Slot) -> bool:
        return kit.code.startswith(FULL) and slot.key == EVENING and slot.day >= self.today

    def _is_closed(self, kit: Kit, slot: Slot) -> bool:
        return any(
            closure.commune_id == kit.commune_id
            and closure.kit_id in (None, kit.id)
            and slot.hold.overlaps(closure.span)
            for closure in self.closures
        )

    def _wish(self, kit: Kit, slot: Slot, offset: int, *, is_unanswered: bool, fixed: Status | None) -> Wish:
        asked_at, answered_at = self._times(slot, offset, is_unanswered=is_unanswered)
        if fixed:
            status = fixed
            asked_at = self.at if fixed is S.OFFERED else asked_at
        elif is_unanswered:
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

    def _times(self, slot: Slot, offset: int, *, is_unanswered: bool) -> tuple[datetime, datetime]:
        """When the slot was asked for, and when the request was answered if it was."""
        dice = self.dice
        if offset == POLICY.window_days:  # That day opened this morning.
            asked_at = local(self.today, POLICY.day_opens) + timedelta(seconds=dice.randint(5, 300))
            return asked_at, asked_at + timedelta(seconds=dice.randint(30, 240))
        if is_unanswered:  # So late that the answer is due today.
            asked_at = local(self.today - timedelta(days=1), time(dice.randint(15, 16), dice.randrange(60)))
            return asked_at, self.at
        # In the forenoon of a day between the opening and yesterday; answered on the same day.
        asked_on = slot.day - timedelta(days=dice.randint(max(2, offset + 1), POLICY.window_days))
        asked_at = local(asked_on, time(dice.randint(8, 11), dice.randrange(60)))
        return asked_at, asked_at + timedelta(minutes=dice.randint(10, 300))

    def _booking(self, wish: Wish) -> Booking | None:
        household = self._household(wish)
        if household is None:
            return None
        kit, slot, history = wish.kit, wish.slot, wish.history
        if wish.status is S.OFFERED:
            answer_by_at = offers_end_at(slot.hold.from_at, POLICY)
        else:
            answer_by_at = TIMETABLE.answer_by(wish.asked_at, slot.hold.from_at)
        changed_at = history[-1][1]
        return Booking(
            code=self._code(kit),
            commune_id=kit.commune_id,
            place_id=kit.place_id,
            kit_id=kit.id,
            household=household,
            status=wish.status,
            day=slot.day,
            slot_name=slot.name,
            from_at=slot.on_air.from_at,
            until_at=slot.on_air.until_at,
            pick_up_at=slot.hold.from_at,
            return_at=slot.hold.until_at,
            is_peak=slot.is_peak,
            sells=household.sells,
            streams_on=household.streams_on,
            asked_at=wish.asked_at,
            answer_by_at=answer_by_at,
            strike_at=changed_at if wish.status is S.NO_SHOW else None,
            approved_at=dict(history).get(S.APPROVED),
            reason=self.dice.choice(REASONS) if wish.status is S.DECLINED else "",
            changed_at=changed_at,
            version=len(history) - 1,
        )

    def _household(self, wish: Wish) -> Household | None:
        """One that the rules allow, of the commune if possible; none when all have enough."""
        hold, is_peak = wish.slot.hold, wish.slot.is_peak
        week = week_of(local_day(hold.from_at))[0]
        in_week = wish.status in AHEAD | USED
        is_ahead = wish.status in AHEAD and hold.until_at > self.at
        near = [household for household in self.households if household.commune_id == wish.kit.commune_id]
        for households in (near, self.households):
            allowed = [
                household
                for household in households
                if (household.id, hold.from_at) not in self.busy
                and (wish.status is not S.NO_SHOW or household.id in self.asking)
                and self.weeks[household.id, is_peak, week] + in_week <= POLICY.most_a_week
                and self.ahead[household.id, is_peak] + is_ahead <= POLICY.most_ahead_of(is_peak=is_peak)
            ]
            if allowed:
                household = self.dice.choice(allowed)
                self.busy.add((household.id, hold.from_at))
                self.weeks[household.id, is_peak, week] += in_week
                self.ahead[household.id, is_peak] += is_ahead
                if wish.status is S.REQUESTED:
                    self.asking.add(household.id)
                return household
        return None

    def _code(self, kit: Kit) -> str:
        while True:
            code = kit.code[:2] + "".join(self.dice.choices(CODE_LETTERS, k=3))
            if code not in self.codes:
                self.codes.add(code)
                return code

    def _record(self, wish: Wish, booking: Booking) -> None:
        """Write the booking's history."""
        household, clerk = Actor(booking.household_id), Actor(staff_id=self.clerks[booking.commune_id])
        from_status = None
        for status, at in wish.history:
            record_audit(
                self.session,
                status,
                household if status in (S.REQUESTED, S.CANCELLED) else clerk,
                now=at,
                commune_id=booking.commune_id,
                booking_id=booking.id,
                from_status=from_status,
                reason=booking.reason if status is S.DECLINED else "",
            )
            from_status = status
