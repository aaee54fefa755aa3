"""Households sign in by number and code; a new one registers."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from flask import Blueprint, redirect, render_template, request, session
from sqlalchemy import Row
from werkzeug.wrappers import Response

from kit_booking.clock import utc_now
from kit_booking.domain.messages.texts import CODE_LIVES
from kit_booking.domain.phone import PhoneProblem, masked, modern_form
from kit_booking.domain.text import name_key
from kit_booking.services.audit import Actor
from kit_booking.services.booking.ask import SlotLook, request_booking
from kit_booking.services.register.adding import Consent, register_household
from kit_booking.services.sign_in import sign_in
from kit_booking.services.sign_in.members import end_all_sign_ins
from kit_booking.web.frame import readers
from kit_booking.web.frame.formats import moment
from kit_booking.web.frame.forms import PRIVACY_VERSION, CodeForm, EmptyForm, HouseholdForm, NumberForm
from kit_booking.web.frame.labels import code_problem_text
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import household_only, sign_in_household, this_household
from kit_booking.web.frame.security import own_path
from kit_booking.web.household.slots import look_or_404, slot_address

blueprint = Blueprint("sign_in", __name__)

VERIFIED_FOR = 30 * 60
"""Seconds for which a verified number may register a household."""


@blueprint.get("/sign-in")
def number() -> str:
    return _number_page(NumberForm())


@blueprint.post("/sign-in")
def send_code() -> Any:
    form = NumberForm()
    if not form.validate_on_submit():
        return _number_page(form), 422
    if again_at := sign_in.send_code(form.number, request.remote_addr or "", now=utc_now()):
        text = _(
            "Đã gửi nhiều mã rồi. Từ %(time)s mới gửi thêm được, hoặc bà con gọi điện cho xã.", time=moment(again_at)
        )
        if session.get("code_for") != form.number:
            form.form_errors.append(text)
            return _number_page(form), 429
        page = CodeForm(formdata=None)  # The code that came last is still good.
        page.form_errors.append(text)
        return _code_page(page), 429
    session["code_for"] = form.number
    return redirect(_step("/sign-in/code"), 303)


def _number_page(form: NumberForm) -> str:
    suggestion = modern_form(form.text("phone")) if form.problem is PhoneProblem.OLD_ELEVEN_DIGITS else None
    return render_template("household/sign_in/number.html", form=form, suggestion=suggestion, **_slot())


@blueprint.get("/sign-in/code")
def code() -> Any:
    if "code_for" not in session:
        return _start_again()
    return _code_page(CodeForm())


@blueprint.post("/sign-in/code")
def check_code() -> Any:
    if "code_for" not in session:
        return _start_again()
    form = CodeForm()
    if not form.validate_on_submit():
        return _code_page(form), 422
    problem = sign_in.check_code(session["code_for"], form.text("code"), now=utc_now())
    if problem:
        form.code.errors = [code_problem_text(problem)]
        return _code_page(form), 422
    session["verified"] = [session.pop("code_for"), utc_now().timestamp()]
    return redirect(_step("/sign-in/household"), 303)


def _code_page(form: CodeForm) -> str:
    return render_template(
        "household/sign_in/code.html",
        form=form,
        phone=masked(session["code_for"]),
        number=session["code_for"],
        again=_step("/sign-in"),
        here_again=_step("/sign-in/code"),
        again_in=30,
        minutes=CODE_LIVES.seconds // 60,
        **_slot(),
    )


@blueprint.get("/sign-in/household")
def household() -> Any:
    if not _verified():
        return _start_again()
    return _household_page(HouseholdForm())


@blueprint.post("/sign-in/household")
def enter_household() -> Any:
    """Choose one of the households of the number, or enter a new one and ask for the slot in the same step."""
    if not _verified():
        return _start_again()
    if "household" in request.form:
        return _choose()
    form, look = HouseholdForm(), _look()
    if look is None or not form.validate_on_submit():
        return _household_page(form), 422
    now = utc_now()
    if any(known.needs_name for known in _known()) and not sign_in.may_try_name(_verified(), now=now):
        form.form_errors.append(_("Tên chưa khớp với tên đã ghi. Bà con gõ lại, hoặc gọi điện cho xã."))
        return _household_page(form), 422
    registered = register_household(
        look.bookable.commune.id,
        Consent(PRIVACY_VERSION),
        name=form.text("name"),
        village=form.text("village"),
        craft=form.text("craft"),
        phone=_verified(),
        now=now,
    )
    if registered is None:
        form.form_errors.append(_("Số này hôm nay đã ghi nhiều nhà rồi. Bà con gọi điện cho xã."))
        return _household_page(form), 429
    household_id, _is_new = registered
    session.pop("verified")
    sign_in_household(household_id)
    asked = request_booking(
        look.bookable.kit.code,
        look.bookable.slot.day,
        look.bookable.slot.key,
        household_id,
        sells=form.text("sells"),
        streams_on=form.text("streams_on"),
        now=now,
    )
    return redirect(f"/bookings/{asked.code}?new=1" if asked.code else _next(), 303)


def _choose() -> Any:
    form = EmptyForm()
    chosen = next((known for known in _known() if str(known.id) == request.form["household"]), None)
    if not form.validate_on_submit() or chosen is None:
        return _household_page(HouseholdForm(formdata=None)), 422
    if chosen.needs_name:
        typed = name_key(request.form.get("known_name", ""))
        if not sign_in.may_try_name(_verified(), now=utc_now()) or typed != name_key(chosen.name):
            page = HouseholdForm(formdata=None)
            page.form_errors.append(_("Tên chưa khớp với tên đã ghi. Bà con gõ lại, hoặc gọi điện cho xã."))
            return _household_page(page), 422
    return _enter(chosen.id)


def _household_page(form: HouseholdForm) -> str:
    look = _look()
    return render_template(
        "household/sign_in/household.html",
        form=form,
        households=_known(),
        villages=look.bookable.commune.villages if look else (),
        privacy_version=PRIVACY_VERSION,
        **_slot(),
    )


@blueprint.post("/sign-out")
def sign_out() -> Response:
    return readers.signed_out("/")


@blueprint.post("/sign-out/everywhere")
@household_only
def sign_out_everywhere() -> Response:
    """End the sign-ins on all of the household's phones, as when one was lost."""
    who = this_household()
    end_all_sign_ins(who, Actor(household_id=who.id), now=utc_now())
    return readers.signed_out("/sign-in")


