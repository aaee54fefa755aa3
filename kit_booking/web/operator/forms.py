"""The operator's forms: communes, places, kits, parts and accounts."""

import re
from typing import Any

from wtforms import (
    Field,
    FormField,
    IntegerField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, Optional

from kit_booking.domain.phone import PhoneProblem, parse_mobile
from kit_booking.domain.text import clean, slug
from kit_booking.models import Role
from kit_booking.web.desk.settings.forms import TEL, Lines, PartOfForm, can_be_called
from kit_booking.web.frame.formats import role_word
from kit_booking.web.frame.forms import Form, tidy
from kit_booking.web.frame.labels import phone_problem_text
from kit_booking.web.frame.language import lazy_gettext as _

MOST_VILLAGES, MOST_PARTS = 200, 30
PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def has_letters(_form: Any, field: Field) -> None:
    """A validator: something of it can stand in an address."""
    if not slug(field.data or ""):
        raise ValidationError(str(_("Cần có ít nhất một chữ cái hoặc chữ số.")))


_UNIT = re.compile(r"^xã\s+(?=\S)", re.IGNORECASE)
"""The word that every page writes itself before the name; typed all the same, it would stand there twice."""


def name_field(label: Any) -> StringField:
    return StringField(
        label, [DataRequired(), has_letters], filters=[tidy(80)], render_kw={"maxlength": 80, "autocomplete": "off"}
    )


class CommuneForm(Form):
    name = StringField(
        _("Tên xã, không ghi chữ “xã”"),
        [DataRequired(), has_letters],
        filters=[tidy(80), lambda typed: _UNIT.sub("", typed)],
        render_kw={"maxlength": 80, "autocomplete": "off"},
    )
    code = StringField(
        _("Mã đơn vị hành chính"),
        [DataRequired()],
        filters=[tidy(10)],
        render_kw={"inputmode": "numeric", "maxlength": 10, "autocomplete": "off"},
    )
    province = StringField(
        _("Tỉnh, thành phố"),
        [DataRequired(), has_letters],
        filters=[tidy(80)],
        render_kw={"maxlength": 80, "autocomplete": "off", "list": "provinces"},
    )

    def validate_code(self, field: Field) -> None:
        if not re.fullmatch(r"\d{1,10}", field.data or "", re.ASCII):
            raise ValidationError(str(_("Mã chỉ gồm chữ số, ví dụ 10273.")))


class NewCommuneForm(CommuneForm):
    phone = TelField(_("Điện thoại của xã"), [can_be_called], filters=[tidy(20)], render_kw=TEL)


class PlaceForm(Form):
    name = name_field(_("Tên nơi để bộ"))
    address = StringField(
        _("Địa chỉ"), [DataRequired()], filters=[tidy(200)], render_kw={"maxlength": 200, "autocomplete": "off"}
    )
    villages = TextAreaField(
        _("Thôn, làng và nghề ở quanh đây"), render_kw={"rows": 8, "autocomplete": "off", "spellcheck": "false"}
    )

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The villages with their crafts; a line without a colon is a village without one."""
        halves = (line.partition(":") for line in (self.villages.data or "").splitlines()[:MOST_VILLAGES])
        pairs = [(clean(name[:200], 80), clean(craft[:200], 80)) for name, _colon, craft in halves]
        return list(dict.fromkeys(pair for pair in pairs if pair[0]))


class NewPlaceForm(PlaceForm):
    keeper = StringField(_("Người giữ bộ"), filters=[tidy(80)], render_kw={"maxlength": 80, "autocomplete": "off"})
    keeper_phone = TelField(
        _("Điện thoại người giữ bộ"), [Optional(), can_be_called], filters=[tidy(20)], render_kw=TEL
    )


class KitPlaceForm(Form):
    place_id = SelectField(_("Để ở đâu"), coerce=int)


class KitForm(KitPlaceForm):
    code = StringField(
        _("Mã bộ, ghi trên thùng"),
        [DataRequired()],
        filters=[tidy(10), str.upper],
        render_kw={"maxlength": 10, "autocomplete": "off", "autocapitalize": "characters"},
    )

    def validate_code(self, field: Field) -> None:
        if not re.fullmatch(r"[A-Z]{1,5}-[0-9]{1,4}", field.data or ""):
            raise ValidationError(str(_("Mã gồm chữ cái, dấu gạch và số, ví dụ PD-6.")))


class PartForm(PartOfForm):
    """One thing of a kit; a line without a name is none."""

    name = StringField(_("Tên món"), filters=[tidy(80)], render_kw={"maxlength": 80, "autocomplete": "off"})
    count = IntegerField(
        _("Số lượng"), [Optional()], render_kw={"inputmode": "numeric", "maxlength": 3, "autocomplete": "off"}
    )

    def validate_count(self, field: Field) -> None:
        if self.name.data and not (field.data and 0 < field.data < 100):
            raise ValidationError(str(_("Ghi một số từ 1 đến 99.")))


class PartsForm(Form):
    parts = Lines(FormField(PartForm), min_entries=1, max_entries=MOST_PARTS)

    @property
    def lines(self) -> list[tuple[str, int]]:
        forms: list[Any] = [one.form for one in self.parts]
        return [(form.name.data, form.count.data) for form in forms if form.name.data]

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        names = [name for name, _count in self.lines]
        if len(names) != len(set(names)):
            self.form_errors.append(_("Có hai món cùng tên. Gộp lại thành một dòng."))
        return not self.form_errors


class AccountForm(Form):
    name = name_field(_("Họ và tên"))
    mobile = TelField(_("Số di động (nhận tin nhắc duyệt phiếu; không ghi cũng được)"), render_kw=TEL)
    number = ""
    """The mobile as E.164 once the form is valid; empty when there is none."""

    def validate_mobile(self, field: Field) -> None:
        if not (field.data or "").strip():
            return
        answer = parse_mobile(field.data[:100])
        if isinstance(answer, PhoneProblem):
            raise ValidationError(phone_problem_text(answer))
        self.number = answer


class RoleForm(Form):
    role = SelectField(_("Vai trò"))
    commune = StringField(
        _("Xã (như trong địa chỉ trang, hoặc mã số)"), filters=[tidy(80), str.lower], render_kw=PLAIN
    )

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self["role"].choices = {role.value: role_word(role) for role in Role}

    def validate_commune(self, field: Field) -> None:
        if self.role.data == Role.OPERATOR and field.data:
            raise ValidationError(str(_("Người vận hành không thuộc xã nào. Để trống ô này.")))
        if self.role.data != Role.OPERATOR and not field.data:
            raise ValidationError(str(_("Ghi xã của cán bộ này.")))


class NewAccountForm(RoleForm, AccountForm):
    username = StringField(
        _("Tên đăng nhập"), [InputRequired()], filters=[tidy(40), str.lower], render_kw={**PLAIN, "maxlength": 40}
    )

    def validate_username(self, field: Field) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{2,39}", field.data or ""):
            raise ValidationError(str(_("Từ 3 đến 40 chữ không dấu, số, dấu chấm hoặc gạch, ví dụ canbo.phuongduc.")))
