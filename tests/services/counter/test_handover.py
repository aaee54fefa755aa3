"""Handing over and taking back a kit, also from several windows at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask

from kit_booking import worker
from kit_booking.domain.booking.counter import CheckedPart, Direction, TimeProblem
from kit_booking.domain.booking.standing import Pause
from kit_booking.domain.booking.status import LIVE, Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import (
    AuditEntry,
    Booking,
    HandedPart,
    Handover,
    Hold,
    Household,
    Kit,
    Message,
    Photo,
    Place,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking import answers
from kit_booking.services.counter.handover import (
    HandoverRefusal,
    HandoverResult,
    KitCheck,
    hand_over,
    say_whether_usable,
    take_back,
)
from kit_booking.services.counter.reading import handovers_of, parts_of_kit, parts_to_take_back
from kit_booking.services.messages import reminders
from kit_booking.services.register.erasing import erase
from kit_booking.services.register.households import find_household
from kit_booking.services.timeline.standing import standing_of
from kit_booking.services.waiting import entries
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.times import NOW, at, days_ahead

TODAY = days_ahead(0)
FIVE = at(TODAY, "17:00")
"""When the evening's kits are picked up."""
HALF_PAST = FIVE + timedelta(minutes=30)
BACK_AT = at(days_ahead(1), "07:30")
ALL_THERE = KitCheck((CheckedPart("điện thoại", 1, 1), CheckedPart("đèn", 2, 2)), saw_id=True)
ONE_LAMP = KitCheck(
    (CheckedPart("điện thoại", 1, 1, is_broken=True), CheckedPart("đèn", 2, 1)), note="rơi khi chuyển"
)


