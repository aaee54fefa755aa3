"""Two communes with their people, and the browsers of these people: what the pages' tests look through."""

import html
import re
from datetime import date, time, timedelta

from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from kit_booking.clock import utc_now
from kit_booking.database import db
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.models import (
    Booking,
    Closure,
    Household,
    Kit,
    LoginCode,
    Mark,
    Message,
    MessageState,
    Role,
    Staff,
    WaitingEntry,
)
from kit_booking.services.closures.closing import close
from tests.support.builders import World, csrf_token, sign_in

SLOTS = ("sang", "trua", "chieu", "toi")
NUMBER = "+84912345678"
NO_QUOTAS = {"most_peak_ahead": 99, "most_ahead": 99, "most_a_week": 99}
OF_A_BOOKING = re.compile(r"(?:/staff)?/bookings/(\w+)/")
OF_A_ROW = re.compile(r"/staff/(households|closures|operator/staff)/(\d+)")
ROWS: dict[str, type[Household | Staff | Closure]] = {
    "households": Household,
    "closures": Closure,
    "operator/staff": Staff,
}


class Browser:
    """One person's browser; what it posts carries what the page would have had: the token, and what it showed."""

    def __init__(self, app: Flask, who: Household | Staff | None = None) -> None:
        self.client, self._world = app.test_client(), World(app)
        if who:
            sign_in(self.client, who)

    def get(self, path: str, headers: dict[str, str] | None = None) -> TestResponse:
        return self.client.get(path, headers=headers, buffered=True)  # Else files stay open.

    def post(self, path: str, fields: dict[str, object] | None = None, **more: object) -> TestResponse:
        data = {"csrf_token": csrf_token(self.client), **(fields or {}), **more}
        if (match := OF_A_BOOKING.match(path)) and (rows := self._world.all(Booking, code=match[1])):
            data = {"seen": str(self._world.seen(rows[0])), **data}
        elif match := OF_A_ROW.match(path):
            of_both = re.findall(r"with=(\d+)", f"{path} with={data.get('with', '')}")
            numbers = [int(number) for number in (match[2], *of_both) if len(number) < 10]
            data = {"seen": self._world.rows_seen(ROWS[match[1]], *numbers), **data}
        return self.client.post(path, data=data)


class Town:
    """Phượng Dực, whose clerk, leader and two households the tests are about, and Đại Xuyên beside it.

    Quotas are out of the way; whoever tests them sets them.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.world = world = World(app)
        self.commune = world.commune(kits=2, policy=NO_QUOTAS | {"most_waiting": 99})
        self.elsewhere = world.commune("Đại Xuyên")
        self.kit, self.second_kit = world.kits(self.commune)
        now = utc_now()
        self.owner = world.household(self.commune, phone=NUMBER, seen_at=now)
        self.neighbour = world.household(self.commune, "Lê Văn Bình", seen_at=now)
        self.clerk = world.clerk(self.commune)
        self.foreign_clerk = world.clerk(self.elsewhere)
        self.leader = world.staff(self.commune, Role.LEADER)
        self.operator = world.staff(None, Role.OPERATOR)
        world.add(Mark(name="worker", at=now))
        self._used = 0

    def browser(self, who: Household | Staff | None = None) -> Browser:
        return Browser(self.app, who)

    def free_slot(self) -> tuple[date, str]:
        """A slot of the first kit that nobody has, each time another one; all of them are open."""
        self._used += 1
        days, slot = divmod(self._used, len(SLOTS))
        return local_day(utc_now()) + timedelta(days=2 + days), SLOTS[slot]

    def slot_path(self) -> str:
        day, slot = self.free_slot()
        return f"/kits/{self.kit.code}/{day}/{slot}"

    def booking(self, status: Status = Status.REQUESTED, of: Household | None = None, **columns: object) -> Booking:
        """A booking of the owner."""
        day, slot = self.free_slot()
        return self.world.booking(self.kit, of or self.owner, day, slot, status=status, asked_at=utc_now(), **columns)

    def taken_slot_path(self) -> str:
        """A slot that a third household has, at the one place of the commune."""
        day, slot = self.free_slot()
        for kit in (self.kit, self.second_kit):
            self.world.booking(kit, self.world.household(self.commune), day, slot, status=Status.APPROVED)
        return f"/kits/{self.kit.code}/{day}/{slot}/wait"

    def entry(self, of: Household | None = None, **columns: object) -> WaitingEntry:
        """The owner waits for a slot, each time another one."""
        day, slot = self.free_slot()
        return self.world.entry(self.kit, of or self.owner, day, slot, joined_at=utc_now(), **columns)

    def closure(self, kit: Kit | None = None, days: int = 2) -> int:
        """The id of a closure of the first kit, whole days from the day after tomorrow on; asked twice the same."""
        first = local_day(utc_now()) + timedelta(days=2)
        span = Span(local(first, time()), local(first + timedelta(days=days), time()))
        kit_id, clerk_id = (kit or self.kit).id, self.clerk.id
        return self.world.do(close, self.commune.id, kit_id, span, "Bộ hỏng đèn", clerk_id, now=utc_now())

    def message(self, booking: Booking | None = None, **columns: object) -> Message:
        """A text about a booking of the owner that did not arrive."""
        about, now = booking or self.booking(Status.APPROVED), utc_now()
        usual = {"kind": Kind.APPROVED, "to": NUMBER, "body": "LIVEPX", "state": MessageState.FAILED}
        slot = {"kit_id": about.kit_id, "pick_up_at": about.pick_up_at, "useful_until_at": about.pick_up_at}
        times = {"created_at": now, "due_at": now, "settled_at": now}
        row = Message(**{"booking_id": about.id, "commune_id": about.commune_id, **usual, **slot, **times, **columns})
        self.world.add(row)
        return row

    def login_code(self, phone: str) -> LoginCode:
        with self.app.app_context(), Session(db.engine) as session:
            return session.get_one(LoginCode, phone)

    def set_login_code(self, phone: str, **columns: object) -> None:
        with self.app.app_context(), Session(db.engine) as session:
            session.execute(update(LoginCode).where(LoginCode.phone == phone).values(columns))
            session.commit()


def words_of(answer: TestResponse) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def where(answer: TestResponse) -> str:
    """The status, and where a redirect leads."""
    return f"{answer.status_code} {answer.headers.get('Location', '').partition('?')[0]}".strip()
