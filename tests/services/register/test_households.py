"""The register: who is found where, putting right, another number, joining, erasing, forgetting."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, text

from kit_booking.database import Base, db
from kit_booking.domain.household import ERASED_NAME
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import Status
from kit_booking.models import (
    AuditEntry,
    Booking,
    BookingMove,
    Commune,
    Hold,
    Household,
    Kit,
    Message,
    MessageState,
    RegisterFile,
    Staff,
    WaitingEntry,
    WaitingState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.calendars.feeds import private_feed
from kit_booking.services.calendars.tokens import Owner, add_token
from kit_booking.services.register import erasing, joining
from kit_booking.services.register.households import (
    change_number,
    correct,
    find_registered,
    note_view,
    search_households,
)
from kit_booking.services.sign_in.sign_in import enter_household
from kit_booking.services.timeline.standing import HouseholdGone, standing_of
from kit_booking.services.waiting.entries import join as wait
from tests.support.builders import World
from tests.support.databases import on_sqlite
from tests.times import NOW, days_ahead

YEAR = timedelta(days=366)
NEW_NUMBER = "+84987654321"


@dataclass(frozen=True)
class Village:
    world: World
    commune: Commune
    kit: Kit
    clerk: Staff
    hanh: Household
    binh: Household

    @property
    def by_clerk(self) -> Actor:
        return Actor(staff_id=self.clerk.id)

    def finds(self, typed: str) -> list[str]:
        found = self.world.do(search_households, [self.commune.id], typed)
        return [household.name for household in found.households]

    def asks(self, household: Household, days: int = 1, key: str = "toi") -> str:
        asked = self.world.do(
            request_booking, self.kit.code, days_ahead(days), key, household.id, sells="", streams_on="", now=NOW
        )
        assert asked.code, asked.refusals
        return asked.code

    def waits(self, household: Household, days: int = 1, key: str = "toi") -> None:
        by = Actor(household_id=household.id)
        joined = self.world.do(wait, self.kit.code, days_ahead(days), key, household.id, by=by, now=NOW)
        assert joined.entry_id, joined.reasons

    def changes_number(self, phone: str = NEW_NUMBER, landline: str = "", *, takes_texts: bool = True) -> bool:
        who, by = self.hanh.id, self.clerk.id
        values = {"phone": phone, "landline": landline, "takes_texts": takes_texts}
        return self.world.do(change_number, who, by, **values, now=NOW)

    def joins(self, kept: Household, gone: Household) -> joining.JoinProblem | None:
        return self.world.do(joining.join, kept.id, gone.id, self.clerk.id, now=NOW)

    def erases(self, household: Household) -> bool:
        return self.world.do(erasing.erase, household.id, self.by_clerk, now=NOW)


@pytest.fixture
def village(world: World) -> Village:
    commune = world.commune()
    hanh = world.household(commune, phone="+84912345678", village="Đồng Vinh")
    return Village(
        world, commune, world.kits(commune)[0], world.clerk(commune), hanh, world.household(commune, "Lê Bình")
    )


def at_once(app: Flask, *calls: Callable[[], Any]) -> list[Any]:
    """What each call gives, or raised, all begun at the same moment."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait(30)
        try:
            return call()
        except HouseholdGone as gone:
            return gone

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


# Finding


def test_a_household_is_found_with_or_without_accents_by_name_village_and_number(village: Village):
    typed = ["nguyen thi hanh", "Hạnh", "dong vinh", "đồng vinh", "0912 345", "678"]
    assert [text for text in typed if village.finds(text) != ["Nguyễn Thị Hạnh"]] == []


def test_signs_of_the_search_language_are_letters_like_others(village: Village):
    typed = ["100%", "_", "\\", "'; --"]
    assert [text for text in typed if village.finds(text)] == []


