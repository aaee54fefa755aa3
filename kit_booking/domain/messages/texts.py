"""The text messages: their words, how long each stays true, and when it may be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from kit_booking.domain.booking.status import AHEAD, Status
from kit_booking.domain.phone import dialled
from kit_booking.domain.policy import Policy
from kit_booking.domain.text import unaccented
from kit_booking.domain.time.local_time import to_local
from kit_booking.domain.time.quiet import quiet_end


class Kind(StrEnum):
    LOGIN_CODE = "login_code"
    RECEIVED = "received"
    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    """By the commune, with its reason."""
    WITHDRAWN = "withdrawn"
    """By the household itself."""
    CHANGED = "changed"
    """By the household itself, to another slot."""
    REMINDER_DAY = "reminder_day"
    REMINDER_SOON = "reminder_soon"
    LAPSED = "lapsed"
    """A request that nobody answered in time."""
    OFFER = "offer"
    """A slot that came free is held for the first who waits."""
    MOVED = "moved"
    """By the commune, to another slot or kit."""
    CLOSED = "closed"
    """Cancelled because the kit or the commune is closed."""
    NO_SHOW = "no_show"
    PAUSED = "paused"
    """Strikes pause the household's requests."""
    OVERDUE = "overdue"
    STAFF_DUE = "staff_due"
    """To the clerk: half of the time to answer a request is over."""


K = Kind

# One segment costs one fee, and Vietnam's operators pass only texts they have registered: with the sender's
# name, without links, and fixed but for these few places. Nobody can answer them, hence the office's number
# in those about a booking; it ends them, without a full stop, so that phones recognise it. Dates are
# absolute, because "tomorrow" in a late text is a lie. Words that could mean another thing without their
# accents ("bo", "muon", "may", "cho", "tien") are avoided.
TEMPLATES: dict[Kind, str] = {
    K.LOGIN_CODE: (
        "{sender}: {code} la ma 6 so de vao trang dang ky thiet bi live, het han sau 5 phut. "
        "Khong dua ma nay cho bat ky ai, ke ca can bo xa."
    ),
    K.RECEIVED: (
        "{sender}: Xa {commune} da nhan phieu {code}, thiet bi live {on_air}. "
        "CHUA DUYET, co ket qua xa se bao. Hoi {phone}"
    ),
    K.APPROVED: (
        "{sender}: DA DUYET {code}, live {on_air}. Nhan thiet bi {pick_up} tai {place}, "
        "tra {bring_back}. Mang CCCD. Hoi {phone}"
    ),
    K.DECLINED: (
        "{sender}: KHONG DUYET phieu {code} (live {on_air}). Ly do: {reason}. "
        "Moi ba con chon gio khac hoac goi {phone}"
    ),
    K.CANCELLED: (
        "{sender}: XA DA HUY phieu {code} (live {on_air}). Ly do: {reason}. "
        "Xin loi ba con. Can gio khac xin goi {phone}"
    ),
    K.WITHDRAWN: (
        "{sender}: Da huy phieu {code} (live {on_air}) theo yeu cau cua ba con. "
        "Neu khong phai ba con huy, xin goi ngay {phone}"
    ),
    K.CHANGED: (
        "{sender}: DA DOI {code}{pending}: live {on_air}. Nhan thiet bi {pick_up} tai {place}, "
        "tra {bring_back}. Hoi {phone}"
    ),
    K.REMINDER_DAY: (
        "{sender}: Nhac {code}: {pick_up} den {place} nhan thiet bi, live {hours}, tra {bring_back}. "
        "Mang CCCD. Khong den thi goi {phone}"
    ),
    K.REMINDER_SOON: (
        "{sender}: Sap den gio {code}: {pick_up} den {place} nhan thiet bi, tra {bring_back}. "
        "Mang CCCD. Khong den duoc xin goi {phone}"
    ),
    K.LAPSED: (
        "{sender}: Xa chua kip duyet phieu {code} (live {on_air}) nen phieu het hieu luc, xin loi ba con. "
        "Moi chon gio khac hoac goi {phone}"
    ),
    K.OFFER: (
        "{sender}: DEN LUOT BA CON {code}: live {on_air} tai {place}. Qua {due} sang nha khac. "
        "Vao trang dang ky hoac goi {phone}"
    ),
    K.MOVED: (
        "{sender}: XA CHUYEN {code} sang live {on_air}. Nhan thiet bi {pick_up} tai {place}, "
        "tra {bring_back}. Hoi {phone}"
    ),
    K.CLOSED: (
        "{sender}: XA DA HUY phieu {code} (live {on_air}): thiet bi o {place} tam ngung {until}. "
        "Xin loi ba con. Hoi {phone}"
    ),
    K.NO_SHOW: (
        "{sender}: Ba con khong den nhan thiet bi live, phieu {code} ({on_air}). "
        "Lan sau xin huy truoc. Neu xa ghi nham, xin goi {phone}"
    ),
    K.PAUSED: (
        "{sender}: Vi {strikes} lan khong den nhan hoac huy sat gio, ba con chua dang ky moi duoc den het {due_day}. "
        "Phieu da duyet van giu. Hoi {phone}"
    ),
    K.OVERDUE: (
        "{sender}: Phieu {code} (live {on_air}) da qua gio tra. Xin ba con mang thiet bi ve {place} tra ngay. "
        "Neu vuong mac, goi {phone}"
    ),
    K.STAFF_DUE: (
        "{sender}: Phieu {code} xa {commune} (live {on_air}) CHUA DUYET, han {due}. "
        "Xin can bo xa xu ly o trang Hom nay"
    ),
}

