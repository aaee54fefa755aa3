"""The office's pages of one booking: answering it, handing over and taking back its kit, moving it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.status import HAD_KIT, Status
from kit_booking.domain.text import clean
from kit_booking.models import Booking, Handover
from kit_booking.services.audit import Actor, booking_history
from kit_booking.services.booking import answers, reading
from kit_booking.services.booking.answers import WITHDRAWABLE, AnswerResult
from kit_booking.services.booking.move import MoveResult, free_slots, move_booking
from kit_booking.services.counter import handover
from kit_booking.services.counter.handover import CAN_GO_OUT, HandoverRefusal, KitCheck
from kit_booking.services.counter.reading import find_photo, handovers_of
from kit_booking.services.waiting import entries
from kit_booking.web.desk import counter_forms
from kit_booking.web.desk.counter_forms import all_there, check_page
from kit_booking.web.frame.formats import hours, long_day, status_word
from kit_booking.web.frame.forms import SentReasonForm
from kit_booking.web.frame.labels import COMMON_REASONS, fault_text, slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import check_commune, seen_in_form, staff_booking_or_404, staff_only, this_member
from kit_booking.web.frame.security import takes_files
from kit_booking.web.household.slots import day_or_404, no_slot_is_404, slot_address

blueprint = Blueprint("booking", __name__, url_prefix="/staff")

MOST_BYTES = 32 * 2**20
"""Room for three photos of 10 MB and the other fields."""


@blueprint.get("/bookings/<code>")
@staff_only
def one(code: str) -> str:
    return _page(staff_booking_or_404(code))


def _page(booking: Booking, form: SentReasonForm | None = None) -> str:
    may_act = this_member().may_act(booking.commune_id)
    has_counter = booking.status in CAN_GO_OUT | HAD_KIT
    return render_template(
        "desk/booking.html",
        booking=booking,
        first_time=reading.is_first_time(booking),
        history=booking_history(booking.code),
        messages=reading.messages_of(booking),
        handovers=handovers_of(booking).values() if has_counter else (),
        reasons=COMMON_REASONS,
        form=form,
        has_counter=has_counter,
        may_act=may_act,
        is_closed="closed" in request.args and may_act and booking.status in (Status.REQUESTED, Status.OFFERED),
        can_undo=may_act and booking.can_be_undone(utc_now()),
        can_approve=may_act and booking.status == Status.REQUESTED,
        can_cancel=may_act and booking.status in WITHDRAWABLE and not booking.is_over(utc_now()),
    )


@blueprint.post("/bookings/<code>/approve")
@staff_only
def approve(code: str) -> Any:
    return _answer(code, Status.APPROVED, answers.approve, this_member().id, _typed_reason())


@blueprint.post("/bookings/<code>/decline")
@staff_only
def decline(code: str) -> Any:
    return _answer_with_reason(code, Status.DECLINED, answers.decline)


@blueprint.post("/bookings/<code>/cancel")
@staff_only
def cancel(code: str) -> Any:
    return _answer_with_reason(code, Status.CANCELLED, answers.cancel)


def _answer_with_reason(code: str, target: Status, act: Callable[..., AnswerResult]) -> Any:
    booking, form = staff_booking_or_404(code, acting=True), SentReasonForm()
    if not form.validate_on_submit():
        return _page(booking, form), 422
    return _answer(code, target, act, this_member().id, form.text("reason"))


@blueprint.post("/bookings/<code>/no-show")
@staff_only
def no_show(code: str) -> Any:
    return _answer(code, Status.NO_SHOW, answers.mark_no_show, this_member().id)


@blueprint.post("/bookings/<code>/accept")
@staff_only
def accept(code: str) -> Any:
    """The household takes the offered slot by phone."""
    return _answer(code, Status.APPROVED, entries.accept, Actor(staff_id=this_member().id), _typed_reason())


def _typed_reason() -> str:
    """Why it is done although the kit is closed then."""
    return clean(request.form.get("reason", ""), 80)


@blueprint.post("/bookings/<code>/refuse")
@staff_only
def refuse(code: str) -> Any:
    return _answer(code, Status.REFUSED, entries.refuse, Actor(staff_id=this_member().id))


def _answer(code: str, target: Status, act: Callable[..., AnswerResult], *arguments: Any) -> Any:
    """Call the service; redirect to today's page, or to the booking if its status had changed."""
    booking = staff_booking_or_404(code, acting=True)
    outcome = act(seen_in_form(booking), *arguments, now=utc_now())
    if outcome.is_closed:
        return redirect(f"/staff/bookings/{code}?closed=1", 303)
    if not outcome.is_done:
        _flash_not_done(booking, outcome.status, target)
        return redirect(f"/staff/bookings/{code}", 303)
    what = {"code": booking.code, "name": booking.household.name, "status": status_word(outcome.status)}
    if outcome.status is Status.REFUSED:
        text = _("Phiếu %(code)s, hộ %(name)s: không nhận chỗ. Chỗ này dành cho nhà chờ tiếp theo.", **what)
    elif booking.household.gets_texts:
        text = _("Phiếu %(code)s, hộ %(name)s: %(status)s. Hộ được nhắn tin sau 2 phút.", **what)
    else:
        text = _("Phiếu %(code)s, hộ %(name)s: %(status)s. Hộ này không nhận tin nhắn, xin gọi điện.", **what)
    _flash_done(text, code)
    return redirect("/staff", 303)


