"""Quotas, the window and the standing as a household meets them: whichever way it tries, they hold."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.database import db, transaction
from kit_booking.domain.booking.refusals import Booked, Reason, Refusal
from kit_booking.domain.booking.standing import GOOD_STANDING, Pause
from kit_booking.domain.booking.status import Status
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.slots import spans_night
from kit_booking.models import AuditEntry, Booking, Hold, Household
from kit_booking.services.audit import Actor
from kit_booking.services.register.households import find_household
from kit_booking.services.timeline import moves, standing
from kit_booking.services.timeline.locks import lock_booking
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.threads import at_once
from tests.support.village import TOMORROW, Village
from tests.times import NOW, at, days_ahead

TODAY, NEXT_WEEK, LAST_DAY = days_ahead(0), days_ahead(8), days_ahead(14)
A_SECOND = timedelta(seconds=1)
KEYS = ("sang", "trua", "chieu", "toi")
TWO_AHEAD, TWO_A_WEEK = Refusal(Reason.AHEAD, most=2), Refusal(Reason.WEEK, most=2)


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    return Village(app, world, sms, world.commune(kits=2))


def standing_of(village: Village, who: Household, *, now=NOW):
    return village.world.do(lambda: standing.standing_of(find_household(who.id), now=now)).standing


# ---- quotas


def test_several_tabs_are_one_household(village: Village, world: World):
    hanh = village.family()
    acts = [lambda k=key, kit=kit: village.asks(hanh, NEXT_WEEK, k, kit=kit) for key in KEYS for kit in village.kits]
    asked = at_once(*acts)
    assert sum(bool(one.code) for one in asked[:-2]) == 2
    assert sum(bool(one.code) for one in asked[-2:]) == 1, "one of the two kits in the evening"
    assert len(world.all(Hold)) == 3


def test_families_that_share_a_phone_are_households_of_their_own(village: Village):
    hanh = village.family()
    daughter = village.family("Con gái", phone=hanh.phone)
    for who, day in ((hanh, NEXT_WEEK), (daughter, days_ahead(9))):
        for key in ("sang", "trua"):
            assert village.asks(who, day, key).code
        assert TWO_AHEAD in village.asks(who, days_ahead(2), "chieu").refusals


def test_staff_can_not_get_round_the_quotas_without_a_reason_on_record(village: Village, world: World):
    hanh = village.family()
    village.has(hanh, TOMORROW, "sang")
    village.has(hanh, TOMORROW, "trua")
    assert village.books_for(hanh, days_ahead(2), "chieu").refusals == [TWO_AHEAD, TWO_A_WEEK]
    reason = "Hội chợ làng nghề"
    third = village.has(hanh, days_ahead(2), "chieu", override=reason)
    assert third.status == Status.APPROVED
    [line] = world.all(AuditEntry, booking_id=third.id)
    assert (line.staff_id, line.detail) == (village.clerk.id, {"reason": reason})


def test_no_reason_lets_staff_book_what_is_taken_or_closed(village: Village, world: World):
    village.has(village.family())
    world.add(world.hold(village.kit, world.slot(village.kit, NEXT_WEEK)))
    refused = [village.books_for(village.family(), day, override="gấp").refusals for day in (TOMORROW, NEXT_WEEK)]
    assert refused == [[Refusal(Reason.TAKEN)], [Refusal(Reason.CLOSED)]]


def test_staff_and_the_household_at_once_keep_to_the_quota(village: Village, world: World):
    hanh = village.family()
    village.has(hanh, NEXT_WEEK, "sang")
    at_once(
        *[lambda k=key: village.asks(hanh, days_ahead(3), k) for key in KEYS],
        *[lambda k=key: village.books_for(hanh, days_ahead(2), k) for key in KEYS],
    )
    assert sorted(spans_night(Span(hold.from_at, hold.until_at)) for hold in world.all(Hold)) == [False, False, True]


def test_a_slot_given_up_too_late_still_counts_in_its_week(village: Village):
    hanh = village.family()
    late = at(TODAY, "20:00")
    assert village.withdraws(village.has(hanh, TOMORROW, "sang"), now=late).is_done
    village.has(hanh, TOMORROW, "chieu", now=late)
    refused = village.asks(hanh, days_ahead(3), "sang", now=late).refusals
    assert refused == [TWO_A_WEEK]


def test_a_slot_given_up_in_time_does_not(village: Village):
    hanh = village.family()
    village.withdraws(village.has(hanh, TOMORROW, "toi"))
    for key in ("sang", "trua"):
        village.has(hanh, TOMORROW, key)


# ---- the window


def test_the_last_day_of_the_window_opens_at_seven_and_not_a_second_before(village: Village):
    hanh, opens = village.family(), at(TODAY, "07:00")
    assert village.asks(hanh, LAST_DAY, now=opens - A_SECOND).refusals == [Refusal(Reason.NOT_OPEN, at=opens)]
    assert village.books_for(hanh, LAST_DAY, now=opens - A_SECOND).refusals == [Refusal(Reason.NOT_OPEN, at=opens)]
    assert village.asks(hanh, LAST_DAY, now=opens).code


def test_the_day_after_it_opens_the_next_morning(village: Village):
    refused = village.asks(village.family(), days_ahead(15), now=at(TODAY, "23:59")).refusals
    assert refused == [Refusal(Reason.NOT_OPEN, at=at(TOMORROW, "07:00"))]


def test_of_two_hundred_who_ask_when_a_day_opens_four_get_its_four_slots(village: Village, world: World):
    opens = at(TODAY, "07:00")
    families = [village.family(f"Nhà {number}") for number in range(200)]

    def ask(number: int) -> bool:
        return bool(village.asks(families[number], LAST_DAY, KEYS[number % 4], now=opens).code)

    with ThreadPoolExecutor(24) as threads:
        assert sum(threads.map(ask, range(200))) == 4
    bookings = world.all(Booking)
    assert sorted(booking.slot_name for booking in bookings) == ["Chiều", "Sáng", "Trưa", "Tối"]
    assert {hold.booking_id for hold in world.all(Hold)} == {booking.id for booking in bookings}
    assert len(world.all(AuditEntry)) == 4


# ---- strikes and pauses


def test_two_strikes_pause_requests_for_a_fortnight_and_leave_what_was_booked(village: Village, world: World):
    hanh = village.family()
    kept = village.has(hanh, NEXT_WEEK, "sang")
    days = [at(days_ahead(-n), "10:00") for n in (3, 1)]
    for struck in days:
        world.booking(village.kit, hanh, days_ahead(-20), "sang", status=Status.NO_SHOW, strike_at=struck)
    until = days[-1] + timedelta(days=14)
    paused = [Refusal(Reason.PAUSED, at=until)]
    assert village.asks(hanh, TOMORROW).refusals == paused
    assert village.books_for(hanh, TOMORROW).refusals == paused
    assert village.changes(kept, days_ahead(9), "toi").refusals == paused
    assert world.fresh(kept).status == Status.APPROVED
    assert standing_of(village, hanh).pause == Pause(days[-1], until)
    assert village.books_for(hanh, TOMORROW, override="đã nói chuyện").code
    assert village.asks(hanh, days_ahead(15), now=max(until, at(days_ahead(13), "10:01"))).code


def test_a_kit_kept_over_a_day_too_long_pauses_until_it_is_back(village: Village, world: World):
    hanh = village.family()
    world.booking(village.kit, hanh, days_ahead(-2), "toi", status=Status.OUT)
    due = at(days_ahead(-1), "07:30")
    assert village.asks(hanh, NEXT_WEEK, now=due + timedelta(hours=24)).code
    assert village.asks(hanh, days_ahead(9), "sang", now=NOW).refusals == [Refusal(Reason.PAUSED, at=None)]
    world.do(_take_back, world.all(Booking, status=Status.OUT)[0].code, now=NOW)
    assert village.asks(hanh, days_ahead(9), "sang", now=NOW).code


@transaction
def _take_back(session, code, *, now):
    moves.move(session, lock_booking(session, code), Status.RETURNED, Actor(), now=now)


def test_staff_lift_a_pause_with_a_reason_and_its_strikes_stay_spent(village: Village, world: World):
    hanh = village.family()
    for ago in (3, 1):
        struck = at(days_ahead(-ago), "10:00")
        world.booking(village.kit, hanh, days_ahead(-20), "sang", status=Status.NO_SHOW, strike_at=struck)
    reason = "Nhà có tang"
    world.do(standing.lift_pause, hanh.id, village.clerk.id, reason, now=NOW)
    assert standing_of(village, hanh) == GOOD_STANDING
    assert village.asks(hanh, NEXT_WEEK).code
    line = world.all(AuditEntry, action="pause_lifted")[0]
    assert (line.household_id, line.staff_id, line.detail) == (hanh.id, village.clerk.id, {"reason": reason})


def test_strikes_of_other_communes_count_by_the_numbers_of_the_one_that_is_asked(village: Village, world: World):
    hanh = village.family()
    [elsewhere] = world.kits(world.commune("Chuyên Mỹ", policy={"strikes": 1}))
    struck = at(days_ahead(-1), "10:00")
    world.booking(village.kit, hanh, days_ahead(-20), "sang", status=Status.NO_SHOW, strike_at=struck)
    assert village.asks(hanh, NEXT_WEEK).code
    refused = village.asks(hanh, days_ahead(9), "sang", kit=elsewhere).refusals
    assert refused == [Refusal(Reason.PAUSED, at=struck + timedelta(days=14))]


def has(village: Village, who: Household, *, now=NOW, without: int | None = None, at_=None) -> Booked:
    """What the household has ahead and in the week of this pick-up, which is tomorrow's evening by default."""
    commune = village.commune
    values = {"commune_id": commune.id, "policy": commune_policy(village), "now": now, "without": without}
    pick_up_at = at_ or at(TOMORROW, "17:00")
    return village.world.do(lambda: standing.booked(db.session(), who.id, pick_up_at, **values))


