"""Booking for somebody on the phone or at the counter, in three pages: who, which slot, done."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session
from sqlalchemy import Row

from kit_booking.clock import utc_now
from kit_booking.domain.booking.refusals import OF_THE_SLOT, Reason, Refusal
from kit_booking.domain.phone import PhoneProblem, parse_mobile
from kit_booking.models import Household
from kit_booking.services.audit import Actor
from kit_booking.services.booking.ask import SlotLook, request_booking
from kit_booking.services.communes.fortnight import Fortnight, SlotView, fortnight
from kit_booking.services.communes.schedule import SlotState
from kit_booking.services.register import households
from kit_booking.services.register.adding import Consent, register_household
from kit_booking.services.register.households import find_household, is_guest_of
from kit_booking.services.sign_in.members import SeenCommune
from kit_booking.services.waiting import entries
from kit_booking.web.desk.register.forms import BookForForm, NewHouseholdForm
from kit_booking.web.desk.tabs import acting_communes_or_403
from kit_booking.web.frame.forms import PRIVACY_VERSION
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import language, lazy_gettext, ngettext
from kit_booking.web.frame.readers import commune_or_404, staff_only, this_member
from kit_booking.web.frame.refusals import refusal_text, wait_refusal_text
from kit_booking.web.household.grid import SIGNS, css_of, parts_of
from kit_booking.web.household.slots import day_or_404, free_slots, look_or_404

blueprint = Blueprint("on_behalf", __name__, url_prefix="/staff/book")
WHO = "/<int(max=2147483647):household_id>"
ONE_SLOT = f"{WHO}/<kit_code>/<day>/<slot_key>"
QUICK = 6
"""How many of the next free slots are listed first."""
STATES = {
    SlotState.MINE: lazy_gettext("đã có"),
    SlotState.OFFERED: lazy_gettext("giữ chỗ"),
    SlotState.FREE: lazy_gettext("trống"),
    SlotState.NOT_OPEN: lazy_gettext("chưa mở"),
    SlotState.PAST: lazy_gettext("sát giờ"),
    SlotState.WAITING: lazy_gettext("hết"),
    SlotState.TAKEN: lazy_gettext("hết"),
    SlotState.CLOSED: lazy_gettext("nghỉ"),
}
"""The states from best to worst; a slot over all kits shows the best state of any kit."""


def chosen_commune(acting: list[SeenCommune]) -> SeenCommune:
    """The commune of the form, else the first; 404 if the member of staff is no clerk of it."""
    slug = request.form.get("commune", acting[0].slug)
    return next((commune for commune in acting if commune.slug == slug), None) or abort(404)


@blueprint.get("")
@staff_only
def who() -> str:
    acting_communes_or_403()
    return _who_page(NewHouseholdForm(formdata=None))


@blueprint.post("")
@staff_only
def enter() -> Any:
    """Choose a household of another commune by its whole number, or register a new one."""
    acting, form = acting_communes_or_403(), NewHouseholdForm()
    if "household" in request.form:
        guest = next((h for h in _of_elsewhere() if str(h.id) == request.form["household"]), None) or abort(404)
        _remember(guest.id)
        return redirect(f"/staff/book/{guest.id}", 303)
    commune = chosen_commune(acting)
    if not form.validate_on_submit():
        return _who_page(form), 422
    about = {"name": form.text("name"), "village": form.text("village"), "phone": form.number}
    if "other" not in request.form and (
        alike := households.alike([one.id for one in acting], **about, now=utc_now())
    ):
        return _who_page(form, alike), 409
    registered = register_household(
        commune.id,
        Consent(PRIVACY_VERSION, this_member().id, this_member().name[:80]),
        **about,
        craft=form.text("craft"),
        landline=form.desk_number,
        now=utc_now(),
    )
    household_id, is_new = registered or abort(429)
    name = form.text("name")
    flash(_("Đã ghi hộ %(name)s vào sổ.", name=name) if is_new else _("Hộ %(name)s đã có trong sổ.", name=name))
    _remember(household_id)
    return redirect(f"/staff/book/{household_id}", 303)


def _remember(household_id: int) -> None:
    """Let this browser's next pages book for the household, although it is of another commune."""
    session["book_for"] = [*session.get("book_for", []), household_id][-10:]


