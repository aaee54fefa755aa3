"""A household's own data: looking at it, correcting, downloading and erasing it (Law 91/2025)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template
from sqlalchemy import Row

from kit_booking.clock import utc_now
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.status import LIVE
from kit_booking.domain.phone import national
from kit_booking.domain.time.local_time import to_local
from kit_booking.models import Booking, Handover, Household, Message, WaitingEntry
from kit_booking.services.audit import Actor
from kit_booking.services.booking.reading import bookings_of_household, count_bookings, messages_of_household
from kit_booking.services.counter.reading import handovers_of_household
from kit_booking.services.register import erasing, households
from kit_booking.services.timeline.standing import standing_of
from kit_booking.services.waiting.reading import open_entries
from kit_booking.web.frame.formats import status_word
from kit_booking.web.frame.forms import VillageForm
from kit_booking.web.frame.labels import kind_word, slot_word, state_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import household_only, signed_out, this_household

blueprint = Blueprint("own_data", __name__, url_prefix="/household")
EVERYTHING = 100_000
"""More rows than any household has: the download is complete."""


@blueprint.get("")
@household_only
def show() -> str:
    own = this_household()
    return _page(own, VillageForm(obj=own))


@blueprint.post("")
@household_only
def correct() -> Any:
    own, form = this_household(), VillageForm()
    if not form.validate_on_submit():
        return _page(own, form), 422
    village, craft = form.text("village"), form.text("craft")
    households.correct(own.id, _me(), village=village, craft=craft, now=utc_now())
    flash(_("Đã ghi lại thôn và nghề của nhà mình."), "good")
    return redirect("/household", 303)


def _page(own: Household, form: VillageForm) -> str:
    return render_template(
        "household/own_data/own.html",
        household=own,
        form=form,
        views=households.views_of(own.id),
        bookings=count_bookings(own.id),
        office=own.commune,
    )


@blueprint.get("/data.json")
@household_only
def data() -> Response:
    own = this_household()
    copy = copy_of(
        own,
        bookings_of_household(own.id, most=EVERYTHING),
        open_entries(own.id, now=utc_now()),
        messages_of_household(own.id, most=EVERYTHING),
        households.views_of(own.id, most=EVERYTHING),
        handovers_of_household(own.id),
    )
    response = Response(json.dumps(copy, ensure_ascii=False, indent=2), mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="nha-minh.json"'
    return response


def copy_of(
    own: Household,
    bookings: list[Booking],
    waiting: list[WaitingEntry],
    messages: list[Message],
    views: Sequence[Row[Any]],
    handovers: list[Handover],
) -> dict[str, Any]:
    """All that is kept of the household, with keys in the reader's language."""
    return {
        _("Tên chủ hộ"): own.name,
        _("Số di động"): national(own.phone),
        _("Số máy bàn"): national(own.landline),
        _("Nhận tin nhắn"): own.takes_texts,
        _("Thôn, làng"): own.village,
        _("Xã"): own.commune.name,
        _("Nghề"): own.craft,
        _("Nhà mình bán"): own.sells,
        _("Phát ở"): own.streams_on,
        _("Đồng ý"): {
            _("Lúc"): _time(own.consent_at),
            _("Theo bản"): own.consent_version,
            _("Nói với cán bộ"): own.consent_to,
        },
        _("Vào trang lần cuối"): _time(own.signed_in_at) if own.signed_in_at else "",
        _("Phiếu mượn"): [
            {
                _("Mã phiếu"): booking.code,
                _("Buổi"): slot_word(booking.slot_name),
                _("Ngày"): booking.day.isoformat(),
                _("Nhận bộ"): _time(booking.pick_up_at),
                _("Trả bộ"): _time(booking.return_at),
                _("Bộ"): booking.kit.code,
                _("Nơi để bộ"): booking.place.name,
                _("Xã"): booking.commune.name,
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
                _("Mã phiếu"): seen.booking.code,
                _("Việc"): _("Giao") if seen.way == Direction.OUT else _("Nhận lại"),
                _("Lúc"): _time(seen.happened_at),
                _("Người đến quầy"): seen.person,
                _("Cán bộ đã xem CCCD"): seen.saw_id,
                _("Ghi chú"): seen.note,
                _("Số ảnh chụp bộ"): len(seen.photos),
            }
            for seen in handovers
        ],
        _("Đang chờ chỗ trống"): [
            {_("Buổi"): slot_word(entry.slot_name), _("Ngày"): entry.day.isoformat(), _("Xã"): entry.commune.name}
            for entry in waiting
        ],
        _("Tin nhắn"): [
            {
                _("Loại"): kind_word(message.kind),
                _("Lúc"): _time(message.due_at),
                _("Đang là"): state_word(message.state),
                _("Lời"): message.body,
            }
            for message in messages
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
    return signed_out("/household/erased")


def _erase_page() -> str:
    own, now = this_household(), utc_now()
    live = [b for b in bookings_of_household(own.id) if b.status in LIVE]
    return render_template(
        "household/own_data/erase_own.html",
        ahead=[b for b in live if b.status != "out"],
        has_kit=any(b.status == "out" for b in live),
        is_paused=standing_of(own, now=now).standing.pause is not None,
        office=own.commune,
    )


@blueprint.get("/erased")
def erased() -> str:
    return render_template("household/own_data/erased.html")


def _me() -> Actor:
    return Actor(household_id=this_household().id)
