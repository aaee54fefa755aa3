"""Every route there is, asked with odd addresses and odd forms by four kinds of readers: never a failure.

The routes come from the table of who may open what, which lacks none, and the fields from the pages' own forms.
What is sent is random, but the same in every run: ``SEED`` is part of each failure's words.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from urllib.parse import quote, urlencode, urlsplit

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from kit_booking.models import Household, Staff
from tests.support.builders import csrf_token
from tests.support.town import NUMBER, Browser, Town
from tests.web.test_authorisation import TABLE
from tests.web.test_odd_input import ODD, answers_well

SEED = 20261124
READERS = ("anonymous", "owner", "clerk", "operator")
TIMES = 2
"""How often each page is asked and each form sent by each reader, each time with something else wrong with it."""

VALUES = [
    *ODD,
    "x" * 10_000,
    "ạ" * 3_000,
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "\x7f\x1b[31m",
    "1",
    "+84912345678",
    "0912 345 678",
    "2147483648",
    "-2147483649",
    "9223372036854775808",
    "1e9",
    "NaN",
    "٣",
    "²",
    "2026-12-05",
    "9999-12-31T23:59:59+00:00",
    "0001-01-01T00:00:00-14:00",
    "24:00",
    "23:59",
    "on",
    "*",
    "*phuong-duc",
    "*dai-xuyen",
    "PD-1",
    "DX-1",
    "PD-1/2026-12-05/toi",
    "/kits/DX-1/9999-12-31/toi",
    "PD001 PD-2",
    "a\0/2026-12-05/toi",
    "/kits/a\0/2026-12-05/toi",
    "PD-1 9999-12-31T23:59:59+00:00",
    "2026-12-05T17:00:00+00:00",
    "2026-12",
    "9999-12",
    "1 1",
    "2026-11-24T00:00:00+00:00 99999999999",
    "//evil.example",
    "//[",
    "/\t/[",
    "http://[",
]
FILES = [
    b"",
    b"\xff\xd8\xff\xe0" + b"\0" * 40,
    b"PK\x03\x04" + b"\0" * 60,
    b"\x89PNG\r\n\x1a\n" + b"\0" * 30,
    b"\xff\xfe\x00",
    b"a,b\n" * 3,
    "Tên chủ hộ,Thôn,Nghề\n\0,\0,\0\n".encode(),
    "Tên chủ hộ,Thôn,Nghề,Ngày,Buổi\nA,B,C,31/12/9999,tối\n".encode(),
]
NAMES = ["x.csv", "x.xlsx", "x.jpg", "", "../../etc/passwd", 'a"\r\nX: y.csv', "ạ" * 300 + ".csv"]
QUERY = ("q", "next", "page", "after", "before", "month", "state", "of", "names", "kit", "reason", "commune", "from")
QUERY += ("until", "action", "staff", "booking", "with", "to", "new", "province", "v")


@dataclass
class Forms(HTMLParser):
    """The fields of every form of a page that changes something, by the path that it is sent to."""

    here: str
    found: dict[str, dict[str, str]] = field(default_factory=dict)
    _fields: dict[str, str] | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            path = urlsplit(told.get("action", "")).path or self.here
            is_post = told.get("method", "").lower() == "post"
            self._fields = self.found.setdefault(path, {}) if is_post else None
        elif self._fields is not None and told.get("name"):
            self._fields.setdefault(told["name"], told.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None


def forms_of(app: Flask, browser: Browser, path: str, page: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The rule and the fields of each form of the page."""
    parser = Forms(path)
    parser.feed(page)
    for action, fields in parser.found.items():
        try:
            rule, _values = app.url_map.bind("localhost").match(action, "POST", return_rule=True)
        except HTTPException:
            continue
        yield rule.rule, fields


def the_dice(reader: str) -> random.Random:
    return random.Random(f"{SEED} {reader}")  # noqa: S311 (It guesses what people type, no secrets.)


def is_answer(answer: TestResponse) -> bool:
    """Anything but a failure."""
    return answers_well(answer.status_code) or answer.status_code in (204, 403)