def _flash_done(text: str, code: str) -> None:
    """Flash what was done, with a button that takes it back as long as the booking is as it is now."""
    flash(text, f"done {staff_booking_or_404(code).seen}")


def _flash_not_done(booking: Booking, status: Status, target: Status) -> None:
    """Flash that the booking already has the target status, or has another one."""
    what = {"code": booking.code, "name": booking.household.name, "status": status_word(status)}
    if status == target:
        flash(_("Phiếu %(code)s, hộ %(name)s, đã xong từ trước: %(status)s.", **what), "good")
    else:
        flash(_("Không làm được nữa: phiếu %(code)s, hộ %(name)s, đang là “%(status)s”.", **what), "bad")


@blueprint.get("/bookings/<code>/hand-over")
@staff_only
def ask_to_hand_over(code: str) -> Any:
    return _ask_at_counter(code, Direction.OUT)


@blueprint.get("/bookings/<code>/take-back")
@staff_only
def ask_to_take_back(code: str) -> Any:
    return _ask_at_counter(code, Direction.BACK)


def _ask_at_counter(code: str, way: Direction) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    if booking.status not in (CAN_GO_OUT if way is Direction.OUT else {Status.OUT}):
        return redirect(f"/staff/bookings/{code}", 303)
    parts = counter_forms.parts_of(booking, way)
    return check_page(booking, way, parts, counter_forms.form_of(way)(data={"parts": all_there(parts)}))


@blueprint.post("/bookings/<code>/hand-over")
@staff_only
def hand_over(code: str) -> Any:
    return _check(code, Direction.OUT)


@blueprint.post("/bookings/<code>/take-back")
@staff_only
@takes_files(MOST_BYTES)
def take_back(code: str) -> Any:
    return _check(code, Direction.BACK)


def _check(code: str, way: Direction) -> Any:
    """With ``all`` in the form every part is there; else the form's fields say which are."""
    booking, form = staff_booking_or_404(code, acting=True), counter_forms.form_of(way)()
    parts = counter_forms.parts_of(booking, way)
    if "all" in request.form:
        check: KitCheck | None = KitCheck(parts, saw_id=way is Direction.OUT)
        form = type(form)(formdata=None, data={"parts": all_there(parts)})
    elif not form.validate_on_submit():
        return check_page(booking, way, parts, form), 422
    else:
        check = form.seen(parts)
    if check is None:
        return check_page(booking, way, parts, form, _("Danh sách món vừa thay đổi. Xin kiểm lại từng món.")), 409
    is_out = way is Direction.OUT
    act, target = (handover.hand_over, Status.OUT) if is_out else (handover.take_back, Status.RETURNED)
    result = act(seen_in_form(booking), this_member().id, check, now=utc_now())
    if result.is_done:
        text = str(counter_forms.DONE[way]) % {"kit": booking.kit.code, "name": booking.household.name}
        _flash_done(text, code)
        return redirect(f"/staff/bookings/{code}/usable" if result.has_fault and not is_out else "/staff", 303)
    if result.refusal is HandoverRefusal.STATUS:
        _flash_not_done(booking, result.status, target)
        return redirect("/staff" if result.status == target else f"/staff/bookings/{code}", 303)
    still_out = reading.find_booking(result.out_code) if result.out_code else None
    problem = counter_forms.refusal_text(result.refusal, still_out)
    return check_page(booking, way, parts, form, problem, still_out), 409


