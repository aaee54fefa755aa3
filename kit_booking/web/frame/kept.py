"""What was typed into a form that could not be taken, so that nobody has to remember it."""

from flask import request, session

from kit_booking.domain.policy import NUMBERS
from kit_booking.web.frame.language import lazy_gettext

KEPT = {
    "phone": lazy_gettext("Số điện thoại di động"),
    "name": lazy_gettext("Tên chủ hộ"),
    "known_name": lazy_gettext("Tên nhà mình đã ghi trước đây"),
    "village": lazy_gettext("Thôn, làng"),
    "craft": lazy_gettext("Nghề"),
    "sells": lazy_gettext("Nhà mình bán"),
    "streams_on": lazy_gettext("Phát ở"),
    "reason": lazy_gettext("Lý do"),
    "person": lazy_gettext("Người đến quầy"),
    "note": lazy_gettext("Ghi chú"),
    "from_day": lazy_gettext("Nghỉ từ ngày"),
    "until_day": lazy_gettext("Đến ngày"),
    "username": lazy_gettext("Tên đăng nhập"),
    "address": lazy_gettext("Địa chỉ"),
    "keeper": lazy_gettext("Người giữ bộ"),
    "villages": lazy_gettext("Thôn, làng và nghề ở quanh đây"),
    **{name: lazy_gettext(number.label) for name, number in NUMBERS.items()},
}
"""The fields whose values are shown again; no passwords or codes."""
MOST_LETTERS = 300
"""Of each value; all of it has to fit into a cookie."""


def kept_of_form() -> list[tuple[str, str]]:
    """The labels and values of what was typed."""
    return [(str(label), request.form[name]) for name, label in KEPT.items() if request.form.get(name, "").strip()]


def keep_for(reader: str) -> None:
    """Keep what was typed for when this member of staff, whose sign-in has ended, has signed in again.

    Not for households, who stay signed in for months: their pages are kept for everybody, and can't show it.
    """
    typed = [(label, value[:MOST_LETTERS]) for label, value in kept_of_form()][:8]
    if typed and reader.startswith("staff."):
        session["typed"] = [reader, typed]


def take_kept(reader: str) -> list[list[str]]:
    """What was kept for this reader, once; what somebody else typed is forgotten."""
    whose, typed = session.pop("typed", ("", []))
    return list(typed) if whose == reader else []
