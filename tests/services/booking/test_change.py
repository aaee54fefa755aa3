"""Changing a booking to another slot: what stays, what comes free, and several changes at once."""

from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.domain.booking.refusals import Reason, Refusal
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import AuditEntry, Booking, Hold
from kit_booking.services.booking.move import MoveResult, move_booking
from kit_booking.services.communes.slots import NoSuchSlot
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.threads import at_once
from tests.support.village import TOMORROW, Village
from tests.times import NOW, at, days_ahead

TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
BEFORE = NOW - timedelta(days=3)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune(kits=2))


def test_an_approved_booking_stays_the_same_one_and_approved_in_its_new_slot(village: Village, world: World):
    hanh = village.family()
    booking = village.has(hanh)
    other = village.kits[1]
    versions = [world.fresh(kit).version for kit in village.kits]
    assert village.changes(booking, NEXT_WEEK, "chieu", kit=other).code == booking.code
    changed = world.fresh(booking)
    assert (changed.id, changed.status, changed.version) == (booking.id, Status.APPROVED, booking.version + 1)
    assert (changed.kit_id, changed.day, changed.slot_name) == (other.id, NEXT_WEEK, "Chiều")
    assert (changed.pick_up_at, changed.return_at) == (at(NEXT_WEEK, "13:15"), at(NEXT_WEEK, "16:45"))
    [hold] = world.all(Hold)
    assert (hold.kit_id, hold.from_at, hold.booking_id) == (other.id, changed.pick_up_at, booking.id)
    assert [world.fresh(kit).version for kit in village.kits] == [version + 1 for version in versions]
    lines = world.all(AuditEntry)
    assert [line.action for line in lines] == ["approved", "changed"]
    assert (lines[-1].household_id, lines[-1].detail) == (hanh.id, {"from_status": "approved"})
    assert village.texts(booking) == [Kind.APPROVED, Kind.CHANGED]
    village.works()
    assert [text.body for text in village.sms.sent] == village.sms.texts_to(hanh.phone)
    assert len(village.sms.sent) == 1, "the text about the old slot is true no more"


def test_the_text_of_a_change_is_the_only_one_until_the_hour_draws_near(village: Village, world: World):
    """The reminder of the day before would come at once, with the same words."""
    booking = village.has(village.family(), NEXT_WEEK, now=BEFORE)
    village.works(now=BEFORE)
    later = NOW + timedelta(hours=2)
    assert village.changes(booking, TODAY, "toi", now=later).code
    for now in (later, later + timedelta(minutes=1), at(TODAY, "15:00")):
        village.works(now=now)
    assert [text.kind for text in village.sms.sent[1:]] == [Kind.CHANGED, Kind.REMINDER_SOON]


def test_changing_into_a_near_slot_gives_no_new_half_hour_to_give_it_up(village: Village, world: World):
    booking = village.has(village.family(), NEXT_WEEK, now=BEFORE)
    assert village.changes(booking, TODAY, "toi", now=NOW).code
    village.withdraws(booking, now=NOW + timedelta(minutes=1))
    assert world.fresh(booking).strike_at == NOW + timedelta(minutes=1)


def test_another_booking_at_the_same_time_is_refused_as_its_own_whatever_the_kit(village: Village, world: World):
    hanh = village.family()
    village.has(hanh, NEXT_WEEK, "toi")
    other = village.has(hanh, NEXT_WEEK, "chieu")
    kit = village.kits[1]
    assert Refusal(Reason.OWN) in village.asks(hanh, NEXT_WEEK, kit=kit).refusals
    assert Refusal(Reason.OWN) in village.changes(other, NEXT_WEEK, "toi", kit=kit).refusals
    to = (kit.code, NEXT_WEEK, "toi", village.clerk.id, "Hội chợ")
    assert world.acts(move_booking, other, *to, now=NOW) is MoveResult.OWN
    assert world.fresh(other).slot_name == "Chiều"
    assert village.asks(village.family("Hoa"), NEXT_WEEK, kit=kit).code, "another household may"


def test_what_is_over_is_not_moved_or_cancelled(village: Village, world: World):
    booking = village.has(village.family(), TODAY, "toi")
    over = booking.return_at
    assert not village.cancels(booking, now=over).is_done
    to = (village.kits[1].code, NEXT_WEEK, "toi", village.clerk.id, "Hội chợ")
    assert world.acts(move_booking, booking, *to, now=over) is MoveResult.CHANGED
    assert village.cancels(booking, now=over - timedelta(seconds=1)).is_done


def test_a_request_is_to_be_answered_anew(village: Village, world: World):
    booking = village.booking(village.asks(village.family()).code)
    later = NOW + timedelta(hours=2)
    assert village.changes(booking, NEXT_WEEK, "toi", now=later).code
    changed = world.fresh(booking)
    assert changed.status == Status.REQUESTED
    assert changed.answer_by_at == at(days_ahead(1), "09:30")
    assert changed.remind_staff_at == at(TODAY, "15:00")
    assert village.texts(booking) == [Kind.RECEIVED, Kind.CHANGED]