def test_nobody_of_another_commune_is_found(village: Village, world: World):
    other = world.commune("Đại Xuyên")
    world.household(other, "Nguyễn Thị Hạnh")
    assert village.finds("hanh") == ["Nguyễn Thị Hạnh"]
    everywhere = world.do(search_households, None, "hanh").households
    assert {household.commune_name for household in everywhere} == {"Phượng Dực", "Đại Xuyên"}


def test_long_registers_come_page_by_page(village: Village, world: World):
    world.add(
        *(
            Household(
                commune_id=village.commune.id, name=f"Hộ {n:03}", phone="", landline="", village="Giẽ", craft="giày",
                consent_version="1", consent_at=NOW, seen_at=NOW,
            )
            for n in range(60)
        )
    )  # fmt: skip
    first = world.do(search_households, [village.commune.id], "ho gie")
    second = world.do(search_households, [village.commune.id], "ho gie", page=2)
    assert [len(first.households), first.has_more, len(second.households), second.has_more] == [50, True, 10, False]


def test_a_row_written_without_the_orm_can_be_found_too(village: Village, app: Flask):
    values = {"commune_id": village.commune.id, "name": "Đỗ Văn Kỳ", "phone": "", "village": "", "craft": ""}
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(Household).values(**values, consent_version="", consent_at=NOW, seen_at=NOW))
    assert village.finds("do van ky") == ["Đỗ Văn Kỳ"]


def test_the_search_reads_the_own_commune_by_an_index(village: Village, app: Flask):
    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *got: statements.append((got[2], got[3])))
        search_households([village.commune.id], "hanh")
        [(statement, values)] = statements
        with db.engine.connect() as connection:
            if connection.dialect.name != "sqlite":
                return
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert any("ix_household_commune_id_search" in row[-1] for row in plan), plan


# Putting right


def test_what_is_put_right_is_found_by_the_new_words_and_shown_anew(village: Village, world: World):
    booking = world.booking(village.kit, village.hanh, days_ahead(1))
    kit_version = world.fresh(village.kit).version
    words = {"name": "Đỗ Thị Hạnh", "village": "Giẽ Hạ", "craft": "giày da"}
    assert world.do(correct, village.hanh.id, village.by_clerk, **words, now=NOW)
    assert village.finds("do thi hanh gie ha") == ["Đỗ Thị Hạnh"]
    assert village.finds("dong vinh") == []
    assert world.fresh(booking).version == booking.version + 1
    assert world.fresh(village.kit).version > kit_version
    [entry] = world.all(AuditEntry, action="corrected")
    assert (entry.staff_id, entry.detail) == (village.clerk.id, "name, village, craft")


def test_nothing_changed_is_nothing_written(village: Village, world: World):
    hanh = village.hanh
    assert world.do(correct, hanh.id, village.by_clerk, village=hanh.village, craft=hanh.craft, now=NOW)
    assert world.all(AuditEntry, action="corrected") == []


def test_a_look_at_somebodys_page_is_written_down_once_a_day_and_member_of_staff(village: Village, world: World):
    colleague = world.staff(village.commune)
    shown = world.do(find_registered, village.hanh.id)
    for staff, now in [(village.clerk, NOW), (village.clerk, NOW), (colleague, NOW), (village.clerk, NOW + YEAR)]:
        world.do(note_view, shown, staff.id, now=now)
    views = world.all(AuditEntry, action="viewed")
    assert [(view.staff_id, view.at) for view in views] == [
        (village.clerk.id, NOW),
        (colleague.id, NOW),
        (village.clerk.id, NOW + YEAR),
    ]


def test_two_looks_at_the_same_moment_are_one_line(village: Village, world: World, app: Flask):
    shown = world.do(find_registered, village.hanh.id)
    at_once(app, *[lambda: world.do(note_view, shown, village.clerk.id, now=NOW)] * 4)
    assert len(world.all(AuditEntry, action="viewed")) == 1


# Another number


