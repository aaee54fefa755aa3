"""Pages that edit one thing: a form, the check that nobody changed the commune meanwhile, and the answer."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.wrappers import Response
from wtforms import HiddenField

from kit_booking.models import Commune
from kit_booking.services.audit import Actor
from kit_booking.services.operator.edits import Denied, Editor
from kit_booking.web.frame.forms import Form
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext
from kit_booking.web.frame.readers import this_member

DENIED = {
    Denied.OUTDATED: lazy_gettext("Chưa lưu: trong lúc đó có người vừa sửa xã này. Xem lại rồi bấm lưu lần nữa."),
    Denied.CODE_TAKEN: lazy_gettext("Mã này đã có nơi khác dùng."),
    Denied.NAME_TAKEN: lazy_gettext("Xã đã có nơi để bộ tên như vậy."),
    Denied.USERNAME_TAKEN: lazy_gettext("Tên đăng nhập này đã có người dùng. Chọn tên khác."),
    Denied.LAST_OPERATOR: lazy_gettext(
        "Đây là người vận hành cuối cùng. Thêm một người vận hành khác rồi mới làm được."
    ),
    Denied.LAST_ROLE: lazy_gettext("Tài khoản cần ít nhất một vai trò. Nếu thôi dùng thì khóa tài khoản."),
    Denied.HAS_ROLE: lazy_gettext("Tài khoản đã có vai trò này."),
}


class EditForm(Form):
    """A form that ``values`` fill when it is opened; when it is sent, what was typed does.

    With ``is_sent`` false it was not the form of this page that was sent.
    """

    def __init__(self, *, without: Iterable[str] = (), is_sent: bool = True, **values: Any) -> None:
        if is_sent and self.is_submitted():
            super().__init__()
        else:
            super().__init__(formdata=None, data=values)
        for name in without:
            del self[name]


class CommuneEditForm(EditForm):
    """A form of a commune or of what belongs to it, which keeps the commune's version of when it was opened."""

    version = HiddenField()

    @property
    def editor(self) -> Editor:
        """Who sends the form, on which version of the commune; on 0, which none has, if it names no version."""
        typed = self.version.data or ""
        is_number = typed.isascii() and typed.isdecimal() and len(typed) < 10
        return Editor(staff_id=this_member().id, version=int(typed) if is_number else 0)

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.data.items() if name != "version"}


@dataclass(frozen=True)
class Edit:
    """One form on one thing: its page, and what is done with it when it is sent."""

    form: Any
    template: str
    back: str
    """The page that it was opened from, and leads to when it is saved."""
    save: Callable[[], Any]
    """Saves a valid form; Denied if that is not allowed, or an answer of its own instead of the way back."""
    commune: Commune | None = None
    said: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """What the template shows beside the form and the commune."""
    checks: Mapping[str, list[Any]] = field(default_factory=dict)
    """More validators of the form's fields, such as ask the database; WTForms adds its own to these lists."""

    def page(self) -> str:
        """A version that was sent stays until it is denied: what was changed after it has not been seen yet."""
        if self.commune and not self.form.version.data:
            self.form.version.data = str(self.commune.version)
        return render_template(self.template, form=self.form, commune=self.commune, back=self.back, **self.shown)


Opens = TypeVar("Opens", bound=Callable[..., Edit])


def edit_pages(blueprint: Blueprint, guard: Callable[[Any], Any], *rules: str) -> Callable[[Opens], Opens]:
    """Make of a function that opens an `Edit` the GET and the POST of these addresses, for whom the guard lets in.

    The page comes again with 422 if the form is not valid, and with 409, opened anew, if the change is denied.
    """

    def add(opens: Opens) -> Opens:
        @guard
        def show(**address: Any) -> str:
            return opens(**address).page()

        @guard
        def send(**address: Any) -> Any:
            edit = opens(**address)
            if "again" in request.form:
                return edit.page()
            if not edit.form.validate_on_submit(edit.checks):
                return edit.page(), 422
            result = edit.save()
            if not isinstance(result, Denied):
                return result or saved(edit.back, edit.said)
            edit = opens(**address)
            edit.form.form_errors.append(DENIED[result])
            if result is Denied.OUTDATED:
                edit.form.version.data = ""
            return edit.page(), 409

        for rule in rules:
            blueprint.add_url_rule(rule, f"{opens.__name__}_page", show)
            blueprint.add_url_rule(rule, opens.__name__, send, methods=["POST"])
        return opens

    return add


def this_actor() -> Actor:
    """The member of staff who is signed in, as whoever changes something."""
    return Actor(staff_id=this_member().id)


def saved(path: str, text: str = "") -> Response:
    flash(text or _("Đã lưu."), "good")
    return redirect(path, 303)
