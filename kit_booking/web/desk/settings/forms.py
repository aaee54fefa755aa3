"""The forms of a commune's settings; each builds new settings from those it was opened on."""

import functools
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import time
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    FormField,
    IntegerField,
    TelField,
    ValidationError,
)
from wtforms import Form as PlainForm
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import TextInput

from kit_booking.domain.phone import dialled, national
from kit_booking.domain.policy import NUMBERS, Number
from kit_booking.domain.settings import (
    CommuneSettings,
    PlaceSettings,
    Problem,
    Trouble,
    policy_troubles,
)
from kit_booking.domain.time.hours import WeeklyHours
from kit_booking.web.desk.settings.labels import SECTIONS, trouble_text
from kit_booking.web.frame.forms import TEL, Form, line, tidy
from kit_booking.web.frame.language import FormTranslations
from kit_booking.web.frame.language import lazy_gettext as _

LONGEST_CLOCK = 12
_CLOCK = re.compile(r"(\d{1,2})(?:[h:.](\d\d)?)?h?")


def parse_clock(typed: str) -> time | None:
    """The time of day that was typed: ``7h30``, ``19h``, ``07:30``, ``7.30``, ``19``; None when it is none."""
    match = _CLOCK.fullmatch("".join(typed.lower().split())[:LONGEST_CLOCK].replace("giờ", "h"))
    try:
        return time(int(match[1]), int(match[2] or 0)) if match else None
    except ValueError:
        return None


class ClockField(Field):
    """A time of day as people write it; what can't be read stays as it was typed."""

    widget = TextInput()

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data.hour}h{self.data:%M}" if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        self.data = parse_clock(typed)
        if typed and self.data is None:
            raise ValidationError(str(_("Ghi giờ như 7h30 hoặc 19h, từ 0h đến 23h59.")))


CLOCK = {"autocomplete": "off", "maxlength": LONGEST_CLOCK, "class": "clock"}


class SettingsForm(Form):
    """A form that was opened on some settings, and builds others from them once it is valid."""

    def __init__(self, section: str, settings: CommuneSettings, **filled: Any) -> None:
        super().__init__(**filled)
        self.section, self.settings = section, settings

    @property
    def title(self) -> str:
        return str(SECTIONS[self.section][0])

    def new_settings(self) -> CommuneSettings:
        raise NotImplementedError

    def troubles(self) -> Iterable[Trouble]:
        """What does not fit together of fields that are each right."""
        return ()

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        self.form_errors.extend(trouble_text(trouble) for trouble in self.troubles())
        return not self.form_errors


class NumbersForm(SettingsForm):
    """The numbers of one section; its subclasses have the fields, named as those of `Policy`."""

    def __init__(self, section: str, settings: CommuneSettings) -> None:
        super().__init__(section, settings, obj=settings.policy)

    def new_settings(self) -> CommuneSettings:
        return replace(self.settings, policy=replace(self.settings.policy, **self.data))

    def troubles(self) -> Iterable[Trouble]:
        return policy_troubles(self.new_settings().policy)


@functools.cache
def numbers_form(section: str) -> type[NumbersForm]:
    """The form of a section of numbers."""
    names = [name for name, number in NUMBERS.items() if number.section == section]
    return type("SectionForm", (NumbersForm,), {name: _number_field(NUMBERS[name]) for name in names})


def _number_field(number: Number) -> Any:
    label = _(number.label)
    if number.unit == "yes_no":
        return BooleanField(label)
    if number.unit == "clock":
        return ClockField(label, [InputRequired()], render_kw=CLOCK)
    message = _("Ghi một số từ %(least)d đến %(most)d.", least=number.least, most=number.most)
    return IntegerField(
        label,
        [InputRequired(message), NumberRange(number.least, number.most, message)],
        render_kw={"inputmode": "numeric", "autocomplete": "off", "maxlength": 6, "class": "number"},
    )


