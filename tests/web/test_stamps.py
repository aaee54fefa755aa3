"""Whatever happens: an answer that is another one has another stamp, or a browser shows yesterday's for ever."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.counter import CheckedPart
from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.domain.booking.status import Status
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local, local_day
from kit_booking.models import Booking, Closure, Place
from kit_booking.services.audit import Actor
from kit_booking.services.booking import answers, ask, deadlines, move
from kit_booking.services.booking.move import change_slot
from kit_booking.services.closures import closing
from kit_booking.services.communes import facts
from kit_booking.services.counter import handover
from kit_booking.services.operator import kit_moves, registry
from kit_booking.services.operator.edits import Editor
from kit_booking.services.register import erasing, households, joining
from kit_booking.services.settings.saving import Saved, find_settings, save
from kit_booking.services.waiting import entries
from kit_booking.web.frame.responses import PageCache
from tests.support.subscribing import feed_of
from tests.support.town import Town

BEGUN = timedelta(hours=1)
SEEN = handover.KitCheck([CheckedPart("đèn", 2, 2)])


@dataclass
class Scene:
    """A town in which there is one of everything that can be changed."""

    town: Town

    def __post_init__(self) -> None:
        town, now = self.town, utc_now()
        self.requested, self.approved = town.booking(), town.booking(Status.APPROVED)
        self.offered = town.booking(Status.OFFERED)
        past = {"pick_up_at": now - BEGUN, "from_at": now - BEGUN / 2}
        self.begun = town.booking(Status.APPROVED, **past)
        self.out = town.world.booking(
            town.second_kit, town.owner, *town.free_slot(), status=Status.OUT, asked_at=now, **past
        )
        self.day, self.key = town.free_slot()
        self.waited = town.world.booking(
            town.kit, town.neighbour, self.day, self.key, status=Status.APPROVED, asked_at=now
        )
        self.entry = town.world.entry(town.kit, town.owner, self.day, self.key, joined_at=now)
        self.free = town.free_slot()
        self.closed = town.closure(town.second_kit)
        self.place = town.world.place(town.commune, "Hồng Minh")

    @property
    def by(self) -> Editor:
        return Editor(staff_id=self.town.clerk.id, version=self.town.world.fresh(self.town.commune).version)

    def do(self, act: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return self.town.world.do(act, *args, **more, now=utc_now())

    def seen(self, of: Booking) -> SeenBooking:
        return self.town.world.seen(of)

    def staff(self, act: Callable[..., Any], of: Booking, *args: Any) -> bool:
        return bool(self.do(act, self.seen(of), self.town.clerk.id, *args).is_done)

    def saves(self, **changes: Any) -> bool:
        old = self.town.world.do(find_settings, self.town.commune.slug)
        return bool(self.do(save, old, replace(old, **changes), self.town.clerk.id) is Saved.DONE)

    def lapses(self) -> bool:
        self.town.world.change(self.requested, answer_by_at=utc_now())
        self.do(deadlines.lapse, self.requested.code)
        return self.town.world.fresh(self.requested).status == Status.LAPSED

    def span(self) -> Span:
        first = local_day(utc_now()) + timedelta(days=9)
        return Span(local(first, time()), local(first + timedelta(days=1), time()))

    def closes(self, kit_id: int | None) -> bool:
        town = self.town
        return bool(self.do(closing.close, town.commune.id, kit_id, self.span(), "Tết", town.clerk.id))

    def moves(self) -> bool:
        seen = self.town.world.seen(self.approved)
        moved = self.do(move.move_booking, seen, self.town.kit.code, *self.free, self.town.clerk.id, "Mưa")
        return bool(moved is move.MoveResult.DONE)

    def corrects(self, **what: str) -> bool:
        by = Actor(staff_id=self.town.clerk.id)
        return bool(self.do(households.correct, self.town.owner.id, by, **{"village": "x", "craft": "y"} | what))

    def new_number(self) -> bool:
        number = {"phone": "+84987654321", "landline": "", "takes_texts": True}
        return bool(self.do(households.change_number, self.town.owner.id, self.town.clerk.id, **number))

    def home(self) -> Place:
        return self.town.world.all(Place, id=self.town.kit.place_id)[0]

    def renames_place(self, name: str, address: str) -> bool:
        save, place = registry.save_place, self.home()
        return self.do(save, place.commune_id, place.id, [], self.by, name=name, address=address) is None

    def ends_closure(self) -> bool:
        return bool(self.do(closing.end, self.closed, self.town.clerk.id))

    def changes_closure(self, reason: str, hours: int = 0) -> bool:
        row = self.town.world.all(Closure, id=self.closed)[0]
        span = Span(row.from_at, row.until_at + timedelta(hours=hours))
        return bool(self.do(closing.change, self.closed, span, reason, self.town.clerk.id))


S = Scene
PLACE = {"address": "Chợ", "keeper": "", "keeper_phone": ""}
ACTS: dict[str, Callable[[Scene], bool]] = {
    "ask": lambda s: bool(
        s.do(ask.request_booking, s.town.kit.code, *s.free, s.town.owner.id, sells="", streams_on="").code
    ),
    "approve": lambda s: s.staff(answers.approve, s.requested),
    "decline": lambda s: s.staff(answers.decline, s.requested, "Bộ hỏng"),
    "cancel": lambda s: s.staff(answers.cancel, s.approved, "Bộ hỏng"),
    "withdraw": lambda s: s.do(answers.withdraw, s.seen(s.approved), s.town.owner.id).is_done,
    "lapse": S.lapses,
    "free what is waited for": lambda s: s.staff(answers.cancel, s.waited, "Bộ hỏng"),
    "accept": lambda s: s.do(entries.accept, s.seen(s.offered), Actor(household_id=s.town.owner.id)).is_done,
    "refuse": lambda s: s.do(entries.refuse, s.seen(s.offered), Actor(household_id=s.town.owner.id)).is_done,
    "put forward": lambda s: s.do(entries.put_forward, s.entry.id, s.town.clerk.id, "Mới về"),
    "leave": lambda s: s.do(entries.leave, s.entry.id, Actor(household_id=s.town.owner.id)),
    "change slot": lambda s: bool(
        s.do(change_slot, s.seen(s.approved), s.town.kit.code, *s.free, s.town.owner.id).code
    ),
    "move": S.moves,
    "hand over": lambda s: s.staff(handover.hand_over, s.begun, SEEN),
    "take back": lambda s: s.staff(handover.take_back, s.out, SEEN),
    "no-show": lambda s: s.staff(answers.mark_no_show, s.begun),
    "close a kit": lambda s: s.closes(s.town.kit.id),
    "close the commune": lambda s: s.closes(None),
    "give a closure another reason": lambda s: s.changes_closure("Bộ mất míc"),
    "make a closure longer": lambda s: s.changes_closure("Bộ hỏng đèn", 48),
    "end a closure": S.ends_closure,
    "rename a place": lambda s: s.renames_place("Tri Trung", s.home().address),
    "another address": lambda s: s.renames_place(s.home().name, "Ngõ 5"),
    "rename the commune": lambda s: (
        s.do(registry.change_commune, s.town.commune.id, "Phượng Dực Mới", "00001", "Hà Nội", s.by) is None
    ),
    "another office number": lambda s: s.saves(phone="02433999999"),
    "another policy": lambda s: s.saves(policy=Policy(lead_minutes=600, window_days=10)),
    "add a place": lambda s: (
        s.do(registry.save_place, s.town.commune.id, None, [("Làng", "gốm")], s.by, name="Văn Nhân", **PLACE) is None
    ),
    "add a kit": lambda s: s.do(registry.add_kit, s.place.id, "PD-9", [("đèn", 1)], s.by) is None,
    "other parts": lambda s: s.do(registry.change_parts, s.town.kit.id, [("míc", 3)], s.by) is None,
    "move the kit": lambda s: s.do(kit_moves.move_kit, s.town.kit.id, s.place.id, s.by) is None,
    "correct a name": lambda s: s.corrects(name="Trần Thị Mới"),
    "correct a village": lambda s: s.corrects(village="Tri Thủy"),
    "another number": S.new_number,
    "erase the neighbour": lambda s: s.do(
        erasing.erase, s.town.neighbour.id, Actor(staff_id=s.town.clerk.id)
    ),
    "join the neighbour": lambda s: (
        s.do(joining.join, s.town.owner.id, s.town.neighbour.id, s.town.clerk.id) is None
    ),
}  # fmt: skip


def stamped_bytes(town: Town, readers: dict[str, Any], feed: str) -> dict[str, tuple[str, bytes]]:
    """By who reads what, the stamp and the bytes, made anew from the rows."""
    town.app.extensions["pages"] = PageCache()
    facts._facts.cache_clear()
    paths = {name: ["/communes/phuong-duc"] for name in readers}
    paths["nobody"] += ["/", "/communes/phuong-duc.ics", "/kits/PD-1.ics", feed]
    found = {}
    for name, browser in readers.items():
        for path in paths[name]:
            answer = browser.get(path)
            assert answer.status_code == 200, path
            found[f"{name}: {path}"] = answer.headers["ETag"], answer.data
    return found


@pytest.mark.parametrize("act", ACTS)
def test_a_page_that_changes_gets_another_version_key(town: Town, act: str) -> None:
    scene = Scene(town)
    feed = feed_of(town, town.owner)
    readers = {"nobody": town.browser(), "owner": town.browser(town.owner), "staff": town.browser(town.clerk)}
    before = stamped_bytes(town, readers, feed)
    assert ACTS[act](scene), "it was done"
    if act == "another number":  # Whoever holds the old one is signed out, and its calendar has ended.
        readers["owner"] = town.browser(town.world.fresh(town.owner))
    after = stamped_bytes(town, readers, feed)
    stale = [what for what in before if before[what][0] == after[what][0] and before[what][1] != after[what][1]]
    assert stale == []
