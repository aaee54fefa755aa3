"""Waiting for a taken slot: joining, one's place in the queue, taking an offer."""

from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # Too new for its stubs.

from kit_booking.clock import utc_now
from kit_booking.domain.booking.refusals import Reason
from kit_booking.domain.time.deadlines import offers_end_at
from kit_booking.domain.time.local_time import local
from kit_booking.services.audit import Actor
from kit_booking.services.booking.ask import SlotLook
from kit_booking.services.communes.slots import BookableSlot
from kit_booking.services.waiting import entries
from kit_booking.services.waiting.reading import QueuedEntry, find_entry, own_entry, wait_options
from kit_booking.web.frame.formats import moment
from kit_booking.web.frame.forms import EmptyForm, NumberForm, WaitForm
from kit_booking.web.frame.labels import place_text
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import household, household_only, own_booking_or_404, seen_in_form, this_household
from kit_booking.web.frame.refusals import wait_refusal_text
from kit_booking.web.household.slots import back_from, day_or_404, look_or_404, no_slot_is_404

blueprint = Blueprint("waiting_list", __name__)

EVENING = time(18)
"""The time of day of the limits some days ahead."""


def can_wait(look: SlotLook) -> bool:
    """Whether the slot is taken, and it is neither too late nor too early to ask for it."""
    reasons = {refusal.reason for refusal in look.refusals}
    return Reason.TAKEN in reasons and not reasons & {Reason.TOO_LATE, Reason.NOT_OPEN, Reason.NO_CLERK}


def join_page(look: SlotLook, problems: list[str] | None = None, form: WaitForm | None = None) -> Any:
    """The page of a taken slot with the form for waiting, or a redirect to the household's entry."""
    bookable, who, now = look.bookable, household(), utc_now()
    if who and (entry_id := own_entry(bookable, who.id)):
        return redirect(f"/waiting/{entry_id}", 303)
    options = wait_options(bookable, now=now)
    if who and form is None:
        form = WaitForm(places=[place.id for place in options.places if place.held == Reason.TAKEN])
    if form:
        form.places.choices = [
            SelectChoice(place.id, place.name) for place in options.places if place.held == Reason.TAKEN
        ]
        form.until.choices = until_choices(bookable, options.last_pick_up_at, now=now)
    return render_template(
        "household/waiting/join.html",
        bookable=bookable,
        form=form or NumberForm(),
        free=[place for place in options.places if place.held is None],
        waiting=options.waiting,
        offer_hours=bookable.commune.policy.offer_hours,
        problems=problems or [],
        steps=who is None,
        back=back_from(bookable),
        office=bookable.commune,
    )


def until_choices(bookable: BookableSlot, last_pick_up_at: datetime, *, now: datetime) -> list[SelectChoice]:
    """Until when a household accepts offers: to the last moment, or some days before the slot."""
    policy = bookable.commune.policy
    last_at = offers_end_at(last_pick_up_at, policy)
    choices = [SelectChoice("", _("đến %(time)s", time=moment(last_at)))]
    for days in (1, 2, 3):
        until_at = local(bookable.slot.day - timedelta(days=days), EVENING)
        if until_at > now:
            choices.append(SelectChoice(until_at.isoformat(), _("đến %(time)s", time=moment(until_at))))
    return choices


@blueprint.post("/kits/<kit_code>/<day>/<slot_key>/wait")
@household_only
def join(kit_code: str, day: str, slot_key: str) -> Any:
    now, who = utc_now(), this_household()
    look = look_or_404(kit_code, day, slot_key, who.id, now=now)
    options = wait_options(look.bookable, now=now)
    form = WaitForm()
    form.places.choices = [SelectChoice(place.id, place.name) for place in options.places]
    form.until.choices = until_choices(look.bookable, options.last_pick_up_at, now=now)
    if not form.validate_on_submit():
        return join_page(look, form=form), 422
    chosen = frozenset(form.places.data or ())
    with no_slot_is_404():
        joined = entries.join(
            kit_code,
            day_or_404(day),
            slot_key,
            who.id,
            place_ids=frozenset() if chosen >= {place.id for place in options.places} else chosen,
            until_at=datetime.fromisoformat(form.until.data) if form.until.data else None,
            by=Actor(household_id=who.id),
            now=now,
        )
    if joined.entry_id is not None:
        return redirect(f"/waiting/{joined.entry_id}", 303)
    return join_page(look, [wait_refusal_text(reason) for reason in joined.reasons], form), 409


@blueprint.get("/waiting/<int(max=2147483647):entry_id>")
@household_only
def entry(entry_id: int) -> Any:
    queued = _own_entry_or_404(entry_id)
    if queued.entry.booking:
        return redirect(f"/bookings/{queued.entry.booking.code}", 303)
    return render_template(
        "household/waiting/one.html",
        queued=queued,
        place=place_text(queued.place) if queued.place else "",
        offers_until_at=_offers_until(queued),
        form=EmptyForm(),
        offer_hours=queued.commune.policy.offer_hours,
        office=queued.commune,
    )


@blueprint.post("/waiting/<int(max=2147483647):entry_id>/leave")
@household_only
def leave(entry_id: int) -> Any:
    _own_entry_or_404(entry_id)
    entries.leave(entry_id, Actor(household_id=this_household().id), now=utc_now())
    return redirect(f"/waiting/{entry_id}", 303)


def _own_entry_or_404(entry_id: int) -> QueuedEntry:
    queued = find_entry(entry_id, now=utc_now())
    if queued is None or queued.entry.household_id != this_household().id:
        abort(404)
    return queued


def _offers_until(queued: QueuedEntry) -> datetime:
    """Until when the household can be offered the slot: its own limit, or the lead time of the slot."""
    until_at, slot = queued.entry.until_at, queued.slot
    return min(until_at, offers_end_at(slot.hold.from_at, queued.commune.policy)) if slot else until_at


@blueprint.post("/bookings/<code>/accept")
@household_only
def accept(code: str) -> Any:
    seen = seen_in_form(own_booking_or_404(code))
    done = entries.accept(seen, Actor(household_id=this_household().id), now=utc_now())
    return redirect(f"/bookings/{code}{'?closed=1' if done.is_closed else ''}", 303)  # Its page shows the result.


@blueprint.post("/bookings/<code>/refuse")
@household_only
def refuse(code: str) -> Any:
    seen = seen_in_form(own_booking_or_404(code))
    entries.refuse(seen, Actor(household_id=this_household().id), now=utc_now())
    return redirect(f"/bookings/{code}", 303)
