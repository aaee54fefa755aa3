"""Texts for problems, messages, standing and people, in the reader's language."""

from typing import Any

from flask import Flask
from sqlalchemy import Row

from kit_booking.domain.booking.queue import PlaceInQueue, Why
from kit_booking.domain.booking.refusals import Booked, Reason, Refusal
from kit_booking.domain.messages.delivery import FILTERED, Meaning, meaning
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.phone import PhoneProblem, national
from kit_booking.domain.policy import Policy
from kit_booking.models import Handover, Household, MessageState, PauseReason, SendingPause
from kit_booking.services.sign_in.sign_in import SignInProblem
from kit_booking.web.frame.formats import day, moment
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext, ngettext
from kit_booking.web.frame.refusals import refusal_text

COMMON_REASONS = (
    lazy_gettext("Thiết bị bị hỏng, đang sửa"),
    lazy_gettext("Hôm đó xã cần thiết bị"),
    lazy_gettext("Trụ sở nghỉ, không giao được"),
    lazy_gettext("Nhường nhà chưa được mượn lần nào"),
)


def init_app(app: Flask) -> None:
    """Give every template these functions as filters."""
    for word in (slot_word, kind_word, state_word, fault_text, by_word):
        app.jinja_env.filters[word.__name__] = word


_SLOTS = {
    "Sáng": lazy_gettext("Sáng"),
    "Trưa": lazy_gettext("Trưa"),
    "Chiều": lazy_gettext("Chiều"),
    "Tối": lazy_gettext("Tối"),
}


def slot_word(name: str) -> str:
    """A slot's name; a commune's own names stay as they are in every language."""
    return str(_SLOTS.get(name, name))


def standing_texts(household: Household, booked: Booked) -> list[str]:
    """Sentences for the household: its quota, why it is paused, its strikes."""
    policy = household.policy
    texts = [quota_text(booked, policy)]
    pause, strikes = booked.standing.pause, booked.standing.strikes
    if pause:
        texts += [
            refusal_text(Refusal(Reason.PAUSED, at=pause.until_at)),
            _(
                "Phiếu đã có vẫn giữ nguyên. Có lý do chính đáng thì bà con gọi xã %(name)s: %(phone)s, "
                "cán bộ bỏ tạm nghỉ được.",
                name=household.commune.name,
                phone=national(household.commune.phone),
            ),
        ]
    if strikes and booked.standing.counts_until_at:
        missed = ngettext(
            "Nhà mình có %(num)d lần không đến nhận hoặc hủy quá muộn, còn tính đến %(until)s.",
            len(strikes),
            until=day(booked.standing.counts_until_at),
        )
        rule = _(
            "Đủ %(most)d lần trong %(within)d ngày thì tạm nghỉ đăng ký %(pause)d ngày.",
            most=policy.strikes,
            within=policy.strike_days,
            pause=policy.pause_days,
        )
        texts.append(f"{missed} {rule}")
    return texts


def quota_text(booked: Booked, policy: Policy) -> str:
    """How many bookings of either kind a household has ahead and may have."""
    if not booked.all_ahead:
        return quota_rule(policy)
    return _(
        "Nhà mình đang có %(peak)d phiếu buổi tối (được %(most_peak)d) và %(others)d phiếu ban ngày (được %(most)d).",
        peak=booked.peak_ahead,
        most_peak=policy.most_peak_ahead,
        others=booked.ahead,
        most=policy.most_ahead,
    )


def quota_rule(policy: Policy) -> str:
    """Who may have how many bookings, in one sentence."""
    rule = _(
        "Mỗi nhà giữ trước được %(peak)d buổi tối và %(most)d buổi ban ngày",
        peak=policy.most_peak_ahead,
        most=policy.most_ahead,
    )
    if not policy.free_hours:
        return f"{rule}."
    free = ngettext("còn trống trước %(num)d giờ thì ai mượn thêm cũng được.", policy.free_hours)
    return f"{rule}; {free}"


