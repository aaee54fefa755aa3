"""What becomes of a text: its states and their moves, what the provider's reports mean, when to ask and to retry."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    """The provider has it."""
    SENT = "sent"
    """An operator has it; Vietnam's operators promise no more (Twilio's guidelines for Vietnam)."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may or may not have been sent; it is never sent again blindly."""
    SKIPPED = "skipped"
    """It was no longer true, or no longer useful, when its turn came."""
    TO_PHONE = "to_phone"
    """Its household gets no texts: staff say it by phone."""


M = MessageState

REPORTS = (M.ACCEPTED, M.SENT, M.DELIVERED, M.UNDELIVERED, M.FAILED)
"""What a provider can say of a text that it has."""

MOVES: dict[MessageState, frozenset[MessageState]] = {
    M.QUEUED: frozenset({M.SENDING, M.SKIPPED, M.TO_PHONE}),
    # A report may overtake the answer; what was surely not sent goes back into the queue.
    M.SENDING: frozenset({M.QUEUED, M.UNKNOWN, *REPORTS}),
    M.UNKNOWN: frozenset({M.QUEUED, M.SKIPPED, *REPORTS}),
    M.ACCEPTED: frozenset({M.SENT, M.DELIVERED, M.UNDELIVERED, M.FAILED}),
    M.SENT: frozenset({M.DELIVERED, M.UNDELIVERED, M.FAILED}),
    M.UNDELIVERED: frozenset({M.QUEUED}),
    M.FAILED: frozenset({M.QUEUED}),
}
"""All others are final."""

WENT_OUT = frozenset({M.ACCEPTED, M.SENT, M.DELIVERED})
NOT_TOLD = frozenset({M.UNDELIVERED, M.FAILED, M.UNKNOWN, M.TO_PHONE})
"""The person may not know, and is phoned."""


def may_move(from_state: MessageState, to_state: MessageState) -> bool:
    return to_state in MOVES.get(from_state, frozenset())


# Twilio's words (its Message resource, "status") for the states they come to.
_STATE_OF = {
    **dict.fromkeys(("queued", "accepted", "scheduled", "sending"), M.ACCEPTED),
    **dict.fromkeys(("sent",), M.SENT),
    **dict.fromkeys(("delivered", "read", "partially_delivered"), M.DELIVERED),
    "undelivered": M.UNDELIVERED,
    **dict.fromkeys(("failed", "canceled"), M.FAILED),
}


def state_of(status: str) -> MessageState | None:
    """The state that a provider's word means; None for a word that says nothing of sending."""
    return _STATE_OF.get(status)


class Meaning(StrEnum):
    """What a reported error number says beyond this one text."""

    NOTHING = "nothing"
    PASSING = "passing"
    """It may work in a while: one try more, if the text is still useful then."""
    DEAD = "dead"
    """No text will ever reach this number."""
    DOUBTFUL = "doubtful"
    """The same when it happens again."""
    OPTED_OUT = "opted_out"
    SETUP = "setup"
    """No text of anybody can go out until a person repairs something."""


SETUP_ERRORS = frozenset({
    20003,  # wrong credentials
    21212, 21606, 21612, 21659, 30042,  # the sender is not ours, not registered, or not allowed in Vietnam
    21408,  # the country is not enabled
    21608,  # a trial account
})  # fmt: skip
LIMIT_ERRORS = frozenset({60728, 63038})
"""The account has sent what it may within an hour, or within any 24 hours."""
FILTERED = 30007
"""An operator did not like the text or its sender. The share of these is watched; each is shown to staff."""

_MEANING = {
    **dict.fromkeys((30001, 30003, 30008, 30410, 30500), Meaning.PASSING),
    **dict.fromkeys((21211, 21614, 21635, 30006), Meaning.DEAD),
    30005: Meaning.DOUBTFUL,
    21610: Meaning.OPTED_OUT,
    **dict.fromkeys(SETUP_ERRORS, Meaning.SETUP),
}


def meaning(error_code: int | None) -> Meaning:
    """Of Twilio's error number (https://www.twilio.com/docs/api/errors)."""
    return _MEANING.get(error_code or 0, Meaning.NOTHING)


@dataclass(frozen=True)
class Timing:
    """The waiting times of the outbox; tests shorten them."""

    lease: timedelta = timedelta(minutes=2)
    """How long a claimed text belongs to its worker; much longer than the time-out of sending it."""
    ask_after: timedelta = timedelta(minutes=1)
    """So long after an unknown text was tried the provider is asked whether it has it."""
    retry_after: timedelta = timedelta(minutes=15)
    """When a text that did not reach a phone for a passing reason is sent once more."""
    repair: timedelta = timedelta(minutes=5)
    """How long the sender waits before it tries whether somebody has repaired it."""

    @property
    def longest_lookup(self) -> timedelta:
        """Later than this after the try nobody is asked any more: the text stays unknown."""
        return 60 * self.ask_after

    def ask_again_at(self, tried_at: datetime, *, now: datetime) -> datetime | None:
        """When to ask again after nobody could be asked: each wait is as long as all before; None: never."""
        waited = max(now - tried_at, self.ask_after)
        return now + waited if waited < self.longest_lookup else None


ENOUGH = 20
"""Of fewer texts a share says nothing."""
ALARMING = 0.2


def is_alarming(failed: int, total: int) -> bool:
    """Whether so many texts fail that something other than single phones must be wrong."""
    return total >= ENOUGH and failed / total >= ALARMING


def is_rising(failed: int, total: int, failed_before: int, total_before: int) -> bool:
    """Whether clearly more texts fail than in the time before."""
    if total < ENOUGH or total_before < ENOUGH:
        return False
    share, before = failed / total, failed_before / total_before
    return share - before >= 0.05 and share >= 2 * before


class BudgetState(StrEnum):
    NONE = "none"
    FINE = "fine"
    NEAR = "near"
    OVER = "over"


NEAR_BUDGET = 0.8


def budget_state(cost: int, budget: int) -> BudgetState:
    """How a month's cost stands to what was meant to be spent; both in đồng, 0 means that nothing was set."""
    if not budget:
        return BudgetState.NONE
    if cost > budget:
        return BudgetState.OVER
    return BudgetState.NEAR if cost >= NEAR_BUDGET * budget else BudgetState.FINE
