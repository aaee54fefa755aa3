"""What a page costs in a small world and in a large one: its statements, how they find their rows, and its time.

Small: 23 kits and a month of bookings. Large: 3,321 communes and 200,000 bookings, five years in the one asked for.
Both are asked in turns, and the quickest of each compared.
"""

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from time import thread_time
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, event, text

from benchmarks.asking import requests
from benchmarks.tools import databases
from benchmarks.tools.serve import app_of
from benchmarks.tools.world import WITHOUT, Town, World, slots
from kit_booking.database import db
from kit_booking.web.frame.responses import PageCache

GZIP = {"Accept-Encoding": "gzip"}
SMALL = [6, 6, 6, 5]
LARGE = [6, *[5] * 3320]
PAST = 5 * 365
BOOKINGS = 200_000
ROUNDS = 28


@dataclass(frozen=True)
class Cost:
    statements: int
    walks: list[str]
    """The tables that are read from end to end."""


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


def pages(app: Flask, town: Town) -> dict[str, tuple[Flask, list[Callable[[], Any]]]]:
    """What is done, by name; each is done again and again, asking for another slot every time."""
    fortnight, feed = f"/communes/{town.slug}", f"/kits/{town.kits[0]}.ics"

    def get(path: str, **headers: str) -> Callable[[], Any]:
        return lambda: app.test_client(use_cookies=False).get(path, headers=GZIP | headers)

    def get_anew(path: str) -> Callable[[], Any]:
        def act() -> Any:
            app.extensions["pages"] = PageCache()
            return get(path)()

        return act

    def unchanged(path: str) -> Callable[[], Any]:
        return get(path, **{"If-None-Match": get(path)().headers["ETag"]})

    def ask(request: str) -> Callable[[], Any]:
        head, _, body = request.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return lambda: app.test_client(use_cookies=False).post(first.split()[1], headers=headers, data=body)

    asking = [ask(request) for request in islice(requests(app, [town], slots(12, 13)), WITHOUT)]
    return {
        "start page, built anew": (app, [get_anew("/")] * ROUNDS),
        "search": (app, [get("/?q=lang+cu+7")] * ROUNDS),
        "fortnight, as made before": (app, [get(fortnight)] * ROUNDS),
        "fortnight, 304": (app, [unchanged(fortnight)] * ROUNDS),
        "fortnight, built anew": (app, [get_anew(fortnight)] * ROUNDS),
        "feed, 304": (app, [unchanged(feed)] * ROUNDS),
        "feed, built anew": (app, [get_anew(feed)] * ROUNDS),
        "asking for a slot": (app, asking),
    }


@contextmanager
def filled(fill: Callable[[World], Town]) -> Iterator[dict[str, tuple[Flask, list[Callable[[], Any]]]]]:
    """The pages of a world."""
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
        yield pages(app_of(url), town)


def compare(small: list[Callable[[], Any]], large: list[Callable[[], Any]]) -> float:
    """How much longer the large world takes, by the quickest of each, in turns; the first ones fill what is kept."""
    times = [(_seconds(one), _seconds(other)) for one, other in zip(small, large, strict=True)][1:]
    return min(other for _, other in times) / min(one for one, _ in times)


def _seconds(act: Callable[[], Any]) -> float:
    begun = thread_time()
    answer = act()
    taken = thread_time() - begun
    assert answer.status_code < 400, answer.status
    return taken


def _cost(app: Flask, act: Callable[[], Any]) -> Cost:
    with seen_statements(app) as seen:
        assert act().status_code < 400
    return Cost(len(seen), walks(app, seen))


def main() -> None:
    with filled(fill_small) as small, filled(fill_large) as large:
        gc.collect()
        gc.freeze()  # What filled the worlds is not to be looked through while their pages are measured.
        for name in small:
            (small_app, small_acts), (large_app, large_acts) = small[name], large[name]
            ratio = compare(small_acts[1:], large_acts[1:])
            was, now = _cost(small_app, small_acts[0]), _cost(large_app, large_acts[0])
            text_of = f"{name:<28} statements {was.statements} → {now.statements}   time × {ratio:.2f}"
            print(f"{text_of}   read from end to end: {', '.join(now.walks) or 'nothing'}")


if __name__ == "__main__":
    main()
