"""Texts of refusals to book or to wait: one for the household, one for a clerk who books for it."""

from kit_booking.domain.booking.refusals import Reason, Refusal
from kit_booking.services.waiting.entries import WaitRefusal
from kit_booking.web.frame.formats import moment
from kit_booking.web.frame.language import lazy_gettext as _

_CLOSED = _("Buổi này bộ nghỉ, không cho mượn.")
_TO_OTHERS = _("Bộ này chỉ cho các nhà trong xã mượn. Bà con xem bộ của xã nhà mình nhé.")
_ABOUT_OTHERS = _("Bộ này chỉ cho các hộ trong xã mượn.")

# Each pair: the text for the household, the text for a clerk.
_REFUSALS = {
    Reason.TAKEN: (
        _("Buổi này vừa có nhà khác đăng ký. Bà con chọn buổi khác giúp nhé."),
        _("Buổi này đã có nhà khác."),
    ),
    Reason.CLOSED: (_CLOSED, _CLOSED),
    Reason.OWN: (
        _("Giờ này nhà mình đã có phiếu khác. Bà con chọn buổi khác, hoặc hủy phiếu kia trước."),
        _("Giờ này hộ đã có phiếu khác."),
    ),
    Reason.TOO_LATE: (
        _("Buổi này hết giờ đăng ký từ %(time)s."),
        _("Đã hết giờ đăng ký từ %(time)s."),
    ),
    Reason.NOT_OPEN: (
        _("Ngày này chưa mở, bà con đăng ký được từ %(time)s."),
        _("Ngày này %(time)s mới mở."),
    ),
    Reason.PEAK_AHEAD: (
        _("Nhà mình đang có đủ %(most)d phiếu buổi tối. Mượn xong thì đăng ký tiếp, để nhà khác cũng có buổi tối."),
        _("Hộ đang có đủ %(most)d phiếu buổi tối."),
    ),
    Reason.AHEAD: (
        _("Nhà mình đang có đủ %(most)d phiếu ban ngày. Mượn xong hoặc hủy bớt thì đăng ký thêm được."),
        _("Hộ đang có đủ %(most)d phiếu ban ngày."),
    ),
    Reason.NUMBER: (
        _("Các nhà chung số điện thoại này đang có đủ %(most)d phiếu sắp tới."),
        _("Các hộ chung số này đang có đủ %(most)d phiếu sắp tới."),
    ),
    Reason.PEAK_WEEK: (
        _("Mỗi nhà mượn tối đa %(most)d buổi tối một tuần. Bà con chọn tuần khác, hoặc buổi ban ngày."),
        _("Hộ đã có đủ %(most)d buổi tối trong tuần đó."),
    ),
    Reason.WEEK: (
        _("Mỗi nhà mượn tối đa %(most)d buổi ban ngày một tuần. Bà con chọn buổi ở tuần khác nhé."),
        _("Hộ đã có đủ %(most)d buổi ban ngày trong tuần đó."),
    ),
    Reason.PAUSED: (
        _("Nhà mình tạm nghỉ đăng ký đến %(time)s, vì có buổi không đến nhận hoặc hủy quá muộn."),
        _("Hộ tạm nghỉ đăng ký đến %(time)s vì lỡ hẹn."),
    ),
    Reason.OTHERS: (_TO_OTHERS, _ABOUT_OTHERS),
    Reason.NO_CLERK: (
        _("Xã chưa có cán bộ duyệt phiếu, bà con gọi điện cho xã giúp."),
        _("Xã chưa có cán bộ duyệt phiếu."),
    ),
}
_KEEPS_A_KIT = (
    _("Nhà mình đang giữ một bộ quá giờ trả. Trả bộ xong thì đăng ký tiếp được."),
    _("Hộ đang giữ một bộ quá giờ trả."),
)
"""Instead of PAUSED while the pause has no end yet."""

_WAIT_REFUSALS = {
    WaitRefusal.FREE: (
        _("Buổi này vừa có chỗ trống, bà con đăng ký mượn luôn được."),
        _("Buổi này vừa có chỗ trống, ghi phiếu được ngay."),
    ),
    WaitRefusal.CLOSED: (_CLOSED, _("Buổi này bộ nghỉ, không có chỗ để chờ.")),
    WaitRefusal.OWN: (_("Nhà mình đã có phiếu của buổi này rồi."), _("Hộ đã có phiếu của buổi này.")),
    WaitRefusal.TOO_LATE: (
        _("Buổi này sát giờ quá rồi, bà con gọi điện cho xã."),
        _("Buổi này sát giờ quá, không chờ được nữa."),
    ),
    WaitRefusal.MOST: (
        _("Nhà mình đang chờ đủ số buổi được chờ. Thôi chờ một buổi thì chờ được buổi này."),
        _("Hộ đang chờ đủ số buổi được chờ cùng lúc."),
    ),
    WaitRefusal.PAUSED: (
        _("Nhà mình đang tạm nghỉ đăng ký nên chưa chờ được. Xem ở “Phiếu của nhà mình”."),
        _("Hộ đang tạm nghỉ đăng ký nên chưa chờ được."),
    ),
    WaitRefusal.OTHERS: (_TO_OTHERS, _ABOUT_OTHERS),
}


def refusal_text(refusal: Refusal, *, to_clerk: bool = False) -> str:
    """Why a slot can't be booked, as one full sentence."""
    texts = _REFUSALS[refusal.reason]
    if refusal.reason is Reason.PAUSED and refusal.at is None:
        texts = _KEEPS_A_KIT
    return str(texts[to_clerk]) % {"time": refusal.at and moment(refusal.at), "most": refusal.most}


def wait_refusal_text(reason: WaitRefusal, *, to_clerk: bool = False) -> str:
    """Why a household can't wait for a slot, as one full sentence."""
    return str(_WAIT_REFUSALS[reason][to_clerk])
