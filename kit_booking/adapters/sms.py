"""The interface to SMS providers: what is sent, and every way in which sending can end.

`send` returns a report or raises one of four faults. They differ in what the outbox does next:

    Report            taken over by the phone network      accepted
    SmsRefused        not sent, and never will be          failed; somebody phones
    SmsDelayed        not sent, the way is closed now      queued again; nobody's goes before `retry_after`
    SmsMisconfigured  not sent, until a person repairs it  queued again; the operator is alarmed
    SmsUnknown        nobody can tell whether it was sent  unknown; `find` is asked before it is sent again
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from kit_booking.domain.messages.delivery import MessageState


@dataclass(frozen=True)
class Sms:
    """One text for one phone; `to` is E.164. Its repr shows neither, so no log can."""

    to: str = field(repr=False)
    body: str = field(repr=False)
    kind: str
    valid_for: timedelta
    ref: str = ""
    """Our own name for this try, which comes back with the provider's reports."""


@dataclass(frozen=True)
class Report:
    """What the provider says of a text that it has, under the provider's own name for it."""

    provider_id: str
    state: MessageState = MessageState.ACCEPTED
    error_code: int | None = None


class SmsSender(Protocol):
    def send(self, sms: Sms) -> Report:
        """Hand over one text, once, without trying again; raises an SmsFault."""

    def find(self, to: str, body: str, since: datetime, known: frozenset[str]) -> Report | None:
        """The text of this body that the provider took for this number since then, if it took one.

        Not one of those whose names are ``known`` already. Raises an SmsFault when it can't be asked.
        """


class SmsFault(Exception):
    """No report. `why` and `code` (the provider's number) never hold a phone number or a text."""

    def __init__(self, why: str, code: int | None = None) -> None:
        super().__init__(why if code is None else f"{why} (code {code})")
        self.why = why
        self.code = code


class SmsProblem(StrEnum):
    BAD_NUMBER = "bad_number"
    NOT_MOBILE = "not_mobile"
    OPTED_OUT = "opted_out"
    BUG = "bug"  # Ours: the provider did not like the message, whoever it was for.


class SmsRefused(SmsFault):
    def __init__(self, problem: SmsProblem, code: int | None = None) -> None:
        super().__init__(problem, code)
        self.problem = problem


class SmsDelayed(SmsFault):
    def __init__(self, why: str, code: int | None = None, *, retry_after: timedelta) -> None:
        super().__init__(why, code)
        self.retry_after = retry_after


class SmsMisconfigured(SmsFault):
    pass


class SmsUnknown(SmsFault):
    pass
