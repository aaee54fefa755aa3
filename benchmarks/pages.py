"""The pages and feeds that everybody may open, by the rate of a bare Flask page of the same size.

Each is asked for in four ways: as it was kept, by its ETag, after one booking was moved to another slot, and with
nothing kept, as after a start.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from urllib.request import Request, urlopen

from sqlalchemy import create_engine

from benchmarks.tools import databases
from benchmarks.tools.load import LoadClient, get
from benchmarks.tools.report import Case, case_line, in_rounds
from benchmarks.tools.serve import Keeps, serving
from benchmarks.tools.world import Town, World, slots

GZIP = {"Accept-Encoding": "gzip"}


@dataclass(frozen=True)
class Goals:
    kept: float | None = None
    not_modified: float | None = None
    after_one_booking: float | None = None


NO_GOALS = Goals()
ON_SQLITE = {
    "fortnight of 5 kits, 300 slots": Goals(0.50, 0.60, 0.08),
    "feed of 56 events": Goals(0.50, 0.50, 0.15),
}
ON_POSTGRESQL = {"fortnight of 5 kits, 300 slots": Goals(kept=0.40)}


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


def measure(url: str, goals: dict[str, Goals], *, rounds: int) -> None:
    large, small = fill(url)
    pages = (
        ("fortnight of 5 kits, 300 slots", f"/communes/{large.slug}", large),
        ("fortnight of 1 kit", f"/communes/{small.slug}", small),
        ("start page", "/", small),
        ("feed of 56 events", f"/kits/{small.kits[0]}.ics", small),
    )
    with ExitStack() as stack:
        bare, load = stack.enter_context(serving()), stack.enter_context(LoadClient())
        kept = stack.enter_context(serving(url))
        emptied = stack.enter_context(serving(url, Keeps.NOTHING))
        moving = {
            town: stack.enter_context(serving(url, Keeps.ALL_BUT_ONE_BOOKING, kit_id=town.first_kit))
            for town in (large, small)
        }
        listed = []
        for name, path, town in pages:
            goal = goals.get(name, NO_GOALS)
            with urlopen(Request(f"http://127.0.0.1:{kept}{path}", headers=GZIP), timeout=30) as answer:
                tag, size = answer.headers["ETag"], len(answer.read())
            unchanged = [
                Case(f"{name}, kept", kept, [get(path)], size, goal=goal.kept),
                Case(f"{name}, 304", kept, [get(path, If_None_Match=tag)], size, "304", goal=goal.not_modified),
                Case(f"{name}, nothing kept", emptied, [get(path)], size),
            ]
            changed = Case(f"{name}, after one booking", moving[town], [get(path)], size, goal=goal.after_one_booking)
            listed += zip(in_rounds(load, bare, unchanged, rounds=rounds), unchanged, strict=True)
            listed += zip(in_rounds(load, bare, [changed], rounds=rounds), [changed], strict=True)
    for ratios, case in listed:
        print(case_line(case, ratios))


def main() -> None:
    with databases.sqlite() as url:
        print("SQLite")
        measure(url, ON_SQLITE, rounds=5)
    with databases.postgresql() as postgresql_url:
        if postgresql_url:
            print("PostgreSQL")
            measure(postgresql_url, ON_POSTGRESQL, rounds=3)


if __name__ == "__main__":
    main()
