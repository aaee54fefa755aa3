"""When the texts may be sent, and how long they are worth it."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from kit_booking.domain.local_time import local
from kit_booking.domain.messages import Kind, send_at, useful_until, validity
from kit_booking.domain.policy import Policy
from kit_booking.domain.quiet import quiet_end

SATURDAY = date(2026, 12, 5)
SUNDAY = date(2026, 12, 6)
ABOUT_A_BOOKING = [kind for kind in Kind if kind is not Kind.LOGIN_CODE]
POLICY = Policy()
NOON = local(date(2026, 12, 4), time(12))
PICK_UP = local(SATURDAY, time(17))


@pytest.mark.parametrize("kind", [Kind.RECEIVED, Kind.APPROVED, Kind.REMINDER_SOON])
def test_news_of_a_slot_is_useful_until_its_pick_up(kind: Kind) -> None:
    assert useful_until(kind, now=NOON, pick_up_at=PICK_UP) == PICK_UP


@pytest.mark.parametrize("kind", [Kind.DECLINED, Kind.CANCELLED, Kind.WITHDRAWN])
def test_bad_news_still_arrives_just_after_the_pick_up(kind: Kind) -> None:
    assert useful_until(kind, now=NOON, pick_up_at=PICK_UP) == PICK_UP
    late = PICK_UP - timedelta(minutes=5)
    assert useful_until(kind, now=late, pick_up_at=PICK_UP) == late + timedelta(hours=1)


def test_a_reminder_of_the_day_before_leaves_time_to_get_ready() -> None:
    until = useful_until(Kind.REMINDER_DAY, now=NOON, pick_up_at=PICK_UP)
    assert until == PICK_UP - timedelta(hours=1)


def test_a_login_code_is_useful_for_five_minutes() -> None:
    assert useful_until(Kind.LOGIN_CODE, now=NOON) == NOON + timedelta(minutes=5)


LATE = local(date(2026, 12, 4), time(22))
MORNING = local(SATURDAY, time(6, 30))


@pytest.mark.parametrize("kind", ABOUT_A_BOOKING)
def test_by_day_a_text_goes_at_once(kind: Kind) -> None:
    assert send_at(kind, now=NOON, pick_up_at=PICK_UP, policy=POLICY) == NOON


@pytest.mark.parametrize("kind", ABOUT_A_BOOKING)
def test_at_night_a_text_about_a_slot_still_far_away_waits_for_the_morning(kind: Kind) -> None:
    pick_up_at = LATE + timedelta(hours=12)
    assert send_at(kind, now=LATE, pick_up_at=pick_up_at, policy=POLICY) == MORNING


@pytest.mark.parametrize("kind", [Kind.RECEIVED, Kind.APPROVED, Kind.DECLINED, Kind.CANCELLED, Kind.WITHDRAWN])
def test_at_night_news_of_a_slot_less_than_12_hours_away_goes_at_once(kind: Kind) -> None:
    pick_up_at = LATE + timedelta(hours=11, minutes=59)
    assert send_at(kind, now=LATE, pick_up_at=pick_up_at, policy=POLICY) == LATE


@pytest.mark.parametrize("kind", [Kind.REMINDER_DAY, Kind.REMINDER_SOON])
def test_at_night_a_reminder_waits_however_near_the_slot_is(kind: Kind) -> None:
    pick_up_at = local(SATURDAY, time(7, 45))
    assert send_at(kind, now=LATE, pick_up_at=pick_up_at, policy=POLICY) == MORNING


def test_a_reminder_held_up_until_the_morning_still_reaches_an_early_pick_up() -> None:
    pick_up_at = local(SATURDAY, time(7, 45))
    assert useful_until(Kind.REMINDER_DAY, now=LATE, pick_up_at=pick_up_at) > MORNING


def test_a_login_code_goes_at_once_even_at_night() -> None:
    assert send_at(Kind.LOGIN_CODE, now=LATE, policy=POLICY) == LATE


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "clock", "ends"),
    [
        (time(21), time(6, 30), time(20, 59), None),
        (time(21), time(6, 30), time(21), local(SUNDAY, time(6, 30))),
        (time(21), time(6, 30), time(0), local(SATURDAY, time(6, 30))),
        (time(21), time(6, 30), time(6, 29), local(SATURDAY, time(6, 30))),
        (time(21), time(6, 30), time(6, 30), None),
        (time(0), time(6), time(0), local(SATURDAY, time(6))),
        (time(0), time(6), time(6), None),
        (time(12), time(14), time(11), None),
        (time(12), time(14), time(13), local(SATURDAY, time(14))),
        (time(21), time(0), time(23), local(SUNDAY, time(0))),
        (time(21), time(0), time(0), None),
        (time(21), time(21), time(21), None),
    ],
)
def test_quiet_hours_end(quiet_from: time, quiet_until: time, clock: time, ends: datetime | None) -> None:
    policy = Policy(quiet_from=quiet_from, quiet_until=quiet_until)
    answer = quiet_end(local(SATURDAY, clock), policy)
    assert answer == ends
    assert answer is None or answer.tzinfo is UTC


@pytest.mark.parametrize(
    ("useful_for", "seconds"),
    [
        (timedelta(minutes=5), 300),
        (timedelta(milliseconds=1500), 1),
        (timedelta(0), 1),
        (timedelta(days=-1), 1),
        (timedelta(hours=10), 36000),
        (timedelta(days=3), 36000),
    ],
)
def test_twilio_keeps_a_text_only_while_it_is_useful(useful_for: timedelta, seconds: int) -> None:
    assert validity(now=NOON, useful_until_at=NOON + useful_for) == seconds
