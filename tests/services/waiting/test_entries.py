"""The waiting list: who may join, who is offered what comes free, and what becomes of an offer."""

from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.domain.booking.refusals import Reason, Refusal
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import (
    AuditEntry,
    Hold,
    Message,
    MessageState,
    WaitingEntry,
    WaitingState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking import deadlines
from kit_booking.services.booking.answers import AnswerResult
from kit_booking.services.waiting import entries
from kit_booking.services.waiting.entries import WaitRefusal, WaitResult
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.threads import at_once
from tests.support.village import TOMORROW, Village
from tests.times import NOW, at, days_ahead

TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune())


# ---- joining and leaving


def test_who_joins_waits_for_the_slot_until_its_pick_up_and_that_is_written_down(village: Village, world: World):
    village.has(village.family())
    hoa = village.family("Hoa")
    entry = village.entry(hoa)
    assert (entry.household_id, entry.day, entry.slot_name) == (hoa.id, TOMORROW, "Tối")
    assert (entry.state, entry.place_ids) == (WaitingState.WAITING, [])
    assert (entry.joined_at, entry.until_at) == (NOW, at(TOMORROW, "17:00"))
    assert world.fresh(hoa).version == hoa.version + 1
    line = world.all(AuditEntry)[-1]
    assert (line.action, line.household_id, line.staff_id) == ("waits", hoa.id, None)
    assert line.detail == {"slot": "Tối", "day": str(TOMORROW)}


def test_joining_twice_is_one_place(village: Village, world: World):
    village.has(village.family())
    hoa = village.family("Hoa")
    assert village.waits(hoa).entry_id == village.waits(hoa, now=NOW + A_MINUTE).entry_id is not None
    assert len(world.all(WaitingEntry)) == 1


def test_joining_in_several_windows_at_once_is_one_place(village: Village, world: World):
    village.has(village.family())
    hoa = village.family("Hoa")
    assert len({joined.entry_id for joined in at_once(*[lambda: village.waits(hoa)] * 6)}) == 1
    assert len(world.all(WaitingEntry)) == len(world.all(AuditEntry, action="waits")) == 1


def test_a_free_slot_is_not_waited_for_but_asked_for(village: Village, world: World):
    other = world.kit(world.place(village.commune, "Hồng Minh"))
    village.has(village.family())
    assert village.waits(village.family("Hoa")) == WaitResult(reasons=[WaitRefusal.FREE], free_kit=other.code)


def test_at_some_places_only_is_waited_for_though_another_place_is_free(village: Village, world: World):
    world.kit(world.place(village.commune, "Hồng Minh"))
    village.has(village.family())
    entry = village.entry(village.family("Hoa"), places=frozenset({village.kit.place_id}))
    assert entry.place_ids == [village.kit.place_id]


def test_places_of_other_communes_are_none(village: Village, world: World):
    elsewhere = world.place(world.commune("Chuyên Mỹ"), "Tân Dân")
    village.has(village.family())
    assert village.waits(village.family("Hoa"), places=frozenset({elsewhere.id})).reasons == [WaitRefusal.TOO_LATE]


def test_a_closed_slot_is_not_waited_for(village: Village, world: World):
    world.add(world.hold(village.kit, world.slot(village.kit, TOMORROW)))
    assert village.waits(village.family()).reasons == [WaitRefusal.CLOSED]


def test_who_has_the_slot_does_not_wait_for_another_kit_of_it(village: Village):
    hanh = village.family()
    village.has(hanh)
    assert village.waits(hanh).reasons == [WaitRefusal.OWN]


def test_at_most_three_places_at_a_time(village: Village, world: World):
    owner, hoa = village.family(), village.family("Hoa")
    for day in range(1, 5):
        world.booking(village.kit, owner, days_ahead(day), status=Status.APPROVED)
    for day in range(1, 4):
        village.entry(hoa, days_ahead(day))
    assert village.waits(hoa, days_ahead(4)).reasons == [WaitRefusal.MOST]
    world.do(entries.leave, world.all(WaitingEntry)[0].id, Actor(household_id=hoa.id), now=NOW)
    village.entry(hoa, days_ahead(4))


def test_who_is_paused_can_not_join(village: Village, world: World):
    village.has(village.family())
    hoa = village.family("Hoa")
    for ago in (1, 2):
        struck = NOW - timedelta(days=ago)
        world.booking(village.kit, hoa, days_ahead(-ago), status=Status.NO_SHOW, strike_at=struck)
    assert village.waits(hoa).reasons == [WaitRefusal.PAUSED]


