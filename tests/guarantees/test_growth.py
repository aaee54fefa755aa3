"""What a page costs does not grow with the country or with the years: statements are counted, plans are read."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select, text
from sqlalchemy.orm import Session

from kit_booking import worker
from kit_booking.clock import utc_now
from kit_booking.database import db, read
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import EVERY_DAY
from kit_booking.domain.time.slots import Slot
from kit_booking.models import (
    AuditEntry,
    Booking,
    Commune,
    Household,
    Kit,
    Message,
    MessageState,
    Place,
    PlannedSlot,
    WaitingEntry,
    WaitingState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.booking.answers import withdraw
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.calendars.tokens import add_token
from kit_booking.services.register.households import find_household
from kit_booking.services.timeline.queue import who_waits
from kit_booking.services.timeline.standing import standing_of
from kit_booking.services.waiting.entries import accept, join
from kit_booking.web.frame.responses import PageCache
from tests.support.builders import World, csrf_token, sign_in
from tests.support.databases import on_sqlite
from tests.times import days_ahead

MANY_COMMUNES, MANY_YEARS = 300, 5
GROWING = "booking|hold|message|audit_entry|waiting_entry|household|commune|kit"
"""The tables that have a row for every household, booking or commune."""

Statements = list[tuple[str, Any]]


@dataclass
class Town:
    """One commune with its people, and the statements that each page of it took."""

    app: Flask
    world: World
    commune: Commune
    kit: Kit
    household: Household
    client: FlaskClient
    clerk: FlaskClient
    phone: FlaskClient
    feed: str
    days: Iterator[int] = field(default_factory=lambda: iter(range(1, 14)))

    def pages(self, worked_at: datetime) -> dict[str, Callable[[], int]]:
        """What is done, with the status that it is answered with."""
        fortnight, day = f"/communes/{self.commune.slug}", days_ahead(next(self.days), utc_now())
        slot = f"/kits/{self.kit.code}/{day}/toi"
        ask = partial(self.phone.post, slot, data={"csrf_token": csrf_token(self.phone)})
        neighbour = self.app.test_client()
        sign_in(neighbour, self.world.household(self.commune))
        ask_too = partial(neighbour.post, slot, data={"csrf_token": csrf_token(neighbour)})
        return {
            "a round of the worker with nothing to do": lambda: self.work(worked_at),
            "the fortnight": lambda: self.client.get(fortnight).status_code,
            "the fortnight again": lambda: self.client.get(fortnight).status_code,
            "the fortnight not changed": lambda: self.unchanged(fortnight),
            "the start page": lambda: self.client.get("/").status_code,
            "the start page again": lambda: self.client.get("/").status_code,
            "the start page not changed": lambda: self.unchanged("/"),
            "the commune's feed": lambda: self.client.get(f"{fortnight}.ics").status_code,
            "the commune's feed not changed": lambda: self.unchanged(f"{fortnight}.ics"),
            "the household's feed": lambda: self.client.get(self.feed).status_code,
            "the household's feed not changed": lambda: self.unchanged(self.feed),
            "the household's fortnight": lambda: self.phone.get(fortnight).status_code,
            "a slot": lambda: self.phone.get(slot).status_code,
            "asking": lambda: ask().status_code,
            "asking too late": lambda: ask_too().status_code,
            "the household's bookings": lambda: self.phone.get("/bookings").status_code,
            "today": lambda: self.clerk.get("/staff").status_code,
            "the clerk's fortnight": lambda: self.clerk.get(f"/staff{fortnight}").status_code,
        } | self.acts(day)

    def acts(self, day: date) -> dict[str, Callable[[], int]]:
        """What is done by services alone; the household with all the years waits for what its neighbour has."""
        neighbour, who, now = self.world.household(self.commune).id, self.household.id, utc_now()
        words = {"sells": "", "streams_on": "", "now": now}
        codes: list[str] = []
        acts: dict[str, Callable[[], Any]] = {
            "asking by service": lambda: codes.append(
                request_booking(self.kit.code, day, "trua", neighbour, **words).code
            ),
            "waiting": lambda: join(self.kit.code, day, "trua", who, by=Actor(household_id=who), now=now),
            "who waits": lambda: who_waits(read, self.commune.id, day, day, now=now),
            "the standing": lambda: standing_of(find_household(who), now=now),
            "giving up what somebody waits for": lambda: withdraw(self.world.seen(codes[0]), neighbour, now=now),
            "taking the offer": lambda: accept(self.world.seen(self.the_offer()), Actor(household_id=who), now=now),
        }
        return {name: partial(self.serve, act) for name, act in acts.items()}

    def the_offer(self) -> str:
        return read(select(Booking.code).where(Booking.status == Status.OFFERED))[0].code

    def serve(self, act: Callable[[], Any]) -> int:
        with self.app.app_context():
            act()
        return 200

    def unchanged(self, path: str) -> int:
        etag = self.client.get(path).headers["ETag"]
        self.seen.clear()
        return self.client.get(path, headers={"If-None-Match": etag}).status_code

    def work(self, now: datetime) -> int:
        with self.app.app_context():
            worker.run_once(self.app, lambda: now)
        return 200

    seen: Statements = field(default_factory=list)

    def statements(self) -> dict[str, Statements]:
        """By page; nothing is kept from before but what the communes are, and that the feed is in use."""
        self.client.get(f"/communes/{self.commune.slug}")
        self.client.get(self.feed)
        self.work(now := utc_now())
        self.app.extensions["pages"] = PageCache()
        taken = {}
        with self.counted():
            for name, do in self.pages(now).items():
                self.seen.clear()
                assert do() in ({304} if "not changed" in name else {409} if "too late" in name else {200, 303}), name
                taken[name] = list(self.seen)
        return taken

    @contextmanager
    def counted(self) -> Iterator[None]:
        def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
            if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")):
                self.seen.append((statement, values))

        with self.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        yield
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def town(app: Flask, world: World) -> Town:
    commune = world.commune(policy={"most_peak_ahead": 99, "most_ahead": 99, "most_a_week": 99, "most_waiting": 9999})
    [kit], household = world.kits(commune), world.household(commune)
    phone, clerk = app.test_client(), app.test_client()
    sign_in(phone, household)
    sign_in(clerk, world.clerk(commune))
    world.booking(kit, household, days_ahead(14, utc_now()))
    world.booking(kit, household, days_ahead(-2, utc_now()), status=Status.APPROVED)  # Nobody came for it.
    token = world.do(add_token, Actor(household_id=household.id), now=utc_now())
    return Town(app, world, commune, kit, household, app.test_client(), clerk, phone, f"/feeds/{token}.ics")


def test_pages_take_no_more_statements_after_five_years_in_a_country_of_communes(town: Town):
    before = {name: len(taken) for name, taken in town.statements().items()}
    _grow(town)
    after = {name: len(taken) for name, taken in town.statements().items()}
    start = {name for name in after if name.startswith("the start page")}
    for name in after.keys() - start:
        assert after[name] == before[name], name
    assert max(after[name] for name in start) <= 4, "where there are many, it asks whether provinces come first"


def test_what_is_asked_for_most_takes_fewest_statements(town: Town):
    taken = {name: len(statements) for name, statements in town.statements().items()}
    kept = ("the fortnight", "the start page")
    assert {taken[f"{page} {how}"] for page in kept for how in ("again", "not changed")} == {1}
    assert taken["the fortnight"] <= 3
    assert taken["the start page"] <= 4
    assert taken["the commune's feed not changed"] == 1
    assert taken["the household's feed not changed"] == 1
    assert taken["asking"] <= 30
    assert taken["today"] <= 6
    assert taken["the household's bookings"] <= 6
    assert taken["who waits"] == 1
    assert taken["the standing"] == 2, "the household and its bookings"
    assert taken["giving up what somebody waits for"] <= 36


def test_a_page_of_a_household_or_of_the_desk_takes_at_most_six_statements(town: Town):
    code, fortnight = town.world.all(Booking)[0].code, f"/communes/{town.commune.slug}"
    paper = f"/print/{town.commune.slug}"
    pages = [(town.phone, path) for path in ("/bookings", f"/bookings/{code}", "/household", "/calendar")]
    desk = ("", fortnight, f"/bookings/{code}", "/closures", "/messages", "/queue", "/households", "/audit")
    pages += [(town.clerk, f"/staff{path}") for path in (*desk, f"{paper}/day", f"{paper}/week")]
    town.client.get(fortnight)  # What the commune is, is kept.
    with town.counted():
        for browser, path in pages:
            town.seen.clear()
            assert browser.get(path).status_code == 200, path
            assert len(town.seen) <= 6, path


@on_sqlite
def test_no_page_reads_a_whole_growing_table(town: Town):
    _grow(town)
    read_whole = {
        (name, step)
        for name, taken in town.statements().items()
        for statement, values in taken
        for step in _plan(town, statement, values)
        if re.search(rf"SCAN ({GROWING})(_\d+)?\b", step)
    }
    # Where communes are many, the start page counts them and lists those of each province.
    assert {(name, step) for name, step in read_whole if not name.startswith("the start page")} == set()


@on_sqlite
def test_the_refusal_of_overlaps_looks_only_at_the_kit_s_own_later_holds(town: Town):
    with town.app.app_context(), db.engine.connect() as connection:
        triggers = connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
    for trigger in triggers:
        looks = re.search(r"SELECT 1 FROM hold.*NEW\.id", trigger, re.DOTALL)
        assert looks
        [step] = _plan(town, re.sub(r"NEW\.\w+", "1", looks[0]), ())
        assert "USING INDEX ix_hold_kit_id_until_at (kit_id=? AND until_at>?)" in step


def _plan(town: Town, statement: str, values: Any) -> list[str]:
    """How SQLite goes about it, step by step."""
    with town.app.app_context(), db.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return [row[3] for row in rows]


def _grow(town: Town) -> None:
    """Hundreds of communes, and in the first one years of bookings that are over."""
    slot = town.world.slot(town.kit, days_ahead(0, utc_now()))
    with town.app.app_context(), Session(db.engine) as session:
        _add_communes(session, town.commune)
        _add_years(session, town, slot, utc_now())
        _add_waiting(session, town, slot, utc_now())
        session.commit()


def _add_communes(session: Session, like: Commune) -> None:
    numbers = range(1, MANY_COMMUNES)
    communes = [
        Commune(
            province_id=like.province_id, code=f"9{n:04}", name=f"Xã {n}", slug=f"xa-{n}", search=f"xa {n}", phone="1"
        )
        for n in numbers
    ]
    session.add_all(communes)
    session.flush()
    places = [
        Place(commune_id=commune.id, name="UBND", address="", keeper="", keeper_phone="", handover_hours=EVERY_DAY)
        for commune in communes
    ]
    session.add_all(places)
    session.flush()
    session.add_all(
        Kit(commune_id=place.commune_id, place_id=place.id, code=f"XA{n}-1")
        for n, place in zip(numbers, places, strict=True)
    )
    evening = town_evening(session, like)
    session.execute(insert(PlannedSlot), [evening | {"commune_id": commune.id} for commune in communes])


def _add_waiting(session: Session, town: Town, slot: Slot, now: datetime) -> None:
    """The household waited every evening of the years; in every other commune somebody waits now."""
    communes = session.scalars(select(Commune.id).where(Commune.id != town.commune.id)).all()
    another = Household(
        commune_id=town.commune.id, name="Lê Văn Tư", phone="", village="", craft="", consent_version="1",
        consent_at=now, seen_at=now,
    )  # fmt: skip
    session.add(another)
    session.flush()
    over = [(town.commune.id, -n, WaitingState.PASSED) for n in range(20, MANY_YEARS * 365)]
    waiting = [(commune_id, n, WaitingState.WAITING) for commune_id in communes for n in range(1, 11)]
    session.execute(
        insert(WaitingEntry),
        [
            {
                "household_id": town.household.id if commune_id == town.commune.id else another.id,
                "commune_id": commune_id,
                "day": slot.day + timedelta(days=days),
                "slot_name": "Trưa",
                "place_ids": [],
                "joined_at": now,
                "until_at": slot.hold.from_at + timedelta(days=days),
                "state": state,
            }
            for commune_id, days, state in over + waiting
        ],
    )


def town_evening(session: Session, commune: Commune) -> dict[str, Any]:
    line = session.query(PlannedSlot).filter_by(commune_id=commune.id, name="Tối").one()
    return {"valid_from": line.valid_from, "name": "Tối", "from_time": line.from_time, "until_time": line.until_time}


def _add_years(session: Session, town: Town, slot: Slot, now: datetime) -> None:
    """Every evening of the kit, each with its history and its text."""
    bookings = [
        Booking(
            code=f"ZZ{n:05}",
            commune_id=town.commune.id,
            place_id=town.kit.place_id,
            kit_id=town.kit.id,
            household_id=town.household.id,
            status=Status.RETURNED if n % 9 else Status.REQUESTED if n % 2 else Status.APPROVED,
            day=slot.day - ago,
            slot_name=slot.name,
            from_at=slot.on_air.from_at - ago,
            until_at=slot.on_air.until_at - ago,
            pick_up_at=slot.hold.from_at - ago,
            return_at=slot.hold.until_at - ago,
            asked_at=now - ago,
            answer_by_at=now - ago,
            approved_at=now - ago,
            changed_at=now - ago,
        )
        for n in range(MANY_YEARS * 365)
        for ago in [timedelta(days=130 + n)]  # Older than what a feed shows.
    ]
    session.add_all(bookings)
    session.flush()
    session.execute(
        insert(AuditEntry),
        [{"at": b.asked_at, "happened_at": b.asked_at, "action": b.status, "booking_id": b.id} for b in bookings],
    )
    session.execute(
        insert(Message),
        [
            {
                "kind": Kind.APPROVED,
                "booking_id": b.id,
                "kit_id": b.kit_id,
                "pick_up_at": b.pick_up_at,
                "to": town.household.phone,
                "body": "",
                "created_at": b.asked_at,
                "due_at": b.asked_at,
                "useful_until_at": b.pick_up_at,
                "settled_at": b.asked_at,
                "state": MessageState.FAILED if n % 5 == 0 else MessageState.ACCEPTED,
            }
            for n, b in enumerate(bookings)
        ],
    )