@blueprint.get("/bookings/<code>/usable")
@staff_only
def ask_whether_usable(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    return render_template("desk/counter/usable.html", booking=booking, fault=fault_text(_faulty_or_404(booking)))


@blueprint.post("/bookings/<code>/usable")
@staff_only
def say_whether_usable(code: str) -> Any:
    """``usable=no`` redirects to the form for closing the kit."""
    booking = staff_booking_or_404(code, acting=True)
    back = _faulty_or_404(booking)
    is_usable = request.form.get("usable") != "no"
    handover.say_whether_usable(code, this_member().id, is_usable, now=utc_now())
    if is_usable:
        flash(_("Bộ %(kit)s vẫn cho mượn được.", kit=booking.kit.code), "good")
        return redirect("/staff", 303)
    return redirect(f"/staff/closures/new?{urlencode({'kit': booking.kit.code, 'reason': fault_text(back)})}", 303)


def _faulty_or_404(booking: Booking) -> Handover:
    """The handover in which the kit came back with a fault."""
    back = handovers_of(booking).get(Direction.BACK)
    return back if back and back.has_fault else abort(404)


@blueprint.get("/photos/<int(max=2147483647):photo_id>")
@staff_only
def photo(photo_id: int) -> Any:
    row = find_photo(photo_id) or abort(404)
    check_commune(row.commune_id)
    response = Response(row.jpeg, mimetype="image/jpeg", headers={"Cache-Control": "private, no-cache"})
    response.set_etag(f"photo-{photo_id}", weak=True)
    return response.make_conditional(request)


@blueprint.get("/bookings/<code>/move")
@staff_only
def ask_to_move(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    can_move = booking.status in WITHDRAWABLE and not booking.is_over(utc_now())
    return _move_page(booking) if can_move else redirect(f"/staff/bookings/{code}", 303)


@blueprint.post("/bookings/<code>/move")
@staff_only
def move(code: str) -> Any:
    """``to`` is the address of a slot."""
    booking = staff_booking_or_404(code, acting=True)
    seen, reason = seen_in_form(booking), clean(request.form.get("reason", ""), 80)
    address = slot_address(clean(request.form.get("to", ""), 100))
    if address is None:
        return _move_page(booking), 422
    kit, day, key = address
    with no_slot_is_404():
        moved = move_booking(seen, kit, day_or_404(day), key, this_member().id, reason, now=utc_now())
    booking = staff_booking_or_404(code)
    if moved is MoveResult.TAKEN:
        return _move_page(booking, _("Buổi đó vừa có người khác. Xin chọn buổi khác."), reason), 409
    if moved is MoveResult.OWN:
        return _move_page(booking, _("Giờ đó hộ này đã có phiếu khác. Xin chọn buổi khác."), reason), 409
    if moved is MoveResult.NEEDS_REASON:
        problem = _("Buổi đó ngoài thời gian đăng ký. Xin ghi lý do rồi bấm lại.")
        return _move_page(booking, problem, is_reason_missing=True), 422
    what = {"code": code, "kit": booking.kit.code, "slot": slot_word(booking.slot_name).lower()}
    what |= {"day": long_day(booking.day), "hours": hours((booking.from_at, booking.until_at))}
    if moved is MoveResult.DONE:
        text = _("Phiếu %(code)s nay ở bộ %(kit)s, %(slot)s %(day)s, %(hours)s. Hộ được nhắn tin sau 2 phút.", **what)
        _flash_done(text, code)
    else:
        flash(_("Phiếu %(code)s vừa thay đổi ở nơi khác: nay ở bộ %(kit)s, %(slot)s %(day)s.", **what), "bad")
    return redirect(f"/staff/bookings/{code}", 303)


def _move_page(booking: Booking, problem: str = "", reason: str = "", *, is_reason_missing: bool = False) -> str:
    free = free_slots(booking, now=utc_now())
    easy = [one for one in free if not one.needs_reason]
    same_time = [one for one in easy if one.slot.on_air.from_at == booking.from_at]
    same_kit = [one for one in easy if one.kit.code == booking.kit.code]
    return render_template(
        "desk/move.html",
        booking=booking,
        same_time=same_time,
        same_kit=same_kit,
        others=[one for one in easy if one not in same_time and one not in same_kit],
        beyond=[one for one in free if one.needs_reason],
        problem=problem,
        reason=reason,
        is_reason_missing=is_reason_missing,
    )
