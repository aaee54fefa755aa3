"""The commune office: signing in, one's own account, and the fortnight with names."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.domain.phone import national
from kit_booking.models import Staff
from kit_booking.services.audit import Actor
from kit_booking.services.communes.fortnight import fortnight
from kit_booking.services.operator import accounts
from kit_booking.services.sign_in.members import end_all_sign_ins, find_member
from kit_booking.services.sign_in.sign_in import SignInProblem, check_password, hasher
from kit_booking.web.frame.forms import OwnAccountForm, StaffForm
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import sign_in_staff, signed_out, staff_commune_or_404, staff_only, this_member
from kit_booking.web.frame.security import own_path
from kit_booking.web.household.overview import page_of

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


@blueprint.get("/account")
@staff_only
def account() -> str:
    return _account_page(OwnAccountForm(formdata=None, mobile=national(this_member().mobile)))


@blueprint.post("/account")
@staff_only
def change_account() -> Any:
    """Another number, and another password if one was typed; the present one is asked for either."""
    form, member, now = OwnAccountForm(), this_member(), utc_now()
    if not form.validate_on_submit():
        return _account_page(form), 422
    answer = check_password(member.username, form.text("password"), request.remote_addr or "", now=now)
    if not isinstance(answer, Staff):
        is_wrong = answer is SignInProblem.WRONG
        form.password.errors = [_("Mật khẩu chưa đúng.") if is_wrong else _("Đã thử quá nhiều lần, xin chờ 15 phút.")]
        return _account_page(form), 422
    by = Actor(staff_id=member.id)
    if form.number != member.mobile:
        accounts.change_account(member.id, member.name, form.number, by, now=now)
    if form.new_password.data:
        accounts.set_password(member.id, hasher.hash(form.text("new_password")), by, now=now)
        sign_in_staff(find_member(member.id, member.session_version + 1) or abort(403))
    flash(_("Đã lưu."), "good")
    return redirect("/staff/account", 303)


@blueprint.post("/account/sign-out")
@staff_only
def sign_out_everywhere() -> Any:
    member = this_member()
    end_all_sign_ins(member, Actor(staff_id=member.id), now=utc_now())
    return signed_out("/staff/sign-in")


def _account_page(form: OwnAccountForm) -> str:
    return render_template("desk/account.html", form=form, username=this_member().username)


@blueprint.get("/communes/<slug>")
@staff_only
def calendar(slug: str) -> str:
    shown = fortnight(staff_commune_or_404(slug), now=utc_now(), with_names=True)
    return render_template("desk/fortnight.html", page=page_of(shown, for_staff=True))
