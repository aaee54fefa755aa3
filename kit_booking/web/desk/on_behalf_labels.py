"""Why somebody can't have a slot, or wait for one, as staff read it while they have them on the phone."""

from kit_booking.domain.booking import Reason, Refusal
from kit_booking.services.waiting.entries import WaitRefusal
from kit_booking.web.frame.formats import moment
from kit_booking.web.frame.labels import refusal_text
from kit_booking.web.frame.language import gettext as _


def refusal_words(refusal: Refusal) -> str:
    """One full sentence about the household, not to it."""
    match refusal.reason:
        case Reason.TAKEN:
            return _("Buổi này đã có nhà khác.")
        case Reason.TOO_LATE if refusal.at:
            return _("Đã hết giờ đăng ký từ %(time)s.", time=moment(refusal.at))
        case Reason.NOT_OPEN if refusal.at:
            return _("Ngày này %(time)s mới mở.", time=moment(refusal.at))
        case Reason.AHEAD:
            return _("Hộ đang có đủ %(most)d phiếu sắp tới.", most=refusal.most)
        case Reason.WEEK:
            return _("Hộ đã có đủ %(most)d buổi trong tuần đó.", most=refusal.most)
        case Reason.PAUSED if refusal.at:
            return _("Hộ tạm nghỉ đăng ký đến %(time)s vì lỡ hẹn.", time=moment(refusal.at))
        case Reason.PAUSED:
            return _("Hộ đang giữ một bộ quá giờ trả.")
        case Reason.OTHERS:
            return _("Bộ này chỉ cho các hộ trong xã mượn.")
        case Reason.NO_CLERK:
            return _("Xã chưa có cán bộ duyệt phiếu.")
        case _other:
            return refusal_text(refusal)


def no_place_words(reason: WaitRefusal) -> str:
    match reason:
        case WaitRefusal.FREE:
            return _("Buổi này vừa có chỗ trống, ghi phiếu được ngay.")
        case WaitRefusal.CLOSED:
            return _("Buổi này bộ nghỉ, không có chỗ để chờ.")
        case WaitRefusal.OWN:
            return _("Hộ đã có phiếu của buổi này.")
        case WaitRefusal.TOO_LATE:
            return _("Buổi này sát giờ quá, không chờ được nữa.")
        case WaitRefusal.MOST:
            return _("Hộ đang chờ đủ số buổi được chờ cùng lúc.")
        case WaitRefusal.PAUSED:
            return _("Hộ đang tạm nghỉ đăng ký nên chưa chờ được.")
        case WaitRefusal.OTHERS:
            return _("Bộ này chỉ cho các hộ trong xã mượn.")
