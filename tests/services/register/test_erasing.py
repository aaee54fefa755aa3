"""Erasing at the household's wish, and forgetting a year after the last use."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from kit_booking.database import db
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.policy import Policy
from kit_booking.domain.register.household import ERASED_NAME
from kit_booking.models import (
    AuditEntry,
    Booking,
    Commune,
    Handover,
    Hold,
    Household,
    Message,
    MessageState,
    RegisterFile,
    WaitingEntry,
    WaitingState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking.answers import approve
from kit_booking.services.calendars.feeds import private_feed
from kit_booking.services.calendars.tokens import add_token
from kit_booking.services.register import erasing
from kit_booking.services.sign_in.sign_in import enter_household
from kit_booking.services.timeline.standing import HouseholdGone
from kit_booking.services.timeline.undo import UndoResult, undo
from tests.support.builders import World
from tests.support.databases import on_sqlite
from tests.support.register import Village, at_once, make_village
from tests.times import NOW, days_ahead

YEAR, A_SECOND = timedelta(days=366), timedelta(seconds=1)


@pytest.fixture
def village(world: World) -> Village:
    return make_village(world)


def test_erasing_empties_the_row_and_keeps_the_bookings(village: Village, world: World):
    past = world.booking(village.kit, village.hanh, days_ahead(-3), status=Status.RETURNED, sells="FB: hanh.may")
    token = world.do(add_token, Actor(household_id=village.hanh.id), now=NOW)
    assert village.erases(village.hanh)
    gone = world.fresh(village.hanh)
    assert (gone.name, gone.phone, gone.village, gone.search, gone.craft) == (ERASED_NAME, "", "", "", "mây tre đan")
    assert gone.session_version > village.hanh.session_version
    kept = world.fresh(past)
    assert (kept.status, kept.household_id, kept.sells) == (Status.RETURNED, gone.id, "")
    assert world.do(private_feed, token, now=NOW)[0].ended_on  # An empty calendar from now on.
    assert village.finds("") == ["Lê Bình"]
    assert [(e.action, e.staff_id) for e in world.all(AuditEntry, household_id=gone.id)][-1] == (
        "erased",
        village.clerk.id,
    )


def test_erasing_cancels_bookings_ahead_and_texts_the_household(village: Village, world: World):
    code = village.asks(village.hanh)
    assert village.erases(village.hanh)
    booking = world.all(Booking, code=code)[0]
    assert (booking.status, booking.reason) == (Status.CANCELLED, erasing.REASON)
    assert world.all(Hold) == []
    text = world.all(Message, kind=Kind.CANCELLED)[0]
    assert (text.to, text.state) == (village.hanh.phone, MessageState.QUEUED)
    world.change(text, state=MessageState.ACCEPTED, settled_at=NOW)
    world.do(erasing.forget_old, now=NOW)
    text = world.fresh(text)
    assert (text.to, text.body, text.state) == ("", "", MessageState.ACCEPTED)


def test_a_slot_freed_by_erasing_is_offered_to_the_next_household(village: Village, world: World):
    village.asks(village.hanh)
    village.waits(village.binh)
    village.asks(village.binh, days=3, key="sang")
    village.waits(village.hanh, days=3, key="sang")
    assert village.erases(village.hanh)
    assert [(b.household_id, b.status) for b in world.all(Booking, day=days_ahead(1))] == [
        (village.hanh.id, Status.CANCELLED),
        (village.binh.id, Status.OFFERED),
    ]
    assert [e.state for e in world.all(WaitingEntry, household_id=village.hanh.id)] == [WaitingState.LEFT]


def test_an_offer_of_the_erased_goes_to_the_next(village: Village, world: World):
    third = world.household(village.commune, "Trần Văn Ba")
    village.asks(village.hanh)
    for household in (village.binh, third):
        village.waits(household)
    village.erases(village.hanh)
    village.erases(village.binh)
    assert [(b.household_id, b.status) for b in world.all(Booking)][1:] == [
        (village.binh.id, Status.REFUSED),
        (third.id, Status.OFFERED),
    ]


def test_a_household_with_a_kit_is_erased_only_after_its_return(village: Village, world: World):
    world.booking(village.kit, village.hanh, days_ahead(0), status=Status.OUT)
    village.asks(village.hanh, days=3)
    assert not village.erases(village.hanh)
    assert world.fresh(village.hanh).name == "Nguyễn Thị Hạnh"
    assert len(world.all(Hold)) == 2


def test_erasing_twice_is_recorded_once(village: Village, world: World):
    assert village.erases(village.hanh)
    assert village.erases(village.hanh)
    assert len(world.all(AuditEntry, action="erased")) == 1


def test_a_household_that_asks_while_it_is_erased_has_no_booking(village: Village, world: World, app: Flask):
    at_once(app, lambda: village.asks(village.hanh), lambda: village.erases(village.hanh))
    assert world.fresh(village.hanh).erased_at
    assert world.all(Hold) == []


def test_an_open_page_changes_nothing_of_an_erased_household(village: Village):
    village.erases(village.hanh)
    with pytest.raises(HouseholdGone):
        village.asks(village.hanh)
    with pytest.raises(HouseholdGone):
        village.waits(village.hanh)


def test_no_text_of_an_erased_household_is_to_be_phoned(village: Village, world: World):
    code = village.asks(village.hanh)
    world.change(world.all(Message)[0], state=MessageState.FAILED, settled_at=NOW)
    village.erases(village.hanh)
    first = world.all(Message)[0]
    assert (first.state, first.to, first.body) == (MessageState.SKIPPED, "", "")
    assert code not in first.body


def long_gone(world: World, commune: Commune, name: str = "Hộ xưa", **columns: Any) -> Household:
    return world.household(commune, name, consent_at=NOW - YEAR, seen_at=NOW - YEAR, **columns)


def test_the_worker_erases_households_a_year_after_their_last_use(village: Village, world: World):
    gone = long_gone(world, village.commune)
    booking = world.booking(village.kit, gone, days_ahead(-400), status=Status.RETURNED)
    world.do(erasing.forget_old, now=NOW)
    assert world.fresh(gone).name == ERASED_NAME
    assert world.fresh(booking).status == Status.RETURNED
    assert world.fresh(village.hanh).name == "Nguyễn Thị Hạnh"
    assert [e.action for e in world.all(AuditEntry, booking_id=None)] == ["forgotten"]


@pytest.mark.parametrize(("days", "status"), [(-360, Status.RETURNED), (-370, Status.OUT), (5, Status.APPROVED)])
def test_who_booked_within_the_year_or_has_a_kit_is_kept(village: Village, world: World, days: int, status: Status):
    kept = long_gone(world, village.commune)
    world.booking(village.kit, kept, days_ahead(days), status=status)
    world.do(erasing.forget_old, now=NOW)
    assert world.fresh(kept).name == "Hộ xưa"


def test_who_signed_in_agreed_or_waits_within_the_year_is_kept(village: Village, world: World):
    recently = NOW - timedelta(days=300)
    signed_in, agreed, waits = (long_gone(world, village.commune) for _ in range(3))
    world.change(signed_in, seen_at=recently)
    world.change(agreed, consent_at=recently)
    village.asks(village.hanh)
    village.waits(waits)
    world.do(erasing.forget_old, now=NOW)
    assert [world.fresh(h).erased_at for h in (signed_in, agreed, waits)] == [None] * 3


def test_a_commune_may_keep_for_longer_or_shorter(village: Village, world: World):
    longer = long_gone(world, world.commune("Đại Xuyên", policy={"keep_days": 700}))
    shorter = world.household(
        world.commune("Chuyên Mỹ", policy={"keep_days": 90}), consent_at=NOW - YEAR / 2, seen_at=NOW - YEAR / 2
    )
    world.do(erasing.forget_old, now=NOW)
    assert world.fresh(longer).erased_at is None
    assert world.fresh(shorter).erased_at == NOW


def test_they_are_forgotten_a_round_at_a_time_until_none_is_left(village: Village, world: World):
    for _ in range(erasing.A_ROUND + 5):
        long_gone(world, village.commune)
    for round_ in range(3):
        world.do(erasing.forget_old, now=NOW + round_ * timedelta(seconds=20))
    assert len([h for h in world.all(Household) if h.erased_at]) == erasing.A_ROUND + 5


def test_the_worker_looks_for_them_once_an_hour(village: Village, world: World):
    world.do(erasing.forget_old, now=NOW)
    gone = long_gone(world, village.commune)
    world.do(erasing.forget_old, now=NOW + timedelta(minutes=30))
    assert world.fresh(gone).erased_at is None
    world.do(erasing.forget_old, now=NOW + timedelta(hours=1))
    assert world.fresh(gone).erased_at


def test_a_household_that_comes_back_meanwhile_is_not_erased(village: Village, world: World):
    gone = long_gone(world, village.commune)
    assert world.do(erasing.find_forgotten, now=NOW) == [gone.id]
    world.do(enter_household, gone.id, gone.phone, now=NOW)
    assert world.do(erasing.forget, gone.id, now=NOW) is False


def test_uploaded_registers_are_deleted_after_a_day(village: Village, world: World):
    paper = {"commune_id": village.commune.id, "staff_id": village.clerk.id, "name": "sổ.csv", "content": b"x"}
    world.add(RegisterFile(**paper, uploaded_at=NOW - timedelta(days=2)), RegisterFile(**paper, uploaded_at=NOW))
    world.do(erasing.forget_old, now=NOW)
    assert [file.uploaded_at for file in world.all(RegisterFile)] == [NOW]


@on_sqlite
def test_the_worker_finds_them_by_an_index(app: Flask, world: World):
    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *got: statements.append((got[2], got[3])))
        erasing.find_forgotten(now=NOW)
        statement, values = statements[-1]
        with db.engine.connect() as connection:
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert connection.execute(text("SELECT 1")).scalar() == 1
    assert any("ix_household_seen_at" in step for step in plan), plan
    assert not any(step.startswith(("SCAN household", "SCAN booking", "SCAN waiting")) for step in plan), plan


def test_nothing_that_the_household_said_of_itself_is_left(village: Village, world: World):
    said = {"sells": "làn mây", "streams_on": "FB: hanh.may"}
    world.change(village.hanh, landline="02433854321", consent_to="Cô Hằng", **said)
    past = world.booking(village.kit, village.hanh, days_ahead(-3), status=Status.RETURNED, **said)
    village.erases(village.hanh)
    gone, booking = world.fresh(village.hanh), world.fresh(past)
    assert {gone.landline, gone.consent_to, gone.sells, gone.streams_on, booking.sells, booking.streams_on} == {""}
    assert (gone.takes_texts, gone.erased_at) == (False, NOW)


def test_nobodys_name_is_left_at_the_counter(village: Village, world: World):
    past = world.booking(village.kit, village.hanh, days_ahead(-3), status=Status.RETURNED)
    world.add(
        Handover(
            booking_id=past.id,
            way=Direction.BACK,
            staff_id=village.clerk.id,
            person="Lê Văn Con",
            note="rơi",
            happened_at=NOW,
            written_at=NOW,
        )
    )
    village.erases(village.hanh)
    assert [(handover.person, handover.note) for handover in world.all(Handover)] == [("", "")]


def test_the_clerks_own_text_and_one_that_is_still_to_be_sent_stay(village: Village, world: World):
    village.asks(village.hanh)
    [received] = world.all(Message)
    world.change(received, kind=Kind.STAFF_DUE, state=MessageState.ACCEPTED, settled_at=NOW)
    village.erases(village.hanh)
    of_clerk, cancelled = world.all(Message)
    assert of_clerk.to == received.to
    assert (cancelled.kind, cancelled.to) == (Kind.CANCELLED, village.hanh.phone)
    assert cancelled.body


def test_who_was_here_a_year_ago_to_the_second_is_not_forgotten_yet(village: Village, world: World):
    limit = NOW - timedelta(days=Policy().keep_days)
    just = world.household(village.commune, "Vừa tròn", consent_at=limit - A_SECOND, seen_at=limit)
    gone = world.household(village.commune, "Đã lâu", consent_at=limit - A_SECOND, seen_at=limit - A_SECOND)
    assert world.do(erasing.find_forgotten, now=NOW) == [gone.id]
    assert world.do(erasing.forget, just.id, now=NOW) is False


def test_after_a_full_round_the_next_one_comes_at_once(
    village: Village, world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(erasing, "A_ROUND", 1)
    gone = [long_gone(world, village.commune) for _ in range(2)]
    for _ in range(2):
        world.do(erasing.forget_old, now=NOW)
    assert all(world.fresh(household).erased_at for household in gone)


def test_it_is_not_offered_what_it_gives_up_itself(village: Village, world: World):
    code = village.asks(village.hanh)
    world.entry(village.kit, village.hanh, days_ahead(1))
    assert village.erases(village.hanh)
    assert [booking.code for booking in world.all(Booking)] == [code]


def test_what_the_office_did_just_before_brings_nothing_of_it_back(village: Village, world: World):
    """What is remembered for undoing holds texts and numbers."""
    booking = world.booking(village.kit, village.hanh, days_ahead(3), status=Status.REQUESTED)
    clerk = world.clerk(village.commune).id
    assert world.acts(approve, booking, clerk, now=NOW).is_done
    seen = world.seen(booking)
    assert world.do(erasing.erase, village.hanh.id, Actor(household_id=village.hanh.id), now=NOW + A_SECOND)
    booking = world.fresh(booking)
    assert (booking.undo, booking.undo_until_at) == (None, None)
    assert world.do(undo, seen, clerk, now=NOW + 2 * A_SECOND) is UndoResult.TOO_LATE
    assert world.fresh(village.hanh).name == ERASED_NAME
