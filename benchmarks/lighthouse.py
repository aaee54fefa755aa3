"""Lighthouse's performance score of the start page and the fortnight, on a slow phone; the best of three."""

import tempfile
from pathlib import Path

from benchmarks.pages import fill
from benchmarks.tools import databases
from benchmarks.tools.report import verdict
from benchmarks.tools.serve import serving
from tests.e2e.browser import CHROMIUM
from tests.support.lighthouse import LIGHTHOUSE, scores

GOAL = 0.98
TRIES = 3


def main() -> None:
    if not (LIGHTHOUSE.exists() and CHROMIUM):
        print("needs Node, npm and chromium")
        return
    with databases.sqlite() as url, tempfile.TemporaryDirectory(prefix="kit-bench-") as folder:
        town = fill(url)[0]
        with serving(url) as port:
            for name, path in (("start page", "/"), ("fortnight of 5 kits", f"/communes/{town.slug}")):
                address = f"http://127.0.0.1:{port}{path}"
                best = max(scores(address, ["performance"], Path(folder))["performance"] for _ in range(TRIES))
                print(f"{name:<46} {best:6.2f}{verdict(best, GOAL)}")


if __name__ == "__main__":
    main()
