"""Closing, changing and ending closures, and settling bookings: closed holds are the union without bookings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from kit_booking.domain.booking.refusals import Reason
from kit_booking.domain.booking.status import LIVE, Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import Span
from kit_booking.models import (
    AuditEntry,
    Booking,
    Closure,
    Commune,
    Hold,
    Household,
    Kit,
    Message,
    MessageState,
    Staff,
    WaitingEntry,
    WaitingState,
)
from kit_booking.services.booking.answers import mark_no_show, withdraw
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.booking.deadlines import lapse
from kit_booking.services.booking.move import change_slot
from kit_booking.services.closures.closing import SettleResult, change, close, end, settle
from kit_booking.services.communes.slots import find_slot
from tests.support.builders import World
from tests.support.threads import at_once
from tests.times import NOW, at, days_ahead

DAY, NEXT = days_ahead(3), days_ahead(4)
WHOLE_DAY = Span(at(DAY, "00:00"), at(NEXT, "00:00"))
LAMP = "Bộ hỏng đèn"


@dataclass
class Office:
    """A commune of two kits, its clerk and two households."""

    world: World
    commune: Commune
    kit: Kit
    other_kit: Kit
    clerk: Staff
    hanh: Household
    binh: Household
    closures: list[int] = field(default_factory=list)

    def closes(
        self, span: Span = WHOLE_DAY, *, kit: Kit | None = None, whole: bool = False, now: datetime = NOW
    ) -> int:
        kit_id = None if whole else (kit or self.kit).id
        return self.world.do(close, self.commune.id, kit_id, span, LAMP, self.clerk.id, now=now)

    def ends(self, closure_id: int, now: datetime = NOW) -> bool:
        return self.world.do(end, closure_id, self.clerk.id, now=now)

    def settles(self, closure_id: int, booking: Booking, to: Kit | None = None, now: datetime = NOW) -> SettleResult:
        """Settle it, until that can't be undone any more."""
        done = self.world.do(settle, closure_id, self.world.seen(booking), to and to.code, self.clerk.id, now=now)
        self.world.let_undo_pass(now)
        return done

    def booking(self, key: str = "toi", day: date = DAY, status: Status = Status.APPROVED) -> Booking:
        return self.world.booking(self.kit, self.hanh, day, key, status=status)

    def waits(self, key: str = "toi", day: date = DAY) -> WaitingEntry:
        entry = WaitingEntry(
            household_id=self.binh.id,
            commune_id=self.commune.id,
            day=day,
            slot_name=self.world.slot(self.kit, day, key).name,
            joined_at=NOW,
            until_at=at(day, "23:00"),
        )
        self.world.add(entry)
        return entry

    def asks(self, key: str, day: date = DAY, kit: Kit | None = None, now: datetime = NOW) -> list[Reason]:
        asked = self.world.do(
            request_booking, (kit or self.kit).code, day, key, self.binh.id, sells="", streams_on="", now=now
        )
        return [refusal.reason for refusal in asked.refusals]

    def closed(self, kit: Kit | None = None) -> list[Span]:
        holds = self.world.all(Hold, kit_id=(kit or self.kit).id, booking_id=None)
        return sorted((Span(hold.from_at, hold.until_at) for hold in holds), key=lambda span: span.from_at)

    def texts(self) -> list[Kind]:
        return [Kind(text.kind) for text in self.world.all(Message)]


@pytest.fixture
def office(world: World) -> Office:
    commune = world.commune(kits=2, policy={"most_peak_ahead": 99, "most_ahead": 99, "most_a_week": 99})
    kit, other_kit = world.kits(commune)
    binh = world.household(commune, "Lê Văn Bình")
    return Office(world, commune, kit, other_kit, world.clerk(commune), world.household(commune), binh)