def test_a_commune_for_itself_lets_nobody_else_wait(village: Village, world: World):
    world.change(village.commune, policy={"open_to_others": False})
    village.has(village.family())
    stranger = world.household(world.commune("Chuyên Mỹ"))
    assert village.waits(stranger).reasons == [WaitRefusal.OTHERS]


def test_it_is_too_late_to_join_when_nothing_can_be_offered_any_more(village: Village):
    village.has(village.family(), TODAY)
    hoa = village.family("Hoa")
    last = at(TODAY, "14:30")
    assert village.waits(hoa, TODAY, now=last + A_SECOND).reasons == [WaitRefusal.TOO_LATE]
    village.entry(hoa, TODAY, now=last)


def test_a_wish_that_is_over_already_is_no_wish(village: Village):
    village.has(village.family())
    assert village.waits(village.family("Hoa"), until_at=NOW).reasons == [WaitRefusal.TOO_LATE]


def test_who_leaves_is_offered_nothing_and_it_is_written_down(village: Village, world: World):
    booking, hoa = village.has(village.family()), village.family("Hoa")
    entry = village.entry(hoa)
    assert world.do(entries.leave, entry.id, Actor(household_id=hoa.id), now=NOW)
    assert not world.do(entries.leave, entry.id, Actor(household_id=hoa.id), now=NOW), "the second time"
    assert village.state(entry) == WaitingState.LEFT
    assert world.all(AuditEntry)[-1].action == "waits_no_more"
    village.cancels(booking)
    assert village.offers() == []


def test_whom_staff_put_forward_is_first_and_the_reason_is_on_record(village: Village, world: World):
    booking, hoa = village.has(village.family()), village.family("Hoa")
    village.entry(village.family("Lan"))
    entry = village.entry(hoa, now=NOW + A_MINUTE)
    reason = "Hội chợ làng nghề"
    assert world.do(entries.put_forward, entry.id, village.clerk.id, reason, now=NOW + A_MINUTE)
    assert not world.do(entries.put_forward, entry.id, village.clerk.id, reason, now=NOW + A_MINUTE)
    line = world.all(AuditEntry)[-1]
    assert (line.action, line.staff_id) == ("put_forward", village.clerk.id)
    assert line.detail == {"slot": "Tối", "day": str(TOMORROW), "reason": reason}
    village.cancels(booking, now=NOW + 2 * A_MINUTE)
    assert village.the_offer().household_id == hoa.id


def test_leaving_while_the_slot_comes_free_ends_with_one_or_the_other(village: Village, world: World):
    for round_ in range(4):
        day = days_ahead(1 + round_)
        booking, hoa = village.has(village.family(), day), village.family("Hoa")
        entry = village.entry(hoa, day)
        left, _ = at_once(
            lambda e=entry, h=hoa: world.do(entries.leave, e.id, Actor(household_id=h.id), now=NOW),
            lambda b=booking: village.cancels(b),
        )
        assert village.state(entry) == (WaitingState.LEFT if left else WaitingState.OFFERED)
        assert len(village.offers(day=day)) == (not left)


def test_an_offer_that_nobody_takes_goes_to_the_next_at_its_deadline(village: Village, world: World, sms: FakeSms):
    booking, hoa, lan = village.has(village.family(), NEXT_WEEK), village.family("Hoa"), village.family("Lan")
    hoas, lans = village.entry(hoa, NEXT_WEEK), village.entry(lan, NEXT_WEEK)
    village.cancels(booking)
    village.works()
    first = village.the_offer()
    village.works(first.answer_by_at - A_SECOND)
    assert village.the_offer().id == first.id
    village.works(first.answer_by_at)
    assert world.fresh(first).status == Status.LAPSED
    assert village.texts(first) == [Kind.OFFER], "its text said until when"
    assert village.the_offer().household_id == lan.id
    assert (village.state(hoas), village.state(lans)) == (WaitingState.PASSED, WaitingState.OFFERED)
    assert len(sms.texts_to(lan.phone)) == 1, "in the same round"


# ---- answering