class Counter:
    """One kit of one commune, its clerk, and a household that has it this evening."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.commune = world.commune()
        self.kit: Kit = world.kits(self.commune)[0]
        self.clerk = world.clerk(self.commune)
        self.hanh: Household = world.household(self.commune)
        self.evening = self.has(Status.APPROVED)

    def has(self, status: Status, days: int = 0, key: str = "toi", of: Household | None = None) -> Booking:
        return self.world.booking(
            self.kit, of or self.hanh, days_ahead(days), key, status=status, asked_at=NOW - timedelta(days=3)
        )

    def gives(
        self, booking: Booking | None = None, seen: KitCheck = ALL_THERE, *, now: datetime = FIVE
    ) -> HandoverResult:
        return self.world.do(hand_over, self.world.seen(booking or self.evening), self.clerk.id, seen, now=now)

    def takes(
        self, booking: Booking | None = None, seen: KitCheck = ALL_THERE, *, now: datetime = BACK_AT
    ) -> HandoverResult:
        return self.world.do(take_back, self.world.seen(booking or self.evening), self.clerk.id, seen, now=now)

    def misses(self, booking: Booking | None = None, *, now: datetime = HALF_PAST) -> answers.AnswerResult:
        return self.world.do(answers.mark_no_show, self.world.seen(booking or self.evening), self.clerk.id, now=now)

    def is_now(self, booking: Booking | None = None) -> Status:
        return Status(self.world.fresh(booking or self.evening).status)

    def holds(self, booking: Booking | None = None) -> list[tuple[datetime, datetime]]:
        found = self.world.all(Hold, booking_id=(booking or self.evening).id)
        return [(hold.from_at, hold.until_at) for hold in found]


@pytest.fixture
def counter(world: World) -> Counter:
    return Counter(world)


def test_a_kit_goes_out_and_comes_back_and_every_part_is_on_record(counter: Counter) -> None:
    assert counter.gives().is_done
    assert counter.is_now() is Status.OUT
    assert counter.holds() == [(FIVE, BACK_AT)]

    assert counter.takes(seen=ONE_LAMP).has_fault
    assert counter.is_now() is Status.RETURNED
    assert counter.holds() == []

    out, back = counter.world.all(Handover)
    assert (out.way, out.person, out.saw_id, out.has_fault) == (Direction.OUT, counter.hanh.name, True, False)
    assert (back.way, back.note, back.has_fault, back.is_usable) == (Direction.BACK, "rơi khi chuyển", True, None)
    seen = [(part.name, part.expected, part.count, part.is_broken) for part in counter.world.all(HandedPart)]
    assert seen == [
        ("điện thoại", 1, 1, False),
        ("đèn", 2, 2, False),
        ("điện thoại", 1, 1, True),
        ("đèn", 2, 1, False),
    ]


def test_each_move_is_in_the_history_and_on_the_audit_list_and_raises_the_versions(counter: Counter) -> None:
    before = counter.world.fresh(counter.kit).version, counter.world.fresh(counter.hanh).version
    counter.gives()
    counter.takes()
    entries = counter.world.all(AuditEntry, booking_id=counter.evening.id)[-2:]
    assert [(entry.action, entry.detail, entry.staff_id) for entry in entries] == [
        ("out", {"from_status": "approved"}, counter.clerk.id),
        ("returned", {"from_status": "out"}, counter.clerk.id),
    ]
    after = counter.world.fresh(counter.kit).version, counter.world.fresh(counter.hanh).version
    assert [new - old for old, new in zip(before, after, strict=True)] == [2, 2]


def test_what_happened_during_a_power_cut_is_written_down_later(counter: Counter) -> None:
    next_noon = at(days_ahead(1), "12:00")
    assert counter.gives(seen=KitCheck((), happened_at=FIVE), now=next_noon).is_done is True
    assert counter.takes(seen=KitCheck((), happened_at=BACK_AT), now=next_noon).is_done
    entries = counter.world.all(AuditEntry, booking_id=counter.evening.id)[-2:]
    assert [(entry.happened_at, entry.at) for entry in entries] == [(FIVE, next_noon), (BACK_AT, next_noon)]


@pytest.mark.parametrize(
    ("happened_at", "now", "problem"),
    [
        (FIVE, FIVE - timedelta(minutes=1), TimeProblem.AHEAD),
        (at(days_ahead(-1), "23:59"), FIVE, TimeProblem.TOO_EARLY),
        (BACK_AT, BACK_AT, TimeProblem.OVER),
        (None, at(days_ahead(-1), "17:00"), TimeProblem.TOO_EARLY),
    ],
)
def test_it_does_not_go_out_at_a_time_that_can_not_be(
    counter: Counter, happened_at: datetime | None, now: datetime, problem: TimeProblem
) -> None:
    assert counter.gives(seen=KitCheck((), happened_at=happened_at), now=now).refusal is problem
    assert counter.is_now() is Status.APPROVED


def test_it_does_not_come_back_before_it_went_out_or_in_the_future(counter: Counter) -> None:
    counter.gives()
    for happened_at, problem in (
        (FIVE - timedelta(minutes=1), TimeProblem.TOO_EARLY),
        (BACK_AT + timedelta(minutes=1), TimeProblem.AHEAD),
    ):
        assert counter.takes(seen=KitCheck((), happened_at=happened_at)).refusal is problem
    assert counter.is_now() is Status.OUT


def test_a_kit_that_goes_out_before_the_hour_is_held_from_then_on(counter: Counter) -> None:
    four = at(TODAY, "16:00")
    assert counter.gives(now=four).is_done
    assert counter.holds() == [(four, BACK_AT)]
    assert counter.world.fresh(counter.evening).pick_up_at == FIVE


def test_it_does_not_go_out_before_the_hour_over_the_booking_of_somebody_else(counter: Counter) -> None:
    afternoon = counter.has(Status.APPROVED, key="chieu", of=counter.world.household(counter.commune))
    assert counter.gives(now=at(TODAY, "12:00")).refusal is HandoverRefusal.NOT_FREE
    assert counter.is_now() is Status.APPROVED
    assert counter.holds() == [(FIVE, BACK_AT)]
    assert counter.is_now(afternoon) is Status.APPROVED


def test_a_kit_that_is_still_out_is_named_with_the_booking_that_has_it(counter: Counter) -> None:
    late = counter.has(Status.OUT, days=-1)
    outcome = counter.gives()
    assert (outcome.refusal, outcome.out_code) == (HandoverRefusal.KIT_IS_OUT, late.code)
    assert counter.takes(late, now=FIVE).is_done
    assert counter.gives().is_done


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.OFFERED, Status.CANCELLED, Status.OUT, Status.RETURNED])
def test_only_what_was_approved_goes_out(counter: Counter, status: Status) -> None:
    booking = counter.has(status, days=1)
    outcome = counter.gives(booking, now=at(days_ahead(1), "17:00"))
    assert (outcome.refusal, outcome.status) == (HandoverRefusal.STATUS, status)


def test_a_kit_that_came_back_early_is_offered_to_who_waits(counter: Counter) -> None:
    mai, ten = counter.world.household(counter.commune, "Trần Thị Mai"), at(TODAY, "10:00")
    counter.world.do(entries.join, counter.kit.code, TODAY, "toi", mai.id, by=Actor(household_id=mai.id), now=NOW)
    counter.gives(now=ten)
    assert counter.world.all(Booking, household_id=mai.id) == []
    counter.takes(now=ten + timedelta(minutes=10))
    assert counter.world.all(Booking, household_id=mai.id) == [], "it may have been the wrong line"
    counter.world.let_undo_pass(ten + timedelta(minutes=10))
    [offered] = counter.world.all(Booking, household_id=mai.id)
    assert offered.status == Status.OFFERED
    assert counter.holds(offered) == [(FIVE, BACK_AT)]
    assert counter.holds() == []


def test_who_comes_after_all_gets_the_kit_and_the_strike_goes(counter: Counter) -> None:
    assert counter.misses().is_done
    assert counter.world.fresh(counter.evening).strike_at == HALF_PAST
    later = HALF_PAST + timedelta(minutes=20)
    assert counter.gives(now=later).is_done
    evening = counter.world.fresh(counter.evening)
    assert (evening.status, evening.strike_at) == (Status.OUT, None)
    assert counter.holds() == [(later, BACK_AT)]


def test_nobody_gets_a_strike_for_a_kit_that_was_not_there(counter: Counter) -> None:
    late = counter.has(Status.OUT, days=-1)
    assert not counter.misses().is_done
    counter.takes(late, now=HALF_PAST)
    assert not counter.misses(now=HALF_PAST + timedelta(minutes=29)).is_done
    assert counter.misses(now=HALF_PAST + timedelta(minutes=30)).is_done
    assert counter.world.fresh(counter.evening).strike_at is None


def test_who_comes_after_all_is_too_late_when_somebody_else_has_the_time(counter: Counter) -> None:
    counter.misses()
    counter.world.let_undo_pass(HALF_PAST)
    counter.world.add(Hold(kit_id=counter.kit.id, from_at=HALF_PAST, until_at=BACK_AT))
    assert counter.gives(now=HALF_PAST + timedelta(minutes=20)).refusal is HandoverRefusal.NOT_FREE
    evening = counter.world.fresh(counter.evening)
    assert (evening.status, evening.strike_at) == (Status.NO_SHOW, HALF_PAST)


def test_what_went_out_is_what_has_to_come_back(counter: Counter) -> None:
    whole = [CheckedPart("điện thoại", 1, 1), CheckedPart("đèn", 2, 2)]
    assert counter.world.do(parts_of_kit, counter.kit.id) == whole
    assert counter.world.do(parts_to_take_back, counter.kit.id, None) == whole
    counter.gives(seen=KitCheck((CheckedPart("điện thoại", 1, 0), CheckedPart("đèn", 2, 1))))
    out = counter.world.do(handovers_of, counter.evening)[Direction.OUT]
    assert counter.world.do(parts_to_take_back, counter.kit.id, out) == [CheckedPart("đèn", 1, 1)]


def test_whether_a_kit_with_a_fault_is_usable_is_recorded(counter: Counter) -> None:
    counter.gives()
    counter.takes(seen=ONE_LAMP)
    for is_usable in (True, False):
        counter.world.do(say_whether_usable, counter.evening.code, counter.clerk.id, is_usable, now=BACK_AT)
        assert counter.world.do(handovers_of, counter.evening)[Direction.BACK].is_usable is is_usable
    assert [entry.action for entry in counter.world.all(AuditEntry)][-2:] == ["kit_usable", "kit_unusable"]


def test_photos_are_rows_of_the_handover(counter: Counter) -> None:
    counter.gives()
    counter.takes(seen=KitCheck(ONE_LAMP.parts, photos=(b"one", b"two")))
    assert len(counter.world.all(Photo)) == 2
    assert len(counter.world.do(handovers_of, counter.evening)[Direction.BACK].photos) == 2


def test_who_is_erased_leaves_no_name_note_or_photo_at_the_counter(counter: Counter) -> None:
    counter.gives(seen=KitCheck(ALL_THERE.parts, person="Lê Văn Con"))
    counter.takes(seen=KitCheck(ONE_LAMP.parts, note="con trai làm rơi", photos=(b"one",)))
    other = counter.has(Status.APPROVED, 1, of=counter.world.household(counter.commune, "Trần Thị Mai"))
    counter.gives(other, now=at(days_ahead(1), "17:00"))
    assert counter.world.do(erase, counter.hanh.id, Actor(staff_id=counter.clerk.id), now=at(days_ahead(1), "18:00"))
    *own, others = counter.world.all(Handover)
    assert {(handover.person, handover.note) for handover in own} == {("", "")}
    assert others.person == "Trần Thị Mai"
    assert counter.world.all(Photo) == []
    assert len(counter.world.all(HandedPart)) == 6


# A kit that is late.


def told_at(counter: Counter, now: datetime) -> list[Message]:
    """What was written after the worker looked twice at this time."""
    for _ in range(2):
        for code in counter.world.do(reminders.find_overdue, now=now):
            counter.world.do(reminders.write_overdue, code, now=now)
    return counter.world.all(Message, kind=Kind.OVERDUE)


def test_a_household_is_told_once_that_its_kit_is_an_hour_late(counter: Counter) -> None:
    counter.gives()
    assert told_at(counter, BACK_AT + timedelta(minutes=59)) == []
    [text] = told_at(counter, BACK_AT + timedelta(hours=1))
    assert (text.to, text.due_at) == (counter.hanh.phone, BACK_AT + timedelta(hours=1))
    assert len(told_at(counter, BACK_AT + timedelta(days=2))) == 1


def test_the_workers_round_tells_it_and_a_kit_that_came_back_meanwhile_is_no_longer_asked_for(
    app: Flask, counter: Counter, sms: FakeSms
) -> None:
    second = counter.world.kit(counter.world.all(Place)[0])
    mai = counter.world.household(counter.commune, "Trần Thị Mai")
    other = counter.world.booking(second, mai, TODAY, "toi", status=Status.APPROVED, asked_at=NOW)
    counter.gives()
    counter.gives(other)
    night = at(days_ahead(1), "22:00")
    worker.run_once(app, lambda: night)
    assert sms.sent == [], "nobody is woken"
    counter.takes(other, now=night)
    morning = at(days_ahead(2), "06:31")
    worker.run_once(app, lambda: morning)
    worker.run_once(app, lambda: morning)
    assert [text.kind for text in sms.sent] == [Kind.OVERDUE]
    assert sms.texts_to(counter.hanh.phone)


def test_the_text_about_an_overdue_kit_waits_for_the_end_of_the_quiet_hours(counter: Counter) -> None:
    counter.gives()
    [text] = told_at(counter, at(days_ahead(1), "23:00"))
    assert text.due_at == at(days_ahead(2), "06:30")


def test_no_text_is_written_about_a_kit_that_is_back(counter: Counter) -> None:
    counter.gives()
    counter.takes(now=BACK_AT + timedelta(minutes=50))
    assert told_at(counter, BACK_AT + timedelta(hours=3)) == []
    assert counter.world.do(reminders.write_overdue, counter.evening.code, now=BACK_AT + timedelta(hours=3)) is None
    assert counter.world.all(Message, kind=Kind.OVERDUE) == []


def pause_of(counter: Counter, now: datetime) -> Pause | None:
    return counter.world.do(lambda: standing_of(find_household(counter.hanh.id), now=now)).standing.pause


def test_a_kit_kept_over_a_day_too_long_pauses_until_it_is_back(counter: Counter) -> None:
    counter.gives()
    later = BACK_AT + timedelta(hours=25)
    assert pause_of(counter, later)
    counter.takes(now=later)
    assert pause_of(counter, later) is None


# Several windows at once.

ROUNDS = 12


def at_once(app: Flask, calls: list[Callable[[], Any]]) -> list[Any]:
    """The results of the calls, started at the same moment in threads."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        with app.app_context():
            start.wait(30)
            return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_of_handing_over_cancelling_and_withdrawing_at_once_one_succeeds(app: Flask, counter: Counter) -> None:
    clerk, hanh, now = counter.clerk.id, counter.hanh.id, FIVE - timedelta(minutes=5)
    for round_ in range(ROUNDS):
        booking = counter.evening if round_ == 0 else counter.has(Status.APPROVED)
        outcomes = at_once(
            app,
            [
                lambda b=booking: counter.world.acts(hand_over, b, clerk, ALL_THERE, now=now),
                lambda b=booking: counter.world.acts(answers.cancel, b, clerk, "Bộ đang sửa", now=now),
                lambda b=booking: counter.world.acts(answers.withdraw, b, hanh, now=now),
                lambda b=booking: counter.world.acts(hand_over, b, clerk, ALL_THERE, now=now),
            ],
        )
        assert sum(answer.is_done for answer in outcomes) == 1
        final = counter.is_now(booking)
        assert {answer.status for answer in outcomes} == {final}, "the others are told what is so"
        entries = counter.world.all(AuditEntry, booking_id=booking.id)
        assert entries[-1].action == final
        assert len(entries) == 3
        assert len(counter.holds(booking)) == (final in LIVE)
        if final is Status.OUT:
            assert counter.takes(booking, now=now).is_done
        counter.world.let_undo_pass(now)