def commune_policy(village: Village) -> Policy:
    return Policy.of(village.world.fresh(village.commune).policy)


def test_a_booking_is_ahead_until_the_minute_of_its_return(village: Village, world: World):
    hanh = village.family()
    booking = world.booking(village.kit, hanh, TOMORROW, status=Status.APPROVED)
    assert has(village, hanh, now=booking.return_at - A_SECOND).peak_ahead == 1
    assert has(village, hanh, now=booking.return_at).peak_ahead == 0
    assert has(village, hanh, without=booking.id).peak_ahead == 0


def test_bookings_of_either_kind_are_counted_apart(village: Village, world: World):
    hanh = village.family()
    for key in ("sang", "trua", "toi"):
        world.booking(village.kit, hanh, TOMORROW, key, status=Status.APPROVED)
    counted = has(village, hanh)
    assert (counted.ahead, counted.in_week, counted.peak_ahead, counted.peak_in_week) == (2, 2, 1, 1)
    assert (counted.all_ahead, counted.of_number) == (3, 3)


def test_a_week_goes_from_monday_to_the_next_one(village: Village, world: World):
    hanh, monday = village.family(), at(days_ahead(6), "00:00")
    world.booking(village.kit, hanh, days_ahead(6), pick_up_at=monday)
    assert has(village, hanh, at_=monday - A_SECOND).peak_in_week == 0
    assert has(village, hanh, at_=monday).peak_in_week == 1


def test_a_strike_counts_in_its_week_whatever_became_of_the_booking(village: Village, world: World):
    hanh = village.family()
    world.booking(village.kit, hanh, TOMORROW, status=Status.CANCELLED, strike_at=NOW)
    world.booking(village.kit, hanh, TOMORROW, "trua", status=Status.CANCELLED)
    assert (has(village, hanh).peak_in_week, has(village, hanh).in_week) == (1, 0)


def test_of_an_erased_household_nothing_is_counted(village: Village, world: World):
    hanh = village.family(erased_at=NOW)
    with pytest.raises(standing.HouseholdGone):
        has(village, hanh)


def test_a_household_of_another_commune_is_not_from_here(village: Village, world: World):
    assert has(village, village.family()).is_from_here
    assert not has(village, world.household(world.commune("Chuyên Mỹ"))).is_from_here


def test_lifting_a_pause_raises_the_version_of_the_household(village: Village, world: World):
    hanh = village.family()
    world.do(standing.lift_pause, hanh.id, village.clerk.id, "Nhà có tang", now=NOW)
    assert world.fresh(hanh).version == hanh.version + 1
