"""What a page costs in a small world and in a large one: its statements, how they find their rows, and its time.

Small: 23 kits and a month of bookings. Large: 3,321 communes and 200,000 bookings, five years in the one asked for.
Times on a shared machine prove little; the same statements that walk through no table do.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from statistics import median
from time import thread_time
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, event, text

from benchmarks.asking import requests
from benchmarks.tools import databases
from benchmarks.tools.serve import app_of
from benchmarks.tools.world import Town, World, slots
from kit_booking.database import db

GZIP = {"Accept-Encoding": "gzip"}
SMALL = [6, 6, 6, 5]
LARGE = [6, *[5] * 3320]
PAST = 5 * 365
BOOKINGS = 200_000
ROUNDS = 7


@dataclass(frozen=True)
class Cost:
    statements: int
    walks: list[str]
    """The tables that are read from end to end."""
    seconds: float


def fill_small(world: World) -> Town:
    towns = world.towns(SMALL, households=30)
    for town in towns:
        for kit in range(len(town.kits)):
            world.book(town, slots(-30, 11)[kit % 2 :: 2], kit=kit)
    return towns[0]


def fill_large(world: World) -> Town:
    """Five years of all slots in the first commune; the other bookings spread over the rest."""
    towns = world.towns(LARGE, households=12)
    past, fortnight = slots(-PAST, -1), slots(0, 11)
    for kit in range(len(towns[0].kits)):
        world.book(towns[0], [*past[:-120], *past[-120:][::2], *fortnight[kit % 2 :: 2]], kit=kit)
    others = towns[1:]
    each = (BOOKINGS - len(past) * len(towns[0].kits)) // len(others)
    for town in others:
        world.book(town, [*past[-each + 20 :], *fortnight[:40:2]])
    return towns[0]


@contextmanager
def seen_statements(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """Every statement with its values, as the database gets them."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append((statement, values))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def walks(app: Flask, statements: list[tuple[str, Any]]) -> list[str]:
    """The tables that SQLite reads from end to end for these statements."""
    with app.app_context(), db.engine.connect() as connection:
        plans = [
            row[3]
            for statement, values in statements
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    # A subquery is read to its end too, but it is as small as its own plan says.
    tables = set(db.metadatas[None].tables)
    return sorted({found[1] for plan in plans if (found := re.match(r"SCAN (\w+)", plan)) and found[1] in tables})


def pages(app: Flask, anew: Flask, town: Town) -> dict[str, tuple[Flask, list[Callable[[], Any]]]]:
    """What is done, by name; each is done again and again, asking for another slot every time."""
    fortnight, feed = f"/communes/{town.slug}", f"/kits/{town.kits[0]}.ics"

    def get(of: Flask, path: str, **headers: str) -> Callable[[], Any]:
        return lambda: of.test_client(use_cookies=False).get(path, headers=GZIP | headers)

    def unchanged(path: str) -> Callable[[], Any]:
        return get(app, path, **{"If-None-Match": get(app, path)().headers["ETag"]})

    def ask(request: str) -> Callable[[], Any]:
        head, _, body = request.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return lambda: app.test_client(use_cookies=False).post(first.split()[1], headers=headers, data=body)

    asking = [ask(request) for request in islice(requests(app, [town], slots(12, 13)), ROUNDS)]
    return {
        "start page, built anew": (anew, [get(anew, "/")] * ROUNDS),
        "search": (app, [get(app, "/?q=lang+cu+7")] * ROUNDS),
        "fortnight, as made before": (app, [get(app, fortnight)] * ROUNDS),
        "fortnight, 304": (app, [unchanged(fortnight)] * ROUNDS),
        "fortnight, built anew": (anew, [get(anew, fortnight)] * ROUNDS),
        "feed, 304": (app, [unchanged(feed)] * ROUNDS),
        "feed, built anew": (anew, [get(anew, feed)] * ROUNDS),
        "asking for a slot": (app, asking),
    }


def measure(fill: Callable[[World], Town]) -> dict[str, Cost]:
    with databases.sqlite() as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            world = World(connection)
            town = fill(world)
            world.finish()
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT count(*) FROM booking")).scalar_one()
        engine.dispose()
        print(f"{rows:,} bookings")
        costs = {
            name: _cost(app, acts) for name, (app, acts) in pages(app_of(url), app_of(url, anew=True), town).items()
        }
    return costs


def _cost(app: Flask, acts: list[Callable[[], Any]]) -> Cost:
    first, *others = acts
    assert first().status_code < 400  # The first one fills what is kept for all.
    times = []
    for act in others:
        with seen_statements(app) as seen:
            begun = thread_time()
            answer = act()
            times.append(thread_time() - begun)
        assert answer.status_code < 400, answer.status
    return Cost(len(seen), walks(app, seen), median(times))


def main() -> None:
    small, large = measure(fill_small), measure(fill_large)
    for name, was in small.items():
        now = large[name]
        ratio = now.seconds / was.seconds
        text_of = f"{name:<28} statements {was.statements} → {now.statements}   time × {ratio:.2f}"
        print(f"{text_of}   read from end to end: {', '.join(now.walks) or 'nothing'}")


if __name__ == "__main__":
    main()
