"""The desk of the commune office: its tabs, a booking as its pages show it, and the answer after an action."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import Flask, current_app, flash, g, redirect, request

from kit_booking.clock import utc_now
from kit_booking.domain.status import Status
from kit_booking.models import Role
from kit_booking.services.booking.answers import Outcome
from kit_booking.services.booking.reading import ShownBooking
from kit_booking.services.desk.today import count_of_today
from kit_booking.services.messages.choice import text_choice
from kit_booking.services.sign_in.members import SeenCommune, StaffMember, communes_seen
from kit_booking.web.frame.formats import status_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext
from kit_booking.web.frame.readers import this_member
from kit_booking.web.household.bookings import shown_view

SOON = timedelta(hours=1)
"""A request with less time left than this is marked as urgent."""
FEW = 2
"""Whoever sees no more communes than this has a tab for the fortnight of each."""


def _is_clerk(member: StaffMember) -> bool:
    return any(role is Role.CLERK for role, _commune in member.roles)


class Page(NamedTuple):
    path: str
    label: Any
    is_for: Callable[[StaffMember], bool] = lambda _member: True


PAGES = (
    Page("/staff/book", lazy_gettext("Ghi phiếu hộ"), _is_clerk),
    Page("/staff/queue", lazy_gettext("Chờ chỗ")),
    Page("/staff/households", lazy_gettext("Hộ")),
    Page("/staff/messages", lazy_gettext("Tin nhắn")),
    Page("/staff/closures", lazy_gettext("Bộ, nghỉ")),
    Page("/staff/print", lazy_gettext("In")),
    Page("/staff/settings", lazy_gettext("Thiết lập"), lambda member: not member.is_operator),
    Page("/staff/audit", lazy_gettext("Sổ việc")),
    Page("/staff/operator", lazy_gettext("Vận hành"), lambda member: member.is_operator),
)
"""The pages behind the tabs after today and the fortnight; a page that this installation lacks has no tab."""


@dataclass(frozen=True)
class Tab:
    path: str
    label: str
    is_here: bool
    number: int = 0
    """How much there is to do; 0 is not shown."""


def init_app(app: Flask) -> None:
    app.jinja_env.globals["desk_tabs"] = tabs


def tabs() -> list[Tab]:
    """The tabs of whoever signed in as staff."""
    communes, member = communes_of_desk(), this_member()
    to_do = g.get("to_do")  # Today's page has counted already.
    if to_do is None:
        to_do = count_of_today([commune.id for commune in communes], now=utc_now())
    found = [Tab("/staff", _("Hôm nay"), request.path == "/staff", to_do)]
    if len(communes) <= FEW:
        for commune in communes:
            label = _("Lịch") if len(communes) == 1 else _("Lịch %(commune)s", commune=commune.name)
            path = f"/staff/communes/{commune.slug}"
            found.append(Tab(path, label, request.path == path))
    else:
        found.append(Tab("/staff#calendars", _("Lịch"), request.path.startswith("/staff/communes/")))
    adapter = current_app.url_map.bind("localhost")
    for page in PAGES:
        if page.is_for(member) and adapter.test(page.path, "GET"):
            is_here = f"{request.path}/".startswith(f"{page.path}/")
            found.append(Tab(page.path, str(page.label), is_here))
    return found


def communes_of_desk() -> list[SeenCommune]:
    """The communes that whoever signed in sees; asked for once a request."""
    if "communes_of_desk" not in g:
        g.communes_of_desk = communes_seen(this_member())
    found: list[SeenCommune] = g.communes_of_desk
    return found


def desk_view(booking: ShownBooking, now: datetime) -> dict[str, Any]:
    """A booking as the templates of the desk take it."""
    member = this_member()
    return {
        **shown_view(booking, now),
        "own_household": bool(member.mobile) and member.mobile == booking.household_phone,
        "late_to_answer": booking.answer_by_at - now < SOON,
        "may_act": member.may_act(booking.commune_id),
    }


def after(booking: ShownBooking, outcome: Outcome, wanted: Status) -> Any:
    """Back to where the button was, saying what was done or what somebody else did before."""
    what = {"code": booking.code, "name": booking.household_name, "status": status_word(outcome.status)}
    if outcome.is_done and outcome.status is Status.REFUSED:
        flash(_("Phiếu %(code)s, hộ %(name)s: không nhận chỗ. Chỗ này dành cho nhà chờ tiếp theo.", **what), "good")
    elif outcome.is_done and text_choice(booking.household_id).gets_texts:
        flash(_("Phiếu %(code)s, hộ %(name)s: %(status)s. Hộ sẽ nhận được tin nhắn.", **what), "good")
    elif outcome.is_done:
        flash(_("Phiếu %(code)s, hộ %(name)s: %(status)s. Hộ này không nhận tin nhắn, xin gọi điện.", **what), "good")
    elif outcome.status == wanted:
        flash(_("Phiếu %(code)s, hộ %(name)s, đã xong từ trước: %(status)s.", **what), "good")
    else:
        flash(_("Không làm được nữa: phiếu %(code)s, hộ %(name)s, đang là “%(status)s”.", **what), "bad")
    return redirect("/staff" if outcome.is_done else f"/staff/bookings/{booking.code}", 303)
