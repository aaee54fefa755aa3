"""Killed at any line, or done by two at once: what was begun is either done or was never begun."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from kit_booking import worker
from kit_booking.database import db
from kit_booking.domain.booking.status import Status
from kit_booking.models import (
    AuditEntry,
    Booking,
    Hold,
    Household,
    Kit,
    Message,
    WaitingEntry,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking import answers, deadlines
from kit_booking.services.marks import set_mark
from kit_booking.services.waiting import entries
from tests.support.builders import World
from tests.support.fakes import FakeSms
from tests.support.threads import at_once
from tests.support.village import Village
from tests.times import NOW, at, days_ahead

ROOT = Path(__file__).parents[2]
TODAY, NEXT_WEEK = days_ahead(0), days_ahead(8)
DEADLINE = at(TODAY, "17:00")
CHANCE = {"id", "code", "booking_id", "body"}
"""Columns in which two runs that did the same may differ."""

pytestmark = pytest.mark.timeout(120)


class Killed(Exception):
    pass


@pytest.fixture
def village(app: Flask, world: World, sms: FakeSms) -> Village:
    """At five, one request and one offer run out, one is half-way, one wish is over; others wait for each slot."""
    village = Village(app, world, sms, world.commune(kits=2))
    world.change(village.clerk, mobile="+84912000999")
    first, second = village.kits
    village.asks(village.family("Asks"), NEXT_WEEK)
    village.has(village.family("Has"), NEXT_WEEK, kit=second)
    for name in ("Next", "And next"):
        village.entry(village.family(name), NEXT_WEEK)
    later = days_ahead(9)
    given_up = village.has(village.family("Gives up"), later)
    village.has(village.family("Has, too"), later, kit=second)
    for name in ("Is offered", "Is offered next"):
        village.entry(village.family(name), later)
    village.withdraws(given_up)
    world.change(village.the_offer(), answer_by_at=DEADLINE)
    village.entry(village.family("Waits until five"), later, until_at=DEADLINE)
    village.asks(village.family("Half-way"), days_ahead(10), kit=first, now=at(TODAY, "13:00"))
    village.world.do(set_mark, "worker", now=DEADLINE)
    village.world.do(set_mark, "tidied", now=DEADLINE)
    return village


def everything(village: Village) -> dict[str, list[tuple[Any, ...]]]:
    """All that the database says, but for what is chance."""
    found = {}
    with village.app.app_context(), db.engine.connect() as connection:
        for table in (Booking, AuditEntry, Message, Hold, WaitingEntry, Household, Kit):
            columns = [column for column in table.__table__.columns if column.name not in CHANCE]
            found[table.__tablename__] = sorted(connection.execute(select(*columns)).all(), key=repr)
    return found


@contextmanager
def killed_at(village: Village, number: int) -> Iterator[None]:
    """What runs is ended before its statement of this number; commits count, too."""
    left = number

    def die(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    with village.app.app_context():
        engine = db.engine
    moments = [(engine, "before_cursor_execute"), (Session, "before_commit")]
    for whose, moment in moments:
        event.listen(whose, moment, die)
    try:
        yield
    finally:
        for whose, moment in moments:
            event.remove(whose, moment, die)


def asked(village: Village) -> Booking:
    return village.world.all(Booking, status=Status.REQUESTED)[0]


def staff_do(village: Village, act: Callable[..., Any], booking: Booking, reason: str) -> Any:
    return village.world.acts(act, booking, village.clerk.id, reason, now=NOW)


BY_STAFF = Actor(staff_id=1)
ACTS: dict[str, Callable[[Village, Household], Any]] = {
    "asking": lambda village, guest: village.asks(guest, days_ahead(3)),
    "declining what others wait for": lambda v, guest: staff_do(v, answers.decline, asked(v), "Bộ đang sửa"),
    "withdrawing what others wait for": lambda village, guest: village.withdraws(asked(village)),
    "changing a slot that others wait for": lambda village, guest: village.changes(
        asked(village), days_ahead(3), "toi"
    ),
    "waiting": lambda village, guest: village.waits(guest, NEXT_WEEK),
    "taking an offer": lambda v, guest: v.world.acts(entries.accept, v.the_offer(), BY_STAFF, now=NOW),
    "refusing an offer": lambda v, guest: v.world.acts(entries.refuse, v.the_offer(), BY_STAFF, now=NOW),
    "taking an offer back": lambda v, guest: staff_do(v, answers.cancel, v.the_offer(), "Xã cần dùng"),
    "a request that runs out": lambda v, guest: v.world.do(deadlines.lapse, asked(v).code, now=DEADLINE),
    "an offer that runs out": lambda v, guest: v.world.do(deadlines.lapse, v.the_offer().code, now=DEADLINE),
    "reminding the clerk": lambda v, guest: v.world.do(deadlines.remind_staff, asked(v).code, now=DEADLINE),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_killed_at_any_statement_leaves_nothing(village: Village, act: str):
    guest = village.family("Khách")
    before = everything(village)
    for number in count(1):
        try:
            with killed_at(village, number):
                ACTS[act](village, guest)
            break
        except Killed:
            assert everything(village) == before, f"killed at {number}"
    assert everything(village) != before
    assert number > 5


def test_a_worker_killed_by_the_system_at_every_statement_in_turn_changes_nothing_in_the_outcome(
    village: Village, database_url: str
):
    """A real process and SIGKILL, again and again, until one round gets through."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.guarantees.killed", database_url, DEADLINE.isoformat()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 10
    _assert_all_was_done_once(village)


def test_two_workers_at_once_change_nothing_in_the_outcome(village: Village):
    def work() -> None:
        with village.app.app_context():
            worker.do_chores(lambda: DEADLINE)

    at_once(work, work, work)
    _assert_all_was_done_once(village)


def _assert_all_was_done_once(village: Village) -> None:
    names = {household.id: household.name for household in village.world.all(Household)}
    done = [
        (line.action, names.get(line.household_id) or (line.booking_id and _owner(village, line.booking_id, names)))
        for line in village.world.all(AuditEntry)
        if line.at == DEADLINE
    ]
    assert sorted(done) == [
        ("lapsed", "Asks"),
        ("lapsed", "Is offered"),
        ("offered", "Is offered next"),
        ("offered", "Next"),
        ("waiting_over", "Waits until five"),
    ]
    texts = [(text.kind, text.created_at == DEADLINE) for text in village.world.all(Message)]
    assert sorted(kind for kind, is_new in texts if is_new) == ["lapsed", "offer", "offer", "staff_due"]
    assert {_owner(village, offer.id, names) for offer in village.offers()} == {"Next", "Is offered next"}
    held = {hold.booking_id for hold in village.world.all(Hold)}
    live = {b.id for b in village.world.all(Booking) if b.status in ("requested", "offered", "approved")}
    assert held == live
    states = {names[entry.household_id]: str(entry.state) for entry in village.world.all(WaitingEntry)}
    assert states == {
        "Next": "offered",
        "And next": "waiting",
        "Is offered": "passed",
        "Is offered next": "offered",
        "Waits until five": "over",
    }


def _owner(village: Village, booking_id: int, names: dict[int, str]) -> str:
    return names[village.world.all(Booking, id=booking_id)[0].household_id]
