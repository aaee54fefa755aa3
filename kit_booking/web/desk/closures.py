"""Closing kits or a whole commune for a time, and moving or cancelling the bookings in that time."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.domain.text import clean
from kit_booking.domain.time.local_time import local_day, to_local
from kit_booking.models import Closure
from kit_booking.services.booking.reading import find_undoable
from kit_booking.services.closures import closing, reading
from kit_booking.services.closures.closing import SettleResult
from kit_booking.services.closures.reading import ToSettle
from kit_booking.services.communes.facts import CommuneFacts, commune_facts
from kit_booking.web.desk.tabs import acting_communes, acting_communes_or_403, communes_of_desk
from kit_booking.web.frame.forms import ClosureForm, ClosureTimeForm
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext, ngettext
from kit_booking.web.frame.readers import check_commune, check_seen, commune_or_404, staff_only, this_member

blueprint = Blueprint("closures", __name__, url_prefix="/staff/closures")

REASONS = (
    lazy_gettext("Thiết bị đang sửa"),
    lazy_gettext("Hỏng đèn"),
    lazy_gettext("Thiếu món, đang tìm"),
    lazy_gettext("Xã cần thiết bị"),
    lazy_gettext("Trụ sở nghỉ, không giao được"),
)
"""Suggestions for the reason."""
ALL = "*"
"""Before the slug of a commune in the form: all of its kits."""
MOST_AT_ONCE = 200


@blueprint.get("")
@staff_only
def listing() -> str:
    now, communes = utc_now(), communes_of_desk()
    ids = [commune.id for commune in communes]
    return render_template(
        "desk/closures/listing.html",
        closures=reading.running_and_coming(ids, now=now),
        unsettled=reading.count_unsettled(ids, now=now),
        holidays=reading.proposed_holidays(acting_communes(), now=now),
        many_communes=len(communes) > 1,
        can_act=bool(acting_communes()),
    )


@blueprint.post("/holidays")
@staff_only
def add_holidays() -> Any:
    now, ticked = utc_now(), set(request.form.getlist("holiday"))
    proposed = reading.proposed_holidays(acting_communes_or_403(), now=now)
    holidays = [one for one in proposed if one.key in ticked]
    for one in holidays:
        closing.close(one.commune.id, None, one.span, one.holiday.name, this_member().id, now=now)
    if holidays:
        flash(ngettext("Đã ghi nghỉ %(num)d dịp lễ.", len(holidays)), "good")
    else:
        flash(_("Chưa đánh dấu ngày lễ nào mới."), "bad")
    return redirect("/staff/closures", 303)


@blueprint.get("/new")
@staff_only
def new() -> str:
    """The query's ``kit`` and ``reason`` fill the form; with a kit it closes the rest of today, else all of it."""
    communes, now = _communes_or_403(), utc_now()
    form = ClosureForm(
        formdata=None,
        what=request.args.get("kit", ""),
        reason=request.args.get("reason", "")[:80],
        from_day=local_day(now),
        from_time=to_local(now).time().replace(second=0, microsecond=0) if "kit" in request.args else None,
        until_day=local_day(now),
    )
    return _new_page(form, communes)


@blueprint.post("/new")
@staff_only
def add() -> Any:
    communes, form, now = _communes_or_403(), ClosureForm(), utc_now()
    form.what.choices = _choices(communes)
    if not (form.validate_on_submit() and _is_ahead(form, now)):
        return _new_page(form, communes), 422
    commune, kit_code = _what(communes, form.text("what"))
    if "preview" in request.form:
        return _new_page(form, communes, reading.to_settle(commune, kit_code, form.span, now=now))
    kit = commune.kit(kit_code)
    kit_id, reason = kit.id if kit else None, form.text("reason")
    closure_id = closing.close(commune.id, kit_id, form.span, reason, this_member().id, now=now)
    flash(_("Đã ghi nghỉ. Từ giờ không ai đăng ký được vào thời gian này."), "good")
    return redirect(f"/staff/closures/{closure_id}", 303)


def _new_page(form: ClosureForm, communes: list[CommuneFacts], touched: list[ToSettle] | None = None) -> str:
    form.what.choices = _choices(communes)
    return render_template("desk/closures/new.html", form=form, reasons=REASONS, touched=touched)


def _communes_or_403() -> list[CommuneFacts]:
    """The communes of which the member of staff is a clerk."""
    return [commune_or_404(commune.slug) for commune in acting_communes_or_403()]


def _choices(communes: Iterable[CommuneFacts]) -> list[tuple[str, str]]:
    choices = []
    for commune in communes:
        choices += [(kit.code, f"{kit.code} · {kit.place}") for kit in commune.kits]
        choices.append((ALL + commune.slug, _("Cả xã %(name)s, tất cả các bộ", name=commune.name)))
    return choices


def _what(communes: Iterable[CommuneFacts], chosen: str) -> tuple[CommuneFacts, str]:
    """The commune and the code of its kit, "" for all its kits, of a valid choice."""
    return next(
        (commune, "" if chosen.startswith(ALL) else chosen)
        for commune in communes
        if chosen == ALL + commune.slug or commune.kit(chosen)
    )


