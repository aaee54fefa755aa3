"""Asking for a slot, answering, and giving it back: what each leaves in the database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from kit_booking.database import db
from kit_booking.domain.booking.refusals import Reason, Refusal
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import (
    AuditEntry,
    Booking,
    Commune,
    Hold,
    Household,
    Kit,
    Message,
    MessageState,
    PlannedSlot,
    Staff,
)
from kit_booking.services.booking.answers import AnswerResult, approve, cancel, decline, withdraw
from kit_booking.services.booking.ask import AskResult, look_at_slot, request_booking
from kit_booking.services.communes.slots import NoSuchSlot
from kit_booking.services.timeline.standing import HouseholdGone
from tests.support.builders import World
from tests.support.threads import at_once
from tests.times import NOW, at, days_ahead

TOMORROW = days_ahead(1)
NEXT_WEEK = days_ahead(8)


@dataclass(frozen=True)
class Village:
    """One commune with two kits, its clerk, and a household that asks."""

    world: World
    commune: Commune
    kit: Kit
    other_kit: Kit
    clerk: Staff
    hanh: Household

    def asks(
        self,
        day: date = TOMORROW,
        key: str = "toi",
        *,
        kit: Kit | None = None,
        by: Household | None = None,
        now: datetime = NOW,
    ) -> AskResult:
        return self.world.do(
            request_booking,
            (kit or self.kit).code,
            day,
            key,
            (by or self.hanh).id,
            sells="làn mây",
            streams_on="Facebook",
            now=now,
        )

    def has_asked(self, day: date = TOMORROW, key: str = "toi", **more: Any) -> Booking:
        asked = self.asks(day, key, **more)
        assert asked.code, asked.refusals
        return self.booking(asked.code)

    def booking(self, code: str) -> Booking:
        return self.world.all(Booking, code=code)[0]

    def approves(self, booking: Booking, now: datetime = NOW) -> AnswerResult:
        return self.world.do(approve, self.world.seen(booking), self.clerk.id, now=now)

    def declines(self, booking: Booking, now: datetime = NOW) -> AnswerResult:
        done = self.world.do(decline, self.world.seen(booking), self.clerk.id, "Bộ đang sửa", now=now)
        self.world.let_undo_pass(now)
        return done

    def cancels(self, booking: Booking, now: datetime = NOW) -> AnswerResult:
        return self.world.do(cancel, self.world.seen(booking), self.clerk.id, "Xã cần dùng", now=now)

    def withdraws(self, booking: Booking, now: datetime = NOW) -> AnswerResult:
        return self.world.do(withdraw, self.world.seen(booking), self.hanh.id, now=now)


@pytest.fixture
def village(world: World) -> Village:
    commune = world.commune(kits=2)
    kit, other_kit = world.kits(commune)
    return Village(world, commune, kit, other_kit, world.clerk(commune), world.household(commune))


def test_asking_holds_the_slot_at_once_and_tells_the_phone(village: Village, world: World):
    booking = village.has_asked()

    assert booking.status == Status.REQUESTED
    assert (booking.day, booking.slot_name) == (TOMORROW, "Tối")
    assert (booking.from_at, booking.until_at) == (at(TOMORROW, "19:00"), at(TOMORROW, "22:00"))
    assert booking.answer_by_at == at(days_ahead(0), "17:00")
    assert (booking.place_id, booking.commune_id) == (village.kit.place_id, village.commune.id)
    assert (booking.sells, booking.version, booking.asked_at) == ("làn mây", 0, NOW)
    [hold] = world.all(Hold)
    assert (hold.kit_id, hold.booking_id) == (village.kit.id, booking.id)
    assert (hold.from_at, hold.until_at) == (booking.pick_up_at, booking.return_at)
    assert (hold.from_at, hold.until_at) == (at(TOMORROW, "17:00"), at(days_ahead(2), "07:30"))
    [text] = world.all(Message)
    assert (text.kind, text.state, text.to) == (Kind.RECEIVED, MessageState.QUEUED, village.hanh.phone)
    assert (text.due_at, text.pick_up_at) == (NOW, booking.pick_up_at)
    assert booking.code in text.body
    assert world.fresh(village.hanh).sells == "làn mây", "to be proposed the next time"


def test_a_request_sent_twice_is_one_booking(village: Village, world: World):
    first, again = village.asks(), village.asks(now=NOW + timedelta(seconds=1))
    assert first.code == again.code != ""
    assert len(world.all(Booking)) == len(world.all(Message)) == len(world.all(AuditEntry)) == 1


def test_a_request_sent_twice_by_a_household_with_its_last_booking_is_no_refusal(village: Village):
    for key in ("sang", "trua"):
        village.has_asked(NEXT_WEEK, key)
    assert village.asks().code == village.asks().code != ""


def test_the_same_evening_on_another_kit_is_another_booking(village: Village):
    assert village.asks().code != village.asks(kit=village.other_kit).code


@pytest.mark.parametrize(
    ("kit", "day", "key"),
    [("PD-9", TOMORROW, "toi"), ("PD-1", TOMORROW, "khuya"), ("PD-1", date(1999, 1, 1), "toi"), ("", TOMORROW, "")],
)
def test_what_is_no_slot_can_not_be_asked_for(village: Village, world: World, kit: str, day: date, key: str):
    with pytest.raises(NoSuchSlot):
        world.do(request_booking, kit, day, key, village.hanh.id, sells="", streams_on="", now=NOW)
    assert world.all(Booking) == []


def test_a_slot_that_another_household_asked_for_is_taken(village: Village, world: World):
    village.has_asked()
    assert village.asks(by=world.household(village.commune)) == AskResult(refusals=[Refusal(Reason.TAKEN)])
    assert len(world.all(Hold)) == 1


def test_a_closed_slot_is_refused_as_closed(village: Village, world: World):
    world.add(world.hold(village.kit, world.slot(village.kit, TOMORROW)))
    assert village.asks() == AskResult(refusals=[Refusal(Reason.CLOSED)])


def test_a_slot_both_closed_and_taken_in_part_is_refused_as_taken(village: Village, world: World):
    world.add(world.hold(village.kit, world.slot(village.kit, TOMORROW, "trua")))
    world.booking(village.kit, world.household(village.commune), TOMORROW, "chieu")
    whole_day = PlannedSlot(
        commune_id=village.commune.id,
        valid_from=TOMORROW,
        name="Cả ngày",
        from_time=at(TOMORROW, "15:00").time(),
        until_time=at(TOMORROW, "23:00").time(),
    )
    whole_day.from_time, whole_day.until_time = _clock("11:30"), _clock("16:30")
    world.add(whole_day)
    world.change(village.commune)
    assert village.asks(key="ca-ngay") == AskResult(refusals=[Refusal(Reason.TAKEN)])


def test_what_somebody_else_wrote_into_the_time_line_meanwhile_is_a_refusal_and_leaves_nothing(
    village: Village, world: World, app: Flask, taken_by_somebody_else: Callable[[], None]
):
    """Locks keep this from happening between our own requests; the database is asked all the same."""
    taken_by_somebody_else()
    assert village.asks() == AskResult(refusals=[Refusal(Reason.TAKEN)])
    assert world.all(Booking) == world.all(Message) == world.all(AuditEntry) == []
    assert world.fresh(village.kit).version == 1


@pytest.fixture
def taken_by_somebody_else(village: Village, world: World, app: Flask) -> Iterator[Callable[[], None]]:
    """Once called, a hold comes in between the look at the time line and the booking."""
    slot = world.slot(village.kit, TOMORROW)

    def intrude(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("INSERT INTO booking "):
            connection.execute(
                Hold.__table__.insert().values(
                    kit_id=village.kit.id, from_at=slot.hold.from_at, until_at=slot.hold.until_at
                )
            )

    with app.app_context():
        engine = db.engine
    yield lambda: event.listen(engine, "before_cursor_execute", intrude)
    if event.contains(engine, "before_cursor_execute", intrude):
        event.remove(engine, "before_cursor_execute", intrude)


def test_at_most_one_evening_and_two_other_slots_ahead(village: Village):
    village.has_asked()
    assert village.asks(days_ahead(13)).refusals == [Refusal(Reason.PEAK_AHEAD, most=1)]
    village.has_asked(days_ahead(2), "trua")
    village.has_asked(NEXT_WEEK, "sang")
    assert village.asks(days_ahead(13), "chieu").refusals == [Refusal(Reason.AHEAD, most=2)]


def test_what_is_free_a_day_before_its_pick_up_is_for_everybody_and_counts_afterwards(village: Village):
    village.has_asked(NEXT_WEEK)
    day_before = at(days_ahead(0), "17:00")
    assert village.asks(now=day_before - timedelta(seconds=1)).refusals == [Refusal(Reason.PEAK_AHEAD, most=1)]
    village.withdraws(village.has_asked(now=day_before), now=day_before)
    village.has_asked(now=day_before)
    assert village.asks(days_ahead(13), now=day_before).refusals == [Refusal(Reason.PEAK_AHEAD, most=1)]


def test_a_booking_given_back_or_declined_is_no_longer_ahead(village: Village):
    village.withdraws(village.has_asked())
    village.declines(village.has_asked())
    village.has_asked()


def test_a_booking_whose_time_is_over_is_no_longer_ahead(village: Village, world: World):
    """Nobody has written down yet whether its kit was picked up."""
    for days in (-8, -9):
        world.booking(village.kit, village.hanh, days_ahead(days), status=Status.APPROVED)
    village.has_asked()


def test_bookings_in_other_communes_count(village: Village, world: World):
    elsewhere = world.commune("Chuyên Mỹ")
    [kit] = world.kits(elsewhere)
    village.has_asked(kit=kit)
    assert village.asks(days_ahead(13)).refusals == [Refusal(Reason.PEAK_AHEAD, most=1)]
    village.has_asked(NEXT_WEEK, "sang", kit=kit)
    village.has_asked(NEXT_WEEK, "trua", kit=kit)
    assert village.asks(days_ahead(13), "sang").refusals == [Refusal(Reason.AHEAD, most=2)]


@pytest.mark.parametrize("status", [Status.OUT, Status.RETURNED, Status.NO_SHOW, Status.APPROVED])
def test_at_most_two_pick_ups_in_a_week_whatever_became_of_them(village: Village, world: World, status: Status):
    monday = days_ahead(-1)
    world.booking(village.kit, village.hanh, monday, "sang", status=status)
    world.booking(village.kit, village.hanh, monday, "trua", status=Status.RETURNED)
    assert village.asks(days_ahead(5), "sang").refusals == [Refusal(Reason.WEEK, most=2)], "on Sunday"
    assert village.asks(days_ahead(5)).code, "an evening is of another kind"
    assert village.asks(days_ahead(6), "sang").code, "on Monday"


@pytest.mark.parametrize("status", [Status.DECLINED, Status.CANCELLED, Status.LAPSED])
def test_what_came_to_nothing_does_not_count_in_the_week(village: Village, world: World, status: Status):
    for key in ("sang", "trua", "chieu"):
        world.booking(village.kit, village.hanh, TOMORROW, key, status=status)
    village.has_asked()


def test_a_sunday_evening_counts_in_its_own_week_by_vietnams_clocks(village: Village, world: World):
    """Monday before seven in the morning is still Sunday in UTC."""
    sunday = days_ahead(5)
    for day in (sunday, days_ahead(3)):
        world.booking(village.kit, village.hanh, day, status=Status.RETURNED)
    assert village.asks(days_ahead(4)).refusals == [Refusal(Reason.PEAK_WEEK, most=2)]
    early = world.place(village.commune, "Hồng Minh", handover_hours=[["05:00", "06:30"]] * 7)
    village.has_asked(days_ahead(6), "sang", kit=world.kit(early))


def test_a_commune_may_allow_more(village: Village, world: World):
    world.change(village.commune, policy={"most_ahead": 3, "most_peak_ahead": 2, "most_a_week": 3})
    for key in ("sang", "trua", "chieu"):
        village.has_asked(days_ahead(2), key)
    village.has_asked()
    village.has_asked(days_ahead(3))
    assert village.asks(days_ahead(4), "sang").refusals == [
        Refusal(Reason.AHEAD, most=3),
        Refusal(Reason.WEEK, most=3),
    ]
    assert village.asks(days_ahead(4)).refusals == [Refusal(Reason.PEAK_AHEAD, most=2)]


def test_a_refusal_names_every_reason(village: Village, world: World):
    world.change(village.commune, policy={"free_hours": 0})
    for day in (TOMORROW, days_ahead(2)):
        world.booking(village.kit, village.hanh, day)
    world.booking(village.kit, world.household(village.commune), days_ahead(0))
    world.change(village.clerk, is_active=False)
    too_late = at(days_ahead(0), "15:00")
    assert village.asks(days_ahead(0), now=too_late).refusals == [
        Refusal(Reason.TAKEN),
        Refusal(Reason.TOO_LATE, at=too_late),
        Refusal(Reason.PEAK_AHEAD, most=1),
        Refusal(Reason.PEAK_WEEK, most=2),
        Refusal(Reason.NO_CLERK),
    ]


def test_a_look_names_the_same_reasons_and_the_own_booking(village: Village, world: World):
    booking = village.has_asked()
    for_hanh = world.do(look_at_slot, "PD-1", TOMORROW, "toi", village.hanh.id, now=NOW)
    for_strangers = world.do(look_at_slot, "PD-1", TOMORROW, "toi", None, now=NOW)
    assert for_hanh.own_code == booking.code
    assert (for_strangers.own_code, for_strangers.booked) == ("", None)
    assert for_strangers.refusals == [Refusal(Reason.TAKEN)]


def test_a_leader_does_not_answer_requests(village: Village, world: World):
    world.change(village.clerk, is_active=False)
    world.staff(village.commune, role="leader")
    assert village.asks().refusals == [Refusal(Reason.NO_CLERK)]


def test_a_booking_keeps_its_slot_when_the_plan_changes(village: Village, world: World):
    booking = village.has_asked()
    world.add(
        PlannedSlot(
            commune_id=village.commune.id,
            valid_from=days_ahead(0),
            name="Tối",
            from_time=_clock("20:00"),
            until_time=_clock("23:00"),
        )
    )
    world.change(village.commune)

    assert village.approves(booking).is_done
    kept = world.fresh(booking)
    assert (kept.from_at, kept.until_at) == (at(TOMORROW, "19:00"), at(TOMORROW, "22:00"))
    assert (kept.pick_up_at, kept.return_at) == (booking.pick_up_at, booking.return_at)
    neighbour = world.household(village.commune)
    assert village.asks(by=neighbour).refusals == [Refusal(Reason.TAKEN)], "the new evening overlaps the old one"
    later = village.has_asked(days_ahead(2), by=neighbour)
    assert later.from_at == at(days_ahead(2), "20:00")


def test_one_household_asking_for_many_slots_at_once_keeps_to_its_quota(village: Village, world: World):
    slots = [(days, key) for days in (2, 8) for key in ("sang", "trua", "chieu", "toi")]
    asks = [lambda d=days, k=key: village.asks(days_ahead(d), k) for days, key in slots]
    asked = at_once(*asks)
    evenings = [bool(one.code) for one, (_days, key) in zip(asked, slots, strict=True) if key == "toi"]
    assert (sum(evenings), sum(bool(one.code) for one in asked)) == (1, 3)
    assert len(world.all(Booking)) == len(world.all(Hold)) == 3


def _clock(text: str) -> Any:
    return datetime.fromisoformat(f"2026-01-01T{text}").time()


def books(village: Village, override: str = "", key: str = "toi") -> AskResult:
    values = {"sells": "", "streams_on": "", "staff_id": village.clerk.id, "override": override, "now": NOW}
    return village.world.do(request_booking, village.kit.code, TOMORROW, key, village.hanh.id, **values)


def test_no_reason_of_staff_stands_against_a_closure(village: Village, world: World):
    world.add(world.hold(village.kit, world.slot(village.kit, TOMORROW)))
    assert books(village, "Hội chợ") == AskResult(refusals=[Refusal(Reason.CLOSED)])


def test_with_a_reason_staff_book_against_the_rules_and_it_is_told_as_approved(village: Village, world: World):
    world.change(village.commune, policy={"most_peak_ahead": 0})
    assert [refusal.reason for refusal in books(village).refusals] == [Reason.PEAK_AHEAD]
    booking = village.booking(books(village, "Hội chợ").code)
    assert (booking.status, booking.reason) == (Status.APPROVED, "Hội chợ")
    assert [text.kind for text in world.all(Message)] == [Kind.APPROVED]


def test_nobody_asks_in_the_name_of_an_erased_household(village: Village, world: World):
    world.change(village.hanh, erased_at=NOW)
    with pytest.raises(HouseholdGone):
        village.asks()
    assert world.fresh(village.kit).version == village.kit.version, "and nothing was changed"


def test_what_was_given_back_can_be_asked_for_again(village: Village, world: World):
    first = world.booking(village.kit, village.hanh, TOMORROW, status=Status.CANCELLED)
    assert village.has_asked().code != first.code


def test_staff_are_reminded_half_way_to_the_deadline(village: Village):
    booking = village.has_asked()
    assert booking.remind_staff_at
    assert NOW < booking.remind_staff_at < booking.answer_by_at


def test_who_takes_no_texts_is_phoned(village: Village, world: World):
    world.change(village.hanh, takes_texts=False)
    village.has_asked()
    assert [text.state for text in world.all(Message)] == [MessageState.TO_PHONE]


def test_a_booking_keeps_what_its_slot_was_when_the_plan_changes(village: Village, world: World):
    evening = village.has_asked()
    for line in world.all(PlannedSlot, commune_id=village.commune.id):
        world.change(line, is_peak=line.name == "Sáng")
    world.change(village.commune)
    assert world.fresh(evening).is_peak
    assert village.asks(days_ahead(2), "sang").refusals == [Refusal(Reason.PEAK_AHEAD, most=1)]
    assert not world.fresh(village.has_asked(days_ahead(2))).is_peak
