"""Every number a commune may change, one row each: default, unit, limits, section, texts, and what it affects."""

from dataclasses import KW_ONLY, dataclass, replace
from datetime import time, timedelta
from typing import Annotated, Any, Literal, Self, get_type_hints

Unit = Literal["bookings", "clock", "days", "dong", "hours", "minutes", "places", "sessions", "times", "yes_no"]
Section = Literal["asking", "answering", "handover", "fairness", "waiting", "texts", "privacy"]
"""A page of the settings."""
Affects = Literal[
    "timetable", "window", "quota", "week", "strikes", "late_cancel", "others", "waiting",
    "answers", "silence", "no_show", "phone", "reminders", "queued_texts", "keeper",
]  # fmt: skip
"""What a change is checked against before it is saved; the sentences stand in `web.desk.settings.effects`."""


@dataclass(frozen=True)
class Number:
    """Unit, limits and texts of one field of `Policy`."""

    unit: Unit
    least: int = 0
    most: int = 0
    """The least and the most that makes sense; 0 and 0 for a time of day and for yes or no."""
    _: KW_ONLY
    section: Section
    label: str
    hint: str = ""
    affects: tuple[Affects, ...] = ()


def _(text: str) -> str:
    """Marks a text for extraction; web translates it ("deferred translations" in the manual of `gettext`)."""
    return text


