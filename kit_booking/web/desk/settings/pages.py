"""The settings of a commune: seen, changed with a look at what that means, and saved by one of two windows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.domain.local_time import local_day
from kit_booking.domain.settings import CommuneSettings, PlaceSettings, differences, line_text
from kit_booking.services.operator.reading import kits_of
from kit_booking.services.settings import saving
from kit_booking.services.settings.effects import effect_of
from kit_booking.services.settings.saving import FoundSettings, Saved, find_settings, last_change
from kit_booking.services.sign_in.members import communes_seen
from kit_booking.web.desk.settings.effects import effect_lines
from kit_booking.web.desk.settings.forms import OfficeForm, PlaceForm, PlanForm, SettingsForm, numbers_form
from kit_booking.web.desk.settings.labels import (
    DEFAULTS,
    NUMBERS,
    SECTIONS,
    Section,
    line_word,
    number_word,
    told,
    weekday_word,
    weekdays_word,
)
from kit_booking.web.frame.formats import hours
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import staff_only, this_member

blueprint = Blueprint("settings", __name__, url_prefix="/staff/settings")

SECTION = f"<any({','.join(SECTIONS)}):section>"
NOT_TYPED = ("csrf_token", "version", "confirmed", "again")
"""Fields of a form that say where it stands, not what was typed."""


def settings_or_404(slug: str, *, changing: bool = False) -> FoundSettings:
    """The commune's settings if it is theirs; to change them takes its clerk or the operator."""
    found = find_settings(slug)
    if found is None or not this_member().may_see(found.commune_id):
        abort(404)
    if changing and not this_member().may_manage(found.commune_id):
        abort(403)
    return found


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
    found = settings_or_404(slug)
    settings, today = found.settings, local_day(utc_now())
    current = max((day for day, _ in settings.plans if day <= today), default=None)
    return render_template(
        "desk/settings/overview.html",
        commune=found,
        may_change=this_member().may_manage(found.commune_id),
        sections=[(key, section, list(_numbers(section, settings))) for key, section in SECTIONS.items()],
        plans=[
            (valid_from, valid_from == current, [(slot_word(line.name), line_word(line_text(line))) for line in plan])
            for valid_from, plan in settings.plans
            if current is None or valid_from >= current
        ],
        office=_week(settings.office.days),
        places=[(place, _week(place.handover.days)) for place in settings.places],
        kits=kits_of(found.commune_id),
    )


def _numbers(section: Section, settings: CommuneSettings) -> Iterator[dict[str, Any]]:
    for name in section.numbers:
        value, default = getattr(settings.policy, name), DEFAULTS[name]
        yield {
            "label": NUMBERS[name].label,
            "value": number_word(name, value),
            "default": number_word(name, default),
            "is_default": value == default,
        }


def _week(days: tuple[Any, ...]) -> list[tuple[str, str]]:
    """The hours of a week, days that are alike together: ``T2–T6`` and ``7h30–17h``."""
    alike: dict[Any, list[int]] = {}
    for number, day in enumerate(days):
        alike.setdefault(day, []).append(number)
    return [(weekdays_word(numbers), hours(day) if day else _("nghỉ")) for day, numbers in alike.items()]


@blueprint.get(f"/<slug>/{SECTION}")
@staff_only
def edit(slug: str, section: str) -> str:
    found = settings_or_404(slug, changing=True)
    return _form_page(found, section, _form(found, section))


@blueprint.post(f"/<slug>/{SECTION}")
@staff_only
def change(slug: str, section: str) -> Any:
    found = settings_or_404(slug, changing=True)
    if section == "plan" and (dropped := request.form.get("drop")):
        return _drop_plan(found, dropped)
    return _changed(found, section, _form(found, section))


@blueprint.get("/<slug>/places/<int(max=2147483647):place_id>")
@staff_only
def edit_place(slug: str, place_id: int) -> str:
    found = settings_or_404(slug, changing=True)
    return _form_page(found, "place", PlaceForm(_place_or_404(found, place_id)))


