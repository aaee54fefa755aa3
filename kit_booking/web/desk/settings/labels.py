"""Texts of a commune's settings: titles, values, changes, and what does not fit together."""

from collections.abc import Callable, Iterable
from datetime import date, time
from typing import Any, NamedTuple

from kit_booking.domain.policy import NUMBERS, Unit
from kit_booking.domain.settings import Difference, Problem, Trouble
from kit_booking.web.frame.formats import clock, day, hours, weekday
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext, lazy_gettext, ngettext
from kit_booking.web.frame.language import gettext as _

SECTIONS = {
    "plan": (lazy_gettext("Các buổi trong ngày"), lazy_gettext("Tên buổi, giờ live và ngày trong tuần.")),
    "office": (
        lazy_gettext("Văn phòng xã"),
        lazy_gettext("Số điện thoại bà con gọi, và giờ làm việc để duyệt phiếu."),
    ),
    "asking": (lazy_gettext("Đăng ký"), lazy_gettext("Bà con đăng ký được trước bao lâu, và ai được đăng ký.")),
    "answering": (lazy_gettext("Duyệt phiếu"), lazy_gettext("Xã trả lời trong bao lâu, và nếu chưa kịp thì sao.")),
    "handover": (lazy_gettext("Giao và nhận bộ"), lazy_gettext("Nhận sớm, trả muộn bao lâu.")),
    "fairness": (
        lazy_gettext("Chia đều cho các hộ"),
        lazy_gettext("Mỗi hộ được mượn bao nhiêu, và hủy muộn thì sao."),
    ),
    "waiting": (lazy_gettext("Chờ chỗ trống"), lazy_gettext("Khi có nhà trả lại buổi đã kín.")),
    "texts": (lazy_gettext("Tin nhắn"), lazy_gettext("Nhắc lúc nào, và giờ nào để yên cho bà con ngủ.")),
    "privacy": (
        lazy_gettext("Giữ thông tin của hộ"),
        lazy_gettext("Tên và số điện thoại của hộ được giữ bao lâu."),
    ),
}
"""The pages of the settings in their order: the title, and what they are about."""

UNITS: dict[Unit, Callable[[Any], str]] = {
    "bookings": lambda value: ngettext("%(num)d phiếu", value),
    "clock": lambda value: clock(time.fromisoformat(value)),
    "days": lambda value: ngettext("%(num)d ngày", value),
    "dong": lambda value: _("%(amount)s đ", amount=f"{value:,}".replace(",", ".")),
    "hours": lambda value: ngettext("%(num)d giờ", value),
    "minutes": lambda value: _minutes(value),
    "places": lambda value: ngettext("%(num)d chỗ", value),
    "sessions": lambda value: ngettext("%(num)d buổi", value),
    "times": lambda value: ngettext("%(num)d lần", value),
    "yes_no": lambda value: _("Có") if value else _("Không"),
}


def number_text(name: str, value: Any) -> str:
    """``14 ngày``, ``1 giờ 30 phút``, ``18h``, ``Có``: a number with its unit; its value is as in `Policy.stored`."""
    return UNITS[NUMBERS[name].unit](value)


def _minutes(value: int) -> str:
    whole, minutes = divmod(value, 60)
    texts = [ngettext("%(num)d giờ", whole)] if whole else []
    if minutes or not whole:
        texts.append(ngettext("%(num)d phút", minutes))
    return " ".join(texts)


def weekdays_text(weekdays: Iterable[int]) -> str:
    """``cả tuần``, ``T2–T6``, ``T7, CN``: some weekdays, Monday is 0."""
    runs: list[list[int]] = []
    for one in sorted(weekdays):
        if runs and runs[-1][-1] == one - 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    if runs and len(runs[0]) == 7:
        return _("cả tuần")
    names = [[weekday_text(one) for one in run] for run in runs]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(run) for run in names)


