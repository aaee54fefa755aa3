"""Last-Modified for answers that are known by a stamp: it may be too late, and must never be shared by two states.

What vanishes from a feed leaves no row behind whose time could be asked for, and of two changes at once the
earlier may be written last. So the time of a state is when this process first saw it, and the header is sent
only when that is a minute ago: by then no other state can have begun in the same second, here or on a machine
whose clock is up to a minute off. A process that starts anew knows later times, and answers in full.

This holds for states that never come back once they are left.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime, timedelta
from functools import lru_cache

from flask import Flask, Response, current_app, request
from werkzeug.http import http_date

SURE = timedelta(minutes=1)
MOST_STATES = 4096


class FirstSeen:
    """When each state was first seen, the last ones asked for."""

    def __init__(self) -> None:
        self._times: OrderedDict[Hashable, datetime] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, state: Hashable, now: datetime) -> datetime:
        """The full second after the state was first seen; headers know no smaller time."""
        with self._lock:
            seen_at = self._times.setdefault(state, now.replace(microsecond=0) + timedelta(seconds=1))
            self._times.move_to_end(state)
            while len(self._times) > MOST_STATES:
                self._times.popitem(last=False)
        return seen_at


def init_app(app: Flask) -> None:
    app.extensions["first_seen"] = FirstSeen()


def with_last_modified(response: Response, *, now: datetime) -> Response:
    """The answer with its Last-Modified, or 304 for whoever asks by it; its ETag names its state."""
    seen: FirstSeen = current_app.extensions["first_seen"]
    since = seen.of(response.headers["ETag"], now)
    if now - since >= SURE:
        response.headers["Last-Modified"] = _http_date(since)
        if request.if_modified_since == since:  # Not later ones: some programs send the time of their own clock.
            response.make_conditional(request)
    return response


_http_date = lru_cache(maxsize=MOST_STATES)(http_date)
