"""Twilio's answers and silences, each over a real connection to a server of our own."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

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
from kit_booking.adapters.twilio_sms import TwilioSms
from kit_booking.models import MessageState

ACCOUNT = "AC" + "0" * 32
PHONE = "+84912345678"
BODY = "LIVEPX: Ma dang nhap cua ba con la 123456"
CODE = Sms(to=PHONE, body=BODY, kind="login_code", valid_for=timedelta(minutes=5))
ACCEPTED = '{"sid": "SM123", "status": "queued"}'


class FakeTwilio(ThreadingHTTPServer):
    """Answers every request the same way and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.status, self.body, self.headers = 201, ACCEPTED, dict[str, str]()
        self.is_silent = False
        self.may_end = threading.Event()

    def answers(self, status: int, body: str = "", **headers: str) -> None:
        self.status, self.body, self.headers = status, body, headers

    def refuses(self, status: int, code: int, **headers: str) -> None:
        # Twilio's own messages repeat the number.
        self.answers(status, json.dumps({"code": code, "message": f"about {PHONE}", "status": status}), **headers)


class Handler(BaseHTTPRequestHandler):
    server: FakeTwilio

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.requests.append((self.path, {k: v[0] for k, v in parse_qs(form).items()}))
        if self.server.is_silent:
            self.server.may_end.wait(10)
            return
        if self.server.status == 0:  # Hang up without a word.
            return
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(self.server.body.encode())))
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    def do_GET(self) -> None:
        self.do_POST()  # It answers everything the same way.

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.may_end.set()
        server.shutdown()
        thread.join()


def door(base: str, timeout: float = 5.0) -> TwilioSms:
    return TwilioSms(ACCOUNT, "token", sender="LIVEPX", api_base=base, timeout=timeout)


def fault(base: str, timeout: float = 5.0) -> SmsFault:
    with pytest.raises(SmsFault) as raised:
        door(base, timeout).send(CODE)
    return raised.value


def test_a_text_goes_to_the_account_from_the_sender(twilio: FakeTwilio) -> None:
    assert door(twilio.base).send(CODE).provider_id == "SM123"
    assert twilio.requests == [
        (
            f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
            {"To": PHONE, "From": "LIVEPX", "Body": BODY, "ValidityPeriod": "300"},
        )
    ]


def test_a_stand_in_may_live_under_a_path(twilio: FakeTwilio) -> None:
    door(f"{twilio.base}/twilio/").send(CODE)
    assert twilio.requests[0][0] == f"/twilio/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


def test_a_messaging_service_takes_the_place_of_the_sender(twilio: FakeTwilio) -> None:
    TwilioSms(ACCOUNT, "token", messaging_service_sid="MG1", api_base=twilio.base).send(CODE)
    [(_, form)] = twilio.requests
    assert form["MessagingServiceSid"] == "MG1"
    assert "From" not in form


@pytest.mark.parametrize("names", [{}, {"sender": "LIVEPX", "messaging_service_sid": "MG1"}])
def test_exactly_one_kind_of_sender_is_needed(names: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either"):
        TwilioSms(ACCOUNT, "token", **names)


@pytest.mark.parametrize(("valid_for", "seconds"), [(-5, "1"), (0.5, "1"), (90.7, "90"), (86_400, "36000")])
def test_the_validity_stays_within_what_twilio_takes(twilio: FakeTwilio, valid_for: float, seconds: str) -> None:
    door(twilio.base).send(Sms(PHONE, BODY, "reminder_soon", timedelta(seconds=valid_for)))
    assert twilio.requests[0][1]["ValidityPeriod"] == seconds


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, 21211, SmsProblem.BAD_NUMBER),
        (400, 21614, SmsProblem.NOT_MOBILE),
        (400, 21635, SmsProblem.NOT_MOBILE),
        (400, 21610, SmsProblem.OPTED_OUT),
        (403, 21610, SmsProblem.OPTED_OUT),
        (400, 21617, SmsProblem.BUG),
        (400, 35114, SmsProblem.BUG),
        (400, 35115, SmsProblem.BUG),
        (400, 35118, SmsProblem.BUG),
        (400, 99999, SmsProblem.BUG),
        (401, 20003, SmsMisconfigured),
        (403, 20005, SmsMisconfigured),
        (404, 20404, SmsMisconfigured),
        (403, 21408, SmsMisconfigured),
        (400, 21212, SmsMisconfigured),
        (400, 21606, SmsMisconfigured),
        (400, 21608, SmsMisconfigured),
        (400, 21612, SmsMisconfigured),
        (400, 21659, SmsMisconfigured),
        (400, 30042, SmsMisconfigured),
        (429, 20429, timedelta(seconds=30)),
        (400, 21611, timedelta(minutes=10)),
        (429, 60728, timedelta(hours=1)),
        (429, 63038, timedelta(hours=1)),
        (408, 20408, SmsUnknown),
        (500, 20500, SmsUnknown),
        (503, 20503, SmsUnknown),
        (500, 21211, SmsUnknown),
        (307, 20307, SmsUnknown),
    ],
)
def test_every_error_answer_has_its_one_meaning(
    twilio: FakeTwilio, status: int, code: int, outcome: SmsProblem | timedelta | type[SmsFault]
) -> None:
    twilio.refuses(status, code)
    met = fault(twilio.base)

    match met:
        case SmsRefused():
            assert met.problem == outcome
        case SmsDelayed():
            assert met.retry_after == outcome
        case _:
            assert type(met) is outcome
    assert met.code == code
    assert len(twilio.requests) == 1, "The adapter never tries again by itself."


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("99999", timedelta(hours=1)),
        ("0", timedelta(seconds=30)),
        ("-1", timedelta(seconds=30)),
        ("²", timedelta(seconds=30)),
        ("9" * 400, timedelta(seconds=30)),
        ("Wed, 21 Oct 2026 07:28:00 GMT", timedelta(seconds=30)),
    ],
)
def test_too_many_requests_waits_as_long_as_twilio_says(twilio: FakeTwilio, header: str, wait: timedelta) -> None:
    twilio.refuses(429, 20429, Retry_After=header)
    met = fault(twilio.base)
    assert isinstance(met, SmsDelayed)
    assert met.retry_after == wait


