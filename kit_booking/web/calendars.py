"""Calendar feeds, public and private, and the pages that explain how to subscribe."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import segno
from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, session
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup

from kit_booking.adapters.ical import FeedEvent, calendar
from kit_booking.clock import utc_now
from kit_booking.domain.local_time import local
from kit_booking.domain.phone import national
from kit_booking.domain.status import Status
from kit_booking.services import feed_tokens, feeds
from kit_booking.services.feed_tokens import Owner
from kit_booking.services.feeds import Feed, FeedBooking
from kit_booking.services.fortnight import find_stamp
from kit_booking.services.sheets import sheet
from kit_booking.web.communes import office_of
from kit_booking.web.formats import moment
from kit_booking.web.readers import household, household_only, own_booking_or_404, staff_member
from kit_booking.web.responses import cached

blueprint = Blueprint("calendars", __name__)

MIME = "text/calendar"


@blueprint.get("/communes/<slug>.ics")
def commune_feed(slug: str) -> Response:
    return _answer(feeds.commune_feed(slug, now=utc_now()) or abort(404))


@blueprint.get("/kits/<code>.ics")
def kit_feed(code: str) -> Response:
    return _answer(feeds.kit_feed(code, now=utc_now()) or abort(404))


@blueprint.get("/feeds/<token>.ics")
def private_feed(token: str) -> Response:
    now = utc_now()
    feed, is_news = feeds.private_feed(token, now=now) or abort(404)
    if is_news:
        feed_tokens.note_use(token, request.headers.get("User-Agent", ""), now=now)
    return _answer(feed)


@blueprint.get("/bookings/<code>.ics")
@household_only
def booking_event(code: str) -> Response:
    own_booking_or_404(code)
    body = calendar(f"Phiếu {code}", [_event_for_household(b) for b in feeds.booking_event(code)])
    response = Response(body, mimetype=MIME)
    response.headers["Content-Disposition"] = f'inline; filename="{code}.ics"'
    return response


def _answer(feed: Feed) -> Response:
    """304 or the cached bytes by the feed's stamp; events move out of its window at midnight."""
    make = _event_for_staff if feed.staff_id else _event_for_household if feed.household_id else _public_event

    def build() -> tuple[bytes, datetime]:
        with force_locale("vi"):  # A feed has no reader whose language it could speak.
            events = [make(booking) for booking in feeds.bookings_of(feed)]
            return calendar(_name(feed), events), local(feed.day + timedelta(days=1), time())

    response = cached(
        ("feed", feed.stamp, feed.day),
        build,
        now=utc_now(),
        mimetype=MIME,
        cache_control="private, max-age=300" if feed.is_private else "public, max-age=300",
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _name(feed: Feed) -> str:
    if feed.household_id is not None:
        return _("Phiếu mượn bộ livestream")
    if feed.staff_id is not None:
        return _("Giao nhận bộ livestream xã %(name)s", name=feed.communes)
    if feed.kit_code:
        return _("Bộ livestream %(kit)s, xã %(name)s", kit=feed.kit_code, name=feed.communes)
    return _("Bộ livestream xã %(name)s", name=feed.communes)


def _public_event(booking: FeedBooking) -> FeedEvent:
    """That the kit is not free, and where it stands; nothing of who has it."""
    word = _("Chờ duyệt") if booking.status == Status.REQUESTED else _("Đã có người")
    return _event(booking, f"{word}: {_kit(booking)}", _times(booking))


def _event_for_household(booking: FeedBooking) -> FeedEvent:
    summary = _("Mượn bộ livestream ở %(place)s", place=booking.place_name)
    if booking.status == Status.REQUESTED:
        summary = _("Chờ duyệt: %(what)s", what=summary)
    details = [
        _("Phiếu %(code)s", code=booking.code),
        _times(booking),
        _("Hỏi xã %(name)s: %(phone)s", name=booking.commune_name, phone=national(booking.office_phone)),
    ]
    return _event(booking, summary, "\n".join(details))


def _event_for_staff(booking: FeedBooking) -> FeedEvent:
    summary = f"{_kit(booking)}: {booking.household_name}, {booking.village}"
    if booking.status == Status.REQUESTED:
        summary = _("Chờ duyệt: %(what)s", what=summary)
    return _event(booking, summary, "\n".join([_("Phiếu %(code)s", code=booking.code), _times(booking)]))


def _kit(booking: FeedBooking) -> str:
    return _("bộ %(kit)s, buổi %(slot)s", kit=booking.kit_code, slot=booking.slot_name.lower())


def _times(booking: FeedBooking) -> str:
    return _(
        "Nhận bộ %(pick_up)s, trả trước %(back)s.",
        pick_up=moment(booking.pick_up_at),
        back=moment(booking.return_at),
    )


def _event(booking: FeedBooking, summary: str, description: str) -> FeedEvent:
    return FeedEvent(
        uid=f"booking-{booking.id}@{current_app.extensions['settings'].public_host}",
        from_at=booking.from_at,
        until_at=booking.until_at,
        summary=summary,
        description=description,
        location=f"{booking.place_name}, {booking.place_address}",
        is_tentative=booking.status == Status.REQUESTED,
        sequence=booking.version,
        changed_at=booking.changed_at,
    )


@blueprint.get("/communes/<slug>/calendar")
def public(slug: str) -> str:
    stamp = find_stamp(slug) or abort(404)
    commune = sheet(stamp.commune_id, stamp.version)
    addresses = [_address(_("Cả xã"), f"/communes/{slug}.ics")]
    addresses += [_address(f"{kit.place} ({kit.code})", f"/kits/{kit.code}.ics") for kit in commune.kits]
    return render_template("calendars/public.html", commune=commune, feeds=addresses, office=office_of(commune))


@blueprint.get("/calendar")
def mine() -> Any:
    owner = _owner()
    if owner is None:
        return redirect("/sign-in?next=/calendar", 303)
    token = session.pop("new_feed", None)
    return render_template(
        "calendars/mine.html",
        feeds=feed_tokens.tokens_of(owner),
        new=_address(_("Lịch mới"), f"/feeds/{token}.ics") if token else None,
    )


@blueprint.post("/calendar")
def add() -> Any:
    owner = _owner()
    if owner is None:
        return redirect("/sign-in?next=/calendar", 303)
    session["new_feed"] = feed_tokens.add_token(owner, now=utc_now())
    return redirect("/calendar", 303)


@blueprint.post("/calendar/<int(max=2147483647):token_id>/revoke")
def revoke(token_id: int) -> Any:
    owner = _owner()
    if owner is None:
        return redirect("/sign-in?next=/calendar", 303)
    if not feed_tokens.revoke_token(owner, token_id, now=utc_now()):
        abort(404)
    return redirect("/calendar", 303)


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
        code = segno.make(self.url, error="m")
        return Markup(code.svg_inline(scale=4, omitsize=True, svgclass=None, lineclass=None))  # noqa: S704


def _address(name: str, path: str) -> Address:
    return Address(name, current_app.extensions["settings"].public_base_url + path)
