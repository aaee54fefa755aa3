"""The tabs of the staff's pages, and what their templates need to know of the member of staff."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import Flask, abort, g, request

from kit_booking.clock import utc_now
from kit_booking.models import Booking, Role, Staff
from kit_booking.services.desk.today import count_of_today
from kit_booking.services.sign_in.members import SeenCommune, communes_seen
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext
from kit_booking.web.frame.readers import this_member

SOON = timedelta(hours=1)
"""A request with less time left than this is marked as urgent."""
FEW = 2
"""With up to so many communes each has a tab for its fortnight."""


def _is_clerk(member: Staff) -> bool:
    return any(role.role is Role.CLERK for role in member.roles)


class DeskPage(NamedTuple):
    path: str
    label: Any
    is_for: Callable[[Staff], bool] = lambda _member: True


PAGES = (
    DeskPage("/staff/book", lazy_gettext("Ghi phiếu hộ"), _is_clerk),
    DeskPage("/staff/queue", lazy_gettext("Chờ chỗ")),
    DeskPage("/staff/households", lazy_gettext("Hộ")),
    DeskPage("/staff/messages", lazy_gettext("Tin nhắn")),
    DeskPage("/staff/closures", lazy_gettext("Bộ, nghỉ")),
    DeskPage("/staff/print", lazy_gettext("In")),
    DeskPage("/staff/settings", lazy_gettext("Thiết lập"), lambda member: not member.is_operator),
    DeskPage("/staff/audit", lazy_gettext("Sổ việc")),
    DeskPage("/staff/operator", lazy_gettext("Vận hành"), lambda member: member.is_operator),
)
"""The tabs after today and the fortnight."""


@dataclass(frozen=True)
class Tab:
    path: str
    label: str
    is_here: bool
    number: int = 0
    """How much there is to do; 0 shows no number."""


def init_app(app: Flask) -> None:
    """Make these functions globals of the templates; a context processor would not reach imported ones."""
    app.jinja_env.globals.update(
        desk_tabs=tabs, may_act=may_act, is_own_household=is_own_household, is_urgent=is_urgent
    )


def tabs() -> list[Tab]:
    """The tabs for the member of staff."""
    communes, member = communes_of_desk(), this_member()
    to_do = g.get("to_do")  # Today's page has counted already.
    if to_do is None:
        to_do = count_of_today([commune.id for commune in communes], now=utc_now())
    shown = [Tab("/staff", _("Hôm nay"), request.path == "/staff", to_do)]
    if len(communes) <= FEW:
        for commune in communes:
            label = _("Lịch") if len(communes) == 1 else _("Lịch %(commune)s", commune=commune.name)
            path = f"/staff/communes/{commune.slug}"
            shown.append(Tab(path, label, request.path == path))
    else:
        shown.append(Tab("/staff#calendars", _("Lịch"), request.path.startswith("/staff/communes/")))
    for page in PAGES:
        if page.is_for(member):
            is_here = f"{request.path}/".startswith(f"{page.path}/")
            shown.append(Tab(page.path, str(page.label), is_here))
    return shown


def communes_of_desk() -> list[SeenCommune]:
    """The communes that the member of staff may see; read once a request."""
    if "communes_of_desk" not in g:
        g.communes_of_desk = communes_seen(this_member())
    communes: list[SeenCommune] = g.communes_of_desk
    return communes


def acting_communes() -> list[SeenCommune]:
    """The communes of which the member of staff is a clerk."""
    return [commune for commune in communes_of_desk() if may_act(commune.id)]


def acting_communes_or_403() -> list[SeenCommune]:
    return acting_communes() or abort(403)


def may_act(commune_id: int) -> bool:
    return this_member().may_act(commune_id)


def is_own_household(booking: Booking) -> bool:
    """Whether the booking's household has the telephone number of the member of staff."""
    mobile = this_member().mobile
    return mobile != "" and mobile == booking.household.any_phone


def is_urgent(booking: Booking, now: datetime) -> bool:
    return booking.answer_by_at - now < SOON