def weekday_text(number: int) -> str:
    return weekday(date(2024, 1, 1 + number))  # That January began on a Monday.


def slot_text(slot: dict[str, str] | None) -> str:
    """``19–22h, cả tuần``: a slot of a plan as `stored_slot` has it, without its name."""
    if slot is None:
        return _("không có")
    texts = [hours_text((slot["from"], slot["until"])), weekdays_text(map(int, slot["weekdays"]))]
    if peak := slot.get("peak"):
        texts.append(_("cao điểm") if peak == "1" else _("không cao điểm"))
    return ", ".join(texts)


def hours_text(pair: Any) -> str:
    """``7h30–17h``: two times of day, each ``HH:MM``; a closed day is None."""
    return hours((time.fromisoformat(pair[0]), time.fromisoformat(pair[1]))) if pair else _("nghỉ")


class Change(NamedTuple):
    """A difference as texts: what was changed, its old and its new value."""

    what: str
    old: str
    new: str


def describe(difference: Difference) -> Change:
    """The texts of a difference; a number that no longer exists is called by its name."""
    place, weekday_ = difference.place, weekday_text(difference.weekday or 0)
    text: Callable[[Any], str] = hours_text
    match difference.field:
        case "office":
            what = _("Giờ làm việc %(day)s", day=weekday_)
        case "handover":
            what = _("Giờ giao bộ %(day)s ở %(place)s", day=weekday_, place=place)
        case "plan":
            name, since = (difference.new or difference.old)["name"], date.fromisoformat(difference.since or "")
            what, text = _("Buổi %(name)s, từ %(day)s", name=slot_word(name), day=day(since)), slot_text
        case "phone":
            what, text = _("Điện thoại của xã"), _or_missing
        case "keeper":
            what, text = _("Người giữ bộ ở %(place)s", place=place), _or_missing
        case "keeper_phone":
            what, text = _("Điện thoại người giữ bộ ở %(place)s", place=place), _or_missing
        case name if name in NUMBERS:
            what, text = gettext(NUMBERS[name].label), UNITS[NUMBERS[name].unit]
        case name:
            what, text = name, str
    return Change(what, text(difference.old), text(difference.new))


def _or_missing(value: str | None) -> str:
    return value or _("chưa có")


TROUBLES = {
    Problem.REMINDER_IN_QUIET: lazy_gettext(
        "Giờ nhắc hôm trước đang nằm trong giờ đêm không nhắn tin. Chọn giờ khác cho một trong hai."
    ),
    Problem.NEVER_OPEN: lazy_gettext("Xã cần có ít nhất một ngày làm việc thì mới duyệt được phiếu."),
    Problem.NO_SLOT: lazy_gettext("Cần ít nhất một buổi."),
    Problem.SAME_NAME: lazy_gettext("Có hai buổi cùng tên “%(name)s”. Đặt tên khác nhau để bà con khỏi nhầm."),
    Problem.NO_WEEKDAY: lazy_gettext("Buổi “%(name)s” chưa chọn ngày nào trong tuần."),
    Problem.SHORT: lazy_gettext("Buổi “%(name)s” ngắn quá, cần ít nhất 30 phút."),
    Problem.LONG: lazy_gettext("Buổi “%(name)s” dài quá, nhiều nhất 12 giờ."),
    Problem.OVERLAP: lazy_gettext("Buổi “%(name)s” và buổi “%(other)s” trùng giờ nhau."),
    Problem.BEGAN: lazy_gettext("Ngày bắt đầu phải từ hôm nay trở đi; các ngày đã qua giữ nguyên."),
    Problem.TOO_FAR: lazy_gettext("Ngày bắt đầu xa quá, chọn trong vòng một năm tới."),
}


def trouble_text(trouble: Trouble) -> str:
    """One sentence that says what does not fit and what to do."""
    return str(TROUBLES[trouble.problem]) % dict(zip(("name", "other"), trouble.names, strict=False))
