"""The waiting list: who may join, who is offered what comes free, and what becomes of an offer."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert

from kit_booking.adapters.sms import SmsDelayed, SmsRefused
from kit_booking.database import db
from kit_booking.domain.booking import Reason, Refusal
from kit_booking.domain.hours import Span
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import Status
from kit_booking.models import (
    AuditEntry,
    Booking,
    BookingMove,
    Hold,
    Message,
    MessageState,
    WaitingEntry,
    WaitingState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking import deadlines
from kit_booking.services.booking.answers import Outcome
from kit_booking.services.booking.reading import people_to_phone
from kit_booking.services.waiting import entries
from kit_booking.services.waiting.entries import Joined, WaitRefusal
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.village import TOMORROW, Village, at_once
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
    assert line.detail == f"Tối {TOMORROW}"


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
    assert village.waits(village.family("Hoa")) == Joined(reasons=[WaitRefusal.FREE], free_kit=other.code)


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


def test_a_slot_too_late_to_ask_for_can_still_be_waited_for_and_offered(village: Village):
    """After four nobody answers requests for the next morning, but an offer needs no answer of a clerk."""
    owner, hoa = village.family(), village.family("Hoa")
    booking = village.has(owner, TOMORROW, "sang")
    evening = at(TODAY, "18:00")
    village.entry(hoa, TOMORROW, "sang", now=evening)
    assert [r.reason for r in village.asks(hoa, TOMORROW, "sang", now=evening).refusals][-1] is Reason.TOO_LATE
    village.withdraws(booking, now=evening + A_MINUTE)
    village.works(evening + A_MINUTE)
    assert village.the_offer().household_id == hoa.id
    assert village.the_offer().answer_by_at == at(TOMORROW, "05:45")


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


# ---- what comes free is offered


def freed_by_cancelling(village: Village, booking: Booking) -> None:
    village.cancels(booking)


def freed_by_withdrawing(village: Village, booking: Booking) -> None:
    village.withdraws(booking)


def freed_by_changing(village: Village, booking: Booking) -> None:
    assert village.changes(booking, TOMORROW, "chieu").code


def freed_by_a_later_slot(village: Village, booking: Booking) -> None:
    assert village.changes(booking, NEXT_WEEK, "toi").code


@pytest.mark.parametrize(
    "freed", [freed_by_cancelling, freed_by_withdrawing, freed_by_changing, freed_by_a_later_slot]
)
def test_what_comes_free_is_offered_at_once_to_who_waits(
    village: Village, world: World, freed: Callable[[Village, Booking], None]
):
    booking, hoa = village.has(village.family()), village.family("Hoa")
    entry = village.entry(hoa)
    freed(village, booking)

    offer = village.the_offer()
    assert (offer.household_id, offer.day, offer.slot_name, offer.kit_id) == (hoa.id, TOMORROW, "Tối", village.kit.id)
    assert village.state(entry) == WaitingState.OFFERED
    assert world.fresh(entry).booking_id == offer.id
    assert [hold.from_at for hold in world.all(Hold, booking_id=offer.id)] == [offer.pick_up_at]
    assert village.texts(offer) == [Kind.OFFER]
    [step] = world.all(BookingMove, booking_id=offer.id)
    assert (step.from_status, step.to_status, step.household_id, step.staff_id) == (None, "offered", None, None)
    assert [line.action for line in world.all(AuditEntry, booking_id=offer.id)] == ["offered"]
    assert village.asks(village.family("Lan")).refusals == [Refusal(Reason.TAKEN)]


def test_when_the_database_refuses_an_offer_what_freed_the_slot_stands(village: Village, world: World, app: Flask):
    """Locks keep somebody else's hold from coming between; the database is asked all the same."""
    booking, hoa = village.has(village.family()), village.family("Hoa")
    entry = village.entry(hoa)
    hold = insert(Hold).values(kit_id=booking.kit_id, from_at=booking.pick_up_at, until_at=booking.return_at)

    def come_between(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("INSERT INTO booking "):
            connection.execute(hold)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", come_between)
        assert village.cancels(booking).is_done
        event.remove(db.engine, "before_cursor_execute", come_between)
    assert village.booking(booking.code).status == Status.CANCELLED
    assert village.offers() == []
    assert village.state(entry) == WaitingState.WAITING


def test_what_is_declined_is_offered(village: Village):
    asked = village.booking(village.asks(village.family()).code)
    hoa = village.family("Hoa")
    village.entry(hoa)
    village.declines(asked)
    assert village.the_offer().household_id == hoa.id


def test_what_lapses_is_offered(village: Village):
    asked = village.booking(village.asks(village.family(), NEXT_WEEK).code)
    hoa = village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.works(asked.answer_by_at)
    assert village.the_offer().household_id == hoa.id
    assert village.texts(asked) == [Kind.RECEIVED, Kind.LAPSED]


def test_what_is_left_after_a_no_show_is_offered_where_a_later_slot_fits(village: Village, world: World):
    """On Friday evening nobody came; where the office is closed at weekends that held Saturday's slots too."""
    weekdays = [["07:30", "17:00"]] * 5 + [None, None]
    place = world.place(village.commune, "Hồng Minh", handover_hours=weekdays)
    kit = world.kit(place)
    friday = days_ahead(3)
    booking = village.has(village.family(), friday, "toi", kit=kit)
    saturday = friday + timedelta(days=1)
    assert world.slot(kit, saturday).hold.from_at == booking.pick_up_at
    village.entry(village.family("Hoa"), saturday, "toi", places=frozenset({place.id}), kit=kit)
    assert village.misses(booking, now=booking.pick_up_at + timedelta(minutes=30)).is_done
    assert village.offers() == [], "its pick-up has passed, too"


def test_a_weekend_that_comes_free_is_offered_slot_by_slot_to_the_first_of_each(village: Village, world: World):
    weekdays = [["07:30", "17:00"]] * 5 + [None, None]
    place = world.place(village.commune, "Hồng Minh", handover_hours=weekdays)
    kit, sunday = world.kit(place), days_ahead(5)
    booking = village.has(village.family(), days_ahead(4), "sang", kit=kit)
    village.has(village.family(), sunday)
    hoa = village.family("Hoa")
    village.entry(hoa, sunday, "toi", kit=kit)
    village.cancels(booking)
    assert (village.the_offer().household_id, village.the_offer().day) == (hoa.id, sunday)


def test_what_a_closure_gives_back_is_offered(village: Village, world: World):
    slot = world.slot(village.kit, TOMORROW)
    other = world.kit(world.place(village.commune, "Hồng Minh"))
    world.add(world.hold(village.kit, slot))
    village.has(village.family(), kit=other)
    hoa = village.family("Hoa")
    village.entry(hoa)
    village.opens_again(village.kit, slot.hold)
    assert (village.the_offer().household_id, village.the_offer().kit_id) == (hoa.id, village.kit.id)


def test_a_long_closure_gives_each_slot_to_the_first_who_waits_for_it_and_may_have_it(village: Village, world: World):
    """Hoa is first for all three, has one booking, and may have one more."""
    other = world.kit(world.place(village.commune, "Hồng Minh"))
    keys = ("trua", "chieu", "toi")
    slots = [world.slot(village.kit, TOMORROW, key) for key in keys]
    closed = Span(slots[0].hold.from_at, slots[-1].hold.until_at)
    world.add(Hold(kit_id=village.kit.id, from_at=closed.from_at, until_at=closed.until_at))
    hoa, lan = village.family("Hoa"), village.family("Lan")
    village.has(hoa, NEXT_WEEK)
    for key in keys:
        village.has(village.family(), TOMORROW, key, kit=other)
        village.entry(hoa, TOMORROW, key)
    village.entry(lan, TOMORROW, "toi")
    village.opens_again(village.kit, closed)
    assert [(offer.household_id, offer.slot_name) for offer in village.offers()] == [
        (hoa.id, "Trưa"),
        (lan.id, "Tối"),
    ]


def test_a_closure_of_an_hour_gives_back_every_slot_it_touched(village: Village, world: World):
    """Handed over on Mondays only, a slot on Thursday holds the kit from Monday to Monday."""
    mondays = [["07:30", "17:00"], *[None] * 6]
    kit = world.kit(world.place(village.commune, "Hồng Minh", handover_hours=mondays))
    thursday = days_ahead(9)
    slot = world.slot(kit, thursday)
    monday = slot.hold.from_at
    world.add(Hold(kit_id=kit.id, from_at=monday, until_at=monday + timedelta(hours=1)))
    village.has(village.family(), thursday)
    village.entry(village.family("Hoa"), thursday)
    [closed] = world.all(Hold, booking_id=None)
    village.opens_again(kit, Span(closed.from_at, closed.until_at))
    assert (village.the_offer().day, village.the_offer().kit_id) == (thursday, kit.id)


def test_a_slot_still_half_closed_is_not_offered(village: Village, world: World):
    booking = village.has(village.family())
    village.entry(village.family("Hoa"))
    world.add(Hold(kit_id=village.kit.id, from_at=booking.return_at, until_at=booking.return_at + timedelta(hours=1)))
    assert village.changes(booking, NEXT_WEEK, "toi").code
    assert len(village.offers()) == 1, "a closure right after it does not touch it"


# ---- to whom


def test_the_offer_goes_to_the_first_by_the_rules_and_then_to_the_next(village: Village, world: World):
    booking = village.has(village.family())
    often, once, new, newer = (village.family(name) for name in ("Often", "Once", "New", "Newer"))
    for days in (-3, -5):
        world.booking(village.kit, often, days_ahead(days), status=Status.RETURNED)
    world.booking(village.kit, once, days_ahead(-7), status=Status.RETURNED)
    for minutes, who in enumerate((often, once, new, newer)):
        village.entry(who, now=NOW + minutes * A_MINUTE)
    now = NOW + timedelta(minutes=10)
    village.cancels(booking, now=now)
    got = []
    while offers := village.offers():
        got.append(offers[0].household_id)
        assert village.refuses(offers[0], now=now).is_done
    assert got == [new.id, newer.id, once.id, often.id]
    assert world.all(Hold) == [], "free for all"
    assert {entry.state for entry in world.all(WaitingEntry)} == {WaitingState.PASSED}


def test_sessions_older_than_thirty_days_do_not_count(village: Village, world: World):
    booking = village.has(village.family())
    long_ago, lately = village.family("Long ago"), village.family("Lately")
    for days in (-31, -40, -50):
        world.booking(village.kit, long_ago, days_ahead(days), status=Status.RETURNED)
    world.booking(village.kit, lately, days_ahead(-29), status=Status.RETURNED)
    village.entry(lately)
    village.entry(long_ago, now=NOW + A_MINUTE)
    village.cancels(booking, now=NOW + 2 * A_MINUTE)
    assert village.the_offer().household_id == long_ago.id


def test_whom_staff_put_forward_is_first_and_the_reason_is_on_record(village: Village, world: World):
    booking, hoa = village.has(village.family()), village.family("Hoa")
    village.entry(village.family("Lan"))
    entry = village.entry(hoa, now=NOW + A_MINUTE)
    reason = "Hội chợ làng nghề"
    assert world.do(entries.put_forward, entry.id, village.clerk.id, reason, now=NOW + A_MINUTE)
    assert not world.do(entries.put_forward, entry.id, village.clerk.id, reason, now=NOW + A_MINUTE)
    line = world.all(AuditEntry)[-1]
    assert (line.action, line.staff_id, reason in line.detail) == ("put_forward", village.clerk.id, True)
    village.cancels(booking, now=NOW + 2 * A_MINUTE)
    assert village.the_offer().household_id == hoa.id


def test_who_may_not_book_now_is_passed_over_and_keeps_its_place(village: Village, world: World):
    booking, full, paused, hoa = village.has(village.family()), *(village.family(n) for n in ("F", "P", "Hoa"))
    for who in (full, paused, hoa):
        village.entry(who)
    for days in (3, 9):
        world.booking(village.kit, full, days_ahead(days), status=Status.APPROVED)
    for ago in (1, 2):
        world.booking(
            village.kit, paused, days_ahead(-ago), status=Status.CANCELLED, strike_at=NOW - timedelta(days=ago)
        )
    village.cancels(booking)
    assert village.the_offer().household_id == hoa.id
    assert [entry.state for entry in world.all(WaitingEntry)] == ["waiting", "waiting", "offered"]


def test_only_places_that_do_are_offered(village: Village, world: World):
    other = world.kit(world.place(village.commune, "Hồng Minh"))
    here, there = village.has(village.family()), village.has(village.family(), kit=other)
    picky = village.family("Picky")
    village.entry(picky, places=frozenset({other.place_id}))
    village.cancels(here)
    assert village.offers() == []
    village.cancels(there)
    assert village.the_offer().household_id == picky.id


def test_not_later_than_its_wish_is_anything_offered(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    noon = at(TODAY, "12:00")
    entry = village.entry(hoa, NEXT_WEEK, until_at=noon)
    village.works(noon - A_SECOND)
    assert village.state(entry) == WaitingState.WAITING
    village.cancels(booking, now=noon)
    assert village.offers() == []
    village.works(noon)
    assert village.state(entry) == WaitingState.OVER
    line = world.all(AuditEntry)[-1]
    assert (line.action, line.household_id, line.staff_id, line.at) == ("waiting_over", hoa.id, None, noon)
    assert world.fresh(hoa).version == hoa.version + 2


def test_no_offer_whose_text_would_come_later_than_the_wish(village: Village):
    """Freed at ten in the evening, its text goes out in the morning; by then it is of no use to Hoa."""
    booking, hoa, lan = village.has(village.family(), NEXT_WEEK), village.family("Hoa"), village.family("Lan")
    village.entry(hoa, NEXT_WEEK, until_at=at(TODAY, "23:00"))
    village.entry(lan, NEXT_WEEK)
    village.cancels(booking, now=at(TODAY, "22:00"))
    assert village.the_offer().household_id == lan.id


def test_who_took_the_slot_otherwise_waits_for_it_no_more(village: Village, world: World):
    other = world.kit(world.place(village.commune, "Hồng Minh"))
    here, there = village.has(village.family()), village.has(village.family(), kit=other)
    hoa, lan = village.family("Hoa"), village.family("Lan")
    entry = village.entry(hoa)
    lans = village.has(lan, TOMORROW, "chieu")
    lans_entry = village.entry(lan)
    world.change(entry, place_ids=[village.kit.place_id])
    world.change(lans_entry, place_ids=[village.kit.place_id])
    village.cancels(there)
    assert village.asks(hoa, kit=other).code
    assert village.state(entry) == WaitingState.SERVED
    village.cancels(here)
    offer = village.the_offer()
    assert offer.household_id == lan.id
    village.refuses(offer)
    assert village.changes(lans, TOMORROW, "toi").code


def test_who_changes_into_the_slot_waits_for_it_no_more(village: Village, world: World):
    hong_minh = world.place(village.commune, "Hồng Minh")
    other = world.kit(hong_minh)
    here, there = village.has(village.family()), village.has(village.family(), kit=other)
    hoa = village.family("Hoa")
    afternoon = village.has(hoa, TOMORROW, "chieu")
    entry = village.entry(hoa, places=frozenset({village.kit.place_id}))
    village.cancels(there)
    assert village.changes(afternoon, TOMORROW, "toi", kit=other).code
    assert village.state(entry) == WaitingState.SERVED
    village.cancels(here)
    assert village.offers() == []


def test_two_slots_freed_at_once_are_not_both_offered_to_one_place_in_the_queue(village: Village, world: World):
    others = [world.kit(world.place(village.commune, name)) for name in ("Hồng Minh", "Tri Trung", "Đại Thắng")]
    kits = [village.kit, *others]
    for round_ in range(2):
        day = days_ahead(2 + round_)
        bookings = [village.has(village.family(), day, kit=kit) for kit in kits]
        first, second = village.family("Một"), village.family("Hai")
        village.entry(first, day)
        village.entry(second, day)
        at_once(*[lambda b=booking: village.withdraws(b) for booking in bookings])
        assert sorted(offer.household_id for offer in village.offers(day=day)) == [first.id, second.id]
        assert len({offer.kit_id for offer in village.offers(day=day)}) == 2


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


# ---- until when, and how it is told


def test_the_clock_of_an_offer_starts_when_its_text_is_sent_and_the_text_says_until_when(
    village: Village, world: World, sms: FakeSms
):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    offer = village.the_offer()
    assert offer.answer_by_at == offer.pick_up_at - timedelta(hours=2), "until it is sent, as long as can be"
    later = NOW + timedelta(minutes=7)
    village.works(later)
    offer = village.the_offer()
    assert offer.answer_by_at == at(TODAY, "13:10")
    [text] = sms.texts_to(hoa.phone)
    assert "Giu cho den 13h10 T3 01/12" in text
    assert offer.code in text
    assert world.all(Message, kind=Kind.OFFER)[0].body == text, "and staff read what was sent"


def test_in_the_quiet_hours_the_text_waits_and_its_clock_with_it(village: Village, sms: FakeSms):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    night = at(TODAY, "22:00")
    village.cancels(booking, now=night)
    for hour in ("22:00", "23:59"):
        village.works(at(TODAY, hour))
    village.works(at(TOMORROW, "06:29"))
    assert sms.texts_to(hoa.phone) == []
    village.works(at(TOMORROW, "06:30"))
    [text] = sms.texts_to(hoa.phone)
    assert "Giu cho den 10h30 T4 02/12" in text
    assert village.the_offer().answer_by_at == at(TOMORROW, "10:30")


def test_a_text_sent_in_the_evening_gives_the_rest_of_its_time_in_the_morning(village: Village, sms: FakeSms):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking, now=at(TODAY, "20:00"))
    village.works(at(TODAY, "20:00"))
    assert "Giu cho den 9h30 T4 02/12" in sms.texts_to(hoa.phone)[0]


def test_a_text_put_off_by_the_network_starts_its_clock_when_it_is_sent(village: Village, sms: FakeSms):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    sms.fault = SmsDelayed("busy", retry_after=timedelta(hours=1))
    village.works()
    sms.fault = None
    village.works(NOW + timedelta(hours=1))
    assert "Giu cho den 14h T3 01/12" in sms.texts_to(hoa.phone)[0]
    assert village.the_offer().answer_by_at == at(TODAY, "14:00")


def test_of_an_offer_whose_text_failed_staff_are_asked_to_phone(village: Village, world: World, sms: FakeSms):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    sms.fault = SmsRefused("unreachable 30003")
    village.works()
    offer = village.the_offer()
    assert offer.answer_by_at == at(TODAY, "13:00")
    to_phone = world.do(people_to_phone, [village.commune.id], now=NOW)
    assert [person.booking_code for person in to_phone if person.household_phone == hoa.phone] == [offer.code]
    assert village.accepts(offer, Actor(staff_id=village.clerk.id)).is_done


@pytest.mark.parametrize("how", ["switched off", "a landline"])
def test_who_takes_no_texts_is_phoned_and_the_clock_starts_at_once(village: Village, world: World, how: str):
    columns = {"takes_texts": False} if how == "switched off" else {"phone": "", "landline": "02433859999"}
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa", **columns)
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    offer = village.the_offer()
    assert offer.answer_by_at == at(TODAY, "13:00")
    [text] = world.all(Message, booking_id=offer.id)
    assert (text.state, text.to) == (MessageState.TO_PHONE, hoa.phone or hoa.landline)
    assert "Giu cho den 13h T3 01/12" in text.body


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


def test_under_half_an_hour_before_the_lead_time_the_slot_is_free_for_all(village: Village):
    booking, hoa, lan = village.has(village.family(), TODAY), village.family("Hoa"), village.family("Lan")
    village.entry(hoa, TODAY)
    now = at(TODAY, "14:30") + A_SECOND
    village.cancels(booking, now=now)
    assert village.offers() == []
    assert village.asks(lan, TODAY, now=now).code


def test_with_half_an_hour_left_it_is_offered_until_the_lead_time_and_then_only_staff_give_it(village: Village):
    booking, hoa, lan = village.has(village.family(), TODAY), village.family("Hoa"), village.family("Lan")
    village.entry(hoa, TODAY)
    village.entry(lan, TODAY)
    village.cancels(booking, now=at(TODAY, "14:30"))
    village.works(at(TODAY, "14:30"))
    end = at(TODAY, "15:00")
    assert village.the_offer().answer_by_at == end
    village.works(end)
    assert village.offers() == []
    assert village.asks(lan, TODAY, now=end).refusals == [Refusal(Reason.TOO_LATE, at=end)]
    assert village.books_for(lan, TODAY, now=end).refusals == [Refusal(Reason.TOO_LATE, at=end)]
    assert village.books_for(lan, TODAY, override="đang chờ ở quầy", now=end).code


def test_no_offer_is_made_that_could_only_be_told_when_it_is_over(village: Village, world: World):
    """With a lead of five hours, freed at nine in the evening: its text would go out after the lead time."""
    world.change(village.commune, policy={"lead_minutes": 300})
    booking, hoa = village.has(village.family(), TOMORROW, "trua"), village.family("Hoa")
    village.entry(hoa, TOMORROW, "trua")
    village.cancels(booking, now=at(TODAY, "21:05"))
    assert village.offers() == []


def test_a_text_of_an_offer_that_has_ended_is_never_sent(village: Village, sms: FakeSms):
    """The worker was away; while people get their time of grace, no text may promise what is past."""
    booking, hoa = village.has(village.family(), TODAY), village.family("Hoa")
    village.entry(hoa, TODAY)
    village.cancels(booking, now=at(TODAY, "14:00"))
    village.works_again(at(TODAY, "15:01"), after=at(TODAY, "13:59"))
    assert village.the_offer().household_id == hoa.id, "held in the time of grace"
    assert sms.texts_to(hoa.phone) == []


# ---- answering


def test_who_accepts_has_the_slot_and_is_told_where_to_fetch_the_kit(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    entry = village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    offer = village.the_offer()
    assert village.accepts(offer) == Outcome(True, Status.APPROVED)
    assert world.fresh(offer).approved_at == NOW
    assert village.state(entry) == WaitingState.SERVED
    assert village.texts(offer) == [Kind.OFFER, Kind.APPROVED]
    assert [line.action for line in world.all(AuditEntry, booking_id=offer.id)] == ["offered", "approved"]
    assert village.accepts(offer) == Outcome(False, Status.APPROVED), "the second tap"
    assert village.refuses(offer) == Outcome(False, Status.APPROVED)


def test_staff_accept_by_phone_and_that_is_on_record(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    village.accepts(village.the_offer(), Actor(staff_id=village.clerk.id))
    assert (world.all(BookingMove)[-1].to_status, world.all(BookingMove)[-1].staff_id) == (
        Status.APPROVED,
        village.clerk.id,
    )


def test_who_refuses_loses_the_place_and_gets_no_text(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    entry = village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    offer = village.the_offer()
    assert village.refuses(offer) == Outcome(True, Status.REFUSED)
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


def test_an_offer_that_staff_take_back_goes_to_the_next_and_the_place_is_kept(village: Village, world: World):
    booking, hoa, lan = village.has(village.family(), NEXT_WEEK), village.family("Hoa"), village.family("Lan")
    entry = village.entry(hoa, NEXT_WEEK)
    village.entry(lan, NEXT_WEEK)
    village.cancels(booking)
    offer = village.the_offer()
    assert village.cancels(offer).is_done
    assert village.the_offer().household_id == lan.id
    assert village.state(entry) == WaitingState.WAITING
    assert world.fresh(entry).booking_id is None
    assert village.texts(offer) == [Kind.OFFER, Kind.CANCELLED]
    village.refuses(village.the_offer())
    assert village.the_offer().household_id == hoa.id, "its turn comes again"


def test_an_offer_counts_as_a_booking_ahead(village: Village):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    village.has(hoa, TOMORROW)
    assert village.asks(hoa, days_ahead(13)).refusals == [Refusal(Reason.AHEAD, most=2)]


def test_asking_for_the_slot_one_is_offered_leads_to_the_offer(village: Village):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    assert village.asks(hoa, NEXT_WEEK).code == village.the_offer().code


@pytest.mark.parametrize("day", [days_ahead(14), days_ahead(20)])
def test_a_day_that_is_not_open_yet_is_not_offered(village: Village, day: date):
    booking = village.has(village.family(), day, override="Hội chợ", now=at(TODAY, "06:00"))
    village.entry(village.family("Hoa"), day, now=at(TODAY, "06:00"))
    village.cancels(booking, now=at(TODAY, "06:59"))
    assert village.offers() == []
