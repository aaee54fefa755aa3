"""What a change of settings would mean, in sentences that a clerk can check."""

from collections.abc import Iterator

from kit_booking.domain.settings import Difference
from kit_booking.services.settings.effects import Effect, OfKit
from kit_booking.web.desk.settings.labels import weekdays_word
from kit_booking.web.frame.formats import day, hours, moment
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import ngettext

NAMED = 6
"""So many slots are named; of more only their number is told."""
NO_BREAK = "\u2011"
"""A hyphen at which no line ends."""
TIMETABLE = {"plan", "office", "handover", "handover_minutes", "window_days", "day_opens", "lead_minutes"}
WINDOW = {"window_days", "day_opens"}
STRIKES = {"strikes", "strike_days", "pause_days"}
TEXTS = {"day_reminder", "soon_reminder_minutes", "quiet_from", "quiet_until"}


def effect_lines(effect: Effect, changes: list[Difference]) -> list[str]:
    """The sentences that matter for these changes, the most important first."""
    keys = {change.key.partition(".")[0] for change in changes}
    lines: list[str] = []
    if keys & TIMETABLE:
        lines += _of_timetable(effect)
    if keys & WINDOW:
        lines += _of_window(effect)
    lines += _of_people(effect, keys)
    lines += _of_requests(effect, {change.key: change.new for change in changes})
    lines += _of_texts(effect, keys)
    return lines


def _of_timetable(effect: Effect) -> Iterator[str]:
    if effect.vanish:
        yield ngettext(
            "%(num)d buổi đang còn trống sẽ không còn trên lịch: %(slots)s.",
            "%(num)d buổi đang còn trống sẽ không còn trên lịch: %(slots)s.",
            len(effect.vanish),
            slots=_named(effect.vanish),
        )
    if effect.appear:
        yield ngettext(
            "%(num)d buổi trống sẽ hiện thêm trên lịch: %(slots)s.",
            "%(num)d buổi trống sẽ hiện thêm trên lịch: %(slots)s.",
            len(effect.appear),
            slots=_named(effect.appear),
        )
    if not (effect.vanish or effect.appear):
        yield _("Các buổi đang còn trống trên lịch không đổi.")
    before, after = effect.a_week
    if before != after:
        since = day(effect.first)
        yield _(
            "Tính từ %(day)s, mỗi tuần có %(after)d buổi cho mượn (hiện nay %(before)d).",
            day=since,
            after=after,
            before=before,
        )
    for missing in effect.not_shown:
        yield _(
            "Buổi %(name)s (%(days)s) ở %(place)s không giao hoặc không nhận lại bộ được, nên không hiện trên lịch.",
            name=slot_word(missing.name),
            days=weekdays_word(missing.weekdays),
            place=missing.place,
        )
    if effect.bookings:
        yield ngettext(
            "%(num)d phiếu đã ghi vẫn giữ nguyên buổi, giờ và nơi nhận.",
            "%(num)d phiếu đã ghi vẫn giữ nguyên buổi, giờ và nơi nhận.",
            effect.bookings,
        )
    if effect.unlike:
        yield ngettext(
            "Trong đó %(num)d phiếu khác với lịch mới.", "Trong đó %(num)d phiếu khác với lịch mới.", effect.unlike
        )
    if effect.waits_in_vain:
        yield ngettext(
            "%(num)d lượt chờ chỗ trống là của buổi sẽ không còn nữa.",
            "%(num)d lượt chờ chỗ trống là của buổi sẽ không còn nữa.",
            effect.waits_in_vain,
        )


def _named(slots: tuple[OfKit, ...]) -> str:
    texts = [
        f"{slot_word(one.slot.name)} {day(one.slot.day)} {hours((one.slot.on_air.from_at, one.slot.on_air.until_at))}"
        f" · {one.kit_code.replace('-', NO_BREAK)}"
        for one in slots[:NAMED]
    ]
    if len(slots) > NAMED:
        texts.append(_("và %(num)d buổi nữa", num=len(slots) - NAMED))
    return "; ".join(texts)


def _of_window(effect: Effect) -> Iterator[str]:
    before, after = effect.window
    if after.last_open > before.last_open:
        yield _("Các ngày đến hết %(day)s mở ngay khi lưu.", day=day(after.last_open))
    elif after.last_open < before.last_open:
        yield _("Ngay khi lưu, bà con chỉ đăng ký được đến hết %(day)s.", day=day(after.last_open))
    yield _("Ngày kế tiếp, %(day)s, mở lúc %(at)s.", day=day(after.next_to_open), at=moment(after.next_opens_at))


