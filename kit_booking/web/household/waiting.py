"""Waiting for a taken slot: joining, one's place in the queue, taking an offer; and the queue as staff see it."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # Too new for its stubs.

from kit_booking.clock import utc_now
from kit_booking.domain.booking import Reason
from kit_booking.domain.deadlines import offers_end_at
from kit_booking.domain.local_time import local
from kit_booking.models import WaitingState
from kit_booking.services.audit import Actor
from kit_booking.services.booking.ask import SlotLook
from kit_booking.services.communes.slots import BookableSlot
from kit_booking.services.sign_in.members import communes_seen
from kit_booking.services.waiting import entries
from kit_booking.services.waiting import reading as waiting_shown
from kit_booking.services.waiting.reading import PersonWaiting, ShownEntry
from kit_booking.web.frame.formats import day, moment
from kit_booking.web.frame.forms import EmptyForm, NumberForm, ReasonForm, WaitForm
from kit_booking.web.frame.labels import no_place_text, place_text, slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import ngettext
from kit_booking.web.frame.readers import (
    household,
    household_only,
    own_booking_or_404,
    staff_only,
    this_household,
    this_member,
)
from kit_booking.web.household.communes import office_of
from kit_booking.web.household.slots import day_or_404, look_or_404, no_slot_is_404, slot_page_of

blueprint = Blueprint("waiting_list", __name__)

EVENING = time(18)
"""Whoever needs to know some days ahead hears of a free slot until this time of day."""


def can_wait(look: SlotLook) -> bool:
    """Somebody has the slot, and nothing but that and quotas stands against it."""
    reasons = {refusal.reason for refusal in look.refusals}
    return Reason.TAKEN in reasons and not reasons & {Reason.TOO_LATE, Reason.NOT_OPEN, Reason.NO_CLERK}


def join_page(look: SlotLook, problems: list[str] | None = None, form: WaitForm | None = None) -> Any:
    """The page of a taken slot: what waiting means, and the button."""
    found, who, now = look.bookable, household(), utc_now()
    if who and (entry_id := waiting_shown.own_entry(found, who.id)):
        return redirect(f"/waiting/{entry_id}", 303)
    queue = waiting_shown.queue_of(found, now=now)
    if who and form is None:
        form = WaitForm(places=[place.id for place in queue.places if place.held == Reason.TAKEN])
    if form:
        form.places.choices = [
            SelectChoice(place.id, place.name) for place in queue.places if place.held == Reason.TAKEN
        ]
        form.until.choices = until_choices(found, queue.last_pick_up_at, now=now)
    return render_template(
        "household/waiting/join.html",
        slot=slot_page_of(found),
        form=form or NumberForm(),
        free=[place for place in queue.places if place.held is None],
        waiting=queue.waiting,
        offer_hours=found.commune.policy.offer_hours,
        problems=problems or [],
        steps=who is None,
        back=f"/communes/{found.commune.slug}#{found.kit.code}",
        office=office_of(found.commune),
    )


def until_choices(found: BookableSlot, last_pick_up_at: datetime, *, now: datetime) -> list[SelectChoice]:
    """Until when a household wants to hear of a free slot: to the last, or some days ahead."""
    policy = found.commune.policy
    last_at = offers_end_at(last_pick_up_at, policy)
    choices = [SelectChoice("", _("đến %(time)s", time=moment(last_at)))]
    for days in (1, 2, 3):
        until_at = local(found.slot.day - timedelta(days=days), EVENING)
        if until_at > now:
            choices.append(SelectChoice(until_at.isoformat(), _("đến %(time)s", time=moment(until_at))))
    return choices


@blueprint.post("/kits/<kit_code>/<day>/<slot_key>/wait")
@household_only
def join(kit_code: str, day: str, slot_key: str) -> Any:
    now, who = utc_now(), this_household()
    look = look_or_404(kit_code, day, slot_key, who.id, now=now)
    queue = waiting_shown.queue_of(look.bookable, now=now)
    form = WaitForm()
    form.places.choices = [SelectChoice(place.id, place.name) for place in queue.places]
    form.until.choices = until_choices(look.bookable, queue.last_pick_up_at, now=now)
    if not form.validate_on_submit():
        return join_page(look, form=form), 422
    chosen = frozenset(form.places.data or ())
    with no_slot_is_404():
        joined = entries.join(
            kit_code,
            day_or_404(day),
            slot_key,
            who.id,
            place_ids=frozenset() if chosen >= {place.id for place in queue.places} else chosen,
            until_at=datetime.fromisoformat(form.until.data) if form.until.data else None,
            by=Actor(household_id=who.id),
            now=now,
        )
    if joined.entry_id is not None:
        return redirect(f"/waiting/{joined.entry_id}", 303)
    return join_page(look, [no_place_text(reason) for reason in joined.reasons], form), 409


@blueprint.get("/waiting/<int(max=2147483647):entry_id>")
@household_only
def entry(entry_id: int) -> Any:
    shown = _own_entry_or_404(entry_id)
    if shown.booking_code:
        return redirect(f"/bookings/{shown.booking_code}", 303)
    return render_template(
        "household/waiting/one.html",
        entry=entry_view(shown),
        form=EmptyForm(),
        offer_hours=shown.commune.policy.offer_hours,
        office=office_of(shown.commune),
    )


@blueprint.post("/waiting/<int(max=2147483647):entry_id>/leave")
@household_only
def leave(entry_id: int) -> Any:
    _own_entry_or_404(entry_id)
    entries.leave(entry_id, Actor(household_id=this_household().id), now=utc_now())
    return redirect(f"/waiting/{entry_id}", 303)


def _own_entry_or_404(entry_id: int) -> ShownEntry:
    shown = waiting_shown.find_entry(entry_id, now=utc_now())
    if shown is None or shown.household_id != this_household().id:
        abort(404)
    return shown


@dataclass(frozen=True)
class EntryView:
    """An entry as the templates take it."""

    id: int
    slot_name: str
    day: Any
    from_at: datetime | None
    until_at: datetime | None
    commune_name: str
    commune_slug: str
    places: str
    not_after: datetime
    state: WaitingState
    place: str
    number: int


def entry_view(shown: ShownEntry) -> EntryView:
    on_air = shown.slot.on_air if shown.slot else None
    return EntryView(
        shown.id,
        slot_word(shown.slot_name),
        shown.day,
        on_air.from_at if on_air else None,
        on_air.until_at if on_air else None,
        shown.commune.name,
        shown.commune.slug,
        ", ".join(shown.places) or _("nơi nào trong xã cũng được"),
        _told_until(shown),
        shown.state,
        place_text(shown.place) if shown.place else "",
        shown.place.number if shown.place else 0,
    )


def _told_until(shown: ShownEntry) -> datetime:
    """After the lead time nobody is offered the slot any more."""
    last_at = offers_end_at(shown.slot.hold.from_at, shown.commune.policy) if shown.slot else shown.until_at
    return min(shown.until_at, last_at)


@blueprint.post("/bookings/<code>/accept")
@household_only
def accept(code: str) -> Any:
    own_booking_or_404(code)
    entries.accept(code, Actor(household_id=this_household().id), now=utc_now())
    return redirect(f"/bookings/{code}", 303)  # Which says what became of it, whoever was quicker.


@blueprint.post("/bookings/<code>/refuse")
@household_only
def refuse(code: str) -> Any:
    own_booking_or_404(code)
    entries.refuse(code, Actor(household_id=this_household().id), now=utc_now())
    return redirect(f"/bookings/{code}", 303)


@blueprint.get("/staff/queue")
@staff_only
def queue() -> str:
    return _queue_page()


def _queue_page(problem: str = "") -> str:
    member, now = this_member(), utc_now()
    communes = communes_seen(member)
    queues = waiting_shown.queues_of([commune.id for commune in communes], now=now)
    return render_template(
        "desk/queue.html",
        communes=communes,
        problem=problem,
        queues=[
            {
                "commune": queue.commune.name,
                "name": slot_word(queue.slot_name),
                "day": queue.day,
                "hours": (queue.slot.on_air.from_at, queue.slot.on_air.until_at) if queue.slot else None,
                "can_act": member.may_act(queue.commune.id),
                "people": [_person_view(person) for person in queue.people],
            }
            for queue in queues
        ],
    )


def _person_view(person: PersonWaiting) -> dict[str, Any]:
    one = person.entry.one
    reasons = [
        _("được ưu tiên: %(reason)s", reason=person.reason) if one.put_forward_at else "",
        ngettext("%(num)d buổi trong 30 ngày qua", "%(num)d buổi trong 30 ngày qua", one.sessions)
        if one.had_kit
        else _("chưa được mượn lần nào"),
        _("chờ từ %(time)s", time=moment(one.joined_at)),
    ]
    return {
        "id": one.entry_id,
        "name": person.household_name,
        "village": person.village,
        "phone": person.phone,
        "why": " · ".join(filter(None, reasons)),
        "places": ", ".join(person.places),
        "is_forward": one.put_forward_at is not None,
    }


@blueprint.post("/staff/queue/<int(max=2147483647):entry_id>/forward")
@staff_only
def put_forward(entry_id: int) -> Any:
    shown, form = _staff_entry_or_404(entry_id), ReasonForm()
    if not form.validate_on_submit():
        return _queue_page(_("Cần ghi lý do ưu tiên, vì các nhà khác cũng đang chờ.")), 422
    done = entries.put_forward(entry_id, this_member().id, form.text("reason"), now=utc_now())
    return _back_to_queue(done, shown, _("Đã đưa lên đầu: %(what)s.", what=_what(shown)))


@blueprint.post("/staff/queue/<int(max=2147483647):entry_id>/leave")
@staff_only
def leave_for(entry_id: int) -> Any:
    shown = _staff_entry_or_404(entry_id)
    done = entries.leave(entry_id, Actor(staff_id=this_member().id), now=utc_now())
    return _back_to_queue(done, shown, _("Đã thôi chờ: %(what)s.", what=_what(shown)))


def _what(shown: ShownEntry) -> str:
    return f"{slot_word(shown.slot_name)} {moment(shown.slot.on_air.from_at) if shown.slot else day(shown.day)}"


def _back_to_queue(done: bool, shown: ShownEntry, text: str) -> Any:
    if done:
        flash(text, "good")
    else:
        flash(_("Không làm được nữa: nhà này không còn chờ, hoặc đã được ưu tiên."), "bad")
    return redirect("/staff/queue", 303)


def _staff_entry_or_404(entry_id: int) -> ShownEntry:
    shown = waiting_shown.find_entry(entry_id, now=utc_now())
    if shown is None or not this_member().may_see(shown.commune.id):
        abort(404)
    if not this_member().may_act(shown.commune.id):
        abort(403)
    return shown
