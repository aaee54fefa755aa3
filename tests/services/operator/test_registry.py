"""Communes, places and kits: found by every name they have, changed by one window at a time."""

import threading

import pytest

from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import AuditEntry, Booking, Commune, Kit, Message, Part, Place, PlannedSlot
from kit_booking.services.booking.answers import withdraw
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.communes.search import find_communes
from kit_booking.services.operator import registry
from kit_booking.services.operator.edits import Denied, Editor
from kit_booking.services.operator.kit_moves import affected_bookings, move_kit
from kit_booking.services.operator.reading import PAGE, commune_page, find_commune
from tests.support.builders import World
from tests.times import NOW, days_ahead


def by(world: World, commune: Commune) -> Editor:
    return Editor(staff_id=world.clerk(commune).id, version=world.fresh(commune).version)


def add_commune(world: World, name: str, code: str, province: str = "Hà Nội") -> str | Denied:
    return world.do(
        registry.add_commune, name, code, province, "024 3385 4321", by(world, world.all(Commune)[0]), now=NOW
    )


def save_place(
    world: World,
    commune: Commune,
    name: str,
    villages: list[tuple[str, str]],
    place: Place | None = None,
    **values: str,
) -> Denied | None:
    columns = {"name": name, "address": "Trụ sở cũ"} | ({} if place else {"keeper": "", "keeper_phone": ""}) | values
    version = by(world, commune)
    return world.do(registry.save_place, commune.id, place and place.id, villages, version, now=NOW, **columns)


def names_found(world: World, query: str) -> list[str]:
    return [commune.name for commune in world.do(find_communes, query, "", now=NOW).communes]


def test_a_new_commune_has_the_usual_plan_and_an_address_of_its_own(world: World) -> None:
    world.commune()
    assert add_commune(world, "Phượng Dực", "20001", "Bắc Ninh") == "phuong-duc-bac-ninh"
    assert add_commune(world, "Phượng Dực", "20002", "Bắc Ninh") == "phuong-duc-2"
    assert add_commune(world, "Yên Phong", "20001") is Denied.CODE_TAKEN
    added = world.all(Commune, code="20001")[0]
    assert [line.name for line in world.all(PlannedSlot, commune_id=added.id)] == ["Sáng", "Trưa", "Chiều", "Tối"]
    assert sorted(names_found(world, "phuong duc")) == ["Phượng Dực"] * 3


def test_the_search_follows_every_change_of_a_name(world: World) -> None:
    commune = world.commune()
    [place] = world.do(find_commune, commune.slug).places
    villages = [("Đồng Vinh", "khảm trai"), ("Lưu Xá", "")]
    save_place(world, commune, "Tri Thủy", villages, place)
    for query in ("dong vinh", "LƯU XÁ", "tri thuy"):
        assert names_found(world, query) == ["Phượng Dực"], query
    assert names_found(world, "phu tuc") == [], "its old name"
    world.do(registry.change_commune, commune.id, "Phú Minh", commune.code, "Hà Nội", by(world, commune), now=NOW)
    assert names_found(world, "phu minh") == ["Phú Minh"]
    assert names_found(world, "phuong duc") == []
    assert names_found(world, "dong vinh") == ["Phú Minh"]
    assert world.fresh(commune).slug == "phuong-duc", "it stands printed on walls"


def test_a_commune_with_more_villages_than_fit_is_found_by_those_that_do(world: World) -> None:
    commune = world.commune()
    villages = [(f"Thôn có cái tên rất dài số {n}", "") for n in range(120)]
    assert save_place(world, commune, "Nơi mới", villages) is None
    assert names_found(world, "rat dai so 7") == ["Phượng Dực"]
    assert len(world.fresh(commune).search) <= 2000


