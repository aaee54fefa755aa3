"""Who is signed in: nobody, a household, or a member of staff; and what each may open."""

import functools
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote

from flask import Flask, abort, current_app, g, redirect, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from kit_booking.clock import utc_now
from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.models import Booking, Closure, Household, Staff
from kit_booking.services.booking.reading import find_booking
from kit_booking.services.communes.facts import CommuneFacts, find_commune
from kit_booking.services.register.households import find_household
from kit_booking.services.sign_in.members import end_sign_in, find_member
from kit_booking.web.frame.kept import keep_for, take_kept

STAFF_STAYS = timedelta(hours=12)

P = ParamSpec("P")
T = TypeVar("T")
login_manager = LoginManager()


@dataclass(frozen=True)
class Reader(UserMixin):
    """Somebody who signed in; a household and a member of staff are never one account."""

    member: Household | Staff
    sign_in: str = ""
    """A random text, by which this one sign-in can be ended."""

    @property
    def kind(self) -> str:
        return "household" if isinstance(self.member, Household) else "staff"

    @property
    def name(self) -> str:
        return self.member.name

    @property
    def role(self) -> str:
        assert isinstance(self.member, Staff)
        return self.member.roles[0].role if self.member.roles else ""

    def get_id(self) -> str:
        """Has ``session_version``, so that raising that signs out every browser."""
        return f"{self.kind}.{self.member.id}.{self.member.session_version}.{self.sign_in}"


def init_app(app: Flask) -> None:
    login_manager.init_app(app, add_context_processor=False)  # Templates use `reader`.
    app.context_processor(lambda: {"reader": reader(), "now": utc_now()})
    app.jinja_env.globals["form_reader"] = form_reader
    app.jinja_env.globals["open_offer"] = open_offer
    app.jinja_env.globals["take_kept"] = lambda: take_kept(form_reader())


@login_manager.user_loader
def _load(user_id: str) -> Reader | None:
    kind, _, rest = user_id.partition(".")
    member_id, _, rest = rest.partition(".")
    version, _, sign_in = rest.partition(".")
    if not (member_id.isdecimal() and version.isdecimal()):
        return None
    member: Household | Staff | None
    if kind == "household":
        member = find_household(int(member_id), int(version), sign_in)
    elif utc_now().timestamp() < session.get("staff_until", 0):
        member = find_member(int(member_id), int(version), sign_in)
    else:
        member = None
    return Reader(member, sign_in) if member else None


def reader() -> Reader | None:
    """The signed-in reader. Without one of the two cookies there is none, and no session is opened."""
    if g.get("is_broken") or not _has_sign_in_cookie():
        return None
    user = current_user._get_current_object()  # Resolve the proxy once, not at each attribute.
    return user if isinstance(user, Reader) else None


def _has_sign_in_cookie() -> bool:
    config = current_app.config
    return config["SESSION_COOKIE_NAME"] in request.cookies or config["REMEMBER_COOKIE_NAME"] in request.cookies


def household() -> Household | None:
    who = reader()
    return who.member if who and isinstance(who.member, Household) else None


def open_offer() -> Booking | None:
    """What is held for the household until it takes or refuses it, for all pages but that of the offer itself."""
    who = household()
    if who is None or not who.offer_code or request.path.startswith(f"/bookings/{who.offer_code}"):
        return None
    return find_booking(who.offer_code)


def staff_member() -> Staff | None:
    who = reader()
    return who.member if who and isinstance(who.member, Staff) else None


def sign_in_household(household_id: int, version: int | None = None) -> None:
    """Stay signed in on this phone for 90 days; with a version, only if its sign-ins were not ended since."""
    member = find_household(household_id, version)
    if member is None:
        abort(403)
    _clear_session_of_former_reader()
    login_user(Reader(member, secrets.token_urlsafe(9)), remember=True)


def sign_in_staff(member: Staff) -> None:
    """Stay signed in until the browser is closed, at most for a long working day."""
    _clear_session_of_former_reader()
    login_user(Reader(member, secrets.token_urlsafe(9)))
    session["_remember"] = "clear"  # Deletes the remember cookie of a household that was signed in here.
    session["staff_until"] = (utc_now() + STAFF_STAYS).timestamp()


