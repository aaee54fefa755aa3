"""Many who ask for the same slot at the same moment over HTTP: one gets it, the others a friendly refusal."""

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from flask import Flask

from kit_booking.clock import utc_now
from kit_booking.models import Booking, Hold, Household, Kit
from tests.guarantees.askers import Asker
from tests.support.builders import World
from tests.support.server import serving
from tests.times import days_ahead

SLOTS = [f"{days_ahead(days, utc_now())}/{key}" for days in range(2, 12) for key in ("sang", "trua", "chieu", "toi")]
THREADS, PROCESSES = 32, 8
ROOT = Path(__file__).parents[2]
REFUSAL = "Buổi này vừa có nhà khác đăng ký"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def crowd(world: World) -> list[Household]:
    """Households that may ask for as much as they like: only the slot itself is scarce."""
    commune = world.commune(policy={"most_peak_ahead": 99, "most_ahead": 99, "most_a_week": 99})
    return [world.household(commune, session_version=1) for _ in range(THREADS)]


@pytest.fixture
def kit(crowd: list[Household], world: World) -> Kit:
    return world.all(Kit)[0]


@pytest.fixture
def port(app: Flask) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(app, listener):
        yield listener.getsockname()[1]


def test_32_threads_at_once_40_times_one_gets_each_slot(
    app: Flask, world: World, kit: Kit, crowd: list[Household], port: int, caplog: pytest.LogCaptureFixture
):
    askers = [Asker(app, port, household.id) for household in crowd]
    start = Barrier(THREADS)

    def ask(asker: Asker, slot: str) -> tuple[int, str]:
        start.wait(60)
        return asker.ask(f"/kits/{kit.code}/{slot}")

    with ThreadPoolExecutor(THREADS) as threads:
        for slot in SLOTS:
            answers = list(threads.map(ask, askers, [slot] * THREADS))
            assert Counter(status for status, _ in answers) == {303: 1, 409: THREADS - 1}, slot
            assert all(REFUSAL in page for status, page in answers if status == 409)
    for asker in askers:
        asker.connection.close()

    _assert_each_slot_was_given_once(world)
    assert not [record for record in caplog.records if record.name.startswith("kit_booking") and record.exc_info]


def test_8_processes_at_once_40_times_one_gets_each_slot(
    world: World, kit: Kit, crowd: list[Household], database_url: str
):
    households = [str(household.id) for household in crowd[:PROCESSES]]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.guarantees.askers", database_url, *households],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as askers:
        assert askers.stdin
        assert askers.stdout
        assert askers.stdout.readline().split() == ["ready"] * PROCESSES
        for slot in SLOTS:
            askers.stdin.write(f"/kits/{kit.code}/{slot}\n")
            askers.stdin.flush()
            answers = Counter(askers.stdout.readline().split())
            assert answers == {"303": 1, "409": PROCESSES - 1}, slot
        assert askers.communicate(timeout=30) == ("", "")
    assert askers.returncode == 0
    _assert_each_slot_was_given_once(world)


def _assert_each_slot_was_given_once(world: World) -> None:
    given = Counter((booking.day, booking.slot_name) for booking in world.all(Booking))
    assert len(given) == len(SLOTS)
    assert set(given.values()) == {1}
    assert len(world.all(Hold)) == len(SLOTS)