def test_what_is_closed_can_not_be_asked_for(office: Office, world: World):
    office.closes()
    assert office.closed() == [WHOLE_DAY]
    assert office.asks("sang") == [Reason.CLOSED]
    assert office.asks("toi", DAY - timedelta(days=1)) == [Reason.CLOSED], "it could not be brought back"
    assert office.asks("sang", NEXT) == []
    assert office.asks("sang", kit=office.other_kit) == []
    [line] = [entry for entry in world.all(AuditEntry) if entry.action == "closed"]
    assert (line.staff_id, line.commune_id) == (office.clerk.id, office.commune.id)
    times = {"from_at": "2026-12-03T17:00Z", "until_at": "2026-12-04T17:00Z"}
    assert line.detail == {"kit": office.kit.code, **times, "reason": LAMP}
    assert world.fresh(office.kit).version == 2 + 1, "its pages and feeds are others now"


def test_the_commune_closes_every_kit(office: Office):
    office.closes(whole=True)
    assert office.closed(office.kit) == office.closed(office.other_kit) == [WHOLE_DAY]


def test_closures_that_overlap_are_one_stretch_and_each_can_end_alone(office: Office):
    until_noon = Span(WHOLE_DAY.from_at, at(DAY, "12:00"))
    from_eleven = Span(at(DAY, "11:00"), WHOLE_DAY.until_at)
    morning, whole_commune = office.closes(until_noon), office.closes(from_eleven, whole=True)
    assert office.closed() == [WHOLE_DAY]
    assert office.ends(whole_commune)
    assert office.closed() == [until_noon]
    assert office.closed(office.other_kit) == []
    assert office.ends(morning)
    assert office.closed() == []
    assert not office.ends(morning), "once"


def test_a_booking_stays_and_the_closed_time_is_cut_around_it(office: Office, world: World):
    booking = office.booking("trua")
    office.closes()
    assert world.fresh(booking).status == Status.APPROVED
    assert office.closed() == [
        Span(WHOLE_DAY.from_at, booking.pick_up_at),
        Span(booking.return_at, WHOLE_DAY.until_at),
    ]
    assert office.texts() == []


def test_sent_twice_it_is_one_closure(office: Office, world: World):
    assert office.closes() == office.closes()
    assert len(world.all(Closure)) == 1


def test_what_ran_until_it_was_ended_stays_closed_in_the_past(office: Office, world: World):
    running = office.closes(Span(NOW - timedelta(hours=1), NOW + timedelta(days=2)))
    later = NOW + timedelta(hours=5)
    coming = office.closes(now=later)
    assert office.closed() == [Span(NOW, NOW + timedelta(days=2)), WHOLE_DAY]
    assert office.ends(running, now=later)
    assert office.ends(coming, now=later)
    assert office.closed() == [Span(NOW, later)]
    ended = {closure.id: closure for closure in world.all(Closure)}
    assert (ended[running].until_at, ended[running].called_off_at) == (later, None)
    assert (ended[coming].until_at, ended[coming].called_off_at) == (WHOLE_DAY.until_at, later)


def withdraws(office: Office, booking: Booking) -> datetime:
    office.world.do(withdraw, office.world.seen(booking), office.hanh.id, now=NOW)
    return NOW


def lapses(office: Office, booking: Booking) -> datetime:
    office.world.do(lapse, booking.code, now=booking.answer_by_at)
    return booking.answer_by_at


def is_not_collected(office: Office, booking: Booking) -> datetime:
    later = booking.pick_up_at + timedelta(hours=1)
    office.world.do(mark_no_show, office.world.seen(booking), office.clerk.id, now=later)
    return later


