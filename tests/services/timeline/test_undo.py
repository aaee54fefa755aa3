"""Undo: for two minutes what the office did can be as if it had not happened; texts and offers wait for that."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kit_booking import worker
from kit_booking.database import Base, db
from kit_booking.domain.booking.counter import CheckedPart
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.hours import Span
from kit_booking.models import (
    AuditEntry,
    Booking,
    Closure,
    HandedPart,
    Handover,
    Hold,
    Household,
    Kit,
    Message,
    Photo,
    WaitingEntry,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking import answers, move
from kit_booking.services.closures import closing
from kit_booking.services.counter import handover
from kit_booking.services.counter.handover import KitCheck
from kit_booking.services.messages.delivery import note_phoned
from kit_booking.services.timeline.undo import UndoResult, undo
from kit_booking.services.waiting import entries
from tests.support.builders import World
from tests.support.databases import on_both_in_ci
from tests.support.fakes import FakeSms
from tests.support.threads import at_once
from tests.support.village import Village
from tests.times import NOW, days_ahead

A_SECOND, A_MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TWO_MINUTES = 2 * A_MINUTE
DAY = days_ahead(5)
CHECK = KitCheck([CheckedPart("điện thoại", 1, 1), CheckedPart("đèn", 2, 1)], note="một đèn", photos=[b"JPEG"])
GROWING = (AuditEntry, Message, Photo, HandedPart, Handover, Hold, WaitingEntry, Booking, Closure)
ONLY_RISES = {"version", "changed_at", "undo", "undo_until_at"}


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    village = Village(app, world, sms, world.commune())
    world.kit(world.place(village.commune, "Hồng Minh"))
    village.kits = world.kits(village.commune)
    return village


Rows = dict[tuple[str, int], dict[str, Any]]


def everything(village: Village) -> Rows:
    """All rows that anybody's acts change, but for the history and what only rises."""
    with village.app.app_context(), db.engine.connect() as connection:
        return {
            (table.__tablename__, row.id): {k: v for k, v in row._mapping.items() if k not in ONLY_RISES}
            for table in (*GROWING[1:], Household, Kit)
            for row in connection.execute(select(Base.metadata.tables[table.__tablename__]))
        }


def act(village: Village, booking: Booking, use_case: Callable[..., Any], *more: Any, now: Any = NOW) -> Any:
    return village.world.acts(use_case, booking, *more, now=now)


def undone(village: Village, booking: Booking, after: timedelta = A_SECOND, now: Any = NOW) -> UndoResult:
    return UndoResult(act(village, booking, undo, village.clerk.id, now=now + after))


# ---- what the office does, and what others do meanwhile


def approve(village: Village, booking: Booking) -> Any:
    return act(village, booking, answers.approve, village.clerk.id).is_done


def decline(village: Village, booking: Booking) -> Any:
    return act(village, booking, answers.decline, village.clerk.id, "Bộ đang sửa").is_done


def cancel(village: Village, booking: Booking) -> Any:
    return act(village, booking, answers.cancel, village.clerk.id, "Bộ đang sửa").is_done


def mark_no_show(village: Village, booking: Booking) -> Any:
    return act(village, booking, answers.mark_no_show, village.clerk.id).is_done


def accept(village: Village, booking: Booking) -> Any:
    return act(village, booking, entries.accept, Actor(staff_id=village.clerk.id)).is_done


def refuse(village: Village, booking: Booking) -> Any:
    return act(village, booking, entries.refuse, Actor(staff_id=village.clerk.id)).is_done


def hand_over(village: Village, booking: Booking) -> Any:
    return act(village, booking, handover.hand_over, village.clerk.id, CHECK).is_done


def take_back(village: Village, booking: Booking) -> Any:
    return act(village, booking, handover.take_back, village.clerk.id, CHECK).is_done


def move_away(village: Village, booking: Booking) -> Any:
    kit = village.kits[1].code
    done = act(village, booking, move.move_booking, kit, days_ahead(6), "toi", village.clerk.id, "")
    return done is move.MoveResult.DONE


def move_near(village: Village, booking: Booking) -> Any:
    """To a slot on the same kit, whose time overlaps its own where that is the evening's."""
    done = act(village, booking, move.move_booking, village.kit.code, DAY, "chieu", village.clerk.id, "Nhường")
    return done is move.MoveResult.DONE


