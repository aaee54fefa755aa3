"""What is ticked and written at the counter, for a kit that goes out and for one that comes back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from wtforms import (
    BooleanField,
    DateTimeLocalField,
    FieldList,
    Form,
    FormField,
    IntegerField,
    MultipleFileField,
    StringField,
    ValidationError,
)
from wtforms.validators import NumberRange, Optional

from kit_booking.adapters.pictures import NotAPicture, TooLarge, small_jpeg
from kit_booking.domain.counter import CheckedPart
from kit_booking.domain.local_time import ZONE
from kit_booking.services.counter.handover import Seen
from kit_booking.web.frame import forms
from kit_booking.web.frame.language import lazy_gettext as _

MOST_PHOTOS = 3
MOST_OF_A_PART = 999


class PartForm(Form):
    """One part; it has no label of its own, the list has."""

    is_there = BooleanField()
    count = IntegerField(validators=[Optional(), NumberRange(0, MOST_OF_A_PART)])
    is_broken = BooleanField()


class CheckForm(forms.Form):
    parts = FieldList(FormField(PartForm))
    person = StringField(
        _("Người đến quầy"), filters=[forms.tidy(80)], render_kw={"maxlength": 80, "autocomplete": "off"}
    )
    note = StringField(
        _("Ghi chú (không ghi cũng được)"),
        filters=[forms.tidy(300)],
        render_kw={"maxlength": 300, "autocomplete": "off"},
    )
    happened_at = DateTimeLocalField(_("Lúc"), [Optional()])

    def seen(self, expected: Sequence[CheckedPart]) -> Seen | None:
        """What was seen; None when the list of parts is not the one that was shown."""
        if len(self.parts.entries) != len(expected):
            return None
        typed_at = self.happened_at.data
        return Seen(
            parts=[_seen(part, entry.data) for part, entry in zip(expected, self.parts.entries, strict=True)],
            person=self.text("person"),
            saw_id=bool(self["saw_id"].data) if "saw_id" in self else False,
            note=self.text("note"),
            happened_at=typed_at.replace(tzinfo=ZONE).astimezone(UTC) if typed_at else None,
            photos=self.jpegs,
        )

    jpegs: Sequence[bytes] = ()
    """The photos, once the form is valid."""

    def validate_happened_at(self, field: DateTimeLocalField) -> None:
        at: datetime | None = field.data
        if at and not 2020 < at.year < 2200:  # Beyond it, an instant in UTC may not even exist.
            raise ValidationError(str(_("Ngày giờ này chưa đúng.")))


class OutForm(CheckForm):
    saw_id = BooleanField(_("Đã xem CCCD của người nhận (không chép số, không chụp)"))


class BackForm(CheckForm):
    photos = MultipleFileField(_("Ảnh chỗ hỏng (tối đa 3 ảnh)"), render_kw={"accept": "image/*"})

    def validate_photos(self, field: MultipleFileField) -> None:
        files = [file for file in field.data or () if getattr(file, "filename", "")]
        if len(files) > MOST_PHOTOS:
            raise ValidationError(str(_("Tối đa 3 ảnh. Xin chọn lại.")))
        try:
            self.jpegs = [small_jpeg(file.read()) for file in files]
        except NotAPicture:
            raise ValidationError(str(_("Có tệp không phải là ảnh. Xin chọn lại ảnh chụp (JPEG, PNG).")))  # noqa: B904
        except TooLarge:
            raise ValidationError(str(_("Có ảnh to quá, mỗi ảnh tối đa 10 MB. Xin chọn lại.")))  # noqa: B904


def all_there(expected: Sequence[CheckedPart]) -> list[dict[str, Any]]:
    """What the form begins with, because that is nearly always so."""
    return [{"is_there": True, "count": part.expected, "is_broken": False} for part in expected]


def _seen(part: CheckedPart, typed: dict[str, Any]) -> CheckedPart:
    count = part.expected if typed["count"] is None else typed["count"]
    return CheckedPart(part.name, part.expected, count if typed["is_there"] else 0, typed["is_broken"])
