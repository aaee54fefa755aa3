"""Today at the commune office: all that is to do, each thing with its one click."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Blueprint, g, render_template

from kit_booking.clock import utc_now
from kit_booking.domain.status import Status
from kit_booking.services.audit import Actor
from kit_booking.services.booking import answers
from kit_booking.services.booking.reading import ShownBooking
from kit_booking.services.desk.today import Today, week_ahead
from kit_booking.services.desk.today import today as today_at
from kit_booking.services.waiting import entries
from kit_booking.web.desk.tabs import FEW, after, communes_of_desk, desk_view
from kit_booking.web.frame.labels import COMMON_REASONS, alarm_texts, kind_word, slot_word, state_word
from kit_booking.web.frame.readers import staff_booking_or_404, staff_only, this_member

blueprint = Blueprint("today", __name__, url_prefix="/staff")


@blueprint.get("")
@staff_only
def today() -> str:
    now, member, communes = utc_now(), this_member(), communes_of_desk()
    ids = [commune.id for commune in communes]
    found = today_at(ids, now=now)
    g.to_do = found.count
    return render_template(
        "desk/today.html",
        communes=communes,
        has_few_communes=len(communes) <= FEW,
        today=_lists(found, now),
        alarms=alarm_texts(now=now),
        to_do=found.count,
        week=[] if found.count else _week(ids, now),
        reasons=COMMON_REASONS,
        can_act=any(member.may_act(commune_id) for commune_id in ids),
    )


def _lists(found: Today, now: datetime) -> dict[str, Any]:
    def views(some: list[ShownBooking]) -> list[dict[str, Any]]:
        return [desk_view(booking, now) for booking in some]

    following = {booking.kit_code: desk_view(booking, now) for booking in found.endangered}
    return {
        "requests": [
            {**desk_view(booking, now), "history": asdict(found.histories[booking.code])}
            for booking in found.requests
        ],
        "offers": views(found.offers),
        "to_hand_over": views(found.to_hand_over),
        "not_collected": views(found.not_collected),
        "to_take_back": views(found.to_take_back),
        "overdue": [
            {**desk_view(booking, now), "next": following.get(booking.kit_code)} for booking in found.overdue
        ],
        "to_judge": views(found.to_judge),
        "to_phone": [
            {
                **asdict(person),
                "kind_word": kind_word(person.kind),
                "state_word": state_word(person.state),
                "may_act": this_member().may_act(person.commune_id),
            }
            for person in found.to_phone
        ],
    }


def _week(commune_ids: list[int], now: datetime) -> list[dict[str, Any]]:
    return [
        {"day": ahead.day, "pick_ups": [{**asdict(b), "slot_name": slot_word(b.slot_name)} for b in ahead.pick_ups]}
        for ahead in week_ahead(commune_ids, now=now)
    ]


@blueprint.post("/bookings/<code>/no-show")
@staff_only
def no_show(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    return after(booking, answers.mark_no_show(code, this_member().id, now=utc_now()), Status.NO_SHOW)


@blueprint.post("/bookings/<code>/accept")
@staff_only
def accept(code: str) -> Any:
    """An offered slot, taken by phone."""
    booking = staff_booking_or_404(code, acting=True)
    outcome = entries.accept(code, Actor(staff_id=this_member().id), now=utc_now())
    return after(booking, outcome, Status.APPROVED)


@blueprint.post("/bookings/<code>/refuse")
@staff_only
def refuse(code: str) -> Any:
    booking = staff_booking_or_404(code, acting=True)
    return after(booking, entries.refuse(code, Actor(staff_id=this_member().id), now=utc_now()), Status.REFUSED)
