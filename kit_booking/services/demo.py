"""An invented fortnight of four real communes, the same every time for the same day."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.booking import CODE_LETTERS, week_of
from kit_booking.domain.hours import EVERY_DAY, WeeklyHours
from kit_booking.domain.local_time import local, local_day
from kit_booking.domain.policy import Policy
from kit_booking.domain.slots import DEFAULT_PLAN, Slot, Timetable
from kit_booking.domain.status import LIVE, Status
from kit_booking.models import AuditEntry, Booking, BookingMove, Commune, Hold, Household, Kit, Mark
from kit_booking.services import demo_data
from kit_booking.services.demo_data import ACCOUNTS, add_communes, add_households, add_staff
from kit_booking.services.sign_in import hasher

__all__ = ["ACCOUNTS", "fill"]

BACK = 60
"""Days of history."""
FULL = "phuong-duc"
"""The commune whose evenings are all taken."""
REASONS = ("Bộ đang sửa", "Xã cần dùng bộ buổi này", "Nhường nhà chưa được mượn")


class NotEmpty(Exception):
    """The database holds something; a demo never mixes with it."""


@dataclass(frozen=True)
class Story:
    """What the demo tells of a booking: how it stands, and when it came to that."""

    status: Status
    asked_at: datetime
    answered_at: datetime | None
    reason: str = ""


@transaction
def fill(session: Session, *, now: datetime) -> None:
    """Fill an empty database and mark it as a demo for good. Raises ``NotEmpty``."""
    if session.scalar(select(Commune.id).limit(1)) is not None:
        raise NotEmpty
    today = local_day(now)
    session.add(Mark(name="demo", at=now))
    kits = add_communes(session, valid_from=today - timedelta(days=2 * BACK))
    households = add_households(session, kits, consent_at=local(today - timedelta(days=BACK + 5), time(9)))
    clerks = add_staff(session, {kit.commune_id for kit in kits}, hasher.hash(demo_data.PASSWORD))
    _Bookings(session, today, households, clerks).add(kits)
    session.execute(
        insert(AuditEntry).values(
            at=now, action="demo_filled", detail=f"{len(kits)} kits, {len(households)} households"
        )
    )


class _Bookings:
    """Gives slots to households by the day's own dice, within the rules that bind everybody."""

    def __init__(self, session: Session, today: date, households: list[Household], clerks: dict[int, int]) -> None:
        self.session = session
        self.today = today
        self.at = local(today, time(7))
        """The demo's present: early enough that nothing of it lies ahead once people are awake."""
        self.households = households
        self.clerks = clerks
        self.dice = random.Random(today.toordinal())  # noqa: S311 (nothing here is secret)
        self.ahead: Counter[int] = Counter()
        self.weeks: Counter[tuple[int, date]] = Counter()
        self.codes: set[str] = set()
        self.waiting = 0

    def add(self, kits: list[Kit]) -> None:
        office = WeeklyHours.of(EVERY_DAY)
        timetable = Timetable(((date.min, DEFAULT_PLAN),), office, office, Policy())
        communes = {c.id: c for c in self.session.scalars(select(Commune))}
        made = []
        for offset in range(-BACK, Policy().window_days):
            day = self.today + timedelta(days=offset)
            for slot in timetable.slots_on(day):
                for kit in kits:
                    is_full = slot.key == "toi" and communes[kit.commune_id].slug == FULL and offset >= 0
                    if is_full or self.dice.random() < self._demand(slot, offset):
                        made.append(self._booking(kit, slot, timetable, must_hold=is_full))
        bookings = [entry for entry in made if entry]
        self.session.add_all(booking for booking, _story in bookings)
        self.session.flush()
        self.session.execute(insert(Hold), [self._hold(b) for b, _ in bookings if b.status in LIVE])
        self.session.execute(insert(BookingMove), [row for b, story in bookings for row in self._moves(b, story)])

    def _demand(self, slot: Slot, offset: int) -> float:
        """Evenings are wanted most; the far end of the fortnight is still emptier."""
        wanted = {"toi": 0.62, "trua": 0.34, "chieu": 0.26}.get(slot.key, 0.2)
        return wanted * (1.0 if offset < 0 else 1.0 - offset / 20)

    def _booking(
        self, kit: Kit, slot: Slot, timetable: Timetable, *, must_hold: bool
    ) -> tuple[Booking, Story] | None:
        story = self._story(slot, must_hold=must_hold, is_full=must_hold)
        household = self._household(kit, slot, story)
        if household is None:
            return None
        booking = Booking(
            code=self._code(kit),
            commune_id=kit.commune_id,
            place_id=kit.place_id,
            kit_id=kit.id,
            household_id=household.id,
            status=story.status,
            day=slot.day,
            slot_name=slot.name,
            from_at=slot.on_air.from_at,
            until_at=slot.on_air.until_at,
            pick_up_at=slot.hold.from_at,
            return_at=slot.hold.until_at,
            sells=household.sells,
            streams_on=household.streams_on,
            asked_at=story.asked_at,
            answer_by_at=timetable.answer_by(story.asked_at, slot.hold.from_at),
            approved_at=story.answered_at if story.status in (Status.APPROVED, Status.OUT, Status.RETURNED) else None,
            reason=story.reason,
            changed_at=story.answered_at or story.asked_at,
            version=len(self._path(story.status)) - 1,
        )
        return booking, story

    def _story(self, slot: Slot, *, must_hold: bool, is_full: bool) -> Story:
        hold, dice = slot.hold, self.dice
        asked_at = min(hold.from_at - timedelta(days=dice.randint(2, 9)), self.at - timedelta(days=1))
        asked_at = local(local_day(asked_at), time(dice.randint(8, 20), dice.randrange(60)))
        asked_at = min(asked_at, self.at - timedelta(hours=14))
        answered_at = min(asked_at + timedelta(hours=dice.randint(1, 12)), self.at - timedelta(hours=1))
        if hold.until_at <= self.at:
            status = dice.choices((Status.RETURNED, Status.CANCELLED, Status.DECLINED), (84, 10, 6))[0]
        elif hold.from_at <= self.at:
            status = Status.OUT
        elif hold.from_at > self.at + timedelta(hours=12) and (
            (self.waiting < 4 and is_full) or dice.random() < 0.05
        ):
            self.waiting += 1
            asked = local(self.today - timedelta(days=1), time(dice.randint(15, 20), dice.randrange(60)))
            return Story(Status.REQUESTED, asked, None)
        elif must_hold:
            status = Status.APPROVED
        else:
            status = dice.choices((Status.APPROVED, Status.CANCELLED, Status.DECLINED), (86, 8, 6))[0]
        reason = dice.choice(REASONS) if status is Status.DECLINED else ""
        return Story(status, asked_at, answered_at, reason)

    def _household(self, kit: Kit, slot: Slot, story: Story) -> Household | None:
        """One that the rules allow, of the commune if possible; none when all have enough."""
        week = week_of(local_day(slot.hold.from_at))[0]
        is_ahead = slot.hold.from_at > self.at and story.status in LIVE

        def may(household: Household) -> bool:
            return self.weeks[household.id, week] < 2 and not (is_ahead and self.ahead[household.id] >= 2)

        allowed = [h for h in self.households if may(h)]
        near = [h for h in allowed if h.commune_id == kit.commune_id] or allowed
        if not near:
            return None
        household = self.dice.choice(near)
        if story.status in LIVE or story.status is Status.RETURNED:
            self.weeks[household.id, week] += 1
            self.ahead[household.id] += is_ahead
        return household

    def _code(self, kit: Kit) -> str:
        while True:
            code = kit.code[:2] + "".join(self.dice.choices(CODE_LETTERS, k=3))
            if code not in self.codes:
                self.codes.add(code)
                return code

    def _hold(self, booking: Booking) -> dict[str, object]:
        return {
            "kit_id": booking.kit_id,
            "from_at": booking.pick_up_at,
            "until_at": booking.return_at,
            "booking_id": booking.id,
        }

    def _path(self, status: Status) -> list[Status]:
        """The statuses on the way to this one."""
        answered = [Status.REQUESTED, Status.APPROVED]
        return {
            Status.REQUESTED: [Status.REQUESTED],
            Status.APPROVED: answered,
            Status.OUT: [*answered, Status.OUT],
            Status.RETURNED: [*answered, Status.OUT, Status.RETURNED],
        }.get(status, [Status.REQUESTED, status])

    def _moves(self, booking: Booking, story: Story) -> list[dict[str, object]]:
        path = self._path(booking.status)
        times = {
            Status.REQUESTED: story.asked_at,
            Status.OUT: booking.pick_up_at,
            Status.RETURNED: booking.return_at,
        }
        rows: list[dict[str, object]] = []
        for from_status, to_status in zip([None, *path], path, strict=False):
            at = times.get(to_status, story.answered_at)
            by_household = to_status in (Status.REQUESTED, Status.CANCELLED)
            rows.append(
                {
                    "booking_id": booking.id,
                    "from_status": from_status,
                    "to_status": to_status,
                    "household_id": booking.household_id if by_household else None,
                    "staff_id": None if by_household else self.clerks[booking.commune_id],
                    "happened_at": at,
                    "written_at": at,
                    "reason": booking.reason if to_status is Status.DECLINED else "",
                }
            )
        return rows
