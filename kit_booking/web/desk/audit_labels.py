"""The entries of the audit list as texts: every recorded action has a name and, where needed, a sentence."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from kit_booking.domain.settings import Difference
from kit_booking.domain.time.hours import Span
from kit_booking.web.desk.settings.labels import describe
from kit_booking.web.frame.formats import day, role_word, span_word, status_word
from kit_booking.web.frame.labels import kind_word, slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext

Values = Mapping[str, Any]
"""The details of an entry."""

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
    "undone": lazy_gettext("Hoàn tác việc vừa làm với phiếu"),
    "strike_removed": lazy_gettext("Bỏ một lần lỡ hẹn của hộ"),
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
    "signed_out": lazy_gettext("Thoát khỏi mọi máy"),
    "restored": lazy_gettext("Khôi phục từ bản sao lưu"),
    "pause_lifted": lazy_gettext("Cho hộ đăng ký lại"),
    "texts_stopped": lazy_gettext("Hộ thôi nhận tin nhắn"),
    "texts_wanted": lazy_gettext("Hộ nhận tin nhắn lại"),
    "paper_taken_over": lazy_gettext("Nhập sổ giấy"),
    "paper_taken_back": lazy_gettext("Bỏ lần nhập sổ giấy"),
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
    "number_bad": lazy_gettext("Số của hộ không nhận được tin nhắn"),
    "number_good": lazy_gettext("Số của hộ lại nhận được tin nhắn"),
    "erased": lazy_gettext("Xóa thông tin của hộ theo yêu cầu"),
    "forgotten": lazy_gettext("Tự xóa thông tin của hộ lâu không mượn"),
    "demo_filled": lazy_gettext("Tạo dữ liệu bản thử"),
}

BY_ITSELF = frozenset({"waiting_over", "number_bad", "number_good", "forgotten"})
"""Actions of the system about a household: the household of such an entry is not who acted."""

_NUMBER = re.compile(r"\+?\d(?:[ .]?\d){7,}")
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


@dataclass(frozen=True)
class Line:
    """The texts of an entry."""

    what: str
    by: str
    whom: str
    """The household, unless it acted itself."""
    detail: str


def line_of(entry: Row[Any]) -> Line:
    """The texts of a row of `audit_page`."""
    household = entry.household_name or ""
    if entry.staff_name:
        by = _("cán bộ %(name)s", name=entry.staff_name)
    elif household and entry.action not in BY_ITSELF:
        by = _("nhà %(name)s", name=household)
    else:
        by = _("tự động")
    whom = household if entry.staff_name or entry.action in BY_ITSELF else ""
    action = entry.action
    what = str(ACTIONS[action]) if action in ACTIONS else _("Việc khác: %(name)s", name=action.replace("_", " "))
    return Line(what, by, whom, sentence(action, entry.detail))


def sentence(action: str, values: Values) -> str:
    """The details of an action as text, with telephone numbers masked and days formatted.

    Old entries have no values but a ``text``, which is shown as it is.
    """
    text = str(values.get("text", ""))
    if action == "settings_changed" and "field" in values:
        change = describe(Difference(**values))
        return _("%(what)s: từ %(old)s thành %(new)s", what=change.what.rstrip("?"), old=change.old, new=change.new)
    if values and "text" not in values:
        text = _SENTENCES.get(action, _reason)(values)
    return _DAY.sub(_day_word, _NUMBER.sub("•••", text))


def _day_word(written: re.Match[str]) -> str:
    try:
        return day(date.fromisoformat(written[0]))
    except ValueError:
        return written[0]


def _reason(values: Values) -> str:
    return str(values.get("reason", ""))


def _undone(values: Values) -> str:
    return " → ".join(status_word(values[name]) for name in ("from_status", "status") if name in values)


def _closed(values: Values) -> str:
    times = span_word(Span(datetime.fromisoformat(values["from_at"]), datetime.fromisoformat(values["until_at"])))
    return " · ".join(filter(None, (values.get("kit") or _("cả xã"), times, _reason(values))))


def _consent(values: Values) -> str:
    match values.get("consent_by"):
        case "spoken":
            return _("bản %(version)s, cán bộ đọc cho hộ nghe", version=values["consent"])
        case "paper":
            return _("bản %(version)s, theo sổ giấy", version=values["consent"])
        case _:
            return _("bản %(version)s", version=values["consent"])


def _corrected(values: Values) -> str:
    words = {"name": _("tên"), "village": _("thôn"), "craft": _("nghề")}
    return ", ".join(words[part] for part in values["changed"])


def _paper(values: Values) -> str:
    added = _(
        "thêm %(households)s hộ, %(bookings)s phiếu", households=values["households"], bookings=values["bookings"]
    )
    return f"{added}. {values['reason']}" if "reason" in values else added


def _waiting(values: Values) -> str:
    slot = f"{slot_word(values['slot'])} {values['day']}"
    return f"{slot}: {values['reason']}" if "reason" in values else slot


def _named(values: Values) -> str:
    return f"{values['old_name']} → {values['name']}" if "old_name" in values else str(values["name"])


def _parts(values: Values) -> str:
    parts = ", ".join(f"{name} {before} → {after}" for name, before, after in values["parts"])
    return f"{values['kit']}: {parts}"


def _account(values: Values) -> str:
    renamed = [_named(values)] if "name" in values else []
    return ": ".join([values["username"], *renamed])


def _role(values: Values) -> str:
    return ", ".join(filter(None, (values.get("username"), role_word(values["role"]))))


_SENTENCES: dict[str, Callable[[Values], str]] = {
    "undone": _undone,
    "registered": _consent,
    "corrected": _corrected,
    "texts_stopped": lambda _values: _("nhà mạng báo"),
    "paper_taken_over": _paper,
    "paper_taken_back": lambda values: _(
        "bỏ %(households)s hộ, %(bookings)s phiếu", households=values["households"], bookings=values["bookings"]
    ),
    "demo_filled": lambda values: _("%(number)s bộ", number=values["kits"]),
    "commune_added": "{name}, {province}".format_map,
    "kit_added": "{kit}, {place}".format_map,
    "kit_changed": _parts,
    "kit_moved": "{kit} → {place}".format_map,
    **dict.fromkeys(("joined", "joined_away"), lambda values: _("hộ số %(number)s", number=values["household"])),
    **dict.fromkeys(("text_resent", "phoned"), lambda values: kind_word(values["kind"])),
    **dict.fromkeys(("closed", "closure_changed", "closure_ended"), _closed),
    **dict.fromkeys(("waits", "waits_no_more", "waiting_over", "put_forward"), _waiting),
    **dict.fromkeys(("commune_changed", "place_added", "place_changed"), _named),
    **dict.fromkeys(("staff_changed", "staff_disabled", "staff_enabled", "staff_password"), _account),
    **dict.fromkeys(("staff_added", "role_added", "role_removed"), _role),
}
"""The sentences of the actions whose values are more than a reason."""
