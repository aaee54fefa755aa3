"""The settings of a commune: shown, edited, previewed, and saved if nobody else changed them meanwhile."""

from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.domain.policy import NUMBERS, Policy
from kit_booking.domain.settings import CommuneSettings, differences, stored_slot
from kit_booking.domain.time.hours import WeeklyHours
from kit_booking.domain.time.local_time import local_day
from kit_booking.services.operator.reading import kits_of
from kit_booking.services.settings import saving
from kit_booking.services.settings.effects import effect_of
from kit_booking.services.sign_in.members import communes_seen
from kit_booking.web.desk.settings import labels
from kit_booking.web.desk.settings.effects import effect_lines
from kit_booking.web.desk.settings.forms import KeeperForm, OfficeForm, numbers_form
from kit_booking.web.desk.settings.plan_form import PlanForm
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import staff_only, this_member

blueprint = Blueprint("settings", __name__, url_prefix="/staff/settings")

SECTION = f"/<slug>/<any({','.join(labels.SECTIONS)}):section>"
PLACE = "/<slug>/places/<int(max=2147483647):place_id>"
NOT_TYPED = ("csrf_token", "reader", "version", "confirmed", "again")
"""Fields of a form that say where it stands, not what was typed."""


def settings_or_404(slug: str, *, changing: bool = False) -> CommuneSettings:
    """The commune's settings, for its staff; ``changing`` them is only for its clerks and operators, else 403."""
    settings = saving.find_settings(slug)
    if settings is None or not this_member().may_see(settings.commune_id):
        abort(404)
    if changing and not this_member().may_manage(settings.commune_id):
        abort(403)
    return settings


@blueprint.get("")
@staff_only
def communes() -> Any:
    """The one commune of most members of staff; the operator has a list to search."""
    member = this_member()
    if member.is_operator:
        return redirect("/staff/operator", 303)
    own = communes_seen(member)
    if len(own) == 1:
        return redirect(f"/staff/settings/{own[0].slug}", 303)
    return render_template("desk/settings/communes.html", communes=own)


@blueprint.get("/<slug>")
@staff_only
def overview(slug: str) -> str:
    settings, today = settings_or_404(slug), local_day(utc_now())
    current = max((day for day, _ in settings.plans if day <= today), default=None)
    return render_template(
        "desk/settings/overview.html",
        commune=settings,
        may_change=this_member().may_manage(settings.commune_id),
        sections=[(key, title, about, _numbers(key, settings)) for key, (title, about) in labels.SECTIONS.items()],
        plans=[
            (day, day == current, [(slot_word(line.name), labels.slot_text(stored_slot(line))) for line in plan])
            for day, plan in settings.plans
            if current is None or day >= current
        ],
        office=_week(settings.office),
        places=[(place, _week(place.handover)) for place in settings.places],
        kits=kits_of(settings.commune_id),
    )


def _numbers(section: str, settings: CommuneSettings) -> list[dict[str, Any]]:
    """The numbers of the section in words, each with its label, its explanation and what is usual."""
    values, usual = settings.policy.stored(), Policy().stored()
    return [
        {
            "name": name,
            "label": _(number.label),
            "hint": number.hint and _(number.hint),
            "value": labels.number_text(name, values[name]),
            "default": labels.number_text(name, usual[name]),
        }
        for name, number in NUMBERS.items()
        if number.section == section
    ]


def _week(hours: WeeklyHours) -> list[tuple[str, str]]:
    """The hours of a week, days with the same hours together: ``T2–T6`` and ``7h30–17h``."""
    alike: dict[str, list[int]] = {}
    for number, day in enumerate(hours.stored()):
        alike.setdefault(labels.hours_text(day), []).append(number)
    return [(labels.weekdays_text(numbers), text) for text, numbers in alike.items()]


@blueprint.get(SECTION)
@blueprint.get(PLACE)
@staff_only
def edit(slug: str, section: str = "", place_id: int = 0) -> str:
    return _form_page(_form(settings_or_404(slug, changing=True), section, place_id))


@blueprint.post(SECTION)
@blueprint.post(PLACE)
@staff_only
def change(slug: str, section: str = "", place_id: int = 0) -> Any:
    settings = settings_or_404(slug, changing=True)
    form = _form(settings, section, place_id)
    if section == "plan" and (dropped := request.form.get("drop")):
        return _drop_plan(form, dropped)
    if "again" in request.form:
        return _form_page(form)
    if not form.validate_on_submit():
        return _form_page(form), 422
    new = form.new_settings()
    if not differences(settings, new):
        flash(_("Không có gì thay đổi."), "good")
        return redirect(f"/staff/settings/{slug}", 303)
    return _look_or_save(form, new, form.begins if section == "plan" else local_day(utc_now()))


def _form(settings: CommuneSettings, section: str, place_id: int) -> Any:
    """The form of the section, or without one of the place."""
    match section:
        case "plan":
            today = local_day(utc_now())
            return PlanForm(settings, max(today, _day(request.args.get("from", "")) or today), today=today)
        case "office":
            return OfficeForm(settings)
        case "":
            return KeeperForm(settings, settings.place(place_id) or abort(404))
        case _:
            return numbers_form(section)(section, settings)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _drop_plan(form: PlanForm, written: str) -> Any:
    """Delete a plan that has not begun."""
    settings, plans = form.settings, f"/staff/settings/{form.settings.slug}/plan"
    if "again" in request.form:
        return redirect(plans, 303)
    if request.form.get("version") != str(settings.version):
        flash(_("Chưa lưu: trong lúc đó có người vừa sửa thiết lập của xã."), "bad")
        return redirect(plans, 303)
    valid_from = _day(written)
    if valid_from is None or valid_from <= form.today or valid_from not in dict(settings.plans):
        abort(404)
    return _look_or_save(form, replace(settings, plans=settings.with_plan(valid_from, None)), valid_from)


def _look_or_save(form: Any, new: CommuneSettings, first: date) -> Any:
    """A preview or, once that is confirmed, save it, unless somebody else changed the commune meanwhile."""
    old, now = form.settings, utc_now()
    if request.form.get("version") != str(old.version):
        return _form_page(form, instead=new), 409
    if "confirmed" not in request.form:
        changes = differences(old, new)
        return render_template(
            "desk/settings/look.html",
            commune=old,
            title=form.title,
            changes=[labels.describe(change) for change in changes],
            effects=effect_lines(effect_of(old, new, first, now=now), changes),
            typed=[(k, v) for k, v in request.form.items(multi=True) if k not in NOT_TYPED],
            here=request.path,
        )
    if saving.save(old, new, this_member().id, now=now) is saving.Saved.OUTDATED:
        form.settings = settings_or_404(old.slug, changing=True)
        return _form_page(form, instead=new), 409
    flash(_("Đã lưu. Trang của xã theo thiết lập mới từ bây giờ."), "good")
    return redirect(f"/staff/settings/{old.slug}", 303)


def _form_page(form: Any, instead: CommuneSettings | None = None) -> str:
    """The form; ``instead`` is what could not be saved, because somebody else changed the settings meanwhile."""
    settings = form.settings
    return render_template(
        "desk/settings/form.html",
        commune=settings,
        form=form,
        numbers=_numbers(form.section, settings),
        weekdays=[labels.weekday_text(number) for number in range(7)],
        plans=[day for day, _ in settings.plans if day > local_day(utc_now())],
        outdated=saving.last_change(settings.commune_id) if instead else None,
        conflicts=[labels.describe(change) for change in differences(settings, instead)] if instead else [],
        here=request.path,
    )
