"""The form for handing over a kit and taking it back, and its page with the reasons of a refusal."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask import render_template
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    FieldList,
    Form,
    FormField,
    IntegerField,
    MultipleFileField,
    ValidationError,
)
from wtforms.validators import NumberRange, Optional

from kit_booking.adapters.pictures import NotAPicture, TooLarge, TooManyPixels, small_jpeg
from kit_booking.domain.booking.counter import CheckedPart, Direction, TimeProblem
from kit_booking.domain.time.local_time import ZONE
from kit_booking.models import Booking
from kit_booking.services.counter.handover import HandoverRefusal, KitCheck
from kit_booking.services.counter.reading import handovers_of, parts_of_kit, parts_to_take_back
from kit_booking.web.frame import forms
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext

MOST_PHOTOS = 3
PICTURES = "image/jpeg,image/png,image/webp"
"""What the chooser of files offers; a phone that takes HEIC makes a JPEG of it then."""
MOST_OF_A_PART = 999


class CheckedPartForm(Form):
    """One part of the kit; the template labels the inputs."""

    is_there = BooleanField()
    count = IntegerField(validators=[Optional(), NumberRange(0, MOST_OF_A_PART)])
    is_broken = BooleanField()


class CheckForm(forms.Form):
    parts = FieldList(FormField(CheckedPartForm))
    person = forms.line(lazy_gettext("Người đến quầy"), 80)
    note = forms.line(lazy_gettext("Ghi chú (không ghi cũng được)"), 300)
    happened_at = DateTimeLocalField(lazy_gettext("Lúc"), [Optional()])

    def seen(self, expected: Sequence[CheckedPart]) -> KitCheck | None:
        """The form's values; None if the kit's list of parts has changed since the form was shown."""
        if len(self.parts.entries) != len(expected):
            return None
        typed_at = self.happened_at.data
        return KitCheck(
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
        if at and not 2020 < at.year < 2200:  # Near year 1 or 9999 the conversion to UTC overflows.
            raise ValidationError(_("Ngày giờ này chưa đúng."))


class OutForm(CheckForm):
    saw_id = BooleanField(lazy_gettext("Đã xem CCCD của người nhận (không chép số, không chụp)"))


class BackForm(CheckForm):
    photos = MultipleFileField(lazy_gettext("Ảnh chỗ hỏng (tối đa 3 ảnh)"), render_kw={"accept": PICTURES})

    def validate_photos(self, field: MultipleFileField) -> None:
        files = [file for file in field.data or () if getattr(file, "filename", "")]
        if len(files) > MOST_PHOTOS:
            raise ValidationError(_("Tối đa 3 ảnh. Xin chọn lại."))
        try:
            self.jpegs = [small_jpeg(file.read()) for file in files]
        except NotAPicture:
            raise ValidationError(_("Có tệp không phải là ảnh. Xin chọn lại ảnh chụp (JPEG, PNG)."))  # noqa: B904
        except TooManyPixels:
            raise ValidationError(_("Có ảnh nhiều điểm ảnh quá (trên 64 triệu). Xin chụp cỡ thường."))  # noqa: B904
        except TooLarge:
            raise ValidationError(_("Có ảnh to quá, mỗi ảnh tối đa 10 MB. Xin chọn lại."))  # noqa: B904


def all_there(expected: Sequence[CheckedPart]) -> list[dict[str, Any]]:
    """The form's default: every part is there and works."""
    return [{"is_there": True, "count": part.expected, "is_broken": False} for part in expected]


def _seen(part: CheckedPart, typed: dict[str, Any]) -> CheckedPart:
    count = part.expected if typed["count"] is None else typed["count"]
    return CheckedPart(part.name, part.expected, count if typed["is_there"] else 0, typed["is_broken"])


def form_of(way: Direction) -> type[CheckForm]:
    return OutForm if way is Direction.OUT else BackForm


def parts_of(booking: Booking, way: Direction) -> list[CheckedPart]:
    """The parts that have to go out or to come back."""
    if way is Direction.OUT:
        return parts_of_kit(booking.kit_id)
    return parts_to_take_back(booking.kit_id, handovers_of(booking).get(Direction.OUT))


def check_page(
    booking: Booking,
    way: Direction,
    parts: list[CheckedPart],
    form: CheckForm,
    problem: str = "",
    still_out: Booking | None = None,
) -> str:
    """The page with the form; ``still_out`` is the booking that has the kit still."""
    if len(form.parts.entries) != len(parts):
        form = type(form)(formdata=None, data={**form.data, "parts": all_there(parts)})
    return render_template(
        "desk/counter/check.html",
        booking=booking,
        way=way,
        lines=list(zip(parts, form.parts.entries, strict=True)),
        form=form,
        problem=problem,
        still_out=still_out,
    )


DONE = {
    Direction.OUT: lazy_gettext("Đã giao bộ %(kit)s cho hộ %(name)s."),
    Direction.BACK: lazy_gettext("Đã nhận lại bộ %(kit)s của hộ %(name)s."),
}


def refusal_text(refusal: HandoverRefusal | TimeProblem | None, still_out: Booking | None) -> str:
    """Why the kit could not go out or come back, and what to do."""
    match refusal:
        case HandoverRefusal.KIT_IS_OUT if still_out:
            return _(
                "Bộ %(kit)s chưa về: hộ %(name)s (phiếu %(code)s) chưa trả. Nhận lại bộ rồi mới giao được.",
                kit=still_out.kit.code,
                name=still_out.household.name,
                code=still_out.code,
            )
        case HandoverRefusal.CLOSED:
            return _("Giờ này bộ đang ghi là nghỉ. Nếu vẫn giao, xin ghi lý do ở ô ghi chú rồi bấm lại.")
        case HandoverRefusal.NOT_FREE:
            return _("Giờ này bộ đã dành cho phiếu khác. Xin xem lịch của bộ trước khi giao.")
        case TimeProblem.AHEAD:
            return _("Giờ ghi ở dưới chưa tới. Để trống nếu là bây giờ.")
        case TimeProblem.TOO_EARLY:
            return _("Giờ này sớm quá: bộ chỉ giao từ ngày nhận trên phiếu, và trả sau khi đã giao.")
        case _:
            return _("Giờ này đã quá giờ trả của phiếu. Nếu bộ đã giao từ trước, ghi giờ giao thật ở dưới.")