def test_of_two_operators_on_one_version_the_second_is_denied(world: World) -> None:
    commune, together, answers = world.commune(), threading.Barrier(2), []
    version = by(world, commune)

    def add(name: str) -> None:
        together.wait()
        values = {"name": name, "address": "Địa chỉ", "keeper": "", "keeper_phone": ""}
        answers.append(world.do(registry.save_place, commune.id, None, [], version, now=NOW, **values))

    threads = [threading.Thread(target=add, args=(name,)) for name in ("Hồng Thái", "Minh Tân")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=str) == [None, Denied.OUTDATED]
    assert len(world.do(find_commune, commune.slug).places) == 2


def test_a_refused_change_changes_nothing(world: World) -> None:
    commune, elsewhere = world.commune(), world.commune("Đại Xuyên")
    [kit], household, second = world.kits(commune), world.household(commune), world.place(commune, "Văn Hoàng")
    booking = world.booking(kit, household, days_ahead(2))
    before = [world.fresh(row) for row in (commune, kit, household, booking)]
    fields = ("Phú Minh", elsewhere.code, "Hà Nội", by(world, commune))
    assert world.do(registry.change_commune, commune.id, *fields, now=NOW) is Denied.CODE_TAKEN
    assert save_place(world, commune, "Phú Túc", [], second) is Denied.NAME_TAKEN
    assert world.do(registry.add_kit, second.id, kit.code, [], by(world, commune), now=NOW) is Denied.CODE_TAKEN
    assert [world.fresh(row).version for row in before] == [row.version for row in before]
    assert {entry.action for entry in world.all(AuditEntry)} <= {"requested"}


def test_two_places_of_one_name_are_refused(world: World) -> None:
    commune = world.commune()
    assert save_place(world, commune, "PHÚ TÚC", []) is Denied.NAME_TAKEN


def test_a_new_kit_can_be_asked_for_at_once(world: World) -> None:
    commune = world.commune()
    [place] = world.do(find_commune, commune.slug).places
    denied = world.do(registry.add_kit, place.id, "PD-9", [("đèn", 2)], by(world, commune), now=NOW)
    assert denied is None
    assert world.do(registry.add_kit, place.id, "PD-9", [], by(world, commune), now=NOW) is Denied.CODE_TAKEN
    household = world.household(commune)
    asked = world.do(request_booking, "PD-9", days_ahead(3), "toi", household.id, sells="", streams_on="", now=NOW)
    assert asked.code


def test_the_parts_of_a_kit_are_replaced_as_a_whole(world: World) -> None:
    commune = world.commune()
    [kit] = world.kits(commune)
    world.do(registry.change_parts, kit.id, [("đèn", 3), ("micro", 1)], by(world, commune), now=NOW)
    assert [(part.name, part.count) for part in world.all(Part, kit_id=kit.id)] == [("đèn", 3), ("micro", 1)]
    [entry] = world.all(AuditEntry, action="kit_changed")
    assert entry.detail == {"kit": kit.code, "parts": [["điện thoại", 1, 0], ["đèn", 2, 3], ["micro", 0, 1]]}


def test_households_are_texted_the_new_place_of_a_moved_kit(world: World) -> None:
    commune = world.commune()
    [kit], household = world.kits(commune), world.household(commune)
    elsewhere = world.place(commune, "Văn Hoàng")
    over = world.booking(kit, household, days_ahead(-3), status=Status.RETURNED)
    out = world.booking(kit, household, days_ahead(0), "sang", status=Status.OUT)
    ahead = world.booking(kit, household, days_ahead(2), status=Status.APPROVED, asked_at=NOW)
    asked = world.booking(kit, world.household(commune), days_ahead(3))
    affected = world.do(affected_bookings, kit.id, elsewhere.id, now=NOW)
    assert [(booking.code, is_open) for booking, is_open in affected] == [
        (out.code, True),
        (ahead.code, True),
        (asked.code, True),
    ]

    assert world.do(move_kit, kit.id, elsewhere.id, by(world, commune), now=NOW) is None
    places = {row.code: row.place_id for row in world.all(Booking)}
    assert places == {
        over.code: kit.place_id,
        out.code: kit.place_id,
        ahead.code: elsewhere.id,
        asked.code: elsewhere.id,
    }
    texts = world.all(Message, kind=Kind.MOVED)
    assert [text.booking_id for text in texts] == [ahead.id, asked.id]
    assert all("tai Van Hoang" in text.body for text in texts)
    after = world.fresh(ahead)
    assert (after.pick_up_at, after.return_at, after.status) == (ahead.pick_up_at, ahead.return_at, Status.APPROVED)
    assert after.version == ahead.version + 1, "its calendar event says the new place"
    last = world.all(AuditEntry, booking_id=ahead.id)[-1]
    assert (last.action, last.detail["reason"]) == ("changed", f"Bộ {kit.code} nay để ở Văn Hoàng")
    assert world.fresh(kit).place_id == elsewhere.id