OWN_ACTS = frozenset({K.RECEIVED, K.CHANGED, K.WITHDRAWN})
"""Those that a household causes by asking, changing and giving up: at most `MOST_OWN` a day are sent to one."""
MOST_OWN = 6

REPLACED = frozenset({K.RECEIVED, K.APPROVED, K.CHANGED, K.MOVED})
"""Those that say where and when a booking is: a later one makes an earlier one that waits superfluous."""

SAYS_WHERE = frozenset({K.APPROVED, K.CHANGED, K.REMINDER_DAY, K.REMINDER_SOON, K.MOVED, K.OVERDUE})
"""Those that send people somewhere: made anew when they are sent, for a kit may stand elsewhere by then."""

WIDTHS = {"sender": 11, "code": 7, "commune": 33, "place": 18, "reason": 36}
"""What is longer is cut. An SMS sender's name has at most 11 characters; a time can't grow, nor a number."""

INSTEAD = {"place": "UBND xa", "reason": "xin hoi can bo xa", "phone": "UBND xa"}
"""Said where nothing of the value can be written in an SMS, or it is no phone number."""

WEEKDAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")


@dataclass(frozen=True)
class MessageContext:
    """What the texts about one booking say; times are shown as clocks in Vietnam show them."""

    code: str
    commune: str
    place: str
    from_at: datetime
    until_at: datetime
    pick_up_at: datetime
    return_at: datetime
    office_phone: str
    reason: str = ""
    due_at: datetime | None = None
    """Until when: an offer is held, a request can be answered, a closure or a pause lasts."""
    is_pending: bool = False
    """Nobody has answered the request yet."""
    strikes: int = 0
    """So many strikes pause a household."""


def login_text(sender_name: str, code: str) -> str:
    return _text(K.LOGIN_CODE, {"sender": sender_name, "code": code})


def booking_text(kind: Kind, sender_name: str, context: MessageContext) -> str:
    """One GSM-7 segment, whatever the values are. ``KeyError`` for the login code: it is about no booking."""
    hours = f"{_hour(context.from_at)}-{_hour(context.until_at)}"
    return _text(
        kind,
        {
            "sender": sender_name,
            "code": context.code,
            "commune": context.commune,
            "place": context.place,
            "reason": context.reason,
            "on_air": f"{hours} {_day(context.from_at)}",
            "hours": hours,
            "pending": ", CHUA DUYET" if context.is_pending else "",
            "strikes": str(context.strikes),
            "pick_up": moment_text(context.pick_up_at),
            "bring_back": moment_text(context.return_at),
            "due": moment_text(context.due_at) if context.due_at else "",
            "due_day": _day(context.due_at) if context.due_at else "",
            "until": _until(context.due_at) if context.due_at else "",
            "phone": dialled(context.office_phone) or INSTEAD["phone"],
        },
    )


def _text(kind: Kind, values: Mapping[str, str]) -> str:
    return TEMPLATES[kind].format_map({name: _fit(name, value) for name, value in values.items()})


def in_texts(name: str, value: str) -> str:
    """What a text says for a value (``name`` is one of `WIDTHS`): in plain letters, and cut where it is too long."""
    return _fit(name, value)


