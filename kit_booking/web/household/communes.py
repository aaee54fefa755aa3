"""The public pages: the communes to choose from, and the fortnight of each; cached."""

from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, make_response, render_template, request

from kit_booking.clock import utc_now
from kit_booking.services.communes.facts import find_version_key
from kit_booking.services.communes.fortnight import fortnight
from kit_booking.services.communes.schedule import schedule
from kit_booking.services.communes.search import CommuneMatches, find_communes, start_version_key
from kit_booking.web.frame.language import language
from kit_booking.web.frame.readers import household, reader
from kit_booking.web.frame.responses import cached, etag_of, has_it, tagged
from kit_booking.web.household.grid import page_of

blueprint = Blueprint("communes", __name__)

SHARED, PERSONAL = "public, no-cache", "private, no-cache"


@blueprint.get("/")
def start() -> Response:
    now = utc_now()
    query, province = request.args.get("q", "")[:80], request.args.get("province", "")[:80]
    if query or province or reader():
        return make_response(_start_page(find_communes(query, province, now=now), query))

    def build() -> tuple[str, datetime]:
        matches = find_communes("", "", now=now)
        return _start_page(matches, ""), matches.changes_at or now + timedelta(days=1)

    return cached(("start", language(), *start_version_key()), build, now=now, cache_control=SHARED)


def _start_page(matches: CommuneMatches, query: str) -> str:
    return render_template(
        "household/communes/start.html",
        matches=matches,
        q=query,
        here=request.full_path.rstrip("?") if query or matches.province else "/",
    )


@blueprint.get("/communes/<slug>")
def show(slug: str) -> Response:
    now = utc_now()
    version_key = find_version_key(slug) or abort(404)
    who = reader()
    own = household() if who else None
    key = ("fortnight", language(), version_key, who and (own.id if own else who.kind))

    def build() -> tuple[str, datetime]:
        shown = fortnight(version_key.facts, now=now, household_id=own.id if own else None)
        return render_template(
            "household/communes/fortnight.html", page=page_of(shown), office=shown.commune, here=request.path
        ), shown.schedule.until_at

    if who is None:
        return cached(key, build, now=now, cache_control=SHARED)
    etag = etag_of(key, schedule(version_key.facts, now=now).until_at)
    return tagged(Response(status=304) if has_it(etag) else make_response(build()[0]), etag, PERSONAL)


@blueprint.get("/privacy")
def privacy() -> str:
    return render_template("household/privacy.html")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Feeds are allowed, because Google Calendar obeys robots.txt; they send ``X-Robots-Tag: noindex``."""
    response = Response("User-agent: *\nDisallow: /staff\nDisallow: /bookings\n", mimetype="text/plain")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
