"""What Lighthouse says of the pages that everybody opens; how fast they are: benchmarks/lighthouse.py."""

from pathlib import Path

import pytest

from tests.e2e.browser import CHROMIUM
from tests.e2e.demo import COMMUNE, Demo
from tests.support.lighthouse import LIGHTHOUSE, scores

CATEGORIES = ("accessibility", "best-practices", "seo")

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(not LIGHTHOUSE.exists(), reason="no Lighthouse: install Node and npm, then `make test`"),
    pytest.mark.skipif(not CHROMIUM, reason="no chromium: apt-get install chromium, or set CHROMIUM_PATH"),
]


@pytest.mark.parametrize("path", ["/", f"/communes/{COMMUNE}"], ids=["start", "fortnight"])
def test_lighthouse_has_nothing_to_find_fault_with(shared_demo: Demo, path: str, tmp_path: Path) -> None:
    assert scores(f"{shared_demo.url}{path}", CATEGORIES, tmp_path) == dict.fromkeys(CATEGORIES, 1)