@blueprint.post("/<slug>/places/<int(max=2147483647):place_id>")
@staff_only
def change_place(slug: str, place_id: int) -> Any:
    found = settings_or_404(slug, changing=True)
    return _changed(found, "place", PlaceForm(_place_or_404(found, place_id)))


def _place_or_404(found: FoundSettings, place_id: int) -> PlaceSettings:
    return found.settings.place(place_id) or abort(404)


def _form(found: FoundSettings, section: str) -> SettingsForm:
    today = local_day(utc_now())
    match section:
        case "plan":
            return PlanForm(found.settings, max(today, _day(request.args.get("from")) or today), today=today)
        case "office":
            return OfficeForm(found.settings)
        case _:
            return numbers_form(section)(found.settings)


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written or "")
    except ValueError:
        return None


def _drop_plan(found: FoundSettings, written: str) -> Any:
    """Give up a plan that has not begun."""
    plans = f"/staff/settings/{found.slug}/plan"
    if "again" in request.form:
        return redirect(plans, 303)
    if request.form.get("version") != str(found.settings.version):
        flash(_("Chưa lưu: trong lúc đó có người vừa sửa thiết lập của xã."), "bad")
        return redirect(plans, 303)
    valid_from, today = _day(written), local_day(utc_now())
    if valid_from is None or valid_from <= today or valid_from not in dict(found.settings.plans):
        abort(404)
    new = replace(found.settings, plans=found.settings.with_plan(valid_from, None))
    return _look_or_save(found, "plan", new, _form(found, "plan"), valid_from)


def _changed(found: FoundSettings, section: str, form: Any) -> Any:
    if "again" in request.form:
        return _form_page(found, section, form)
    if not form.validate_on_submit():
        return _form_page(found, section, form), 422
    new = form.wanted(found.settings)
    if not differences(found.settings, new):
        flash(_("Không có gì thay đổi."), "good")
        return redirect(f"/staff/settings/{found.slug}", 303)
    first = form.begins if section == "plan" else local_day(utc_now())
    return _look_or_save(found, section, new, form, first)


def _look_or_save(found: FoundSettings, section: str, new: CommuneSettings, form: Any, first: date) -> Any:
    """First show what it would mean; confirmed, save it, unless somebody else changed the commune meanwhile."""
    old, now = found.settings, utc_now()
    if request.form.get("version") != str(old.version):
        return _form_page(found, section, form, instead=new), 409
    changes = differences(old, new)
    if "confirmed" not in request.form:
        return render_template(
            "desk/settings/look.html",
            commune=found,
            title=_title(found, section, form),
            changes=[told(change) for change in changes],
            effects=effect_lines(effect_of(found.commune_id, old, new, first, now=now), changes),
            typed=[(k, v) for k, v in request.form.items(multi=True) if k not in NOT_TYPED],
            here=request.path,
        )
    saved = saving.save(found.commune_id, old, new, this_member().id, now=now)
    if saved is Saved.OUTDATED:
        return _form_page(settings_or_404(found.slug, changing=True), section, form, instead=new), 409
    flash(_("Đã lưu. Trang của xã theo thiết lập mới từ bây giờ."), "good")
    return redirect(f"/staff/settings/{found.slug}", 303)


def _form_page(found: FoundSettings, section: str, form: SettingsForm, instead: CommuneSettings | None = None) -> str:
    """The form; ``instead`` is what was wanted of settings that somebody else changed meanwhile."""
    numbers = SECTIONS[section].numbers if section in SECTIONS else ()
    return render_template(
        "desk/settings/form.html",
        commune=found,
        section=section,
        title=_title(found, section, form),
        form=form,
        numbers=[(form[name], NUMBERS[name].hint, number_word(name, DEFAULTS[name])) for name in numbers],
        weekdays=[weekday_word(number) for number in range(7)],
        plans=[day for day, _ in found.settings.plans if day > local_day(utc_now())],
        outdated=last_change(found.commune_id) if instead else None,
        conflicts=[told(change) for change in differences(found.settings, instead)] if instead else [],
        here=request.path,
    )


def _title(found: FoundSettings, section: str, form: Any) -> str:
    return form.place.name if section == "place" else str(SECTIONS[section].title)
