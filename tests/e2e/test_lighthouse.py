"""What Google's Lighthouse says of the pages that everybody opens, on a slow phone with a slow network."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.browser import CHROMIUM, FLAGS
from tests.e2e.demo import COMMUNE, Demo

LIGHTHOUSE = Path(__file__).parents[2] / "node_modules" / ".bin" / "lighthouse"
GOOD = {"performance": 0.9, "accessibility": 1, "best-practices": 1, "seo": 1}
"""The aim is a performance of 0.98, measured by hand where nothing else runs."""
HALF_SPEED = "--throttling.cpuSlowdownMultiplier=2"
"""Lighthouse makes the machine four times slower to be a cheap phone; other tests at the same time do half of it."""
TRIES = 3
"""Other work on the machine disturbs the measurement, and no run comes out better than the page is."""

pytestmark = [
    pytest.mark.timeout(480),
    pytest.mark.skipif(not LIGHTHOUSE.exists(), reason="no Lighthouse: install Node and npm, then `make test`"),
    pytest.mark.skipif(not CHROMIUM, reason="no chromium: apt-get install chromium, or set CHROMIUM_PATH"),
]


@pytest.mark.parametrize("path", ["/", f"/communes/{COMMUNE}"], ids=["start", "fortnight"])
def test_lighthouse_is_content(shared_demo: Demo, path: str, tmp_path: Path) -> None:
    for _ in range(TRIES):
        scores = lighthouse(f"{shared_demo.url}{path}", tmp_path)
        if all(scores[name] >= score for name, score in GOOD.items()):
            return
    pytest.fail(f"{scores} in the last of {TRIES} runs")


def lighthouse(url: str, folder: Path) -> dict[str, float]:
    """The score of each category, from 0 to 1."""
    report = folder / "report.json"
    command = [
        LIGHTHOUSE, url, "--quiet", "--no-enable-error-reporting", "--output=json", f"--output-path={report}",
        f"--chrome-flags={' '.join(['--headless=new', *FLAGS])}",
        "--only-categories=performance,accessibility,best-practices,seo",
        "--form-factor=mobile", "--throttling-method=simulate", HALF_SPEED,
    ]  # fmt: skip
    subprocess.run(
        command, check=True, capture_output=True, timeout=150, env=os.environ | {"CHROME_PATH": str(CHROMIUM)}
    )
    categories = json.loads(report.read_text())["categories"]
    return {name: category["score"] for name, category in categories.items()}
