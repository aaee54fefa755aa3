"""Whatever people do, in whatever order and at whatever time: the fair queue stays fair, and nothing gets lost."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from kit_booking import worker
from kit_booking.database import db, transaction
from kit_booking.domain.booking.status import Status, may_move
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.domain.time.slots import Slot
from kit_booking.models import AuditEntry, Booking, HandedPart, Handover, Hold, Household, Kit, Message, WaitingEntry
from kit_booking.services.audit import Actor
from kit_booking.services.booking import answers, deadlines
from kit_booking.services.counter import handover
from kit_booking.services.counter.handover import KitCheck
from kit_booking.services.messages import reminders
from kit_booking.services.timeline import moves, standing, undo
from kit_booking.services.timeline.locks import lock_booking
from kit_booking.services.waiting import entries
from tests.guarantees import queue_model as model
from tests.guarantees.queue_model import AHEAD, LIVE, Seen
from tests.support.builders import World
from tests.support.databases import on_both_in_ci
from tests.support.fakes import FakeSms
from tests.support.village import Village
from tests.times import NOW, days_ahead

pytestmark = [on_both_in_ci, pytest.mark.timeout(600)]

FAMILIES = 5
SHARING = 3
"""So many of them have one number."""
PLANNED = ("sang", "trua", "chieu", "toi")
TEXTS = {
    (None, "requested"): "received",
    (None, "approved"): "approved",
    (None, "offered"): "offer",
    ("requested", "approved"): "approved",
    ("requested", "declined"): "declined",
    ("requested", "lapsed"): "lapsed",
    ("offered", "approved"): "approved",
    ("approved", "no_show"): "no_show",
    ("requested", "requested"): "changed",
    ("approved", "approved"): "changed",
}
"""Which move is told; a change of slot is one that stays what it was. A cancellation depends on who did it."""
UNTOLD = {("offered", "lapsed"), ("offered", "refused"), ("approved", "out"), ("no_show", "out"), ("out", "returned")}
NOT_OF_A_MOVE = ("staff_due", "reminder_day", "reminder_soon", "paused")

DEEDS: dict[Callable[..., Any], Callable[[int], tuple[Any, ...]]] = {
    answers.approve: lambda clerk: (clerk,),
    answers.decline: lambda clerk: (clerk, "Bộ đang sửa"),
    answers.cancel: lambda clerk: (clerk, "Bộ đang sửa"),
    answers.mark_no_show: lambda clerk: (clerk,),
    entries.accept: lambda clerk: (Actor(staff_id=clerk),),
    entries.refuse: lambda clerk: (Actor(staff_id=clerk),),
    handover.hand_over: lambda clerk: (clerk, KitCheck(())),
    handover.take_back: lambda clerk: (clerk, KitCheck(())),
}
"""What the office does by one click, and with what."""
numbers = st.integers(0, 2**16)
families = st.integers(0, FAMILIES - 1)
kits = st.integers(0, 1)
slots = st.tuples(st.integers(1, 3), st.sampled_from(["sang", "toi"]))


def some(*statuses: str) -> Any:
    """The rule needs a booking in one of these statuses."""
    return precondition(lambda self: self.seen.with_status(*statuses))


class FairQueue(RuleBasedStateMachine):
    """Two kits, one of them at a place that is closed on Thursdays and Fridays, so that its slots overlap there."""

    def __init__(self, village: Village, people: list[Household]) -> None:
        super().__init__()
        self.village, self.world, self.people = village, village.world, people
        self.now = NOW
        with village.app.app_context(), Session(db.engine) as session:
            for table in (AuditEntry, Message, Hold, WaitingEntry, HandedPart, Handover, Booking):
                session.execute(delete(table))
            session.execute(update(Household).values(lifted_at=None))
            session.commit()
        kit = village.kit
        for family, days in ((0, -40), (1, -40), (1, -10), (2, -10)):
            self.world.booking(kit, people[family], days_ahead(days), status=Status.RETURNED)
        self.seen = self.look()

    def look(self) -> Seen:
        with self.village.app.app_context(), db.engine.connect() as connection:
            return Seen.now(connection)

    def day(self, ahead: int) -> date:
        return local_day(self.now) + timedelta(days=ahead)

    def pick(self, number: int, *statuses: str) -> Any:
        """One of the bookings in these statuses."""
        found = self.seen.with_status(*statuses)
        return found[number % len(found)]

    def slot(self, kit: Kit, slot: tuple[int, str]) -> Slot:
        return self.world.slot(kit, self.day(slot[0]), slot[1])

    # ---- acts

    @initialize(
        taken=st.lists(st.tuples(families, kits, slots), min_size=3, max_size=6), turns=st.permutations([1, 2, 3])
    )
    def begin(self, taken: list[tuple[int, int, tuple[int, str]]], turns: list[int]) -> None:
        """Of a full fortnight: for whatever is taken three others wait."""
        for family, kit, slot in taken:
            self.ask(family=family, kit=kit, slot=slot, by_staff=True)
            for turn in turns:
                self.join(family=(family + turn) % FAMILIES, kit=kit, slot=slot, is_picky=True, wish=None)

    @rule(family=families, kit=kits, slot=slots, by_staff=st.booleans())
    def ask(self, family: int, kit: int, slot: tuple[int, str], by_staff: bool) -> None:
        who, which = self.people[family], self.village.kits[kit]
        found = self.slot(which, slot)
        act = self.village.books_for if by_staff else self.village.asks
        before = self.seen
        asked = self.act(lambda: act(who, found.day, slot[1], kit=which, now=self.now))
        own = [
            b
            for b in before.of(who.id)
            if b.status in LIVE and (b.kit_id, b.day, b.slot_name) == (which.id, found.day, found.name)
        ]
        is_free = model.is_free(before, which.id, found) and self.now < found.ask_until_at
        may = model.may_have(before, who.id, found, self.now)
        assert bool(asked.code) == bool(own or (is_free and may)), asked

    @some("requested")
    @rule(number=numbers)
    def approve(self, number: int) -> None:
        booking = self.pick(number, "requested")
        self.act(lambda: self.village.approves(booking, self.now))

    @some("requested")
    @rule(number=numbers)
    def decline(self, number: int) -> None:
        booking = self.pick(number, "requested")
        self.act(lambda: self.village.declines(booking, self.now))

    @some("requested", "offered", "approved")
    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        booking = self.pick(number, *AHEAD)
        self.act(lambda: self.village.cancels(booking, self.now))

    @some("requested", "approved")
    @rule(number=numbers)
    def withdraw(self, number: int) -> None:
        booking = self.pick(number, "requested", "approved")
        late = booking.pick_up_at - self.now < timedelta(hours=12) and booking.status == "approved"
        done = self.act(lambda: self.village.withdraws(booking, self.now)).is_done
        assert done == (self.now < booking.pick_up_at)
        is_fresh = booking.approved_at and self.now - booking.approved_at <= timedelta(minutes=30)
        is_kept = any(  # By who has the kit and is late.
            other.kit_id == booking.kit_id and other.status == "out" and other.return_at <= self.now
            for other in self.seen.bookings.values()
        )
        is_strike = done and late and not is_fresh and not is_kept
        assert bool(self.seen.bookings[booking.id].strike_at) == bool(is_strike)

    @some("requested", "approved")
    @rule(number=numbers, kit=kits, slot=slots)
    def change(self, number: int, kit: int, slot: tuple[int, str]) -> None:
        booking = self.pick(number, "requested", "approved")
        which, before = self.village.kits[kit], self.seen
        found = self.slot(which, slot)
        asked = self.act(lambda: self.village.changes(booking, found.day, slot[1], kit=which, now=self.now))
        after = self.seen.bookings[booking.id]
        has = (after.kit_id, after.day, after.slot_name)
        had = (booking.kit_id, booking.day, booking.slot_name)
        assert has == ((which.id, found.day, found.name) if asked.code else had)
        if has != had:
            assert model.is_free(before, which.id, found, without=booking.id)
            assert model.may_have(before, booking.household_id, found, self.now, without=booking.id)

    @rule(family=families, kit=kits, slot=slots, is_picky=st.booleans(), wish=st.none() | st.integers(1, 30))
    def join(self, family: int, kit: int, slot: tuple[int, str], is_picky: bool, wish: int | None) -> None:
        who, which, before = self.people[family], self.village.kits[kit], self.seen
        found = self.slot(which, slot)
        places = frozenset({which.place_id}) if is_picky else frozenset()
        until_at = self.now + timedelta(hours=wish) if wish else None
        joined = self.act(
            lambda: self.village.waits(
                who, found.day, slot[1], kit=which, places=places, until_at=until_at, now=self.now
            )
        )
        assert bool(joined.entry_id) == self.may_join(before, who, found.day, slot[1], places)

    def may_join(self, seen: Seen, who: Household, day: date, key: str, places: frozenset[int]) -> bool:
        found = [(kit, self.world.slot(kit, day, key)) for kit in self.village.kits]
        name = found[0][1].name
        own = [entry for entry in seen.entries.values() if entry.household_id == who.id]
        open_ = [entry for entry in own if entry.state in ("waiting", "offered")]
        if any((entry.day, entry.slot_name) == (day, name) for entry in open_):
            return True
        would_do = [(kit, slot) for kit, slot in found if not places or kit.place_id in places]
        taken = [slot for kit, slot in would_do if model.is_taken(seen, kit.id, slot)]
        return not (
            any(model.is_free(seen, kit.id, slot) and self.now < slot.ask_until_at for kit, slot in would_do)
            or not any(model.is_worth_offering(slot, self.now) for slot in taken)
            or any((b.day, b.slot_name, b.status in LIVE) == (day, name, True) for b in seen.of(who.id))
            or sum(entry.until_at > self.now for entry in open_) >= 3
            or model.is_paused(seen, who.id, self.now)
        )

    def waiting(self) -> list[Any]:
        return [entry for _, entry in sorted(self.seen.entries.items()) if entry.state == "waiting"]

    def entry(self, number: int) -> Any:
        return self.waiting()[number % len(self.waiting())]

    @precondition(lambda self: self.waiting())
    @rule(number=numbers)
    def leave(self, number: int) -> None:
        entry = self.entry(number)
        by = Actor(household_id=entry.household_id)
        assert self.act(lambda: self.world.do(entries.leave, entry.id, by, now=self.now))

    @precondition(lambda self: self.waiting())
    @rule(number=numbers)
    def put_forward(self, number: int) -> None:
        entry = self.entry(number)
        clerk = self.village.clerk.id
        self.act(lambda: self.world.do(entries.put_forward, entry.id, clerk, "Hội chợ", now=self.now))

    @some("offered")
    @rule(number=numbers)
    def accept(self, number: int) -> None:
        booking = self.pick(number, "offered")
        assert self.act(lambda: self.village.accepts(booking, now=self.now)).is_done

    @some("offered")
    @rule(number=numbers)
    def refuse(self, number: int) -> None:
        booking = self.pick(number, "offered")
        assert self.act(lambda: self.village.refuses(booking, now=self.now)).is_done

    @some("approved")
    @rule(number=numbers)
    def miss(self, number: int) -> None:
        booking = self.pick(number, "approved")
        done = self.act(lambda: self.village.misses(booking, now=self.now)).is_done
        is_late = self.now >= booking.pick_up_at + timedelta(minutes=30)
        assert done == (is_late and not self.is_out(booking.kit_id))

    @some("approved", "no_show")
    @rule(number=numbers)
    def hand_over(self, number: int) -> None:
        booking = self.pick(number, "approved", "no_show")
        is_due = booking.pick_up_at - timedelta(hours=1) <= self.now < booking.return_at
        if is_due and not self.is_out(booking.kit_id):
            self.act(lambda: self.world.do(_hand_over, booking.code, now=self.now))

    def is_out(self, kit_id: int) -> bool:
        return any(booking.status == "out" and booking.kit_id == kit_id for booking in self.seen.bookings.values())

    @some("out")
    @rule(number=numbers)
    def take_back(self, number: int) -> None:
        booking = self.pick(number, "out")
        self.act(lambda: self.world.do(_take_back, booking.code, now=self.now))

    @some("requested", "offered", "approved", "no_show", "out")
    @rule(number=numbers, deed=st.sampled_from(list(DEEDS)))
    def regret(self, number: int, deed: Callable[..., Any]) -> None:
        """The office does something to the wrong booking and undoes it: as if it had not been."""
        booking = self.pick(number, "requested", "offered", "approved", "no_show", "out")
        more = DEEDS[deed](self.village.clerk.id)
        self.act(lambda: self.world.do(worker.send_due, self.village.sms, lambda: self.now))
        if not self.world.acts(deed, booking, *more, now=self.now).is_done:
            return
        self.world.do(worker.send_due, self.village.sms, lambda: self.now)
        told = [text for text in self.look().texts.values() if text.state == "accepted"]
        assert len(told) == sum(text.state == "accepted" for text in self.seen.texts.values()), "nobody was told"
        assert self.look().with_status("offered") == self.seen.with_status("offered") or booking.status == "offered"
        soon = self.now + timedelta(seconds=119)
        assert self.world.acts(undo.undo, booking, self.village.clerk.id, now=soon) is undo.UndoResult.DONE
        after = self.look()
        assert model.without_versions(after) == model.without_versions(self.seen)
        self.seen = after

    @rule(family=families)
    def lift(self, family: int) -> None:
        who, clerk = self.people[family], self.village.clerk.id
        if model.is_paused(self.seen, who.id, self.now):
            self.act(lambda: self.world.do(standing.lift_pause, who.id, clerk, "Nhà có tang", now=self.now))
            assert not model.is_paused(self.seen, who.id, self.now)

    @rule(kit=kits, days=st.integers(1, 3), hours=st.sampled_from([3, 12, 40]))
    def close(self, kit: int, days: int, hours: int) -> None:
        """For some hours from noon on, unless something stands in the way."""
        from_at = local(self.day(days), time(12))
        which = self.village.kits[kit]
        closed = [hold for hold in self.seen.holds.values() if (hold.kit_id, hold.booking_id) == (which.id, None)]
        span = Span(from_at, from_at + timedelta(hours=hours))
        others = [hold for hold in self.seen.holds.values() if hold.kit_id == which.id]
        if not closed and not any(span.overlaps(Span(hold.from_at, hold.until_at)) for hold in others):
            self.world.add(Hold(kit_id=which.id, from_at=span.from_at, until_at=span.until_at))
            self.seen = self.look()

    @rule(kit=kits)
    def open_again(self, kit: int) -> None:
        which = self.village.kits[kit]
        closed = [h for h in self.seen.holds.values() if (h.kit_id, h.booking_id) == (which.id, None)]
        if closed:
            self.act(lambda: self.village.opens_again(which, Span(*_times(closed[0])), self.now))

    @some("approved")
    @rule(number=numbers, minutes=st.sampled_from([-30, 35]))
    def time_passes_to_a_pick_up(self, number: int, minutes: int) -> None:
        self.go_to(self.pick(number, "approved").pick_up_at + timedelta(minutes=minutes))

    @precondition(lambda self: self.seen.bookings)
    @rule(hours=st.sampled_from([0.25, 1, 4, 9, 15]))
    def time_passes(self, hours: float) -> None:
        self.go_to(self.now + timedelta(hours=hours))

    def go_to(self, target: datetime) -> None:
        while (moment := self.next_moment()) and moment < target:
            self.now = moment
            self.round()
        if target > self.now:
            self.now = target
            self.round()

    def next_moment(self) -> datetime | None:
        bookings, entries, texts = self.seen.bookings.values(), self.seen.entries.values(), self.seen.texts.values()
        moments = [
            *(b.answer_by_at for b in bookings if b.status in ("requested", "offered")),
            *(b.remind_staff_at for b in bookings if b.status == "requested" and b.remind_staff_at),
            *(entry.until_at for entry in entries if entry.state == "waiting"),
            *(text.due_at for text in texts if text.state == "queued"),
        ]
        return min((moment for moment in moments if moment > self.now), default=None)

    def round(self) -> None:
        """What the worker does in a round, looked at after every transaction."""
        with self.village.app.app_context():
            due = deadlines.find_due(now=self.now)
            written = reminders.find_due(now=self.now)
        for code in due.lapsing:
            self.act(lambda: self.world.do(deadlines.lapse, code, now=self.now))  # noqa: B023
        for code in due.to_remind_of:
            self.act(lambda: self.world.do(deadlines.remind_staff, code, now=self.now))  # noqa: B023
        for entry_id in due.waiting_over:
            self.act(lambda: self.world.do(entries.end_waiting, entry_id, now=self.now))  # noqa: B023
        for booking_id in written:
            self.act(lambda: self.world.do(reminders.write_due, booking_id, now=self.now))  # noqa: B023
        self.act(lambda: self.world.do(worker.send_due, self.village.sms, lambda: self.now))
        waiting = [b for b in self.seen.bookings.values() if b.status in ("requested", "offered")]
        assert all(b.answer_by_at > self.now for b in waiting), "nothing is left that has run out"
        assert all(e.until_at > self.now for e in self.seen.entries.values() if e.state == "waiting")

    # ---- what must be so, after every act

    def act(self, do: Callable[[], Any]) -> Any:
        before = self.seen
        result = do()
        self.seen = self.look()
        changed = [
            (before.bookings.get(key), row)
            for key, row in self.seen.bookings.items()
            if _place(before.bookings.get(key)) != _place(row)
        ]
        self.assert_written_down(before, changed)
        self.assert_told(before, changed)
        self.assert_offered_to_the_first(before, changed)
        return result

    def assert_written_down(self, before: Seen, changed: list[tuple[Any, Any]]) -> None:
        lines = [row for key, row in self.seen.audit.items() if key not in before.audit]
        of_bookings = Counter(row.id for _, row in changed)
        assert Counter(line.booking_id for line in lines if line.booking_id) == of_bookings
        for old, new in changed:
            [line] = [line for line in lines if line.booking_id == new.id]
            assert line.action == ("changed" if old and old.status == new.status else new.status)
            assert line.detail.get("from_status") == (old.status if old else None)
            assert old is None or old.status == new.status or may_move(Status(old.status), Status(new.status))
        of_people = [(line.action, line.household_id) for line in lines if not line.booking_id]
        entries = [
            (old, row)
            for key, row in self.seen.entries.items()
            if (old := before.entries.get(key)) is None
            or (old.state, old.put_forward_at) != (row.state, row.put_forward_at)
        ]
        ended_by = {"left": "waits_no_more", "over": "waiting_over"}
        expected = [
            (
                "waits" if old is None else ended_by.get(row.state, "put_forward"),
                row.household_id,
            )
            for old, row in entries
            if old is None or (old.state == "waiting" and row.state in ("waiting", "left", "over"))
        ]
        lifted = [("pause_lifted", who) for who, when in self.seen.lifted.items() if when != before.lifted[who]]
        assert sorted(of_people) == sorted(expected + lifted)

    def assert_told(self, before: Seen, changed: list[tuple[Any, Any]]) -> None:
        new = [row for key, row in self.seen.texts.items() if key not in before.texts]
        told = sorted((row.kind, row.booking_id) for row in new if row.kind not in NOT_OF_A_MOVE)
        expected = []
        for old, row in changed:
            step = (old.status if old else None, row.status)
            if row.status == "cancelled":
                by = [a for a in self.seen.audit.values() if (a.booking_id, a.action) == (row.id, "cancelled")][-1]
                expected.append(("cancelled" if by.staff_id else "withdrawn", row.id))
            elif step not in UNTOLD:
                expected.append((TEXTS[step], row.id))
        assert told == sorted(expected)

    def assert_offered_to_the_first(self, before: Seen, changed: list[tuple[Any, Any]]) -> None:
        made = [row for old, row in changed if old is None and row.status == "offered"]
        others = [(old, row) for old, row in changed if not (old is None and row.status == "offered")]
        freed = [
            hold
            for old, row in others
            for hold in before.holds.values()
            if old and hold.booking_id == old.id and (row.status not in LIVE or _place(old)[1:] != _place(row)[1:])
        ]
        assert len(freed) <= 1
        reopened = [hold for key, hold in before.holds.items() if not (hold.booking_id or key in self.seen.holds)]
        expected = []
        for hold in [*freed, *reopened]:
            # As things stood when the time came free: all done but the offers.
            state = replace(
                before,
                bookings=before.bookings | {row.id: row for _, row in others},
                holds={
                    key: row
                    for key, row in self.seen.holds.items()
                    if row.booking_id not in {offer.id for offer in made}
                },
                entries={
                    key: row
                    for key, row in before.entries.items()
                    if self.seen.entries[key].state != "served" or row.state != "waiting"
                },
            )
            [kit] = [kit for kit in self.village.kits if kit.id == hold.kit_id]
            span = Span(*_times(hold))
            around = [self.world.slot(kit, self.day(n), key) for n in range(-1, 9) for key in PLANNED]
            expected = model.offers(state, kit, [slot for slot in around if slot.hold.overlaps(span)], self.now)
        assert sorted((row.household_id, row.day, row.slot_name) for row in made) == sorted(expected)

    @invariant()
    def no_holds_overlap_and_each_live_booking_has_one(self) -> None:
        holds = sorted(self.seen.holds.values(), key=lambda hold: (hold.kit_id, hold.from_at))
        for one, other in pairwise(holds):
            assert one.kit_id != other.kit_id or one.until_at <= other.from_at
        live = [booking for booking in self.seen.bookings.values() if booking.status in LIVE]
        held = [hold for hold in holds if hold.booking_id]
        assert sorted(booking.id for booking in live) == sorted(hold.booking_id for hold in held)
        for hold in held:
            booking = self.seen.bookings[hold.booking_id]
            assert (hold.kit_id, hold.until_at) == (booking.kit_id, booking.return_at)
            assert hold.from_at >= booking.pick_up_at

    @invariant()
    def nobody_has_more_than_the_rules_allow(self) -> None:
        for who in self.people:
            own = self.seen.of(who.id)
            for peak in (False, True):
                alike = [one for one in own if model.is_peak(one.pick_up_at, one.return_at) == peak]
                early = [one for one in alike if not one.moved_at and model.chosen_early(one)]
                assert model.ahead(early, self.now) <= (1 if peak else 2)
                assert max(model.weeks(early).values(), default=0) <= 2
            open_ = [entry for entry in self.seen.entries.values() if entry.household_id == who.id]
            running = [e for e in open_ if e.state in ("waiting", "offered")]
            assert len({(e.day, e.slot_name) for e in running}) == len(running)
            has = {(b.day, b.slot_name) for b in own if b.status in ("requested", "approved", "out")}
            assert not has & {(e.day, e.slot_name) for e in open_ if e.state == "waiting"}, "what it has by now"

    @invariant()
    def each_running_offer_has_its_place_in_the_queue_and_ends_at_the_lead_time(self) -> None:
        offered = [booking for booking in self.seen.bookings.values() if booking.status == "offered"]
        entries = [entry for entry in self.seen.entries.values() if entry.state == "offered"]
        assert sorted(entry.booking_id for entry in entries) == sorted(booking.id for booking in offered)
        for entry in entries:
            booking = self.seen.bookings[entry.booking_id]
            assert (entry.household_id, entry.day, entry.slot_name) == (
                booking.household_id,
                booking.day,
                booking.slot_name,
            )
            assert booking.answer_by_at <= booking.pick_up_at - timedelta(hours=2)


def _times(hold: Any) -> tuple[datetime, datetime]:
    return hold.from_at, hold.until_at


def _place(booking: Any | None) -> tuple[Any, ...] | None:
    return booking and (booking.status, booking.kit_id, booking.day, booking.slot_name)


@transaction
def _hand_over(session: Session, code: str, *, now: datetime) -> None:
    booking = lock_booking(session, code)
    if booking.status == Status.NO_SHOW:
        if not moves.hold_again(session, booking, now, now=now):
            return
        booking.strike_at = None
    moves.move(session, booking, Status.OUT, Actor(), now=now)


@transaction
def _take_back(session: Session, code: str, *, now: datetime) -> None:
    moves.move(session, lock_booking(session, code), Status.RETURNED, Actor(), now=now)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    commune = world.commune()
    hours = [["07:30", "17:00"] if day not in (3, 4) else None for day in range(7)]
    world.kit(world.place(commune, "Hồng Minh", handover_hours=hours))
    return Village(app, world, sms, commune)


def test_whatever_people_do_in_whatever_order_the_queue_is_fair_and_nothing_is_lost(village: Village):
    shared = {"phone": "+84987654321"}
    people = [village.family(f"Nhà {n}", **(shared if n < SHARING else {})) for n in range(FAMILIES)]
    patient = settings(
        max_examples=25, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(lambda: FairQueue(village, people), settings=patient)
