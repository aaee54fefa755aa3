"""What a commune's settings are called, and how their values and changes are told, in plain words."""

import re
from dataclasses import dataclass, fields
from datetime import date, time
from typing import Any

from kit_booking.domain.policy import Policy
from kit_booking.domain.settings import Difference, Problem, Trouble
from kit_booking.web.frame.formats import clock, day, hours, weekday
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext, ngettext


@dataclass(frozen=True)
class Number:
    """One field of `Policy` on screen: its question, what it counts, and what it does."""

    label: Any
    counts: str
    """days, hours, minutes, sessions, bookings, times, places, clock or yes."""
    hint: Any = ""


NUMBERS = {
    "window_days": Number(
        lazy_gettext("Cho đăng ký trước bao nhiêu ngày?"),
        "days",
        lazy_gettext("Bà con thấy hôm nay và chừng ấy ngày tới."),
    ),
    "day_opens": Number(
        lazy_gettext("Ngày mới mở lúc mấy giờ?"), "clock", lazy_gettext("Mở ban ngày thì không ai phải thức chờ.")
    ),
    "lead_minutes": Number(
        lazy_gettext("Ngừng nhận đăng ký trước giờ nhận bộ bao nhiêu phút?"),
        "minutes",
        lazy_gettext("120 phút là 2 giờ."),
    ),
    "open_to_others": Number(lazy_gettext("Cho hộ của xã khác mượn"), "yes"),
    "handover_minutes": Number(
        lazy_gettext("Nhận bộ trước khi live, trả bộ sau khi live bao nhiêu phút?"),
        "minutes",
        lazy_gettext("Giờ nhận và giờ trả được tính từ đây và từ giờ giao bộ của nơi để bộ."),
    ),
    "no_show_minutes": Number(
        lazy_gettext("Quá giờ nhận bao nhiêu phút thì hỏi cán bộ xem hộ có đến không?"), "minutes"
    ),
    "answer_office_hours": Number(
        lazy_gettext("Duyệt phiếu trong bao nhiêu giờ làm việc?"),
        "hours",
        lazy_gettext("Chỉ tính giờ làm việc của xã; chậm nhất là 1 giờ trước giờ nhận bộ."),
    ),
    "approve_on_silence": Number(
        lazy_gettext("Quá hạn mà xã chưa trả lời thì coi như duyệt"),
        "yes",
        lazy_gettext("Không chọn thì phiếu hết hạn, hộ được nhắn lời xin lỗi."),
    ),
    "sms_budget": Number(
        lazy_gettext("Mỗi tháng định tiêu bao nhiêu đồng cho tin nhắn?"),
        "dong",
        lazy_gettext("Sắp hết thì trang Tin nhắn báo trước. Ghi 0 là không đặt mức."),
    ),
    "keep_days": Number(
        lazy_gettext("Lâu không mượn thì sau bao nhiêu ngày xóa tên và số của hộ?"),
        "days",
        lazy_gettext("Máy tự xóa tên, số điện thoại và thôn; số buổi đã mượn còn lại để thống kê."),
    ),
    "most_ahead": Number(lazy_gettext("Mỗi hộ được có nhiều nhất bao nhiêu phiếu sắp tới?"), "bookings"),
    "most_a_week": Number(lazy_gettext("Mỗi hộ được mượn nhiều nhất bao nhiêu buổi một tuần?"), "sessions"),
    "late_cancel_hours": Number(
        lazy_gettext("Hủy trước giờ nhận chưa đến bao nhiêu giờ thì bị ghi là hủy muộn?"), "hours"
    ),
    "strikes": Number(lazy_gettext("Bao nhiêu lần hủy muộn hoặc không đến nhận thì tạm nghỉ đăng ký?"), "times"),
    "strike_days": Number(lazy_gettext("Các lần đó tính trong bao nhiêu ngày?"), "days"),
    "pause_days": Number(
        lazy_gettext("Tạm nghỉ đăng ký bao nhiêu ngày?"), "days", lazy_gettext("Phiếu đã được duyệt vẫn giữ.")
    ),
    "offer_hours": Number(
        lazy_gettext("Có chỗ trống thì giữ cho hộ đang chờ bao nhiêu giờ?"),
        "hours",
        lazy_gettext("Không tính giờ đêm."),
    ),
    "most_waiting": Number(lazy_gettext("Mỗi hộ được chờ nhiều nhất bao nhiêu chỗ một lúc?"), "places"),
    "day_reminder": Number(lazy_gettext("Nhắn nhắc hộ vào mấy giờ của ngày hôm trước?"), "clock"),
    "soon_reminder_minutes": Number(
        lazy_gettext("Nhắn nhắc lần nữa trước giờ nhận bao nhiêu phút?"),
        "minutes",
        lazy_gettext("120 phút là 2 giờ."),
    ),
    "quiet_from": Number(
        lazy_gettext("Buổi tối ngừng nhắn tin từ mấy giờ?"),
        "clock",
        lazy_gettext("Mã đăng nhập và tin gấp về buổi sắp đến vẫn gửi."),
    ),
    "quiet_until": Number(lazy_gettext("Buổi sáng nhắn tin lại từ mấy giờ?"), "clock"),
}
"""Every number a commune may change; a test says when one is missing."""


