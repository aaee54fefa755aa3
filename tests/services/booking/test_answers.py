"""Answering, giving up, taking back, not collecting: what each leaves in the database."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import Span
from kit_booking.models import AuditEntry, Booking, Handover, Hold, Message
from kit_booking.services.booking import answers
from kit_booking.services.booking.answers import AnswerResult
from kit_booking.services.closures.closing import close
from kit_booking.services.timeline.undo import undo
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.threads import at_once
from tests.support.village import TOMORROW, Village
from tests.times import NOW, at, days_ahead

TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune(kits=2))


@pytest.fixture
def asked(village: Village) -> Booking:
    """Hạnh asks for tomorrow's evening."""
    return village.booking(village.asks(village.family()).code)


def test_an_approved_booking_keeps_its_slot_and_the_phone_is_told(village: Village, world: World, asked: Booking):
    assert village.approves(asked) == AnswerResult(True, Status.APPROVED)
    approved = world.fresh(asked)
    assert (approved.status, approved.approved_at) == (Status.APPROVED, NOW)
    assert [hold.booking_id for hold in world.all(Hold)] == [asked.id]
    assert village.texts(asked) == [Kind.RECEIVED, Kind.APPROVED]


@pytest.mark.parametrize(
    ("act", "status", "kind", "reason"),
    [
        (Village.declines, Status.DECLINED, Kind.DECLINED, "Bộ đang sửa"),
        (Village.cancels, Status.CANCELLED, Kind.CANCELLED, "Xã cần dùng"),
        (Village.withdraws, Status.CANCELLED, Kind.WITHDRAWN, ""),
    ],
)
def test_what_is_declined_cancelled_or_withdrawn_is_free_for_others(
    village: Village,
    world: World,
    asked: Booking,
    act: Callable[..., AnswerResult],
    status: Status,
    kind: Kind,
    reason: str,
):
    assert act(village, asked) == AnswerResult(True, status)
    ended = world.fresh(asked)
    assert (ended.status, ended.reason) == (status, reason)
    assert world.all(Hold) == []
    assert village.texts(asked)[-1] == kind
    assert village.asks(village.family("Lan")).code


ACTS: dict[str, tuple[Callable[..., AnswerResult], set[Status]]] = {
    "approve": (Village.approves, {Status.REQUESTED}),
    "decline": (Village.declines, {Status.REQUESTED}),
    "cancel": (Village.cancels, {Status.REQUESTED, Status.OFFERED, Status.APPROVED}),
    "withdraw": (Village.withdraws, {Status.REQUESTED, Status.APPROVED}),
}


@pytest.mark.parametrize("act", ACTS)
def test_only_the_moves_of_the_rules_are_made(village: Village, world: World, act: str):
    do, from_statuses = ACTS[act]
    hanh = village.family()
    for n, status in enumerate(Status):
        booking = world.booking(village.kit, hanh, days_ahead(1 + n), status=status)
        before = len(world.all(AuditEntry)), world.fresh(village.kit).version
        outcome = do(village, booking)

        assert outcome.is_done == (status in from_statuses), status
        assert outcome.status == world.fresh(booking).status
        assert len(world.all(Message, booking_id=booking.id)) == outcome.is_done
        assert len(world.all(AuditEntry)) == before[0] + outcome.is_done
        if not outcome.is_done:
            assert outcome.status == status
            assert world.fresh(booking).version == booking.version
            assert world.fresh(village.kit).version == before[1]


def test_a_household_may_withdraw_until_the_pick_up_and_not_after(village: Village, world: World, asked: Booking):
    village.approves(asked)
    assert village.withdraws(asked, now=asked.pick_up_at) == AnswerResult(False, Status.APPROVED)
    assert len(world.all(Hold)) == 1
    assert village.withdraws(asked, now=asked.pick_up_at - A_SECOND).is_done