def test_a_refused_change_leaves_the_booking_in_its_slot(village: Village, world: World):
    booking = village.has(village.family())
    village.has(village.family(), NEXT_WEEK)
    assert village.changes(booking, NEXT_WEEK, "toi").refusals == [Refusal(Reason.TAKEN)]
    kept = world.fresh(booking)
    assert (kept.day, kept.version, kept.status) == (TOMORROW, booking.version, Status.APPROVED)
    assert len(world.all(Hold, booking_id=booking.id)) == 1


def test_the_booking_itself_does_not_count_against_its_change(village: Village):
    hanh = village.family()
    booking, *_ = (village.has(hanh, days_ahead(days), key) for days, key in ((2, "toi"), (3, "sang"), (4, "sang")))
    assert village.changes(booking, days_ahead(3), "toi").code
    assert village.changes(booking, days_ahead(9), "toi").code


def test_a_change_to_the_same_slot_changes_nothing(village: Village, world: World):
    booking = village.has(village.family())
    assert village.changes(booking, TOMORROW, "toi").code == booking.code
    assert world.fresh(booking).version == booking.version
    assert village.texts(booking) == [Kind.APPROVED]


def test_slots_with_the_same_pick_up_are_still_different_slots(village: Village, world: World):
    """Where kits are handed over Monday to Friday, Saturday's and Sunday's slots are all fetched on Friday."""
    weekdays = [["07:30", "17:00"]] * 5 + [None, None]
    kit = world.kit(world.place(village.commune, "Hồng Minh", handover_hours=weekdays))
    saturday, sunday = days_ahead(4), days_ahead(5)
    hanh = village.family()
    booking = village.has(hanh, saturday, kit=kit)
    refused = [refusal.reason for refusal in village.asks(hanh, sunday, kit=kit).refusals]
    assert refused == [Reason.TAKEN, Reason.PEAK_AHEAD], "it has another slot of it"
    assert village.changes(booking, sunday, "toi", kit=kit).code, "though the two overlap"
    changed = world.fresh(booking)
    assert (changed.day, changed.pick_up_at) == (sunday, booking.pick_up_at)


def test_a_change_to_a_slot_of_another_commune_raises_no_such_slot(village: Village, world: World):
    [kit] = world.kits(world.commune("Chuyên Mỹ"))
    booking = village.has(village.family())
    with pytest.raises(NoSuchSlot):
        village.changes(booking, NEXT_WEEK, "toi", kit=kit)
    assert world.fresh(booking).kit_id == village.kit.id


def test_a_booking_too_late_to_withdraw_without_a_strike_can_not_be_changed(village: Village, world: World):
    booking = village.has(village.family())
    deadline = booking.pick_up_at - timedelta(hours=12)
    late = deadline + timedelta(seconds=1)
    assert village.changes(booking, NEXT_WEEK, "toi", now=late).refusals == [Refusal(Reason.TOO_LATE, at=deadline)]
    assert village.changes(booking, NEXT_WEEK, "toi", now=deadline).code
    assert world.fresh(booking).strike_at is None


def test_two_who_change_into_each_others_slots_at_once_keep_theirs(village: Village, world: World):
    one = village.has(village.family())
    two = village.has(village.family(), kit=village.kits[1])
    taken = [Refusal(Reason.TAKEN)]
    first, second = at_once(
        lambda: village.changes(one, TOMORROW, "toi", kit=village.kits[1]),
        lambda: village.changes(two, TOMORROW, "toi", kit=village.kits[0]),
    )
    assert first.refusals == second.refusals == taken
    assert [world.fresh(booking).kit_id for booking in (one, two)] == [one.kit_id, two.kit_id]


def test_of_many_changing_into_one_free_slot_one_gets_it_and_the_others_keep_theirs(village: Village, world: World):
    slots = [(kit, key) for kit in village.kits for key in ("sang", "trua", "chieu")]
    bookings = [village.has(village.family(), NEXT_WEEK, key, kit=kit) for kit, key in slots]
    asker = village.family()
    *changed, asked = at_once(
        *[lambda b=booking: village.changes(b, TOMORROW, "toi") for booking in bookings],
        lambda: village.asks(asker, TOMORROW, "toi"),
    )
    assert sum(bool(one.code) for one in [*changed, asked]) == 1
    for before, answer in zip(bookings, changed, strict=True):
        after = world.fresh(before)
        [hold] = world.all(Hold, booking_id=before.id)
        assert (hold.kit_id, hold.from_at) == (after.kit_id, after.pick_up_at)
        assert (after.day, after.slot_name) == ((TOMORROW, "Tối") if answer.code else (before.day, before.slot_name))
    assert len(world.all(Hold)) == len(bookings) + bool(asked.code)
    assert len(world.all(Booking)) == len(bookings) + bool(asked.code)
