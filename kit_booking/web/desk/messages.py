"""The office's page of texts: how each fared, what a month costs, sending again, and who was phoned."""

import re
from datetime import date, datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask_babel import format_decimal

from kit_booking.clock import utc_now
from kit_booking.domain.delivery import (
    NOT_TOLD,
    BudgetState,
    Meaning,
    MessageState,
    budget_state,
    is_alarming,
    is_rising,
    meaning,
)
from kit_booking.domain.local_time import local_day
from kit_booking.domain.messages import Kind
from kit_booking.domain.phone import masked
from kit_booking.domain.policy import Policy
from kit_booking.models import Message
from kit_booking.services.messages import delivery, reading
from kit_booking.services.messages.delivery import ResendResult
from kit_booking.services.messages.reading import PAGE, MonthSummary, month_before, next_month
from kit_booking.services.ops.health import sending_alarms
from kit_booking.services.sign_in.members import SeenCommune
from kit_booking.web.desk.tabs import communes_of_desk
from kit_booking.web.frame.labels import alarm_texts, error_text, state_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import check_commune, staff_only, this_member
from kit_booking.web.frame.security import own_path

blueprint = Blueprint("messages", __name__, url_prefix="/staff/messages")

PROBLEMS = "problems"
"""The choice of all states in which somebody may not have been told."""
RESENDABLE = (MessageState.FAILED, MessageState.UNDELIVERED, MessageState.UNKNOWN)
FIRST_YEAR, LAST_YEAR = 2020, 2100


@blueprint.get("")
@staff_only
def listed() -> str:
    now, member = utc_now(), this_member()
    communes = communes_of_desk()
    ids = [commune.id for commune in communes]
    this_month = local_day(now).replace(day=1)
    month, chosen = _month(request.args.get("month", "")) or this_month, request.args.get("state", "")
    states = _states(chosen)
    before = request.args.get("before", "")
    before_id = int(before) if re.fullmatch("[0-9]{1,9}", before) else None
    messages = reading.messages_in(ids, month, states=states, before_id=before_id)
    whole, earlier = reading.two_months(ids, month)
    return render_template(
        "desk/messages.html",
        month=_month_word(month),
        month_key=f"{month:%Y-%m}",
        earlier=f"{month_before(month):%Y-%m}",
        later=f"{next_month(month):%Y-%m}" if month < this_month else "",
        chosen=chosen if states else "",
        choices=[(PROBLEMS, _("cần để ý")), *((state.value, state_word(state)) for state in MessageState)],
        messages=[(message, _view(message, now)) for message in messages[:PAGE]],
        more=messages[PAGE - 1].id if len(messages) > PAGE else None,
        is_first=before_id is None,
        counts=[(state_word(state), whole.by_state[state]) for state in MessageState if state in whole.by_state],
        total=sum(whole.by_state.values()),
        segments=whole.segments,
        cost=_dong(whole.cost),
        budgets=_budgets(communes, month),
        shares=_shares(whole, earlier),
        warning=_warning(whole, earlier),
        codes=_codes(month) if member.is_operator else "",
        alarms=alarm_texts(sending_alarms(now=now)),
    )


