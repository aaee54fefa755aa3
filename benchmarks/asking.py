"""Households that ask for slots, eight at a time: the whole POST with its session, its CSRF token and its commit.

Each asks for another free slot, so none may be refused; the rate is that of a bare Flask page's.
"""

from collections.abc import Iterator, Sequence
from statistics import median, quantiles

from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import create_engine, func, select

from benchmarks.tools import databases
from benchmarks.tools.load import AGENT, LoadClient, post
from benchmarks.tools.report import Case, Ratio, beside_bare, case_line, verdict
from benchmarks.tools.serve import app_of, serving
from benchmarks.tools.world import Town, World, slots
from kit_booking.domain.time.slots import Slot
from kit_booking.models import Booking
from kit_booking.web.frame.readers import sign_in_household

CLIENTS = 8
ASKED_A_ROUND = 120
SIZE = 215
"""Bytes of the answer, which leads to the page of the new booking."""
GOALS = {"SQLite": 0.10, "PostgreSQL": 0.07}
MOST_SPREAD = 5.0
"""The slowest hundredth takes so many times as long as the half."""


def fill(url: str, rounds: int) -> list[Town]:
    engine = create_engine(url)
    with engine.begin() as connection:
        world = World(connection)
        towns = world.towns([5] * 10, households=rounds * ASKED_A_ROUND // 10)
        world.finish()
    engine.dispose()
    return towns


def requests(app: Flask, towns: list[Town], free_slots: Sequence[Slot]) -> Iterator[str]:
    """One for each household, spread over the communes and their kits; each kit has these slots free."""
    for number in range(len(towns[0].households)):
        for town in towns:
            kit, slot = town.kits[number % len(town.kits)], free_slots[number // len(town.kits)]
            cookie, token = _signed_in(app, town.households[number])
            form = {"csrf_token": token, "sells": "nón lá", "streams_on": "Facebook"}
            yield post(f"/kits/{kit}/{slot.day}/{slot.key}", form, Cookie=cookie)


def _signed_in(app: Flask, household_id: int) -> tuple[str, str]:
    """The cookie of a household's browser, and a token for its forms."""
    with app.test_request_context(headers={"User-Agent": AGENT}, environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        sign_in_household(household_id)
        token = generate_csrf()
        session.pop("_remember", None)
        signer = app.session_interface.get_signing_serializer(app)
        assert signer
        return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(dict(session))}", token


def measure(database: str, url: str, *, rounds: int) -> None:
    print(database)
    towns = fill(url, rounds)
    waiting = list(requests(app_of(url), towns, slots(2, 13)))
    ratios: list[Ratio] = []
    with serving() as bare, serving(url) as port, LoadClient() as load:
        while waiting:
            now, waiting = waiting[:ASKED_A_ROUND], waiting[ASKED_A_ROUND:]
            case = Case("asking for a slot", port, now, SIZE, "303", GOALS[database], CLIENTS, seconds=None)
            ratios.append(beside_bare(load, bare, case))
    print(case_line(case, ratios))
    spreads = [quantiles(ratio.result.times, n=100)[98] / median(ratio.result.times) for ratio in ratios]
    text = f"{'the slowest hundredth of answers by the half':<46} {median(spreads):6.2f}"
    print(text + verdict(median(spreads), MOST_SPREAD, at_most=True))
    assert _booked(url) == rounds * ASKED_A_ROUND, "not every household got its slot"


def _booked(url: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        return connection.execute(select(func.count(Booking.id))).scalar_one()


def main() -> None:
    with databases.sqlite() as url:
        measure("SQLite", url, rounds=5)
    with databases.postgresql() as postgresql_url:
        if postgresql_url:
            measure("PostgreSQL", postgresql_url, rounds=3)


if __name__ == "__main__":
    main()