def test_the_old_number_is_out_at_once(village: Village, world: World):
    token = world.do(add_token, Owner(household_id=village.hanh.id), now=NOW)
    assert village.changes_number()
    changed = world.fresh(village.hanh)
    assert (changed.phone, changed.session_version) == (NEW_NUMBER, village.hanh.session_version + 1)
    assert world.do(private_feed, token, now=NOW)[0].ended_on  # An empty calendar from now on.
    assert village.finds("0987") == ["Nguyễn Thị Hạnh"]
    assert village.finds("0912345678") == []
    [entry] = world.all(AuditEntry, action="number_changed")
    assert entry.detail == ""


def test_whoever_proved_the_old_number_a_moment_ago_gets_in_no_more(village: Village, world: World):
    assert world.do(enter_household, village.hanh.id, village.hanh.phone, now=NOW) == village.hanh.session_version
    village.changes_number()
    assert world.do(enter_household, village.hanh.id, village.hanh.phone, now=NOW) is None
    assert world.do(enter_household, village.hanh.id, NEW_NUMBER, now=NOW) == village.hanh.session_version + 1


def test_texts_that_wait_go_to_the_new_number(village: Village, world: World):
    village.asks(village.hanh)
    village.asks(village.binh, days=2)
    village.changes_number()
    assert [message.to for message in world.all(Message)] == [NEW_NUMBER, village.binh.phone]


def test_without_a_mobile_what_waits_is_to_be_phoned(village: Village, world: World):
    village.asks(village.hanh)
    village.changes_number("", "02433854321")
    [message] = world.all(Message)
    assert (message.state, message.to) == (MessageState.TO_PHONE, "02433854321")
    assert world.fresh(village.hanh).takes_texts is False


def test_the_clerks_own_texts_are_left_alone(village: Village, world: World):
    code = village.asks(village.hanh)
    booking = world.all(Booking, code=code)[0]
    soon = NOW + timedelta(hours=1)
    world.add(
        Message(
            kind=Kind.STAFF_DUE, booking_id=booking.id, kit_id=village.kit.id, pick_up_at=booking.pick_up_at,
            to="+84911111111", body="", created_at=NOW, due_at=soon, useful_until_at=soon,
        )
    )  # fmt: skip
    village.changes_number()
    assert world.all(Message, kind=Kind.STAFF_DUE)[0].to == "+84911111111"


def test_the_same_number_with_a_landline_signs_nobody_out(village: Village, world: World):
    village.changes_number(village.hanh.phone, "02433854321", takes_texts=False)
    changed = world.fresh(village.hanh)
    assert (changed.session_version, changed.landline, changed.takes_texts) == (1, "02433854321", False)


# Joining


def test_everything_moves_to_the_kept_one_and_counts_together(village: Village, world: World):
    hanh, binh = village.hanh, village.binh
    of_hanh, of_binh = village.asks(hanh), village.asks(binh, days=2)
    no_show = world.booking(
        village.kit, binh, days_ahead(-3), status=Status.NO_SHOW, strike_at=NOW - timedelta(days=3)
    )
    village.waits(binh)
    token = world.do(add_token, Owner(household_id=binh.id), now=NOW)
    seen = world.do(joining.preview, hanh.id, binh.id, now=NOW).after
    assert (seen.bookings, seen.ahead, seen.waiting, seen.calendars, seen.strikes) == (3, 2, 1, 1, 1)
    assert village.joins(hanh, binh) is None
    after = world.do(joining.preview, hanh.id, binh.id, now=NOW)
    assert (after.kept.bookings, after.kept.ahead, after.kept.calendars, after.kept.strikes) == (3, 2, 1, 1)
    assert after.gone == joining.Count(0, 0, 0, 0, 0)
    standing = world.do(standing_of, hanh.id, now=NOW)
    assert (standing.booked.ahead, len(standing.booked.standing.strikes)) == (2, 1)
    assert {b.household_id for b in world.all(Booking)} == {hanh.id}
    assert {m.household_id for m in world.all(BookingMove)} == {hanh.id, None}
    assert world.do(private_feed, token, now=NOW)[0].household_id == hanh.id
    assert {m.to for m in world.all(Message, state=MessageState.QUEUED)} == {hanh.phone}
    assert of_hanh
    assert of_binh
    assert no_show