def test_who_accepts_has_the_slot_and_is_told_where_to_fetch_the_kit(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    entry = village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    offer = village.the_offer()
    assert village.accepts(offer) == AnswerResult(True, Status.APPROVED)
    assert world.fresh(offer).approved_at == NOW
    assert village.state(entry) == WaitingState.SERVED
    assert village.texts(offer) == [Kind.OFFER, Kind.APPROVED]
    assert [line.action for line in world.all(AuditEntry, booking_id=offer.id)] == ["offered", "approved"]
    assert village.accepts(offer) == AnswerResult(False, Status.APPROVED), "the second tap"
    assert village.refuses(offer) == AnswerResult(False, Status.APPROVED)


def test_staff_accept_by_phone_and_that_is_on_record(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    village.accepts(village.the_offer(), Actor(staff_id=village.clerk.id))
    line = world.all(AuditEntry)[-1]
    assert (line.action, line.staff_id) == ("approved", village.clerk.id)


def test_who_refuses_loses_the_place_and_gets_no_text(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    entry = village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    offer = village.the_offer()
    assert village.refuses(offer) == AnswerResult(True, Status.REFUSED)
    assert village.state(entry) == WaitingState.PASSED
    assert village.texts(offer) == [Kind.OFFER]
    assert [line.action for line in world.all(AuditEntry, booking_id=offer.id)] == ["offered", "refused"]
    village.works()
    assert [message.state for message in world.all(Message, booking_id=offer.id)] == [MessageState.SKIPPED]


def test_accepting_and_running_out_at_once_make_one_move(village: Village, world: World):
    for round_ in range(4):
        day = days_ahead(8 + round_)
        booking, hoa = village.has(village.family(), day), village.family("Hoa")
        entry = village.entry(hoa, day)
        village.cancels(booking)
        village.works()
        [offer] = village.offers(day=day)
        end = offer.answer_by_at
        accepted, _ = at_once(
            lambda o=offer, e=end: village.accepts(o, now=e),
            lambda o=offer, e=end: world.do(deadlines.lapse, o.code, now=e),
        )
        assert world.fresh(offer).status == (Status.APPROVED if accepted.is_done else Status.LAPSED)
        assert village.state(entry) == (WaitingState.SERVED if accepted.is_done else WaitingState.PASSED)
        assert len(world.all(Hold)) == accepted.is_done
        if accepted.is_done:
            village.cancels(offer)


def test_an_offer_counts_as_a_booking_ahead(village: Village):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    assert village.asks(hoa, days_ahead(13)).refusals == [Refusal(Reason.PEAK_AHEAD, most=1)]


def test_asking_for_the_slot_one_is_offered_leads_to_the_offer(village: Village):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    assert village.asks(hoa, NEXT_WEEK).code == village.the_offer().code


def test_waiting_raises_the_version_of_the_household_and_so_does_leaving(village: Village, world: World):
    village.has(village.family())
    hoa = village.family("Hoa")
    entry = village.entry(hoa)
    assert world.fresh(hoa).version == hoa.version + 1
    assert world.do(entries.leave, entry.id, Actor(household_id=hoa.id), now=NOW)
    assert world.fresh(hoa).version == hoa.version + 2


def test_an_offer_can_be_taken_until_the_pick_up_and_not_after(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    offer = village.the_offer()
    assert village.accepts(offer, now=offer.pick_up_at) == AnswerResult(False, Status.OFFERED)
    assert village.accepts(offer, now=offer.pick_up_at - A_SECOND).is_done


def test_while_an_offer_runs_nobody_leaves_is_put_forward_or_joins_again(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    entry = village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    assert not world.do(entries.leave, entry.id, Actor(household_id=hoa.id), now=NOW)
    assert not world.do(entries.put_forward, entry.id, village.clerk.id, "Hội chợ", now=NOW)
    assert village.waits(hoa, NEXT_WEEK).entry_id == entry.id
    assert village.state(entry) == WaitingState.OFFERED


def test_waiting_is_over_at_the_minute_of_the_wish_and_not_before(village: Village, world: World):
    village.has(village.family())
    noon = at(TODAY, "12:00")
    entry = village.entry(village.family("Hoa"), until_at=noon)
    world.do(entries.end_waiting, entry.id, now=noon - A_SECOND)
    assert village.state(entry) == WaitingState.WAITING
    world.do(entries.end_waiting, entry.id, now=noon)
    assert village.state(entry) == WaitingState.OVER
    assert world.fresh(entry).ended_at == noon


def test_what_is_waited_for_and_over_does_not_count_among_the_three(village: Village, world: World):
    hoa = village.family("Hoa")
    for key in ("sang", "trua", "chieu"):
        world.entry(village.kit, hoa, days_ahead(3), key, until_at=NOW)
    village.has(village.family())
    assert village.waits(hoa).entry_id


def test_a_wish_is_no_longer_than_the_last_pick_up(village: Village, world: World):
    booking = village.has(village.family())
    entry = village.entry(village.family("Hoa"), until_at=booking.return_at)
    assert entry.until_at == booking.pick_up_at


def test_who_gave_the_slot_back_may_wait_for_it_again(village: Village, world: World):
    village.has(village.family())
    hoa = village.family("Hoa")
    world.booking(village.kit, hoa, TOMORROW, status=Status.CANCELLED)
    assert village.waits(hoa).entry_id