def settle(village: Village, booking: Booking) -> Any:
    """A closure is there already; the office cancels what stands in it."""
    span, clerk = Span(NOW - A_MINUTE, booking.return_at), village.clerk.id
    closure = village.world.do(closing.close, village.commune.id, village.kit.id, span, "Nghỉ", clerk, now=NOW)
    done = village.world.do(closing.settle, closure, village.world.seen(booking), None, clerk, now=NOW)
    return done is closing.SettleResult.CANCELLED


def asks_for_it(village: Village, booking: Booking) -> None:
    village.asks(village.family("Hoa"), booking.day, "toi", now=NOW + A_SECOND)


def asks_for_the_new_one(village: Village, _booking: Booking) -> None:
    village.asks(village.family("Lan"), days_ahead(6), "toi", kit=village.kits[1], now=NOW + A_SECOND)


def gives_it_up(village: Village, booking: Booking) -> None:
    act(village, booking, answers.withdraw, booking.household_id, now=NOW + A_SECOND)


def changes_it(village: Village, booking: Booking) -> None:
    booking = village.world.fresh(booking)
    if booking.status in (Status.REQUESTED, Status.APPROVED) and booking.pick_up_at > NOW:
        village.changes(booking, days_ahead(7), "sang", now=NOW + A_SECOND)


def waits_for_more(village: Village, booking: Booking) -> None:
    other = days_ahead(8)
    village.has(village.family("Mai"), other)
    household = village.world.all(Household, id=booking.household_id)[0]
    village.waits(household, other, now=NOW + A_SECOND)


def worker_runs(village: Village, _booking: Booking) -> None:
    village.works(NOW + A_SECOND)


def office_cancels(village: Village, booking: Booking) -> None:
    act(village, booking, answers.cancel, village.clerk.id, "Xã cần dùng", now=NOW + A_SECOND)


def office_phones(village: Village, booking: Booking) -> None:
    for text in village.world.all(Message, booking_id=booking.id):
        village.world.do(note_phoned, text.id, village.clerk.id, now=NOW + A_SECOND)


def another_is_handed_the_kit(village: Village, booking: Booking) -> None:
    """Before its time, so that its hold begins now, in what was kept."""
    if any(hold.until_at > NOW + 3 * HOUR > hold.from_at for hold in village.world.all(Hold, kit_id=village.kit.id)):
        return
    next_one = village.world.booking(village.kit, village.family("Sáu"), days_ahead(9), status=Status.APPROVED)
    retimed(village, next_one, 3)
    village.world.do(handover.hand_over, village.world.seen(next_one), village.clerk.id, CHECK, now=NOW + A_SECOND)


def commune_closes(village: Village, booking: Booking) -> None:
    span = Span(NOW - A_MINUTE, booking.return_at)
    village.world.do(closing.close, village.commune.id, None, span, "Tang lễ", village.clerk.id, now=NOW + A_SECOND)


DEEDS = {
    Status.REQUESTED: (approve, decline, cancel, move_away, move_near, settle),
    Status.OFFERED: (accept, refuse, cancel, settle),
    Status.APPROVED: (cancel, move_away, move_near, settle, hand_over, mark_no_show),
    Status.NO_SHOW: (hand_over,),
    Status.OUT: (take_back,),
}
CASES = [(status, deed) for status, deeds in DEEDS.items() for deed in deeds]
MEANWHILE = [
    asks_for_it,
    asks_for_the_new_one,
    gives_it_up,
    changes_it,
    waits_for_more,
    worker_runs,
    office_cancels,
    office_phones,
    another_is_handed_the_kit,
    commune_closes,
]


def retimed(village: Village, booking: Booking, hours: int) -> Booking:
    """The booking, with its kit to go out in so many hours for four hours."""
    pick_up_at, return_at = NOW + hours * HOUR, NOW + (hours + 4) * HOUR
    for hold in village.world.all(Hold, booking_id=booking.id):
        village.world.change(hold, from_at=pick_up_at, until_at=return_at)
    on_air = {"from_at": pick_up_at + HOUR / 2, "until_at": return_at - HOUR}
    return village.world.change(booking, pick_up_at=pick_up_at, return_at=return_at, **on_air)


