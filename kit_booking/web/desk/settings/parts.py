"""What a kit consists of, as its commune's clerks and the operator keep it."""

from typing import Any

from flask import Blueprint, abort
from wtforms import Field, FormField, IntegerField, ValidationError
from wtforms.validators import Optional

from kit_booking.clock import utc_now
from kit_booking.services.operator.edits import Denied
from kit_booking.services.operator.reading import find_commune, kits_of
from kit_booking.services.operator.registry import change_parts
from kit_booking.web.desk.edit import CommuneEditForm, Edit, edit_pages
from kit_booking.web.desk.settings.forms import Lines, PartOfForm
from kit_booking.web.desk.settings.pages import settings_or_404
from kit_booking.web.frame.forms import line
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext
from kit_booking.web.frame.readers import staff_only

blueprint = Blueprint("parts", __name__, url_prefix="/staff/settings")

MOST_PARTS, EMPTY_LINES = 30, 3


class PartLineForm(PartOfForm):
    """One thing of a kit; a line without a name is none."""

    name = line(lazy_gettext("Tên món"), 80)
    count = IntegerField(
        lazy_gettext("Số lượng"),
        [Optional()],
        render_kw={"inputmode": "numeric", "maxlength": 3, "autocomplete": "off"},
    )

    def validate_count(self, field: Field) -> None:
        if self.name.data and not (field.data and 0 < field.data < 100):
            raise ValidationError(_("Ghi một số từ 1 đến 99."))


class PartsForm(CommuneEditForm):
    parts = Lines(FormField(PartLineForm), min_entries=1, max_entries=MOST_PARTS)

    @property
    def lines(self) -> list[tuple[str, int]]:
        return [(part["name"], part["count"]) for part in self.parts.data if part["name"]]

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        names = [name for name, _count in self.lines]
        if len(names) != len(set(names)):
            self.form_errors.append(_("Có hai món cùng tên. Gộp lại thành một dòng."))
        return not self.form_errors


@edit_pages(blueprint, staff_only, "/<slug>/kits/<code>")
def edit_parts(slug: str, code: str) -> Edit:
    settings_or_404(slug, changing=True)
    commune = find_commune(slug) or abort(404)
    kit = next((kit for kit in kits_of(commune.id) if kit.code == code), None) or abort(404)
    form = PartsForm(parts=kit.parts)
    if not form.is_submitted():
        for _line in range(min(EMPTY_LINES, MOST_PARTS - len(kit.parts))):
            form.parts.append_entry()

    def save() -> Denied | None:
        return change_parts(kit.id, form.lines, form.editor, now=utc_now())

    said = _("Đã lưu các món của bộ %(code)s.", code=code)
    return Edit(form, "desk/settings/parts.html", f"/staff/settings/{slug}", save, commune, said, {"kit": kit})