def odd_path(rule: Rule, town: Town, dice: random.Random) -> str:
    """An address of this route whose every changing piece is odd, or belongs to another commune."""
    odd = [*VALUES, "1", "2", "phuong-duc", "dai-xuyen", "PD-1", "DX-1", "toi", "plan", "office"]
    return "".join(
        quote(dice.choice(odd), safe="") if is_piece else text for is_piece, text in rule._trace
    ).removeprefix("|")


def spoilt(fields: dict[str, str], dice: random.Random) -> MultiDict[str, object]:
    """The form as it would be sent, with some fields odd, missing or there twice."""
    names, sent = list(fields), MultiDict[str, object]()
    wrong = set(dice.sample(names, min(len(names), dice.choice((1, 1, 2, 5, 99)))))
    for name, usual in fields.items():
        if name not in wrong:
            sent.add(name, usual)
            continue
        match dice.randrange(6):
            case 0:
                continue
            case 1:
                sent.add(name, dice.choice(VALUES))
                sent.add(name, dice.choice(VALUES))
            case 2:
                sent.add(name, (BytesIO(dice.choice(FILES)), dice.choice(NAMES)))
            case _:
                sent.add(name, dice.choice(VALUES))
    if dice.random() < 0.2:
        sent.add(dice.choice(VALUES) or "x", dice.choice(VALUES))
    return sent


@pytest.mark.parametrize("reader", READERS)
def test_whatever_is_sent_to_any_route_gets_an_answer(town: Town, reader: str) -> None:
    dice, who = the_dice(reader), getattr(town, reader, None)
    forms = fields_of_forms(town, who)
    for (method, rule), row in TABLE.items():
        if method != "POST":
            continue
        for _ in range(TIMES):
            browser, path = town.browser(who), row.path(town)
            with browser.client.session_transaction() as session:
                session["code_for"], session["verified"] = NUMBER, [NUMBER, 2**40]
            sent = spoilt({"next": "", "version": "", **forms.get(rule, {}), **row.fields}, dice)
            sent["csrf_token"] = csrf_token(browser.client)
            query, said = dice.choice(("", odd_query(dice))), repr(sent)[:2000]
            answer = browser.client.post(path + query, data=sent, buffered=True)
            assert is_answer(answer), (SEED, path, query, said, answer.status_code)


@pytest.mark.parametrize("reader", READERS)
def test_whatever_is_asked_of_any_page_gets_an_answer(town: Town, reader: str) -> None:
    dice, browser = the_dice(reader), town.browser(getattr(town, reader, None))
    for (method, rule), row in TABLE.items():
        if method == "GET" and not rule.startswith("/static"):
            path = row.path(town)
            for _ in range(TIMES):
                query = odd_query(dice)
                answer = browser.get(path + query)
                assert is_answer(answer), (SEED, path, query, answer.status_code)


def odd_query(dice: random.Random) -> str:
    """All questions that some page knows, with the same odd words or each with others."""
    same = dice.choice((None, dice.choice(VALUES)))
    return "?" + urlencode({name: dice.choice(VALUES) if same is None else same for name in QUERY})


def fields_of_forms(town: Town, who: Household | Staff | None) -> dict[str, dict[str, str]]:
    """By rule, the fields that the pages' own forms send there."""
    found: dict[str, dict[str, str]] = {}
    for browser in (town.browser(), town.browser(who)):
        for (method, _rule), row in TABLE.items():
            if method == "GET" and not (path := row.path(town)).startswith(("/static", "/demo")):
                answer = browser.get(path)
                if answer.mimetype == "text/html" and answer.status_code == 200:
                    for rule, fields in forms_of(town.app, browser, path, answer.text):
                        found.setdefault(rule, {}).update(fields)
    return found


@pytest.mark.parametrize("reader", READERS)
def test_whatever_stands_in_any_address_gets_an_answer(town: Town, reader: str) -> None:
    dice, browser = the_dice(reader), town.browser(getattr(town, reader, None))
    town.message()
    town.entry()
    for rule in town.app.url_map.iter_rules():
        if not rule.arguments or rule.rule.startswith("/static"):
            continue
        for _ in range(TIMES):
            path = odd_path(rule, town, dice)
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            answer = browser.get(path) if method == "GET" else browser.post(path, {"reason": "x", "to": "x"})
            assert is_answer(answer), (SEED, method, path, answer.status_code)
