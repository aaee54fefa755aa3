"""Calendar feeds, public and private, and the file of one booking."""

from datetime import datetime, time, timedelta

from flask import Blueprint, Response, abort, current_app, request

from kit_booking.adapters.ical import calendar
from kit_booking.clock import utc_now
from kit_booking.config import Settings
from kit_booking.domain.calendar_apps import app_name
from kit_booking.domain.time.local_time import local
from kit_booking.services.calendars import feeds, tokens
from kit_booking.services.calendars.feeds import Feed
from kit_booking.web.frame.errors import error_page
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import household_only, own_booking_or_404
from kit_booking.web.frame.responses import cached
from kit_booking.web.machines.events import events_of, for_keeping, name_of

blueprint = Blueprint("feeds", __name__)

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
    feed, is_use_due = feeds.private_feed(token, now=now) or abort(404)
    if is_use_due:
        tokens.note_use(token, app_name(request.headers.get("User-Agent", "")), now=now)
    return _answer(feed, now=now)


@blueprint.get("/bookings/<code>.ics")
@household_only
def booking_event(code: str) -> Response:
    own_booking_or_404(code)
    settings: Settings = current_app.extensions["settings"]
    base_url, host = settings.public_base_url, settings.public_host
    events = [for_keeping(booking, base_url, host) for booking in feeds.booking_event(code)]
    if not events:
        return error_page(
            404,
            _("Phiếu này không còn trong lịch"),
            _("Phiếu đã hủy hoặc không được duyệt, nên không có gì để thêm vào lịch."),
            _("Xem lại phiếu, hoặc chọn buổi khác."),
            link=(f"/bookings/{code}", _("Xem phiếu %(code)s", code=code)),
        )
    body = calendar(f"Phiếu {code}", events, refreshes=False)
    response = Response(body, mimetype=MIME)
    response.headers["Content-Disposition"] = f'inline; filename="{code}.ics"'
    return response


def _answer(feed: Feed, *, now: datetime) -> Response:
    """304 or the cached bytes by the feed's version key; events move out of its window at midnight.

    There is no Last-Modified: no row keeps the time at which an event left the feed.
    """

    settings: Settings = current_app.extensions["settings"]

    def build() -> tuple[bytes, datetime]:
        body = calendar(name_of(feed), events_of(feed, settings.public_base_url, settings.public_host))
        return body, local(feed.day + timedelta(days=1), time())

    response = cached(
        ("feed", feed.version_key, feed.day),
        build,
        now=now,
        mimetype=MIME,
        cache_control="private, max-age=300" if feed.is_private else "public, max-age=300",
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response
