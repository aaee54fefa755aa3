"""Offering what comes free: to whom, when, and until when it is held."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert

from kit_booking.adapters.sms import SmsDelayed, SmsRefused
from kit_booking.database import db, transaction
from kit_booking.domain.booking.refusals import Reason, Refusal
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import Span
from kit_booking.models import (
    AuditEntry,
    Booking,
    Closure,
    Hold,
    Message,
    MessageState,
    WaitingEntry,
    WaitingState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking.reading import people_to_phone
from kit_booking.services.timeline.locks import lock_booking
from kit_booking.services.timeline.offers import reset_offer
from tests.support.builders import World
from tests.support.databases import on_sqlite
from tests.support.fakes import FakeSms
from tests.support.threads import at_once
from tests.support.village import TOMORROW, Village
from tests.times import NOW, at, days_ahead

TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune())


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
    [line] = world.all(AuditEntry, booking_id=offer.id)
    assert (line.action, line.household_id, line.staff_id, line.detail) == ("offered", None, None, {})
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
    """Hoa is first for all three, has an evening and a morning, and may have one more of the day."""
    other = world.kit(world.place(village.commune, "Hồng Minh"))
    keys = ("trua", "chieu", "toi")
    slots = [world.slot(village.kit, TOMORROW, key) for key in keys]
    closed = Span(slots[0].hold.from_at, slots[-1].hold.until_at)
    world.add(Hold(kit_id=village.kit.id, from_at=closed.from_at, until_at=closed.until_at))
    hoa, lan = village.family("Hoa"), village.family("Lan")
    village.has(hoa, NEXT_WEEK)
    village.has(hoa, NEXT_WEEK, "sang")
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


def test_no_offer_whose_text_would_come_later_than_the_wish(village: Village):
    """Freed at ten in the evening, its text goes out in the morning; by then it is of no use to Hoa."""
    booking, hoa, lan = village.has(village.family(), NEXT_WEEK), village.family("Hoa"), village.family("Lan")
    village.entry(hoa, NEXT_WEEK, until_at=at(TODAY, "23:00"))
    village.entry(lan, NEXT_WEEK)
    village.cancels(booking, now=at(TODAY, "22:00"))
    assert village.the_offer().household_id == lan.id


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
    assert "Qua 13h10 T3 01/12" in text
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
    assert "Qua 10h30 T4 02/12" in text
    assert village.the_offer().answer_by_at == at(TOMORROW, "10:30")


def test_a_text_sent_in_the_evening_gives_the_rest_of_its_time_in_the_morning(village: Village, sms: FakeSms):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking, now=at(TODAY, "20:00"))
    village.works(at(TODAY, "20:00"))
    assert "Qua 9h30 T4 02/12" in sms.texts_to(hoa.phone)[0]


def test_a_text_put_off_by_the_network_starts_its_clock_when_it_is_sent(village: Village, sms: FakeSms):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    sms.fault = SmsDelayed("busy", retry_after=timedelta(hours=1))
    village.works()
    sms.fault = None
    village.works(NOW + timedelta(hours=1))
    assert "Qua 14h T3 01/12" in sms.texts_to(hoa.phone)[0]
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
    assert [text.booking.code for text in to_phone if text.to == hoa.phone] == [offer.code]
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
    assert "Qua 13h T3 01/12" in text.body


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


@on_sqlite
@pytest.mark.parametrize("day", [days_ahead(14), days_ahead(20)])
def test_a_day_that_is_not_open_yet_is_not_offered(village: Village, day: date):
    booking = village.has(village.family(), day, override="Hội chợ", now=at(TODAY, "06:00"))
    village.entry(village.family("Hoa"), day, now=at(TODAY, "06:00"))
    village.cancels(booking, now=at(TODAY, "06:59"))
    assert village.offers() == []


@on_sqlite
def test_a_day_is_offered_from_the_minute_on_in_which_it_opens(village: Village):
    day, opens = days_ahead(14), at(TODAY, "07:00")
    booking, hoa = (
        village.has(village.family(), day, override="Hội chợ", now=at(TODAY, "06:00")),
        village.family("Hoa"),
    )
    village.entry(hoa, day, now=at(TODAY, "06:00"))
    village.cancels(booking, now=opens)
    assert village.the_offer().household_id == hoa.id


def test_a_wish_that_ends_the_minute_the_text_goes_out_is_offered_nothing(village: Village):
    """Freed at ten in the evening, the text goes out at half past six."""
    booking, hoa, lan = village.has(village.family(), NEXT_WEEK), village.family("Hoa"), village.family("Lan")
    village.entry(hoa, NEXT_WEEK, until_at=at(TOMORROW, "06:30"))
    village.entry(lan, NEXT_WEEK, until_at=at(TOMORROW, "06:30") + A_SECOND)
    village.cancels(booking, now=at(TODAY, "22:00"))
    assert village.the_offer().household_id == lan.id


def test_an_offer_raises_the_versions_of_the_kit_and_of_who_is_offered_it(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    kit, household = world.fresh(village.kit).version, world.fresh(hoa).version
    village.cancels(booking)
    assert village.offers()
    assert world.fresh(village.kit).version == kit + 3, (
        "by the cancelling, the end of the time to undo it, and the offer"
    )
    assert world.fresh(hoa).version == household + 1


def test_who_was_served_in_the_same_moment_is_not_offered_a_second_slot(village: Village, world: World):
    """Hoa waits for one evening on two kits that come free in one step."""
    other, hoa = world.kit(world.place(village.commune, "Hồng Minh")), village.family("Hoa")
    world.entry(village.kit, hoa, TOMORROW)
    closed = world.slot(village.kit, TOMORROW).hold
    for kit in (village.kit, other):
        village.opens_again(kit, closed)
    assert len(village.offers()) == 1


def test_what_a_closure_stands_against_is_closed_and_not_offered(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    entry = village.entry(hoa, NEXT_WEEK)
    world.add(
        Closure(
            commune_id=village.commune.id,
            kit_id=village.kit.id,
            from_at=booking.pick_up_at,
            until_at=booking.return_at,
            reason="Hỏng đèn",
            changed_at=NOW,
        )
    )
    village.cancels(booking)
    assert village.state(entry) == WaitingState.WAITING
    assert [hold.booking_id for hold in world.all(Hold)] == [None]


def test_nothing_is_offered_of_time_that_is_over(village: Village, world: World):
    slot = world.slot(village.kit, TODAY, "sang")
    world.entry(village.kit, village.family("Hoa"), TODAY, "sang", until_at=at(TODAY, "23:00"))
    village.opens_again(village.kit, slot.hold, now=slot.hold.until_at)
    assert village.offers() == []


def test_an_offer_that_ended_keeps_its_deadline_though_its_text_did_not_go_out(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    offer = village.the_offer()
    village.accepts(offer)
    accepted = world.change(offer, answer_by_at=NOW)
    world.do(_untold, accepted.code)
    assert world.fresh(offer).answer_by_at == NOW


@transaction
def _untold(session, code):
    reset_offer(session, lock_booking(session, code))


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
