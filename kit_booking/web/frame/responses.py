"""Answers that cost little: kept pages instead of rebuilding, 304 instead of sending, gzip for slow phones."""

import gzip
import hashlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request

PACKAGE = Path(__file__).parents[2]
STATIC = PACKAGE / "static"
MOST_PAGES = 256
GZIP = 16
"""Added to the size of zlib's window, it asks for gzip's head and end (zlib's manual, deflateInit2)."""
WORTH_PACKING = 800
"""Bytes; below that gzip saves nothing."""


@dataclass(frozen=True)
class CachedPage:
    """A finished answer, and until when it stays true if nothing else changes."""

    body: bytes
    etag: str
    until_at: datetime

    @cached_property
    def packed(self) -> bytes:
        """As small as it gets: for whoever asks after the first."""
        return gzip.compress(self.body, 9, mtime=0)


class PageCache:
    """The pages made last, by what they were made of; a key that holds the version key of its rows can't be stale."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, CachedPage] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, now: datetime) -> CachedPage | None:
        with self._lock:
            page = self._pages.get(key)
            if page is None or now >= page.until_at:
                return None
            self._pages.move_to_end(key)
            return page

    def put(self, key: Hashable, page: CachedPage) -> None:
        with self._lock:
            self._pages[key] = page
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)


def init_app(app: Flask) -> None:
    app.extensions["pages"] = PageCache()
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.after_request(_pack)


def cached(
    key: tuple[Hashable, ...],
    build: Callable[[], tuple[str | bytes, datetime]],
    *,
    now: datetime,
    mimetype: str = "text/html",
    cache_control: str = "no-cache",
) -> Response:
    """The page of this key: 304 if the reader has it, else as made before, else built anew.

    ``build`` gives the body and the moment at which it changes by itself.
    """
    pages: PageCache = current_app.extensions["pages"]
    page = kept = pages.get(key, now)
    if page is None:
        body, until_at = build()
        page = CachedPage(body.encode() if isinstance(body, str) else body, etag_of(key, until_at), until_at)
        pages.put(key, page)
    headers = [("Content-Type", f"{mimetype}; charset=utf-8"), *_tags(page.etag, cache_control)]
    if has_it(page.etag):
        return Response(status=304, headers=headers)
    if _takes_gzip():
        # The first reader of a page that changes with each booking need not wait until it is as small as it gets.
        packed = kept.packed if kept else _packed_quickly(page.body)
        return Response(packed, headers=[*headers, ("Content-Encoding", "gzip")])
    return Response(page.body, headers=headers)


def _packed_quickly(body: bytes) -> bytes:
    """With a window of 16 kB, which fits the processor's nearest cache better than gzip's usual 32."""
    packer = zlib.compressobj(1, zlib.DEFLATED, GZIP + 14, 7)
    return packer.compress(body) + packer.flush()


def tagged(response: Response, etag: str, cache_control: str) -> Response:
    response.headers.update(_tags(etag, cache_control))
    return response


def _tags(etag: str, cache_control: str) -> list[tuple[str, str]]:
    return [("ETag", f'W/"{etag}"'), ("Cache-Control", cache_control), ("Vary", "Accept-Encoding, Cookie")]


def has_it(etag: str) -> bool:
    theirs = request.headers.get("If-None-Match")
    return theirs is not None and (theirs == f'W/"{etag}"' or request.if_none_match.contains_weak(etag))


def etag_of(key: tuple[Hashable, ...], until_at: datetime) -> str:
    return hashlib.blake2s(repr((key, until_at, _build())).encode(), digest_size=12).hexdigest()


@lru_cache
def _build() -> str:
    """This very version of the code, its templates and its texts."""
    digest = hashlib.blake2s(digest_size=8)
    for file in sorted(PACKAGE.rglob("*")):
        if file.suffix in (".py", ".html", ".css", ".js", ".mo", ".svg"):
            digest.update(file.read_bytes())
    return digest.hexdigest()


@lru_cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the file, which therefore may be kept for ever."""
    return f"/static/{name}?v={hashlib.blake2s((STATIC / name).read_bytes(), digest_size=6).hexdigest()}"


def _takes_gzip() -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "")


def _pack(response: Response) -> Response:
    """Gzip what is worth it and was not packed already; what leads elsewhere or says "as before" is short."""
    if 300 <= response.status_code < 400 or "Content-Encoding" in response.headers:
        return response
    if request.path.startswith("/static/"):
        response.direct_passthrough = False
        if "v" in request.args:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if (
        _takes_gzip()
        and response.mimetype
        in ("text/html", "text/css", "text/javascript", "text/calendar", "image/svg+xml", "text/plain")
        and not response.is_streamed
        and len(body := response.get_data()) >= WORTH_PACKING
    ):
        response.set_data(gzip.compress(body, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
        if etag := response.get_etag()[0]:
            response.set_etag(etag, weak=True)
    return response
