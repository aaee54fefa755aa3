"""Marks: when something last happened, and what a clock that was wrong for one round leaves behind."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from kit_booking.services.marks import find_mark, is_marked, set_mark
from kit_booking.services.ops import health
from kit_booking.services.register import erasing
from tests.support.builders import World
from tests.times import NOW

A_DAY = timedelta(days=1)


def test_a_mark_is_found_from_when_it_was_set(world: World) -> None:
    world.do(set_mark, "worker", now=NOW)
    assert world.do(find_mark, "worker", now=NOW) == NOW
    assert world.do(find_mark, "worker", now=NOW - timedelta(minutes=1)) == NOW, "another machine's clock"
    assert world.do(find_mark, "other", now=NOW) is None


def test_a_mark_that_lies_in_the_future_is_not_believed(world: World) -> None:
    world.do(set_mark, "worker", now=NOW + A_DAY)
    assert world.do(find_mark, "worker", now=NOW) is None
    assert world.do(is_marked, "worker")


def test_a_round_with_a_clock_one_day_ahead_is_no_proof_of_life(app: Flask, world: World) -> None:
    world.do(health.beat, now=NOW + A_DAY)
    assert not world.do(health.is_worker_alive, now=NOW)
    world.do(health.beat, now=NOW)
    assert world.do(health.is_worker_alive, now=NOW)


@pytest.mark.parametrize(("name", "chore"), [("tidied", health.tidy_up), ("forgot", erasing.forget_old)])
def test_what_is_done_once_in_a_while_is_done_when_the_clock_is_right_again(
    world: World, name: str, chore: object
) -> None:
    world.do(chore, now=NOW + A_DAY)
    world.do(chore, now=NOW)
    found: datetime | None = world.do(find_mark, name, now=NOW)
    assert found == NOW
