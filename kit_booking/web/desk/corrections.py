"""Taking back what the office has just done, and putting right later what it recorded wrongly."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, request

from kit_booking.clock import utc_now
from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.domain.booking.status import Status
from kit_booking.domain.text import clean
from kit_booking.services.counter import corrections
from kit_booking.services.counter.corrections import CorrectionResult
from kit_booking.services.timeline.undo import UndoResult, undo
from kit_booking.web.frame.formats import status_word
from kit_booking.web.frame.forms import ReasonForm
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext
from kit_booking.web.frame.readers import seen_in_form, staff_booking_or_404, staff_only, this_member

blueprint = Blueprint("corrections", __name__, url_prefix="/staff")

MOST_AT_ONCE = 200

_WHY_NOT = {
    UndoResult.TOO_LATE: lazy_gettext("đã quá 2 phút, hoặc đã hoàn tác rồi"),
    UndoResult.CHANGED: lazy_gettext("phiếu đã có việc khác sau đó"),
    UndoResult.QUEUE: lazy_gettext("hộ đã được mời buổi khác hoặc thôi chờ"),
    UndoResult.PHONED: lazy_gettext("đã gọi điện báo cho hộ"),
    UndoResult.TAKEN: lazy_gettext("bộ hoặc buổi này đã sang hộ khác"),
}


@blueprint.post("/undo")
@staff_only
def undo_actions() -> Any:
    """Each ``undo`` of the form is a `SeenBooking`; each is undone by itself."""
    chosen = [SeenBooking.parse(clean(text, 100)) for text in request.form.getlist("undo")[:MOST_AT_ONCE]]
    seen = [one for one in chosen if one]
    if not seen:
        abort(400)
    for one in seen:
        staff_booking_or_404(one.code, acting=True)
    for one in seen:
        result = undo(one, this_member().id, now=utc_now())
        booking = staff_booking_or_404(one.code)
        what = {"code": booking.code, "name": booking.household.name, "status": status_word(booking.status)}
        if result is UndoResult.DONE:
            flash(_("Đã hoàn tác: phiếu %(code)s, hộ %(name)s, lại là “%(status)s”.", **what), "good")
        else:
            why = str(_WHY_NOT[result])
            flash(_("Không hoàn tác được phiếu %(code)s, hộ %(name)s: %(why)s.", why=why, **what), "bad")
    return redirect("/staff", 303)


@blueprint.post("/bookings/<code>/correct")
@staff_only
def correct(code: str) -> Any:
    """The kit was not handed over, or did not come back."""
    booking, form = staff_booking_or_404(code, acting=True), ReasonForm()
    if form.validate_on_submit():
        reason = form.text("reason")
        result = corrections.correct_handover(seen_in_form(booking), this_member().id, reason, now=utc_now())
        if result is CorrectionResult.DONE:
            is_out = staff_booking_or_404(code).status is Status.OUT
            text = _("Đã sửa: bộ vẫn ở nhà này.") if is_out else _("Đã sửa: bộ chưa giao cho nhà này.")
            flash(text, "good")
        elif result is CorrectionResult.TAKEN:
            flash(_("Không sửa được: bộ đã sang hộ khác, hoặc giờ này đã có hộ khác đăng ký."), "bad")
        else:
            flash(_("Không có gì để sửa: phiếu này đã sửa rồi, hoặc bộ chưa ra khỏi chỗ."), "bad")
    else:
        flash(_("Chưa sửa gì. Xin ghi lý do rồi bấm lại."), "bad")
    return redirect(f"/staff/bookings/{code}", 303)


@blueprint.post("/bookings/<code>/remove-strike")
@staff_only
def remove_strike(code: str) -> Any:
    booking, form = staff_booking_or_404(code, acting=True), ReasonForm()
    if not form.validate_on_submit():
        flash(_("Chưa sửa gì. Xin ghi lý do rồi bấm lại."), "bad")
    elif corrections.remove_strike(seen_in_form(booking), this_member().id, form.text("reason"), now=utc_now()):
        flash(_("Đã bỏ. Lần này không tính là lỡ hẹn của hộ nữa."), "good")
    else:
        flash(_("Lần này không tính là lỡ hẹn của hộ."), "good")
    return redirect(f"/staff/bookings/{code}", 303)