@pytest.mark.parametrize(
    ("status", "ends_by"),
    [(Status.APPROVED, withdraws), (Status.REQUESTED, lapses), (Status.APPROVED, is_not_collected)],
)
def test_however_a_booking_in_it_ends_its_time_is_closed_and_not_offered(
    office: Office, world: World, status: Status, ends_by: Callable[[Office, Booking], datetime]
):
    booking = office.booking(status=status)
    entry = office.waits()
    office.closes(Span(WHOLE_DAY.from_at, at(NEXT, "12:00")))
    ended_at = ends_by(office, booking)
    assert world.fresh(booking).status not in LIVE
    assert any(span.from_at <= max(booking.pick_up_at, ended_at) < span.until_at for span in office.closed())
    assert office.closed()[-1].until_at == at(NEXT, "12:00")
    assert world.fresh(entry).state == WaitingState.WAITING
    assert {one.household_id for one in world.all(Booking)} == {office.hanh.id}


def test_when_the_household_changes_its_slot_the_old_one_is_closed(office: Office, world: World):
    booking, entry = office.booking(), office.waits()
    span = Span(WHOLE_DAY.from_at, at(NEXT, "12:00"))
    office.closes(span)
    to = (office.kit.code, days_ahead(6), "sang", office.hanh.id)
    assert world.do(change_slot, world.seen(booking), *to, now=NOW).code == booking.code
    assert office.closed() == [span]
    assert world.fresh(entry).state == WaitingState.WAITING


def test_moved_to_a_free_kit_the_household_gets_one_text_and_its_time_is_closed(office: Office, world: World):
    booking = office.booking()
    entry = office.waits()
    closure = office.closes(Span(WHOLE_DAY.from_at, at(NEXT, "12:00")))
    assert office.settles(closure, booking, office.other_kit) == SettleResult.MOVED
    moved = world.fresh(booking)
    assert (moved.kit_id, moved.status, moved.moved_at) == (office.other_kit.id, Status.APPROVED, NOW)
    assert (moved.from_at, moved.pick_up_at) == (booking.from_at, booking.pick_up_at)
    assert office.closed() == [Span(WHOLE_DAY.from_at, at(NEXT, "12:00"))]
    assert office.texts() == [Kind.MOVED]
    assert world.fresh(entry).state == WaitingState.WAITING
    last = world.all(AuditEntry)[-1]
    assert (last.action, last.staff_id) == ("changed", office.clerk.id)
    assert last.detail == {"from_status": "approved", "reason": LAMP}
    late = booking.pick_up_at - timedelta(hours=1)
    world.do(withdraw, world.seen(booking), office.hanh.id, now=late)
    assert world.fresh(booking).strike_at is None, "giving up what the commune moved is no strike"


def test_cancelled_the_household_hears_until_when_it_is_closed(office: Office, world: World):
    booking = office.booking()
    entry = office.waits()
    closure = office.closes()
    office.closes(Span(at(DAY, "12:00"), at(NEXT, "12:00")), whole=True)
    assert office.settles(closure, booking) == SettleResult.CANCELLED
    cancelled = world.fresh(booking)
    assert (cancelled.status, cancelled.reason, cancelled.strike_at) == (Status.CANCELLED, LAMP, None)
    [text] = world.all(Message)
    assert text.kind == Kind.CLOSED
    assert "tam ngung den 12h T7 05/12" in text.body
    assert office.closed() == [Span(WHOLE_DAY.from_at, at(NEXT, "12:00"))]
    assert world.fresh(entry).state == WaitingState.WAITING


def test_an_offer_taken_back_for_it_leaves_the_place_in_the_queue(office: Office, world: World):
    booking = office.booking("sang")
    entry = office.waits("sang")
    world.do(withdraw, world.seen(booking), office.hanh.id, now=NOW)
    [offer] = world.all(Booking, status=Status.OFFERED)
    [told] = world.all(Message, kind=Kind.OFFER)
    world.change(told, state=MessageState.ACCEPTED, settled_at=NOW)
    closure = office.closes()
    assert office.settles(closure, offer, office.other_kit) == SettleResult.BEFORE, "an offer is for its own slot"
    assert office.settles(closure, offer) == SettleResult.CANCELLED
    assert world.fresh(entry).state == WaitingState.WAITING
    assert office.closed() == [WHOLE_DAY]


