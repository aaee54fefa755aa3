"""When a household is reminded of its pick-up, and when a reminder is left out."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.messages.reminders import Reminder, reminders
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.local_time import local
from kit_booking.domain.time.quiet import quiet_end
from tests.domain.weeks import FRIDAY, SATURDAY, clocks, instants

LONG_AGO = local(date(2026, 11, 28), time(9))
MINUTE = timedelta(minutes=1)

EVENING = local(SATURDAY, time(17))
EARLY = local(SATURDAY, time(7, 45))
DAY_BEFORE = Reminder(Kind.REMINDER_DAY, local(FRIDAY, time(18)))
TWO_HOURS_BEFORE = Reminder(Kind.REMINDER_SOON, local(SATURDAY, time(15)))
IN_THE_MORNING = Reminder(Kind.REMINDER_SOON, local(SATURDAY, time(6, 30)))


def due(pick_up_at: datetime, approved_at: datetime = LONG_AGO, policy: Policy | None = None) -> list[Reminder]:
    return reminders(pick_up_at=pick_up_at, approved_at=approved_at, policy=policy or Policy())


def test_a_household_is_reminded_the_day_before_and_two_hours_before() -> None:
    assert due(EVENING) == [DAY_BEFORE, TWO_HOURS_BEFORE]


def test_a_pick_up_just_after_midnight_in_vietnam_is_on_the_next_day_there() -> None:
    assert due(datetime(2026, 12, 4, 17, 1, tzinfo=UTC))[0] == DAY_BEFORE


def test_the_commune_sets_both_times() -> None:
    policy = Policy(day_reminder=time(12), soon_reminder_minutes=20)
    assert due(EVENING, policy=policy) == [
        Reminder(Kind.REMINDER_DAY, local(FRIDAY, time(12))),
        Reminder(Kind.REMINDER_SOON, local(SATURDAY, time(16, 40))),
    ]


def test_a_reminder_less_than_two_hours_after_the_approval_is_left_out() -> None:
    assert due(EVENING, approved_at=local(FRIDAY, time(16))) == [DAY_BEFORE, TWO_HOURS_BEFORE]
    assert due(EVENING, approved_at=local(FRIDAY, time(16)) + MINUTE) == [TWO_HOURS_BEFORE]
    assert due(EVENING, approved_at=local(SATURDAY, time(13))) == [TWO_HOURS_BEFORE]
    assert due(EVENING, approved_at=local(SATURDAY, time(13)) + MINUTE) == []


def test_one_that_falls_into_the_quiet_hours_is_merged_into_the_one_of_the_day_before() -> None:
    assert due(EARLY) == [DAY_BEFORE]


def test_who_was_approved_too_late_for_the_day_before_is_reminded_when_the_quiet_hours_end() -> None:
    assert due(EARLY, approved_at=local(FRIDAY, time(17))) == [IN_THE_MORNING]


def test_nobody_is_reminded_in_the_morning_of_what_was_approved_less_than_two_hours_before() -> None:
    assert due(EARLY, approved_at=local(SATURDAY, time(4, 30))) == [IN_THE_MORNING]
    assert due(EARLY, approved_at=local(SATURDAY, time(4, 30)) + MINUTE) == []


def test_a_reminder_that_would_come_when_it_is_too_late_to_set_out_is_left_out() -> None:
    approved_at = local(FRIDAY, time(17))
    assert due(local(SATURDAY, time(7)), approved_at) == [IN_THE_MORNING]
    assert due(local(SATURDAY, time(7)) - MINUTE, approved_at) == []


def test_without_quiet_hours_the_early_reminder_comes_early() -> None:
    policy = Policy(quiet_from=time(0), quiet_until=time(0))
    assert due(EARLY, policy=policy) == [
        DAY_BEFORE,
        Reminder(Kind.REMINDER_SOON, local(SATURDAY, time(5, 45))),
    ]


def test_a_day_reminder_set_into_the_quiet_hours_comes_when_they_end() -> None:
    policy = Policy(day_reminder=time(22))
    assert due(EVENING, policy=policy) == [
        Reminder(Kind.REMINDER_DAY, local(SATURDAY, time(6, 30))),
        TWO_HOURS_BEFORE,
    ]
    assert due(EARLY, policy=policy) == [IN_THE_MORNING], "never two at once"


policies = st.builds(
    Policy,
    day_reminder=clocks,
    soon_reminder_minutes=st.integers(1, 720),
    quiet_from=clocks,
    quiet_until=clocks,
)


@given(instants, st.timedeltas(timedelta(0), timedelta(days=14)), policies)
def test_reminders_come_in_order_between_approval_and_pick_up_and_never_at_night(
    pick_up_at: datetime, ahead: timedelta, policy: Policy
) -> None:
    found = due(pick_up_at, pick_up_at - ahead, policy)
    moments = [reminder.due_at for reminder in found]
    assert moments == sorted(set(moments))
    assert [reminder.kind for reminder in found] == sorted({reminder.kind for reminder in found})
    for moment in moments:
        assert pick_up_at - ahead + timedelta(hours=2) <= moment < pick_up_at
        assert quiet_end(moment, policy) is None
        assert moment.tzinfo is UTC