def place_text(place: PlaceInQueue) -> str:
    """How many households are ahead in the queue, by the rule that puts them there."""
    if place.number == 1:
        return _("Nhà mình đứng đầu: có chỗ trống là xã báo ngay.")
    parts = [_before_text(why, place.before[why]) for why in Why if place.before[why]]
    start = ngettext("Trước nhà mình có %(num)d hộ", place.number - 1)
    return f"{start}: {', '.join(parts)}."


def _before_text(why: Why, count: int) -> str:
    match why:
        case Why.PUT_FORWARD:
            return ngettext("%(num)d hộ được xã ưu tiên", count)
        case Why.ANSWERED:
            return ngettext("%(num)d hộ, vì nhà mình đã để quá hạn một chỗ giữ cho nhà mình trong 30 ngày qua", count)
        case Why.FIRST_TIME:
            return ngettext("%(num)d hộ chưa được mượn lần nào", count)
        case Why.FEWER:
            return ngettext("%(num)d hộ ít được mượn hơn trong 30 ngày qua", count)
        case Why.EARLIER:
            return ngettext("%(num)d hộ vào chờ trước", count)


def phone_problem_text(problem: PhoneProblem) -> str:
    return str(_PHONE_PROBLEMS[problem])


_PHONE_PROBLEMS = {
    PhoneProblem.EMPTY: lazy_gettext("Bà con ghi số điện thoại di động vào đây."),
    PhoneProblem.NOT_A_NUMBER: lazy_gettext(
        "Số này chưa đúng. Số di động có 10 chữ số, bắt đầu bằng số 0, ví dụ 0912 345 678."
    ),
    PhoneProblem.SEVERAL_NUMBERS: lazy_gettext("Xin ghi một số thôi, chỉ gồm chữ số."),
    PhoneProblem.LANDLINE: lazy_gettext(
        "Đây là số máy bàn, không nhận được tin nhắn. Xin ghi số di động, hoặc gọi xã để được giúp."
    ),
    PhoneProblem.NOT_MOBILE: lazy_gettext("Số này không nhận được tin nhắn. Xin ghi số di động của nhà mình."),
    PhoneProblem.FOREIGN: lazy_gettext("Xin ghi số di động của Việt Nam."),
    PhoneProblem.OLD_ELEVEN_DIGITS: lazy_gettext("Số 11 chữ số này đã đổi thành 10 chữ số từ năm 2018."),
}


def code_problem_text(problem: SignInProblem) -> str:
    if problem is SignInProblem.WRONG:
        return _("Mã chưa đúng. Bà con xem lại tin nhắn mới nhất rồi gõ lại 6 số.")
    if problem is SignInProblem.TOO_MANY:
        return _("Đã gõ sai quá nhiều lần. Bà con bấm “Gửi lại mã” để lấy mã mới.")
    return _("Mã này hết hạn rồi. Bà con bấm “Gửi lại mã” để lấy mã mới.")


def fault_text(handover: Handover) -> str:
    """``thiếu 1 đèn softbox, hỏng chân máy``: what is missing and what is broken."""
    parts = [(part, part.name[:1].lower() + part.name[1:]) for part in handover.parts]
    missing = [_("thiếu %(count)d %(part)s", count=part.missing, part=name) for part, name in parts if part.missing]
    broken = [_("hỏng %(part)s", part=name) for part, name in parts if part.is_broken]
    return ", ".join(missing + broken)


def kind_word(kind: str) -> str:
    return str(_KINDS[Kind(kind)])


