"""Rounds in which everything is measured beside the bare page, and how their ratios are printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from urllib.request import urlopen

from benchmarks.tools.load import LoadClient, Result, get
from benchmarks.tools.serve import PROCESSOR_TIME

SECONDS = 0.3
"""How long one case is asked for in one round."""
CLIENTS = 4


@dataclass(frozen=True)
class Case:
    """One way to ask for a page, and what its rate is to be at least, as a part of the bare page's."""

    name: str
    port: int
    requests: Sequence[str]
    size: int
    """Bytes of the bare page beside it."""
    status: str = "200"
    goal: float | None = None
    clients: int = CLIENTS
    seconds: float | None = SECONDS


@dataclass(frozen=True)
class Ratio:
    """What a case reached in one round, by what the bare page reached right before it."""

    rate: float
    """Answers a second, as a clock on the wall sees them: all that happens on the machine is in it."""
    processor: float
    """Answers in a second of the server's own processor time: as good on a busy machine."""
    result: Result


def in_rounds(load: LoadClient, bare_port: int, cases: Sequence[Case], *, rounds: int) -> list[list[Ratio]]:
    """All cases in turns, each with the bare page right before it."""
    found: list[list[Ratio]] = [[] for _ in cases]
    for _ in range(rounds):
        for case, ratios in zip(cases, found, strict=True):
            ratios.append(beside_bare(load, bare_port, case))
    return found


def beside_bare(load: LoadClient, bare_port: int, case: Case) -> Ratio:
    bare, bare_used = _run(load, bare_port, [get(f"/{case.size}")], case.clients, SECONDS)
    result, used = _run(load, case.port, case.requests, case.clients, case.seconds)
    assert set(result.statuses) == {case.status}, f"{case.name}: {result.statuses}"
    return Ratio(result.rate / bare.rate, bare_used / len(bare.times) / (used / len(result.times)), result)


def _run(
    load: LoadClient, port: int, requests: Sequence[str], clients: int, seconds: float | None
) -> tuple[Result, float]:
    begun = _used(port)
    result = load.run(port, requests, clients=clients, seconds=seconds)
    return result, _used(port) - begun


def _used(port: int) -> float:
    with urlopen(f"http://127.0.0.1:{port}{PROCESSOR_TIME}", timeout=30) as answer:
        return float(answer.read())


def case_line(case: Case, ratios: Sequence[Ratio]) -> str:
    """The two ratios of a case. Its goal is about the rate; on a busy machine the other one says more."""
    rate, processor = (median(values) for values in ([r.rate for r in ratios], [r.processor for r in ratios]))
    spread = f"{min(r.rate for r in ratios):.2f} to {max(r.rate for r in ratios):.2f}"
    text = f"{case.name:<46} {rate:6.2f} ({spread})  by processor time {processor:.2f}"
    return text + verdict(rate, case.goal)


def verdict(reached: float, goal: float | None, *, at_most: bool = False) -> str:
    if goal is None:
        return ""
    is_met = reached <= goal if at_most else reached >= goal
    return f"  goal {'≤' if at_most else '≥'} {goal:.2f}: {'met' if is_met else 'MISSED'}"
