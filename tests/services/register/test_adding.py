"""A new household: once, however often it is sent, and not too many by one number."""

from typing import Any

import pytest

from kit_booking.models import AuditEntry, Commune, Household
from kit_booking.services.register.adding import HOUSEHOLDS_A_NUMBER, Consent, register_household
from tests.support.builders import World
from tests.times import NOW

PHONE = "+84912345678"
TICKED = Consent("2026-11")


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


def registers(
    world: World, commune: Commune, name: str = "Đỗ Thị Lụa", *, consent: Consent = TICKED, **columns: Any
) -> tuple[int, bool] | None:
    values = {"village": "Giẽ Hạ", "craft": "giày da", "phone": PHONE, "now": NOW} | columns
    return world.do(register_household, commune.id, consent, name=name, **values)


def test_a_household_that_registers_itself_is_on_record(world: World, commune: Commune):
    registered = registers(world, commune)
    [lua] = world.all(Household)
    assert registered == (lua.id, True)
    assert (lua.phone, lua.takes_texts, lua.consent_version, lua.consent_at, lua.seen_at) == (
        PHONE,
        True,
        "2026-11",
        NOW,
        NOW,
    )
    [line] = world.all(AuditEntry)
    assert (line.action, line.household_id, line.staff_id) == ("registered", lua.id, None)
    assert line.detail == {"consent": "2026-11"}


def test_who_agreed_aloud_is_entered_by_staff_and_both_names_stay(world: World, commune: Commune):
    clerk = world.clerk(commune)
    registers(world, commune, consent=Consent("2026-11", clerk.id, clerk.name), phone="", landline="02433854321")
    [lua] = world.all(Household)
    assert (lua.takes_texts, lua.landline, lua.consent_to) == (False, "02433854321", clerk.name)
    [line] = world.all(AuditEntry)
    assert (line.staff_id, line.detail) == (clerk.id, {"consent": "2026-11", "consent_by": "spoken"})


def test_sent_twice_with_or_without_accents_it_is_one_household(world: World, commune: Commune):
    first = registers(world, commune)
    assert first
    assert registers(world, commune, "do thi lua", village="Lưu Thượng") == (first[0], False)
    assert len(world.all(Household)) == len(world.all(AuditEntry)) == 1


def test_another_name_of_the_same_number_is_another_household(world: World, commune: Commune):
    registers(world, commune)
    assert registers(world, commune, "Đỗ Văn Tơ") == (2, True)


def test_without_a_number_it_is_known_by_name_and_village_of_its_commune(world: World, commune: Commune):
    clerk = Consent("2026-11", world.clerk(commune).id)
    first = registers(world, commune, phone="", consent=clerk)
    assert first
    assert registers(world, commune, phone="", village="gie ha", consent=clerk) == (first[0], False)
    assert registers(world, commune, phone="", village="Lưu Thượng", consent=clerk) == (2, True)
    assert registers(world, world.commune("Chuyên Mỹ"), phone="", consent=clerk) == (3, True)


def test_who_was_erased_is_not_known_again(world: World, commune: Commune):
    old = world.household(commune, "Đỗ Thị Lụa", phone=PHONE, erased_at=NOW)
    assert registers(world, commune) == (old.id + 1, True)


def test_a_number_registers_eight_by_itself_and_staff_may_go_on(world: World, commune: Commune):
    entered = [registers(world, commune, f"Hộ {n}") for n in range(HOUSEHOLDS_A_NUMBER + 1)]
    assert [bool(one) for one in entered] == [True] * HOUSEHOLDS_A_NUMBER + [False]
    assert registers(world, commune, "Hộ nữa", consent=Consent("2026-11", world.clerk(commune).id))
