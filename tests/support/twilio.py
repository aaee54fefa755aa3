"""A stand-in for Twilio on this machine: it misbehaves on command and keeps a ledger of what it took."""

import json
import random
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from twilio.request_validator import RequestValidator

from kit_booking.clock import utc_now

ACCOUNT, TOKEN = "AC" + "0" * 32, "a token"


class Mood(StrEnum):
    """How a request to send is answered."""

    GOOD = "good"
    SLOW = "slow"
    """It takes the text and answers late, yet in time."""
    SILENT = "silent"
    """It takes the text and never answers."""
    BUSY = "busy"
    """429; it takes nothing."""
    BROKEN_AFTER = "broken after"
    """It takes the text and answers 500."""
    BROKEN_BEFORE = "broken before"
    CUT_AFTER = "cut after"
    """It takes the text and hangs up without a word."""
    CUT_BEFORE = "cut before"


TAKES = frozenset({Mood.GOOD, Mood.SLOW, Mood.SILENT, Mood.BROKEN_AFTER, Mood.CUT_AFTER})


@dataclass(frozen=True)
class Taken:
    """A line of the ledger: a text that Twilio has, and that costs money."""

    sid: str
    to: str
    body: str
    mood: Mood
    at: float
    """Seconds of the epoch."""
    callback: str
    status: list[str] = field(default_factory=lambda: ["queued"])


@dataclass
class Ending:
    """What is reported of a text, in this order."""

    statuses: tuple[str, ...] = ("sent", "delivered")
    error_code: str = ""


class Twilio(ThreadingHTTPServer):
    """Takes texts as `mood_of` says, tells of them as `may_be_asked` says, reports as `ending_of` says.

    These are given the number, and how often it came before.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ledger: list[Taken] = []
        self.requests: list[Mood] = []
        self.asked = 0
        self.patience = 0.3
        """Seconds that a slow answer takes."""
        self.may_end = threading.Event()
        self.lock = threading.Lock()
        self._seen: Counter[str] = Counter()
        self.mood_of: Callable[[str, int], Mood] = lambda _to, _before: Mood.GOOD
        self.may_be_asked: Callable[[str], bool] = lambda _to: True
        self.ending_of: Callable[[str, int], Ending | None] = lambda _to, _before: None
        self.reports: Queue[tuple[Taken, str, str]] = Queue()
        self.answers: Counter[int] = Counter()
        """What our own pages said to its reports."""

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a command that sends through it."""
        return {
            "SMS_BACKEND": "twilio",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_SENDER": "LIVEPX",
            "TWILIO_API_BASE": f"http://127.0.0.1:{self.server_port}",
        }

    def take(self, form: dict[str, str]) -> tuple[Mood, Taken | None]:
        to = form["To"]
        with self.lock:
            before = self._seen[to]
            self._seen[to] += 1
            mood = self.mood_of(to, before)
            self.requests.append(mood)
            if mood not in TAKES:
                return mood, None
            sid = f"SM{len(self.ledger) + 1:032x}"
            taken = Taken(sid, to, form["Body"], mood, utc_now().timestamp(), form.get("StatusCallback", ""))
            self.ledger.append(taken)
        ending = self.ending_of(to, before)
        if ending and taken.callback:
            for status in ending.statuses:
                self.reports.put((taken, status, ending.error_code))
        return mood, taken

    def report_all(self) -> None:
        """Send the reports that wait, signed as Twilio signs them."""
        opener = build_opener(ProxyHandler({}))
        while not self.may_end.is_set():
            try:
                taken, status, code = self.reports.get(timeout=0.05)
            except Empty:
                continue
            taken.status[0] = status
            form = {"MessageSid": taken.sid, "MessageStatus": status, "To": taken.to}
            if code and status in ("undelivered", "failed"):
                form["ErrorCode"] = code
            signature = RequestValidator(TOKEN).compute_signature(taken.callback, form)
            request = Request(taken.callback, urlencode(form).encode(), {"X-Twilio-Signature": signature})  # noqa: S310
            try:
                with opener.open(request, timeout=20) as answer:
                    self.answers[answer.status] += 1
            except HTTPError as error:
                with error:
                    self.answers[error.code] += 1
            except (URLError, OSError):
                self.answers[0] += 1
            self.reports.task_done()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever is killed hangs up."""


class Handler(BaseHTTPRequestHandler):
    server: Twilio
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        text = self.rfile.read(length)
        if len(text) < length or not self._is_known():
            return
        mood, taken = self.server.take({name: values[0] for name, values in parse_qs(text.decode()).items()})
        match mood:
            case Mood.SILENT:
                self.server.may_end.wait(30)
                self.close_connection = True
            case Mood.CUT_AFTER | Mood.CUT_BEFORE:
                self.close_connection = True
            case Mood.BUSY:
                self._answer(429, {"code": 20429, "message": "Too Many Requests", "status": 429}, retry_after="1")
            case Mood.BROKEN_AFTER | Mood.BROKEN_BEFORE:
                self._answer(500, {"code": 20500, "message": "Internal Server Error", "status": 500})
            case _:
                if mood is Mood.SLOW:
                    time.sleep(self.server.patience)
                assert taken
                self._answer(201, self._shown(taken))

    def do_GET(self) -> None:
        """The list of what it took for one number, newest first; or the account."""
        if not self._is_known():
            return
        url = urlsplit(self.path)
        if not url.path.endswith("/Messages.json"):
            self._answer(200, {"sid": ACCOUNT, "status": "active"})
            return
        to = parse_qs(url.query)["To"][0]
        with self.server.lock:
            self.server.asked += 1
            found = [taken for taken in reversed(self.server.ledger) if taken.to == to]
        if self.server.may_be_asked(to):
            self._answer(200, {"messages": [self._shown(taken) for taken in found], "next_page_uri": None})
        else:
            self._answer(500, {"code": 20500, "message": "Internal Server Error", "status": 500})

    def _is_known(self) -> bool:
        expected = b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if self.headers["Authorization"] == f"Basic {expected}":
            return True
        self._answer(401, {"code": 20003, "message": "Authenticate", "status": 401})
        return False

    def _shown(self, taken: Taken) -> dict[str, object]:
        at = format_datetime(utc_now().fromtimestamp(taken.at, utc_now().tzinfo))
        shown = {"sid": taken.sid, "to": taken.to, "body": taken.body, "status": taken.status[0]}
        return shown | {"date_created": at, "date_sent": None, "error_code": None}

    def _answer(self, status: int, body: dict[str, object], retry_after: str = "") -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def running() -> Iterator[Twilio]:
    with Twilio() as server:
        threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}),
            threading.Thread(target=server.report_all),
        ]
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            server.may_end.set()
            server.shutdown()
            for thread in threads:
                thread.join()


def dice(seed: int, weights: dict[Mood, int]) -> Callable[[str, int], Mood]:
    """Moods by chance, the same ones for the same seed and order; whoever was refused often is served in the end."""
    chance = random.Random(seed)  # noqa: S311 (nothing here is secret)

    def mood_of(_to: str, before: int) -> Mood:
        return Mood.GOOD if before >= 4 else chance.choices(list(weights), list(weights.values()))[0]

    return mood_of
