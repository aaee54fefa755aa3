"""The register for staff: searching it, a household's page, correcting, another number, joining, erasing."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from sqlalchemy import Row

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import LIVE
from kit_booking.models import Household
from kit_booking.services.booking.reading import bookings_of_household, messages_of_household
from kit_booking.services.register import erasing, households, joining
from kit_booking.services.register.households import find_household
from kit_booking.services.sign_in.members import end_all_sign_ins
from kit_booking.services.timeline.standing import lift_pause, standing_of
from kit_booking.services.waiting.reading import open_entries
from kit_booking.web.desk.edit import this_actor
from kit_booking.web.desk.register.forms import CorrectForm, EraseForm, NumberChangeForm
from kit_booking.web.frame.forms import ReasonForm
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import staff_household_or_404, staff_only, this_member

blueprint = Blueprint("households", __name__, url_prefix="/staff/households")
ONE = "/<int(max=2147483647):household_id>"
MOST_PAGES = 200


@blueprint.get("")
@staff_only
def search() -> str:
    member = this_member()
    typed = request.args.get("q", "")[:80].strip()
    page = min(max(request.args.get("page", 1, type=int), 1), MOST_PAGES)
    own = own_communes()
    is_everything = own is None and not typed
    rows, has_more = ([], False) if is_everything else households.search_households(own, typed, page=page)
    return render_template(
        "desk/register/search.html",
        q=typed,
        rows=rows,
        has_more=has_more,
        page=page,
        is_everything=is_everything,
        many_communes=own is None or len(own) > 1,
        can_act=any(member.may_act(commune_id) for commune_id in own or []),
    )


def own_communes() -> list[int] | None:
    """Those whose register the member of staff sees; None for all."""
    member = this_member()
    return None if member.is_operator else [role.commune_id for role in member.roles if role.commune_id is not None]


@blueprint.get(ONE)
@staff_only
def one(household_id: int) -> str:
    household = find_household(household_id) or abort(404)
    if this_member().may_see(household.commune_id):
        return _one_page(_viewed(household))
    return _guest_page(household)


def _viewed(household: Household) -> Household:
    """The household, after recording who looked at it."""
    households.note_view(household, this_member().id, now=utc_now())
    return household


def _one_page(household: Household, form: ReasonForm | None = None) -> str:
    now = utc_now()
    bookings = bookings_of_household(household.id)
    return render_template(
        "desk/register/one.html",
        household=household,
        ahead=sorted((b for b in bookings if b.is_ahead(now)), key=lambda b: b.pick_up_at),
        past=[b for b in bookings if not b.is_ahead(now)],
        waiting=open_entries(household.id, now=now),
        messages=messages_of_household(household.id),
        views=households.views_of(household.id),
        booked=standing_of(household, now=now),
        can_act=this_member().may_act(household.commune_id),
        form=form,
    )


def _guest_page(household: Household) -> str:
    """Of another commune's household only the standing and what it has booked here."""
    now, own = utc_now(), own_communes() or []
    if not households.is_guest_of(household.id, own):
        abort(404)
    return render_template(
        "desk/register/guest.html",
        household=household,
        bookings=[b for b in bookings_of_household(household.id) if b.commune_id in own],
        booked=standing_of(household, now=now),
    )


@blueprint.post(f"{ONE}/lift")
@staff_only
def lift(household_id: int) -> Any:
    household, form = staff_household_or_404(household_id, acting=True), ReasonForm()
    if not form.validate_on_submit():
        return _one_page(_viewed(household), form), 422
    now = utc_now()
    if standing_of(household, now=now).standing.pause:
        lift_pause(household_id, this_member().id, form.text("reason"), now=now)
        flash(_("Hộ %(name)s được đăng ký trở lại.", name=household.name), "good")
    else:
        flash(_("Hộ %(name)s không còn bị tạm nghỉ.", name=household.name), "good")
    return _back_to(household_id)


@blueprint.post(f"{ONE}/sign-out")
@staff_only
def sign_out_everywhere(household_id: int) -> Any:
    """For a household whose phone was lost."""
    household = staff_household_or_404(household_id, acting=True)
    end_all_sign_ins(household, this_actor(), now=utc_now())
    flash(_("Đã thoát hộ %(name)s khỏi mọi máy.", name=household.name), "good")
    return _back_to(household_id)


@blueprint.get(f"{ONE}/edit")
@staff_only
def edit(household_id: int) -> str:
    household = _viewed(staff_household_or_404(household_id, acting=True))
    return _edit_page(household, CorrectForm(obj=household))


