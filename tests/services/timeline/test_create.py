"""Creating a booking: its code, its hold, and the waiting that it ends."""

import time
from datetime import timedelta
from threading import Event

import pytest
from flask import Flask

from kit_booking.database import transaction
from kit_booking.domain.booking.refusals import CODE_LETTERS
from kit_booking.domain.booking.status import Status
from kit_booking.models import (
    AuditEntry,
    Booking,
    WaitingState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.communes.slots import find_slot
from kit_booking.services.timeline.create import SlotTaken, create_booking
from kit_booking.services.timeline.locks import lock_kit_to_book
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.threads import at_once
from tests.support.village import TOMORROW, Village
from tests.times import NOW, days_ahead

TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune())


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


def test_a_code_is_the_communes_letters_and_three_of_its_own(village: Village):
    code = village.asks(village.family()).code
    assert code.startswith("PD")
    assert len(code) == 5
    assert set(code[2:]) <= set(CODE_LETTERS)


def test_of_a_long_name_two_letters_are_enough_for_a_code(world: World, village: Village):
    [kit] = world.kits(world.commune("Vân Từ Thượng Hạ"))
    code = village.asks(village.family(), kit=kit).code
    assert (kit.code, code[:2], len(code)) == ("VTTH-1", "VT", 5)


def test_where_many_codes_are_used_a_longer_one_is_found(
    village: Village, world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("kit_booking.services.timeline.create.secrets.choice", lambda letters: letters[0])
    codes = [village.has(village.family(), TOMORROW, key).code for key in ("sang", "trua", "chieu")]
    assert [len(code) for code in codes] == [5, 6, 7]


def test_two_who_draw_the_same_code_at_the_same_moment_get_one_each(
    village: Village, world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("kit_booking.services.timeline.create.secrets.choice", lambda letters: letters[0])
    kits = [village.kit, world.kit(world.place(village.commune, "Hồng Minh"))]
    families = [village.family(), village.family("Lan")]
    is_written = Event()

    def first() -> None:
        world.do(_creates, kits[0], "toi", families[0].id, Status.APPROVED, before_commit=is_written.set)

    def second() -> None:
        is_written.wait(30)
        world.do(_creates, kits[1], "toi", families[1].id, Status.APPROVED)

    at_once(first, second)
    assert sorted(len(booking.code) for booking in world.all(Booking)) == [5, 6]


def test_an_offer_leaves_the_household_waiting_and_a_booking_ends_that(village: Village, world: World):
    hoa = village.family("Hoa")
    evening, noon = (world.entry(village.kit, hoa, TOMORROW, key) for key in ("toi", "trua"))
    world.do(_creates, village.kit, "toi", hoa.id, Status.OFFERED)
    assert village.state(evening) == WaitingState.WAITING
    world.do(_creates, village.kit, "trua", hoa.id, Status.APPROVED)
    assert (village.state(evening), village.state(noon)) == (WaitingState.WAITING, WaitingState.SERVED)
    assert world.fresh(noon).ended_at == NOW


def test_only_who_has_the_slot_waits_for_it_no_more(village: Village, world: World):
    hoa, lan = village.family("Hoa"), village.family("Lan")
    entry = world.entry(village.kit, lan, TOMORROW)
    village.has(hoa)
    assert village.state(entry) == WaitingState.WAITING


def test_only_what_staff_book_is_approved_from_the_start(village: Village, world: World):
    asked = village.booking(village.asks(village.family()).code)
    booked = village.has(village.family("Lan"), TOMORROW, "trua")
    assert (asked.approved_at, booked.approved_at) == (None, NOW)


def test_the_reason_of_staff_is_on_the_booking_and_on_record(village: Village, world: World):
    code = village.books_for(village.family(), override="Hội chợ").code
    assert village.booking(code).reason == "Hội chợ"
    assert world.all(AuditEntry)[-1].detail == {"reason": "Hội chợ"}


@transaction
def _creates(session, kit, key, household_id, status, before_commit=None):
    place_id = lock_kit_to_book(session, kit.id)
    to = find_slot(kit.code, TOMORROW, key)
    by = Actor(household_id=household_id)
    create_booking(session, to, place_id, household_id, status, by, now=NOW, answer_by_at=NOW)
    if before_commit:
        before_commit()
        time.sleep(0.2)  # So that the other one meets what is not committed yet.


def test_time_that_is_taken_already_makes_no_booking(village: Village, world: World):
    world.add(world.hold(village.kit, world.slot(village.kit, TOMORROW)))
    with pytest.raises(SlotTaken):
        world.do(_creates, village.kit, "toi", village.family().id, Status.APPROVED)
    assert world.all(Booking) == world.all(AuditEntry) == []
