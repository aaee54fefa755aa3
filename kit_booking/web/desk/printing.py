"""Paper for the office: the week for the notice board, the day's list for the counter, posters, receipts."""

import re
from datetime import date, timedelta

from flask import Blueprint, abort, current_app, render_template, request

from kit_booking.clock import utc_now
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.time.local_time import local_day
from kit_booking.services.booking.reading import pick_ups, returns
from kit_booking.services.communes.facts import CommuneFacts
from kit_booking.services.communes.schedule import SlotState
from kit_booking.services.counter.reading import handovers_of, parts_of_kit
from kit_booking.services.desk.printing import PaperSlot, day_between, week_on_paper
from kit_booking.web.desk.tabs import communes_of_desk
from kit_booking.web.frame.forms import FIRST_YEAR, LAST_YEAR
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext
from kit_booking.web.frame.readers import staff_booking_or_404, staff_commune_or_404, staff_only
from kit_booking.web.household.calendars import Address
from kit_booking.web.household.grid import SIGNS, css_of
from kit_booking.web.household.slots import day_or_404

blueprint = Blueprint("printing", __name__, url_prefix="/staff")

SIZES = ((8, "large"), (12, "medium"), (16, "middling"), (22, "small"))
"""Up to how many rows which font size fits; beyond these it is "tiny"."""
FEW = 4
"""Up to so many communes are listed with their papers; of more, one is chosen first."""
WEEK = timedelta(days=7)


@blueprint.get("/print")
@staff_only
def listing() -> str:
    communes = communes_of_desk()
    chosen = [one for one in communes if one.slug == request.args.get("commune")]
    shown = chosen or (communes if len(communes) <= FEW else [])
    today = local_day(utc_now())
    monday = today - timedelta(days=today.weekday())
    return render_template(
        "desk/printing/listing.html",
        communes=[staff_commune_or_404(one.slug) for one in shown],
        others=[] if shown else communes,
        weeks=[(_("Tuần này"), monday), (_("Tuần sau"), monday + WEEK), (_("Tuần sau nữa"), monday + 2 * WEEK)],
        days=[(_("Hôm nay"), today), (_("Ngày mai"), today + timedelta(days=1))],
    )


def _day_or_404(default: date) -> date:
    """The day of the query's ``of``."""
    day = day_or_404(request.args.get("of") or default.isoformat())
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else abort(404)


@blueprint.get("/print/<slug>/week")
@staff_only
def week(slug: str) -> str:
    """The week with the day ``of``; ``names=none`` leaves out the households."""
    commune, now = staff_commune_or_404(slug), utc_now()
    day = _day_or_404(local_day(now))
    monday = day - timedelta(days=day.weekday())
    paper = week_on_paper(commune, monday)
    with_names = request.args.get("names") != "none"
    return render_template(
        "desk/printing/week.html",
        commune=commune,
        paper=paper,
        size=_size(len(paper.kits) * len(paper.rows)),
        signs=SIGNS,
        css_of=css_of,
        text_of=_text_with_name if with_names else _text,
        with_names=with_names,
        before=monday - WEEK,
        after=monday + WEEK,
        page=_page(commune),
    )


def _size(rows: int) -> str:
    """The CSS class of the font size with which so many rows fit on one page."""
    return next((name for most, name in SIZES if rows <= most), "tiny")


_WORDS = {
    SlotState.WAITING: lazy_gettext("Chờ duyệt"),
    SlotState.TAKEN: lazy_gettext("Đã có người"),
    SlotState.CLOSED: lazy_gettext("Nghỉ"),
}


def _text(field: PaperSlot) -> str:
    word = str(_WORDS[field.state]) if field.state in _WORDS else ""
    return f"{word}: {field.reason}" if field.reason else word


def _text_with_name(field: PaperSlot) -> str:
    return notice_name(field.household, field.village) if field.household else _text(field)


VILLAGE_WORDS = re.compile(r"(thôn|làng|xóm|tổ|khu|phố|ấp|bản|đội)\b", re.IGNORECASE)


def notice_name(household: str, village: str) -> str:
    """``hộ N. V. Hùng, thôn Lưu Thượng``: first names as initials, because everybody reads the board."""
    *before, last = household.split() or [""]
    name = " ".join([*(f"{word[0]}." for word in before), last])
    where = village if not village or VILLAGE_WORDS.match(village) else f"thôn {village}"
    return ", ".join(part for part in (f"hộ {name}", where) if part)


@blueprint.get("/print/<slug>/day")
@staff_only
def day(slug: str) -> str:
    commune, now = staff_commune_or_404(slug), utc_now()
    on = _day_or_404(local_day(now))
    from_at, until_at = day_between(on)
    out = [(booking.pick_up_at, "out", booking) for booking in pick_ups([commune.id], from_at, until_at)]
    back = [(booking.return_at, "back", booking) for booking in returns([commune.id], from_at, until_at)]
    return render_template(
        "desk/printing/day.html",
        commune=commune,
        day=on,
        before=on - timedelta(days=1),
        after=on + timedelta(days=1),
        lines=sorted(out + back, key=lambda line: (line[0], line[1], line[2].kit.code)),
        from_at=from_at,
        page=_page(commune),
    )


@blueprint.get("/print/<slug>/poster")
@staff_only
def poster(slug: str) -> str:
    """For the whole commune, or for the ``kit`` of this code."""
    commune = staff_commune_or_404(slug)
    code = request.args.get("kit", "")
    kit = commune.kit(code)
    if code and kit is None:
        abort(404)
    return render_template("desk/printing/poster.html", commune=commune, kit=kit, page=_page(commune, code))


def _page(commune: CommuneFacts, kit_code: str = "") -> Address:
    """The commune's page, to scan and to type."""
    path = f"/communes/{commune.slug}" + (f"#{kit_code}" if kit_code else "")
    return Address(commune.name, current_app.extensions["settings"].public_base_url + path)


@blueprint.get("/bookings/<code>/receipt")
@staff_only
def receipt(code: str) -> str:
    """The receipt to print and sign; before the kit goes out its boxes are empty."""
    booking = staff_booking_or_404(code)
    handovers = handovers_of(booking)
    out, back = handovers.get(Direction.OUT), handovers.get(Direction.BACK)
    parts = out.parts if out else parts_of_kit(booking.kit_id)
    came_back = {part.name: part for part in back.parts} if back else {}
    return render_template(
        "desk/counter/receipt.html",
        booking=booking,
        out=out,
        back=back,
        lines=[(part, came_back.get(part.name)) for part in parts],
    )
