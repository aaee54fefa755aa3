"""Vietnam's wall clock: UTC+7 on every day of the year."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given

from kit_booking.domain.time.local_time import local, local_day, to_local
from tests.domain.weeks import FRIDAY, SATURDAY, instants


def test_a_clock_in_vietnam_is_seven_hours_ahead_of_utc_in_winter_and_in_summer():
    assert local(FRIDAY, time(17)) == datetime(2026, 12, 4, 10, tzinfo=UTC)
    assert local(date(2026, 7, 1), time(17)) == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_an_instant_is_given_in_utc():
    assert local(FRIDAY, time(17)).tzinfo is UTC


def test_an_instant_is_shown_as_clocks_in_vietnam_show_it():
    shown = to_local(datetime(2026, 12, 4, 20, 30, tzinfo=UTC))
    assert (shown.date(), shown.time()) == (SATURDAY, time(3, 30))


def test_a_day_begins_at_midnight_in_vietnam():
    midnight = datetime(2026, 12, 4, 17, tzinfo=UTC)
    assert local_day(midnight - timedelta(microseconds=1)) == FRIDAY
    assert local_day(midnight) == SATURDAY


@given(instants)
def test_an_instant_keeps_its_place_when_it_is_read_as_day_and_clock(instant: datetime):
    shown = to_local(instant)
    assert shown == instant
    assert shown.utcoffset() == timedelta(hours=7)
    assert shown.date() == local_day(instant)
    assert local(shown.date(), shown.time()) == instant
