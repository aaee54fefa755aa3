"""The simulation of the fair queue still plays with the services, the worker and the texts as they are now."""

import pytest

from benchmarks.simulation.__main__ import FAIR, simulate


@pytest.mark.timeout(240)
def test_some_days_are_played() -> None:
    found = simulate(FAIR, seed=1, days=4)
    assert found.sessions > 0
    assert 0 < found.had_evening <= found.served <= 1
