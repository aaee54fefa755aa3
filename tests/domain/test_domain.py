"""The package itself: what it imports, and where its tests are."""

import subprocess
import sys
from pathlib import Path

import kit_booking.domain


def modules_in(folder: Path, pattern: str) -> set[tuple[str, ...]]:
    """("booking", "queue") for `booking/queue.py`."""
    return {file.relative_to(folder).with_suffix("").parts for file in folder.rglob(pattern)}


MODULES = {parts for parts in modules_in(Path(kit_booking.domain.__file__).parent, "*.py") if parts[-1] != "__init__"}
TESTS = modules_in(Path(__file__).parent, "test_*.py") - {("test_domain",)}


def test_each_module_has_its_tests_in_a_file_of_its_name():
    assert {(*folder, f"test_{name}") for *folder, name in MODULES} == TESTS


def test_the_rules_and_their_tests_import_neither_flask_nor_sqlalchemy():
    names = ["tests.conftest", *(".".join(("kit_booking.domain", *parts)) for parts in MODULES)]
    names += [".".join(("tests.domain", *parts)) for parts in TESTS]
    code = f"import sys, {', '.join(sorted(names))}; print({{'flask', 'sqlalchemy'}} & set(sys.modules))"
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "set()", answer.stderr