@dataclass(frozen=True)
class Section:
    title: Any
    about: Any
    numbers: tuple[str, ...] = ()


SECTIONS = {
    "plan": Section(lazy_gettext("Các buổi trong ngày"), lazy_gettext("Tên buổi, giờ live và ngày trong tuần.")),
    "office": Section(
        lazy_gettext("Văn phòng xã"), lazy_gettext("Số điện thoại bà con gọi, và giờ làm việc để duyệt phiếu.")
    ),
    "asking": Section(
        lazy_gettext("Đăng ký"),
        lazy_gettext("Bà con đăng ký được trước bao lâu, và ai được đăng ký."),
        ("window_days", "day_opens", "lead_minutes", "open_to_others"),
    ),
    "answering": Section(
        lazy_gettext("Duyệt phiếu"),
        lazy_gettext("Xã trả lời trong bao lâu, và nếu chưa kịp thì sao."),
        ("answer_office_hours", "approve_on_silence"),
    ),
    "handover": Section(
        lazy_gettext("Giao và nhận bộ"),
        lazy_gettext("Nhận sớm, trả muộn bao lâu."),
        ("handover_minutes", "no_show_minutes"),
    ),
    "fairness": Section(
        lazy_gettext("Chia đều cho các hộ"),
        lazy_gettext("Mỗi hộ được mượn bao nhiêu, và hủy muộn thì sao."),
        ("most_ahead", "most_a_week", "late_cancel_hours", "strikes", "strike_days", "pause_days"),
    ),
    "waiting": Section(
        lazy_gettext("Chờ chỗ trống"),
        lazy_gettext("Khi có nhà trả lại buổi đã kín."),
        ("offer_hours", "most_waiting"),
    ),
    "texts": Section(
        lazy_gettext("Tin nhắn"),
        lazy_gettext("Nhắc lúc nào, và giờ nào để yên cho bà con ngủ."),
        ("day_reminder", "soon_reminder_minutes", "quiet_from", "quiet_until", "sms_budget"),
    ),
    "privacy": Section(
        lazy_gettext("Giữ thông tin của hộ"),
        lazy_gettext("Tên và số điện thoại của hộ được giữ bao lâu."),
        ("keep_days",),
    ),
}

DEFAULTS = {field.name: field.default for field in fields(Policy)}


def number_word(name: str, value: Any) -> str:
    """``14 ngày``, ``1 giờ 30 phút``, ``18h``, ``Có``: a number of a commune with what it counts."""
    match NUMBERS[name].counts:
        case "yes":
            return _("Có") if value else _("Không")
        case "clock":
            return clock(value)
        case "minutes":
            return _minutes(value)
        case "dong":
            return _("%(amount)s đ", amount=f"{value:,}".replace(",", "."))
        case counts:
            return _counted(counts, value)


def _minutes(value: int) -> str:
    hours_, minutes = divmod(value, 60)
    parts = [ngettext("%(num)d giờ", "%(num)d giờ", hours_)] if hours_ else []
    if minutes or not hours_:
        parts.append(ngettext("%(num)d phút", "%(num)d phút", minutes))
    return " ".join(parts)


def _counted(counts: str, value: int) -> str:
    match counts:
        case "days":
            return str(ngettext("%(num)d ngày", "%(num)d ngày", value))
        case "hours":
            return str(ngettext("%(num)d giờ", "%(num)d giờ", value))
        case "sessions":
            return str(ngettext("%(num)d buổi", "%(num)d buổi", value))
        case "bookings":
            return str(ngettext("%(num)d phiếu", "%(num)d phiếu", value))
        case "times":
            return str(ngettext("%(num)d lần", "%(num)d lần", value))
        case _:
            return str(ngettext("%(num)d chỗ", "%(num)d chỗ", value))


def weekdays_word(weekdays: Any) -> str:
    """``cả tuần``, ``T2–T6``, ``T7, CN``: some weekdays, Monday is 0."""
    chosen = sorted(weekdays)
    if len(chosen) == 7:
        return _("cả tuần")
    runs: list[list[int]] = []
    for one in chosen:
        if runs and runs[-1][-1] == one - 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return ", ".join(
        f"{weekday_word(run[0])}–{weekday_word(run[-1])}"
        if len(run) > 2
        else ", ".join(weekday_word(one) for one in run)
        for run in runs
    )