def _who_page(form: NewHouseholdForm, alike: Sequence[Row[Any]] = ()) -> str:
    """``alike`` are households of which the new one may be one."""
    acting = acting_communes_or_403()
    typed = request.values.get("q", "")[:80].strip()
    rows, has_more = households.search_households([c.id for c in acting], typed) if typed else ([], False)
    return render_template(
        "desk/on_behalf/who.html",
        q=typed,
        rows=rows,
        has_more=has_more,
        elsewhere=_of_elsewhere(),
        alike=[(one, this_member().may_act(one.commune_id)) for one in alike],
        form=form,
        communes=acting,
        commune=request.form.get("commune", acting[0].slug),
        villages=[line for commune in acting for line in commune_or_404(commune.slug).villages],
        privacy_version=PRIVACY_VERSION,
    )


def _of_elsewhere() -> list[Row[Any]]:
    """Households of other communes whose whole number was typed."""
    number = parse_mobile((request.form.get("phone") or request.values.get("q", ""))[:100])
    if isinstance(number, PhoneProblem):
        return []
    return [other for other in households.with_number(number) if not this_member().may_act(other.commune_id)]


def _bookable_or_404(household_id: int) -> Household:
    """A household of an own commune, one that has booked there before, or one found by its whole number."""
    household = find_household(household_id) or abort(404)
    acting = [commune.id for commune in acting_communes_or_403()]
    is_known = household.commune_id in acting or household_id in session.get("book_for", [])
    if not (is_known or is_guest_of(household_id, acting)):
        abort(404)
    return household


@blueprint.get(WHO)
@staff_only
def slots(household_id: int) -> str:
    """The next free slots, and a table of days and slots over all kits of the commune."""
    household, acting, now = _bookable_or_404(household_id), acting_communes_or_403(), utc_now()
    by_slug = {commune.slug: commune for commune in acting}
    home = next((commune for commune in acting if commune.id == household.commune_id), acting[0])
    commune = by_slug.get(request.args.get("commune", ""), home)
    shown = fortnight(commune_or_404(commune.slug), now=now, household_id=household_id)
    alike = [list(views) for _slot, views in groupby(free_slots(shown), lambda view: (view.slot.day, view.slot.key))]
    return render_template(
        "desk/on_behalf/slots.html",
        household=household,
        commune=commune,
        communes=acting,
        quick=alike[:QUICK],
        names={part.key: part.name for part in parts_of(shown.schedule, language())},
        days=_days(shown, household_id, now),
    )


def _days(shown: Fortnight, household_id: int, now: datetime) -> list[tuple[date, dict[str, dict[str, str]]]]:
    """Every day with its slots by key, each as the template takes it."""
    days: dict[date, dict[str, list[SlotView]]] = {}
    for view in shown.seen():
        days.setdefault(view.slot.day, {}).setdefault(view.slot.key, []).append(view)
    return [(day, {key: _cell(alike, household_id, now) for key, alike in days[day].items()}) for day in sorted(days)]


def _cell(alike: list[SlotView], household_id: int, now: datetime) -> dict[str, str]:
    """One slot over all kits; ``path`` is empty if it can be neither booked nor waited for."""
    kit, slot, state, code = min(alike, key=lambda view: list(STATES).index(view.state))
    free = sum(view.state is SlotState.FREE for view in alike)
    path = f"/staff/book/{household_id}/{kit.code}/{slot.day}/{slot.key}"
    if state in (SlotState.MINE, SlotState.OFFERED):
        path = f"/staff/bookings/{code}"
    elif state is SlotState.CLOSED or now >= slot.on_air.from_at:
        path = ""
    is_free = state is SlotState.FREE
    word = ngettext("%(num)d bộ", free) if is_free and free > 1 else str(STATES[state])
    return {"path": path, "css": css_of(state), "sign": SIGNS[state], "word": word, "name": slot.name}


