"""The commune office: signing in, and the fortnight with names."""

from typing import Any

from flask import Blueprint, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.models import Staff
from kit_booking.services.communes.fortnight import fortnight
from kit_booking.services.sign_in.sign_in import SignInProblem, check_password
from kit_booking.web.frame.forms import StaffForm
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import sign_in_staff, staff_commune_or_404, staff_only
from kit_booking.web.frame.security import own_path
from kit_booking.web.household.grid import page_of

blueprint = Blueprint("staff", __name__, url_prefix="/staff")


@blueprint.get("/sign-in")
def sign_in() -> str:
    return _sign_in_page(StaffForm())


@blueprint.post("/sign-in")
def check() -> Any:
    form = StaffForm()
    if not form.validate_on_submit():
        return _sign_in_page(form), 422
    username, password = form.text("username"), form.text("password")
    answer = check_password(username, password, request.remote_addr or "", now=utc_now())
    if isinstance(answer, Staff):
        sign_in_staff(answer)
        return redirect(own_path(request.args.get("next"), "/staff"), 303)
    if answer is SignInProblem.TOO_MANY:
        form.form_errors.append(_("Đã thử quá nhiều lần. Xin chờ 15 phút rồi thử lại."))
        return _sign_in_page(form), 429
    form.form_errors.append(_("Tên đăng nhập hoặc mật khẩu chưa đúng."))
    return _sign_in_page(form), 422


def _sign_in_page(form: StaffForm) -> str:
    return render_template("desk/sign_in.html", form=form)


@blueprint.get("/communes/<slug>")
@staff_only
def calendar(slug: str) -> str:
    shown = fortnight(staff_commune_or_404(slug), now=utc_now(), with_names=True)
    return render_template("desk/fortnight.html", page=page_of(shown, for_staff=True))