def _is_ahead(form: ClosureTimeForm, now: datetime) -> bool:
    if form.span.until_at > now:
        return True
    form.until_day.errors = [_("Lúc này đã qua. Xin chọn lúc nghỉ xong ở phía trước.")]
    return False


def staff_closure_or_404(closure_id: int, *, acting: bool = False) -> Closure:
    """The closure if the member of staff may see, or with ``acting`` act in, its commune."""
    closure = reading.find_closure(closure_id) or abort(404)
    check_commune(closure.commune_id, acting=acting)
    check_seen(closure, f"/staff/closures/{closure_id}")
    return closure


ONE = "/<int(max=2147483647):closure_id>"


@blueprint.get(ONE)
@staff_only
def one(closure_id: int) -> str:
    return _one_page(staff_closure_or_404(closure_id))


def _one_page(closure: Closure, form: ClosureTimeForm | None = None) -> str:
    now = utc_now()
    is_over = closure.is_over(now)
    commune = commune_facts(closure.commune_id, closure.commune.version)
    kit_code = closure.kit.code if closure.kit else ""
    standing = [] if is_over else reading.to_settle(commune, kit_code, closure.span, now=now)
    plan = [one for one in standing if one.can_be_settled]
    moved = sum(bool(one.kits) for one in plan)
    return render_template(
        "desk/closures/one.html",
        closure=closure,
        standing=standing,
        plan=plan,
        just_done_here=find_undoable([closure.commune_id], now=now),
        plan_text=_plan_text(moved, len(plan) - moved),
        form=form or _form_of(closure),
        is_form_open=form is not None,
        reasons=REASONS,
        can_act=this_member().may_act(closure.commune_id) and not is_over,
    )


def _form_of(closure: Closure) -> ClosureTimeForm:
    from_at, until_at = to_local(closure.from_at), to_local(closure.until_at)
    ends_with_day = until_at.time() == time()
    return ClosureTimeForm(
        formdata=None,
        from_day=from_at.date(),
        from_time=from_at.time() if from_at.time() != time() else None,
        until_day=until_at.date() - timedelta(days=1) if ends_with_day else until_at.date(),
        until_time=None if ends_with_day else until_at.time(),
        reason=closure.reason,
    )


@blueprint.post(ONE)
@staff_only
def change(closure_id: int) -> Any:
    closure, form, now = staff_closure_or_404(closure_id, acting=True), ClosureTimeForm(), utc_now()
    if not (form.validate_on_submit() and _is_ahead(form, now)):
        return _one_page(closure, form), 422
    if closing.change(closure_id, form.span, form.text("reason"), this_member().id, now=now):
        flash(_("Đã đổi. Buổi nào không còn nghỉ thì bà con đăng ký được ngay."), "good")
    else:
        flash(_("Lần nghỉ này đã kết thúc từ trước."), "bad")
    return redirect(f"/staff/closures/{closure_id}", 303)


@blueprint.post(f"{ONE}/end")
@staff_only
def end(closure_id: int) -> Any:
    staff_closure_or_404(closure_id, acting=True)
    if closing.end(closure_id, this_member().id, now=utc_now()):
        flash(_("Hết nghỉ. Các buổi này bà con đăng ký được ngay."), "good")
    else:
        flash(_("Lần nghỉ này đã kết thúc từ trước."), "good")
    return redirect("/staff/closures", 303)


@blueprint.post(f"{ONE}/bookings")
@staff_only
def settle(closure_id: int) -> Any:
    """Each ``plan`` of the form is a `SeenBooking`, and after ``>`` the kit to move it to; else cancel it."""
    staff_closure_or_404(closure_id, acting=True)
    pairs = (clean(chosen, 100).partition(">") for chosen in request.form.getlist("plan")[:MOST_AT_ONCE])
    plan = [(seen, kit or None) for text, _sign, kit in pairs if (seen := SeenBooking.parse(text))]
    numbers = closing.settle_all(closure_id, plan, this_member().id, now=utc_now())
    if text := _plan_text(numbers.get(SettleResult.MOVED, 0), numbers.get(SettleResult.CANCELLED, 0)):
        flash(_("Đã xong: %(what)s. Các hộ được nhắn tin sau 2 phút.", what=text), "good")
    if number := numbers.get(SettleResult.TAKEN, 0):
        flash(
            ngettext("%(num)d phiếu chưa chuyển được, vì bộ kia vừa có người. Xin xem đề nghị mới ở dưới.", number),
            "bad",
        )
    if number := numbers.get(SettleResult.CHANGED, 0):
        flash(ngettext("%(num)d phiếu vừa thay đổi nên chưa làm gì. Xin xem lại ở dưới.", number), "bad")
    if number := numbers.get(SettleResult.BEFORE, 0):
        flash(ngettext("%(num)d phiếu đã xong từ trước.", number), "good")
    return redirect(f"/staff/closures/{closure_id}", 303)


def _plan_text(moved: int, cancelled: int) -> str:
    """``chuyển 2 phiếu, hủy 1 phiếu``"""
    texts = [
        ngettext("chuyển %(num)d phiếu", moved) if moved else "",
        ngettext("hủy %(num)d phiếu", cancelled) if cancelled else "",
    ]
    return ", ".join(filter(None, texts))
