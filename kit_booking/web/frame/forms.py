"""The forms: they check the shape of what was typed and build domain values, without the database."""

import unicodedata
from datetime import time, timedelta
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import (
    BooleanField,
    DateField,
    Field,
    FileField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TimeField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # Too new for its stubs.
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from kit_booking.domain.messages.texts import WIDTHS
from kit_booking.domain.phone import PhoneProblem, parse_mobile
from kit_booking.domain.text import clean
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local
from kit_booking.web.frame.labels import phone_problem_text
from kit_booking.web.frame.language import FormTranslations
from kit_booking.web.frame.language import lazy_gettext as _

PRIVACY_VERSION = "2026-11"
"""The version of the privacy page that households agree to now."""
FIRST_YEAR, LAST_YEAR = 2020, 2100
"""The years accepted; near ``date.max``, adding a day would overflow."""


def tidy(most: int) -> Any:
    """A WTForms filter: one line in NFC, cut to ``most`` characters."""
    return lambda typed: clean(typed, most) if typed else ""


TEL = {"inputmode": "tel", "autocomplete": "off", "maxlength": 40}
"""The attributes of a field for the telephone number of somebody else than who types it."""


def line(label: Any, most: int, *validators: Any, hint: Any = "", then: Any = None, **attributes: Any) -> StringField:
    """A field for one line of at most ``most`` characters, tidied, then passed through the filter ``then``.

    Further attributes are those of the input; without ``autocomplete`` browsers don't complete it.
    """
    filters = [tidy(most), then] if then else [tidy(most)]
    attributes = {"maxlength": most, "autocomplete": "off"} | attributes
    return StringField(label, validators, filters=filters, description=hint, render_kw=attributes)


class Form(FlaskForm):
    class Meta(FlaskForm.Meta):
        csrf = False  # The token of every form was checked before its view; `csrf()` of the macros writes it.

        def get_translations(self, form: Any) -> FormTranslations:
            return FormTranslations()

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """The form's text, and files only for file fields; no JSON."""
            if request.is_json:
                return None
            sent = super().wrap_formdata(form, formdata)
            if not isinstance(sent, CombinedMultiDict):
                return sent
            values: MultiDict[str, Any] = MultiDict(request.form)
            for name, field in form._fields.items():
                if isinstance(field, FileField):
                    values.setlist(name, request.files.getlist(name))
            return values

    def text(self, name: str) -> str:
        """The field's value as text, empty for None."""
        return str(self[name].data or "")


class NumberForm(Form):
    phone = TelField(
        _("Số điện thoại di động"),
        render_kw={"inputmode": "tel", "autocomplete": "tel", "maxlength": 40},
    )
    number = ""
    """The number as E.164, once the form is valid."""
    problem: PhoneProblem | None = None

    def validate_phone(self, field: Field) -> None:
        answer = parse_mobile((field.data or "")[:100])
        if isinstance(answer, PhoneProblem):
            self.problem = answer
            raise ValidationError(phone_problem_text(answer))
        self.number = answer


class CodeForm(Form):
    code = StringField(
        _("Mã 6 số"),
        filters=[lambda typed: "".join(filter(str.isdecimal, unicodedata.normalize("NFKC", typed or "")))],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 12, "class": "digits"},
    )

    def validate_code(self, field: Field) -> None:
        if len(field.data) != 6:
            raise ValidationError(str(_("Mã gồm đúng 6 chữ số, có trong tin nhắn xã vừa gửi.")))


class SlotForm(Form):
    """What a household says of its stream; both may stay empty."""

    sells = line(_("Nhà mình bán gì? (không ghi cũng được)"), 120, autocomplete="on")
    streams_on = line(_("Phát ở đâu? Ví dụ: Facebook, TikTok, Shopee (không ghi cũng được)"), 120, autocomplete="on")


class VillageForm(Form):
    """Village and craft, which a household may correct by itself."""

    village = line(_("Thôn, làng"), 80, DataRequired(), autocomplete="on")
    craft = line(_("Nghề"), 80, DataRequired(), autocomplete="on")


class HouseholdForm(SlotForm, VillageForm):
    name = line(_("Tên chủ hộ"), 80, DataRequired(), Length(min=2), autocomplete="name")
    consent = BooleanField(
        _("Tôi đồng ý cho xã giữ tên, số điện thoại, thôn và nghề của nhà mình để cho mượn bộ livestream."),
        [InputRequired(_("Cần bà con đồng ý thì xã mới ghi được phiếu mượn."))],
    )


