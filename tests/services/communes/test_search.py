"""Finding a commune, and what a list of them says."""

import pytest

from kit_booking.models import Commune
from kit_booking.services.communes.search import FEW, CommuneMatches, find_communes, start_version_key
from tests.support.builders import World
from tests.times import NOW, days_ahead


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


def finds(world: World, query: str = "", province: str = "") -> CommuneMatches:
    return world.do(find_communes, query, province, now=NOW)


def test_a_commune_is_found_without_accents_and_only_by_its_own_words(world: World, commune: Commune):
    world.commune("Chuyên Mỹ")
    assert [found.name for found in finds(world, "phuong duc").communes] == ["Phượng Dực"]
    assert [found.name for found in finds(world).communes] == ["Chuyên Mỹ", "Phượng Dực"]


@pytest.mark.parametrize("query", ["%", "_", "\\"])
def test_signs_with_a_meaning_for_the_database_have_none(world: World, commune: Commune, query: str):
    assert finds(world, query).communes == []


def test_what_was_found_by_a_village_says_which(world: World, commune: Commune):
    world.change(commune, search="phuong duc lang phu tuc")
    [by_village], [by_name] = finds(world, "làng phú").communes, finds(world, "phượng").communes
    assert (by_village.matched, by_name.matched) == ("Làng Phú Túc", "")


def test_what_was_found_by_its_own_name_needs_no_village(world: World):
    world.commune("Phú Túc")
    assert [found.matched for found in finds(world, "phú túc").communes] == [""]


def test_as_many_as_a_list_takes_are_not_cut_and_one_more_is(world: World):
    for number in range(FEW):
        world.commune(f"Xã {number}", kits=0, has_clerk=False)
    assert (len(finds(world, "xã").communes), finds(world, "xã").is_cut) == (FEW, False)
    assert (len(finds(world).communes), list(finds(world).provinces)) == (FEW, [])
    world.commune("Xã nữa", kits=0, has_clerk=False)
    assert (len(finds(world, "xã").communes), finds(world, "xã").is_cut) == (FEW, True)
    assert [(one.name, one.communes) for one in finds(world).provinces] == [("Hà Nội", FEW + 1)]
    assert len(finds(world, province="ha-noi").communes) == FEW + 1


def test_a_booking_changes_the_number_and_the_version_key_of_the_start_page(world: World, commune: Commune):
    before, key = finds(world).communes[0].free, world.do(start_version_key)
    kit = world.kits(commune)[0]
    world.booking(kit, world.household(commune), days_ahead(3))
    world.change(kit, version=world.fresh(kit).version + 1)
    assert finds(world).communes[0].free == before._replace(peak=before.peak - 1)
    assert world.do(start_version_key) != key
