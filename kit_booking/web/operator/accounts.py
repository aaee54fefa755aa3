"""The operator's pages of staff accounts."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, request, session
from wtforms import Field, ValidationError

from kit_booking.clock import utc_now
from kit_booking.domain.phone import national
from kit_booking.domain.text import clean
from kit_booking.models import Role, Staff
from kit_booking.services.operator import accounts
from kit_booking.services.operator.accounts import find_commune_id, new_password
from kit_booking.services.operator.edits import Denied
from kit_booking.services.sign_in.sign_in import hasher
from kit_booking.web.desk.edit import DENIED, Edit, edit_pages, saved, this_actor
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import check_seen, this_member
from kit_booking.web.operator.communes import list_page, operator_only
from kit_booking.web.operator.forms import AccountForm, NewAccountForm, RoleForm

ACCOUNTS = "/staff/operator/staff"
blueprint = Blueprint("accounts", __name__, url_prefix=ACCOUNTS)

ONE = "/<int(max=2147483647):staff_id>"


@blueprint.get("")
@operator_only
def index() -> str:
    prefix, after = clean(request.args.get("q", "")[:200], 40).lower(), request.args.get("after", "")[:40]
    return list_page("operator/accounts/list.html", *accounts.account_page(prefix, after), q=prefix, after=after)


def known_commune(form: Any, field: Field) -> None:
    """A validator: the commune exists; the form keeps its id."""
    typed = "" if form.role.data == Role.OPERATOR else field.data
    form.commune_id = find_commune_id(typed) if typed else None
    if typed and form.commune_id is None:
        raise ValidationError(_("Không có xã này. Mở trang của xã và chép phần cuối địa chỉ, ví dụ phuong-duc."))


@edit_pages(blueprint, operator_only, "/new")
def new_account() -> Edit:
    form = NewAccountForm(commune=request.args.get("commune", "")[:80], role=Role.CLERK)

    def save() -> Any:
        password, role = new_password(), Role(form.role.data)
        values = form.text("username"), form.text("name"), form.number, hasher.hash(password), role, form.commune_id
        added = accounts.add_account(*values, this_actor(), now=utc_now())
        if isinstance(added, Denied):
            return added
        return _show_once(added, password, _("Đã thêm tài khoản %(name)s.", name=form.text("username")))

    return Edit(form, "operator/accounts/new.html", ACCOUNTS, save, checks={"commune": [known_commune]})


@edit_pages(blueprint, operator_only, ONE)
def account(staff_id: int) -> Edit:
    of_id, password = session.get("new_password", (None, ""))
    if of_id != staff_id or request.method == "POST":
        return _account(staff_id)
    page = _account(staff_id, password=password)
    session.pop("new_password")
    return page


def _account(staff_id: int, *, is_sent: bool = True, role_form: RoleForm | None = None, password: str = "") -> Edit:
    account = _account_or_404(staff_id)
    mobile = account.mobile and national(account.mobile)
    form = AccountForm(is_sent=is_sent, name=account.name, mobile=mobile)

    def save() -> None:
        accounts.change_account(staff_id, form.text("name"), form.number, this_actor(), now=utc_now())

    path = f"{ACCOUNTS}/{staff_id}"
    shown = {"account": account, "password": password, "is_self": staff_id == this_member().id, "here": path}
    shown["role_form"] = role_form or RoleForm(is_sent=False, role=Role.CLERK)
    return Edit(form, "operator/accounts/one.html", path, save, shown=shown)


def _account_or_404(staff_id: int) -> Staff:
    account = accounts.find_account(staff_id) or abort(404)
    check_seen(account, f"{ACCOUNTS}/{staff_id}")
    return account


@blueprint.post(f"{ONE}/disable")
@operator_only
def disable(staff_id: int) -> Any:
    return _set_active(staff_id, False)


@blueprint.post(f"{ONE}/enable")
@operator_only
def enable(staff_id: int) -> Any:
    return _set_active(staff_id, True)


def _set_active(staff_id: int, is_active: bool) -> Any:
    _account_or_404(staff_id)
    return _back(staff_id, accounts.set_active(staff_id, is_active, this_actor(), now=utc_now()))


@blueprint.post(f"{ONE}/password")
@operator_only
def reset_password(staff_id: int) -> Any:
    _account_or_404(staff_id)
    password = new_password()
    accounts.set_password(staff_id, hasher.hash(password), this_actor(), now=utc_now())
    return _show_once(staff_id, password, _("Mật khẩu cũ không dùng được nữa."))


def _show_once(staff_id: int, password: str, text: str) -> Any:
    """Keep the password in the operator's session until the next page, which shows it once."""
    if staff_id == this_member().id:  # The operator's own sign-in has just ended.
        return _account(staff_id, is_sent=False, password=password).page()
    session["new_password"] = [staff_id, password]
    return saved(f"{ACCOUNTS}/{staff_id}", text)


@blueprint.post(f"{ONE}/roles")
@operator_only
def add_role(staff_id: int) -> Any:
    _account_or_404(staff_id)
    form = RoleForm()
    if not form.validate_on_submit({"commune": [known_commune]}):
        return _account(staff_id, is_sent=False, role_form=form).page(), 422
    return _back(
        staff_id, accounts.add_role(staff_id, Role(form.role.data), form.commune_id, this_actor(), now=utc_now())
    )


@blueprint.post(f"{ONE}/roles/<int(max=2147483647):role_id>/remove")
@operator_only
def remove_role(staff_id: int, role_id: int) -> Any:
    _account_or_404(staff_id)
    return _back(staff_id, accounts.remove_role(staff_id, role_id, this_actor(), now=utc_now()))


def _back(staff_id: int, denied: Denied | None) -> Any:
    path = f"{ACCOUNTS}/{staff_id}"
    if denied is None:
        return saved(path)
    flash(str(DENIED[denied]), "bad")
    return redirect(path, 303)
