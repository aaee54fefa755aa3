"""Random changes in the life of a commune's kits and bookings, made by the use cases themselves.

The `@transaction` functions stand in for use cases that are not there yet: what they change has its version and
its time, and calendars are told.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from kit_booking.clock import utc_now
from kit_booking.database import Base, transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.text import slug
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Booking, Commune, Hold, Kit, Place, WaitingEntry
from kit_booking.services.audit import Actor
from kit_booking.services.booking import answers, ask
from kit_booking.services.booking.move import change_slot
from kit_booking.services.register import households
from kit_booking.services.timeline import moves
from kit_booking.services.timeline.locks import bump_calendar_versions
from kit_booking.services.waiting import entries
from tests.support.town import SLOTS, Town
from tests.times import at

NAMES = (
    'Phú Túc "mới", thôn 1; thôn 2',
    "🎥 Hồng Minh 👨‍👩‍👧 🇻🇳",
    "Phươ\u0323ng Dư\u0323c",
    "dòng một\r\ndòng hai\nEND:VEVENT",
    "ký\x07tự\x1bđiều\x7fkhiển\u2028lạ",
    "\\n \\, \\; %(name)s {place} <b>",
    "ế" * 80,
    "Đại Xuyên",
)
CODES = ("PD;2", 'P"D,2', "PD\\2", "PĐ-22", "PD-2")
DAYS = range(2, 12)


@transaction
def close(session: Session, kit_id: int, spans: list[Span]) -> None:
    session.add_all(
        Hold(kit_id=kit_id, from_at=span.from_at, until_at=span.until_at, changed_at=utc_now()) for span in spans
    )
    session.execute(update(Kit).where(Kit.id == kit_id).values(version=Kit.version + 1))


@transaction
def reopen(session: Session, hold_id: int, kit_id: int, span: Span, *, now: datetime) -> None:
    """End a closed stretch; whoever waited for its time is offered it."""
    session.execute(delete(Hold).where(Hold.id == hold_id))
    session.execute(update(Kit).where(Kit.id == kit_id).values(version=Kit.version + 1))
    moves.release_time(session, kit_id, span, now=now)


@transaction
def rename(session: Session, row: Base, values: dict[str, str], commune_id: int, *, now: datetime) -> None:
    """Give a place, a kit, a commune or a household another name, or an office another number."""
    session.execute(update(type(row)).where(type(row).id == row.id).values(values))
    session.execute(update(Commune).where(Commune.id == commune_id).values(version=Commune.version + 1))
    bump_calendar_versions(session, commune_id, now=now)


class Life:
    """What may happen; the dice decide."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.world = town, town.world
        self.dice = Random(seed)  # noqa: S311 (the same life for the same seed)
        self.deeds: list[Callable[[], bool]] = [
            *[self.ask] * 6, *[self.approve] * 4, *[self.move] * 4, self.decline, self.cancel, self.withdraw,
            *[self.wait] * 3, *[self.free_one_that_is_waited_for] * 3, *[self.accept] * 2, self.refuse,
            *[self.close] * 2, self.reopen,
            self.rename_place, self.rename_kit, self.rename_commune, self.rename_household, self.change_number,
        ]  # fmt: skip

    def changes(self, number: int) -> Iterator[str]:
        """So many changes, by name; each kind of them once at least."""
        missing = list(dict.fromkeys(self.deeds))
        for left in reversed(range(number)):
            first = missing if left < len(missing) or self.dice.random() < 0.5 else []
            wishes = [*self.dice.sample(first, len(first)), *self.dice.sample(self.deeds, len(self.deeds))]
            deed = next(wish for wish in wishes if wish())  # What there is nothing to do to has its turn later.
            missing = [each for each in missing if each != deed]
            yield deed.__name__
        assert not missing

    def ask(self) -> bool:
        kit, day, key = self._free()
        household = self.dice.choice([self.town.owner, self.town.neighbour])
        asked = self.world.do(
            ask.request_booking, kit.code, day, key, household.id, sells="", streams_on="", now=utc_now()
        )
        return bool(asked.code)

    def approve(self) -> bool:
        return self._answered(answers.approve, Status.REQUESTED)

    def decline(self) -> bool:
        return self._answered(answers.decline, Status.REQUESTED, "Bộ đang sửa")

    def cancel(self) -> bool:
        return self._answered(answers.cancel, Status.APPROVED, "Trụ sở nghỉ")

    def withdraw(self) -> bool:
        booking = self._booking(Status.REQUESTED, Status.APPROVED)
        return (
            booking is not None
            and self.world.do(answers.withdraw, self.world.seen(booking), booking.household_id, now=utc_now()).is_done
        )

    def _answered(self, service: Callable[..., answers.AnswerResult], status: Status, *reason: str) -> bool:
        booking = self._booking(status)
        return booking is not None and self._done(service, booking, self.town.clerk.id, *reason)

    def _done(self, service: Callable[..., answers.AnswerResult], booking: Booking, *arguments: Any) -> bool:
        done = self.world.do(service, self.world.seen(booking), *arguments, now=utc_now()).is_done
        self.world.let_undo_pass(utc_now())
        return done

    def move(self) -> bool:
        """To another kit, another slot, or both."""
        booking = self._booking(Status.REQUESTED, Status.APPROVED)
        if booking is None:
            return False
        kit, day, key = self._free()
        moved = self.world.do(
            change_slot, self.world.seen(booking), kit.code, day, key, booking.household_id, now=utc_now()
        )
        return bool(moved.code)

    def wait(self) -> bool:
        """A household wants what another one has; it is offered when that comes free."""
        booking = self._booking(Status.REQUESTED, Status.APPROVED)
        if booking is None:
            return False
        other = self.town.neighbour if booking.household_id == self.town.owner.id else self.town.owner
        kit = self.world.all(Kit, id=booking.kit_id)[0]
        if self.world.all(WaitingEntry, household_id=other.id, day=booking.day, slot_name=booking.slot_name):
            return False
        self.world.entry(kit, other, booking.day, slug(booking.slot_name), joined_at=utc_now())
        return True

    def free_one_that_is_waited_for(self) -> bool:
        """Staff cancel or decline it, and in the same moment it is offered to who waits."""
        wanted = {(entry.day, entry.slot_name) for entry in self.world.all(WaitingEntry, state="waiting")}
        found = [booking for booking in self.world.all(Booking) if (booking.day, booking.slot_name) in wanted]
        for booking in found:
            service = {Status.REQUESTED: answers.decline, Status.APPROVED: answers.cancel}.get(booking.status)
            if service:
                return self.world.do(
                    service, self.world.seen(booking), self.town.clerk.id, "Trụ sở nghỉ", now=utc_now()
                ).is_done
        return False

    def accept(self) -> bool:
        return self._told(entries.accept)

    def refuse(self) -> bool:
        return self._told(entries.refuse)

    def _told(self, service: Callable[..., answers.AnswerResult]) -> bool:
        booking = self._booking(Status.OFFERED)
        return (
            booking is not None
            and self.world.do(
                service, self.world.seen(booking), Actor(household_id=booking.household_id), now=utc_now()
            ).is_done
        )

    def close(self) -> bool:
        """Hours, or days that are closed one by one."""
        kit, first = self._kit(), self._day()
        midnights = [at(first + timedelta(days=days), "00:00") for days in range(self.dice.randint(2, 3))]
        days = [Span(*pair) for pair in pairwise(midnights)]
        spans = self.dice.choice([days, days, [Span(at(first, "07:30"), at(first, "11:15"))]])
        holds = [Span(hold.from_at, hold.until_at) for hold in self.world.all(Hold, kit_id=kit.id)]
        if any(hold.overlaps(span) for hold in holds for span in spans):
            return False
        self.world.do(close, kit.id, spans)
        return True

    def reopen(self) -> bool:
        closed = self.world.all(Hold, booking_id=None)
        if closed:
            hold = self.dice.choice(closed)
            self.world.do(reopen, hold.id, hold.kit_id, Span(hold.from_at, hold.until_at), now=utc_now())
        return bool(closed)

    def rename_place(self) -> bool:
        place = self.dice.choice(self.world.all(Place, commune_id=self.town.commune.id))
        return self._rename(place, {"name": self.dice.choice(NAMES)})

    def rename_kit(self) -> bool:
        """The second one, for nobody subscribed to its own feed, whose address has its code."""
        kit = self.town.second_kit
        return self._rename(kit, {"code": self.dice.choice(CODES)})

    def rename_commune(self) -> bool:
        commune = self.town.commune
        return self._rename(commune, {"name": self.dice.choice(NAMES)})

    def change_number(self) -> bool:
        commune, phone = self.town.commune, f"024338{self.dice.randint(10000, 99999)}"
        return self._rename(commune, {"phone": phone})

    def rename_household(self) -> bool:
        household = self.dice.choice([self.town.owner, self.town.neighbour])
        name, village = self.dice.choice(NAMES), self.dice.choice(NAMES)
        by = Actor(staff_id=self.town.clerk.id)
        return self.world.do(
            households.correct, household.id, by, name=name, village=village, craft="mộc", now=utc_now()
        )

    def _rename(self, row: Base, values: dict[str, str]) -> bool:
        self.world.do(rename, row, values, self.town.commune.id, now=utc_now())
        return True

    def _booking(self, *statuses: Status) -> Booking | None:
        found = [booking for booking in self.world.all(Booking) if booking.status in statuses]
        return self.dice.choice(found) if found else None

    def _kit(self) -> Kit:
        return self.dice.choice(self.world.kits(self.town.commune))

    def _day(self) -> date:
        return local_day(utc_now()) + timedelta(days=self.dice.choice(DAYS))

    def _free(self) -> tuple[Kit, date, str]:
        """A slot that nobody has, and that is not closed; there are more of them than changes."""
        while True:
            kit, day, key = self._kit(), self._day(), self.dice.choice(SLOTS)
            span = self.world.slot(kit, day, key).hold
            holds = self.world.all(Hold, kit_id=kit.id)
            if not any(Span(hold.from_at, hold.until_at).overlaps(span) for hold in holds):
                return kit, day, key
