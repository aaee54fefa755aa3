"""What is known of a commune at one version of it."""

from datetime import timedelta

import pytest

from kit_booking.domain.time.hours import Span
from kit_booking.models import Closure, Commune, Role
from kit_booking.services.communes.facts import CommuneFacts, commune_facts
from tests.support.builders import World
from tests.times import NOW

DAY = Span(NOW, NOW + timedelta(days=1))


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune(kits=2)


def facts(world: World, commune: Commune) -> CommuneFacts:
    return world.do(commune_facts, commune.id, world.fresh(commune).version)


def closes(world: World, commune: Commune, span: Span, reason: str, **columns: object) -> None:
    world.add(
        Closure(
            commune_id=commune.id,
            from_at=span.from_at,
            until_at=span.until_at,
            reason=reason,
            changed_at=NOW,
            **columns,
        )
    )
    world.change(commune)


def test_the_kits_come_in_the_order_of_their_codes_with_their_place_and_parts(world: World, commune: Commune):
    world.kit(world.place(commune, "Hồng Minh"), "PD-0")
    known = facts(world, commune)
    assert [(kit.code, kit.place) for kit in known.kits] == [
        ("PD-0", "Hồng Minh"),
        ("PD-1", "Phú Túc"),
        ("PD-2", "Phú Túc"),
    ]
    assert known.kits[0].parts == (("điện thoại", 1), ("đèn", 2))
    assert known.kit("PD-2") is known.kits[2]
    assert known.kit("XX-1") is None
    assert [village.name for village in known.villages] == ["Làng Phú Túc", "Làng Hồng Minh"]
    assert [village.place for village in known.villages] == ["Phú Túc", "Hồng Minh"]


def test_the_same_version_is_the_same_object(world: World, commune: Commune):
    before = facts(world, commune)
    assert facts(world, commune) is before
    world.change(commune)
    assert facts(world, commune) is not before


def test_only_a_clerk_whose_account_is_active_can_answer(world: World, commune: Commune):
    assert facts(world, commune).has_clerk
    world.change(world.clerk(commune), is_active=False)
    assert not facts(world, commune).has_clerk
    world.staff(commune, role=Role.LEADER)
    assert not facts(world, commune).has_clerk


def test_closures_are_known_by_kit_the_first_first_and_without_those_called_off(world: World, commune: Commune):
    kit, other = world.kits(commune)
    later = Span(DAY.until_at, DAY.until_at + timedelta(days=1))
    closes(world, commune, later, "Lễ")
    closes(world, commune, DAY, "Hỏng đèn", kit_id=kit.id)
    closes(world, commune, DAY, "Nhầm", called_off_at=NOW)
    known = facts(world, commune)
    both = Span(DAY.from_at, later.until_at)
    assert known.closed(kit.id, both) == [(DAY, "Hỏng đèn"), (later, "Lễ")]
    assert known.closed(other.id, both) == [(later, "Lễ")]
    assert known.closed(other.id, DAY) == [], "it begins when the day ends"
