"""Who is reading: nobody in particular, a household, or a member of staff; and what each may open."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ParamSpec, TypeVar
from urllib.parse import quote

from flask import Flask, abort, current_app, g, redirect, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user
from werkzeug.wrappers import Response

from kit_booking.clock import utc_now
from kit_booking.models import Booking, Household, Staff
from kit_booking.services.booking.reading import find_booking
from kit_booking.services.communes.facts import CommuneFacts, find_commune
from kit_booking.services.register.households import find_household
from kit_booking.services.sign_in.members import find_member

STAFF_STAYS = timedelta(hours=12)

P = ParamSpec("P")
T = TypeVar("T")
login_manager = LoginManager()


@dataclass(frozen=True)
class Reader(UserMixin):
    """Somebody who signed in; a household and a member of staff are never one account."""

    member: Household | Staff

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
        """Ends with the version of its sign-ins, so that raising that ends them all."""
        return f"{self.kind}.{self.member.id}.{self.member.session_version}"


def init_app(app: Flask) -> None:
    login_manager.init_app(app, add_context_processor=False)  # `reader` is ours, and asks less often.
    app.context_processor(lambda: {"reader": reader(), "now": utc_now()})


@login_manager.user_loader
def _load(user_id: str) -> Reader | None:
    kind, _, rest = user_id.partition(".")
    member_id, _, version = rest.partition(".")
    if not (member_id.isdecimal() and version.isdecimal()):
        return None
    member: Household | Staff | None
    if kind == "household":
        member = find_household(int(member_id), int(version))
    elif utc_now().timestamp() < session.get("staff_until", 0):
        member = find_member(int(member_id), int(version))
    else:
        member = None
    return Reader(member) if member else None


def reader() -> Reader | None:
    """Whoever signed in. Without a cookie nobody did, and no session is opened to find out."""
    if g.get("is_broken") or not _has_sign_in_cookie():
        return None
    user = current_user._get_current_object()  # The proxy would find it anew for each thing it is asked.
    return user if isinstance(user, Reader) else None


def _has_sign_in_cookie() -> bool:
    config = current_app.config
    return config["SESSION_COOKIE_NAME"] in request.cookies or config["REMEMBER_COOKIE_NAME"] in request.cookies


def household() -> Household | None:
    who = reader()
    return who.member if who and isinstance(who.member, Household) else None


def staff_member() -> Staff | None:
    who = reader()
    return who.member if who and isinstance(who.member, Staff) else None


def sign_in_household(household_id: int, version: int | None = None) -> None:
    """Stay signed in on this phone for 90 days; with a version, only if its sign-ins were not ended since."""
    member = find_household(household_id, version)
    if member is None:
        abort(403)
    _forget_the_one_before()
    login_user(Reader(member), remember=True)


def sign_in_staff(member: Staff) -> None:
    """Stay signed in until the browser is closed, at most for a long working day."""
    _forget_the_one_before()
    login_user(Reader(member))
    session["_remember"] = "clear"  # Else a household would be back here when the day's work ends.
    session["staff_until"] = (utc_now() + STAFF_STAYS).timestamp()


def _forget_the_one_before() -> None:
    """Whatever somebody else proved or made in this browser, who may not have signed out, is not for this one."""
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
            return redirect(f"{sign_in}?next={quote(_way_back())}", 303)
        return view(*args, **kwargs)

    return guarded


def _way_back() -> str:
    """Where to go on after signing in: here, or at the start when there is nothing to see at this address."""
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
    """The booking if it is the household's own; whether somebody else has it is nobody's business."""
    booking = find_booking(code) or abort(404)
    return booking if booking.household_id == this_household().id else abort(404)


def check_commune(commune_id: int, *, acting: bool = False) -> None:
    """404 unless it is a commune of the member of staff, and 403 when they would act there but are no clerk of it."""
    if not this_member().may_see(commune_id):
        abort(404)
    if acting and not this_member().may_act(commune_id):
        abort(403)


def staff_booking_or_404(code: str, *, acting: bool = False) -> Booking:
    """The booking if it is of a commune of theirs; to act on it takes a clerk."""
    booking = find_booking(code) or abort(404)
    check_commune(booking.commune_id, acting=acting)
    return booking


def staff_household_or_404(household_id: int, *, acting: bool = False) -> Household:
    """The household if it is of the register of a commune of theirs; to change it takes a clerk."""
    household = find_household(household_id) or abort(404)
    check_commune(household.commune_id, acting=acting)
    return household


def commune_or_404(slug: str) -> CommuneFacts:
    return find_commune(slug) or abort(404)


def staff_commune_or_404(slug: str) -> CommuneFacts:
    """The commune if they may see its bookings."""
    commune = commune_or_404(slug)
    check_commune(commune.id)
    return commune
