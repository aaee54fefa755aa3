"""The order of those who wait, and the place and the reasons that people are told."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.booking.queue import RECENT, PlaceInQueue, Waiting, Why, in_order, place_of, why_before
from tests.domain.examples import few_examples

MONDAY = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)


def waiting(number: int, **more: object) -> Waiting:
    """A household that never had a kit and joined that many hours after Monday morning."""
    usual = {"had_kit": False, "sessions": 0, "joined_at": MONDAY + timedelta(hours=number)}
    return Waiting(**({"entry_id": number, "household_id": number} | usual | more))  # type: ignore[arg-type]


_moments = st.integers(0, 3).map(lambda n: MONDAY + timedelta(minutes=n))
queues = st.lists(
    st.builds(
        Waiting,
        entry_id=st.integers(1, 10**6),
        household_id=st.integers(1, 20),
        joined_at=_moments,
        had_kit=st.booleans(),
        sessions=st.integers(0, 2),
        let_run_out=st.booleans(),
        put_forward_at=st.none() | st.none() | _moments,
    ),
    max_size=12,
    unique_by=lambda one: one.entry_id,
)
"""With few different values, so that equal ones are frequent."""


def test_who_never_had_a_kit_stands_before_whoever_had_one():
    had, new = waiting(1, had_kit=True), waiting(2)
    assert in_order([had, new]) == [new, had]
    assert why_before(new, had) is Why.FIRST_TIME


def test_of_those_who_had_one_fewest_sessions_in_thirty_days_come_first():
    often, long_ago = waiting(1, had_kit=True, sessions=3), waiting(2, had_kit=True, sessions=0)
    assert in_order([often, long_ago]) == [long_ago, often]
    assert why_before(long_ago, often) is Why.FEWER


def test_where_all_else_is_equal_who_joined_first_comes_first():
    late, early = waiting(1), waiting(2, joined_at=MONDAY)
    assert in_order([late, early]) == [early, late]
    assert why_before(early, late) is Why.EARLIER


def test_who_joined_in_the_same_instant_keeps_the_order_of_the_entries():
    one, two = (waiting(n, joined_at=MONDAY, household_id=10 - n) for n in (1, 2))
    assert in_order([two, one]) == [one, two]
    assert why_before(one, two) is Why.EARLIER


def test_whom_staff_put_forward_stands_before_all_and_the_first_of_them_before_the_second():
    first = waiting(3, had_kit=True, sessions=9, put_forward_at=MONDAY)
    second = waiting(2, put_forward_at=MONDAY + timedelta(minutes=1))
    new = waiting(1)
    assert in_order([new, second, first]) == [first, second, new]
    assert why_before(first, second) is why_before(second, new) is Why.PUT_FORWARD


def test_who_let_an_offer_run_out_stands_behind_all_others():
    ignored, often = waiting(1, let_run_out=True), waiting(2, had_kit=True, sessions=9)
    assert in_order([ignored, often]) == [often, ignored]
    assert why_before(often, ignored) is Why.ANSWERED
    forward = waiting(3, let_run_out=True, put_forward_at=MONDAY)
    assert in_order([ignored, often, forward])[0] == forward


def test_sessions_of_the_last_thirty_days_count():
    assert timedelta(days=30) == RECENT


def test_a_place_says_how_many_stand_before_and_why_each_of_them_does():
    own = waiting(5, had_kit=True, sessions=1)
    others = [waiting(1), waiting(2), waiting(3, had_kit=True), waiting(4, had_kit=True, sessions=1)]
    later = waiting(6, had_kit=True, sessions=1)
    place = place_of(5, [later, own, *others])
    assert place == PlaceInQueue(Counter({Why.FIRST_TIME: 2, Why.FEWER: 1, Why.EARLIER: 1}))
    assert place.number == 5


@few_examples
@given(queues, st.randoms(use_true_random=False))
def test_the_order_is_the_same_however_they_are_read(queue: list[Waiting], random):
    shuffled = list(queue)
    random.shuffle(shuffled)
    ordered = in_order(queue)
    assert in_order(shuffled) == ordered
    assert sorted(one.entry_id for one in ordered) == sorted(one.entry_id for one in queue)


@few_examples
@given(queues)
def test_the_order_is_what_the_rules_say_in_words(queue: list[Waiting]):
    for first, second in pairwise(in_order(queue)):
        if first.put_forward_at or second.put_forward_at:
            assert first.put_forward_at
            assert second.put_forward_at is None or first.put_forward_at <= second.put_forward_at
        elif first.let_run_out != second.let_run_out:
            assert second.let_run_out
        elif first.had_kit != second.had_kit:
            assert second.had_kit
        elif first.sessions != second.sessions:
            assert first.sessions < second.sessions
        else:
            assert (first.joined_at, first.entry_id) < (second.joined_at, second.entry_id)


@few_examples
@given(queues)
def test_everybodys_place_and_reasons_agree_with_the_order(queue: list[Waiting]):
    ordered = in_order(queue)
    for index, one in enumerate(ordered):
        place = place_of(one.entry_id, queue)
        assert place.number == index + 1
        assert place.before == Counter(why_before(other, one) for other in ordered[:index])


@few_examples
@given(queues.filter(bool), st.integers(0, 11))
def test_who_leaves_or_has_one_session_more_never_puts_anybody_else_back(queue: list[Waiting], which: int):
    leaving = queue[which % len(queue)]
    others = [one for one in queue if one is not leaving]
    more = [*others, replace(leaving, sessions=leaving.sessions + 1, had_kit=True)]
    for one in others:
        before = place_of(one.entry_id, queue).number
        assert place_of(one.entry_id, others).number <= before
        assert place_of(one.entry_id, more).number <= before