def test_an_error_in_the_newer_format_means_the_same(twilio: FakeTwilio) -> None:
    problem = {
        "type": "about:blank",
        "title": f"about {PHONE}",
        "status": "400",
        "code": 21211,
        "detail": BODY,
    }
    twilio.answers(400, json.dumps(problem))
    met = fault(twilio.base)
    assert isinstance(met, SmsRefused)
    assert met.problem == SmsProblem.BAD_NUMBER


@pytest.mark.parametrize(
    ("status", "outcome"), [(401, SmsMisconfigured), (429, SmsDelayed), (400, SmsRefused), (502, SmsUnknown)]
)
@pytest.mark.parametrize("body", ["", "<html>Bad gateway</html>", "null", '{"code": null}', '{"code": "x"}'])
def test_an_error_without_a_number_is_judged_by_its_status(
    twilio: FakeTwilio, status: int, outcome: type[SmsFault], body: str
) -> None:
    twilio.answers(status, body)
    assert type(fault(twilio.base)) is outcome


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>Welcome to the hotel's network</html>"),
        (201, '{"sid": "SM123"'),
        (201, ""),
        (201, "{}"),
        (201, "null"),
        (201, "[]"),
        (201, '{"sid": null}'),
        (201, '{"sid": 7}'),
        (201, '{"sid": "SM123", "date_created": 7}'),
        (0, ""),
    ],
)
def test_an_answer_that_is_not_twilios_leaves_it_unknown(twilio: FakeTwilio, status: int, body: str) -> None:
    twilio.answers(status, body)
    assert type(fault(twilio.base)) is SmsUnknown
    assert len(twilio.requests) == 1


def test_no_answer_in_time_leaves_it_unknown(twilio: FakeTwilio) -> None:
    twilio.is_silent = True
    met = fault(twilio.base, timeout=0.1)
    assert type(met) is SmsUnknown
    assert met.why == "ReadTimeout"


def test_a_refused_connection_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    met = fault(f"http://127.0.0.1:{port}")
    assert isinstance(met, SmsDelayed)
    assert met.retry_after == timedelta(seconds=30)


def test_an_unknown_host_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_host(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_host)  # Asking would leave the machine.
    met = fault("http://nowhere.invalid")
    assert isinstance(met, SmsDelayed)
    assert met.why == "NameResolutionError"


def test_a_connection_that_never_opens_sent_nothing() -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # Linux lets a few wait, then drops whoever knocks.
            knock = stack.enter_context(socket.socket())
            knock.setblocking(False)
            knock.connect_ex(full.getsockname())
        met = fault(f"http://127.0.0.1:{full.getsockname()[1]}", timeout=0.1)
    assert isinstance(met, SmsDelayed)
    assert met.why == "ConnectTimeoutError"


def test_every_text_gets_a_connection_of_its_own(twilio: FakeTwilio) -> None:
    twilio.answers(201, ACCEPTED)
    sender = door(twilio.base)
    for _ in range(3):
        assert sender.send(CODE).provider_id == "SM123"
    assert len(twilio.requests) == 3


@pytest.mark.parametrize("status", [201, 200, 400, 401, 429, 500, 0])
def test_neither_number_nor_text_nor_token_shows_in_logs_or_faults(
    twilio: FakeTwilio, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    twilio.answers(status, json.dumps({"message": f"{PHONE} {BODY}"}))
    met = fault(twilio.base)

    shown = f"{met} {met!r} {vars(met)} {CODE} {caplog.text}"
    assert "912345678" not in shown
    assert "123456" not in shown
    assert "token" not in shown
    assert "Twilio API Request" not in caplog.text, "The library's own log is off."
    assert met.__cause__ is None
    assert met.__context__ is None


SINCE = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)


