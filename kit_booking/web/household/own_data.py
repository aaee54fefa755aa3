"""What is kept of a household, for the household itself: to see, put right, take along and erase (Law 91/2025)."""

import json
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, session
from flask_login import logout_user

from kit_booking.clock import utc_now
from kit_booking.domain.local_time import to_local
from kit_booking.domain.phone import national
from kit_booking.domain.status import LIVE
from kit_booking.services.audit import Actor
from kit_booking.services.booking.reading import ShownBooking, bookings_of_household
from kit_booking.services.counter.reading import OwnHandover, handovers_of_household
from kit_booking.services.register import erasing, households
from kit_booking.services.register.households import ShownHousehold, View, find_registered
from kit_booking.services.register.reading import ShownEntry, ShownText, messages_of_household, waiting_of_household
from kit_booking.web.desk.counter_labels import way_word
from kit_booking.web.desk.register.forms import OwnForm
from kit_booking.web.frame.formats import status_word
from kit_booking.web.frame.labels import kind_word, slot_word, state_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import household_only, this_household
from kit_booking.web.household.bookings import shown_view
from kit_booking.web.household.communes import Office

blueprint = Blueprint("own_data", __name__, url_prefix="/household")
EVERYTHING = 100_000
"""Rows of one household; in a copy of its data nothing is left out."""


@blueprint.get("")
@household_only
def show() -> str:
    own = _own()
    return _page(own, OwnForm(obj=own))


@blueprint.post("")
@household_only
def correct() -> Any:
    own, form = _own(), OwnForm()
    if not form.validate_on_submit():
        return _page(own, form), 422
    village, craft = form.text("village"), form.text("craft")
    households.correct(own.id, _me(), village=village, craft=craft, now=utc_now())
    flash(_("Đã ghi lại thôn và nghề của nhà mình."), "good")
    return redirect("/household", 303)


def _page(own: ShownHousehold, form: OwnForm) -> str:
    return render_template(
        "household/own_data/own.html",
        household=own,
        form=form,
        views=households.views_of(own.id),
        bookings=len(bookings_of_household(own.id, most=EVERYTHING)),
        office=_office(own),
    )


@blueprint.get("/data.json")
@household_only
def data() -> Response:
    own = _own()
    copy = copy_of(
        own,
        bookings_of_household(own.id, most=EVERYTHING),
        waiting_of_household(own.id, now=utc_now()),
        messages_of_household(own.id, most=EVERYTHING),
        households.views_of(own.id, most=EVERYTHING),
        handovers_of_household(own.id),
    )
    response = Response(json.dumps(copy, ensure_ascii=False, indent=2), mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="nha-minh.json"'
    return response


def copy_of(
    own: ShownHousehold,
    bookings: list[ShownBooking],
    waiting: list[ShownEntry],
    texts: list[ShownText],
    views: list[View],
    handovers: list[OwnHandover],
) -> dict[str, Any]:
    """All that is kept, in words that people read and an order that programs can rely on."""
    return {
        _("Tên chủ hộ"): own.name,
        _("Số di động"): national(own.phone),
        _("Số máy bàn"): national(own.landline),
        _("Nhận tin nhắn"): own.takes_texts,
        _("Thôn, làng"): own.village,
        _("Xã"): own.commune_name,
        _("Nghề"): own.craft,
        _("Nhà mình bán"): own.sells,
        _("Phát ở"): own.streams_on,
        _("Đồng ý"): {
            _("Lúc"): _time(own.consent_at),
            _("Theo bản"): own.consent_version,
            _("Nói với cán bộ"): own.consent_to,
        },
        _("Vào trang lần cuối"): _time(own.seen_at),
        _("Phiếu mượn"): [
            {
                _("Mã phiếu"): booking.code,
                _("Buổi"): slot_word(booking.slot_name),
                _("Ngày"): booking.day.isoformat(),
                _("Nhận bộ"): _time(booking.pick_up_at),
                _("Trả bộ"): _time(booking.return_at),
                _("Bộ"): booking.kit_code,
                _("Nơi để bộ"): booking.place_name,
                _("Xã"): booking.commune_name,
                _("Đang là"): status_word(booking.status),
                _("Lý do"): booking.reason,
                _("Nhà mình bán"): booking.sells,
                _("Phát ở"): booking.streams_on,
                _("Hỏi mượn lúc"): _time(booking.asked_at),
            }
            for booking in bookings
        ],
        _("Giao và nhận bộ"): [
            {
                _("Mã phiếu"): seen.booking_code,
                _("Việc"): way_word(seen.way),
                _("Lúc"): _time(seen.happened_at),
                _("Người đến quầy"): seen.person,
                _("Cán bộ đã xem CCCD"): seen.saw_id,
                _("Ghi chú"): seen.note,
                _("Số ảnh chụp bộ"): seen.photos,
            }
            for seen in handovers
        ],
        _("Đang chờ chỗ trống"): [
            {_("Buổi"): slot_word(entry.slot_name), _("Ngày"): entry.day.isoformat(), _("Xã"): entry.commune_name}
            for entry in waiting
        ],
        _("Tin nhắn"): [
            {_("Loại"): kind_word(t.kind), _("Lúc"): _time(t.at), _("Đang là"): state_word(t.state), _("Lời"): t.body}
            for t in texts
        ],
        _("Cán bộ đã xem trang của nhà mình"): [
            {_("Cán bộ"): view.staff_name, _("Lúc"): _time(view.at)} for view in views
        ],
    }


def _time(instant: datetime) -> str:
    return to_local(instant).isoformat(timespec="minutes")


@blueprint.get("/erase")
@household_only
def ask_to_erase() -> str:
    return _erase_page()


@blueprint.post("/erase")
@household_only
def erase() -> Any:
    if not erasing.erase(this_household().id, _me(), now=utc_now()):
        return _erase_page(), 409
    logout_user()
    session.clear()
    session["_remember"] = "clear"
    return redirect("/household/erased", 303)


def _erase_page() -> str:
    own, now = _own(), utc_now()
    live = [shown_view(b, now) for b in bookings_of_household(own.id) if b.status in LIVE]
    return render_template(
        "household/own_data/erase_own.html",
        ahead=[b for b in live if b["status"] != "out"],
        has_kit=any(b["status"] == "out" for b in live),
        office=_office(own),
    )


@blueprint.get("/erased")
def erased() -> str:
    return render_template("household/own_data/erased.html")


def _own() -> ShownHousehold:
    return find_registered(this_household().id) or abort(404)


def _office(own: ShownHousehold) -> Office:
    return Office(_("xã %(name)s", name=own.commune_name), own.office_phone)


def _me() -> Actor:
    return Actor(household_id=this_household().id)