def test_a_kit_that_was_just_taken_changes_nothing(office: Office, world: World):
    booking = office.booking()
    closure = office.closes()
    world.booking(office.other_kit, office.binh, DAY)
    before = office.closed()
    assert office.settles(closure, booking, office.other_kit) == SettleResult.TAKEN
    assert office.settles(closure, booking, office.kit) == SettleResult.TAKEN
    assert world.fresh(booking).kit_id == office.kit.id
    assert office.closed() == before
    assert office.texts() == []


def test_a_kit_of_another_commune_or_at_another_time_is_no_choice(office: Office, world: World):
    booking = office.booking()
    closure = office.closes()
    [foreign] = world.kits(world.commune("Đại Xuyên"))
    assert office.settles(closure, booking, foreign) == SettleResult.TAKEN
    assert office.texts() == []


def test_settling_twice_or_after_the_end_sends_no_second_text(office: Office, world: World):
    booking, other = office.booking(), office.booking("sang")
    closure = office.closes()
    assert office.settles(closure, booking) == SettleResult.CANCELLED
    assert office.settles(closure, booking) == SettleResult.BEFORE
    assert office.settles(closure, booking, office.other_kit) == SettleResult.BEFORE
    office.ends(closure)
    assert office.settles(closure, other) == SettleResult.BEFORE
    assert world.fresh(other).status == Status.APPROVED
    assert office.texts() == [Kind.CLOSED]


def test_a_booking_whose_kit_is_out_is_not_settled(office: Office):
    booking = office.booking(status=Status.OUT)
    closure = office.closes()
    assert (
        office.settles(closure, booking) == office.settles(closure, booking, office.other_kit) == SettleResult.BEFORE
    )


def waiting_for_closed(office: Office) -> tuple[int, WaitingEntry]:
    """Somebody waits for the evening, which is closed on one kit and taken on the other."""
    office.world.booking(office.other_kit, office.hanh, DAY)
    return office.closes(Span(WHOLE_DAY.from_at, at(NEXT, "12:00"))), office.waits()


def test_what_comes_free_at_the_end_is_offered_to_who_waits(office: Office, world: World):
    closure, entry = waiting_for_closed(office)
    office.ends(closure)
    [offer] = world.all(Booking, status=Status.OFFERED)
    assert (offer.household_id, offer.kit_id, offer.slot_name) == (office.binh.id, office.kit.id, "Tối")
    assert world.fresh(entry).state == WaitingState.OFFERED


def test_what_comes_free_by_shortening_is_offered_too(office: Office, world: World):
    closure, entry = waiting_for_closed(office)
    still = Span(WHOLE_DAY.from_at, at(DAY, "17:01"))
    assert world.do(change, closure, still, LAMP, office.clerk.id, now=NOW)
    assert world.fresh(entry).state == WaitingState.WAITING, "its pick-up is still closed"
    assert world.do(change, closure, Span(WHOLE_DAY.from_at, at(DAY, "17:00")), "Xong", office.clerk.id, now=NOW)
    assert world.fresh(entry).state == WaitingState.OFFERED
    assert office.closed() == [Span(WHOLE_DAY.from_at, at(DAY, "17:00"))]
    assert (world.all(Closure)[0].version, world.all(Closure)[0].reason) == (2, "Xong")


def test_nothing_is_approved_on_silence_while_a_closure_stands_against_it(office: Office, world: World):
    world.change(office.commune, policy={"approve_on_silence": True})
    in_it, after_it = office.booking("sang", status=Status.REQUESTED), office.booking("sang", NEXT, Status.REQUESTED)
    office.closes()
    for booking in (in_it, after_it):
        world.do(lapse, booking.code, now=booking.answer_by_at)
    assert world.fresh(in_it).status == Status.LAPSED
    assert world.fresh(after_it).status == Status.APPROVED


