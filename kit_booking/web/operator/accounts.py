"""Staff accounts, as the operator keeps them."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, flash, redirect, render_template, request, session

from kit_booking.clock import utc_now
from kit_booking.domain.phone import national
from kit_booking.domain.text import clean
from kit_booking.models import Role
from kit_booking.services.operator import accounts
from kit_booking.services.operator.accounts import (
    Account,
    Denied,
    account_page,
    find_account,
    find_commune_id,
    new_password,
)
from kit_booking.services.sign_in.sign_in import hasher
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import this_member
from kit_booking.web.operator.communes import operator_only
from kit_booking.web.operator.forms import AccountForm, NewAccountForm, RoleForm

blueprint = Blueprint("accounts", __name__, url_prefix="/staff/operator/staff")

ONE = "/<int(max=2147483647):staff_id>"


@blueprint.get("")
@operator_only
def index() -> str:
    prefix, after = clean(request.args.get("q", "")[:200], 40).lower(), request.args.get("after", "")[:40]
    page = account_page(prefix, after)
    return render_template(
        "operator/accounts/list.html",
        accounts=page.accounts,
        q=prefix,
        is_first=not after,
        next=page.next and "?" + urlencode({"q": prefix, "after": page.next}),
    )


@blueprint.get("/new")
@operator_only
def new() -> str:
    return _new_page(NewAccountForm(data={"commune": request.args.get("commune", "")[:80], "role": Role.CLERK}))


@blueprint.post("/new")
@operator_only
def add() -> Any:
    form = NewAccountForm()
    if not form.validate_on_submit():
        return _new_page(form), 422
    commune_id = _commune_id(form)
    if form.commune.errors:
        return _new_page(form), 422
    username, password = form.text("username"), new_password()
    denied = accounts.add_account(
        username,
        form.text("name"),
        form.number,
        hasher.hash(password),
        Role(form.role.data),
        commune_id,
        this_member().id,
        now=utc_now(),
    )
    if denied:
        form.form_errors.append(denied_text(denied))
        return _new_page(form), 409
    account = find_account(username)
    assert account
    return _shown_once(account, password, _("Đã thêm tài khoản %(name)s.", name=username))


def _new_page(form: NewAccountForm) -> str:
    return render_template("operator/accounts/new.html", form=form, here=request.path)


def _commune_id(form: RoleForm) -> int | None:
    """The id of the commune that was typed; one that is not there is said beside its field."""
    typed = form.text("commune")
    found = find_commune_id(typed) if typed else None
    if typed and found is None:
        form.commune.errors = [_("Không có xã này. Mở trang của xã và chép phần cuối địa chỉ, ví dụ phuong-duc.")]
    return found


@blueprint.get(ONE)
@operator_only
def one(staff_id: int) -> str:
    account = _account_or_404(staff_id)
    known = session.get("new_password")
    password = known[1] if known and known[0] == staff_id else ""
    if password:
        session.pop("new_password")
    return _one_page(account, password=password)


def _account_or_404(staff_id: int) -> Account:
    return accounts.find_account_by_id(staff_id) or abort(404)


def _one_page(account: Account, form: Any = None, role_form: Any = None, password: str = "") -> str:
    return render_template(
        "operator/accounts/one.html",
        account=account,
        form=form
        or AccountForm(
            formdata=None, data={"name": account.name, "mobile": account.mobile and national(account.mobile)}
        ),
        role_form=role_form or RoleForm(formdata=None, data={"role": Role.CLERK}),
        password=password,
        is_self=account.id == this_member().id,
        here=f"/staff/operator/staff/{account.id}",
    )


@blueprint.post(ONE)
@operator_only
def change(staff_id: int) -> Any:
    account, form = _account_or_404(staff_id), AccountForm()
    if not form.validate_on_submit():
        return _one_page(account, form), 422
    accounts.change_account(staff_id, form.text("name"), form.number, this_member().id, now=utc_now())
    return _back(account)


@blueprint.post(f"{ONE}/password")
@operator_only
def reset_password(staff_id: int) -> Any:
    account, password = _account_or_404(staff_id), new_password()
    accounts.set_password(staff_id, hasher.hash(password), this_member().id, now=utc_now())
    return _shown_once(account, password, _("Mật khẩu cũ không dùng được nữa."))


def _shown_once(account: Account, password: str, text: str) -> Any:
    """Keep the password in the operator's own session until the next page, which shows it and forgets it."""
    if account.id != this_member().id:  # One's own sign-in has just ended.
        session["new_password"] = [account.id, password]
        flash(text, "good")
        return redirect(f"/staff/operator/staff/{account.id}", 303)
    return _one_page(account, password=password)


@blueprint.post(f"{ONE}/disable")
@operator_only
def disable(staff_id: int) -> Any:
    account = _account_or_404(staff_id)
    return _back(account, accounts.disable(staff_id, this_member().id, now=utc_now()))


@blueprint.post(f"{ONE}/enable")
@operator_only
def enable(staff_id: int) -> Any:
    account = _account_or_404(staff_id)
    accounts.enable(staff_id, this_member().id, now=utc_now())
    return _back(account)


@blueprint.post(f"{ONE}/roles")
@operator_only
def add_role(staff_id: int) -> Any:
    account, form = _account_or_404(staff_id), RoleForm()
    is_valid = form.validate_on_submit()
    commune_id = _commune_id(form) if is_valid else None
    if not is_valid or form.commune.errors:
        return _one_page(account, role_form=form), 422
    role = Role(form.role.data)
    return _back(account, accounts.add_role(staff_id, role, commune_id, this_member().id, now=utc_now()))


@blueprint.post(f"{ONE}/roles/<int(max=2147483647):role_id>/remove")
@operator_only
def remove_role(staff_id: int, role_id: int) -> Any:
    account = _account_or_404(staff_id)
    return _back(account, accounts.remove_role(staff_id, role_id, this_member().id, now=utc_now()))


def _back(account: Account, denied: Denied | None = None) -> Any:
    flash(denied_text(denied) if denied else _("Đã lưu."), "bad" if denied else "good")
    return redirect(f"/staff/operator/staff/{account.id}", 303)


def denied_text(denied: Denied) -> str:
    match denied:
        case Denied.USERNAME_TAKEN:
            return _("Tên đăng nhập này đã có người dùng. Chọn tên khác.")
        case Denied.LAST_OPERATOR:
            return _("Đây là người vận hành cuối cùng. Thêm một người vận hành khác rồi mới làm được.")
        case Denied.LAST_ROLE:
            return _("Tài khoản cần ít nhất một vai trò. Nếu thôi dùng thì khóa tài khoản.")
        case Denied.HAS_ROLE:
            return _("Tài khoản đã có vai trò này.")