class PasswordBox(PasswordField):
    """A password of at most 200 letters, in NFC: some Vietnamese keyboards type decomposed letters."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata([unicodedata.normalize("NFC", typed) for typed in valuelist])


class StaffForm(Form):
    username = StringField(
        _("Tên đăng nhập"),
        [DataRequired()],
        filters=[tidy(40), lambda typed: typed.lower()],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordBox(
        _("Mật khẩu"), [InputRequired(), Length(max=200)], render_kw={"autocomplete": "current-password"}
    )


class OwnAccountForm(Form):
    """What members of staff change of their own account."""

    mobile = TelField(_("Số di động (nhận tin nhắc duyệt phiếu; không ghi cũng được)"), render_kw=TEL)
    new_password = PasswordBox(
        _("Mật khẩu mới (để trống nếu không đổi)"),
        [Optional(), Length(min=10, max=200, message=_("Mật khẩu cần ít nhất 10 ký tự."))],
        render_kw={"autocomplete": "new-password"},
    )
    password = PasswordBox(
        _("Mật khẩu đang dùng"),
        [InputRequired(_("Xin ghi mật khẩu đang dùng.")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )
    number = ""
    """The mobile as E.164 once the form is valid; empty when there is none."""

    def validate_mobile(self, field: Field) -> None:
        if (field.data or "").strip():
            answer = parse_mobile(field.data[:100])
            if isinstance(answer, PhoneProblem):
                raise ValidationError(phone_problem_text(answer))
            self.number = answer


class WaitForm(Form):
    """At which places a household could fetch a kit, and until when it waits for a free slot."""

    places = SelectMultipleField(
        _("Nhà mình lấy bộ ở đâu được?"),
        [DataRequired(_("Bà con chọn ít nhất một nơi."))],
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    until = SelectField(_("Nhà mình muốn chờ đến khi nào?"), choices=[SelectChoice("", "")])


class ReasonForm(Form):
    reason = line(_("Lý do"), 80, DataRequired())


class SentReasonForm(Form):
    """A reason that goes into a text, which has room for no more."""

    reason = line(
        _("Lý do"),
        80,
        DataRequired(),
        Length(max=WIDTHS["reason"], message=_("Tin nhắn chỉ vừa 36 chữ cái cho lý do. Xin viết gọn lại.")),
    )


class ClosureTimeForm(Form):
    """From when until when something is closed, and why; without times of day whole days, both included."""

    from_day = DateField(_("Nghỉ từ ngày"), [DataRequired()], format=["%Y-%m-%d", "%d/%m/%Y"])
    from_time = TimeField(_("Từ giờ (để trống: cả ngày)"), [Optional()], format=["%H:%M", "%H:%M:%S"])
    until_day = DateField(_("Đến ngày"), [DataRequired()], format=["%Y-%m-%d", "%d/%m/%Y"])
    until_time = TimeField(_("Đến giờ (để trống: cả ngày)"), [Optional()], format=["%H:%M", "%H:%M:%S"])
    reason = line(_("Lý do"), 80, DataRequired(), list="closure-reasons")

    def validate_until_day(self, field: Field) -> None:
        if self.from_day.data is None:
            return  # That field has its own error.
        if not all(FIRST_YEAR <= day.year <= LAST_YEAR for day in (self.from_day.data, field.data)):
            raise ValidationError(_("Xin xem lại năm."))
        if self.span.from_at >= self.span.until_at:
            raise ValidationError(_("Lúc nghỉ xong phải sau lúc bắt đầu nghỉ."))

    @property
    def span(self) -> Span:
        """Once the form is valid."""
        from_day, until_day, until_time = self.from_day.data, self.until_day.data, self.until_time.data
        assert from_day
        assert until_day
        return Span(
            local(from_day, self.from_time.data or time()),
            local(until_day, until_time) if until_time else local(until_day + timedelta(days=1), time()),
        )


class ClosureForm(ClosureTimeForm):
    what = SelectField(_("Nghỉ bộ nào"), validate_choice=True)
    """The code of a kit, or ``*`` and the slug of a commune for all of its kits."""


class EmptyForm(Form):
    """A button; its CSRF token was checked before."""
