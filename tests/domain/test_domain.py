"""The package itself: what it imports, and where its tests are."""

import subprocess
import sys
from pathlib import Path

import kit_booking.domain

MODULES = {file.stem for file in Path(kit_booking.domain.__file__).parent.glob("*.py")} - {"__init__"}
TESTS = {file.stem for file in Path(__file__).parent.glob("test_*.py")}


def test_each_module_has_its_tests_in_a_file_of_its_name():
    assert {f"test_{name}" for name in MODULES} | {"test_domain"} == TESTS


def test_the_rules_and_their_tests_import_neither_flask_nor_sqlalchemy():
    names = ["tests.conftest", *(f"kit_booking.domain.{name}" for name in MODULES)]
    names += [f"tests.domain.{name}" for name in TESTS - {"test_domain"}]
    code = f"import sys, {', '.join(sorted(names))}; print({{'flask', 'sqlalchemy'}} & set(sys.modules))"
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "set()", answer.stderr