def weekday_word(number: int) -> str:
    return weekday(date(2024, 1, 1 + number))  # That January began on a Monday.


@dataclass(frozen=True)
class Told:
    """A change in words: what, from what, to what."""

    what: str
    old: str
    new: str


_LINE = re.compile(r"(?P<name>.*) (?P<from>\d\d:\d\d)-(?P<until>\d\d:\d\d) (?P<days>[0-6]+)")
_WRITTEN = re.compile(r"(?P<key>[\w.-]+)(?: @(?P<at>.*?))?: (?P<old>.*?) → (?P<new>.*)")


def told(difference: Difference) -> Told:
    head, _sign, rest = difference.key.partition(".")
    match head:
        case "phone":
            what, word = _("Điện thoại của xã"), _same
        case "office":
            what, word = _("Giờ làm việc %(day)s", day=weekday_word(int(rest))), _hours_word
        case "handover":
            what = _("Giờ giao bộ %(day)s ở %(place)s", day=weekday_word(int(rest)), place=difference.at)
            word = _hours_word
        case "keeper":
            what, word = _("Người giữ bộ ở %(place)s", place=difference.at), _same
        case "keeper_phone":
            what, word = _("Điện thoại người giữ bộ ở %(place)s", place=difference.at), _same
        case "plan":
            found = _LINE.fullmatch(difference.new or difference.old)
            name = slot_word(found["name"]) if found else rest
            since = day(date.fromisoformat(rest[:10]))
            what, word = _("Buổi %(name)s, từ %(day)s", name=name, day=since), line_word
        case _ if head in NUMBERS:
            return Told(str(NUMBERS[head].label), *(_read(head, value) for value in (difference.old, difference.new)))
        case _:
            what, word = difference.key, _same
    return Told(what, word(difference.old), word(difference.new))


def told_again(written: str) -> Told | None:
    """The change that an audit line tells of, as `Difference` wrote it; None when it is another text."""
    found = _WRITTEN.fullmatch(written)
    if found is None:
        return None
    try:
        return told(Difference(found["key"], found["old"], found["new"], found["at"] or ""))
    except ValueError:  # Cut, or from another time.
        return None


def _read(name: str, value: str) -> str:
    match NUMBERS[name].counts:
        case "yes":
            return number_word(name, value == "True")
        case "clock":
            return number_word(name, time.fromisoformat(value))
        case _:
            return number_word(name, int(value))


def _same(value: str) -> str:
    return value or _("chưa có")


def _hours_word(value: str) -> str:
    if not value:
        return _("nghỉ")
    opens, closes = value.split("-")
    return hours((time.fromisoformat(opens), time.fromisoformat(closes)))


def line_word(value: str) -> str:
    """``19–22h, cả tuần``: a line of a plan as `Difference` has it, without its name."""
    found = _LINE.fullmatch(value)
    if found is None:
        return _("không có")
    on_air = hours((time.fromisoformat(found["from"]), time.fromisoformat(found["until"])))
    return f"{on_air}, {weekdays_word(int(one) for one in found['days'])}"


def trouble_text(trouble: Trouble) -> str:
    """One sentence that says what does not fit and what to do."""
    name, other = (*trouble.names, "", "")[:2]
    match trouble.problem:
        case Problem.REMINDER_IN_QUIET:
            return _("Giờ nhắc hôm trước đang nằm trong giờ đêm không nhắn tin. Chọn giờ khác cho một trong hai.")
        case Problem.NEVER_OPEN:
            return _("Xã cần có ít nhất một ngày làm việc thì mới duyệt được phiếu.")
        case Problem.NO_SLOT:
            return _("Cần ít nhất một buổi.")
        case Problem.SAME_NAME:
            return _("Có hai buổi cùng tên “%(name)s”. Đặt tên khác nhau để bà con khỏi nhầm.", name=name)
        case Problem.NO_WEEKDAY:
            return _("Buổi “%(name)s” chưa chọn ngày nào trong tuần.", name=name)
        case Problem.SHORT:
            return _("Buổi “%(name)s” ngắn quá, cần ít nhất 30 phút.", name=name)
        case Problem.LONG:
            return _("Buổi “%(name)s” dài quá, nhiều nhất 12 giờ.", name=name)
        case Problem.OVERLAP:
            return _("Buổi “%(name)s” và buổi “%(other)s” trùng giờ nhau.", name=name, other=other)
        case Problem.BEGAN:
            return _("Ngày bắt đầu phải từ hôm nay trở đi; các ngày đã qua giữ nguyên.")
        case Problem.TOO_FAR:
            return _("Ngày bắt đầu xa quá, chọn trong vòng một năm tới.")
