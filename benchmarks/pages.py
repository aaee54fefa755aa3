"""The pages and feeds that everybody may open, by the rate of a bare Flask page of the same size.

Built anew means that nothing of the answer was kept: rows read, template filled, packed.
"""

from collections.abc import Callable
from time import thread_time
from typing import Any
from urllib.request import Request, urlopen

from flask import Flask
from icalendar import Calendar, Event
from sqlalchemy import create_engine

from benchmarks.tools import databases
from benchmarks.tools.load import LoadClient, get
from benchmarks.tools.report import Case, case_line, in_rounds, line, side_by_side
from benchmarks.tools.serve import app_of, serving
from benchmarks.tools.world import Town, World, slots

GZIP = {"Accept-Encoding": "gzip"}


def fill(url: str) -> list[Town]:
    """A commune of five kits whose half is taken, and one of one kit with 56 bookings in the fortnight."""
    engine = create_engine(url)
    with engine.begin() as connection:
        world = World(connection)
        towns = world.towns([5, 1], households=30)
        for kit in range(5):
            world.book(towns[0], slots(0, 14)[kit % 2 :: 2], kit=kit)
        world.book(towns[1], slots(0, 14)[:56])
        world.finish()
    engine.dispose()
    return towns


def cases(port: int, anew_port: int, towns: list[Town]) -> list[Case]:
    found = []

    def add(name: str, path: str, *, kept: float | None, anew: float | None) -> None:
        with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=GZIP), timeout=30) as answer:
            tag, size = answer.headers["ETag"], len(answer.read())
        found.append(Case(f"{name}, as made before", port, [get(path)], size, goal=kept))
        found.append(Case(f"{name}, 304", port, [get(path, If_None_Match=tag)], size, "304", goal=kept))
        found.append(Case(f"{name}, built anew", anew_port, [get(path)], size, goal=anew))

    add("fortnight of 5 kits, 300 slots", f"/communes/{towns[0].slug}", kept=0.55, anew=0.25)
    add("fortnight of 1 kit", f"/communes/{towns[1].slug}", kept=None, anew=None)
    add("start page", "/", kept=None, anew=None)
    add("feed of 56 events", f"/kits/{towns[1].kits[0]}.ics", kept=0.55, anew=None)
    return found


def cold_feed(app: Flask, kit: str) -> list[float]:
    """A feed's whole request by the time that icalendar takes alone to build and write the same events."""
    client = app.test_client()

    def request() -> bytes:
        return client.get(f"/kits/{kit}.ics").data

    shown = Calendar.from_ical(request()).walk("VEVENT")
    events = [{name: _plain(value) for name, value in event.items()} for event in shown]
    assert len(events) == 56
    return side_by_side(lambda: _seconds(request), lambda: _seconds(lambda: _written(events)), rounds=25)


def _plain(value: Any) -> Any:
    """What a property was made of: an instant, a number or a text."""
    if isinstance(value, int):
        return int(value)
    return getattr(value, "dt", None) or str(value)


def _written(events: list[dict[str, Any]]) -> bytes:
    calendar = Calendar()
    for values in events:
        event = Event()
        for name, value in values.items():
            event.add(name, value)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _seconds(act: Callable[[], object]) -> float:
    begun = thread_time()
    act()
    return thread_time() - begun


def measure(url: str, *, rounds: int, has_goals: bool) -> None:
    towns = fill(url)
    with serving() as bare, serving(url) as port, serving(url, anew=True) as anew_port, LoadClient() as load:
        listed = [case for case in cases(port, anew_port, towns) if has_goals or case.goal]
        for case, ratios in zip(listed, in_rounds(load, bare, listed, rounds=rounds), strict=True):
            print(case_line(case, ratios, has_goal=has_goals))
    cold = cold_feed(app_of(url, anew=True), towns[1].kits[0])
    print(line("feed of 56 events, cold, by icalendar's time", cold, 1.1 if has_goals else None))


def main() -> None:
    with databases.sqlite() as url:
        print("SQLite")
        measure(url, rounds=5, has_goals=True)
    with databases.postgresql() as postgresql_url:
        if postgresql_url:
            print("PostgreSQL")
            measure(postgresql_url, rounds=3, has_goals=False)


if __name__ == "__main__":
    main()