def test_approving_and_handing_over_and_cancelling_at_once_never_lose_a_change(app: Flask, counter: Counter) -> None:
    clerk, now, world = counter.clerk.id, FIVE - timedelta(minutes=5), counter.world
    world.do(answers.cancel, world.seen(counter.evening), clerk, "Bộ đang sửa", now=now)
    for _ in range(ROUNDS):
        world.let_undo_pass(now)
        booking = counter.has(Status.REQUESTED)
        approved, given, cancelled = at_once(
            app,
            [
                lambda b=booking: counter.world.acts(answers.approve, b, clerk, now=now),
                lambda b=booking: counter.world.acts(hand_over, b, clerk, ALL_THERE, now=now),
                lambda b=booking: counter.world.acts(answers.cancel, b, clerk, "Bộ đang sửa", now=now),
            ],
        )
        path = [entry.action for entry in world.all(AuditEntry, booking_id=booking.id)]
        assert counter.is_now(booking) == path[-1]
        assert not (cancelled.is_done and given.is_done)
        done = [Status.APPROVED] * approved.is_done + [Status.OUT] * given.is_done
        assert path == [Status.REQUESTED, *done, *[Status.CANCELLED] * cancelled.is_done]
        if given.is_done:
            counter.takes(booking, now=now)
        elif not cancelled.is_done:
            assert approved.is_done
            assert world.do(answers.cancel, world.seen(booking), clerk, "Bộ đang sửa", now=now).is_done