@dataclass(frozen=True)
class Policy:
    """One commune's numbers. Stored as its differences from these defaults."""

    # fmt: off
    window_days: Annotated[int, Number("days", 1, 28, section="asking", affects=("timetable", "window"),
        label=_("Cho đăng ký trước bao nhiêu ngày?"), hint=_("Bà con thấy hôm nay và chừng ấy ngày tới."))] = 14
    """Slots can be asked for today and so many days ahead."""
    day_opens: Annotated[time, Number("clock", section="asking", affects=("timetable", "window"),
        label=_("Ngày mới mở lúc mấy giờ?"), hint=_("Mở ban ngày thì không ai phải thức chờ."))] = time(7, 0)
    """When the last day of the window opens."""
    lead_minutes: Annotated[int, Number("minutes", 0, 48 * 60, section="asking", affects=("timetable",),
        label=_("Ngừng nhận đăng ký trước giờ nhận bộ bao nhiêu phút?"), hint=_("120 phút là 2 giờ."))] = 120
    """A slot can be asked for until so long before its pick-up."""
    open_to_others: Annotated[bool, Number("yes_no", section="asking", affects=("others",),
        label=_("Cho hộ của xã khác mượn"))] = True
    """Households of other communes may ask, too."""

    answer_office_hours: Annotated[int, Number("hours", 1, 40, section="answering", affects=("answers",),
        label=_("Duyệt phiếu trong bao nhiêu giờ làm việc?"),
        hint=_("Chỉ tính giờ làm việc của xã; chậm nhất là 1 giờ trước giờ nhận bộ."))] = 8
    """A request is answered within so many office hours."""
    approve_on_silence: Annotated[bool, Number("yes_no", section="answering", affects=("silence",),
        label=_("Quá hạn mà xã chưa trả lời thì coi như duyệt"),
        hint=_("Không chọn thì phiếu hết hạn, hộ được nhắn lời xin lỗi."))] = False
    """A request that nobody answered in time is approved instead of lapsing."""

    handover_minutes: Annotated[int, Number("minutes", 0, 180, section="handover", affects=("timetable",),
        label=_("Nhận bộ trước khi live, trả bộ sau khi live bao nhiêu phút?"),
        hint=_("Giờ nhận và giờ trả được tính từ đây và từ giờ giao bộ của nơi để bộ."))] = 15
    """The kit is picked up this long before going on air and returned this long after."""
    no_show_minutes: Annotated[int, Number("minutes", 5, 240, section="handover", affects=("no_show",),
        label=_("Quá giờ nhận bao nhiêu phút thì hỏi cán bộ xem hộ có đến không?"))] = 30
    """So long after the pick-up time staff are asked whether nobody came."""

    most_peak_ahead: Annotated[int, Number("bookings", 1, 99, section="fairness", affects=("quota",),
        label=_("Mỗi hộ được có nhiều nhất bao nhiêu phiếu sắp tới của buổi cao điểm?"),
        hint=_("Buổi cao điểm là buổi giữ bộ qua đêm, thường là buổi tối."))] = 1
    most_ahead: Annotated[int, Number("bookings", 1, 99, section="fairness", affects=("quota",),
        label=_("Mỗi hộ được có nhiều nhất bao nhiêu phiếu sắp tới của các buổi khác?"))] = 2
    most_a_week: Annotated[int, Number("sessions", 1, 99, section="fairness", affects=("week",),
        label=_("Mỗi hộ được mượn nhiều nhất bao nhiêu buổi mỗi loại một tuần?"))] = 2
    """So many peak slots and so many others in one calendar week."""
    free_hours: Annotated[int, Number("hours", 0, 72, section="fairness", affects=("week",),
        label=_("Buổi còn trống trước giờ nhận bao nhiêu giờ thì ai mượn thêm cũng được?"),
        hint=_("Khi ấy không tính hộ đang có bao nhiêu phiếu. Ghi 0 là lúc nào cũng tính."))] = 24
    """What is still free so long before its pick-up, anybody may take who is not paused."""
    most_of_number: Annotated[int, Number("bookings", 1, 99, section="fairness", affects=("week",),
        label=_("Các hộ chung một số điện thoại được có nhiều nhất bao nhiêu phiếu sắp tới?"))] = 4
    """Households that share a number together have at most so many bookings ahead."""
    late_cancel_hours: Annotated[int, Number("hours", 0, 72, section="fairness", affects=("late_cancel",),
        label=_("Hủy trước giờ nhận chưa đến bao nhiêu giờ thì bị ghi là hủy muộn?"))] = 12
    """Giving an approved booking up later than so long before its pick-up is a strike."""
    strikes: Annotated[int, Number("times", 1, 10, section="fairness", affects=("strikes",),
        label=_("Bao nhiêu lần hủy muộn hoặc không đến nhận thì tạm nghỉ đăng ký?"))] = 2
    """So many strikes within `strike_days` pause new requests for `pause_days`."""
    strike_days: Annotated[int, Number("days", 7, 365, section="fairness", affects=("strikes",),
        label=_("Các lần đó tính trong bao nhiêu ngày?"))] = 60
    pause_days: Annotated[int, Number("days", 1, 90, section="fairness", affects=("strikes",),
        label=_("Tạm nghỉ đăng ký bao nhiêu ngày?"), hint=_("Phiếu đã được duyệt vẫn giữ."))] = 14

    offer_hours: Annotated[int, Number("hours", 1, 48, section="waiting", affects=("waiting",),
        label=_("Có chỗ trống thì giữ cho hộ đang chờ bao nhiêu giờ?"), hint=_("Không tính giờ đêm."))] = 4
    """A slot that came free is held so long for the first who waits; quiet hours don't count."""
    most_waiting: Annotated[int, Number("places", 1, 10, section="waiting", affects=("waiting",),
        label=_("Mỗi hộ được chờ nhiều nhất bao nhiêu chỗ một lúc?"))] = 3
    """A household waits for so many slots at a time."""

    day_reminder: Annotated[time, Number("clock", section="texts", affects=("reminders", "queued_texts"),
        label=_("Nhắn nhắc hộ vào mấy giờ của ngày hôm trước?"))] = time(18, 0)
    """When the reminder of the day before is sent."""
    soon_reminder_minutes: Annotated[int, Number("minutes", 30, 12 * 60, section="texts",
        affects=("reminders", "queued_texts"),
        label=_("Nhắn nhắc lần nữa trước giờ nhận bao nhiêu phút?"), hint=_("120 phút là 2 giờ."))] = 120
    """The second reminder is sent this long before the pick-up."""
    quiet_from: Annotated[time, Number("clock", section="texts", affects=("queued_texts",),
        label=_("Buổi tối ngừng nhắn tin từ mấy giờ?"),
        hint=_("Mã đăng nhập và tin gấp về buổi sắp đến vẫn gửi."))] = time(21, 0)
    quiet_until: Annotated[time, Number("clock", section="texts", affects=("queued_texts",),
        label=_("Buổi sáng nhắn tin lại từ mấy giờ?"))] = time(6, 30)
    sms_budget: Annotated[int, Number("dong", 0, 1_000_000_000, section="texts",
        label=_("Mỗi tháng định tiêu bao nhiêu đồng cho tin nhắn?"),
        hint=_("Sắp hết thì trang Tin nhắn báo trước. Ghi 0 là không đặt mức."))] = 0
    """What texts are meant to cost in a month at most, in đồng; staff are warned. 0: nothing is meant."""

    keep_days: Annotated[int, Number("days", 30, 3650, section="privacy",
        label=_("Lâu không mượn thì sau bao nhiêu ngày xóa tên và số của hộ?"),
        hint=_("Máy tự xóa tên, số điện thoại và thôn; số buổi đã mượn còn lại để thống kê."))] = 365
    """So long after it last booked, waited or signed in, a household's name and numbers are kept."""
    # fmt: on

    @property
    def lead(self) -> timedelta:
        return timedelta(minutes=self.lead_minutes)

    def most_ahead_of(self, *, is_peak: bool) -> int:
        return self.most_peak_ahead if is_peak else self.most_ahead

    @property
    def free_for_all(self) -> timedelta:
        return timedelta(hours=self.free_hours)

    @property
    def late_cancel(self) -> timedelta:
        return timedelta(hours=self.late_cancel_hours)

    @property
    def no_show(self) -> timedelta:
        return timedelta(minutes=self.no_show_minutes)

    @property
    def handover(self) -> timedelta:
        return timedelta(minutes=self.handover_minutes)

    @classmethod
    def of(cls, changes: dict[str, Any]) -> Self:
        """The defaults with what a commune changed; times come as ``HH:MM``.

        Raises ``TypeError`` for a number that does not exist, ``ValueError`` for a time that is none.
        """
        values: dict[str, Any] = {k: time.fromisoformat(v) if _is_clock(k) else v for k, v in changes.items()}
        return replace(cls(), **values)

    def stored(self) -> dict[str, Any]:
        """Every number by its name as JSON has it; times are ``HH:MM``."""
        return {name: f"{v:%H:%M}" if _is_clock(name) else v for name, v in vars(self).items()}

    def changes(self) -> dict[str, Any]:
        """What differs from the defaults, as ``of`` takes it and the database keeps it."""
        usual = Policy().stored()
        return {name: value for name, value in self.stored().items() if value != usual[name]}


NUMBERS: dict[str, Number] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Policy, include_extras=True).items()
}
"""By the names of the fields, in the order of the pages."""


def _is_clock(name: str) -> bool:
    return name in NUMBERS and NUMBERS[name].unit == "clock"
