"""The office's page of text messages: their states, what a month costs, sending again, noting a phone call."""

import re
from datetime import date, datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask_babel import format_decimal

from kit_booking.clock import utc_now
from kit_booking.domain.messages.delivery import (
    NOT_TOLD,
    BudgetState,
    Meaning,
    MessageState,
    budget_state,
    is_alarming,
    is_rising,
    meaning,
)
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Message
from kit_booking.services.messages import delivery, reading
from kit_booking.services.messages.delivery import ResendResult
from kit_booking.services.messages.reading import PAGE, MonthSummary, month_before, next_month
from kit_booking.services.ops.health import sending_alarms
from kit_booking.services.sign_in.members import SeenCommune
from kit_booking.web.desk.tabs import communes_of_desk, may_act
from kit_booking.web.frame.forms import FIRST_YEAR, LAST_YEAR
from kit_booking.web.frame.labels import alarm_texts, error_text, state_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import check_commune, staff_only, this_member
from kit_booking.web.frame.security import own_path

blueprint = Blueprint("messages", __name__, url_prefix="/staff/messages")

PROBLEMS = "problems"
"""The value of the filter that means all states of NOT_TOLD."""
RESENDABLE = (MessageState.FAILED, MessageState.UNDELIVERED, MessageState.UNKNOWN)


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
        messages=messages[:PAGE],
        looks=_LOOKS,
        why=_why,
        dong=_dong,
        can_resend=lambda message: _can_resend(message, now),
        can_be_phoned=_can_be_phoned,
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
    return _("tháng %(month)d/%(year)d", month=month.month, year=month.year)


def _dong(amount: int) -> str:
    return _("%(amount)s đ", amount=format_decimal(amount))


def _why(message: Message) -> str:
    """Why the text did not arrive, empty if it did or still may."""
    return error_text(message.error_code) if message.state in NOT_TOLD else ""


def _can_resend(message: Message, now: datetime) -> bool:
    is_open = message.state in RESENDABLE and message.ask_at is None and now < message.useful_until_at
    return may_act(message.booking.commune_id) and is_open and meaning(message.error_code) is not Meaning.DEAD


def _can_be_phoned(message: Message) -> bool:
    is_open = message.state in NOT_TOLD and message.ask_at is None and message.phoned_at is None
    return may_act(message.booking.commune_id) and is_open and message.kind != Kind.STAFF_DUE


_LOOKS = {
    MessageState.QUEUED: ("○", "requested"),
    MessageState.SENDING: ("→", "requested"),
    MessageState.ACCEPTED: ("→", "approved"),
    MessageState.SENT: ("✓", "approved"),
    MessageState.DELIVERED: ("✓", "approved"),
    MessageState.UNDELIVERED: ("✕", "declined"),
    MessageState.FAILED: ("✕", "declined"),
    MessageState.UNKNOWN: ("?", "requested"),
    MessageState.SKIPPED: ("–", ""),
    MessageState.TO_PHONE: ("☎", "declined"),
}
"""The sign of a state and the CSS class of its colour."""


def _budgets(communes: list[SeenCommune], month: date) -> list[tuple[BudgetState, str]]:
    """Each commune's budget in words; of several communes only those that are near theirs or over it."""
    texts: list[tuple[BudgetState, str]] = []
    for commune in reading.costs([commune.id for commune in communes], month):
        budget = Policy.of(commune.policy).sms_budget
        state = budget_state(commune.cost, budget)
        what = {"name": commune.name, "cost": _dong(commune.cost), "budget": _dong(budget)}
        if state is BudgetState.OVER:
            texts.append((state, _("Xã %(name)s đã tiêu %(cost)s, quá mức %(budget)s định cho tháng này.", **what)))
        elif state is BudgetState.NEAR:
            texts.append((state, _("Xã %(name)s đã tiêu %(cost)s, gần hết mức %(budget)s của tháng này.", **what)))
        elif state is BudgetState.FINE and len(communes) == 1:
            texts.append((state, _("Mức định cho một tháng: %(budget)s.", **what)))
    return texts


def _shares(month: MonthSummary, before: MonthSummary) -> str:
    """The share of texts that did not arrive, with that of the month before, and the share filtered."""
    if not month.handed_over:
        return ""
    return _(
        "Không tới nơi: %(failed)s (tháng trước %(before)s). Bị nhà mạng chặn: %(filtered)s.",
        failed=_percent(month.failed, month.handed_over),
        before=_percent(before.failed, before.handed_over),
        filtered=_percent(month.filtered, month.handed_over),
    )


def _percent(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)}%" if whole else "–"


def _warning(month: MonthSummary, before: MonthSummary) -> str:
    if is_alarming(month.filtered, month.handed_over):
        return _("Nhà mạng chặn nhiều tin. Báo người vận hành xem lại tên người gửi và mẫu tin đã đăng ký.")
    if is_alarming(month.failed, month.handed_over):
        return _("Nhiều tin không tới nơi. Báo người vận hành kiểm tra.")
    if is_rising(month.failed, month.handed_over, before.failed, before.handed_over):
        return _("Tin không tới nơi nhiều hơn hẳn tháng trước. Báo người vận hành kiểm tra.")
    return ""


def _codes(month: date) -> str:
    """The number and cost of login codes, which belong to no commune; for the operator."""
    codes = reading.login_codes(month)
    cost = _dong(codes.cost)
    return _("Mã đăng nhập của cả hệ thống: %(number)d tin, %(cost)s.", number=codes.number, cost=cost)


def _message_or_404(message_id: int) -> Message:
    """The text if it is about a booking of a commune of which the member of staff is a clerk."""
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
            return _("Tin sẽ được gửi lại ngay.")
        case ResendResult.ASKING:
            return _("Đang hỏi nhà mạng. Nếu chưa có tin này, máy sẽ tự gửi lại.")
        case ResendResult.NOT_TRUE:
            return _("Không gửi lại: tin này không còn đúng, hoặc đã quá muộn.")
        case ResendResult.NO_TEXTS:
            return _("Không gửi lại: số này không nhận được tin nhắn. Xin gọi điện.")
        case ResendResult.SETTLED:
            return _("Không gửi lại: tin này đã gửi, đang chờ gửi, hoặc đã bỏ qua.")


@blueprint.post("/<int(max=2147483647):message_id>/phoned")
@staff_only
def phoned(message_id: int) -> Any:
    message = _message_or_404(message_id)
    delivery.note_phoned(message_id, this_member().id, now=utc_now())
    flash(_("Đã ghi: đã gọi điện cho hộ %(name)s.", name=message.booking.household.name), "good")
    return redirect(own_path(request.form.get("next"), "/staff"), 303)
