"""The operator's forms: communes, places, kits and accounts."""

import re
from typing import Any

from wtforms import Field, SelectField, StringField, TelField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Optional

from kit_booking.domain.messages.texts import WIDTHS, in_texts
from kit_booking.domain.phone import PhoneProblem, parse_mobile
from kit_booking.domain.text import clean, slug, unaccented
from kit_booking.models import Role
from kit_booking.web.desk.edit import CommuneEditForm, EditForm
from kit_booking.web.desk.settings.forms import can_be_called
from kit_booking.web.frame.formats import role_word
from kit_booking.web.frame.forms import TEL, line, tidy
from kit_booking.web.frame.labels import phone_problem_text
from kit_booking.web.frame.language import lazy_gettext as _

MOST_VILLAGES = 200
PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
_UNIT = re.compile(r"^xã\s+(?=\S)", re.IGNORECASE)
"""The word that every page writes itself before the name; typed all the same, it would stand there twice."""


def has_letters(_form: Any, field: Field) -> None:
    """A validator: something of it can stand in an address."""
    if not slug(field.data or ""):
        raise ValidationError(str(_("Cần có ít nhất một chữ cái hoặc chữ số.")))


class CommuneForm(CommuneEditForm):
    name = line(
        _("Tên xã, không ghi chữ “xã”"),
        80,
        DataRequired(),
        has_letters,
        hint=_("Đổi tên thì địa chỉ trang vẫn giữ nguyên, vì đã in trên giấy và nằm trong lịch điện thoại."),
        then=lambda typed: _UNIT.sub("", typed),
    )
    code = line(_("Mã đơn vị hành chính"), 10, DataRequired(), inputmode="numeric")
    province = line(_("Tỉnh, thành phố"), 80, DataRequired(), has_letters, list="provinces")
    phone = TelField(
        _("Điện thoại của xã"),
        [can_be_called],
        filters=[tidy(20)],
        description=_("Số bà con gọi hỏi; ghi trong mọi tin nhắn."),
        render_kw=TEL,
    )

    def validate_code(self, field: Field) -> None:
        if not re.fullmatch(r"\d{1,10}", field.data or "", re.ASCII):
            raise ValidationError(str(_("Mã chỉ gồm chữ số, ví dụ 10273.")))


class VillagesField(TextAreaField):
    """A village a line, its craft after a colon; its data are pairs of both, without a craft the second is empty."""

    data: Any

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "\n".join(f"{name}: {craft}" if craft else name for name, craft in self.data or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        halves = (text.partition(":") for text in "".join(valuelist[:1]).splitlines()[:MOST_VILLAGES])
        pairs = [(clean(name[:200], 80), clean(craft[:200], 80)) for name, _colon, craft in halves]
        self.data = list(dict.fromkeys(pair for pair in pairs if pair[0]))


class PlaceEditForm(CommuneEditForm):
    name = line(_("Tên nơi để bộ"), 80, DataRequired(), has_letters, hint=_("Thường là tên xã cũ, ví dụ Phú Túc."))
    short_name = line(
        _("Tên ngắn ghi trong tin nhắn"),
        WIDTHS["place"],
        hint=_("Tin nhắn viết không dấu, chỉ có chỗ cho 18 chữ cái. Tên trên ngắn thì để trống."),
    )
    address = line(_("Địa chỉ"), 200, DataRequired())
    keeper = line(_("Người giữ bộ"), 80)
    keeper_phone = TelField(
        _("Điện thoại người giữ bộ"), [Optional(), can_be_called], filters=[tidy(20)], render_kw=TEL
    )

    def validate_short_name(self, field: Field) -> None:
        cut = in_texts("place", self.text("name"))
        if not field.data and len(cut) < len(unaccented(self.text("name"))):
            text = _("Tên trên dài quá: tin nhắn sẽ ghi “%(cut)s”. Xin ghi một tên ngắn mà bà con nhận ra.")
            raise ValidationError(str(text) % {"cut": cut})

    villages = VillagesField(
        _("Thôn, làng và nghề ở quanh đây"),
        description=_(
            "Mỗi dòng một thôn, làng; nghề ghi sau dấu hai chấm, ví dụ “Lưu Thượng: mây tre đan”."
            " Bà con tìm xã bằng các tên này."
        ),
        render_kw={"rows": 8, "autocomplete": "off", "spellcheck": "false"},
    )


class KitForm(CommuneEditForm):
    code = line(
        _("Mã bộ, ghi trên thùng"),
        10,
        DataRequired(),
        hint=_("Hai chữ cái đầu của tên xã và số thứ tự, ví dụ PD-6."),
        then=str.upper,
        autocapitalize="characters",
    )
    place_id = SelectField(_("Để ở đâu"), coerce=int)

    def validate_code(self, field: Field) -> None:
        if not re.fullmatch(r"[A-Z]{1,5}-[0-9]{1,4}", field.data or ""):
            raise ValidationError(str(_("Mã gồm chữ cái, dấu gạch và số, ví dụ PD-6.")))


class AccountForm(EditForm):
    name = line(_("Họ và tên"), 80, DataRequired(), has_letters)
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


class RoleForm(EditForm):
    role = SelectField(_("Vai trò"), choices=lambda: {role.value: role_word(role) for role in Role})
    commune = StringField(
        _("Xã (như trong địa chỉ trang, hoặc mã số)"),
        filters=[tidy(80), str.lower],
        description=_("Ví dụ phuong-duc. Người vận hành thì để trống."),
        render_kw=PLAIN,
    )
    commune_id: int | None = None
    """Of the commune that was typed, once it is known to exist."""

    def validate_commune(self, field: Field) -> None:
        if self.role.data == Role.OPERATOR and field.data:
            raise ValidationError(str(_("Người vận hành không thuộc xã nào. Để trống ô này.")))
        if self.role.data != Role.OPERATOR and not field.data:
            raise ValidationError(str(_("Ghi xã của cán bộ này.")))


class NewAccountForm(RoleForm, AccountForm):
    username = line(
        _("Tên đăng nhập"),
        40,
        InputRequired(),
        hint=_("Dùng để đăng nhập, ví dụ canbo.phuongduc."),
        then=str.lower,
        **PLAIN,
    )

    def validate_username(self, field: Field) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{2,39}", field.data or ""):
            raise ValidationError(str(_("Từ 3 đến 40 chữ không dấu, số, dấu chấm hoặc gạch, ví dụ canbo.phuongduc.")))
