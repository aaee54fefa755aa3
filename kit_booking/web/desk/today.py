"""Today at the commune office: a list of all that is to do, each with its buttons."""

from flask import Blueprint, g, render_template

from kit_booking.clock import utc_now
from kit_booking.services.desk.today import today as today_at
from kit_booking.services.desk.today import week_ahead
from kit_booking.services.ops.health import sending_alarms
from kit_booking.web.desk.tabs import FEW, communes_of_desk
from kit_booking.web.frame.labels import COMMON_REASONS, alarm_texts
from kit_booking.web.frame.readers import staff_only, this_member

blueprint = Blueprint("today", __name__, url_prefix="/staff")


@blueprint.get("")
@staff_only
def today() -> str:
    now, member, communes = utc_now(), this_member(), communes_of_desk()
    ids = [commune.id for commune in communes]
    to_do = today_at(ids, now=now)
    g.to_do = to_do.count
    return render_template(
        "desk/today.html",
        communes=communes,
        has_few_communes=len(communes) <= FEW,
        today=to_do,
        alarms=alarm_texts(sending_alarms(now=now)),
        to_do=to_do.count,
        week={} if to_do.count else week_ahead(ids, now=now),
        reasons=COMMON_REASONS,
        can_act=any(member.may_act(commune_id) for commune_id in ids),
    )