def assert_is_sound(office: Office, span: Span) -> None:
    """Nothing overlaps, every live booking has its hold, and all the rest of the time is closed."""
    holds = sorted(office.world.all(Hold, kit_id=office.kit.id), key=lambda hold: hold.from_at)
    assert all(one.until_at <= other.from_at for one, other in pairwise(holds))
    live = {booking.id for booking in office.world.all(Booking, kit_id=office.kit.id) if booking.status in LIVE}
    assert {hold.booking_id for hold in holds} - {None} == live
    inside = [hold for hold in holds if hold.from_at < span.until_at and hold.until_at > span.from_at]
    assert all(one.until_at == other.from_at for one, other in pairwise(inside)), "no gap that could be asked for"
    assert inside[0].from_at <= span.from_at
    assert inside[-1].until_at >= span.until_at


@pytest.mark.parametrize("days", range(1, 6))
def test_closing_while_people_ask_loses_nothing(office: Office, world: World, days: int):
    day = days_ahead(days)
    span = Span(at(day, "00:00"), at(day + timedelta(days=2), "00:00"))
    asking = [lambda key=key: office.asks(key, day) for key in ("sang", "trua", "chieu", "toi")]
    at_once(lambda: office.closes(span), *asking, lambda: office.closes(span, whole=True))
    assert_is_sound(office, span)
    assert len(world.all(Message)) == len(world.all(Booking))


def test_two_clerks_settling_at_once_tell_the_household_once(office: Office, world: World):
    bookings = [office.booking(key) for key in ("sang", "trua", "chieu", "toi")]
    span = Span(WHOLE_DAY.from_at, at(NEXT, "12:00"))
    closure = office.closes(span)
    for booking in bookings:
        both = at_once(
            lambda booking=booking: office.settles(closure, booking, office.other_kit),
            lambda booking=booking: office.settles(closure, booking),
        )
        assert SettleResult.BEFORE in both
    assert len(office.texts()) == len(bookings)
    assert_is_sound(office, span)
    assert office.closed() == [span]


def test_a_household_gives_up_while_the_office_settles(office: Office, world: World):
    booking = office.booking()
    span = Span(WHOLE_DAY.from_at, at(NEXT, "12:00"))
    closure = office.closes(span)
    at_once(
        lambda: office.settles(closure, booking, office.other_kit),
        lambda: world.acts(withdraw, booking, office.hanh.id, now=NOW),
    )
    assert office.closed() == [span]
    assert world.fresh(booking).status == Status.CANCELLED or world.fresh(booking).kit_id == office.other_kit.id


def test_it_ends_while_its_bookings_are_settled(office: Office, world: World):
    bookings = [office.booking(key) for key in ("sang", "toi")]
    closure = office.closes()
    at_once(
        lambda: office.ends(closure),
        *(lambda booking=booking: office.settles(closure, booking) for booking in bookings),
    )
    assert office.closed() == []
    assert len(office.texts()) == sum(world.fresh(booking).status == Status.CANCELLED for booking in bookings)


def test_the_evening_slot_holds_the_kit_from_five_until_half_past_seven_the_next_day(office: Office, world: World):
    """The tests above depend on it."""
    slot = world.do(find_slot, office.kit.code, DAY, "toi").slot
    assert slot.hold == Span(at(DAY, "17:00"), at(NEXT, "07:30"))


def test_a_booking_outside_of_the_closure_is_not_settled(office: Office, world: World):
    """Whoever sends the form of a closure that was shortened meanwhile moves and cancels nothing."""
    in_it, after = office.booking("sang"), office.booking("sang", NEXT)
    closure = office.closes(Span(WHOLE_DAY.from_at, in_it.return_at))
    for booking in (office.booking("toi"), after):
        assert office.settles(closure, booking) == SettleResult.BEFORE
        assert office.settles(closure, booking, office.other_kit) == SettleResult.BEFORE
        assert world.fresh(booking).status == Status.APPROVED
    assert office.texts() == []
    assert office.settles(closure, in_it) == SettleResult.CANCELLED