def test_one_kit_goes_out_once_when_two_bookings_of_it_are_handed_over_at_once(app: Flask, counter: Counter) -> None:
    clerk, now = counter.clerk.id, at(TODAY, "16:50")
    afternoon = counter.has(Status.APPROVED, key="chieu", of=counter.world.household(counter.commune))
    counter.world.change(afternoon, return_at=at(TODAY, "17:00"))
    both = [counter.world.seen(booking) for booking in (afternoon, counter.evening)]
    outcomes = at_once(app, [lambda seen=seen: hand_over(seen, clerk, KitCheck(()), now=now) for seen in both * 2])
    assert sum(answer.is_done for answer in outcomes) == 1
    [out] = counter.world.all(Booking, status=Status.OUT)
    assert {answer.out_code for answer in outcomes if answer.refusal is HandoverRefusal.KIT_IS_OUT} <= {out.code}


def test_taken_back_twice_at_once_it_came_back_once(app: Flask, counter: Counter) -> None:
    counter.gives()
    clerk, seen = counter.clerk.id, counter.world.seen(counter.evening)
    outcomes = at_once(app, [lambda: take_back(seen, clerk, ALL_THERE, now=BACK_AT)] * 4)
    assert sum(answer.is_done for answer in outcomes) == 1
    assert {answer.status for answer in outcomes} == {Status.RETURNED}
    assert len(counter.world.all(Handover, way=Direction.BACK)) == 1


