"""The audit list: a clerk and a leader see that of their communes, the operator all of it."""

from datetime import date
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request

from kit_booking.domain.text import clean
from kit_booking.services.audit import AuditFilter, Cursor, audit_page
from kit_booking.services.communes.facts import find_version_key
from kit_booking.services.sign_in.members import SeenCommune, communes_seen
from kit_booking.web.desk.audit_labels import ACTIONS, line_of
from kit_booking.web.frame.forms import FIRST_YEAR, LAST_YEAR
from kit_booking.web.frame.readers import staff_only, this_member

blueprint = Blueprint("audit", __name__, url_prefix="/staff/audit")

FIELDS = ("commune", "from", "until", "action", "staff", "booking")


@blueprint.get("")
@staff_only
def show() -> str:
    typed = {name: clean(request.args.get(name, "")[:200], 80) for name in FIELDS}
    own, commune_id = _commune(typed)
    days = _day(typed["from"]), _day(typed["until"])
    chosen = AuditFilter(commune_id, *days, typed["action"], typed["staff"], typed["booking"])
    page = audit_page(chosen, Cursor.parse(request.args.get("after", "")))
    return render_template(
        "desk/audit.html",
        typed=typed,
        own=own,
        is_narrowed=any(value for name, value in typed.items() if name != "commune" or not own),
        actions=ACTIONS,
        lines=[(entry, line_of(entry)) for entry in page.entries],
        is_first="after" not in request.args,
        next=page.next and "?" + urlencode({**{k: v for k, v in typed.items() if v}, "after": str(page.next)}),
        with_commune=commune_id is None,
    )


def _commune(typed: dict[str, str]) -> tuple[list[SeenCommune], int | None]:
    """The communes to choose from, and the id of the chosen one; operators type a slug and choose from none."""
    member, slug = this_member(), typed["commune"]
    if member.is_operator:
        key = find_version_key(slug) if slug else None
        return [], key.commune_id if key else 0 if slug else None
    own = communes_seen(member)
    chosen = [commune for commune in own if slug in ("", commune.slug)]
    return own, chosen[0].id if chosen else abort(404)


def _day(typed: str) -> date | None:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None
