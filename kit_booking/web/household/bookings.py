"""A household's bookings: asking for a slot, looking at them, changing and cancelling one."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.domain.booking.refusals import OF_THE_HOUSEHOLD, Reason
from kit_booking.domain.booking.status import Status
from kit_booking.domain.text import slug
from kit_booking.models import Booking
from kit_booking.services.audit import Actor, booking_history
from kit_booking.services.booking import answers, ask, reading
from kit_booking.services.booking.move import change_slot
from kit_booking.services.booking.withdrawal import withdrawal_of
from kit_booking.services.communes.fortnight import fortnight
from kit_booking.services.communes.slots import NoSuchSlot
from kit_booking.services.messages.delivery import choose_texts
from kit_booking.services.timeline.standing import standing_of
from kit_booking.services.waiting.reading import entries_of
from kit_booking.web.frame.forms import EmptyForm, NumberForm, SlotForm
from kit_booking.web.frame.labels import quota_text, standing_texts
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import (
    commune_or_404,
    household,
    household_only,
    own_booking_or_404,
    seen_in_form,
    this_household,
)
from kit_booking.web.frame.refusals import refusal_text
from kit_booking.web.household.slots import (
    back_from,
    day_or_404,
    free_slots,
    look_or_404,
    no_slot_is_404,
    slot_address,
)
from kit_booking.web.household.waiting import can_wait, join_page

blueprint = Blueprint("bookings", __name__)


@blueprint.get("/kits/<kit_code>/<day>/<slot_key>")
def slot(kit_code: str, day: str, slot_key: str) -> Any:
    return _slot_page(kit_code, day, slot_key)


@blueprint.post("/kits/<kit_code>/<day>/<slot_key>")
@household_only
def request_slot(kit_code: str, day: str, slot_key: str) -> Any:
    form = SlotForm()
    if not form.validate_on_submit():
        return _slot_page(kit_code, day, slot_key, form), 422
    with no_slot_is_404():
        asked = ask.request_booking(
            kit_code,
            day_or_404(day),
            slot_key,
            this_household().id,
            sells=form.text("sells"),
            streams_on=form.text("streams_on"),
            now=utc_now(),
        )
    if asked.code:
        return redirect(f"/bookings/{asked.code}?new=1", 303)
    return _slot_page(kit_code, day, slot_key, form), 409


def _slot_page(kit_code: str, day: str, slot_key: str, form: SlotForm | None = None) -> Any:
    who = household()
    look = look_or_404(kit_code, day, slot_key, who.id if who else None, now=utc_now())
    if look.own_code:
        return redirect(f"/bookings/{look.own_code}", 303)
    if can_wait(look):
        return join_page(look, [refusal_text(refusal) for refusal in look.refusals] if form else [])
    if who:
        form = form or SlotForm(sells=who.sells, streams_on=who.streams_on)
    return render_template(
        "household/bookings/slot.html",
        bookable=look.bookable,
        form=form or NumberForm(),
        refusals=[refusal_text(refusal) for refusal in look.refusals],
        has_enough=any(refusal.reason in OF_THE_HOUSEHOLD for refusal in look.refusals),
        standing=quota_text(look.booked, look.bookable.commune.policy) if look.booked else "",
        steps=who is None,
        late_cancel_hours=look.bookable.commune.policy.late_cancel_hours,
        back=back_from(look.bookable),
        office=look.bookable.commune,
    )


@blueprint.get("/bookings")
@household_only
def mine() -> str:
    now, who = utc_now(), this_household()
    bookings = reading.bookings_of_household(who.id)
    ahead = sorted((b for b in bookings if b.is_ahead(now)), key=lambda b: b.pick_up_at)
    return render_template(
        "household/bookings/mine.html",
        next=ahead[0] if ahead else None,
        ahead=ahead[1:],
        past=[b for b in bookings if not b.is_ahead(now)],
        waiting=entries_of(who.id, now=now),
        standing=standing_texts(who, standing_of(who, now=now)),
        household=who,
        office=ahead[0].commune if ahead else None,
    )


@blueprint.post("/bookings/texts")
@household_only
def switch_texts() -> Any:
    who = this_household()
    choose_texts(who.id, request.form.get("wants") == "1", Actor(household_id=who.id), now=utc_now())
    return redirect("/bookings#texts", 303)


@blueprint.get("/bookings/<code>")
@household_only
def one(code: str) -> str:
    return _one_page(own_booking_or_404(code))


def _one_page(booking: Booking, refused: str = "") -> str:
    now = utc_now()
    reasons = _against_it_now(booking) if booking.status in (Status.REFUSED, Status.LAPSED) else {Reason.TOO_LATE}
    return render_template(
        "household/bookings/one.html",
        booking=booking,
        history=booking_history(booking.code),
        is_free=not reasons,
        slot_key=slug(booking.slot_name),
        is_taken=Reason.TAKEN in reasons,
        was_offered=booking.status == Status.LAPSED and reading.was_offered(booking),
        is_new="new" in request.args and booking.status == Status.REQUESTED,
        withdrawal=withdrawal_of(booking, now=now) if booking.can_be_withdrawn(now) else None,
        refused=refused,
        office=booking.commune,
    )


def _against_it_now(booking: Booking) -> set[Reason]:
    """Why the household can't ask for the slot that it once had."""
    try:
        look = ask.look_at_slot(
            booking.kit.code, booking.day, slug(booking.slot_name), booking.household_id, now=utc_now()
        )
    except NoSuchSlot:
        return {Reason.TOO_LATE}
    return {refusal.reason for refusal in look.refusals}