def test_a_request_whose_time_on_air_is_over_is_not_approved(village: Village, asked: Booking):
    assert village.approves(asked, now=asked.until_at) == AnswerResult(False, Status.REQUESTED)
    assert village.approves(asked, now=asked.until_at - A_SECOND).is_done


def test_giving_up_is_no_strike_while_the_one_before_keeps_the_kit(village: Village, world: World):
    hanh, kit = village.family(), village.kit
    keeps = world.booking(kit, village.family("Lan"), TODAY, "chieu", status=Status.OUT)
    booking = village.has(hanh, TODAY, "toi")
    assert village.withdraws(booking, now=keeps.return_at).is_done
    assert world.fresh(booking).strike_at is None, "it should have come back this very minute"


def test_giving_up_is_a_strike_while_the_one_before_is_in_its_time(village: Village, world: World):
    hanh, kit = village.family(), village.kit
    keeps = world.booking(kit, village.family("Lan"), TODAY, "chieu", status=Status.OUT)
    booking = village.has(hanh, TODAY, "toi")
    late = keeps.return_at - A_SECOND
    assert village.withdraws(booking, now=late).is_done
    assert world.fresh(booking).strike_at == late


def test_giving_up_what_a_closure_stands_against_is_no_strike(village: Village, world: World):
    booking = village.has(village.family(), TODAY, "toi")
    span = Span(booking.pick_up_at, booking.return_at)
    world.do(close, village.commune.id, village.kit.id, span, "Hỏng đèn", village.clerk.id, now=NOW)
    assert village.withdraws(booking, now=booking.pick_up_at - A_MINUTE).is_done
    assert world.fresh(booking).strike_at is None


def test_not_coming_is_no_strike_when_the_kit_came_back_after_the_pick_up(village: Village, world: World):
    booking = village.has(village.family(), TODAY, "toi")
    before = world.booking(village.kit, village.family("Lan"), TODAY, "chieu", status=Status.RETURNED)
    back_at = booking.pick_up_at + A_MINUTE
    world.add(
        Handover(
            booking_id=before.id,
            way=Direction.BACK,
            staff_id=village.clerk.id,
            person="Lan",
            saw_id=False,
            note="",
            happened_at=back_at,
            written_at=back_at,
            has_fault=False,
        )
    )
    after = back_at + timedelta(minutes=30)
    assert not village.misses(booking, now=after - A_SECOND).is_done, "half an hour runs from when it was there"
    assert village.misses(booking, now=after).is_done
    assert world.fresh(booking).strike_at is None


def test_giving_up_too_late_is_a_strike_that_the_household_sees(village: Village, world: World):
    hanh = village.family()
    booking = village.has(hanh, TOMORROW, "sang")
    late = at(TODAY, "20:00")
    village.withdraws(booking, now=late)
    assert world.fresh(booking).strike_at == late
    assert village.texts(booking) == [Kind.APPROVED, Kind.WITHDRAWN]
    assert village.asks(hanh, NEXT_WEEK, now=late).code, "one strike pauses nothing"


@pytest.mark.parametrize("why", ["in time", "just approved", "never approved", "moved by the commune", "by staff"])
def test_giving_up_is_no_strike(village: Village, world: World, why: str):
    hanh, late = village.family(), at(TODAY, "20:00")
    if why == "never approved":
        booking = village.booking(village.asks(hanh, TOMORROW, "sang").code)
    else:
        made = late - timedelta(minutes=30) if why == "just approved" else NOW
        booking = village.has(hanh, TOMORROW, "sang", now=made, override="gọi muộn")
    if why == "moved by the commune":
        booking = world.change(booking, moved_at=NOW)
    give_up = village.cancels if why == "by staff" else village.withdraws
    assert give_up(booking, now=at(TODAY, "19:45") if why == "in time" else late).is_done
    assert world.fresh(booking).strike_at is None


