"""One commune with a kit, its clerk and a household."""

import pytest

from kit_booking.models import (
    Commune,
    Household,
    Kit,
    Staff,
)
from tests.support.builders import World


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


@pytest.fixture
def kit(world: World, commune: Commune) -> Kit:
    return world.kits(commune)[0]


@pytest.fixture
def household(world: World, commune: Commune) -> Household:
    return world.household(commune)


@pytest.fixture
def clerk(world: World, commune: Commune) -> Staff:
    return world.clerk(commune)