@blueprint.get("/bookings/<code>/change")
@household_only
def choose_change(code: str) -> Any:
    booking, now = own_booking_or_404(code), utc_now()
    if not booking.can_be_withdrawn(now) or withdrawal_of(booking, now=now).is_strike:
        return redirect(f"/bookings/{code}", 303)
    return _change_page(booking, request.args.get("to", ""))


@blueprint.post("/bookings/<code>/change")
@household_only
def change(code: str) -> Any:
    booking, to = own_booking_or_404(code), request.form.get("to", "")
    kit_code, day, slot_key = _slot_names_or_404(to)
    with no_slot_is_404():
        day_chosen, who = day_or_404(day), this_household()
        asked = change_slot(seen_in_form(booking), kit_code, day_chosen, slot_key, who.id, now=utc_now())
    if asked.code:
        return redirect(f"/bookings/{code}", 303)
    return _change_page(booking, "", [refusal_text(refusal) for refusal in asked.refusals]), 409


def _change_page(booking: Booking, to: str, problems: list[str] | None = None) -> str:
    now, chosen, free = utc_now(), None, []
    if to:
        kit_code, day, slot_key = _slot_names_or_404(to)
        look = look_or_404(kit_code, day, slot_key, None, now=now)
        if look.refusals:
            problems, to = [refusal_text(refusal) for refusal in look.refusals], ""
        else:
            chosen = look.bookable
    if chosen is None:
        commune = commune_or_404(booking.commune.slug)
        free = free_slots(fortnight(commune, now=now, household_id=this_household().id))
    return render_template(
        "household/bookings/change.html",
        booking=booking,
        chosen=chosen,
        to=to,
        free=free,
        problems=problems,
        office=booking.commune,
    )


def _slot_names_or_404(to: str) -> tuple[str, str, str]:
    return slot_address(f"/kits/{to}") or abort(404)


@blueprint.get("/bookings/<code>/cancel")
@household_only
def ask_to_withdraw(code: str) -> Any:
    booking = own_booking_or_404(code)
    if not booking.can_be_withdrawn(utc_now()):
        return redirect(f"/bookings/{code}", 303)
    return _cancel_page(booking)


def _cancel_page(booking: Booking, refused: str = "") -> str:
    return render_template(
        "household/bookings/cancel.html",
        booking=booking,
        withdrawal=withdrawal_of(booking, now=utc_now()),
        refused=refused,
        policy=booking.policy,
        form=EmptyForm(),
        office=booking.commune,
    )


@blueprint.post("/bookings/<code>/cancel")
@household_only
def withdraw(code: str) -> Any:
    seen = seen_in_form(own_booking_or_404(code))
    was_told = request.form.get("strike") == "1"
    outcome = answers.withdraw(seen, this_household().id, unless_strike=not was_told, now=utc_now())
    if not outcome.is_done and outcome.status != Status.CANCELLED:
        if (booking := own_booking_or_404(code)).can_be_withdrawn(utc_now()):
            return _cancel_page(booking, _("Phiếu chưa hủy: từ lúc nhà mình mở trang đã quá giờ hủy.")), 409
        refused = _("Phiếu này không hủy trên trang được nữa. Bà con gọi điện cho xã.")
        return _one_page(own_booking_or_404(code), refused), 409
    return redirect(f"/bookings/{code}", 303)