def begin(village: Village, status: Status, *, is_due: bool, gets_texts: bool) -> Booking:
    """A booking in this status, which others wait for; at the counter its pick-up was an hour ago."""
    with village.app.app_context(), Session(db.engine) as session:
        for table in (*GROWING, Household):
            session.execute(delete(table))
        session.commit()
    who, here = village.family(takes_texts=gets_texts), frozenset({village.kit.place_id})
    if status is Status.OFFERED:
        village.has(village.family("Trước"), DAY)
        village.entry(who, DAY, places=here)
        village.cancels(village.world.all(Booking)[0])
        booking = village.the_offer()
    else:
        booking = village.world.booking(village.kit, who, DAY, status=status, asked_at=NOW - timedelta(days=1))
    village.waits(village.family("Chờ"), DAY, places=here)
    if is_due or status in (Status.OUT, Status.NO_SHOW):
        booking = retimed(village, booking, -1)
        if status is Status.NO_SHOW:
            booking = village.world.change(booking, strike_at=NOW - A_MINUTE)
    return booking


@on_both_in_ci
@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    case=st.sampled_from(CASES),
    meanwhile=st.lists(st.sampled_from(MEANWHILE), max_size=2, unique=True),
    is_due=st.booleans(),
    gets_texts=st.booleans(),
)
@example(case=(Status.OUT, take_back), meanwhile=[another_is_handed_the_kit], is_due=True, gets_texts=True)
@example(case=(Status.APPROVED, move_away), meanwhile=[asks_for_it, commune_closes], is_due=False, gets_texts=True)
def test_it_is_as_if_it_had_not_happened_or_the_undo_was_refused_and_did_nothing(
    village: Village, case: tuple[Status, Any], meanwhile: list[Any], is_due: bool, gets_texts: bool
) -> None:
    status, deed = case
    booking = begin(village, status, is_due=is_due, gets_texts=gets_texts)
    before = everything(village)
    if not deed(village, booking):
        return
    done, seen = everything(village), village.world.seen(booking)
    for other in meanwhile:
        other(village, booking)
    last = everything(village)
    result = village.world.do(undo, seen, village.clerk.id, now=NOW + 2 * A_SECOND)
    after = everything(village)
    if result is UndoResult.DONE:
        changed = {key for key in before.keys() | done.keys() if before.get(key) != done.get(key)}
        changed -= {key for key in changed if key[0] == "closure"}  # Of `settle`, whose closure was there before.
        closed = {key for key in changed | last.keys() | after.keys() if _is_closed(key, before, done, last, after)}
        for key in (before.keys() | done.keys() | last.keys() | after.keys()) - closed:
            expected = before.get(key) if key in changed else last.get(key)
            assert after.get(key) == expected, (key, deed.__name__)
    else:
        assert after == last, "refused, and nothing done"
        assert meanwhile, "alone it can always be undone"


def _is_closed(key: tuple[str, int], *all_rows: Rows) -> bool:
    """Holds of closed time are written anew when a closure changes or time comes free."""
    rows = [rows[key] for rows in all_rows if key in rows]
    return key[0] == "hold" and all(row["booking_id"] is row["kept_for_id"] is None for row in rows)


# ---- told by its stories


def test_handing_over_on_the_wrong_line_leaves_no_trace_but_in_the_history(village: Village) -> None:
    booking = begin(village, Status.APPROVED, is_due=True, gets_texts=True)
    before = everything(village)
    assert hand_over(village, booking)
    village.works(NOW + A_SECOND)
    assert undone(village, booking) is UndoResult.DONE
    assert everything(village) == before
    village.works(NOW + 3 * A_MINUTE)
    assert village.sms.sent == []
    assert village.offers() == []
    assert [entry.action for entry in village.world.all(AuditEntry, booking_id=booking.id)][-2:] == ["out", "undone"]


@on_both_in_ci
@pytest.mark.parametrize("deed", [cancel, settle])
def test_what_was_freed_is_offered_only_when_it_can_not_be_undone_any_more(village: Village, deed: Any) -> None:
    booking = begin(village, Status.APPROVED, is_due=False, gets_texts=True)
    deed(village, booking) if deed is cancel else cancel(village, booking)
    village.works(NOW + TWO_MINUTES - A_SECOND)
    assert village.offers() == []
    assert village.sms.sent == []
    village.works(NOW + TWO_MINUTES)
    assert [offer.day for offer in village.offers()] == [DAY]
    village.works(NOW + TWO_MINUTES + A_SECOND)
    assert len(village.sms.sent) == 2, "who lost it, and who is offered it"


