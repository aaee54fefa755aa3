"""The states of a text: every move that is allowed and every other one; what reports mean; when to ask."""

from datetime import timedelta
from itertools import product

import pytest

from kit_booking.domain.messages.delivery import (
    LIMIT_ERRORS,
    NOT_TOLD,
    WENT_OUT,
    BudgetState,
    Meaning,
    MessageState,
    Timing,
    budget_state,
    is_alarming,
    is_rising,
    may_move,
    meaning,
    state_of,
)
from tests.times import NOW

M = MessageState
REPORTED = {M.ACCEPTED, M.SENT, M.DELIVERED, M.UNDELIVERED, M.FAILED}
ALLOWED = (
    {(M.QUEUED, to) for to in (M.SENDING, M.SKIPPED, M.TO_PHONE)}
    | {(M.SENDING, to) for to in (M.QUEUED, M.UNKNOWN, *REPORTED)}
    | {(M.UNKNOWN, to) for to in (M.QUEUED, M.SKIPPED, *REPORTED)}
    | {(M.ACCEPTED, to) for to in REPORTED - {M.ACCEPTED}}
    | {(M.SENT, to) for to in REPORTED - {M.ACCEPTED, M.SENT}}
    | {(M.UNDELIVERED, M.QUEUED), (M.FAILED, M.QUEUED)}
)


def test_a_text_makes_the_moves_of_the_table_and_no_other() -> None:
    assert {(before, after) for before, after in product(M, M) if may_move(before, after)} == ALLOWED


def test_no_report_leads_back_and_what_has_ended_stays_so() -> None:
    order = [M.ACCEPTED, M.SENT, M.DELIVERED]
    assert not any(may_move(late, early) for n, late in enumerate(order) for early in order[: n + 1])
    assert not any(may_move(end, report) for end in (M.DELIVERED, M.UNDELIVERED, M.FAILED) for report in REPORTED)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("queued", M.ACCEPTED),
        ("sending", M.ACCEPTED),
        ("accepted", M.ACCEPTED),
        ("scheduled", M.ACCEPTED),
        ("sent", M.SENT),
        ("delivered", M.DELIVERED),
        ("read", M.DELIVERED),
        ("partially_delivered", M.DELIVERED),
        ("undelivered", M.UNDELIVERED),
        ("failed", M.FAILED),
        ("canceled", M.FAILED),
        ("received", None),
        ("receiving", None),
        ("", None),
        ("sms", None),
    ],
)
def test_twilio_s_words_have_their_state(word: str, state: MessageState | None) -> None:
    assert state_of(word) == state


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        ((30001, 30003, 30008, 30410, 30500), Meaning.PASSING),
        ((21211, 21614, 21635, 30006), Meaning.DEAD),
        ((30005,), Meaning.DOUBTFUL),
        ((21610,), Meaning.OPTED_OUT),
        ((20003, 21212, 21408, 21606, 21608, 21612, 21659, 30042), Meaning.SETUP),
        ((None, 0, 30004, 30007, 21617, 99999), Meaning.NOTHING),
    ],
)
def test_every_error_number_has_its_meaning(codes: tuple[int | None, ...], says: Meaning) -> None:
    assert {meaning(code) for code in codes} == {says}


def test_what_the_provider_has_may_reach_its_household_and_what_failed_or_is_unknown_is_phoned() -> None:
    assert {M.ACCEPTED, M.SENT, M.DELIVERED} == WENT_OUT
    assert {M.UNDELIVERED, M.FAILED, M.UNKNOWN, M.TO_PHONE} == NOT_TOLD


def test_both_limits_of_the_account_are_known() -> None:
    assert {60728, 63038} == LIMIT_ERRORS  # Within an hour, and within any 24 hours.


def test_each_wait_before_asking_again_is_as_long_as_all_before_and_one_day_it_ends() -> None:
    timing, asked = Timing(), []
    at = NOW + timing.ask_after
    while at:
        asked.append((at - NOW) // timedelta(minutes=1))
        at = timing.ask_again_at(NOW, now=at)
    assert asked == [1, 2, 4, 8, 16, 32, 64]


def test_nobody_is_asked_again_before_a_minute_nor_after_an_hour() -> None:
    timing = Timing()
    soon, hour = timedelta(seconds=5), timedelta(hours=1)
    assert timing.ask_again_at(NOW, now=NOW + soon) == NOW + soon + timedelta(minutes=1)
    assert timing.ask_again_at(NOW, now=NOW + hour - soon) == NOW + 2 * (hour - soon)
    assert timing.ask_again_at(NOW, now=NOW + hour) is None


@pytest.mark.parametrize(
    ("failed", "total", "alarms"), [(0, 0, False), (9, 19, False), (3, 20, False), (4, 20, True), (199, 1000, False)]
)
def test_only_a_large_share_of_many_texts_alarms(failed: int, total: int, alarms: bool) -> None:
    assert is_alarming(failed, total) == alarms


@pytest.mark.parametrize(
    ("failed", "before", "rises"),
    [
        ((2, 20), (1, 20), True),
        ((0, 20), (0, 20), False),
        ((4, 100), (0, 100), False),
        ((5, 100), (0, 100), True),
        ((15, 100), (8, 100), False),
        ((16, 100), (8, 100), True),
        ((19, 19), (0, 20), False),
        ((20, 20), (0, 19), False),
    ],
)
def test_more_texts_fail_than_before_if_the_share_doubled_and_grew_by_a_twentieth(
    failed: tuple[int, int], before: tuple[int, int], rises: bool
) -> None:
    assert is_rising(*failed, *before) == rises


@pytest.mark.parametrize(
    ("cost", "state"),
    [
        (79_999, BudgetState.FINE),
        (80_000, BudgetState.NEAR),
        (100_000, BudgetState.NEAR),
        (100_001, BudgetState.OVER),
    ],
)
def test_staff_are_warned_from_four_fifths_of_the_budget_on(cost: int, state: BudgetState) -> None:
    assert budget_state(cost, 100_000) is state


def test_without_a_budget_nothing_is_near_or_over_it() -> None:
    assert budget_state(0, 0) is budget_state(1_000_000, 0) is BudgetState.NONE
