"""What becomes of a promise when two features meet that know nothing of each other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from kit_booking.adapters.sms import SmsDelayed
from kit_booking.database import db
from kit_booking.domain.booking.counter import CheckedPart
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import Span
from kit_booking.models import Commune, Hold, Message, MessageState, Place
from kit_booking.services.audit import Actor
from kit_booking.services.closures.closing import close, end
from kit_booking.services.communes.search import start_version_key
from kit_booking.services.counter import handover
from kit_booking.services.desk.today import today
from kit_booking.services.operator import kit_moves, registry
from kit_booking.services.operator.edits import Editor
from kit_booking.services.register import erasing, households, joining
from tests.support.builders import World
from tests.support.databases import on_postgresql
from tests.support.fakes import FakeSms
from tests.support.village import TOMORROW, Village
from tests.times import NOW, at, days_ahead

TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune())


def by(village: Village) -> Editor:
    return Editor(staff_id=village.clerk.id, version=village.world.fresh(village.commune).version)


def moves_kit(village: Village, place: Place, **times: Any) -> None:
    denied = village.world.do(kit_moves.move_kit, village.kit.id, place.id, by(village), **{"now": NOW} | times)
    assert denied is None


# ---- an offer, and the number it is to be sent to


def test_an_unsent_offer_to_a_number_that_is_given_up_runs_from_then_on(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    world.do(
        households.change_number,
        hoa.id,
        village.clerk.id,
        phone="",
        landline="02433859999",
        takes_texts=False,
        now=NOW + HOUR,
    )
    offer = village.the_offer()
    [text] = world.all(Message, booking_id=offer.id)
    assert (text.state, text.to) == (MessageState.TO_PHONE, "02433859999")
    assert offer.answer_by_at == at(TODAY, "14:00")
    assert "Qua 14h T3 01/12" in text.body


def test_an_unsent_offer_of_a_household_joined_to_one_without_a_mobile_runs_from_then_on(
    village: Village, world: World
):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    kept = village.family("Hoa", phone="", landline="02433859999")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    assert world.do(joining.join, kept.id, hoa.id, village.clerk.id, now=NOW) is None
    offer = village.the_offer()
    assert (offer.household_id, offer.answer_by_at) == (kept.id, at(TODAY, "13:00"))


def test_an_offer_does_not_run_out_untold_while_the_network_takes_nothing(village: Village, sms: FakeSms):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    sms.fault = SmsDelayed("limit", 63038, retry_after=timedelta(hours=5))
    village.works()
    village.works(NOW + timedelta(hours=4, minutes=30))
    assert village.the_offer().household_id == hoa.id
    sms.fault = None
    village.works(NOW + timedelta(hours=5))
    assert "Qua 18h T3 01/12" in sms.texts_to(hoa.phone)[-1]
    assert village.the_offer().answer_by_at == at(TODAY, "18:00")


def test_the_erased_are_told_that_their_booking_is_cancelled(village: Village, world: World, sms: FakeSms):
    hanh = village.family()
    booking = village.has(hanh, NEXT_WEEK)
    village.works()
    assert world.do(erasing.erase, hanh.id, Actor(staff_id=village.clerk.id), now=NOW)
    village.works()
    assert f"XA DA HUY phieu {booking.code}" in sms.texts_to(hanh.phone)[-1]
    assert not world.all(Message, state=MessageState.TO_PHONE)


# ---- a kit that stands elsewhere


def test_a_text_held_up_over_night_says_where_the_kit_stands_in_the_morning(
    village: Village, world: World, sms: FakeSms
):
    hanh, night = village.family(), at(TODAY, "22:00")
    village.has(hanh, NEXT_WEEK, now=night)
    moves_kit(village, world.place(village.commune, "Hồng Minh"), now=night)
    village.works(at(TOMORROW, "06:30"))
    texts = sms.texts_to(hanh.phone)
    assert texts
    assert all("tai Hong Minh" in text for text in texts), texts


def test_of_two_moves_in_a_night_the_household_reads_the_last_one_only(village: Village, world: World, sms: FakeSms):
    hanh, night = village.family(), at(TODAY, "22:00")
    village.has(hanh, NEXT_WEEK)
    village.works()
    home = world.all(Place, id=village.kit.place_id)[0]
    moves_kit(village, world.place(village.commune, "Hồng Minh"), now=night)
    moves_kit(village, home, now=night)
    village.works(at(TOMORROW, "06:30"))
    [text] = [text.body for text in sms.sent if text.kind == Kind.MOVED]
    assert "tai Phu Tuc" in text


@contextmanager
def held_up(app: Flask, before: str) -> Iterator[tuple[Event, Event]]:
    """Hold the next transaction up before its first statement of these words: when it is there, and until when."""
    there, go_on, seen = Event(), Event(), Event()

    def hold_up(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if before in statement and not seen.is_set():
            seen.set()
            there.set()
            assert go_on.wait(30)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", hold_up)
    try:
        yield there, go_on
    finally:
        go_on.set()
        event.remove(engine, "before_cursor_execute", hold_up)


def overtaken(app: Flask, slow: Callable[[], Any], before: str, quick: Callable[[], Any]) -> Any:
    """What ``slow`` gives when ``quick`` happens just before it comes to that statement."""
    with ThreadPoolExecutor(1) as threads, held_up(app, before) as (there, go_on):
        running = threads.submit(slow)
        assert there.wait(30)
        quick()
        go_on.set()
        return running.result(30)


@on_postgresql  # SQLite has one writer, so that nobody is overtaken.
def test_who_asks_while_the_kit_is_moved_fetches_it_where_it_is(app: Flask, village: Village, world: World):
    place = world.place(village.commune, "Hồng Minh")
    asked = overtaken(app, lambda: village.asks(village.family()), "UPDATE kit", lambda: moves_kit(village, place))
    assert village.booking(asked.code).place_id == place.id


@on_postgresql  # SQLite has one writer, so that nobody is overtaken.
def test_who_changes_to_a_kit_while_that_is_moved_fetches_it_where_it_is(app: Flask, village: Village, world: World):
    place = world.place(village.commune, "Hồng Minh")
    booking = village.has(village.family(), NEXT_WEEK)
    second = world.kit(world.all(Place, id=village.kit.place_id)[0])

    def moves_second() -> None:
        assert world.do(kit_moves.move_kit, second.id, place.id, by(village), now=NOW) is None

    changed = overtaken(
        app, lambda: village.changes(booking, NEXT_WEEK, "toi", kit=second), "FOR UPDATE", moves_second
    )
    assert changed.code
    assert village.booking(booking.code).place_id == place.id


@on_postgresql  # SQLite has one writer, so that nobody is overtaken.
def test_a_kit_added_while_its_commune_is_closed_is_closed(app: Flask, village: Village, world: World):
    span = Span(at(TOMORROW, "00:00"), at(NEXT_WEEK, "00:00"))
    closing = (village.commune.id, None, span, "Tết", village.clerk.id)

    def add() -> None:
        denied = world.do(registry.add_kit, village.kit.place_id, "PD-9", [], by(village), now=NOW)
        assert denied is None

    overtaken(app, lambda: world.do(close, *closing, now=NOW), "INSERT INTO closure", add)
    assert len(world.all(Hold, booking_id=None)) == 2


# ---- an offer, and a closure


@pytest.mark.parametrize("whole", [False, True])
def test_nobody_is_told_of_an_offer_in_time_that_was_closed_before_its_text_went_out(
    village: Village, world: World, sms: FakeSms, whole: bool
):
    booking, hoa, night = village.has(village.family(), NEXT_WEEK), village.family("Hoa"), at(TODAY, "22:00")
    entry = village.entry(hoa, NEXT_WEEK)
    village.cancels(booking, now=night)
    offer = village.the_offer()
    span = Span(at(NEXT_WEEK, "00:00"), at(days_ahead(9), "12:00"))
    kit_id = None if whole else village.kit.id
    closure = world.do(close, village.commune.id, kit_id, span, "Bộ hỏng", village.clerk.id, now=night)
    assert (village.booking(offer.code).status, village.state(entry)) == (Status.CANCELLED, "waiting")
    assert [Span(hold.from_at, hold.until_at) for hold in world.all(Hold)] == [span]
    village.works(at(TOMORROW, "06:30"))
    assert sms.texts_to(hoa.phone) == []
    assert world.do(end, closure, village.clerk.id, now=at(TOMORROW, "09:00"))
    assert village.the_offer().household_id == hoa.id


def test_an_offer_that_was_told_stands_in_the_closure_until_it_is_settled(village: Village, world: World):
    booking, hoa = village.has(village.family(), NEXT_WEEK), village.family("Hoa")
    village.entry(hoa, NEXT_WEEK)
    village.cancels(booking)
    village.works()
    span = Span(at(NEXT_WEEK, "00:00"), at(days_ahead(9), "00:00"))
    world.do(close, village.commune.id, village.kit.id, span, "Bộ hỏng", village.clerk.id, now=NOW)
    assert village.the_offer().household_id == hoa.id


# ---- a kit that is new to a place


def test_a_new_kit_is_offered_to_who_waits(village: Village, world: World):
    hoa = village.family("Hoa")
    village.has(village.family(), NEXT_WEEK)
    village.entry(hoa, NEXT_WEEK)
    assert world.do(registry.add_kit, village.kit.place_id, "PD-9", [], by(village), now=NOW) is None
    assert (village.the_offer().household_id, village.the_offer().day) == (hoa.id, NEXT_WEEK)
    assert village.the_offer().kit_id != village.kit.id


def test_a_kit_brought_to_a_place_is_offered_to_who_waits_there(village: Village, world: World):
    place, hoa = world.place(village.commune, "Hồng Minh"), village.family("Hoa")
    there = world.kit(place)
    village.has(village.family(), NEXT_WEEK, kit=there)
    village.entry(hoa, NEXT_WEEK, places=frozenset({place.id}))
    moves_kit(village, place)
    assert (village.the_offer().household_id, village.the_offer().kit_id) == (hoa.id, village.kit.id)
    assert village.the_offer().place_id == place.id


# ---- a kit that comes back late


def test_who_found_no_kit_because_the_one_before_kept_it_gets_no_strike(village: Village, world: World):
    late = village.has(village.family("Lan"), TOMORROW, "chieu")
    nxt = village.has(village.family("Hoa"), TOMORROW, "toi")
    seen = handover.KitCheck([CheckedPart("đèn", 2, 2)])
    assert world.do(handover.hand_over, world.seen(late), village.clerk.id, seen, now=late.pick_up_at).is_done
    back_at = nxt.pick_up_at + HOUR
    assert world.do(handover.take_back, world.seen(late), village.clerk.id, seen, now=back_at).is_done
    soon = back_at + MINUTE
    assert not village.misses(nxt, soon).is_done
    shown = world.do(today, [village.commune.id], now=soon)
    assert ([b.code for b in shown.to_hand_over], shown.not_collected) == ([nxt.code], [])
    later = back_at + HOUR / 2
    assert [b.code for b in world.do(today, [village.commune.id], now=later).not_collected] == [nxt.code]
    assert village.misses(nxt, later).is_done
    assert village.booking(nxt.code).strike_at is None
    assert village.booking(nxt.code).status == Status.NO_SHOW


@pytest.mark.parametrize("is_back", [False, True])
def test_who_gives_a_booking_up_while_the_kit_is_overdue_gets_no_strike(village: Village, is_back: bool):
    late = village.has(village.family("Lan"), TOMORROW, "sang")
    nxt = village.has(village.family("Hoa"), TOMORROW, "toi")
    seen = handover.KitCheck([CheckedPart("đèn", 2, 2)])
    village.world.do(handover.hand_over, village.world.seen(late), village.clerk.id, seen, now=late.pick_up_at)
    overdue = late.return_at + HOUR
    if is_back:
        village.world.do(handover.take_back, village.world.seen(late), village.clerk.id, seen, now=overdue)
    assert village.withdraws(nxt, now=overdue).is_done
    assert (village.booking(nxt.code).strike_at is not None) == is_back


def test_who_gives_a_booking_up_in_closed_time_gets_no_strike(village: Village, world: World):
    booking = village.has(village.family(), TOMORROW, "toi")
    span = Span(at(TOMORROW, "00:00"), at(NEXT_WEEK, "00:00"))
    world.do(close, village.commune.id, village.kit.id, span, "Bộ hỏng", village.clerk.id, now=NOW)
    assert village.withdraws(booking, now=at(TOMORROW, "12:00")).is_done
    assert village.booking(booking.code).strike_at is None


# ---- many communes


def test_the_start_page_of_many_communes_changes_with_the_province_of_one(village: Village, world: World):
    for number in range(31):
        world.add(
            Commune(
                province_id=village.commune.province_id,
                code=f"9{number:04}",
                name=f"Xã {number}",
                slug=f"xa-{number}",
                search="",
                phone="02433854321",
                office_hours=village.commune.office_hours,
            )
        )
    before = world.do(start_version_key)
    change = registry.change_commune
    assert world.do(change, village.commune.id, "Phượng Dực", "12345", "Hà Nam", by(village), now=NOW) is None
    assert world.do(start_version_key) != before
