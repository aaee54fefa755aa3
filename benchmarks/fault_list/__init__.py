"""The faults that `benchmarks.faults` puts in: each module here has a list `FAULTS`."""

from typing import NamedTuple


class Fault(NamedTuple):
    file: str
    """The file to change; its path and those of the tests are relative to the root of the project."""
    text: str
    """What is replaced; the file contains it exactly once."""
    replacement: str
    tests: tuple[str, ...]
    """The test files that a reader expects to fail with the fault in place."""
    select: str = ""
    """Which of their tests run, as for pytest's `-k`; empty: all of them."""
