"""The forms: they check the shape of what was typed and build values; none of them asks the database."""

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

from kit_booking.domain.hours import Span
from kit_booking.domain.local_time import local
from kit_booking.domain.phone import PhoneProblem, parse_mobile
from kit_booking.domain.text import clean
from kit_booking.web.frame.labels import phone_problem_text
from kit_booking.web.frame.language import FormTranslations
from kit_booking.web.frame.language import lazy_gettext as _

PRIVACY_VERSION = "2026-11"
"""Which wording of the privacy page a household agreed to."""
FIRST_YEAR, LAST_YEAR = 2020, 2100
"""Years that can be meant; at the ends of the calendar there is no day after."""


def tidy(most: int) -> Any:
    """A filter: one clean line, composed letters, at most so many of them."""
    return lambda typed: clean(typed, most) if typed else ""


TEL = {"inputmode": "tel", "autocomplete": "off", "maxlength": 40}
"""The attributes of a field for the telephone number of somebody else than who types it."""


def line(label: Any, most: int, *validators: Any, hint: Any = "", then: Any = None, **attributes: Any) -> StringField:
    """A field for a line of at most so many characters, tidied and ``then`` filtered.

    Browsers complete it only with ``autocomplete``, one of the further attributes.
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
            """Only what browsers send; a file counts only where one is asked for, else it is taken for text."""
            if request.is_json:
                return None
            sent = super().wrap_formdata(form, formdata)
            if not isinstance(sent, CombinedMultiDict):
                return sent
            asked_for: MultiDict[str, Any] = MultiDict(request.form)
            for name in (name for name, field in form._fields.items() if isinstance(field, FileField)):
                asked_for.setlist(name, request.files.getlist(name))
            return asked_for

    def text(self, name: str) -> str:
        """What was typed into the field, tidy, and empty when nothing was."""
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
        render_kw={
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "maxlength": 12,
            "class": "digits",
        },
    )

    def validate_code(self, field: Field) -> None:
        if len(field.data) != 6:
            raise ValidationError(str(_("Mã gồm đúng 6 chữ số, có trong tin nhắn xã vừa gửi.")))


class SlotForm(Form):
    """What a household says of its stream; both may stay empty."""

    sells = line(_("Nhà mình bán gì? (không ghi cũng được)"), 120, autocomplete="on")
    streams_on = line(_("Phát ở đâu? Ví dụ: Facebook, TikTok, Shopee (không ghi cũng được)"), 120, autocomplete="on")


class VillageForm(Form):
    """Where a household is and what it makes, which it may put right by itself."""

    village = line(_("Thôn, làng"), 80, DataRequired(), autocomplete="on")
    craft = line(_("Nghề"), 80, DataRequired(), autocomplete="on")


class HouseholdForm(SlotForm, VillageForm):
    name = line(_("Tên chủ hộ"), 80, DataRequired(), Length(min=2), autocomplete="name")
    consent = BooleanField(
        _("Tôi đồng ý cho xã giữ tên, số điện thoại, thôn và nghề của nhà mình để cho mượn bộ livestream."),
        [InputRequired(_("Cần bà con đồng ý thì xã mới ghi được phiếu mượn."))],
    )


class StaffForm(Form):
    username = StringField(
        _("Tên đăng nhập"),
        [DataRequired()],
        filters=[tidy(40), lambda typed: typed.lower()],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        _("Mật khẩu"),
        [InputRequired(), Length(max=200)],
        # Vietnamese keyboards type the same letter in two ways; only one of them was hashed.
        filters=[lambda typed: unicodedata.normalize("NFC", typed) if typed else typed],
        render_kw={"autocomplete": "current-password"},
    )


class WaitForm(Form):
    """For which places a household waits, and until when it wants to hear of one."""

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


class ClosureTimeForm(Form):
    """From when until when something is closed, and why; without times of day whole days, both included."""

    from_day = DateField(_("Nghỉ từ ngày"), [DataRequired()], format=["%Y-%m-%d", "%d/%m/%Y"])
    from_time = TimeField(_("Từ giờ (để trống: cả ngày)"), [Optional()], format=["%H:%M", "%H:%M:%S"])
    until_day = DateField(_("Đến ngày"), [DataRequired()], format=["%Y-%m-%d", "%d/%m/%Y"])
    until_time = TimeField(_("Đến giờ (để trống: cả ngày)"), [Optional()], format=["%H:%M", "%H:%M:%S"])
    reason = line(_("Lý do"), 80, DataRequired(), list="closure-reasons")

    def validate_until_day(self, field: Field) -> None:
        if self.from_day.data is None:
            return  # It says so itself.
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
