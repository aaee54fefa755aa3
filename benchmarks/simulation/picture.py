"""The figures as text for a terminal, as a table, and as a small picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.simulation.figures import Figures


@dataclass(frozen=True)
class Line:
    name: str
    of: Callable[[Figures], float]
    most: float
    """What fills the whole bar."""
    shown: str = "{:.0%}"


LINES = (
    Line("households that had a kit", lambda f: f.served, 1),
    Line("inequality of sessions (Gini)", lambda f: f.gini, 1, "{:.2f}"),
    Line("sessions of the greedy tenth", lambda f: f.greedy_share, 1),
    Line("households that had an evening", lambda f: f.had_evening, 1),
    Line("inequality of evenings (Gini)", lambda f: f.evening_gini, 1, "{:.2f}"),
    Line("evenings of the greedy tenth", lambda f: f.greedy_evenings, 1),
    Line("median days to the first session", lambda f: f.wait, 60, "{:.0f}"),
    Line("slots in use", lambda f: f.used, 1),
    Line("evenings in use", lambda f: f.evenings_used, 1),
    Line("slots given up that were used again", lambda f: f.used_again, 1),
    Line("given up late, of 100 bookings", lambda f: f.given_up_late, 20, "{:.1f}"),
    Line("not come for, of 100 bookings", lambda f: f.no_shows, 20, "{:.1f}"),
)
WIDTH = 40


def bars(names: Sequence[str], found: Sequence[Figures]) -> str:
    """Each figure with a bar for each world."""
    lines = []
    for line in LINES:
        lines.append(line.name)
        for name, figures in zip(names, found, strict=True):
            value = line.of(figures)
            bar = "█" * round(WIDTH * min(value / line.most, 1))
            lines.append(f"  {name:<26} {line.shown.format(value):>6}  {bar}")
    return "\n".join(lines)


def table(names: Sequence[str], found: Sequence[Figures]) -> str:
    """A row for each world, as Markdown."""
    head = ["", *(line.name for line in LINES), "sessions", "of them by the list"]
    rows = [head, ["---"] * len(head)]
    for name, figures in zip(names, found, strict=True):
        values = [line.shown.format(line.of(figures)) for line in LINES]
        rows.append([name, *values, str(figures.sessions), str(figures.from_list)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def svg(names: Sequence[str], found: Sequence[Figures]) -> str:
    """The same bars as a picture; each states its value, so that nothing is said by colour alone."""
    parts, y = [], 34
    for line in LINES:
        parts.append(f'<text x="300" y="{y + 15}" text-anchor="end">{escape(line.name)}</text>')
        for figures, shade in zip(found, ("f", "n"), strict=True):
            value = line.of(figures)
            width = max(1, round(300 * min(value / line.most, 1)))
            parts.append(f'<rect class="{shade}" x="310" y="{y}" width="{width}" height="11"/>')
            parts.append(f'<text class="v" x="{316 + width}" y="{y + 10}">{line.shown.format(value)}</text>')
            y += 13
        y += 10
    key = "".join(
        f'<rect class="{shade}" x="{x}" y="8" width="11" height="11"/><text x="{x + 17}" y="18">{escape(name)}</text>'
        for name, shade, x in zip(names, ("f", "n"), (310, 450), strict=True)
    )
    style = (
        "text{font:13px sans-serif;fill:#24211c}.v{font-size:11px}.f{fill:#0b6e69}.n{fill:#b9b0a0}"
        ".ground{fill:#fbf8f2}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 {y}" role="img" '
        f'aria-label="The fair queue beside first come, first served"><style>{style}</style>'
        f'<rect class="ground" width="680" height="{y}"/>{key}{"".join(parts)}</svg>\n'
    )