@pytest.mark.parametrize(("after", "result"), [(119, UndoResult.DONE), (120, UndoResult.TOO_LATE)])
def test_two_minutes_are_two_minutes(village: Village, after: int, result: UndoResult) -> None:
    booking = begin(village, Status.REQUESTED, is_due=False, gets_texts=True)
    approve(village, booking)
    assert undone(village, booking, timedelta(seconds=after)) is result


def test_a_second_undo_does_nothing(village: Village) -> None:
    booking = begin(village, Status.REQUESTED, is_due=False, gets_texts=True)
    approve(village, booking)
    assert undone(village, booking) is UndoResult.DONE
    assert undone(village, booking) is UndoResult.TOO_LATE
    assert village.world.fresh(booking).status == Status.REQUESTED


def test_it_undoes_only_what_the_page_showed(village: Village) -> None:
    booking = begin(village, Status.REQUESTED, is_due=False, gets_texts=True)
    approve(village, booking)
    seen = village.world.seen(booking)
    office_cancels(village, booking)
    assert village.world.do(undo, seen, village.clerk.id, now=NOW + 2 * A_SECOND) is UndoResult.CHANGED
    assert village.world.fresh(booking).status == Status.CANCELLED


@pytest.mark.parametrize(
    ("status", "deed", "other", "why"),
    [
        (Status.REQUESTED, approve, gives_it_up, UndoResult.TOO_LATE),
        (Status.REQUESTED, approve, office_phones, UndoResult.PHONED),
        (Status.OUT, take_back, another_is_handed_the_kit, UndoResult.TAKEN),
    ],
)
def test_what_others_did_since_is_the_reason(
    village: Village, status: Status, deed: Any, other: Any, why: UndoResult
) -> None:
    booking = begin(village, status, is_due=False, gets_texts=other is not office_phones)
    assert deed(village, booking)
    other(village, booking)
    assert undone(village, booking, 2 * A_SECOND) is why


def test_a_strike_is_taken_back_with_its_no_show(village: Village) -> None:
    booking = begin(village, Status.APPROVED, is_due=True, gets_texts=True)
    mark_no_show(village, booking)
    assert village.world.fresh(booking).strike_at == NOW
    undone(village, booking)
    assert village.world.fresh(booking).strike_at is None


def test_versions_only_rise(village: Village) -> None:
    """A feed or page that was kept between the two is not taken for the present one."""
    booking = begin(village, Status.REQUESTED, is_due=False, gets_texts=True)
    approve(village, booking)
    approved = village.world.fresh(booking).version
    kit, household = (village.world.all(table)[0].version for table in (Kit, Household))
    undone(village, booking)
    assert village.world.fresh(booking).version > approved
    assert village.world.all(Kit)[0].version > kit
    assert village.world.all(Household, id=booking.household_id)[0].version > 0
    assert household is not None


@on_both_in_ci
def test_of_two_who_undo_and_one_who_takes_the_time_one_wins(village: Village) -> None:
    """The worker frees what was kept at the moment in which somebody undoes it."""
    for _ in range(4):
        booking = begin(village, Status.APPROVED, is_due=False, gets_texts=True)
        cancel(village, booking)
        late = NOW + TWO_MINUTES
        seen = village.world.seen(booking)
        results = at_once(
            lambda: village.world.do(undo, seen, village.clerk.id, now=late - A_SECOND),  # noqa: B023
            lambda: village.world.do(undo, seen, village.clerk.id, now=late - A_SECOND),  # noqa: B023
            lambda: village.works(late),  # noqa: B023
        )
        done = results.count(UndoResult.DONE)
        assert done <= 1
        live = [b for b in village.world.all(Booking, day=DAY) if b.status in (Status.APPROVED, Status.OFFERED)]
        assert len(live) == 1
        assert bool(done) == (live[0].id == booking.id)


def test_nothing_is_remembered_after_the_two_minutes(village: Village) -> None:
    booking = begin(village, Status.REQUESTED, is_due=False, gets_texts=True)
    approve(village, booking)
    assert village.world.fresh(booking).undo
    with village.app.app_context():
        worker.do_chores(lambda: NOW + TWO_MINUTES)
    booking = village.world.fresh(booking)
    assert (booking.undo, booking.undo_until_at) == (None, None)
