"""The demo at a pretended time, and browsers that sign in to it, follow links and press buttons.

It knows the program by its addresses, commands, settings and tables alone, so it runs unchanged while the rest moves.
"""

import contextlib
import itertools
import json
import random
import re
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urljoin, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from benchmarks.tools.demo_day import ACCOUNTS, HOMES, MADE_OF, PASSWORD, WORDS
from benchmarks.tools.links import Forms
from kit_booking import create_app
from kit_booking.clock import machine_now, set_clock
from kit_booking.config import Settings

ADDRESS = "http://localhost"
MOST_REDIRECTS = 5


class Impossible(Exception):
    """There is no such button or row, as after a change there may not be."""


@dataclass
class Pretended:
    """What the program takes for the time and for chance."""

    now: datetime
    dice: random.Random = field(default_factory=random.Random)

    def throw(self, what: str) -> None:
        """Let chance depend on this and the time alone: what is asked before and after changes no code."""
        self.dice.seed(f"{self.now} {what}")

    @contextlib.contextmanager
    def reigning(self) -> Iterator[None]:
        chance: dict[str, Any] = {
            "choice": self.dice.choice,
            "randbelow": self.dice.randrange,
            "token_bytes": lambda size=None: self.dice.randbytes(size or 32),
        }
        set_clock(lambda: self.now.astimezone(UTC))
        try:
            with mock.patch.multiple("secrets", **chance):
                yield
        finally:
            set_clock(machine_now)


class Demo:
    """The program on a database of its own, which begins as another one is now."""

    def __init__(self, folder: Path, world: Pretended, like: "Demo | None" = None) -> None:
        own = Path(tempfile.mkdtemp(dir=folder))
        self.world, self.file, self.sms = world, own / "kits.db", own / "sms.jsonl"
        self.app = create_app(
            Settings(
                secret_key="of no use to anybody, for nothing here is real",  # noqa: S106
                database_url=f"sqlite:///{self.file}",
                sms_file=self.sms,
                public_base_url=ADDRESS,
                demo=True,
            )
        )
        if like:
            with contextlib.closing(like._connect()) as old, contextlib.closing(self._connect()) as new:
                old.backup(new)
            shutil.copy(like.sms, self.sms)
        else:
            self.run("db", "upgrade")
            self.run("demo")
            self.sms.touch()
        self.statuses: dict[str, set[int]] = like.statuses if like else defaultdict(set)
        """Of each rule of the app, in this demo and in those that began as it was."""
        self._told = len(self._texts())

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file)

    def run(self, *command: str) -> None:
        self.world.throw(" ".join(command))
        with self.app.app_context():
            done = self.app.test_cli_runner().invoke(args=command)
        assert done.exit_code == 0, (command, done.output, done.exception)

    def _texts(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.sms.read_text().splitlines()]

    def work(self) -> list[str]:
        """A round of the worker, and what it sent."""
        self.run("worker", "--once", "--as-of", self.world.now.isoformat())
        told, self._told = self._told, len(self._texts())
        return [f"{text['kind']} to {text['to']}: {text['body']}" for text in self._texts()[told:]]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        try:
            with contextlib.closing(self._connect()) as connection, connection:
                return connection.execute(statement).fetchall()
        except sqlite3.Error as problem:
            raise Impossible(f"{problem}: {statement}") from problem

    def first(self, statement: str) -> Any:
        found = self.rows(statement)
        if not found:
            raise Impossible(f"nothing is found: {statement}")
        return found[0][0]

    def __getitem__(self, word: str) -> Any:
        """What a word in braces stands for: ``code`` is the last one that was sent, all else is in a row."""
        if word != "code":
            return self.first(WORDS[word])
        codes = re.findall(r"\b\d{6}\b", " ".join(text["body"] for text in self._texts()))
        return codes[-1] if codes else "none"

    def rule(self, path: str) -> str:
        """The rule of the app that answers here; none, when what answers is that there is no such page."""
        try:
            return str(self.app.url_map.bind("localhost").match(urlsplit(path).path, return_rule=True)[0].rule)
        except HTTPException:
            return ""


def made_of_rows(demo: Demo, most: int) -> Iterator[str]:
    """So many addresses of every rule that answers GET, with arguments that exist, though not all fit together."""
    for rule in sorted(demo.app.url_map.iter_rules(), key=str):
        if "GET" not in (rule.methods or ()):
            continue
        before, parts = "", []
        for part in rule.rule.split("/"):
            argument = re.search(r"<[^>]+>", part)
            if argument is None:
                before = part
                parts.append([part])
            else:
                parts.append([part.replace(argument[0], value) for value in _values(demo, argument[0], before)])
                before += "/"
        made = ["/".join(chosen) for chosen in itertools.product(*parts)]
        yield from made if len(made) <= most else random.Random(rule.rule).sample(made, most)


def _values(demo: Demo, argument: str, before: str) -> list[str]:
    if argument.startswith("<any("):
        return argument.removeprefix("<any(").partition(")")[0].split(",")
    made_of = MADE_OF.get(before, [])
    return [str(value) for (value,) in demo.rows(made_of)] if isinstance(made_of, str) else made_of


class Reader:
    """Somebody's browser, which stands on a page; nobody's is one that has not signed in."""

    def __init__(self, demo: Demo, who: str, language: str) -> None:
        self.demo, self.who, self.language = demo, who, language
        self.client = demo.app.test_client()
        self.go(f"/language/{language}")
        if who in ACCOUNTS:
            self.go("/staff/sign-in")
            self.press("", username=ACCOUNTS[who], password=PASSWORD)
        elif who in HOMES:
            self.go("/sign-in")
            self.press("", phone=demo.first(HOMES[who]))
            demo.work()
            self.press("", code=demo["code"])
        if "sign-in" in self.path:
            raise Impossible(f"{who} can't sign in")

    def ask(self, path: str, sent: dict[str, Any] | None = None, if_none_match: str = "") -> TestResponse:
        self.demo.world.throw(f"{self.who} {path}")
        method = "GET" if sent is None else "POST"
        self.path = path
        headers = {"If-None-Match": if_none_match} if if_none_match else {}
        self.answer = self.client.open(path, method=method, data=sent, headers=headers, buffered=True)
        if method == "GET":
            self.demo.statuses[self.demo.rule(path)].add(self.answer.status_code)
        return self.answer

    def go(self, path: str) -> None:
        """And on to where the answer leads."""
        self.ask(path)
        for _ in range(MOST_REDIRECTS):
            if self.answer.location:
                self.ask(urljoin(self.path, self.answer.location))

    def press(self, action: str, **typed: Any) -> tuple[str, TestResponse]:
        """The first button of the first form whose address ends so, with this typed into its fields.

        It gives the answer and goes on to where that leads. ``*`` chooses the first of what a field offers.
        """
        for form in Forms(self.answer.text).found:
            address = urlsplit(urljoin(self.path, form.action)).path
            is_meant = address.endswith(action) if action else not urlsplit(form.action).path
            if form.method == "post" and is_meant:
                break
        else:
            raise Impossible(f"there is no button for {action} on {self.path}")
        firsts = {name: offered[0] for name, offered in form.offered.items()}
        chosen = {name: firsts.get(name, "") if value == "*" else value for name, value in typed.items()}
        answer = self.ask(urljoin(self.path, form.action), {**form.sent, **chosen})
        told = f"POST {self.path} {sorted(typed)}", answer
        if answer.location:
            self.go(urljoin(self.path, answer.location))
        return told
