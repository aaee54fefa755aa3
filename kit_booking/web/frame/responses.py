"""Caching of answers: a page cache in the process, ETags with 304, gzip, and addresses of static files."""

import gzip
import hashlib
import threading
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
GZIP_FROM = 800
"""Bytes; below that gzip saves nothing."""


@dataclass(frozen=True)
class CachedPage:
    """A finished answer, and the moment at which it changes by itself."""

    body: bytes
    etag: str
    until_at: datetime

    @cached_property
    def gzipped(self) -> bytes:
        """The body at gzip's best level."""
        return gzip.compress(self.body, 9, mtime=0)


class PageCache:
    """The last pages (LRU). A key contains the version key of the rows shown, so no page needs to be removed."""

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
    app.after_request(_gzip)


def cached(
    key: tuple[Hashable, ...],
    build: Callable[[], tuple[str | bytes, datetime]],
    *,
    now: datetime,
    mimetype: str = "text/html",
    cache_control: str = "no-cache",
) -> Response:
    """The page of this key: 304 if the reader has it, else from the cache, else built.

    ``build`` returns the body and the moment at which it changes by itself.
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
    if _accepts_gzip():
        # Level 1 for the first reader, who waits for it; the best level once the page is asked for again.
        packed = kept.gzipped if kept else gzip.compress(page.body, 1, mtime=0)
        return Response(packed, headers=[*headers, ("Content-Encoding", "gzip")])
    return Response(page.body, headers=headers)


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
    """A hash of the code, templates, texts and static files: a new release changes every ETag."""
    digest = hashlib.blake2s(digest_size=8)
    for file in sorted(PACKAGE.rglob("*")):
        if file.suffix in (".py", ".html", ".css", ".js", ".mo", ".svg"):
            digest.update(file.read_bytes())
    return digest.hexdigest()


@lru_cache
def asset(name: str) -> str:
    """The address of a static file with a hash of its content, so that browsers may cache it for good."""
    return f"/static/{name}?v={hashlib.blake2s((STATIC / name).read_bytes(), digest_size=6).hexdigest()}"


def _accepts_gzip() -> bool:
    accepted = request.headers.get("Accept-Encoding", "")
    return "gzip" in accepted and ("q=0" not in accepted or request.accept_encodings["gzip"] > 0)


def _gzip(response: Response) -> Response:
    """Gzip text that is long enough and not compressed yet; redirects and 304 are left as they are."""
    if 300 <= response.status_code < 400 or "Content-Encoding" in response.headers:
        return response
    if request.path.startswith("/static/"):
        response.direct_passthrough = False
        if "v" in request.args:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if (
        _accepts_gzip()
        and response.mimetype
        in ("text/html", "text/css", "text/javascript", "text/calendar", "image/svg+xml", "text/plain")
        and not response.is_streamed
        and len(body := response.get_data()) >= GZIP_FROM
    ):
        response.set_data(gzip.compress(body, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
        if etag := response.get_etag()[0]:
            response.set_etag(etag, weak=True)
    return response
