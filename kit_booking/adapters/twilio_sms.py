"""Texts that go to real phones, through Twilio; every answer and every silence gets its one meaning."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from requests import RequestException
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, ProxyError

from kit_booking.adapters.sms import (
    Report,
    Sms,
    SmsDelayed,
    SmsFault,
    SmsMisconfigured,
    SmsProblem,
    SmsRefused,
    SmsUnknown,
)
from kit_booking.domain.messages.delivery import SETUP_ERRORS, MessageState, state_of

T = TypeVar("T")

# Twilio's error numbers: https://www.twilio.com/docs/api/errors
REFUSED = {
    21211: SmsProblem.BAD_NUMBER,
    21610: SmsProblem.OPTED_OUT,
    21614: SmsProblem.NOT_MOBILE,
    21635: SmsProblem.NOT_MOBILE,
}
DELAYED = {
    20429: timedelta(seconds=30),  # too many requests; Twilio mostly says how long to wait
    21611: timedelta(minutes=10),  # the sender's queue is full
    60728: timedelta(hours=1),  # the account's limit for an hour
    63038: timedelta(hours=1),  # the account's limit for any 24 hours, so it may open again at any time
}
CLOSED_ACCOUNT = {401, 403, 404}  # Not this message but the account is unknown, suspended or mistyped.
UNREACHABLE = timedelta(seconds=30)
SKEW = timedelta(minutes=2)  # Twilio's clock and ours may differ by so much.
LOOKED_THROUGH = 50  # The newest texts to one number; nobody gets as many within an hour.
LONGEST_WAIT = timedelta(hours=1)  # Whatever Retry-After says.
LONGEST_VALIDITY = timedelta(hours=10)  # Twilio takes 1 to 36,000 seconds.

# At INFO the library logs address, parameters and headers of every request; from WARNING on, nothing.
_quiet = logging.getLogger("kit_booking.twilio")
_quiet.setLevel(logging.WARNING)
# At DEBUG this one logs addresses, and asking after a text has the number in it.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class TwilioSms:
    """Sends through one account, from `sender` or a messaging service; use one per thread.

    `api_base` is a stand-in for https://api.twilio.com. `status_callback` is where Twilio reports what became
    of a text; empty: nowhere. `timeout` counts in seconds, once for connecting and once for each wait for the
    answer.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        *,
        sender: str = "",
        messaging_service_sid: str = "",
        api_base: str = "",
        status_callback: str = "",
        timeout: float = 10.0,
    ) -> None:
        if bool(sender) == bool(messaging_service_sid):
            raise ValueError("Give either a sender or a messaging service.")
        self._from = {"from_": sender} if sender else {"messaging_service_sid": messaging_service_sid}
        self._status_callback = status_callback
        self._http = _Http(api_base, timeout)
        self._longest_try = timedelta(seconds=2 * timeout)
        self._client = Client(account_sid, auth_token, http_client=self._http)

    def send(self, sms: Sms) -> Report:
        validity = min(max(sms.valid_for, timedelta(seconds=1)), LONGEST_VALIDITY)
        options: dict[str, Any] = {"validity_period": int(validity.total_seconds()), **self._from}
        if self._status_callback and sms.ref:
            options["status_callback"] = f"{self._status_callback}?m={sms.ref}"
        message = self._ask(lambda: self._client.messages.create(to=sms.to, body=sms.body, **options))
        if not (isinstance(message.sid, str) and message.sid):
            raise SmsUnknown("an answer without a message id")
        return Report(message.sid)

    def find(self, to: str, body: str, since: datetime, known: frozenset[str]) -> Report | None:
        """An account may put words before ours, or hide them: then the only text of these seconds is taken for it.

        Raises ``SmsUnknown`` when two might be it.
        """
        newest = {"limit": LOOKED_THROUGH, "page_size": LOOKED_THROUGH}
        # Their own filter goes by when a text was sent, which one that still waits there was not.
        others = [
            message
            for message in self._ask(lambda: self._client.messages.list(to=to, **newest))
            if message.sid and message.sid not in known and (message.date_created or since) >= since - SKEW
        ]
        found = [message for message in others if message.body == body][:1]
        if not found:
            until = since + self._longest_try + SKEW
            found = [
                message
                for message in others
                if (message.date_created or since) <= until and (not message.body or message.body.endswith(body))
            ]
        if len(found) > 1:
            raise SmsUnknown("two texts might be it")
        return next((self._report(message) for message in found), None)

    @staticmethod
    def _report(message: Any) -> Report:
        return Report(message.sid, state_of(message.status or "") or MessageState.ACCEPTED, message.error_code)

    def check_account(self) -> tuple[str, datetime | None]:
        """The account's own status and Twilio's clock; raises an SmsFault."""
        account = self._ask(lambda: self._client.api.v2010.accounts(self._client.username).fetch())
        return str(account.status), _instant(self._http.headers.get("Date", ""))

    def _ask(self, call: Callable[[], T]) -> T:
        """What the library answers; raises the SmsFault that its error means."""
        fault: SmsFault
        try:
            return call()
        except TwilioException as error:
            retry_after = _wait(self._http.headers.get("Retry-After", ""))
            fault = _meaning(self._http.status, getattr(error, "code", None), retry_after)
        except RequestException as error:
            fault = _silence(error)
        except Exception as error:  # The library stumbled over an answer that is not Twilio's.
            fault = SmsUnknown(f"unreadable answer: {type(error).__name__}")
        # Raised out here, it carries no cause: the library's errors hold the request with its text.
        raise fault