def test_of_the_other_an_empty_row_is_left_that_nobody_is_signed_in_as(village: Village, world: World):
    village.joins(village.hanh, village.binh)
    gone = world.fresh(village.binh)
    assert (gone.name, gone.phone, gone.search) == (ERASED_NAME, "", "")
    assert gone.session_version > village.binh.session_version
    assert world.do(find_registered, gone.id) is None
    assert village.finds("") == ["Nguyễn Thị Hạnh"]
    assert {(e.action, e.household_id) for e in world.all(AuditEntry, staff_id=village.clerk.id)} == {
        ("joined", village.hanh.id),
        ("joined_away", village.binh.id),
    }


def test_two_places_in_one_queue_become_the_better_one(village: Village, world: World):
    village.asks(world.household(village.commune))
    village.waits(village.binh)
    village.waits(village.hanh)
    first = world.all(WaitingEntry)[0]
    assert village.joins(village.hanh, village.binh) is None
    assert [(e.id, e.state) for e in world.all(WaitingEntry, household_id=village.hanh.id)] == [
        (first.id, WaitingState.WAITING),
        (first.id + 1, WaitingState.LEFT),
    ]


def test_what_the_one_has_the_other_waits_for_no_more(village: Village, world: World):
    village.asks(village.hanh)
    village.waits(village.binh)
    village.joins(village.hanh, village.binh)
    assert [entry.state for entry in world.all(WaitingEntry)] == [WaitingState.SERVED]


def test_nobody_is_joined_twice_nor_with_itself(village: Village):
    assert village.joins(village.hanh, village.hanh) == joining.JoinProblem.GONE
    assert village.joins(village.hanh, village.binh) is None
    assert village.joins(village.hanh, village.binh) == joining.JoinProblem.GONE
    assert village.joins(village.binh, village.hanh) == joining.JoinProblem.GONE


def test_joining_both_ways_at_once_happens_once(village: Village, world: World, app: Flask):
    village.asks(village.hanh)
    village.asks(village.binh, days=2)
    answers = at_once(
        app,
        lambda: village.joins(village.hanh, village.binh),
        lambda: village.joins(village.binh, village.hanh),
    )
    assert sorted(map(str, answers)) == ["None", "gone"]
    [alive] = [h for h in world.all(Household) if h.erased_at is None]
    assert {b.household_id for b in world.all(Booking)} == {alive.id}


def test_who_is_joined_away_while_it_asks_has_no_booking_of_its_own(village: Village, world: World, app: Flask):
    """Whichever comes first: the booking moves along, or it is refused because nobody is there to have it."""
    at_once(app, lambda: village.asks(village.binh), lambda: village.joins(village.hanh, village.binh))
    assert {b.household_id for b in world.all(Booking)} <= {village.hanh.id}
    assert len(world.all(Hold)) == len(world.all(Booking))


def test_a_new_table_about_households_is_thought_of_when_two_are_joined():
    references = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "household"
    }
    moved = {"booking.household_id", "booking_move.household_id", "waiting_entry.household_id"}
    # The audit list says what was true when it was written.
    assert references == moved | {"feed_token.household_id", "audit_entry.household_id"}


# Erasing


def test_the_person_is_gone_and_what_was_counted_stays(village: Village, world: World):
    past = world.booking(village.kit, village.hanh, days_ahead(-3), status=Status.RETURNED, sells="FB: hanh.may")
    token = world.do(add_token, Owner(household_id=village.hanh.id), now=NOW)
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