def _month(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
        return None
    year, month = int(text[:4]), int(text[5:])
    return date(year, month, 1) if FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 else None


def _states(chosen: str) -> tuple[MessageState, ...]:
    if chosen == PROBLEMS:
        return tuple(sorted(NOT_TOLD))
    return (MessageState(chosen),) if chosen in set(MessageState) else ()


def _month_word(month: date) -> str:
    return str(_("tháng %(month)d/%(year)d", month=month.month, year=month.year))


def _dong(amount: int) -> str:
    return str(_("%(amount)s đ", amount=format_decimal(amount)))


def _view(message: Message, now: datetime) -> dict[str, Any]:
    """What is said of the message beside its own columns, and what may be done about it."""
    is_asked, is_untold = message.ask_at is not None, message.state in NOT_TOLD
    is_open = message.state in RESENDABLE and not is_asked and now < message.useful_until_at
    is_phonable = is_untold and not is_asked and message.phoned_at is None and message.kind != Kind.STAFF_DUE
    can_act = this_member().may_act(message.booking.commune_id)
    return {
        "to": masked(message.to),
        "state": _("đang hỏi nhà mạng") if is_asked else state_word(message.state),
        "sign": _SIGNS.get(message.state, "○"),
        "colour": _COLOURS.get(message.state, ""),
        "why": error_text(message.error_code) if is_untold else "",
        "cost": _dong(message.cost) if message.cost else "",
        "can_resend": can_act and is_open and meaning(message.error_code) is not Meaning.DEAD,
        "can_be_phoned": can_act and is_phonable,
    }


_SIGNS = {
    MessageState.DELIVERED: "✓",
    MessageState.SENT: "✓",
    MessageState.ACCEPTED: "→",
    MessageState.SENDING: "→",
    MessageState.UNDELIVERED: "✕",
    MessageState.FAILED: "✕",
    MessageState.UNKNOWN: "?",
    MessageState.SKIPPED: "–",
    MessageState.TO_PHONE: "☎",
}
_COLOURS = {
    **dict.fromkeys((MessageState.DELIVERED, MessageState.SENT, MessageState.ACCEPTED), "approved"),
    **dict.fromkeys((MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN), "requested"),
    **dict.fromkeys((MessageState.UNDELIVERED, MessageState.FAILED, MessageState.TO_PHONE), "declined"),
}


def _budgets(communes: list[SeenCommune], month: date) -> list[tuple[BudgetState, str]]:
    """What to say of each commune's budget; of many communes only of those that are near theirs or over it."""
    said: list[tuple[BudgetState, str]] = []
    for one in reading.costs([commune.id for commune in communes], month):
        budget = Policy.of(one.policy).sms_budget
        state = budget_state(one.cost, budget)
        what = {"name": one.name, "cost": _dong(one.cost), "budget": _dong(budget)}
        if state is BudgetState.OVER:
            said.append((state, _("Xã %(name)s đã tiêu %(cost)s, quá mức %(budget)s định cho tháng này.", **what)))
        elif state is BudgetState.NEAR:
            said.append((state, _("Xã %(name)s đã tiêu %(cost)s, gần hết mức %(budget)s của tháng này.", **what)))
        elif state is BudgetState.FINE and len(communes) == 1:
            said.append((state, _("Mức định cho một tháng: %(budget)s.", **what)))
    return said


def _shares(month: MonthSummary, before: MonthSummary) -> str:
    """How many of the texts that were handed over did not arrive, beside the month before."""
    if not month.handed_over:
        return ""
    return str(
        _(
            "Không tới nơi: %(failed)s (tháng trước %(before)s). Bị nhà mạng chặn: %(filtered)s.",
            failed=_percent(month.failed, month.handed_over),
            before=_percent(before.failed, before.handed_over),
            filtered=_percent(month.filtered, month.handed_over),
        )
    )


def _percent(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)}%" if whole else "–"


def _warning(month: MonthSummary, before: MonthSummary) -> str:
    if is_alarming(month.filtered, month.handed_over):
        return str(_("Nhà mạng chặn nhiều tin. Báo người vận hành xem lại tên người gửi và mẫu tin đã đăng ký."))
    if is_alarming(month.failed, month.handed_over):
        return str(_("Nhiều tin không tới nơi. Báo người vận hành kiểm tra."))
    if is_rising(month.failed, month.handed_over, before.failed, before.handed_over):
        return str(_("Tin không tới nơi nhiều hơn hẳn tháng trước. Báo người vận hành kiểm tra."))
    return ""


def _codes(month: date) -> str:
    """Login codes belong to no commune; the operator sees how many they are, and nothing else of them."""
    codes = reading.login_codes(month)
    cost = _dong(codes.cost)
    return str(_("Mã đăng nhập của cả hệ thống: %(number)d tin, %(cost)s.", number=codes.number, cost=cost))


def _message_or_404(message_id: int) -> Message:
    """The text if it is about a booking of a commune of theirs; to act on it takes a clerk."""
    message = reading.find_message(message_id) or abort(404)
    check_commune(message.booking.commune_id, acting=True)
    return message


@blueprint.post("/<int(max=2147483647):message_id>/resend")
@staff_only
def resend(message_id: int) -> Any:
    _message_or_404(message_id)
    outcome = delivery.resend(message_id, this_member().id, now=utc_now())
    is_done = outcome in (ResendResult.QUEUED, ResendResult.ASKING)
    flash(_resent_text(outcome), "good" if is_done else "bad")
    return redirect(own_path(request.form.get("next"), "/staff/messages"), 303)


def _resent_text(outcome: ResendResult) -> str:
    match outcome:
        case ResendResult.QUEUED:
            return str(_("Tin sẽ được gửi lại ngay."))
        case ResendResult.ASKING:
            return str(_("Đang hỏi nhà mạng. Nếu chưa có tin này, máy sẽ tự gửi lại."))
        case ResendResult.NOT_TRUE:
            return str(_("Không gửi lại: tin này không còn đúng, hoặc đã quá muộn."))
        case ResendResult.NO_TEXTS:
            return str(_("Không gửi lại: số này không nhận được tin nhắn. Xin gọi điện."))
        case ResendResult.SETTLED:
            return str(_("Không gửi lại: tin này đã gửi, đang chờ gửi, hoặc đã bỏ qua."))


@blueprint.post("/<int(max=2147483647):message_id>/phoned")
@staff_only
def phoned(message_id: int) -> Any:
    message = _message_or_404(message_id)
    delivery.note_phoned(message_id, this_member().id, now=utc_now())
    flash(_("Đã ghi: đã gọi điện cho hộ %(name)s.", name=message.booking.household.name), "good")
    return redirect(own_path(request.form.get("next"), "/staff"), 303)
