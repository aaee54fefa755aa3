"""The commune office: signing in, the fortnight with names, one booking, answering requests."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.domain.status import HAD_KIT, Status
from kit_booking.services.booking import answers
from kit_booking.services.booking import reading as bookings_shown
from kit_booking.services.booking.answers import WITHDRAWABLE
from kit_booking.services.booking.reading import ShownBooking
from kit_booking.services.communes.facts import commune_facts
from kit_booking.services.communes.fortnight import find_version_key, fortnight
from kit_booking.services.counter.handover import CAN_GO_OUT
from kit_booking.services.counter.reading import handovers_of
from kit_booking.services.ops import demo
from kit_booking.services.sign_in.sign_in import PasswordCheck, check_password
from kit_booking.web.desk.counter_labels import fault_text
from kit_booking.web.desk.tabs import after, desk_view
from kit_booking.web.frame.forms import ReasonForm, StaffForm
from kit_booking.web.frame.labels import COMMON_REASONS, kind_word, state_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import sign_in_staff, staff_booking_or_404, staff_only, this_member
from kit_booking.web.frame.security import own_path
from kit_booking.web.household.bookings import history_view
from kit_booking.web.household.grid import page_of

blueprint = Blueprint("staff", __name__, url_prefix="/staff")

AT_COUNTER = CAN_GO_OUT | HAD_KIT


@blueprint.get("/sign-in")
def sign_in() -> str:
    return _sign_in_page(StaffForm())


@blueprint.post("/sign-in")
def check() -> Any:
    form = StaffForm()
    if not form.validate_on_submit():
        return _sign_in_page(form), 422
    username, password = form.text("username"), form.text("password")
    answer, member = check_password(username, password, request.remote_addr or "", now=utc_now())
    if member:
        sign_in_staff(member)
        return redirect(own_path(request.args.get("next"), "/staff"), 303)
    if answer is PasswordCheck.TOO_MANY:
        form.form_errors.append(_("Đã thử quá nhiều lần. Xin chờ 15 phút rồi thử lại."))
        return _sign_in_page(form), 429
    form.form_errors.append(_("Tên đăng nhập hoặc mật khẩu chưa đúng."))
    return _sign_in_page(form), 422


def _sign_in_page(form: StaffForm) -> str:
    accounts = demo.ACCOUNTS if current_app.extensions["settings"].demo else []
    return render_template("desk/sign_in.html", form=form, accounts=accounts)


@blueprint.get("/communes/<slug>")
@staff_only
def calendar(slug: str) -> str:
    stamp = find_version_key(slug)
    if stamp is None or not this_member().may_see(stamp.commune_id):
        abort(404)
    shown = fortnight(commune_facts(stamp.commune_id, stamp.version), now=utc_now(), with_names=True)
    return render_template("desk/fortnight.html", page=page_of(shown, for_staff=True))


@blueprint.get("/bookings/<code>")
@staff_only
def one(code: str) -> str:
    return _one_page(staff_booking_or_404(code))


def _one_page(booking: ShownBooking, form: ReasonForm | None = None) -> str:
    now = utc_now()
    may_act = this_member().may_act(booking.commune_id)
    messages = [
        {**asdict(message), "kind_word": kind_word(message.kind), "state_word": state_word(message.state)}
        for message in bookings_shown.messages_of(booking.code)
    ]
    return render_template(
        "desk/booking.html",
        booking={**desk_view(booking, now), "history": history_view(booking.code)},
        messages=messages,
        reasons=COMMON_REASONS,
        form=form,
        handovers=[
            {**asdict(seen), "fault": fault_text(seen), "is_open_question": seen.is_open_question}
            for seen in handovers_of(booking.code).values()
        ],
        has_counter=booking.status in AT_COUNTER,
        may_act=may_act,
        can_approve=may_act and booking.status == Status.REQUESTED,
        can_cancel=may_act and booking.status in WITHDRAWABLE,
    )


@blueprint.post("/bookings/<code>/approve")
@staff_only
def approve(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    return after(booking, answers.approve(code, this_member().id, now=utc_now()), Status.APPROVED)


@blueprint.post("/bookings/<code>/decline")
@staff_only
def decline(code: str) -> Any:
    booking, form = staff_booking_or_404(code, acting=True), ReasonForm()
    if not form.validate_on_submit():
        return _one_page(booking, form), 422
    outcome = answers.decline(code, this_member().id, form.text("reason"), now=utc_now())
    return after(booking, outcome, Status.DECLINED)


@blueprint.post("/bookings/<code>/cancel")
@staff_only
def cancel(code: str) -> Any:
    booking, form = staff_booking_or_404(code, acting=True), ReasonForm()
    if not form.validate_on_submit():
        return _one_page(booking, form), 422
    outcome = answers.cancel(code, this_member().id, form.text("reason"), now=utc_now())
    return after(booking, outcome, Status.CANCELLED)
