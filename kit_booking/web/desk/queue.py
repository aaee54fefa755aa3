"""The waiting lists in order, with reasons; putting a household forward, and ending a wait."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template
from sqlalchemy import Row

from kit_booking.clock import utc_now
from kit_booking.services.audit import Actor
from kit_booking.services.waiting import entries
from kit_booking.services.waiting.reading import QueuedEntry, find_entry, place_names, queues_of
from kit_booking.web.desk.tabs import communes_of_desk
from kit_booking.web.frame.formats import day, moment
from kit_booking.web.frame.forms import ReasonForm
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import ngettext
from kit_booking.web.frame.readers import check_commune, staff_only, this_member

blueprint = Blueprint("queue", __name__, url_prefix="/staff/queue")


@blueprint.get("")
@staff_only
def queue() -> str:
    return _page()


def _page(problem: str = "") -> str:
    communes = communes_of_desk()
    return render_template(
        "desk/queue.html",
        communes=communes,
        problem=problem,
        queues=queues_of([commune.id for commune in communes], now=utc_now()),
        place_names=place_names,
        why_text=_why_text,
    )


def _why_text(row: Row[Any]) -> str:
    """The facts that decide the place of a row of `queues_of`."""
    reasons = [
        _("được ưu tiên: %(reason)s", reason=row.reason) if row.put_forward_at else "",
        _("để quá hạn một chỗ được giữ trong 30 ngày qua") if row.let_run_out else "",
        ngettext("%(num)d buổi trong 30 ngày qua", row.sessions) if row.had_kit else _("chưa được mượn lần nào"),
        _("chờ từ %(time)s", time=moment(row.joined_at)),
    ]
    return " · ".join(filter(None, reasons))


@blueprint.post("/<int(max=2147483647):entry_id>/forward")
@staff_only
def put_forward(entry_id: int) -> Any:
    entry, form = _entry_or_404(entry_id), ReasonForm()
    if not form.validate_on_submit():
        return _page(_("Cần ghi lý do ưu tiên, vì các nhà khác cũng đang chờ.")), 422
    done = entries.put_forward(entry_id, this_member().id, form.text("reason"), now=utc_now())
    return _back_to_queue(done, _("Đã đưa lên đầu: %(what)s.", what=_what(entry)))


@blueprint.post("/<int(max=2147483647):entry_id>/leave")
@staff_only
def leave_for(entry_id: int) -> Any:
    entry = _entry_or_404(entry_id)
    done = entries.leave(entry_id, Actor(staff_id=this_member().id), now=utc_now())
    return _back_to_queue(done, _("Đã thôi chờ: %(what)s.", what=_what(entry)))


def _what(queued: QueuedEntry) -> str:
    slot, entry = queued.slot, queued.entry
    return f"{slot_word(entry.slot_name)} {moment(slot.on_air.from_at) if slot else day(entry.day)}"


def _back_to_queue(done: bool, text: str) -> Any:
    if done:
        flash(text, "good")
    else:
        flash(_("Không làm được nữa: nhà này không còn chờ, hoặc đã được ưu tiên."), "bad")
    return redirect("/staff/queue", 303)


def _entry_or_404(entry_id: int) -> QueuedEntry:
    """The entry if it is of a commune of which the member of staff is a clerk."""
    entry = find_entry(entry_id, now=utc_now()) or abort(404)
    check_commune(entry.commune.id, acting=True)
    return entry
