"""What other people's calendar programs make of our feeds."""

import atexit
import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from kit_booking.domain.time.local_time import ZONE
from tests.support.server import serving

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
KHAL_COLUMNS = ("calendar", "title", "start-long", "end-long", "status", "location")


def libical_errors(feed: bytes) -> list[str]:
    """What the strictest reader found has against the feed; nothing if it is valid.

    It lets a missing UID or DTSTAMP pass, so a feed is shown to the other readers, too.
    """
    return _run([_libical_check()], feed).splitlines()


def events_by_ical_js(feed: bytes) -> list[dict[str, Any]]:
    """The events as Thunderbird's reader sees them: uid, start, end, summary, status, sequence."""
    return all_events_by_ical_js([feed])[0]


def all_events_by_ical_js(feeds: Sequence[bytes]) -> list[list[dict[str, Any]]]:
    """The same of several feeds, for the price of starting the reader once. A day has no time zone."""
    if not (ROOT / "node_modules" / "ical.js").is_dir():
        pytest.skip("no ical.js: install Node and npm, then `make test`")
    lines = _run(["node", HERE / "ical_js.mjs"], b"\0".join(feeds)).strip().split("\n")
    return [
        [
            event | {name: datetime.fromisoformat(event[name]) for name in ("start", "end")}
            for event in json.loads(line)
        ]
        for line in lines
    ]


class Subscriber:
    """Somebody whose programs, vdirsyncer and khal, follow feeds; they fetch what has changed since the last time."""

    def __init__(self, folder: Path, feeds: dict[str, str]) -> None:
        """The feeds by their name, each with its address. In the same folder it is the same subscriber again."""
        self._vdirsyncer = [PROGRAMS / "vdirsyncer", "-c", folder / "vdirsyncer.conf"]
        self._khal = [PROGRAMS / "khal", "-c", folder / "khal.conf"]
        self._names = list(feeds)
        for name in feeds:
            (folder / name).mkdir(exist_ok=True)
        pairs = (PAIR.format(folder=folder, name=name, url=url) for name, url in feeds.items())
        (folder / "vdirsyncer.conf").write_text(VDIRSYNCER.format(folder=folder) + "".join(pairs))
        calendars = "".join(f"[[{name}]]\npath = {folder / name}\n" for name in feeds)
        (folder / "khal.conf").write_text(KHAL.format(folder=folder, calendars=calendars))
        _run([*self._vdirsyncer, "discover"])

    def events(self, first_day: date) -> dict[str, list[dict[str, Any]]]:
        """By feed, what is seen in 60 days: summary, start, end, status, location. An end of days is the last one."""
        _run([*self._vdirsyncer, "sync"])
        columns = [word for name in KHAL_COLUMNS for word in ("--json", name)]
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in self._names}
        for day in _run([*self._khal, "list", "--once", *columns, str(first_day), "60d"]).splitlines():
            for event in json.loads(day):
                found[event["calendar"]].append(
                    {
                        "summary": event["title"],
                        "start": datetime.fromisoformat(event["start-long"]).replace(tzinfo=ZONE),
                        "end": datetime.fromisoformat(event["end-long"]).replace(tzinfo=ZONE),
                        "status": event["status"],
                        "location": event["location"],
                    }
                )
        return found


def events_by_vdirsyncer_and_khal(url: str, folder: Path, first_day: date) -> list[dict[str, Any]]:
    """What somebody sees who follows one feed."""
    return Subscriber(folder, {"events": url}).events(first_day)["events"]


@contextmanager
def serving_at(app: Flask) -> Iterator[str]:
    """The address at which the app is served, for programs that fetch from it."""
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(app, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@cache
def _libical_check() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="kit-"))
    atexit.register(shutil.rmtree, folder)
    program = folder / "libical_check"
    try:
        _run(["gcc", HERE / "libical_check.c", "-lical", "-o", program])
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("libical can't be asked: apt-get install gcc libical-dev")
    return program


def _run(command: list[str | Path], given: bytes = b"") -> str:
    done = subprocess.run(command, input=given, capture_output=True, check=True, timeout=30)
    return done.stdout.decode()


VDIRSYNCER = """
[general]
status_path = "{folder}/status"
"""

PAIR = """
[pair {name}]
a = "{name}_here"
b = "{name}_there"
collections = null
conflict_resolution = "b wins"
[storage {name}_here]
type = "filesystem"
path = "{folder}/{name}"
fileext = ".ics"
[storage {name}_there]
type = "http"
url = "{url}"
"""

KHAL = """
[calendars]
{calendars}
[locale]
local_timezone = Asia/Ho_Chi_Minh
default_timezone = Asia/Ho_Chi_Minh
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {folder}/khal.db
"""
