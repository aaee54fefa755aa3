"""The pages that explain how to subscribe to calendars, and the addresses of the private ones."""

from dataclasses import dataclass
from typing import Any

import segno
from flask import Blueprint, abort, current_app, redirect, render_template, session
from markupsafe import Markup

from kit_booking.clock import utc_now
from kit_booking.services.audit import Actor
from kit_booking.services.calendars import tokens
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import commune_or_404, household, staff_member

blueprint = Blueprint("calendars", __name__)


@blueprint.get("/communes/<slug>/calendar")
def public(slug: str) -> str:
    commune = commune_or_404(slug)
    return render_template(
        "household/calendars/public.html",
        commune=commune,
        whole=_address(_("Cả xã"), f"/communes/{slug}.ics"),
        kits=[_address(f"{kit.place} ({kit.code})", f"/kits/{kit.code}.ics") for kit in commune.kits],
        office=commune,
    )


@blueprint.get("/calendar")
def mine() -> Any:
    owner = _owner_or_sign_in()
    token = session.pop("new_feed", None)
    return render_template(
        "household/calendars/mine.html",
        feeds=tokens.tokens_of(owner),
        may_add=_has_feed(),
        new=_address(_("Lịch mới"), f"/feeds/{token}.ics") if token else None,
    )


@blueprint.post("/calendar")
def add() -> Any:
    owner = _owner_or_sign_in()
    if not _has_feed():
        abort(403)
    session["new_feed"] = tokens.add_token(owner, now=utc_now())
    return redirect("/calendar", 303)


@blueprint.post("/calendar/<int(max=2147483647):token_id>/revoke")
def revoke(token_id: int) -> Any:
    owner = _owner_or_sign_in()
    if not tokens.revoke_token(owner, token_id, now=utc_now()):
        abort(404)
    return redirect("/calendar", 303)


def _has_feed() -> bool:
    """Households and staff of a commune have a feed, operators have none."""
    member = staff_member()
    return member is None or any(role.commune_id is not None for role in member.roles)


def _owner_or_sign_in() -> Actor:
    if member := staff_member():
        return Actor(staff_id=member.id)
    who = household() or abort(redirect("/sign-in?next=/calendar", 303))
    return Actor(household_id=who.id)


@dataclass(frozen=True)
class Address:
    """An address to open, to copy, or to scan as a QR code."""

    name: str
    url: str

    @property
    def webcal(self) -> str:
        return "webcal" + self.url[self.url.index(":") :]

    @property
    def qr(self) -> Markup:
        """The ``webcal:`` address as SVG, to which an iPhone subscribes; an ``https:`` one it imports only once."""
        code = segno.make(self.webcal, error="m")
        return Markup(code.svg_inline(scale=4, omitsize=True, svgclass=None, lineclass=None))  # noqa: S704


def _address(name: str, path: str) -> Address:
    return Address(name, current_app.extensions["settings"].public_base_url + path)