def is_signed_by_twilio(auth_token: str, url: str, form: Any, signature: str) -> bool:
    """Whether Twilio signed this request to exactly this public address (its page "Webhooks Security")."""
    return bool(auth_token and signature) and bool(RequestValidator(auth_token).validate(url, form, signature))


def report_of(provider_id: str, status: str, error_code: str) -> Report | None:
    """What a status callback says; None when it says nothing of sending."""
    state = state_of(status)
    if not (provider_id and state):
        return None
    is_code = error_code.isascii() and error_code.isdecimal() and len(error_code) < 9
    return Report(provider_id, state, int(error_code) if is_code else None)


def _meaning(status: int, code: object, retry_after: timedelta | None) -> SmsFault:
    """What an error answer means. All of 4xx say that nothing was sent; 5xx don't (Twilio on 20500)."""
    number = code if isinstance(code, int) else status
    if not 400 <= status < 500 or status == 408:
        return SmsUnknown(f"HTTP {status}", number)
    if status == 429 or number in DELAYED:
        wait = retry_after or DELAYED.get(number, DELAYED[20429])
        return SmsDelayed(f"HTTP {status}", number, retry_after=wait)
    if number in REFUSED:
        return SmsRefused(REFUSED[number], number)
    if number in SETUP_ERRORS or status in CLOSED_ACCOUNT:
        return SmsMisconfigured(f"HTTP {status}", number)
    return SmsRefused(SmsProblem.BUG, number)


def _silence(error: RequestException) -> SmsFault:
    """What no answer means: if the connection never opened, Twilio can't have read the message."""
    # A refused connection and an unknown host are kinds of ConnectTimeoutError to urllib3.
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, ConnectTimeoutError | ProxyError):
        return SmsDelayed(type(reason).__name__, retry_after=UNREACHABLE)
    return SmsUnknown(type(error).__name__)


class _Http:
    """Twilio's HTTP client, with three things it lacks: another address, a time-out, the answer's headers."""

    is_async = False

    def __init__(self, base: str, timeout: float) -> None:
        self._base = urlsplit(base)
        self._inner = TwilioHttpClient(timeout=timeout, logger=_quiet)
        self.status = 0
        self.headers: Mapping[str, str] = {}

    def request(self, method: str, url: str, *, headers: dict[str, str], **options: Any) -> Any:
        if self._base.netloc:
            path = self._base.path.rstrip("/") + urlsplit(url).path
            url = urlunsplit((self._base.scheme, self._base.netloc, path, urlsplit(url).query, ""))
        # A kept connection may be closed by Twilio just when the next message, minutes later, is
        # written to it; then nobody could tell whether that was sent. Each message gets its own.
        headers = {**headers, "Connection": "close"}
        self.status, self.headers = 0, {}
        response = self._inner.request(method, url, headers=headers, **options)
        self.status, self.headers = response.status_code, response.headers
        return response


def _instant(header: str) -> datetime | None:
    try:
        sent_at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return sent_at if sent_at.tzinfo else None


def _wait(header: str) -> timedelta | None:
    """A Retry-After in seconds (Twilio sends no dates); None for anything else."""
    seconds = int(header) if header.isdecimal() and len(header) < 9 else 0
    return min(timedelta(seconds=seconds), LONGEST_WAIT) if seconds else None
