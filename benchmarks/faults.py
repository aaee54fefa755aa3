"""Puts faults into the code on purpose, one at a time, and says which of them no test notices.

    python -m benchmarks.faults               every fault of benchmarks/fault_list
    python -m benchmarks.faults queue quiet   those with one of the words in the name of the file or in the text

All happens in a copy of the project in a temporary folder. For each fault only the test files that belong to it
run. The exit code is 1 if a fault survives, or if its text is no longer found exactly once.
"""

import argparse
import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from benchmarks import fault_list
from benchmarks.fault_list import Fault

ROOT = Path(__file__).parents[1]
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "instance", "__pycache__", ".hypothesis", ".*_cache"
)
TIMEOUT = 300
"""Seconds for the tests of one fault; one that makes them hang is noticed, too."""
# A fixed order and fixed examples, so that a fault is noticed in every run or in none.
PYTEST = ("-m", "pytest", "-n0", "-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-seed=0")
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}


class Verdict(StrEnum):
    KILLED = "killed"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"
    """The tests could not even start, which says nothing about them."""


def known_faults() -> list[Fault]:
    modules = sorted(module.name for module in pkgutil.iter_modules(fault_list.__path__))
    return [fault for name in modules for fault in importlib.import_module(f"benchmarks.fault_list.{name}").FAULTS]


def chosen(faults: Iterable[Fault], words: list[str]) -> list[Fault]:
    return [fault for fault in faults if not words or any(word in f"{fault.file} {fault.text}" for word in words)]


def problems(faults: Iterable[Fault], root: Path) -> list[str]:
    """What makes a fault of the list unusable."""
    found = []
    for fault in faults:
        missing = [name for name in (fault.file, *fault.tests) if not (root / name).is_file()]
        found += [f"{name}: no such file" for name in missing]
        if not missing and (count := (root / fault.file).read_text().count(fault.text)) != 1:
            found.append(f"{fault.file}: found {count} times: {fault.text!r}")
        if fault.text == fault.replacement:
            found.append(f"{fault.file}: replaced by itself: {fault.text!r}")
    return found


def run_tests(root: Path, tests: Iterable[str], select: str = "") -> int | None:
    """Pytest's exit code; None if the tests took too long."""
    try:
        return subprocess.run(  # noqa: S603
            [sys.executable, *PYTEST, "-k", select, *tests],
            cwd=root,
            env=os.environ | NO_BYTECODE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return None


def try_fault(root: Path, fault: Fault) -> Verdict:
    file = root / fault.file
    original = file.read_text()
    file.write_text(original.replace(fault.text, fault.replacement))
    try:
        code = run_tests(root, fault.tests, fault.select)
    finally:
        file.write_text(original)
    match code:
        case 0:
            return Verdict.SURVIVED
        case 1 | None:
            return Verdict.KILLED
        case _:
            return Verdict.BROKEN


def describe(fault: Fault) -> str:
    text, replacement = (" ".join(code.split()) for code in (fault.text, fault.replacement))
    return f"{fault.file}: {text} → {replacement or 'nothing'}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("words", nargs="*", help="only faults with one of them in the file's name or in the text")
    faults = chosen(known_faults(), parser.parse_args().words)
    if not faults:
        print("No fault has any of these words.")
        return 1
    if unusable := problems(faults, ROOT):
        print(*unusable, sep="\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="kit-faults-") as folder:
        root = Path(folder) / "project"
        shutil.copytree(ROOT, root, ignore=NOT_COPIED)
        # Bytecode that is compared with the source's hash: a fault of the same length in the same second counts.
        compile_all = ["-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "kit_booking"]
        subprocess.run([sys.executable, *compile_all], cwd=root, check=True)  # noqa: S603
        for select in sorted({fault.select for fault in faults}):
            if run_tests(
                root, sorted({test for fault in faults if fault.select == select for test in fault.tests}), select
            ):
                print("The tests fail without any fault; repair that first.")
                return 1
        return report(root, faults)


def report(root: Path, faults: list[Fault]) -> int:
    started = time.monotonic()
    not_killed = 0
    for fault in faults:
        verdict = try_fault(root, fault)
        not_killed += verdict is not Verdict.KILLED
        print(f"{verdict:<8}  {describe(fault)}", flush=True)
    seconds = round(time.monotonic() - started)
    print(f"{len(faults)} faults, {len(faults) - not_killed} killed, {not_killed} not, in {seconds} s")
    return 1 if not_killed else 0


if __name__ == "__main__":
    sys.exit(main())
