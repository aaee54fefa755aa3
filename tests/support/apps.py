"""Apps for tests. Making one compiles every route, and each engine its statements: most of the time of a test.

So apps with the same settings are copies of one of them, and all engines of a kind share what they have compiled.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Dialect
from sqlalchemy.util import LRUCache

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.database import db
from kit_booking.web.frame.responses import PageCache
from tests.support.fakes import FakeSms
from tests.support.templates import COMPILED


def make_app(settings: Settings, sms: FakeSms) -> Flask:
    """An app with a database, a sender of texts and kept pages of its own."""
    like = _like(replace(settings, database_url=f"sqlite:///{os.devnull}", sms_file=Path(os.devnull)))
    app = copy(like)
    app.config = copy(like.config)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.extensions = {name: extension for name, extension in like.extensions.items() if name != "sqlalchemy"}
    app.extensions |= {"settings": settings, "sms": sms, "pages": PageCache()}
    app.teardown_appcontext_funcs = []
    app.instance_path = str(settings.sms_file.parent)
    with _shared_statements(app):
        db.init_app(app)
    return app


@contextmanager
def _shared_statements(app: Flask) -> Iterator[None]:
    """Compiled statements are kept by dialect, so the engine made here gets the dialect of the first of its kind."""
    options = app.config["SQLALCHEMY_ENGINE_OPTIONS"]
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options | {"execution_options": {"compiled_cache": _STATEMENTS}}
    yield
    with app.app_context():
        db.engine.dialect = _DIALECTS.setdefault(db.engine.dialect.name, db.engine.dialect)


_STATEMENTS: LRUCache[Any, Any] = LRUCache(2000)
_DIALECTS: dict[str, Dialect] = {}


@lru_cache
def _like(settings: Settings) -> Flask:
    app = create_app(settings, FakeSms())
    app.testing = True
    app.jinja_env.bytecode_cache = COMPILED
    return app
