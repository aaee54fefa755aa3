"""The commune office: signing in, today, the fortnight with names, answering requests."""

from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _

from kit_booking.clock import utc_now
from kit_booking.domain.local_time import local, local_day
from kit_booking.domain.status import Status
from kit_booking.services import booking as bookings
from kit_booking.services import bookings_shown, demo
from kit_booking.services.booking import WITHDRAWABLE, Outcome
from kit_booking.services.bookings_shown import ShownBooking
from kit_booking.services.fortnight import find_stamp, fortnight
from kit_booking.services.sheets import sheet
from kit_booking.services.sign_in import PasswordCheck, check_password
from kit_booking.services.staff import communes_seen
from kit_booking.services.text_choice import text_choice
from kit_booking.web.bookings import history_view, shown_view
from kit_booking.web.formats import status_word
from kit_booking.web.forms import ReasonForm, StaffForm
from kit_booking.web.grid import page_of
from kit_booking.web.readers import sign_in_staff, staff_booking_or_404, staff_only, this_member
from kit_booking.web.security import own_path
from kit_booking.web.words import COMMON_REASONS, alarm_texts, kind_word, state_word

blueprint = Blueprint("staff", __name__, url_prefix="/staff")

SOON = timedelta(hours=1)
"""A request with less time left than this is marked as urgent."""


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
    return render_template("staff/sign_in.html", form=form, accounts=accounts)


@blueprint.get("")
@staff_only
def today() -> str:
    now, member = utc_now(), this_member()
    communes = communes_seen(member)
    ids = [commune.id for commune in communes]
    start = local(local_day(now), time())
    requests = bookings_shown.requests_to_answer(ids, now=now)
    out_today = bookings_shown.pick_ups(ids, start, start + timedelta(days=1))
    back_today = bookings_shown.kits_out(ids, start + timedelta(days=1))
    to_phone = [
        {**asdict(person), "kind_word": kind_word(person.kind), "state_word": state_word(person.state)}
        for person in bookings_shown.people_to_phone(ids, now=now)
    ]
    return render_template(
        "staff/today.html",
        communes=communes,
        requests=[_view(booking, now) for booking in requests],
        out_today=[_view(booking, now) for booking in out_today],
        back_today=[_view(booking, now) for booking in back_today],
        to_phone=to_phone,
        alarms=alarm_texts(now=now),
        reasons=COMMON_REASONS,
        can_act=any(member.may_act(commune_id) for commune_id in ids),
        nothing_to_do=not (requests or out_today or back_today or to_phone),
    )


def _view(booking: ShownBooking, now: datetime) -> dict[str, Any]:
    member = this_member()
    return {
        **shown_view(booking, now),
        "own_household": bool(member.mobile) and member.mobile == booking.household_phone,
        "late_to_answer": booking.answer_by_at - now < SOON,
    }


@blueprint.get("/communes/<slug>")
@staff_only
def calendar(slug: str) -> str:
    stamp = find_stamp(slug)
    if stamp is None or not this_member().may_see(stamp.commune_id):
        abort(404)
    shown = fortnight(sheet(stamp.commune_id, stamp.version), now=utc_now(), with_names=True)
    return render_template("staff/fortnight.html", page=page_of(shown, for_staff=True))


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
        "staff/booking.html",
        booking={**_view(booking, now), "history": history_view(booking.code)},
        messages=messages,
        reasons=COMMON_REASONS,
        form=form,
        can_approve=may_act and booking.status == Status.REQUESTED,
        can_cancel=may_act and booking.status in WITHDRAWABLE,
    )


@blueprint.post("/bookings/<code>/approve")
@staff_only
def approve(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    return _after(booking, bookings.approve(code, this_member().id, now=utc_now()), Status.APPROVED)


@blueprint.post("/bookings/<code>/decline")
@staff_only
def decline(code: str) -> Any:
    booking, form = staff_booking_or_404(code, acting=True), ReasonForm()
    if not form.validate_on_submit():
        return _one_page(booking, form), 422
    outcome = bookings.decline(code, this_member().id, form.text("reason"), now=utc_now())
    return _after(booking, outcome, Status.DECLINED)


@blueprint.post("/bookings/<code>/cancel")
@staff_only
def cancel(code: str) -> Any:
    booking, form = staff_booking_or_404(code, acting=True), ReasonForm()
    if not form.validate_on_submit():
        return _one_page(booking, form), 422
    outcome = bookings.cancel(code, this_member().id, form.text("reason"), now=utc_now())
    return _after(booking, outcome, Status.CANCELLED)


def _after(booking: ShownBooking, outcome: Outcome, wanted: Status) -> Any:
    """Back to where the button was, saying what was done or what somebody else did before."""
    what = {"code": booking.code, "name": booking.household_name, "status": status_word(outcome.status)}
    if outcome.is_done and text_choice(booking.household_id).gets_texts:
        flash(_("Phiếu %(code)s, hộ %(name)s: %(status)s. Hộ sẽ nhận được tin nhắn.", **what), "good")
    elif outcome.is_done:
        flash(_("Phiếu %(code)s, hộ %(name)s: %(status)s. Hộ này không nhận tin nhắn, xin gọi điện.", **what), "good")
    elif outcome.status == wanted:
        flash(_("Phiếu %(code)s, hộ %(name)s, đã xong từ trước: %(status)s.", **what), "good")
    else:
        flash(_("Không làm được nữa: phiếu %(code)s, hộ %(name)s, đang là “%(status)s”.", **what), "bad")
    return redirect("/staff" if outcome.is_done else f"/staff/bookings/{booking.code}", 303)
