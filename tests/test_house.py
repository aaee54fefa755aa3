"""The papers that describe the code are true: their pictures are made from it, and their paths exist."""

import os
import re
import tomllib
from collections.abc import Callable
from inspect import cleandoc
from pathlib import Path

from kit_booking.domain.booking.status import LIVE, MOVES, Status
from kit_booking.models import Booking

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "docs" / "house.md"
STARTS = (Status.REQUESTED, Status.OFFERED, Status.APPROVED)


def layers() -> str:
    """The order of domain, services and web, as import-linter checks it; the topmost first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    lines = []
    for contract in contracts:
        if contract.get("exhaustive"):
            name = contract["containers"][0].rpartition(".")[2]
            lines.append(f"{name:<9} " + "  →  ".join(contract["layers"]))
    return "```\n" + "\n".join(lines) + "\n```"


def diagram() -> str:
    """Tables and foreign keys in Mermaid's words."""
    lines = []
    for table in sorted(Booking.metadata.tables.values(), key=lambda table: table.name):
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            many = "o|" if key.parent.unique else "o{"
            one = "|o" if key.parent.nullable else "||"
            lines.append(f"    {key.column.table.name} {one}--{many} {table.name} : {key.parent.name}")
    return "```mermaid\nerDiagram\n" + "\n".join(lines) + "\n```"


def tables() -> str:
    """Each table with the first sentence of its model."""
    lines = ["| table | is |", "|---|---|"]
    for model in sorted((mapper.class_ for mapper in Booking.registry.mappers), key=lambda model: model.__name__):
        assert "__doc__" in vars(model), f"{model.__name__} has no docstring"
        lines.append(f"| `{model.__tablename__}` | {first_sentence(model.__doc__)} |")
    return "\n".join(lines)


def first_sentence(text: str) -> str:
    paragraph = cleandoc(text).split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[.])\s", paragraph, maxsplit=1)[0]


def statuses() -> str:
    """The moves of a booking in Mermaid's words; the statuses that hold their slot are marked."""
    lines = [f"    [*] --> {start}" for start in STARTS]
    lines += [f"    {one} --> {other}" for one in MOVES for other in sorted(MOVES[one])]
    lines += [f"    {end} --> [*]" for end in Status if end not in MOVES]
    lines += ["    classDef holds stroke-width:3px", f"    class {','.join(sorted(LIVE))} holds"]
    return "```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```\n\nThick: the booking holds its slot."


MADE: dict[str, Callable[[], str]] = {
    "made from pyproject.toml: layers": layers,
    "made from the models: diagram": diagram,
    "made from the models: list": tables,
    "made from domain/booking/status.py": statuses,
}


def test_the_pictures_of_the_house_are_those_of_the_code() -> None:
    written = HOUSE.read_text()
    fresh = written
    for mark, make in MADE.items():
        fresh, count = re.subn(
            rf"(<!-- {re.escape(mark)} -->\n).*?(<!-- end -->)",
            lambda match, make=make: match[1] + make() + "\n" + match[2],
            fresh,
            flags=re.DOTALL,
        )
        assert count == 1, f"docs/house.md has no part {mark!r}"
    if os.environ.get("UPDATE_GOLDEN"):
        HOUSE.write_text(fresh)
    assert fresh == HOUSE.read_text(), "docs/house.md is not of this code; UPDATE_GOLDEN=1 make test writes it"


PAPERS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
BASES = (ROOT, ROOT / "kit_booking", ROOT / "kit_booking" / "services", ROOT / "docs")
"""Papers name files from here."""
COLUMNS = ("domain", "services", "web")
"""The columns of the README's map, before that of the tests, and the folder of the package each is about."""


def exists(path: Path) -> bool:
    """`domain/booking/refusals.refusals` names a function of a file."""
    return path.exists() or (path.parent / f"{path.name.partition('.')[0]}.py").exists()


def test_every_path_that_the_papers_name_exists() -> None:
    missing = [
        f"{paper.relative_to(ROOT)}: {path}"
        for paper in PAPERS
        for path in re.findall(r"`((?:[\w-]+/)+[\w.-]*\w)`", without_map(paper.read_text()))
        if not path.startswith("instance/") and not any(exists(base / path) for base in BASES)
    ]
    assert missing == []


def without_map(text: str) -> str:
    return re.sub(r"^\| .* \|$", "", text, flags=re.MULTILINE)


def test_every_file_of_the_map_exists_and_every_capability_stands_in_it() -> None:
    missing = []
    for line in (ROOT / "README.md").read_text().splitlines():
        if line.count("|") != 6 or "---" in line or "capability" in line:
            continue
        _, name, *cells, tests, _ = (cell.strip() for cell in line.split("|"))
        for folder, cell in zip(COLUMNS, cells, strict=True):
            package = ""
            for path in re.findall(r"`([^`]+)`", cell):
                if path.endswith("/") and ":" in cell:
                    package = path
                base = ROOT / "kit_booking" / folder
                if not ((base / path).exists() or (base / package / path).exists()):
                    missing.append(f"{name}: {path}")
        missing += [
            f"{name}: {path}" for path in re.findall(r"`([^`]+)`", tests) if not (ROOT / "tests" / path).exists()
        ]
    assert missing == []
    text = (ROOT / "README.md").read_text()
    packages = (path.parent.name for path in (ROOT / "kit_booking" / "services").glob("*/__init__.py"))
    names = {name.replace("_", " ") for name in packages}
    assert {name for name in names if not re.search(rf"^\| {name}( \(.*?\))? \|", text, flags=re.MULTILINE)} == set()


def test_every_link_of_the_papers_leads_somewhere() -> None:
    missing = [
        f"{paper.relative_to(ROOT)}: {link}"
        for paper in PAPERS
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", paper.read_text())
        if "://" not in link and not (paper.parent / link).exists()
    ]
    assert missing == []
