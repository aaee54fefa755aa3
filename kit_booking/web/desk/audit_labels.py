"""What stands in the audit list, in plain words: every action that exists, and something for those to come."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kit_booking.domain.hours import Span
from kit_booking.services.audit import Entry
from kit_booking.web.desk.settings.labels import told_again
from kit_booking.web.frame.formats import day, role_word, span_word
from kit_booking.web.frame.labels import kind_word, slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext

ACTIONS: dict[str, Any] = {
    "requested": lazy_gettext("Đăng ký mượn"),
    "approved": lazy_gettext("Duyệt phiếu"),
    "declined": lazy_gettext("Không duyệt phiếu"),
    "cancelled": lazy_gettext("Hủy phiếu"),
    "lapsed": lazy_gettext("Phiếu quá hạn, chưa được duyệt"),
    "changed": lazy_gettext("Đổi buổi, bộ hoặc nơi nhận"),
    "out": lazy_gettext("Giao bộ"),
    "returned": lazy_gettext("Nhận lại bộ"),
    "no_show": lazy_gettext("Ghi là không đến nhận"),
    "offered": lazy_gettext("Dành chỗ trống cho hộ đang chờ"),
    "refused": lazy_gettext("Hộ không nhận chỗ trống"),
    "waits": lazy_gettext("Ghi tên chờ chỗ trống"),
    "waits_no_more": lazy_gettext("Thôi chờ chỗ trống"),
    "waiting_over": lazy_gettext("Hết lượt chờ chỗ trống"),
    "put_forward": lazy_gettext("Đưa lên đầu danh sách chờ"),
    "registered": lazy_gettext("Hộ mới, đồng ý cho giữ thông tin"),
    "corrected": lazy_gettext("Sửa thông tin của hộ"),
    "number_changed": lazy_gettext("Đổi số điện thoại của hộ"),
    "joined": lazy_gettext("Gộp hai hộ trùng nhau"),
    "joined_away": lazy_gettext("Hộ này đã gộp vào hộ khác"),
    "viewed": lazy_gettext("Xem thông tin của hộ"),
    "pause_lifted": lazy_gettext("Cho hộ đăng ký lại"),
    "texts_stopped": lazy_gettext("Hộ thôi nhận tin nhắn"),
    "texts_wanted": lazy_gettext("Hộ nhận tin nhắn lại"),
    "paper_taken_over": lazy_gettext("Nhập sổ giấy"),
    "text_resent": lazy_gettext("Gửi lại tin nhắn"),
    "phoned": lazy_gettext("Đã gọi điện cho hộ"),
    "closed": lazy_gettext("Ghi lịch nghỉ"),
    "closure_changed": lazy_gettext("Sửa lịch nghỉ"),
    "closure_ended": lazy_gettext("Bỏ lịch nghỉ"),
    "kit_usable": lazy_gettext("Bộ dùng lại được"),
    "kit_unusable": lazy_gettext("Bộ hỏng, chưa dùng được"),
    "settings_changed": lazy_gettext("Sửa thiết lập của xã"),
    "commune_added": lazy_gettext("Thêm xã"),
    "commune_changed": lazy_gettext("Sửa thông tin xã"),
    "place_added": lazy_gettext("Thêm nơi để bộ"),
    "place_changed": lazy_gettext("Sửa nơi để bộ"),
    "kit_added": lazy_gettext("Thêm bộ"),
    "kit_changed": lazy_gettext("Sửa bộ"),
    "kit_moved": lazy_gettext("Chuyển bộ đến nơi khác"),
    "staff_added": lazy_gettext("Thêm tài khoản cán bộ"),
    "staff_changed": lazy_gettext("Sửa tài khoản cán bộ"),
    "staff_disabled": lazy_gettext("Khóa tài khoản cán bộ"),
    "staff_enabled": lazy_gettext("Mở lại tài khoản cán bộ"),
    "staff_password": lazy_gettext("Đặt lại mật khẩu cán bộ"),
    "role_added": lazy_gettext("Thêm vai trò cho cán bộ"),
    "role_removed": lazy_gettext("Bỏ vai trò của cán bộ"),
    "calendar_added": lazy_gettext("Thêm lịch trên điện thoại"),
    "calendar_revoked": lazy_gettext("Bỏ lịch trên điện thoại"),
    "demo_filled": lazy_gettext("Tạo dữ liệu bản thử"),
}

BY_ITSELF = frozenset({"waiting_over"})
"""Happens to a household in the course of time: nobody did it."""

_NUMBER = re.compile(r"\+?\d(?:[ .]?\d){7,}")
_DAY = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_ROLE = re.compile(r"\b(clerk|leader|operator)\b")


@dataclass(frozen=True)
class Line:
    """An entry of the list as it is read."""

    what: str
    by: str
    whom: str
    """The household that somebody else did it to."""
    detail: str


def line_of(entry: Entry) -> Line:
    if entry.staff_name:
        by = _("cán bộ %(name)s", name=entry.staff_name)
    elif entry.household_name and entry.action not in BY_ITSELF:
        by = _("nhà %(name)s", name=entry.household_name)
    else:
        by = _("tự động")
    whom = entry.household_name if entry.staff_name or entry.action in BY_ITSELF else ""
    return Line(action_word(entry.action), by, whom, _detail(entry))


def action_word(action: str) -> str:
    """What was done; an action that nobody gave words to yet is told by its own name."""
    return str(ACTIONS[action]) if action in ACTIONS else _("Việc khác: %(name)s", name=action.replace("_", " "))


def _detail(entry: Entry) -> str:
    if entry.action == "settings_changed" and (told := told_again(entry.detail)):
        return _("%(what)s: từ %(old)s thành %(new)s", what=told.what.rstrip("?"), old=told.old, new=told.new)
    detail = entry.detail
    if entry.action in _PATTERNS:
        pattern, words_of = _PATTERNS[entry.action]
        if found := pattern.fullmatch(detail):
            detail = words_of(found)
    text = _DAY.sub(_day_word, _NUMBER.sub("•••", detail))
    return _ROLE.sub(lambda found: role_word(found[0]), text) if entry.action.startswith(("staff", "role")) else text


def _day_word(found: re.Match[str]) -> str:
    try:
        return day(date(int(found[1]), int(found[2]), int(found[3])))
    except ValueError:
        return found[0]


def _closed_words(found: re.Match[str]) -> str:
    try:
        times = span_word(Span(datetime.fromisoformat(found[2]), datetime.fromisoformat(found[3])))
    except ValueError:
        return found[0]
    kit = _("cả xã") if found[1] == "*" else found[1]
    return " · ".join(filter(None, (kit, times, found[4])))


def _consent_words(found: re.Match[str]) -> str:
    if found[2] == ", spoken":
        return _("bản %(version)s, cán bộ đọc cho hộ nghe", version=found[1])
    if found[2] == ", paper":
        return _("bản %(version)s, theo sổ giấy", version=found[1])
    return _("bản %(version)s", version=found[1])


def _corrected_words(found: re.Match[str]) -> str:
    words = {"name": _("tên"), "village": _("thôn"), "craft": _("nghề")}
    return ", ".join(words[part] for part in found[0].split(", "))


def _paper_words(found: re.Match[str]) -> str:
    added = _("thêm %(households)s hộ, %(bookings)s phiếu", households=found[1], bookings=found[2])
    return f"{added}. {found[3]}" if found[3] else added


def _kind_words(found: re.Match[str]) -> str:
    try:
        return kind_word(found[0])
    except ValueError:
        return found[0]


_CONSENT = re.compile(r"(\d{4}-\d\d)(, spoken|, paper)?")
_CLOSED = re.compile(r"(\S+) (\S+Z)/(\S+Z) ?(.*)", re.DOTALL)
_WAITS = re.compile(r"(.+?)( \d{4}-\d\d-\d\d.*)", re.DOTALL)
_ANY = re.compile(r"\w+")

_PATTERNS: dict[str, tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = {
    "registered": (_CONSENT, _consent_words),
    "corrected": (re.compile(r"(?:name|village|craft)(?:, (?:name|village|craft))*"), _corrected_words),
    "paper_taken_over": (re.compile(r"(\d+) households, (\d+) bookings\. ?(.*)", re.DOTALL), _paper_words),
    "joined": (re.compile(r"household (\d+)"), lambda found: _("hộ số %(number)s", number=found[1])),
    "joined_away": (re.compile(r"household (\d+)"), lambda found: _("hộ số %(number)s", number=found[1])),
    "demo_filled": (re.compile(r"(\d+) kits"), lambda found: _("%(number)s bộ", number=found[1])),
    "text_resent": (_ANY, _kind_words),
    "phoned": (_ANY, _kind_words),
    **dict.fromkeys(("closed", "closure_changed", "closure_ended"), (_CLOSED, _closed_words)),
    **dict.fromkeys(
        ("waits", "waits_no_more", "waiting_over", "put_forward"),
        (_WAITS, lambda found: f"{slot_word(found[1])}{found[2]}"),
    ),
}
"""How the services write the details of an action that hold more than names, and the words for it; what looks
different is shown as it is."""