@blueprint.post(f"{ONE}/edit")
@staff_only
def correct(household_id: int) -> Any:
    household, form = staff_household_or_404(household_id, acting=True), CorrectForm()
    if not form.validate_on_submit():
        return _edit_page(household, form), 422
    values = {name: form.text(name) for name in ("name", "village", "craft")}
    if not households.correct(household_id, this_actor(), **values, now=utc_now()):
        abort(404)
    flash(_("Đã sửa thông tin của hộ %(name)s.", name=values["name"]), "good")
    return _back_to(household_id)


def _edit_page(household: Household, form: CorrectForm) -> str:
    return render_template("desk/register/edit.html", household=household, form=form)


@blueprint.get(f"{ONE}/number")
@staff_only
def number(household_id: int) -> str:
    household = _viewed(staff_household_or_404(household_id, acting=True))
    takes_texts = household.takes_texts or not household.phone
    return _number_page(household, NumberChangeForm(landline=household.landline, takes_texts=takes_texts))


@blueprint.post(f"{ONE}/number")
@staff_only
def change_number(household_id: int) -> Any:
    household, form = staff_household_or_404(household_id, acting=True), NumberChangeForm()
    if not form.validate_on_submit():
        return _number_page(_viewed(household), form), 422
    others = households.with_number(form.number, besides=household_id)
    if others and not form.shared.data:
        return _number_page(_viewed(household), form, others), 422
    if not households.change_number(
        household_id,
        this_member().id,
        phone=form.number,
        landline=form.desk_number,
        takes_texts=form.takes_texts.data,
        now=utc_now(),
    ):
        abort(404)
    flash(_("Đã đổi số của hộ %(name)s. Máy giữ số cũ đã thoát ra.", name=household.name), "good")
    return _back_to(household_id)


def _number_page(household: Household, form: NumberChangeForm, others: list[Row[Any]] | None = None) -> str:
    member = this_member()
    named = [other.name if member.may_see(other.commune_id) else _("một hộ ở xã khác") for other in others or []]
    return render_template("desk/register/number.html", household=household, form=form, others=named)


@blueprint.get(f"{ONE}/join")
@staff_only
def join(household_id: int) -> str:
    household = staff_household_or_404(household_id, acting=True)
    if "with" in request.args:
        return _join_page(household, _other(household))
    typed = request.args.get("q", "")[:80].strip()
    acting = [commune_id for commune_id in own_communes() or [] if this_member().may_act(commune_id)]
    alike = households.search_households(acting, typed or household.name)[0]
    if not typed:
        alike += [
            other
            for other in households.with_number(household.phone)
            if this_member().may_act(other.commune_id) and other not in alike
        ]
    others = [other for other in alike if other.id != household_id]
    return render_template("desk/register/alike.html", household=household, others=others, q=typed)


@blueprint.post(f"{ONE}/join")
@staff_only
def join_two(household_id: int) -> Any:
    household = staff_household_or_404(household_id, acting=True)
    other = _other(household)
    problem = joining.join(household_id, other.id, this_member().id, now=utc_now())
    if problem:
        return _join_page(household, other, problem), 409
    flash(_("Đã ghép: phiếu của hai hộ nay ở chung hộ %(name)s.", name=household.name), "good")
    return _back_to(household_id)


def _other(household: Household) -> Household:
    typed = request.values.get("with", "")
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 10) or int(typed) == household.id:
        abort(404)
    return staff_household_or_404(int(typed), acting=True)


def _join_page(kept: Household, gone: Household, problem: joining.JoinProblem | None = None) -> str:
    return render_template(
        "desk/register/join.html",
        kept=kept,
        gone=gone,
        kept_counts=joining.counts(kept.id, now=utc_now()),
        gone_counts=joining.counts(gone.id, now=utc_now()),
        problem=problem,
        form=EraseForm(formdata=None),
    )


@blueprint.get(f"{ONE}/erase")
@staff_only
def ask_to_erase(household_id: int) -> str:
    return _erase_page(staff_household_or_404(household_id, acting=True), EraseForm())


@blueprint.post(f"{ONE}/erase")
@staff_only
def erase(household_id: int) -> Any:
    household, form = staff_household_or_404(household_id, acting=True), EraseForm()
    if not form.validate_on_submit():
        return _erase_page(household, form), 422
    if not erasing.erase(household_id, this_actor(), now=utc_now()):
        return _erase_page(household, form), 409
    flash(_("Đã xóa tên, số điện thoại và thôn của hộ. Số buổi đã mượn còn lại để thống kê."), "good")
    return redirect("/staff/households", 303)


def _erase_page(household: Household, form: EraseForm) -> str:
    live = [b for b in bookings_of_household(household.id) if b.status in LIVE]
    return render_template(
        "desk/register/erase.html",
        household=household,
        form=form,
        ahead=[b for b in live if b.status != "out"],
        out=[b for b in live if b.status == "out"],
    )


def _back_to(household_id: int) -> Any:
    return redirect(f"/staff/households/{household_id}", 303)