def test_a_booking_that_begins_when_the_closure_ends_is_not_settled(office: Office):
    booking = office.booking("sang")
    closure = office.closes(Span(WHOLE_DAY.from_at, booking.pick_up_at))
    assert office.settles(closure, booking) == SettleResult.BEFORE


def test_a_booking_of_another_kit_or_commune_is_not_settled(office: Office, world: World):
    closure = office.closes()
    of_other = world.booking(office.other_kit, office.hanh, DAY, status=Status.APPROVED)
    assert office.settles(closure, of_other) == SettleResult.BEFORE
    elsewhere = world.commune("Đại Xuyên")
    [foreign] = world.kits(elsewhere)
    booking = world.booking(foreign, world.household(elsewhere), DAY, status=Status.APPROVED)
    assert office.settles(office.closes(whole=True), booking) == SettleResult.BEFORE
    assert office.texts() == []


def test_a_booking_whose_pick_up_has_come_is_not_moved_any_more(office: Office):
    booking = office.booking()
    closure = office.closes()
    assert office.settles(closure, booking, office.other_kit, now=booking.pick_up_at) == SettleResult.TAKEN
    before = booking.pick_up_at - timedelta(seconds=1)
    assert office.settles(closure, booking, office.other_kit, now=before) == SettleResult.MOVED


def test_the_commune_and_the_kits_that_it_closes_have_new_versions(office: Office, world: World):
    rows = (office.commune, office.kit, office.other_kit)
    before = [world.fresh(row).version for row in rows]
    closure = office.closes()
    assert [world.fresh(row).version - old for row, old in zip(rows, before, strict=True)] == [1, 1, 0]
    office.ends(closure)
    assert [world.fresh(row).version - old for row, old in zip(rows, before, strict=True)] == [2, 2, 0]


def test_each_step_of_a_closure_is_on_record(office: Office, world: World):
    closure = office.closes()
    world.do(change, closure, Span(WHOLE_DAY.from_at, at(DAY, "12:00")), "Xong sớm", office.clerk.id, now=NOW)
    office.ends(closure)
    lines = world.all(AuditEntry)
    assert [line.action for line in lines] == ["closed", "closure_changed", "closure_ended"]
    assert {line.staff_id for line in lines} == {office.clerk.id}
    assert (lines[1].detail["kit"], lines[1].detail["reason"]) == (office.kit.code, "Xong sớm")


def test_what_is_over_is_neither_changed_nor_ended(office: Office, world: World):
    closure = office.closes()
    over = WHOLE_DAY.until_at
    assert not office.ends(closure, now=over)
    assert not world.do(change, closure, WHOLE_DAY, LAMP, office.clerk.id, now=over)
    assert office.ends(closure, now=over - timedelta(seconds=1))


def test_an_offer_whose_text_waits_still_is_taken_back_at_once(office: Office, world: World):
    booking, entry = office.booking("sang"), office.waits("sang")
    world.do(withdraw, world.seen(booking), office.hanh.id, now=NOW)
    [offer] = world.all(Booking, status=Status.OFFERED)
    office.closes(Span(offer.return_at, at(NEXT, "00:00")))
    assert world.fresh(offer).status == Status.OFFERED, "it stands before the closure"
    office.closes()
    assert world.fresh(offer).status == Status.CANCELLED
    assert world.fresh(entry).state == WaitingState.WAITING


def test_an_offer_that_was_told_stands(office: Office, world: World):
    booking = office.booking("sang")
    office.waits("sang")
    world.do(withdraw, world.seen(booking), office.hanh.id, now=NOW)
    [told] = world.all(Message, kind=Kind.OFFER)
    world.change(told, state=MessageState.ACCEPTED, settled_at=NOW)
    office.closes()
    assert len(world.all(Booking, status=Status.OFFERED)) == 1
