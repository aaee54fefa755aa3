"""The statuses of a booking and the moves between them."""

import re

import pytest

from kit_booking.domain.status import AHEAD, LIVE, MOVES, USED, Status, may_move

ALLOWED = """
requested: approved declined cancelled lapsed
offered: approved refused lapsed cancelled
approved: out cancelled no_show
out: returned
no_show: out
"""
"""As the product's rules say it."""


@pytest.mark.parametrize("to_status", Status)
@pytest.mark.parametrize("from_status", Status)
def test_a_booking_makes_the_moves_of_the_rules_and_no_others(from_status: Status, to_status: Status):
    line = re.search(rf"^{from_status}: (.*)$", ALLOWED, re.MULTILINE)
    assert may_move(from_status, to_status) == bool(line and to_status in line[1].split())


def test_a_booking_ends_only_where_it_no_longer_holds_its_slot():
    ends = set(Status) - set(MOVES)
    assert ends == {Status.DECLINED, Status.CANCELLED, Status.LAPSED, Status.REFUSED, Status.RETURNED}
    assert not ends & LIVE


def test_whoever_has_a_kit_has_used_a_slot_and_has_it_no_longer_ahead():
    assert not USED & AHEAD
    assert AHEAD | {Status.OUT} == LIVE
    assert Status.OUT in USED
