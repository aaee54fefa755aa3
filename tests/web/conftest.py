"""Fixtures of the pages' tests."""

import pytest
from flask import Flask

from tests.web.town import Town


@pytest.fixture
def town(app: Flask) -> Town:
    return Town(app)
