"""What the counter says."""

from kit_booking.domain.counter import Direction, TimeProblem
from kit_booking.services.booking.reading import ShownBooking
from kit_booking.services.counter.handover import Problem
from kit_booking.services.counter.reading import ShownHandover
from kit_booking.web.frame.language import gettext as _


def done_text(booking: ShownBooking, way: Direction) -> str:
    what = {"kit": booking.kit_code, "name": booking.household_name}
    if way is Direction.OUT:
        return _("Đã giao bộ %(kit)s cho hộ %(name)s.", **what)
    return _("Đã nhận lại bộ %(kit)s của hộ %(name)s.", **what)


def way_word(way: Direction) -> str:
    return _("Giao") if way is Direction.OUT else _("Nhận lại")


def fault_text(handover: ShownHandover) -> str:
    """``thiếu 1 đèn softbox, hỏng chân máy``: what is missing and what is broken."""
    missing = [
        _("thiếu %(count)d %(part)s", count=part.missing, part=_lower(part.name))
        for part in handover.parts
        if part.missing
    ]
    broken = [_("hỏng %(part)s", part=_lower(part.name)) for part in handover.parts if part.is_broken]
    return ", ".join(missing + broken)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def problem_text(problem: Problem | TimeProblem | None, still_out: ShownBooking | None) -> str:
    """Why the kit could not go out or come back, and what to do."""
    match problem:
        case Problem.KIT_IS_OUT if still_out:
            return _(
                "Bộ %(kit)s chưa về: hộ %(name)s (phiếu %(code)s) chưa trả. Nhận lại bộ rồi mới giao được.",
                kit=still_out.kit_code,
                name=still_out.household_name,
                code=still_out.code,
            )
        case Problem.NOT_FREE:
            return _("Giờ này bộ đã dành cho phiếu khác. Xin xem lịch của bộ trước khi giao.")
        case TimeProblem.AHEAD:
            return _("Giờ ghi ở dưới chưa tới. Để trống nếu là bây giờ.")
        case TimeProblem.TOO_EARLY:
            return _("Giờ này sớm quá: bộ chỉ giao từ ngày nhận trên phiếu, và trả sau khi đã giao.")
        case _:
            return _("Giờ này đã quá giờ trả của phiếu. Nếu bộ đã giao từ trước, ghi giờ giao thật ở dưới.")
