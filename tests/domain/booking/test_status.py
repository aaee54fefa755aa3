"""The statuses of a booking and the moves between them."""

from itertools import product

from kit_booking.domain.booking.status import AHEAD, HAD_KIT, IN_CALENDARS, LIVE, MOVES, USED, Status, may_move

ALLOWED = """
requested: approved declined cancelled lapsed
offered: approved refused lapsed cancelled
approved: out cancelled no_show
out: returned
no_show: out
"""
"""As the product's rules say it."""
S = Status


def test_a_booking_makes_the_moves_of_the_rules_and_no_others():
    lines = (line.split(": ") for line in ALLOWED.strip().splitlines())
    allowed = {(before, after) for before, afters in lines for after in afters.split()}
    assert {(before, after) for before, after in product(Status, Status) if may_move(before, after)} == allowed


def test_a_booking_ends_only_where_it_no_longer_holds_its_slot():
    ends = set(Status) - set(MOVES)
    assert ends == {S.DECLINED, S.CANCELLED, S.LAPSED, S.REFUSED, S.RETURNED}
    assert not ends & LIVE


def test_a_slot_is_held_from_asking_until_the_kit_is_back():
    assert {S.REQUESTED, S.OFFERED, S.APPROVED} == AHEAD
    assert {S.REQUESTED, S.OFFERED, S.APPROVED, S.OUT} == LIVE


def test_a_slot_nobody_came_for_is_used_up_but_is_no_session_with_the_kit():
    assert {S.OUT, S.RETURNED, S.NO_SHOW} == USED
    assert {S.OUT, S.RETURNED} == HAD_KIT


def test_calendars_show_what_holds_its_slot_and_what_took_place():
    assert {S.REQUESTED, S.OFFERED, S.APPROVED, S.OUT, S.RETURNED} == IN_CALENDARS