def test_giving_up_a_booking_whose_kit_was_moved_is_no_strike(world: World) -> None:
    commune = world.commune(policy={"late_cancel_hours": 72})
    [kit], household = world.kits(commune), world.household(commune)
    booking = world.booking(kit, household, days_ahead(1), status=Status.APPROVED, asked_at=NOW.replace(hour=0))
    elsewhere = world.place(commune, "Văn Hoàng")
    world.do(move_kit, kit.id, elsewhere.id, by(world, commune), now=NOW)
    assert world.do(withdraw, world.seen(booking), household.id, now=NOW).is_done
    assert world.fresh(booking).strike_at is None


def test_a_place_that_is_closed_at_pick_up_or_return_is_pointed_out(world: World) -> None:
    commune = world.commune()
    [kit], household = world.kits(commune), world.household(commune)
    world.booking(kit, household, days_ahead(2))
    shut = world.place(commune, "Văn Hoàng", handover_hours=[["08:00", "11:00"]] * 7)
    assert [is_open for _booking, is_open in world.do(affected_bookings, kit.id, shut.id, now=NOW)] == [False]


@pytest.mark.parametrize("query", ["", "xa"])
def test_the_list_of_communes_comes_in_pages(world: World, query: str) -> None:
    first = world.commune("Xã 000", has_clerk=False)
    world.add(
        *(
            Commune(
                province_id=first.province_id,
                code=f"9{n:04}",
                name=f"Xã {n:03}",
                slug=f"xa-{n:03}",
                search=f"xa {n:03}",
                phone="1",
            )
            for n in range(1, PAGE + 2)
        )
    )
    communes, after = world.do(commune_page, query)
    assert (len(communes), after) == (PAGE, f"xa-{PAGE - 1:03}")
    assert (communes[0].kits, communes[0].has_clerk) == (1, False)
    rest, after = world.do(commune_page, query, after)
    assert ([commune.slug for commune in rest], after) == ([f"xa-{PAGE:03}", f"xa-{PAGE + 1:03}"], "")
    assert [commune.slug for commune in world.do(commune_page, "90007")[0]] == ["xa-007"]
    assert world.do(commune_page, "100%") == ([], "")


def test_a_kit_of_another_version_is_not_moved(world: World) -> None:
    commune = world.commune()
    [kit], elsewhere = world.kits(commune), world.place(commune, "Văn Hoàng")
    outdated = Editor(staff_id=world.clerk(commune).id)
    assert world.do(move_kit, kit.id, elsewhere.id, outdated, now=NOW) is Denied.OUTDATED
    assert world.all(Kit, id=kit.id)[0].place_id == kit.place_id


def test_calendars_follow_a_new_name_of_a_place_but_not_its_villages(world: World) -> None:
    commune = world.commune()
    [kit], household = world.kits(commune), world.household(commune)
    world.booking(kit, household, days_ahead(2))
    [place] = world.do(find_commune, commune.slug).places

    def change(name: str) -> int:
        save_place(world, commune, name, [("Làng mới", "")], place, address=place.address)
        return world.fresh(household).version

    assert change(place.name) == household.version
    assert change("Phú Túc mới") == household.version + 1