@blueprint.get(ONE_SLOT)
@staff_only
def slot(household_id: int, kit_code: str, day: str, slot_key: str) -> Any:
    household = _bookable_or_404(household_id)
    form = BookForForm(formdata=None, sells=household.sells, streams_on=household.streams_on)
    return _slot_page(household, kit_code, day, slot_key, form)


@blueprint.post(ONE_SLOT)
@staff_only
def book(household_id: int, kit_code: str, day: str, slot_key: str) -> Any:
    household, form = _bookable_or_404(household_id), BookForForm()
    _look(kit_code, day, slot_key, household_id)
    if not form.validate_on_submit():
        return _slot_page(household, kit_code, day, slot_key, form), 422
    asked = request_booking(
        kit_code,
        day_or_404(day),
        slot_key,
        household_id,
        sells=form.text("sells"),
        streams_on=form.text("streams_on"),
        staff_id=this_member().id,
        override=form.text("override"),
        now=utc_now(),
    )
    if not asked.code:
        return _slot_page(household, kit_code, day, slot_key, form, asked.refusals), 409
    by_text = _("Hộ sẽ nhận được tin nhắn.") if household.takes_texts else _("Hộ không nhận tin nhắn: xin báo miệng.")
    flash(_("Đã ghi phiếu %(code)s cho hộ %(name)s.", code=asked.code, name=household.name) + " " + by_text, "good")
    return redirect(f"/staff/bookings/{asked.code}", 303)


@blueprint.post(f"{ONE_SLOT}/wait")
@staff_only
def wait(household_id: int, kit_code: str, day: str, slot_key: str) -> Any:
    household = _bookable_or_404(household_id)
    _look(kit_code, day, slot_key, household_id)
    by = Actor(staff_id=this_member().id)
    joined = entries.join(kit_code, day_or_404(day), slot_key, household_id, by=by, now=utc_now())
    if joined.entry_id is None:
        for reason in joined.reasons:
            flash(wait_refusal_text(reason, to_clerk=True), "bad")
        return redirect(f"/staff/book/{household_id}/{joined.free_kit or kit_code}/{day}/{slot_key}", 303)
    flash(_("Đã ghi hộ %(name)s chờ chỗ trống của buổi này.", name=household.name), "good")
    return redirect(f"/staff/households/{household_id}", 303)


def _look(kit_code: str, day: str, slot_key: str, household_id: int) -> SlotLook:
    """The slot, if it is in a commune of which the member of staff is a clerk."""
    look = look_or_404(kit_code, day, slot_key, household_id, now=utc_now())
    return look if this_member().may_act(look.bookable.commune.id) else abort(404)


def _slot_page(
    household: Household,
    kit_code: str,
    day: str,
    slot_key: str,
    form: BookForForm,
    refusals: list[Refusal] | None = None,
) -> Any:
    look = _look(kit_code, day, slot_key, household.id)
    if look.own_code:
        return redirect(f"/staff/bookings/{look.own_code}", 303)
    commune, slot = look.bookable.commune, look.bookable.slot
    against = look.refusals if refusals is None else refusals
    final = [refusal for refusal in against if refusal.reason in OF_THE_SLOT]
    return render_template(
        "desk/on_behalf/slot.html",
        household=household,
        bookable=look.bookable,
        form=form,
        final=[refusal_text(refusal, to_clerk=True) for refusal in final],
        rules=[refusal_text(refusal, to_clerk=True) for refusal in against if refusal not in final],
        is_taken=any(refusal.reason is Reason.TAKEN for refusal in final),
        others=[
            view
            for view in free_slots(fortnight(commune, now=utc_now()))
            if (view.slot.day, view.slot.key) == (slot.day, slot.key) and view.kit.code != kit_code
        ],
        is_own=bool(this_member().mobile) and this_member().mobile == household.phone,
    )
