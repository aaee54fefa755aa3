"""The counter: a kit goes out, comes back, and the paper that both sides sign."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.domain.counter import CheckedPart, Direction
from kit_booking.domain.status import Status
from kit_booking.services.booking.reading import ShownBooking, find_booking
from kit_booking.services.counter import handover
from kit_booking.services.counter.handover import CAN_GO_OUT, Outcome, Problem, Seen
from kit_booking.services.counter.reading import (
    ShownHandover,
    find_photo,
    handovers_of,
    parts_of_kit,
    parts_to_take_back,
)
from kit_booking.web.desk.counter_forms import BackForm, CheckForm, OutForm, all_there
from kit_booking.web.desk.counter_labels import done_text, fault_text, problem_text
from kit_booking.web.desk.tabs import desk_view
from kit_booking.web.frame.formats import status_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import staff_booking_or_404, staff_only, this_member
from kit_booking.web.frame.responses import etag_of, has_it, tagged
from kit_booking.web.frame.security import takes_files

blueprint = Blueprint("counter", __name__, url_prefix="/staff")

NEVER = datetime.max.replace(tzinfo=UTC)
MOST_BYTES = 32 * 2**20
"""Three photos of ten megabytes, and what is written beside them."""


@blueprint.get("/bookings/<code>/hand-over")
@staff_only
def ask_to_hand_over(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    if booking.status not in CAN_GO_OUT:
        return redirect(f"/staff/bookings/{code}", 303)
    parts = parts_of_kit(booking.kit_code)
    return _check_page(booking, Direction.OUT, parts, OutForm(data={"parts": all_there(parts), "saw_id": False}))


@blueprint.post("/bookings/<code>/hand-over")
@staff_only
def hand_over(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    return _check(booking, Direction.OUT, parts_of_kit(booking.kit_code), OutForm())


@blueprint.get("/bookings/<code>/take-back")
@staff_only
def ask_to_take_back(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    if booking.status != Status.OUT:
        return redirect(f"/staff/bookings/{code}", 303)
    parts = parts_to_take_back(booking.kit_code, handovers_of(code).get(Direction.OUT))
    return _check_page(booking, Direction.BACK, parts, BackForm(data={"parts": all_there(parts)}))


@blueprint.post("/bookings/<code>/take-back")
@staff_only
@takes_files(MOST_BYTES)
def take_back(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    parts = parts_to_take_back(booking.kit_code, handovers_of(code).get(Direction.OUT))
    return _check(booking, Direction.BACK, parts, BackForm())


def _check(booking: ShownBooking, way: Direction, parts: list[CheckedPart], form: CheckForm) -> Any:
    """One click says that everything is there; else the form says what was seen."""
    if "all" in request.form:
        seen: Seen | None = Seen(parts, saw_id=way is Direction.OUT)
        form = type(form)(formdata=None, data={"parts": all_there(parts)})
    elif not form.validate_on_submit():
        return _check_page(booking, way, parts, form), 422
    else:
        seen = form.seen(parts)
    if seen is None:
        form = type(form)(formdata=None, data={**form.data, "parts": all_there(parts)})
        return _check_page(booking, way, parts, form, _("Danh sách món vừa thay đổi. Xin kiểm lại từng món.")), 409
    act = handover.hand_over if way is Direction.OUT else handover.take_back
    return _after(booking, way, parts, form, act(booking.code, this_member().id, seen, now=utc_now()))


def _after(booking: ShownBooking, way: Direction, parts: list[CheckedPart], form: CheckForm, outcome: Outcome) -> Any:
    wanted = Status.OUT if way is Direction.OUT else Status.RETURNED
    if outcome.is_done:
        flash(done_text(booking, way), f"receipt {booking.code}")
        is_question = way is Direction.BACK and outcome.has_fault
        return redirect(f"/staff/bookings/{booking.code}/usable" if is_question else "/staff", 303)
    if outcome.problem is not Problem.STATUS:
        still_out = find_booking(outcome.out_code) if outcome.out_code else None
        return _check_page(booking, way, parts, form, problem_text(outcome.problem, still_out), still_out), 409
    what = {"code": booking.code, "name": booking.household_name, "status": status_word(outcome.status)}
    if outcome.status == wanted:
        flash(_("Phiếu %(code)s, hộ %(name)s, đã xong từ trước: %(status)s.", **what), "good")
        return redirect("/staff", 303)
    flash(_("Không làm được nữa: phiếu %(code)s, hộ %(name)s, đang là “%(status)s”.", **what), "bad")
    return redirect(f"/staff/bookings/{booking.code}", 303)


def _check_page(
    booking: ShownBooking,
    way: Direction,
    parts: list[CheckedPart],
    form: CheckForm,
    problem: str = "",
    still_out: ShownBooking | None = None,
) -> str:
    if len(form.parts.entries) != len(parts):
        form = type(form)(formdata=None, data={**form.data, "parts": all_there(parts)})
    return render_template(
        "desk/counter/check.html",
        booking=desk_view(booking, utc_now()),
        way=way,
        lines=list(zip(parts, form.parts.entries, strict=True)),
        form=form,
        problem=problem,
        still_out=still_out,
    )


@blueprint.get("/bookings/<code>/usable")
@staff_only
def ask_whether_usable(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    return render_template(
        "desk/counter/usable.html", booking=desk_view(booking, utc_now()), fault=fault_text(_back_or_404(code))
    )


@blueprint.post("/bookings/<code>/usable")
@staff_only
def say_whether_usable(code: str) -> Any:
    """Out of service leads on to a closure, which asks until when and what becomes of the bookings in that time."""
    booking, back = staff_booking_or_404(code, acting=True), _back_or_404(code)
    is_usable = request.form.get("usable") != "no"
    handover.say_whether_usable(code, this_member().id, is_usable, now=utc_now())
    if is_usable:
        flash(_("Bộ %(kit)s vẫn cho mượn được.", kit=booking.kit_code), "good")
        return redirect("/staff", 303)
    return redirect(f"/staff/closures/new?{urlencode({'kit': booking.kit_code, 'reason': fault_text(back)})}", 303)


def _back_or_404(code: str) -> ShownHandover:
    back = handovers_of(code).get(Direction.BACK)
    if back is None or not back.has_fault:
        abort(404)
    return back


@blueprint.get("/bookings/<code>/receipt")
@staff_only
def receipt(code: str) -> str:
    """The paper to sign; before the kit goes out its boxes are empty, to be ticked by hand."""
    booking, handovers = staff_booking_or_404(code), handovers_of(code)
    out, back = handovers.get(Direction.OUT), handovers.get(Direction.BACK)
    parts = out.parts if out else parts_of_kit(booking.kit_code)
    came_back = {part.name: part for part in back.parts} if back else {}
    return render_template(
        "desk/counter/receipt.html",
        booking=desk_view(booking, utc_now()),
        out=out,
        back=back,
        lines=[(part, came_back.get(part.name)) for part in parts],
    )


@blueprint.get("/photos/<int(max=2147483647):photo_id>")
@staff_only
def photo(photo_id: int) -> Response:
    found = find_photo(photo_id)
    if found is None or not this_member().may_see(found.commune_id):
        abort(404)
    etag = etag_of(("photo", photo_id), NEVER)
    answer = Response(status=304) if has_it(etag) else Response(found.jpeg, mimetype="image/jpeg")
    return tagged(answer, etag, "private, no-cache")
