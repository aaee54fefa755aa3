"""A commune in which slots are asked for, waited for and given back: the acts, each by its service."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask import Flask
from sqlalchemy import delete

from kit_booking import worker
from kit_booking.database import transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.hours import Span
from kit_booking.models import Booking, Commune, Hold, Household, Kit, Message, Staff, WaitingEntry, WaitingState
from kit_booking.services.audit import Actor
from kit_booking.services.booking import answers, ask
from kit_booking.services.booking.answers import AnswerResult
from kit_booking.services.booking.ask import AskResult
from kit_booking.services.booking.move import change_slot
from kit_booking.services.marks import set_mark
from kit_booking.services.timeline.locks import lock
from kit_booking.services.timeline.offers import release_time
from kit_booking.services.waiting import entries
from kit_booking.services.waiting.entries import WaitResult
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.times import NOW, days_ahead

TOMORROW = days_ahead(1)


@dataclass
class Village:
    app: Flask
    world: World
    sms: FakeSms
    commune: Commune
    clerk: Staff = field(init=False)
    kits: list[Kit] = field(init=False)

    def __post_init__(self) -> None:
        self.clerk, self.kits = self.world.clerk(self.commune), self.world.kits(self.commune)

    @property
    def kit(self) -> Kit:
        return self.kits[0]

    def family(self, name: str = "Nguyễn Thị Hạnh", **columns: Any) -> Household:
        return self.world.household(self.commune, name, **columns)

    def asks(
        self,
        who: Household,
        day: date = TOMORROW,
        key: str = "toi",
        *,
        kit: Kit | None = None,
        now: datetime = NOW,
    ) -> AskResult:
        kit = kit or self.kit
        act = ask.request_booking
        return self.world.do(act, kit.code, day, key, who.id, sells="", streams_on="", now=now)

    def books_for(
        self,
        who: Household,
        day: date = TOMORROW,
        key: str = "toi",
        *,
        kit: Kit | None = None,
        override: str = "",
        now: datetime = NOW,
    ) -> AskResult:
        return self.world.do(
            ask.request_booking,
            (kit or self.kit).code,
            day,
            key,
            who.id,
            sells="",
            streams_on="",
            staff_id=self.clerk.id,
            override=override,
            now=now,
        )

    def has(self, who: Household, day: date = TOMORROW, key: str = "toi", **more: Any) -> Booking:
        """A booking that staff made and nothing stood against."""
        asked = self.books_for(who, day, key, **more)
        assert asked.code, asked.refusals
        return self.booking(asked.code)

    def booking(self, code: str) -> Booking:
        return self.world.all(Booking, code=code)[0]

    def waits(
        self,
        who: Household,
        day: date = TOMORROW,
        key: str = "toi",
        *,
        places: frozenset[int] = frozenset(),
        until_at: datetime | None = None,
        kit: Kit | None = None,
        now: datetime = NOW,
    ) -> WaitResult:
        return self.world.do(
            entries.join,
            (kit or self.kit).code,
            day,
            key,
            who.id,
            place_ids=places,
            until_at=until_at,
            by=Actor(household_id=who.id),
            now=now,
        )

    def entry(self, who: Household, day: date = TOMORROW, key: str = "toi", **more: Any) -> WaitingEntry:
        joined = self.waits(who, day, key, **more)
        assert joined.entry_id, joined.reasons
        return self.world.all(WaitingEntry, id=joined.entry_id)[0]

    def state(self, entry: WaitingEntry) -> WaitingState:
        return WaitingState(self.world.fresh(entry).state)

    def approves(self, booking: Booking, now: datetime = NOW) -> AnswerResult:
        done = self.world.acts(answers.approve, booking, self.clerk.id, now=now)
        self.world.let_undo_pass(now)
        return done

    def declines(self, booking: Booking, now: datetime = NOW) -> AnswerResult:
        done = self.world.acts(answers.decline, booking, self.clerk.id, "Bộ đang sửa", now=now)
        self.world.let_undo_pass(now)
        return done

    def cancels(self, booking: Booking, now: datetime = NOW) -> AnswerResult:
        """The office cancels it, and can't undo that any more; as with all that it does here."""
        done = self.world.acts(answers.cancel, booking, self.clerk.id, "Xã cần dùng", now=now)
        self.world.let_undo_pass(now)
        return done

    def withdraws(self, booking: Booking, now: datetime = NOW) -> AnswerResult:
        return self.world.acts(answers.withdraw, booking, booking.household_id, now=now)

    def misses(self, booking: Booking, now: datetime) -> AnswerResult:
        done = self.world.acts(answers.mark_no_show, booking, self.clerk.id, now=now)
        self.world.let_undo_pass(now)
        return done

    def changes(
        self, booking: Booking, day: date, key: str, *, kit: Kit | None = None, now: datetime = NOW
    ) -> AskResult:
        kit = kit or self.kit
        return self.world.do(change_slot, self.world.seen(booking), kit.code, day, key, booking.household_id, now=now)

    def accepts(self, booking: Booking, by: Actor | None = None, now: datetime = NOW) -> AnswerResult:
        by = by or Actor(household_id=booking.household_id)
        done = self.world.acts(entries.accept, booking, by, now=now)
        self.world.let_undo_pass(now)
        return done

    def refuses(self, booking: Booking, by: Actor | None = None, now: datetime = NOW) -> AnswerResult:
        by = by or Actor(household_id=booking.household_id)
        done = self.world.acts(entries.refuse, booking, by, now=now)
        self.world.let_undo_pass(now)
        return done

    def opens_again(self, kit: Kit, span: Span, now: datetime = NOW) -> None:
        """A closure of the kit ends before its time."""
        self.world.do(_open_again, kit.id, span, now=now)

    def works(self, now: datetime = NOW) -> None:
        """A round of a worker that was there all the time."""
        self.world.do(set_mark, "worker", now=now)
        worker.run_once(self.app, lambda: now)

    def works_again(self, now: datetime, *, after: datetime) -> None:
        """The first round of a worker that was last there at another time."""
        self.world.do(set_mark, "worker", now=after)
        worker.run_once(self.app, lambda: now)

    def offers(self, **columns: Any) -> list[Booking]:
        return self.world.all(Booking, status=Status.OFFERED, **columns)

    def the_offer(self) -> Booking:
        [offer] = self.offers()
        return offer

    def texts(self, booking: Booking) -> list[str]:
        """The kinds of the texts about the booking, oldest first."""
        return [str(text.kind) for text in self.world.all(Message, booking_id=booking.id)]


@transaction
def _open_again(session: Any, kit_id: int, span: Span, *, now: datetime) -> None:
    lock(session, Kit, kit_id)
    session.execute(delete(Hold).where(Hold.kit_id == kit_id, Hold.booking_id.is_(None)))
    release_time(session, kit_id, span, now=now)
