"""The office moves a booking to another kit or slot, by click."""

from datetime import date, datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request

from kit_booking.clock import utc_now
from kit_booking.domain.text import clean
from kit_booking.services.booking.answers import WITHDRAWABLE
from kit_booking.services.booking.move import FreeSlot, Moved, SeenSlot, free_slots, move_booking
from kit_booking.services.booking.reading import ShownBooking
from kit_booking.web.frame.formats import hours, long_day
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import staff_booking_or_404, staff_only, this_member
from kit_booking.web.household.bookings import shown_view
from kit_booking.web.household.slots import day_or_404, no_slot_is_404, slot_address

blueprint = Blueprint("moving", __name__, url_prefix="/staff/bookings/<code>/move")


@blueprint.get("")
@staff_only
def ask(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    if booking.status not in WITHDRAWABLE:
        return redirect(f"/staff/bookings/{code}", 303)
    return _page(booking)


@blueprint.post("")
@staff_only
def move(code: str) -> Any:
    """``to`` is the address of a slot; ``seen`` is where the page that was clicked on showed the booking."""
    booking = staff_booking_or_404(code, acting=True)
    to, seen = (clean(request.form.get(name, ""), 100) for name in ("to", "seen"))
    address, seat = slot_address(to), _seen_slot(seen)
    if address is None or seat is None:
        return _page(booking), 422
    kit_code, day, slot_key = address
    reason = clean(request.form.get("reason", ""), 80)
    with no_slot_is_404():
        moved = move_booking(code, seat, kit_code, day_or_404(day), slot_key, this_member().id, reason, now=utc_now())
    return _after(code, moved, reason)


def _after(code: str, moved: Moved, reason: str) -> Any:
    booking = staff_booking_or_404(code)
    what = {
        "code": code,
        "kit": booking.kit_code,
        "slot": slot_word(booking.slot_name).lower(),
        "day": long_day(booking.day),
        "hours": hours((booking.from_at, booking.until_at)),
    }
    match moved:
        case Moved.DONE:
            flash(
                _("Phiếu %(code)s nay ở bộ %(kit)s, %(slot)s %(day)s, %(hours)s. Hộ được nhắn tin.", **what), "good"
            )
            return redirect(f"/staff/bookings/{code}", 303)
        case Moved.CHANGED:
            flash(_("Phiếu %(code)s vừa thay đổi ở nơi khác: nay ở bộ %(kit)s, %(slot)s %(day)s.", **what), "bad")
            return redirect(f"/staff/bookings/{code}", 303)
        case Moved.TAKEN:
            return _page(booking, _("Buổi đó vừa có người khác. Xin chọn buổi khác."), reason), 409
        case Moved.NEEDS_REASON:
            problem = _("Buổi đó ngoài thời gian đăng ký. Xin ghi lý do rồi bấm lại.")
            return _page(booking, problem, is_reason_missing=True), 422


def _page(booking: ShownBooking, problem: str = "", reason: str = "", *, is_reason_missing: bool = False) -> str:
    now = utc_now()
    free = free_slots(booking, now=now)
    easy = [one for one in free if not one.needs_reason]
    same_time = [one for one in easy if one.slot.on_air.from_at == booking.from_at]
    same_kit = [one for one in easy if one.kit.code == booking.kit_code]
    others = [one for one in easy if one not in same_time and one not in same_kit]
    return render_template(
        "desk/move.html",
        booking=shown_view(booking, now),
        seen=f"{booking.kit_code} {booking.pick_up_at.isoformat()}",
        same_time=_by_day(same_time),
        same_kit=_by_day(same_kit),
        others=_by_day(others),
        beyond=_by_day([one for one in free if one.needs_reason]),
        problem=problem,
        reason=reason,
        is_reason_missing=is_reason_missing,
    )


def _by_day(found: list[FreeSlot]) -> list[tuple[date, list[dict[str, Any]]]]:
    in_order = sorted(found, key=lambda one: (one.slot.day, one.slot.on_air.from_at, one.kit.code))
    return [(day, [_choice(one) for one in of_day]) for day, of_day in groupby(in_order, lambda one: one.slot.day)]


def _choice(one: FreeSlot) -> dict[str, Any]:
    return {
        "path": f"/kits/{one.kit.code}/{one.slot.day}/{one.slot.key}",
        "kit_code": one.kit.code,
        "place": one.kit.place,
        "slot_name": slot_word(one.slot.name),
        "from_at": one.slot.on_air.from_at,
        "until_at": one.slot.on_air.until_at,
    }


def _seen_slot(text: str) -> SeenSlot | None:
    kit_code, _space, at = text.partition(" ")
    try:
        pick_up_at = datetime.fromisoformat(at)
    except ValueError:
        return None
    return SeenSlot(kit_code, pick_up_at) if pick_up_at.tzinfo else None
