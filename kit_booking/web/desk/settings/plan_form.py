"""The form of a slot plan."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from wtforms import DateField, Field, FormField, SelectField, SelectMultipleField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # Too new for its stubs.
from wtforms.validators import InputRequired

from kit_booking.domain.settings import MOST_SLOTS, CommuneSettings, Plan, Trouble, plan_troubles
from kit_booking.domain.text import slug
from kit_booking.domain.time.slots import SlotPlanLine
from kit_booking.web.desk.settings.forms import CLOCK, ClockField, Lines, PartOfForm, SettingsForm
from kit_booking.web.frame.forms import line
from kit_booking.web.frame.language import lazy_gettext as _

WEEKDAYS: list[Any] = list("0123456")
"""Their numbers, Monday is 0."""


PEAK = [
    SelectChoice("", _("theo giờ: có, nếu giữ bộ qua đêm")),
    SelectChoice("1", _("có")),
    SelectChoice("0", _("không")),
]


class LineForm(PartOfForm):
    """One slot of a plan; a line in which nothing is written is none."""

    name = line(_("Tên buổi"), 40)
    from_time = ClockField(_("Live từ"), render_kw=CLOCK)
    until_time = ClockField(_("đến"), render_kw=CLOCK)
    weekdays = SelectMultipleField(_("Ngày trong tuần"), choices=WEEKDAYS, coerce=int)
    peak = SelectField(_("Buổi cao điểm"), choices=PEAK, default="")

    @property
    def is_used(self) -> bool:
        written = (self.name.raw_data, self.from_time.raw_data, self.until_time.raw_data)
        return any(typed and typed[0].strip() for typed in written)

    def validate_name(self, field: Field) -> None:
        if self.is_used and not slug(field.data or ""):
            raise ValidationError(str(_("Ghi tên buổi, ví dụ Sáng, Tối.")))

    def validate_until_time(self, field: Field) -> None:
        has_fault = self.from_time.errors or field.errors
        if self.is_used and not has_fault and None in (self.from_time.data, field.data):
            raise ValidationError(str(_("Ghi giờ bắt đầu và giờ kết thúc.")))


def _fields_of(slot: SlotPlanLine) -> dict[str, Any]:
    return vars(slot) | {"peak": "" if slot.is_peak is None else f"{slot.is_peak:d}"}


class PlanForm(SettingsForm):
    valid_from = DateField(
        _("Áp dụng từ ngày"), [InputRequired(_("Chọn ngày bắt đầu."))], format=["%Y-%m-%d", "%d/%m/%Y"]
    )
    lines = Lines(FormField(LineForm), min_entries=1, max_entries=MOST_SLOTS)

    def __init__(self, settings: CommuneSettings, valid_from: date, *, today: date) -> None:
        """The plan of that day to change, with two more lines if a plan may have so many."""
        lines: list[Any] = [_fields_of(slot) for slot in settings.plan_on(valid_from)]
        empty = [{"weekdays": range(7)} for _ in range(max(0, min(2, MOST_SLOTS - len(lines))))]
        super().__init__("plan", settings, data={"valid_from": valid_from, "lines": lines + empty})
        self.today = today

    @property
    def plan(self) -> Plan:
        used: list[Any] = [entry.form for entry in self.lines if entry.form.is_used]
        slots = (
            SlotPlanLine(
                line.name.data,
                line.from_time.data,
                line.until_time.data,
                frozenset(line.weekdays.data),
                {"1": True, "0": False}.get(line.peak.data),
            )
            for line in used
        )
        return tuple(sorted(slots, key=lambda slot: slot.from_time))

    @property
    def begins(self) -> date:
        """Once the form is valid."""
        assert self.valid_from.data
        return self.valid_from.data

    def troubles(self) -> Iterable[Trouble]:
        return plan_troubles(self.begins, self.plan, today=self.today)

    def new_settings(self) -> CommuneSettings:
        return replace(self.settings, plans=self.settings.with_plan(self.begins, self.plan))
