"""Who wants what, and what they are like: drawn once, so that both worlds have the same people and wishes."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from kit_booking.domain.time.local_time import local

FIRST_DAY = date(2026, 12, 1)
DAYS = 90
HOUSEHOLDS, KITS = 200, 5
GREEDY = 0.10
"""The share of those who ask for as much as they can."""
CARELESS = 0.15
"""The share of those who often give up late or don't come."""
WISHES_A_WEEK = 1.0
"""Of everybody who is not greedy."""
GREEDY_A_WEEK = 4
"""So many sessions even the greedy can do with."""
WANTED = {"toi": 0.55, "chieu": 0.2, "sang": 0.15, "trua": 0.1}
"""Evenings sell best."""


@dataclass(frozen=True)
class Wish:
    at: datetime
    household: int
    day: date
    keys: tuple[str, ...]
    """The slot that is wanted and, where people are flexible, one that would do, too."""
    would_wait: bool


@dataclass(frozen=True)
class Character:
    is_greedy: bool
    is_careless: bool


class Fate:
    """What becomes of one booking if nobody else decides: given up early or late, not come for, or used."""

    def __init__(self, seed: int, household: int, number: int, character: Character) -> None:
        dice = Random(f"{seed} {household} {number}")
        early, late, never = (0.10, 0.12, 0.15) if character.is_careless else (0.10, 0.02, 0.02)
        chance = dice.random()
        self.gives_up_early = chance < early
        self.gives_up_late = early <= chance < early + late
        self.never_comes = early + late <= chance < early + late + never
        self.moment = dice.random()
        """Where in the time there is for it, from 0 to 1."""


class People:
    def __init__(self, seed: int, days: int = DAYS) -> None:
        self.seed, self.days = seed, days
        self.end = local(FIRST_DAY + timedelta(days=days), time())
        dice = Random(seed)
        numbers = list(range(HOUSEHOLDS))
        greedy = set(dice.sample(numbers, round(HOUSEHOLDS * GREEDY)))
        careless = set(dice.sample(numbers, round(HOUSEHOLDS * CARELESS)))
        self.characters = [Character(n in greedy, n in careless) for n in numbers]
        self.wishes = sorted(self._wishes(dice), key=lambda wish: (wish.at, wish.household))

    def greedy_on(self, day: date) -> list[int]:
        """The greedy, in the order in which they are at it this morning."""
        greedy = [n for n, character in enumerate(self.characters) if character.is_greedy]
        Random(f"{self.seed} {day}").shuffle(greedy)
        return greedy

    def fate(self, household: int, number: int) -> Fate:
        return Fate(self.seed, household, number, self.characters[household])

    def _wishes(self, dice: Random) -> list[Wish]:
        wishes = []
        for household, character in enumerate(self.characters):
            at = local(FIRST_DAY, time(8)) + timedelta(days=dice.expovariate(WISHES_A_WEEK / 7))
            while at < self.end:
                day = at.date() + timedelta(days=dice.randint(1, 14))
                keys = tuple(dice.choices(list(WANTED), list(WANTED.values()), k=2 if dice.random() < 0.5 else 1))
                # By day and in the evening, as people are awake.
                awake = local(at.date(), time(7, 1)) + timedelta(hours=dice.uniform(0, 14))
                if not character.is_greedy:
                    wishes.append(Wish(awake, household, day, keys, dice.random() < 0.8))
                at += timedelta(days=dice.expovariate(WISHES_A_WEEK / 7))
        return wishes