def can_be_called(_form: Any, field: Field) -> None:
    """A validator: any number that can be dialled in Vietnam, of an office as of a mobile."""
    if dialled((field.data or "")[:40]) is None:
        raise ValidationError(str(_("Số này chưa gọi được. Ghi đủ cả mã vùng, ví dụ 024 3385 4321.")))


def same_or(old: str, typed: str) -> str:
    """The number as it was stored, when only its spaces or its ``+84`` were typed differently."""
    return old if old and dialled(old) == dialled(typed) else typed


class PartOfForm(PlainForm):
    """A group of fields that stands several times in a form."""

    class Meta:
        def get_translations(self, _form: Any) -> FormTranslations:
            return FormTranslations()


class Lines(FieldList):  # type: ignore[type-arg]  # Only its stub is generic.
    """Groups of fields by number; WTForms itself fails on a name such as ``lines-²-name``, or with a huge number."""

    def process(self, formdata: Any, *rest: Any, **more: Any) -> None:
        if formdata:
            plain = [name for name in formdata if name.isascii() and len(name) < LONGEST_NAME]
            formdata = MultiDict((name, value) for name in plain for value in formdata.getlist(name))
        super().process(formdata, *rest, **more)


LONGEST_NAME = 40


class DayForm(PartOfForm):
    """One weekday; empty on both sides when it is closed."""

    opens = ClockField(_("Mở cửa"), render_kw=CLOCK)
    closes = ClockField(_("Đóng cửa"), render_kw=CLOCK)

    def validate_closes(self, field: Field) -> None:
        opens, closes = self.opens.data, field.data
        if self.opens.errors or field.errors:
            return
        if (opens is None) != (closes is None):
            raise ValidationError(str(_("Ghi cả giờ mở và giờ đóng, hoặc để trống cả hai nếu nghỉ.")))
        if opens and closes and opens >= closes:
            raise ValidationError(str(_("Giờ đóng phải sau giờ mở.")))


class HoursForm(SettingsForm):
    days = Lines(FormField(DayForm), min_entries=7, max_entries=7)

    def __init__(self, section: str, settings: CommuneSettings, hours: WeeklyHours, **filled: Any) -> None:
        days = [dict(zip(("opens", "closes"), day or (), strict=False)) for day in hours.days]
        super().__init__(section, settings, data={"days": days, **filled})

    @property
    def hours(self) -> WeeklyHours:
        pairs = ((entry.form.opens.data, entry.form.closes.data) for entry in self.days)
        return WeeklyHours(tuple((opens, closes) if opens and closes else None for opens, closes in pairs))


class OfficeForm(HoursForm):
    phone = TelField(_("Điện thoại của xã"), [can_be_called], filters=[tidy(20)], render_kw=TEL)

    def __init__(self, settings: CommuneSettings) -> None:
        super().__init__("office", settings, settings.office, phone=national(settings.phone))

    def troubles(self) -> Iterable[Trouble]:
        return () if any(self.hours.days) else [Trouble(Problem.NEVER_OPEN)]

    def new_settings(self) -> CommuneSettings:
        phone = same_or(self.settings.phone, self.text("phone"))
        return replace(self.settings, phone=phone, office=self.hours)


class KeeperForm(HoursForm):
    """Who keeps the kits of a place, and when they are handed over there."""

    keeper = line(_("Người giữ bộ"), 80)
    keeper_phone = TelField(
        _("Điện thoại người giữ bộ"), [Optional(), can_be_called], filters=[tidy(20)], render_kw=TEL
    )

    def __init__(self, settings: CommuneSettings, place: PlaceSettings) -> None:
        phone = place.keeper_phone and national(place.keeper_phone)
        super().__init__("place", settings, place.handover, keeper=place.keeper, keeper_phone=phone)
        self.place = place

    @property
    def title(self) -> str:
        return self.place.name

    def new_settings(self) -> CommuneSettings:
        phone = same_or(self.place.keeper_phone, self.text("keeper_phone"))
        place = replace(self.place, keeper=self.text("keeper"), keeper_phone=phone, handover=self.hours)
        return replace(
            self.settings, places=tuple(place if one.id == place.id else one for one in self.settings.places)
        )
