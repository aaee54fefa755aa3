"""How days, times, phone numbers and statuses are written on screen: the filters of the templates.

Vietnamese has patterns of its own here, because the common ones (CLDR) put the time before the date and
write "Th 7" where everybody in Vietnam writes "T7". English comes from Babel.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from babel.dates import format_date, format_timedelta
from flask import Flask, has_request_context, request
from flask_babel import get_locale
from lunar_vn import solar_to_lunar

from kit_booking.clock import utc_now
from kit_booking.domain import phone
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import WEEKDAYS
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local, local_day, to_local
from kit_booking.web.frame.language import lazy_gettext as _

_lunar_date_of = lru_cache(maxsize=512)(solar_to_lunar)

_WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")

_STATUSES = {
    Status.REQUESTED: _("Chờ duyệt"),
    Status.OFFERED: _("Có chỗ trống"),
    Status.APPROVED: _("Đã duyệt – được mượn"),
    Status.DECLINED: _("Không duyệt"),
    Status.CANCELLED: _("Đã hủy"),
    Status.LAPSED: _("Quá hạn, chưa được duyệt"),
    Status.REFUSED: _("Không nhận chỗ"),
    Status.OUT: _("Đang mượn"),
    Status.RETURNED: _("Đã trả"),
    Status.NO_SHOW: _("Không đến nhận"),
}

_ROLES = {
    "clerk": _("Cán bộ xã"),
    "leader": _("Lãnh đạo xã"),
    "operator": _("Người vận hành"),
}


def init_app(app: Flask) -> None:
    """Give every template these functions as filters."""
    filters = app.jinja_env.filters
    filters |= {f.__name__: f for f in (day, long_day, weekday, clock, hours, moment, lunar, ago, time_left)}
    filters |= {"span": span_word, "status": status_word, "role": role_word}
    filters |= {"phone": phone.national, "masked": phone.masked}


def day(value: date | datetime, now: datetime | None = None) -> str:
    """``T7 05/12``; with the year if it is not that of ``now``, which staff pages need not give."""
    return _dated(weekday(value), value, now)


def long_day(value: date | datetime, now: datetime | None = None) -> str:
    """``Thứ Bảy 05/12``; the year as in `day`."""
    on = _local_date(value)
    name = format_date(on, "EEEE", locale=_locale()) if _is_english() else _WEEKDAYS[on.weekday()]
    return _dated(name, on, now)


def weekday(value: date | datetime) -> str:
    """``T2`` to ``T7`` and ``CN``; English ``Mon`` to ``Sun``."""
    on = _local_date(value)
    return format_date(on, "EEE", locale=_locale()) if _is_english() else WEEKDAYS[on.weekday()]


def clock(value: datetime | time) -> str:
    """``17h`` or ``7h30``, on Vietnam's clocks; English ``17:00`` and ``7:30``."""
    at = _local_time(value)
    if _is_english():
        return f"{at.hour}:{at:%M}"
    return f"{at.hour}h{at:%M}" if at.minute else f"{at.hour}h"


def hours(pair: tuple[datetime | time, datetime | time]) -> str:
    """``19–22h`` or ``11h30–13h``: from when until when; English ``19:00–22:00``."""
    start, end = _local_time(pair[0]), _local_time(pair[1])
    if _is_english() or start.minute or end.minute:
        return f"{clock(start)}–{clock(end)}"
    return f"{start.hour}–{end.hour}h"


def moment(value: datetime, now: datetime | None = None) -> str:
    """``17h T7 05/12``: a time of day and its day."""
    return f"{clock(value)} {day(value, now)}"


def span_word(span: Span) -> str:
    """``cả ngày T7 05/12``, ``T7 05/12 – CN 06/12``, or with the times of day where they are not midnight.

    An end at midnight is the end of its last day: ``7h40 T7 05/12 – hết CN 06/12``.
    """
    first, last = local_day(span.from_at), local_day(span.until_at - timedelta(minutes=1))
    ends_with_day = local(last + timedelta(days=1), time()) == span.until_at
    if local(first, time()) == span.from_at and ends_with_day:
        return str(_("cả ngày %(day)s") % {"day": day(first)}) if first == last else f"{day(first)} – {day(last)}"
    if first == last and not ends_with_day:
        return f"{clock(span.from_at)}–{clock(span.until_at)} {day(first)}"
    start = clock(span.from_at) if first == last else moment(span.from_at)
    end = str(_("hết %(day)s")) % {"day": day(last)} if ends_with_day else moment(span.until_at)
    return f"{start} – {end}"


def lunar(value: date | datetime) -> str:
    """``27/10 âl``: day and month of the Vietnamese lunar calendar; a leap month says so."""
    on = _lunar_date_of(_local_date(value))
    pattern = _("%(day)s/%(month)s nhuận âl") if on.leap else _("%(day)s/%(month)s âl")
    return str(pattern) % {"day": on.day, "month": on.month}


def ago(value: datetime, now: datetime) -> str:
    """``3 giờ trước`` or ``sau 2 ngày nữa``: how far an instant is from now."""
    return format_timedelta(value - now, add_direction=True, locale=_locale())


def time_left(value: datetime, now: datetime) -> str:
    """``còn 3 giờ`` until an instant, or ``quá 3 giờ`` since it; within its first minute ``vừa đến giờ``."""
    if timedelta() <= now - value < timedelta(minutes=1):
        return str(_("vừa đến giờ"))
    how_long = format_timedelta(value - now, threshold=1, locale=_locale())
    pattern = _("quá %(how_long)s") if value < now else _("còn %(how_long)s")
    return str(pattern) % {"how_long": how_long}


def status_word(status: Status) -> str:
    """The status of a booking in the reader's language."""
    return str(_STATUSES[status])


def short_name(name: str) -> str:
    """``P.Thảo``: the last word of a name after the initial of the one before, for narrow cells.

    Without the initial where that word says only that it is a woman's or a man's name.
    """
    *_others, before, last = ["Thị", *name.split()]
    return last if before in ("Thị", "Văn") else f"{before[0]}.{last}"


def role_word(role: str) -> str:
    """The role ``clerk``, ``leader`` or ``operator`` in the reader's language."""
    return str(_ROLES[role])


def _dated(name: str, value: date | datetime, now: datetime | None) -> str:
    on = _local_date(value)
    if now is None and has_request_context() and request.path.startswith("/staff"):
        now = utc_now()
    is_this_year = now is None or local_day(now).year == on.year
    return f"{name} {on:%d/%m}" if is_this_year else f"{name} {on:%d/%m/%Y}"


def _local_date(value: date | datetime) -> date:
    return local_day(value) if isinstance(value, datetime) else value


def _local_time(value: datetime | time) -> time:
    return to_local(value).time() if isinstance(value, datetime) else value


def _locale() -> str:
    """The reader's language; outside of a request Vietnamese."""
    return str(get_locale() or "vi")


def _is_english() -> bool:
    return _locale() == "en"