_KINDS = {
    Kind.LOGIN_CODE: lazy_gettext("Mã đăng nhập"),
    Kind.RECEIVED: lazy_gettext("Báo đã nhận phiếu"),
    Kind.APPROVED: lazy_gettext("Báo đã duyệt"),
    Kind.DECLINED: lazy_gettext("Báo không duyệt"),
    Kind.CANCELLED: lazy_gettext("Báo xã hủy"),
    Kind.WITHDRAWN: lazy_gettext("Báo đã hủy theo yêu cầu"),
    Kind.CHANGED: lazy_gettext("Báo đã đổi theo yêu cầu"),
    Kind.PAUSED: lazy_gettext("Báo tạm dừng đăng ký"),
    Kind.REMINDER_DAY: lazy_gettext("Nhắc trước một ngày"),
    Kind.REMINDER_SOON: lazy_gettext("Nhắc sắp đến giờ"),
    Kind.LAPSED: lazy_gettext("Báo phiếu hết hạn"),
    Kind.OFFER: lazy_gettext("Báo có chỗ trống"),
    Kind.MOVED: lazy_gettext("Báo xã đổi buổi"),
    Kind.CLOSED: lazy_gettext("Báo bộ nghỉ, hủy phiếu"),
    Kind.NO_SHOW: lazy_gettext("Báo không đến nhận"),
    Kind.OVERDUE: lazy_gettext("Nhắc quá giờ trả"),
    Kind.STAFF_DUE: lazy_gettext("Nhắc cán bộ duyệt"),
}


def state_word(state: MessageState) -> str:
    return str(_STATES[state])


_STATES = {
    MessageState.QUEUED: lazy_gettext("chờ gửi"),
    MessageState.SENDING: lazy_gettext("đang gửi"),
    MessageState.ACCEPTED: lazy_gettext("nhà mạng đã nhận"),
    MessageState.SENT: lazy_gettext("đã gửi"),
    MessageState.DELIVERED: lazy_gettext("đã tới máy"),
    MessageState.UNDELIVERED: lazy_gettext("không tới máy"),
    MessageState.FAILED: lazy_gettext("không gửi được"),
    MessageState.UNKNOWN: lazy_gettext("không rõ đã tới chưa"),
    MessageState.SKIPPED: lazy_gettext("bỏ qua, không còn đúng"),
    MessageState.TO_PHONE: lazy_gettext("không nhắn tin, cần gọi"),
}


def by_word(entry: Row[Any]) -> str:
    """Who made the change of a row of `booking_history`; the household may read it too."""
    if entry.staff_name:
        return _("cán bộ %(name)s", name=entry.staff_name)
    return _("nhà mượn") if entry.household_id else _("tự động")


def error_text(code: int | None) -> str:
    """Why a text did not arrive, for staff; ``code`` is Twilio's error code."""
    if code == FILTERED:
        return _("Nhà mạng chặn tin này.")
    if text := _ERRORS.get(meaning(code)):
        return str(text)
    return _("Mã lỗi %(code)d.", code=code) if code else ""


_ERRORS = {
    Meaning.PASSING: lazy_gettext("Máy tắt hoặc mất sóng."),
    Meaning.DEAD: lazy_gettext("Số này không nhận được tin nhắn."),
    Meaning.DOUBTFUL: lazy_gettext("Số này có thể không còn dùng."),
    Meaning.OPTED_OUT: lazy_gettext("Chủ máy đã từ chối nhận tin."),
    Meaning.SETUP: lazy_gettext("Hệ thống gửi tin chưa được cài đúng."),
}


def alarm_texts(alarms: list[SendingPause]) -> list[str]:
    """Why no texts are sent at present, and what to do."""
    return [
        _(
            "Từ %(since)s tin nhắn không gửi được (%(fault)s). Tin được giữ lại, máy tự thử lại. "
            "Báo người vận hành xem khóa và tên người gửi.",
            since=moment(alarm.since_at),
            fault=alarm.fault,
        )
        if alarm.reason == PauseReason.SETUP
        else _(
            "Tài khoản nhắn tin hết hạn mức, %(until)s thử gửi tiếp. Mã đăng nhập vẫn gửi.",
            until=moment(alarm.until_at),
        )
        for alarm in alarms
    ]
