"""Taking a register over in parts, and taking all of it back."""

import threading
import time
from datetime import timedelta

import pytest

from kit_booking.domain.booking.status import Status
from kit_booking.models import AuditEntry, Booking, Household
from kit_booking.services.audit import Actor
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.marks import set_mark
from kit_booking.services.register import paper_taking
from kit_booking.services.register.paper_taking import TakeBack, Taken
from kit_booking.services.waiting.entries import join
from tests.support.builders import World
from tests.support.paper import D, Office, make_office
from tests.times import NOW, days_ahead


@pytest.fixture
def office(world: World) -> Office:
    return make_office(world)


LUA = f"Đỗ Thị Lụa;0987654321;Giẽ Hạ;giày da;{D[2]};Tối"
HANH = f"Nguyễn Thị Hạnh;0912345678;Lưu Thượng;mây tre;{D[3]};Tối"


def test_what_was_interrupted_goes_on_where_it_stopped(office: Office, world: World, monkeypatch: pytest.MonkeyPatch):
    lines = [f"Hộ {n};;Thôn {n};giày" for n in range(25)]
    monkeypatch.setattr(paper_taking, "A_BATCH", 10)
    file = office.sends(*lines)

    def die(_seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(time, "sleep", die)
        with pytest.raises(KeyboardInterrupt):
            office.takes(file)
    assert len(world.all(Household)) == 11
    assert office.takes(file) == Taken(households=15)
    assert len(world.all(Household)) == 26


def test_it_is_taken_back_as_if_it_had_never_been(office: Office, world: World):
    before = office.written()
    file = office.sends(LUA, HANH, "Trần Ba;;Giẽ;giày")
    office.takes(file)
    assert office.takes_back(file) is TakeBack.DONE
    households, bookings, holds, _audit = office.written()
    assert (households, bookings, holds) == before[:3]
    assert [entry.action for entry in world.all(AuditEntry)] == ["paper_taken_over", "paper_taken_back"]
    assert office.takes(file) == Taken(households=2, bookings=2)


def test_a_number_that_was_added_is_taken_away_again(office: Office, world: World):
    office.takes_lines("Lê Thị Na;;Đại Bái;gò đồng")
    file = office.sends("Lê Thị Na;0987654321;Đại Bái;gò đồng")
    office.takes(file)
    assert office.takes_back(file) is TakeBack.DONE
    assert [(one.phone, one.landline) for one in world.all(Household)][1:] == [("", "")]


def test_after_a_day_or_once_taken_back_it_stays(office: Office):
    file = office.sends(LUA)
    assert office.takes_back(file) is TakeBack.TOO_LATE
    office.takes(file)
    assert office.takes_back(file, NOW + timedelta(days=1)) is TakeBack.TOO_LATE
    assert office.takes_back(file, NOW + timedelta(hours=23)) is TakeBack.DONE
    assert office.takes_back(file) is TakeBack.TOO_LATE


@pytest.mark.parametrize("touch", ["asks", "waits", "signs_in", "moved"])
def test_what_somebody_has_used_is_not_taken_back(office: Office, world: World, touch: str):
    file = office.sends(LUA)
    office.takes(file)
    [_hanh, lua], [booking] = world.all(Household), world.all(Booking)
    by = Actor(household_id=lua.id)
    match touch:
        case "asks":
            slot = office.kit.code, days_ahead(4), "sang", lua.id
            assert world.do(request_booking, *slot, sells="", streams_on="", now=NOW).code
        case "waits":
            world.booking(office.kit, office.hanh, days_ahead(5))
            assert world.do(join, office.kit.code, days_ahead(5), "toi", lua.id, by=by, now=NOW).entry_id
        case "signs_in":
            world.change(lua, seen_at=NOW + timedelta(hours=1))
        case "moved":
            world.change(booking, version=booking.version + 1, status=Status.CANCELLED)
    before = office.written()
    assert office.takes_back(file) is TakeBack.TOUCHED
    assert office.written() == before


def test_what_is_freed_goes_to_who_waits(office: Office, world: World):
    file = office.sends(LUA)
    office.takes(file)
    by = Actor(household_id=office.hanh.id)
    world.do(join, office.kit.code, days_ahead(2), "toi", office.hanh.id, by=by, now=NOW)
    assert office.takes_back(file) is TakeBack.DONE
    assert [(b.household_id, b.status) for b in world.all(Booking)] == [(office.hanh.id, Status.OFFERED)]


def test_one_who_was_never_there_was_never_seen(office: Office, world: World):
    office.takes_lines("Trần Ba;;Giẽ;giày")
    assert world.all(Household)[-1].signed_in_at is None
    assert office.hanh.signed_in_at is not None


@pytest.mark.timeout(120)
def test_nobody_waits_for_long_while_5000_lines_are_taken_over(office: Office, world: World):
    file = office.sends(*(f"Hộ Thứ {n};;Thôn {n % 40};giày da" for n in range(5000)))
    stop, longest = threading.Event(), [0.0]

    def write() -> None:
        while not stop.is_set():
            began = time.monotonic()
            world.do(set_mark, "test", now=NOW)
            longest[0] = max(longest[0], time.monotonic() - began)
            time.sleep(0.02)

    other = threading.Thread(target=write)
    other.start()
    began = time.monotonic()
    assert office.takes(file) == Taken(households=5000)
    took = time.monotonic() - began
    stop.set()
    other.join()
    assert longest[0] < took / 5
