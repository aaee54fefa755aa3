"""`make simulate`: both worlds beside each other, in figures, in bars, and as the picture of the decision record."""

import argparse
import logging
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import create_engine, update

from benchmarks.simulation import picture
from benchmarks.simulation.commune import CommuneAtWork, Phones
from benchmarks.simulation.figures import Figures, figures
from benchmarks.simulation.people import DAYS, HOUSEHOLDS, KITS, People
from benchmarks.tools.serve import settings_of
from benchmarks.tools.world import World
from kit_booking import create_app
from kit_booking.database import db
from kit_booking.models import Commune

WITHOUT_RULES = {"most_peak_ahead": 10**6, "most_ahead": 10**6, "most_a_week": 10**6, "strikes": 10**6}


@dataclass(frozen=True)
class Rules:
    name: str
    has_list: bool = True
    policy: dict[str, Any] = field(default_factory=dict)


FAIR = Rules("with the rules")
FIRST_COME = Rules("first come, first served", has_list=False, policy=WITHOUT_RULES)
TRIED = [
    FAIR,
    FIRST_COME,
    Rules("no waiting list", has_list=False),
    Rules("most_peak_ahead 2", policy={"most_peak_ahead": 2}),
    Rules("most_ahead 1", policy={"most_ahead": 1}),
    Rules("most_ahead 3", policy={"most_ahead": 3}),
    Rules("most_a_week 1", policy={"most_a_week": 1}),
    Rules("free_hours 0", policy={"free_hours": 0}),
    Rules("offer_hours 2", policy={"offer_hours": 2}),
    Rules("strikes 3", policy={"strikes": 3}),
]


@contextmanager
def a_folder() -> Iterator[Path]:
    """In memory where there is room, for most of the time would be spent waiting for the disk."""
    memory = Path("/dev/shm")  # noqa: S108 (a fresh folder with a random name is made in it)
    is_roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**28
    with tempfile.TemporaryDirectory(prefix="kit-simulation-", dir=memory if is_roomy else None) as folder:
        yield Path(folder)


def simulate(rules: Rules, seed: int, days: int) -> Figures:
    phones, people = Phones(), People(seed, days)
    with a_folder() as folder:
        url = f"sqlite:///{folder}/kits.db"
        app = create_app(settings_of(url), phones)
        with app.app_context():
            upgrade()
        engine = create_engine(url)
        with engine.begin() as connection:
            world = World(connection)
            [town] = world.towns([KITS], households=HOUSEHOLDS)
            connection.execute(update(Commune).values(policy=rules.policy))
            world.finish()
        CommuneAtWork(app, phones, town, people, has_list=rules.has_list).run()
        with app.app_context():
            db.engine.dispose()
        with engine.connect() as connection:
            found = figures(connection, town, people)
        engine.dispose()
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(prog="make simulate")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--days", type=int, default=DAYS)
    arguments.add_argument("--tried", action="store_true", help="other numbers than the defaults, too")
    arguments.add_argument("--picture", type=Path, help="where to write the picture")
    chosen = arguments.parse_args()
    worlds = TRIED if chosen.tried else [FAIR, FIRST_COME]
    with ProcessPoolExecutor(2, initializer=logging.disable) as processes:
        found = list(processes.map(simulate, worlds, [chosen.seed] * len(worlds), [chosen.days] * len(worlds)))
    if chosen.tried:
        print(picture.table([rules.name for rules in worlds], found))
    else:
        print(picture.bars([rules.name for rules in worlds], found))
    if chosen.picture:
        chosen.picture.write_text(picture.svg([rules.name for rules in worlds][:2], found[:2]))


if __name__ == "__main__":
    main()