def test_what_is_ahead_is_cancelled_and_the_household_told(village: Village, world: World):
    code = village.asks(village.hanh)
    assert village.erases(village.hanh)
    booking = world.all(Booking, code=code)[0]
    assert (booking.status, booking.reason) == (Status.CANCELLED, erasing.REASON)
    assert world.all(Hold) == []
    told = world.all(Message, kind=Kind.CANCELLED)[0]
    assert (told.to, told.state) == (village.hanh.phone, MessageState.QUEUED)
    world.change(told, state=MessageState.ACCEPTED, settled_at=NOW)
    world.do(erasing.forget_old, now=NOW)
    told = world.fresh(told)
    assert (told.to, told.body, told.state) == ("", "", MessageState.ACCEPTED)


def test_what_comes_free_is_offered_to_the_next_and_never_to_the_erased(village: Village, world: World):
    village.asks(village.hanh)
    village.waits(village.binh)
    village.asks(village.binh, days=3)
    village.waits(village.hanh, days=3)
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


def test_who_has_a_kit_is_erased_after_it_is_back(village: Village, world: World):
    world.booking(village.kit, village.hanh, days_ahead(0), status=Status.OUT)
    village.asks(village.hanh, days=3)
    assert not village.erases(village.hanh)
    assert world.fresh(village.hanh).name == "Nguyễn Thị Hạnh"
    assert len(world.all(Hold)) == 2


def test_erased_twice_is_erased_once(village: Village, world: World):
    assert village.erases(village.hanh)
    assert village.erases(village.hanh)
    assert len(world.all(AuditEntry, action="erased")) == 1


def test_who_asks_while_it_is_erased_has_nothing_afterwards(village: Village, world: World, app: Flask):
    at_once(app, lambda: village.asks(village.hanh), lambda: village.erases(village.hanh))
    assert world.fresh(village.hanh).erased_at
    assert world.all(Hold) == []


def test_nothing_is_done_in_the_name_of_the_erased_by_a_page_that_was_open(village: Village):
    village.erases(village.hanh)
    with pytest.raises(HouseholdGone):
        village.asks(village.hanh)
    with pytest.raises(HouseholdGone):
        village.waits(village.hanh)


def test_nobody_is_to_be_phoned_about_the_erased(village: Village, world: World):
    code = village.asks(village.hanh)
    world.change(world.all(Message)[0], state=MessageState.FAILED, settled_at=NOW)
    village.erases(village.hanh)
    first = world.all(Message)[0]
    assert (first.state, first.to, first.body) == (MessageState.SKIPPED, "", "")
    assert code not in first.body


# Forgetting


def long_gone(world: World, commune: Commune, name: str = "Hộ xưa", **columns: Any) -> Household:
    return world.household(commune, name, consent_at=NOW - YEAR, seen_at=NOW - YEAR, **columns)


def test_a_year_after_the_last_use_the_worker_forgets_who_it_was(village: Village, world: World):
    gone = long_gone(world, village.commune)
    booking = world.booking(village.kit, gone, days_ahead(-400), status=Status.RETURNED)
    world.do(erasing.forget_old, now=NOW)
    assert world.fresh(gone).name == ERASED_NAME
    assert world.fresh(booking).status == Status.RETURNED
    assert world.fresh(village.hanh).name == "Nguyễn Thị Hạnh"
    assert [e.action for e in world.all(AuditEntry)] == ["forgotten"]


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


def test_it_is_not_looked_for_more_than_once_an_hour(village: Village, world: World):
    world.do(erasing.forget_old, now=NOW)
    gone = long_gone(world, village.commune)
    world.do(erasing.forget_old, now=NOW + timedelta(minutes=30))
    assert world.fresh(gone).erased_at is None
    world.do(erasing.forget_old, now=NOW + timedelta(hours=1))
    assert world.fresh(gone).erased_at


def test_who_comes_back_at_the_last_moment_stays(village: Village, world: World):
    gone = long_gone(world, village.commune)
    assert world.do(erasing.find_forgotten, now=NOW) == [gone.id]
    world.do(enter_household, gone.id, gone.phone, now=NOW)
    assert world.do(erasing.forget, gone.id, now=NOW) is False


def test_papers_that_nobody_took_over_go_after_a_day(village: Village, world: World):
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
