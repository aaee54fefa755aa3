"""The worker's chores, killed before their first statement, then before their second, and so on until they are done.

A program: the address of the database and the time that it is. It prints how often it was killed.
"""

import os
import signal
import sys
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event

from kit_booking import create_app, worker
from kit_booking.config import Settings
from kit_booking.database import db
from tests.support.fakes import FakeSms


def main(database_url: str, now: str) -> None:
    app = create_app(Settings(secret_key="x" * 40, database_url=database_url, sms_file=Path(os.devnull)), FakeSms())
    for number in count(1):
        child = os.fork()  # Nothing is connected yet.
        if child == 0:
            _work(app, datetime.fromisoformat(now), number)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != -signal.SIGKILL:
            sys.stdout.write(f"{number - 1}\n")
            sys.exit(status)


def _work(app: Flask, now: datetime, number: int) -> None:
    """The chores, in a process that dies before its statement of this number."""
    left = number

    def die(*_: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", die)
        event.listen(db.engine, "commit", die)
        worker.do_chores(lambda: now)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