def _enter(household_id: int) -> Response:
    phone = _verified()
    session.pop("verified", None)
    version = sign_in.enter_household(household_id, phone, now=utc_now())
    if version is None:
        return _start_again()
    sign_in_household(household_id, version)
    return redirect(_next("/bookings"), 303)


def _verified() -> str:
    """The number verified by its code within the last VERIFIED_FOR seconds, else empty."""
    phone, at = session.get("verified", ("", 0))
    return str(phone) if utc_now().timestamp() - at < VERIFIED_FOR else ""


def _known() -> Sequence[Row[Any]]:
    return sign_in.households_of(_verified(), now=utc_now())


def _start_again() -> Response:
    """Back to the first step; who is signed in already, for instance after the back button, goes on."""
    return redirect(_next("/bookings") if readers.household() else _step("/sign-in"), 303)


def _next(default: str = "/") -> str:
    return own_path(request.args.get("next"), default)


def _step(path: str) -> str:
    """The address of a step, with the ``next`` of this request."""
    target = _next("")
    return f"{path}?next={quote(target)}" if target else path


def _look() -> SlotLook | None:
    """The slot that ``next`` leads to, if it is the page of one."""
    address = slot_address(_next(""))
    return look_or_404(*address, None, now=utc_now()) if address else None


def _slot() -> dict[str, Any]:
    """The chosen slot and its commune for the templates, None without a chosen slot."""
    look = _look()
    return {"bookable": look.bookable, "office": look.bookable.commune} if look else {"bookable": None}
