"""The states of a text: every move that is allowed and every other one; what reports mean; when to ask."""

from datetime import timedelta
from itertools import product

import pytest

from kit_booking.domain.delivery import Meaning, MessageState, Timing, is_alarming, may_move, meaning, state_of
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


@pytest.mark.parametrize(("before", "after"), list(product(M, M)))
def test_a_text_makes_the_moves_of_the_table_and_no_other(before: MessageState, after: MessageState) -> None:
    assert may_move(before, after) == ((before, after) in ALLOWED)


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


def test_each_wait_before_asking_again_is_as_long_as_all_before_and_one_day_it_ends() -> None:
    timing, asked = Timing(), []
    at = NOW + timing.ask_after
    while at:
        asked.append((at - NOW) // timedelta(minutes=1))
        at = timing.ask_again_at(NOW, now=at)
    assert asked == [1, 2, 4, 8, 16, 32, 64]


@pytest.mark.parametrize(
    ("failed", "total", "alarms"), [(0, 0, False), (9, 19, False), (3, 20, False), (4, 20, True), (199, 1000, False)]
)
def test_only_a_large_share_of_many_texts_alarms(failed: int, total: int, alarms: bool) -> None:
    assert is_alarming(failed, total) == alarms
