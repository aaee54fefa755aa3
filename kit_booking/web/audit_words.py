"""What stands in the audit list, in plain words: every action that exists, and something for those to come."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from kit_booking.services.audit import Entry
from kit_booking.web.formats import day, role_word
from kit_booking.web.settings_words import told_again

ACTIONS: dict[str, Any] = {
    "requested": lazy("Đăng ký mượn"),
    "approved": lazy("Duyệt phiếu"),
    "declined": lazy("Không duyệt phiếu"),
    "cancelled": lazy("Hủy phiếu"),
    "lapsed": lazy("Phiếu quá hạn, chưa được duyệt"),
    "changed": lazy("Đổi buổi, bộ hoặc nơi nhận"),
    "out": lazy("Giao bộ"),
    "returned": lazy("Nhận lại bộ"),
    "no_show": lazy("Ghi là không đến nhận"),
    "offered": lazy("Dành chỗ trống cho hộ đang chờ"),
    "refused": lazy("Hộ không nhận chỗ trống"),
    "waits": lazy("Ghi tên chờ chỗ trống"),
    "waits_no_more": lazy("Thôi chờ chỗ trống"),
    "put_forward": lazy("Đưa lên đầu danh sách chờ"),
    "registered": lazy("Hộ mới, đồng ý cho giữ thông tin"),
    "corrected": lazy("Sửa thông tin của hộ"),
    "number_changed": lazy("Đổi số điện thoại của hộ"),
    "joined": lazy("Gộp hai hộ trùng nhau"),
    "joined_away": lazy("Hộ này đã gộp vào hộ khác"),
    "viewed": lazy("Xem thông tin của hộ"),
    "pause_lifted": lazy("Cho hộ đăng ký lại"),
    "texts_stopped": lazy("Hộ thôi nhận tin nhắn"),
    "text_resent": lazy("Gửi lại tin nhắn"),
    "phoned": lazy("Đã gọi điện cho hộ"),
    "closed": lazy("Ghi lịch nghỉ"),
    "closure_changed": lazy("Sửa lịch nghỉ"),
    "closure_ended": lazy("Bỏ lịch nghỉ"),
    "kit_usable": lazy("Bộ dùng lại được"),
    "kit_unusable": lazy("Bộ hỏng, chưa dùng được"),
    "settings_changed": lazy("Sửa thiết lập của xã"),
    "commune_added": lazy("Thêm xã"),
    "commune_changed": lazy("Sửa thông tin xã"),
    "place_added": lazy("Thêm nơi để bộ"),
    "place_changed": lazy("Sửa nơi để bộ"),
    "kit_added": lazy("Thêm bộ"),
    "kit_changed": lazy("Sửa bộ"),
    "kit_moved": lazy("Chuyển bộ đến nơi khác"),
    "staff_added": lazy("Thêm tài khoản cán bộ"),
    "staff_changed": lazy("Sửa tài khoản cán bộ"),
    "staff_disabled": lazy("Khóa tài khoản cán bộ"),
    "staff_enabled": lazy("Mở lại tài khoản cán bộ"),
    "staff_password": lazy("Đặt lại mật khẩu cán bộ"),
    "role_added": lazy("Thêm vai trò cho cán bộ"),
    "role_removed": lazy("Bỏ vai trò của cán bộ"),
    "calendar_added": lazy("Thêm lịch trên điện thoại"),
    "calendar_revoked": lazy("Bỏ lịch trên điện thoại"),
    "demo_filled": lazy("Tạo dữ liệu bản thử"),
}

_NUMBER = re.compile(r"\+?\d(?:[ .]?\d){7,}")
_DAY = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_ROLE = re.compile(r"\b(clerk|leader|operator)\b")


@dataclass(frozen=True)
class Line:
    """An entry of the list as it is read."""

    what: str
    by: str
    whom: str
    """The household that staff did it to."""
    detail: str


def line_of(entry: Entry) -> Line:
    if entry.staff_name:
        by = _("cán bộ %(name)s", name=entry.staff_name)
    elif entry.household_name:
        by = _("nhà %(name)s", name=entry.household_name)
    else:
        by = _("tự động")
    return Line(action_word(entry.action), by, entry.household_name if entry.staff_name else "", _detail(entry))


def action_word(action: str) -> str:
    """What was done; an action that nobody gave words to yet is told by its own name."""
    return str(ACTIONS[action]) if action in ACTIONS else _("Việc khác: %(name)s", name=action.replace("_", " "))


def _detail(entry: Entry) -> str:
    if entry.action == "settings_changed" and (told := told_again(entry.detail)):
        return _("%(what)s: từ %(old)s thành %(new)s", what=told.what.rstrip("?"), old=told.old, new=told.new)
    text = _DAY.sub(_day_word, _NUMBER.sub("•••", entry.detail))
    return _ROLE.sub(lambda found: role_word(found[0]), text) if entry.action.startswith(("staff", "role")) else text


def _day_word(found: re.Match[str]) -> str:
    try:
        return day(date(int(found[1]), int(found[2]), int(found[3])))
    except ValueError:
        return found[0]