def listed(*messages: dict[str, object]) -> str:
    usual = {"sid": "SM1", "to": PHONE, "body": BODY, "status": "sent", "date_created": format_datetime(SINCE)}
    return json.dumps({"messages": [usual | {"error_code": None} | message for message in messages]})


def find(base: str, *known: str, timeout: float = 5.0) -> Report | None:
    return door(base, timeout).find(PHONE, BODY, SINCE, frozenset(known))


def test_what_twilio_has_is_found_by_number_words_and_time(twilio: FakeTwilio) -> None:
    twilio.answers(
        200,
        listed(
            {"sid": "SM9", "body": "another text"},
            {"sid": "SM8"},
            {"sid": "SM7", "status": "undelivered", "error_code": 30003},
        ),
    )
    assert find(twilio.base, "SM8") == Report("SM7", MessageState.UNDELIVERED, 30003)
    path, _, query = twilio.requests[0][0].partition("?")
    assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert parse_qs(query) == {"To": [PHONE], "PageSize": ["50"]}


@pytest.mark.parametrize(
    ("created", "is_found"),
    [
        (format_datetime(SINCE - timedelta(minutes=1)), True),
        (format_datetime(SINCE - timedelta(minutes=3)), False),
        (None, True),
    ],
)
def test_clocks_may_differ_but_an_old_text_is_another_one(
    twilio: FakeTwilio, created: str | None, is_found: bool
) -> None:
    twilio.answers(200, listed({"date_created": created}))
    assert bool(find(twilio.base)) == is_found


@pytest.mark.parametrize("body", [f"Sent from a trial account - {BODY}", "", None])
def test_words_that_the_account_puts_before_ours_or_hides_are_taken_for_them(
    twilio: FakeTwilio, body: str | None
) -> None:
    twilio.answers(200, listed({"sid": "SM5", "body": "another text"}, {"sid": "SM6", "body": body}))
    assert find(twilio.base) == Report("SM6", MessageState.SENT)
    assert find(twilio.base, "SM6") is None, "known to be another one"


def test_of_two_that_might_be_it_none_is_taken(twilio: FakeTwilio) -> None:
    twilio.answers(200, listed({"sid": "SM5", "body": ""}, {"sid": "SM6", "body": f"Trial: {BODY}"}))
    with pytest.raises(SmsUnknown):
        find(twilio.base)
    assert find(twilio.base, "SM5") == Report("SM6", MessageState.SENT)


def test_our_own_words_go_before_hidden_ones(twilio: FakeTwilio) -> None:
    twilio.answers(200, listed({"sid": "SM5", "body": ""}, {"sid": "SM6"}))
    assert find(twilio.base) == Report("SM6", MessageState.SENT)


def test_hidden_words_of_a_later_text_are_not_taken(twilio: FakeTwilio) -> None:
    later = format_datetime(SINCE + timedelta(minutes=3))
    twilio.answers(200, listed({"sid": "SM5", "body": "", "date_created": later}))
    assert find(twilio.base) is None


def test_a_text_that_twilio_does_not_have_is_not_found(twilio: FakeTwilio) -> None:
    twilio.answers(200, listed())
    assert find(twilio.base) is None


@pytest.mark.parametrize(
    ("status", "body"), [(500, ""), (401, '{"code": 20003}'), (429, ""), (200, "<html>"), (200, "{}"), (0, "")]
)
def test_whether_twilio_has_it_stays_open_when_it_can_t_be_asked(
    twilio: FakeTwilio, status: int, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    twilio.answers(status, body)
    with pytest.raises(SmsFault) as raised:
        find(twilio.base)
    assert "912345678" not in f"{raised.value!r} {caplog.text}"


def test_each_try_has_its_own_address_for_reports(twilio: FakeTwilio) -> None:
    base = "https://lich.example.vn/hooks/twilio/status"
    sender = TwilioSms(ACCOUNT, "token", sender="LIVEPX", api_base=twilio.base, status_callback=base)
    sender.send(replace(CODE, ref="17-2"))
    assert twilio.requests[0][1]["StatusCallback"] == f"{base}?m=17-2"


def test_the_account_and_its_clock_can_be_looked_at(twilio: FakeTwilio) -> None:
    twilio.answers(200, json.dumps({"sid": ACCOUNT, "status": "suspended"}))
    status, at = door(twilio.base).check_account()
    assert status == "suspended"
    assert at
    assert at.tzinfo
    twilio.refuses(401, 20003)
    with pytest.raises(SmsMisconfigured):
        door(twilio.base).check_account()