@lru_cache(maxsize=2048)
def _fit(name: str, value: str) -> str:
    """The value in plain letters and at its width; cut after a word unless that would lose half of it."""
    plain, most = unaccented(value), WIDTHS.get(name, 160)
    if len(plain) > most and 0 < plain.find(" - ") <= most:  # "Xuan Huong - Da Lat"
        plain = plain[: plain.find(" - ")]
    if len(plain) > most:
        after_a_word = plain.rfind(" ", most // 2, most + 1)
        plain = plain[: after_a_word if after_a_word > 0 else most]
    return plain.rstrip(" .,;:") or INSTEAD.get(name, "")


@lru_cache(maxsize=1024)
def moment_text(instant: datetime) -> str:
    """``17h T7 05/12``, on Vietnam's clocks."""
    return f"{_hour(instant)} {_day(instant)}"


def _hour(instant: datetime) -> str:
    clock = to_local(instant)
    return f"{clock.hour}h{clock.minute:02}" if clock.minute else f"{clock.hour}h"


def _day(instant: datetime) -> str:
    clock = to_local(instant)
    return f"{WEEKDAYS[clock.weekday()]} {clock:%d/%m}"


def _until(instant: datetime) -> str:
    """Nobody reads midnight as the end of the day before, so that this is said."""
    clock = to_local(instant)
    if clock.hour or clock.minute:
        return f"den {moment_text(instant)}"
    return f"het {_day(instant - timedelta(days=1))}"


TRUE_WHILE: dict[Kind, frozenset[Status]] = {
    K.RECEIVED: frozenset({Status.REQUESTED}),
    K.APPROVED: frozenset({Status.APPROVED}),
    K.DECLINED: frozenset({Status.DECLINED}),
    K.CANCELLED: frozenset({Status.CANCELLED}),
    K.WITHDRAWN: frozenset({Status.CANCELLED}),
    K.CHANGED: frozenset({Status.REQUESTED, Status.APPROVED}),
    K.REMINDER_DAY: frozenset({Status.APPROVED}),
    K.REMINDER_SOON: frozenset({Status.APPROVED}),
    K.LAPSED: frozenset({Status.LAPSED}),
    K.OFFER: frozenset({Status.OFFERED}),
    K.MOVED: AHEAD,
    K.CLOSED: frozenset({Status.CANCELLED}),
    K.NO_SHOW: frozenset({Status.NO_SHOW}),
    K.PAUSED: frozenset({Status.NO_SHOW, Status.CANCELLED}),
    K.OVERDUE: frozenset({Status.OUT}),
    K.STAFF_DUE: frozenset({Status.REQUESTED}),
}
"""In which status of its booking a text is still true; a login code is about no booking."""

CODE_LIVES = timedelta(minutes=5)
BAD_NEWS_LIVES = timedelta(hours=1)
AFTERWARDS = timedelta(hours=24)
"""For so long a text that comes after the pick-up is worth sending."""
URGENT = timedelta(hours=12)


def worth_sending(kind: Kind, status: Status | None) -> bool:
    """Whether a text still says the truth about a booking in this status (None: about no booking)."""
    return kind is K.LOGIN_CODE or status in TRUE_WHILE[kind]


def useful_until(kind: Kind, *, now: datetime, pick_up_at: datetime | None = None) -> datetime:
    """When the text is no longer worth sending; only a login code needs no pick-up."""
    if kind is K.LOGIN_CODE or pick_up_at is None:
        return now + CODE_LIVES
    match kind:
        case K.NO_SHOW | K.PAUSED | K.OVERDUE:
            return now + AFTERWARDS
        case K.DECLINED | K.CANCELLED | K.WITHDRAWN | K.LAPSED | K.CLOSED:
            # Whoever is already on the way must hear that there is no kit, and whoever did not cancel
            # must hear that somebody did, even if the time of pick-up has just passed.
            return max(pick_up_at, now + BAD_NEWS_LIVES)
        case K.REMINDER_DAY:
            # Later there is no time left to get ready, and giving the slot up helps nobody. Not earlier,
            # so that one held up in the evening still reaches an early pick-up when the quiet hours end.
            return pick_up_at - timedelta(hours=1)
        case _:
            return pick_up_at


def send_at(kind: Kind, *, now: datetime, policy: Policy, pick_up_at: datetime | None = None) -> datetime:
    """Now, or when the quiet hours are over, in UTC.

    A login code is asked for by somebody who is awake, and news of a slot less than 12 hours away can't
    wait. Reminders, no-show, pause and overdue texts wait for the morning.
    """
    is_news = kind not in {K.REMINDER_DAY, K.REMINDER_SOON, K.NO_SHOW, K.PAUSED, K.OVERDUE}
    if kind is K.LOGIN_CODE or pick_up_at is None or (is_news and pick_up_at - now < URGENT):
        return now
    return quiet_end(now, policy) or now
