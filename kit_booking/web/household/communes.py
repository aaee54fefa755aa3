"""The public pages: the communes to choose from, and the fortnight of each; cached."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.services.communes.facts import find_version_key
from kit_booking.services.communes.fortnight import fortnight
from kit_booking.services.communes.schedule import SlotState, schedule
from kit_booking.services.communes.search import CommuneMatches, find_communes, start_version_key
from kit_booking.web.frame.language import language
from kit_booking.web.frame.readers import commune_or_404, household, reader
from kit_booking.web.frame.responses import cached, etag_of, has_it, tagged
from kit_booking.web.household.grid import fortnight_path, slot_path
from kit_booking.web.household.overview import page_of
from kit_booking.web.household.slots import day_or_404

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
    place = version_key.facts.known_place(request.args.get("place", ""))  # Else anybody could fill the cache.
    own_place = version_key.facts.place_of(own.village) if own else ""
    to = (own.id, own.version, own_place) if own else who and who.kind
    key = ("fortnight", language(), version_key, place, to)

    def build() -> tuple[str, datetime]:
        shown = fortnight(version_key.facts, now=now, household_id=own.id if own else None)
        page = page_of(shown, place=place, own_place=own_place)
        here = fortnight_path(shown.commune, page.place)
        return render_template(
            "household/communes/fortnight.html", page=page, office=shown.commune, here=here
        ), shown.schedule.until_at

    if who is None:
        return cached(key, build, now=now, cache_control=SHARED)
    etag = etag_of(key, schedule(version_key.facts, now=now).until_at)
    return tagged(Response(status=304) if has_it(etag) else make_response(build()[0]), etag, PERSONAL)


@blueprint.get("/communes/<slug>/<day>/<slot_key>")
def slot(slug: str, day: str, slot_key: str) -> Any:
    """The places at which a slot can be had, the free ones first."""
    commune, who, on, now = commune_or_404(slug), household(), day_or_404(day), utc_now()
    place = commune.known_place(request.args.get("place", ""))
    shown = fortnight(commune, now=now, household_id=who.id if who else None)
    page = page_of(shown, place=place, own_place=commune.place_of(who.village) if who else "")
    views = {view.kit: view for view in shown.seen() if (view.slot.day, view.slot.key) == (on, slot_key)}
    offered = [views[kit] for kit in page.kits if kit in views]
    if not offered:
        abort(404)
    if own := next((view for view in offered if view.code), None):
        return redirect(f"/bookings/{own.code}", 303)
    free = [view for view in offered if view.state is SlotState.FREE]
    if len(offered) == 1 or not free:
        return redirect(slot_path((free or offered)[0].kit, on, slot_key, page.place), 303)
    return render_template(
        "household/communes/slot.html",
        commune=commune,
        slot=free[0].slot,
        free=free,
        taken=[view for view in offered if view.state in (SlotState.WAITING, SlotState.TAKEN)],
        place=page.place,
        back=fortnight_path(commune, page.place, on),
        office=commune,
    )


@blueprint.get("/privacy")
def privacy() -> str:
    return render_template("household/privacy.html")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Feeds are allowed, because Google Calendar obeys robots.txt; they send ``X-Robots-Tag: noindex``."""
    response = Response("User-agent: *\nDisallow: /staff\nDisallow: /bookings\n", mimetype="text/plain")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
