"""Private calendar addresses: whose they are, how many, and when they were last used."""

from datetime import timedelta

import pytest

from kit_booking.models import AuditEntry, Commune, FeedToken
from kit_booking.services.audit import Actor
from kit_booking.services.calendars.tokens import (
    MOST_TOKENS,
    USE_NOTED,
    add_token,
    note_use,
    revoke_token,
    token_hash,
    tokens_of,
)
from tests.support.builders import World
from tests.times import NOW


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


@pytest.fixture
def hanh(world: World, commune: Commune) -> Actor:
    return Actor(household_id=world.household(commune).id)


def test_only_the_hash_of_an_address_is_kept(world: World, hanh: Actor):
    token = world.do(add_token, hanh, now=NOW)
    [row] = world.all(FeedToken)
    assert (row.token_hash, row.household_id, row.created_at) == (token_hash(token), hanh.household_id, NOW)
    assert token not in row.token_hash
    assert [entry.action for entry in world.all(AuditEntry)] == ["calendar_added"]


def test_each_owner_sees_and_ends_the_own_addresses_only(world: World, commune: Commune, hanh: Actor):
    clerk = Actor(staff_id=world.clerk(commune).id)
    for owner in (hanh, hanh, clerk):
        world.do(add_token, owner, now=NOW)
    assert [token.id for token in world.do(tokens_of, hanh)] == [2, 1], "the newest first"
    assert [token.id for token in world.do(tokens_of, clerk)] == [3]
    assert not world.do(revoke_token, clerk, 1, now=NOW)
    assert world.do(revoke_token, hanh, 1, now=NOW)
    assert not world.do(revoke_token, hanh, 1, now=NOW), "it has ended already"
    assert [token.id for token in world.do(tokens_of, hanh)] == [2]
    assert [entry.action for entry in world.all(AuditEntry)][3:] == ["calendar_revoked"]


def test_of_too_many_addresses_the_oldest_goes(world: World, hanh: Actor):
    for _ in range(MOST_TOKENS + 1):
        world.do(add_token, hanh, now=NOW)
    ids = [token.id for token in world.do(tokens_of, hanh)]
    assert ids == list(range(MOST_TOKENS + 1, 1, -1))


def test_its_use_is_noted_once_an_hour(world: World, hanh: Actor):
    token = world.do(add_token, hanh, now=NOW)
    used = []
    for after in (timedelta(), USE_NOTED - timedelta(seconds=1), USE_NOTED):
        world.do(note_use, token, "Lịch Google" + "." * 90, now=NOW + after)
        used += [(one.last_used_at, len(one.last_agent)) for one in world.do(tokens_of, hanh)]
    assert used == [(NOW, 80), (NOW, 80), (NOW + USE_NOTED, 80)]


def test_the_use_of_one_address_is_not_noted_at_another(world: World, hanh: Actor):
    token, _ = world.do(add_token, hanh, now=NOW), world.do(add_token, hanh, now=NOW)
    world.do(note_use, token, "Lịch Google", now=NOW)
    assert [one.last_used_at for one in world.do(tokens_of, hanh)] == [None, NOW]
