"""What a kit consists of, as its commune's clerks and the operator keep it."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.services.operator.reading import RegisteredCommune, RegisteredKit, find_commune
from kit_booking.services.operator.registry import change_parts
from kit_booking.web.desk.settings.pages import settings_or_404
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import staff_only
from kit_booking.web.operator.communes import by_version, denied_text
from kit_booking.web.operator.forms import MOST_PARTS, PartsForm

blueprint = Blueprint("parts", __name__, url_prefix="/staff/settings")

EMPTY_LINES = 3


def _kit_or_404(slug: str, code: str) -> tuple[RegisteredCommune, RegisteredKit]:
    settings_or_404(slug, changing=True)
    commune = find_commune(slug) or abort(404)
    return commune, commune.kit(code) or abort(404)


@blueprint.get("/<slug>/kits/<code>")
@staff_only
def edit(slug: str, code: str) -> str:
    commune, kit = _kit_or_404(slug, code)
    lines = [{"name": name, "count": count} for name, count in kit.parts]
    empty: list[dict[str, Any]] = [{} for _ in range(min(EMPTY_LINES, MOST_PARTS - len(lines)))]
    return _page(commune, kit, PartsForm(data={"parts": lines + empty}))


@blueprint.post("/<slug>/kits/<code>")
@staff_only
def change(slug: str, code: str) -> Any:
    (commune, kit), form = _kit_or_404(slug, code), PartsForm()
    if not form.validate_on_submit():
        return _page(commune, kit, form), 422
    denied = change_parts(kit.id, form.lines, by_version(), now=utc_now())
    if denied:
        form.form_errors.append(denied_text(denied))
        return _page(*_kit_or_404(slug, code), form), 409
    flash(_("Đã lưu các món của bộ %(code)s.", code=code), "good")
    return redirect(f"/staff/settings/{slug}", 303)


def _page(commune: RegisteredCommune, kit: RegisteredKit, form: PartsForm) -> str:
    return render_template("desk/settings/parts.html", commune=commune, kit=kit, form=form, here=request.path)