def test_only_what_is_out_comes_back(counter: Counter) -> None:
    assert counter.takes().refusal is HandoverRefusal.STATUS
    counter.gives()
    counter.takes()
    assert counter.takes().refusal is HandoverRefusal.STATUS


def test_it_comes_back_in_the_minute_in_which_it_went_out(counter: Counter) -> None:
    counter.gives()
    assert counter.takes(now=FIVE).is_done


def test_of_a_kit_without_a_fault_nobody_says_whether_it_is_usable(counter: Counter) -> None:
    counter.gives(seen=ONE_LAMP)
    counter.takes()
    counter.world.do(say_whether_usable, counter.evening.code, counter.clerk.id, False, now=BACK_AT)
    assert {handover.is_usable for handover in counter.world.all(Handover)} == {None}
    assert [entry.action for entry in counter.world.all(AuditEntry)][-1] == "returned"


def test_who_came_for_the_household_is_written_down_by_name(counter: Counter) -> None:
    counter.gives(seen=KitCheck(ALL_THERE.parts, person="Lê Văn Con", happened_at=FIVE), now=HALF_PAST)
    [out] = counter.world.all(Handover)
    assert (out.person, out.happened_at, out.written_at) == ("Lê Văn Con", FIVE, HALF_PAST)
    assert out.staff_id == counter.clerk.id