def _of_people(effect: Effect, keys: set[str]) -> Iterator[str]:
    if "most_ahead" in keys:
        yield (
            ngettext(
                "%(num)d hộ đang có nhiều phiếu hơn mức mới; các phiếu đó vẫn giữ.",
                "%(num)d hộ đang có nhiều phiếu hơn mức mới; các phiếu đó vẫn giữ.",
                effect.over_quota,
            )
            if effect.over_quota
            else _("Chưa hộ nào có nhiều phiếu hơn mức mới.")
        )
    if "most_a_week" in keys:
        yield _("Mức mới tính cho các phiếu đăng ký từ nay; phiếu đã ghi vẫn giữ.")
    if keys & STRIKES:
        yield from _of_strikes(effect)
    if "late_cancel_hours" in keys:
        yield _("Chỉ tính cho các lần hủy từ nay.")
    if "open_to_others" in keys:
        yield ngettext(
            "%(num)d phiếu của hộ xã khác đang có vẫn giữ.",
            "%(num)d phiếu của hộ xã khác đang có vẫn giữ.",
            effect.from_others,
        )
    if keys & {"offer_hours", "most_waiting"}:
        yield _("Các chỗ đang giữ và các lượt đang chờ không đổi; mức mới tính từ nay.")


def _of_strikes(effect: Effect) -> Iterator[str]:
    if effect.newly_paused:
        yield ngettext(
            "%(num)d hộ sẽ phải tạm nghỉ đăng ký ngay khi lưu.",
            "%(num)d hộ sẽ phải tạm nghỉ đăng ký ngay khi lưu.",
            effect.newly_paused,
        )
    if effect.no_longer_paused:
        yield ngettext(
            "%(num)d hộ đang tạm nghỉ sẽ được đăng ký lại ngay.",
            "%(num)d hộ đang tạm nghỉ sẽ được đăng ký lại ngay.",
            effect.no_longer_paused,
        )
    if not (effect.newly_paused or effect.no_longer_paused):
        yield _("Hôm nay chưa hộ nào bị tạm nghỉ thêm hay được đăng ký lại.")


def _of_requests(effect: Effect, new: dict[str, str]) -> Iterator[str]:
    if "answer_office_hours" in new or any(key.startswith("office.") for key in new):
        yield ngettext(
            "%(num)d phiếu đang chờ duyệt giữ hạn trả lời đã ghi.",
            "%(num)d phiếu đang chờ duyệt giữ hạn trả lời đã ghi.",
            effect.requests,
        )
    if new.get("approve_on_silence") == "True":
        yield ngettext(
            "%(num)d phiếu đang chờ duyệt sẽ được coi là duyệt nếu đến hạn mà xã chưa trả lời.",
            "%(num)d phiếu đang chờ duyệt sẽ được coi là duyệt nếu đến hạn mà xã chưa trả lời.",
            effect.requests,
        )
    if new.get("approve_on_silence") == "False":
        yield ngettext(
            "%(num)d phiếu đang chờ duyệt sẽ hết hạn nếu xã không trả lời kịp.",
            "%(num)d phiếu đang chờ duyệt sẽ hết hạn nếu xã không trả lời kịp.",
            effect.requests,
        )
    if "no_show_minutes" in new:
        yield _("Tính cho các lần giao bộ từ nay.")


def _of_texts(effect: Effect, keys: set[str]) -> Iterator[str]:
    if "phone" in keys:
        yield _("Trang của xã và các tin nhắn mới ghi số mới ngay.")
        if effect.queued_texts:
            yield ngettext(
                "%(num)d tin nhắn đã soạn, đang chờ gửi, vẫn ghi số cũ.",
                "%(num)d tin nhắn đã soạn, đang chờ gửi, vẫn ghi số cũ.",
                effect.queued_texts,
            )
    if keys & TEXTS:
        if "day_reminder" in keys or "soon_reminder_minutes" in keys:
            yield _("Các lần nhắc từ nay theo giờ mới; ai đã được nhắc thì không nhắc lại.")
        if effect.queued_texts:
            yield ngettext(
                "%(num)d tin nhắn đã soạn vẫn gửi vào giờ đã định.",
                "%(num)d tin nhắn đã soạn vẫn gửi vào giờ đã định.",
                effect.queued_texts,
            )
    if keys & {"keeper", "keeper_phone"}:
        yield _("Trang của xã và các phiếu hiện người giữ bộ mới ngay.")