def test_not_coming_is_a_strike_that_staff_write_down_after_half_an_hour(village: Village, world: World):
    hanh = village.family()
    booking = village.has(hanh)
    after = booking.pick_up_at + timedelta(minutes=30)
    assert not village.misses(booking, now=after - A_SECOND).is_done
    assert village.misses(booking, now=after).is_done
    assert not village.misses(booking, now=after).is_done, "the second tap"
    assert (world.fresh(booking).status, world.fresh(booking).strike_at) == (Status.NO_SHOW, after)
    assert world.all(Hold) == []
    assert village.texts(booking) == [Kind.APPROVED, Kind.NO_SHOW]
    assert world.all(AuditEntry)[-1].action == "no_show"


def test_the_strike_that_pauses_is_told_with_the_day_until_when(village: Village, world: World):
    hanh = village.family()
    first, second = village.has(hanh, key="sang"), village.has(hanh, days_ahead(2), "sang")
    village.misses(first, now=first.pick_up_at + timedelta(minutes=30))
    assert Kind.PAUSED not in village.texts(first)
    after = second.pick_up_at + timedelta(minutes=30)
    village.misses(second, now=after)
    assert village.texts(second) == [Kind.APPROVED, Kind.NO_SHOW, Kind.PAUSED]
    assert "den het T5 17/12" in world.all(Message)[-1].body


def test_a_strike_that_is_undone_pauses_nobody_and_is_not_told(village: Village, world: World):
    hanh = village.family()
    first, second = village.has(hanh, key="sang"), village.has(hanh, days_ahead(2), "sang")
    village.misses(first, now=first.pick_up_at + timedelta(minutes=30))
    after = second.pick_up_at + timedelta(minutes=30)
    assert world.acts(answers.mark_no_show, second, village.clerk.id, now=after).is_done
    world.acts(undo, second, village.clerk.id, now=after + A_SECOND)
    assert village.texts(second) == [Kind.APPROVED]


def test_what_the_household_chose_itself_after_a_move_may_be_a_strike_again(village: Village, world: World):
    booking = world.change(village.has(village.family(), days_ahead(2), "sang"), moved_at=NOW)
    assert village.changes(booking, TOMORROW, "sang").code
    late = at(TODAY, "20:00")
    assert village.withdraws(booking, now=late).is_done
    assert world.fresh(booking).strike_at == late


def test_two_clerks_who_approve_and_decline_at_once_make_one_move(village: Village, world: World):
    for round_ in range(5):
        booking = village.booking(village.asks(village.family()).code)
        approved, declined = at_once(lambda b=booking: village.approves(b), lambda b=booking: village.declines(b))
        status = world.fresh(booking).status
        assert approved.is_done != declined.is_done
        assert status == (Status.APPROVED if approved.is_done else Status.DECLINED)
        assert approved.status == declined.status == status, "who comes second is told what is so"
        assert len(world.all(AuditEntry, booking_id=booking.id)) == 2
        assert [text.kind for text in world.all(Message, booking_id=booking.id)] == [Kind.RECEIVED, status]
        assert len(world.all(Hold)) == approved.is_done, f"in round {round_}"
        village.cancels(booking)


def test_approved_while_it_is_withdrawn_ends_withdrawn(village: Village, world: World):
    hanh = village.family()
    for _ in range(5):
        booking = village.booking(village.asks(hanh).code)
        approved, withdrawn = at_once(lambda b=booking: village.approves(b), lambda b=booking: village.withdraws(b))
        if not withdrawn.is_done:  # Its page showed a request, so that it is asked again.
            assert withdrawn == AnswerResult(False, Status.APPROVED)
            assert village.withdraws(booking) == AnswerResult(True, Status.CANCELLED)
        assert approved.status == (Status.APPROVED if approved.is_done else Status.CANCELLED)
        assert world.fresh(booking).status == Status.CANCELLED
        assert len(world.all(AuditEntry, booking_id=booking.id)) == 2 + approved.is_done
        assert world.all(Hold) == []
