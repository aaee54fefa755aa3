"""The sentences of the preview: what a change of settings would mean."""

from collections.abc import Callable, Iterable, Iterator

from kit_booking.domain.policy import Affects
from kit_booking.domain.settings import Difference
from kit_booking.services.communes.fortnight import SlotView
from kit_booking.services.settings.effects import Effect
from kit_booking.web.desk.settings.labels import weekdays_text
from kit_booking.web.frame.formats import day, hours, moment
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import ngettext

NAMED = 6
"""At most so many slots are named, and of the others only their number."""
NO_BREAK = "\u2011"
"""U+2011 NON-BREAKING HYPHEN."""


def effect_lines(effect: Effect, changes: list[Difference]) -> list[str]:
    """The sentences that matter for these changes, the most important first."""
    affected = {one for change in changes for one in change.affects}
    return [line for one, lines in LINES.items() if one in affected for line in lines(effect)]


def _timetable(effect: Effect) -> Iterator[str]:
    if slots := effect.vanish:
        yield ngettext(
            "%(num)d buổi đang còn trống sẽ không còn trên lịch: %(slots)s.", len(slots), slots=_named(slots)
        )
    if slots := effect.appear:
        yield ngettext("%(num)d buổi trống sẽ hiện thêm trên lịch: %(slots)s.", len(slots), slots=_named(slots))
    if not (effect.vanish or effect.appear):
        yield _("Các buổi đang còn trống trên lịch không đổi.")
    before, after = effect.a_week
    if before != after:
        yield _(
            "Tính từ %(day)s, mỗi tuần có %(after)d buổi cho mượn (hiện nay %(before)d).",
            day=day(effect.first),
            after=after,
            before=before,
        )
    for missing in effect.not_shown:
        yield _(
            "Buổi %(name)s (%(days)s) ở %(place)s không giao hoặc không nhận lại bộ được, nên không hiện trên lịch.",
            name=slot_word(missing.name),
            days=weekdays_text(missing.weekdays),
            place=missing.place,
        )
    if effect.bookings:
        yield ngettext("%(num)d phiếu đã ghi vẫn giữ nguyên buổi, giờ và nơi nhận.", effect.bookings)
    if effect.unlike:
        yield ngettext("Trong đó %(num)d phiếu khác với lịch mới.", effect.unlike)
    if effect.waits_in_vain:
        yield ngettext("%(num)d lượt chờ chỗ trống là của buổi sẽ không còn nữa.", effect.waits_in_vain)


def _named(slots: list[SlotView]) -> str:
    texts = [
        f"{slot_word(one.slot.name)} {day(one.slot.day)} {hours((one.slot.on_air.from_at, one.slot.on_air.until_at))}"
        f" · {one.kit.code.replace('-', NO_BREAK)}"
        for one in slots[:NAMED]
    ]
    if len(slots) > NAMED:
        texts.append(_("và %(num)d buổi nữa", num=len(slots) - NAMED))
    return "; ".join(texts)


def _window(effect: Effect) -> Iterator[str]:
    before, after = effect.window
    if after.last_open > before.last_open:
        yield _("Các ngày đến hết %(day)s mở ngay khi lưu.", day=day(after.last_open))
    elif after.last_open < before.last_open:
        yield _("Ngay khi lưu, bà con chỉ đăng ký được đến hết %(day)s.", day=day(after.last_open))
    yield _("Ngày kế tiếp, %(day)s, mở lúc %(at)s.", day=day(after.next_to_open), at=moment(after.next_opens_at))


def _quota(effect: Effect) -> Iterator[str]:
    if effect.over_quota:
        yield ngettext("%(num)d hộ đang có nhiều phiếu hơn mức mới; các phiếu đó vẫn giữ.", effect.over_quota)
    else:
        yield _("Chưa hộ nào có nhiều phiếu hơn mức mới.")


def _strikes(effect: Effect) -> Iterator[str]:
    if effect.newly_paused:
        yield ngettext("%(num)d hộ sẽ phải tạm nghỉ đăng ký ngay khi lưu.", effect.newly_paused)
    if effect.no_longer_paused:
        yield ngettext("%(num)d hộ đang tạm nghỉ sẽ được đăng ký lại ngay.", effect.no_longer_paused)
    if not (effect.newly_paused or effect.no_longer_paused):
        yield _("Hôm nay chưa hộ nào bị tạm nghỉ thêm hay được đăng ký lại.")


def _silence(effect: Effect) -> Iterator[str]:
    if effect.policy.approve_on_silence:
        yield ngettext(
            "%(num)d phiếu đang chờ duyệt sẽ được coi là duyệt nếu đến hạn mà xã chưa trả lời.", effect.requests
        )
    else:
        yield ngettext("%(num)d phiếu đang chờ duyệt sẽ hết hạn nếu xã không trả lời kịp.", effect.requests)


def _phone(effect: Effect) -> Iterator[str]:
    yield _("Trang của xã và các tin nhắn mới ghi số mới ngay.")
    if effect.queued_texts:
        yield ngettext("%(num)d tin nhắn đã soạn, đang chờ gửi, vẫn ghi số cũ.", effect.queued_texts)


def _queued_texts(effect: Effect) -> Iterator[str]:
    if effect.queued_texts:
        yield ngettext("%(num)d tin nhắn đã soạn vẫn gửi vào giờ đã định.", effect.queued_texts)


LINES: dict[Affects, Callable[[Effect], Iterable[str]]] = {
    "timetable": _timetable,
    "window": _window,
    "quota": _quota,
    "week": lambda _effect: [_("Mức mới tính cho các phiếu đăng ký từ nay; phiếu đã ghi vẫn giữ.")],
    "strikes": _strikes,
    "late_cancel": lambda _effect: [_("Chỉ tính cho các lần hủy từ nay.")],
    "others": lambda effect: [ngettext("%(num)d phiếu của hộ xã khác đang có vẫn giữ.", effect.from_others)],
    "waiting": lambda _effect: [_("Các chỗ đang giữ và các lượt đang chờ không đổi; mức mới tính từ nay.")],
    "answers": lambda effect: [
        ngettext("%(num)d phiếu đang chờ duyệt giữ hạn trả lời đã ghi.", effect.requests),
    ],
    "silence": _silence,
    "no_show": lambda _effect: [_("Tính cho các lần giao bộ từ nay.")],
    "phone": _phone,
    "reminders": lambda _effect: [_("Các lần nhắc từ nay theo giờ mới; ai đã được nhắc thì không nhắc lại.")],
    "queued_texts": _queued_texts,
    "keeper": lambda _effect: [_("Trang của xã và các phiếu hiện người giữ bộ mới ngay.")],
}
"""By what a change affects, its sentences; in the order in which they are shown."""
