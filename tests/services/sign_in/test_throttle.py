"""Tries are counted by what is tried, in windows of time."""

from datetime import UTC, datetime, timedelta

from kit_booking.database import transaction
from kit_booking.services.sign_in.throttle import count_try
from tests.support.builders import World

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=15)


@transaction
def _tries(session, key, now, window=WINDOW):
    return count_try(session, key, window, now=now)


def test_every_key_is_counted_for_itself(world: World):
    assert [world.do(_tries, key, NOON) for key in ("a", "a", "b", "a")] == [1, 2, 1, 3]


def test_a_window_ends_on_the_minute_and_the_next_counts_from_one(world: World):
    last = NOON + WINDOW - timedelta(seconds=1)
    assert [world.do(_tries, "a", now) for now in (NOON, last, NOON + WINDOW)] == [1, 2, 1]


def test_windows_of_another_length_have_other_edges(world: World):
    a_day = timedelta(days=1)
    midnight = NOON + timedelta(hours=12)
    moments = (NOON, midnight - timedelta(seconds=1), midnight)
    assert [world.do(_tries, "a", now, a_day) for now in moments] == [1, 2, 1]
