"""Google's Lighthouse on a page, as a slow phone with a slow network opens it."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.browser import CHROMIUM, FLAGS

LIGHTHOUSE = Path(__file__).parents[2] / "node_modules" / ".bin" / "lighthouse"


def scores(url: str, categories: Sequence[str], folder: Path) -> dict[str, float]:
    """The score of each category, from 0 to 1."""
    report = folder / "report.json"
    command = [
        LIGHTHOUSE, url, "--quiet", "--no-enable-error-reporting", "--output=json", f"--output-path={report}",
        f"--chrome-flags={' '.join(['--headless=new', *FLAGS])}", f"--only-categories={','.join(categories)}",
        "--form-factor=mobile", "--throttling-method=simulate",
    ]  # fmt: skip
    subprocess.run(
        command, check=True, capture_output=True, timeout=150, env=os.environ | {"CHROME_PATH": str(CHROMIUM)}
    )
    return {name: category["score"] for name, category in json.loads(report.read_text())["categories"].items()}
