"""Calendar feeds, public and private, and the pages that explain how to subscribe."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import segno
from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, session
from markupsafe import Markup

from kit_booking.adapters.ical import calendar
from kit_booking.clock import utc_now
from kit_booking.domain.calendar_apps import app_name
from kit_booking.domain.local_time import local
from kit_booking.services.calendars import feeds, tokens
from kit_booking.services.calendars.feeds import Feed
from kit_booking.services.calendars.tokens import Owner
from kit_booking.services.communes.facts import commune_facts
from kit_booking.services.communes.fortnight import find_version_key
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import household, household_only, own_booking_or_404, staff_member
from kit_booking.web.frame.responses import cached
from kit_booking.web.household.communes import office_of
from kit_booking.web.machines.events import events_of, for_keeping, name_of

blueprint = Blueprint("calendars", __name__)

MIME = "text/calendar"


@blueprint.get("/communes/<slug>.ics")
def commune_feed(slug: str) -> Response:
    now = utc_now()
    return _answer(feeds.commune_feed(slug, now=now) or abort(404), now=now)


@blueprint.get("/kits/<code>.ics")
def kit_feed(code: str) -> Response:
    now = utc_now()
    return _answer(feeds.kit_feed(code, now=now) or abort(404), now=now)


@blueprint.get("/feeds/<token>.ics")
def private_feed(token: str) -> Response:
    now = utc_now()
    feed, is_news = feeds.private_feed(token, now=now) or abort(404)
    if is_news:
        tokens.note_use(token, app_name(request.headers.get("User-Agent", "")), now=now)
    return _answer(feed, now=now)


@blueprint.get("/bookings/<code>.ics")
@household_only
def booking_event(code: str) -> Response:
    own_booking_or_404(code)
    events = [for_keeping(booking, _base_url(), _host()) for booking in feeds.booking_event(code)]
    body = calendar(f"Phiếu {code}", events)
    response = Response(body, mimetype=MIME)
    response.headers["Content-Disposition"] = f'inline; filename="{code}.ics"'
    return response


def _answer(feed: Feed, *, now: datetime) -> Response:
    """304 or the cached bytes by the feed's version key; events move out of its window at midnight.

    There is no Last-Modified: an event that vanishes leaves no row whose time could be asked for.
    """

    def build() -> tuple[bytes, datetime]:
        body = calendar(name_of(feed), events_of(feed, _base_url(), _host()))
        return body, local(feed.day + timedelta(days=1), time())

    response = cached(
        ("feed", feed.stamp, feed.day),
        build,
        now=now,
        mimetype=MIME,
        cache_control="private, max-age=300" if feed.is_private else "public, max-age=300",
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _base_url() -> str:
    return str(current_app.extensions["settings"].public_base_url)


def _host() -> str:
    return str(current_app.extensions["settings"].public_host)


@blueprint.get("/communes/<slug>/calendar")
def public(slug: str) -> str:
    stamp = find_version_key(slug) or abort(404)
    commune = commune_facts(stamp.commune_id, stamp.version)
    return render_template(
        "household/calendars/public.html",
        commune=commune,
        whole=_address(_("Cả xã"), f"/communes/{slug}.ics"),
        kits=[_address(f"{kit.place} ({kit.code})", f"/kits/{kit.code}.ics") for kit in commune.kits],
        office=office_of(commune),
    )


@blueprint.get("/calendar")
def mine() -> Any:
    owner = _owner()
    if owner is None:
        return redirect("/sign-in?next=/calendar", 303)
    token = session.pop("new_feed", None)
    return render_template(
        "household/calendars/mine.html",
        feeds=tokens.tokens_of(owner),
        may_add=_has_feed(),
        new=_address(_("Lịch mới"), f"/feeds/{token}.ics") if token else None,
    )


@blueprint.post("/calendar")
def add() -> Any:
    owner = _owner()
    if owner is None:
        return redirect("/sign-in?next=/calendar", 303)
    if not _has_feed():
        abort(403)
    session["new_feed"] = tokens.add_token(owner, now=utc_now())
    return redirect("/calendar", 303)


@blueprint.post("/calendar/<int(max=2147483647):token_id>/revoke")
def revoke(token_id: int) -> Any:
    owner = _owner()
    if owner is None:
        return redirect("/sign-in?next=/calendar", 303)
    if not tokens.revoke_token(owner, token_id, now=utc_now()):
        abort(404)
    return redirect("/calendar", 303)


def _has_feed() -> bool:
    """Every household, and staff with a commune of their own; an operator belongs to none."""
    member = staff_member()
    return member is None or any(commune_id is not None for _role, commune_id in member.roles)


def _owner() -> Owner | None:
    if member := staff_member():
        return Owner(staff_id=member.id)
    found = household()
    return Owner(household_id=found.id) if found else None


@dataclass(frozen=True)
class Address:
    """A feed's address: to tap, to copy, to scan."""

    name: str
    url: str

    @property
    def webcal(self) -> str:
        return "webcal" + self.url[self.url.index(":") :]

    @property
    def qr(self) -> Markup:
        """For an iPhone: another phone would take the https address for a file, which never changes again."""
        code = segno.make(self.webcal, error="m")
        return Markup(code.svg_inline(scale=4, omitsize=True, svgclass=None, lineclass=None))  # noqa: S704


def _address(name: str, path: str) -> Address:
    return Address(name, _base_url() + path)