def signed_out(target: str) -> Response:
    """Go to the target after this sign-in has ended, on the server and in the browser.

    What the browser kept of the pages must not come back with its back button.
    """
    if (who := reader()) and who.sign_in:
        stays = current_app.config["REMEMBER_COOKIE_DURATION"] if who.kind == "household" else STAFF_STAYS
        end_sign_in(who.sign_in, until_at=utc_now() + stays)
    logout_user()
    session.clear()
    session["_remember"] = "clear"
    response = redirect(target, 303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _clear_session_of_former_reader() -> None:
    """Remove what somebody else, who may not have signed out, left in this browser's session."""
    for name in ("new_feed", "new_password", "book_for", "code_for", "verified"):
        session.pop(name, None)


def household_only(view: Callable[P, T]) -> Callable[P, T | Response]:
    """Ask anybody but a household to sign in with a number."""
    return _only(household, "/sign-in", view)


def staff_only(view: Callable[P, T]) -> Callable[P, T | Response]:
    return _only(staff_member, "/staff/sign-in", view)


def _only(who: Callable[[], object], sign_in: str, view: Callable[P, T]) -> Callable[P, T | Response]:
    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
        if who() is None:
            if request.method == "POST":
                keep_for(request.form.get("reader", ""))
            return redirect(f"{sign_in}?next={quote(_next_after_sign_in())}", 303)
        if request.form.get("reader", form_reader()) != form_reader():
            raise OtherReader
        return view(*args, **kwargs)

    return guarded


class OtherReader(Exception):
    """The form was made for somebody else, who was signed in on this phone or computer before."""


def form_reader() -> str:
    """Who is signed in, as every form says for whom it was made; "" for nobody."""
    who = reader()
    return f"{who.kind}.{who.member.id}" if who else ""


def _next_after_sign_in() -> str:
    """This address if it can be opened with GET, else the start page."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    is_page = current_app.url_map.bind("localhost").test(request.path, "GET")
    return request.path if is_page else "/"


def this_household() -> Household:
    """The household of a page that only households open."""
    member = household()
    assert member is not None
    return member


def this_member() -> Staff:
    member = staff_member()
    assert member is not None
    return member


def own_booking_or_404(code: str) -> Booking:
    """The booking if it is the household's own; that of another one is 404, as if it did not exist."""
    booking = find_booking(code) or abort(404)
    return booking if booking.household_id == this_household().id else abort(404)


def seen_in_form(booking: Booking) -> SeenBooking:
    """What the page of the form showed of the booking; 400 if it does not say."""
    seen = SeenBooking.parse(request.form.get("seen", ""))
    return seen if seen and seen.code == booking.code else abort(400)


class RowChanged(Exception):
    """The household, account or closure is not any more what the page of the form showed; nothing was done."""

    def __init__(self, was: dict[str, Any], now: dict[str, Any], page: str) -> None:
        self.was, self.now, self.page = was, now, page


def check_seen(row: Household | Staff | Closure, page: str) -> None:
    """When a form is sent: that the row is still what the form's page showed; ``page`` shows what it is now."""
    if request.method != "POST" or row.seen in request.form.getlist("seen"):
        return
    now, was = json.loads(row.seen), {}
    for text in request.form.getlist("seen"):
        try:
            values = json.loads(text)
        except ValueError:
            continue
        if isinstance(values, dict) and values.get("of") == now["of"]:
            was = values
    raise RowChanged(was, now, page)


def check_commune(commune_id: int, *, acting: bool = False) -> None:
    """404 unless the member of staff may see the commune; with ``acting`` 403 unless they are a clerk of it."""
    if not this_member().may_see(commune_id):
        abort(404)
    if acting and not this_member().may_act(commune_id):
        abort(403)


def staff_booking_or_404(code: str, *, acting: bool = False) -> Booking:
    """The booking if the member of staff may see, or with ``acting`` act in, its commune."""
    booking = find_booking(code) or abort(404)
    check_commune(booking.commune_id, acting=acting)
    return booking


def staff_household_or_404(household_id: int, *, acting: bool = False) -> Household:
    """The household if the member of staff may see, or with ``acting`` act in, its commune."""
    household = find_household(household_id) or abort(404)
    check_commune(household.commune_id, acting=acting)
    check_seen(household, f"/staff/households/{household_id}")
    return household


def commune_or_404(slug: str) -> CommuneFacts:
    return find_commune(slug) or abort(404)


def staff_commune_or_404(slug: str) -> CommuneFacts:
    """The commune if the member of staff may see it."""
    commune = commune_or_404(slug)
    check_commune(commune.id)
    return commune
