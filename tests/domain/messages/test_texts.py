"""The text messages: their words, how long each is true and useful, and when it may be sent."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import (
    SAYS_WHERE,
    TEMPLATES,
    TRUE_WHILE,
    WIDTHS,
    Kind,
    MessageContext,
    booking_text,
    login_text,
    send_at,
    useful_until,
    worth_sending,
)
from kit_booking.domain.policy import Policy
from kit_booking.domain.text import GSM_BASIC, sms_segments
from kit_booking.domain.time.local_time import local
from tests.domain.examples import few_examples
from tests.domain.typed import ANYTHING
from tests.domain.weeks import FRIDAY, SATURDAY, SUNDAY
from tests.times import at

ABOUT_A_BOOKING = [kind for kind in Kind if kind is not Kind.LOGIN_CODE]

USUAL = MessageContext(
    code="PD7K2",
    commune="Phượng Dực",
    place="Phú Túc",
    from_at=local(SATURDAY, time(19)),
    until_at=local(SATURDAY, time(22)),
    pick_up_at=local(SATURDAY, time(17)),
    return_at=local(SUNDAY, time(7, 30)),
    office_phone="+842433854321",
    reason="Máy đang sửa.",
    due_at=local(SATURDAY, time(14, 30)),
    strikes=2,
)
LONGEST = MessageContext(
    code="PD7K2AB",
    commune="Nghĩa Hưng Thượng Hạ",
    place="Thị trấn Phú Xuyên cũ",
    from_at=local(SATURDAY, time(19, 45)),
    until_at=local(SATURDAY, time(22, 15)),
    pick_up_at=local(SATURDAY, time(17, 15)),
    return_at=local(SUNDAY, time(17, 45)),
    office_phone="0210 384 6647",
    reason="Xin bà con thông cảm, hôm ấy xã phải dùng bộ livestream cho lớp học",
    due_at=local(SATURDAY, time(14, 45)),
    is_pending=True,
    strikes=10,
)


def text_of(kind: Kind, sender_name: str, context: MessageContext) -> str:
    if kind is Kind.LOGIN_CODE:
        return login_text(sender_name, "048213")
    return booking_text(kind, sender_name, context)


def test_a_closure_of_whole_days_lasts_to_the_end_of_its_last_one() -> None:
    context = replace(USUAL, due_at=local(SUNDAY, time()))
    assert "tam ngung het T7 05/12." in booking_text(Kind.CLOSED, "LIVEPX", context)
    context = replace(USUAL, due_at=local(SUNDAY, time(0, 30)))
    assert "tam ngung den 0h30 CN 06/12." in booking_text(Kind.CLOSED, "LIVEPX", context)


@pytest.mark.parametrize("kind", Kind)
def test_the_wording_is_as_reviewed(kind: Kind, golden: Callable[[str, str], None]) -> None:
    usual, longest = text_of(kind, "LIVEPX", USUAL), text_of(kind, "LIVE PXUYEN", LONGEST)
    golden(f"sms/{kind}.txt", f"{usual}\n{longest}\n")


def test_a_compound_name_is_cut_between_its_parts() -> None:
    context = replace(USUAL, place="Nhà văn hóa - Lưu Thượng")
    assert " tai Nha van hoa," in booking_text(Kind.APPROVED, "LIVEPX", context)


def test_a_change_of_a_request_says_that_nobody_has_answered_it() -> None:
    assert "DA DOI PD7K2, CHUA DUYET: live" in booking_text(Kind.CHANGED, "LIVEPX", replace(USUAL, is_pending=True))
    assert "DA DOI PD7K2: live" in booking_text(Kind.CHANGED, "LIVEPX", USUAL)


READ_WRONG = (
    "bo ",
    "muon",
    "may ",
    "cho ",
    "khong tien",
    "ma dang nhap",
    "nhan cho",
    "phai huy",
    "nha sau",
    "ban viec",
)
"""Words that say something else without their accents: a dog, no money, a ghost."""


@pytest.mark.parametrize("kind", Kind)
def test_no_text_has_words_that_are_read_wrong_without_accents(kind: Kind) -> None:
    words = re.sub(r"can bo xa|cho bat ky", "", TEMPLATES[kind].lower())
    assert not [word for word in READ_WRONG if re.search(rf"\b{word}", words)]


@pytest.mark.parametrize("kind", Kind)
def test_the_widest_values_fit_into_one_segment(kind: Kind) -> None:
    """The template with every value at its full width, whatever a MessageContext can hold."""
    widest = {name: "W" * width for name, width in WIDTHS.items()}
    times = {"on_air": "19h45-22h15 T7 05/12", "pick_up": "17h15 T7 05/12", "bring_back": "17h45 CN 06/12"}
    times |= {"due": "14h45 T7 05/12", "until": "den 14h45 T7 05/12", "due_day": "T7 05/12"}
    times |= {"hours": "19h45-22h15", "pending": ", CHUA DUYET", "strikes": "10"}
    text = TEMPLATES[kind].format_map(widest | times | {"phone": "02103846647"})
    assert len(text) <= 160
    assert sms_segments(text) == 1


instants = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
slips = st.builds(
    MessageContext,
    *[ANYTHING, ANYTHING, ANYTHING, instants, instants, instants, instants],
    office_phone=ANYTHING | st.text("0123456789+ ", max_size=15) | st.just("+842103846647"),
    reason=ANYTHING | ANYTHING.map(lambda text: text * 9),
)


@few_examples
@given(st.sampled_from(ABOUT_A_BOOKING), ANYTHING, slips)
def test_no_value_makes_a_text_dearer(kind: Kind, sender_name: str, context: MessageContext) -> None:
    text = booking_text(kind, sender_name, context)
    assert GSM_BASIC.issuperset(text)
    assert len(text) <= 160


@pytest.mark.parametrize("kind", Kind)
def test_every_text_names_its_sender_and_has_no_link(kind: Kind) -> None:
    text = text_of(kind, "LIVEPX", USUAL)
    assert text.startswith("LIVEPX: ")
    assert not re.search(r"http|www|\w\.\w|tra loi", text)


@pytest.mark.parametrize("kind", [kind for kind in ABOUT_A_BOOKING if kind is not Kind.STAFF_DUE])
def test_every_text_about_a_booking_has_its_code_and_whom_to_call(kind: Kind) -> None:
    text = booking_text(kind, "LIVEPX", USUAL)
    assert ("PD7K2" in text) == (kind is not Kind.PAUSED), "a pause is not about the booking"
    assert "T7 05/12" in text
    assert text.endswith(" 02433854321")


def test_the_login_code_stands_first_where_a_locked_phone_shows_it() -> None:
    assert login_text("LIVEPX", "048213").startswith("LIVEPX: 048213 ")


@pytest.mark.parametrize(
    ("begin", "end", "shown"),
    [
        (local(SATURDAY, time(19)), local(SATURDAY, time(22)), "19h-22h T7 05/12"),
        (local(SUNDAY, time(8)), local(SUNDAY, time(11)), "8h-11h CN 06/12"),
        (local(SUNDAY, time(11, 30)), local(SUNDAY, time(13)), "11h30-13h CN 06/12"),
        (local(date(2027, 1, 4), time(7, 5)), local(date(2027, 1, 4), time(9)), "7h05-9h T2 04/01"),
        (datetime(2026, 12, 5, 23, tzinfo=UTC), datetime(2026, 12, 6, 1, tzinfo=UTC), "6h-8h CN 06/12"),
    ],
)
def test_times_are_shown_as_clocks_in_vietnam_show_them(begin: datetime, end: datetime, shown: str) -> None:
    context = replace(USUAL, from_at=begin, until_at=end)
    assert f"(live {shown})" in booking_text(Kind.DECLINED, "LIVEPX", context)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("Máy đang sửa.", "Ly do: may dang sua. "),
        ("Xin lỗi, xã dùng bộ này cho lớp học buổi tối", "Ly do: Xin loi, xa dung bo nay cho lop hoc. "),
        ("a" * 50, f"Ly do: {'a' * 36}. "),
        ("aa " + "b" * 50, f"Ly do: aa {'b' * 33}. "),
        ("Xã dùng bộ này cho lớp học buổi tối!", "Ly do: Xa dung bo nay cho lop hoc buoi toi!. "),
        ("Xã dùng bộ này cho lớp học buổi tối! Mai", "Ly do: Xa dung bo nay cho lop hoc buoi toi!. "),
        ("😀", "Ly do: xin hoi can bo xa. "),
    ],
)
def test_a_reason_is_cut_after_a_word_unless_half_is_lost_and_never_empty(reason: str, shown: str) -> None:
    text = booking_text(Kind.DECLINED, "LIVEPX", replace(USUAL, reason=reason))
    assert shown.casefold() in text.casefold()


def test_without_a_usable_phone_number_people_are_sent_to_the_office() -> None:
    assert booking_text(Kind.APPROVED, "LIVEPX", replace(USUAL, office_phone="")).endswith("Hoi UBND xa")


def test_a_text_is_sent_only_while_it_is_true() -> None:
    for kind, statuses in {
        Kind.RECEIVED: {Status.REQUESTED},
        Kind.STAFF_DUE: {Status.REQUESTED},
        Kind.OFFER: {Status.OFFERED},
        Kind.APPROVED: {Status.APPROVED},
        Kind.REMINDER_DAY: {Status.APPROVED},
        Kind.REMINDER_SOON: {Status.APPROVED},
        Kind.MOVED: {Status.REQUESTED, Status.OFFERED, Status.APPROVED},
        Kind.OVERDUE: {Status.OUT},
        Kind.DECLINED: {Status.DECLINED},
        Kind.LAPSED: {Status.LAPSED},
        Kind.CANCELLED: {Status.CANCELLED},
        Kind.WITHDRAWN: {Status.CANCELLED},
        Kind.CLOSED: {Status.CANCELLED},
        Kind.NO_SHOW: {Status.NO_SHOW},
    }.items():
        assert {status for status in Status if worth_sending(kind, status)} == statuses, kind
        assert not worth_sending(kind, None), kind
    assert set(TRUE_WHILE) == set(ABOUT_A_BOOKING)


def test_a_login_code_needs_no_booking() -> None:
    assert worth_sending(Kind.LOGIN_CODE, None)


def test_what_sends_people_to_a_place_names_the_one_where_the_kit_stands_when_it_is_sent() -> None:
    assert {kind for kind in Kind if "{place}" in TEMPLATES[kind]} - {Kind.CLOSED, Kind.OFFER} == SAYS_WHERE


NOON, NIGHT, MORNING = at(FRIDAY, "12:00"), at(FRIDAY, "22:00"), at(SATURDAY, "06:30")
PICK_UP = at(SATURDAY, "17:00")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BAD_NEWS = [Kind.DECLINED, Kind.CANCELLED, Kind.WITHDRAWN, Kind.LAPSED, Kind.CLOSED]
AFTERWARDS = [Kind.NO_SHOW, Kind.PAUSED, Kind.OVERDUE]
REMINDERS = [Kind.REMINDER_DAY, Kind.REMINDER_SOON]


@pytest.mark.parametrize(
    "kind", [Kind.RECEIVED, Kind.APPROVED, Kind.CHANGED, Kind.MOVED, Kind.OFFER, Kind.REMINDER_SOON]
)
def test_news_of_a_slot_is_useful_until_its_pick_up(kind: Kind) -> None:
    assert useful_until(kind, now=NOON, pick_up_at=PICK_UP) == PICK_UP


@pytest.mark.parametrize("kind", BAD_NEWS)
def test_bad_news_still_arrives_just_after_the_pick_up(kind: Kind) -> None:
    assert useful_until(kind, now=NOON, pick_up_at=PICK_UP) == PICK_UP
    late = PICK_UP - 5 * MINUTE
    assert useful_until(kind, now=late, pick_up_at=PICK_UP) == late + HOUR


@pytest.mark.parametrize("kind", AFTERWARDS)
def test_what_is_said_after_the_pick_up_is_useful_for_a_day(kind: Kind) -> None:
    late = PICK_UP + HOUR
    assert useful_until(kind, now=late, pick_up_at=PICK_UP) == late + 24 * HOUR


def test_a_reminder_of_the_day_before_leaves_an_hour_to_get_ready() -> None:
    assert useful_until(Kind.REMINDER_DAY, now=NOON, pick_up_at=PICK_UP) == PICK_UP - HOUR


def test_a_reminder_held_up_until_the_morning_still_reaches_an_early_pick_up() -> None:
    assert useful_until(Kind.REMINDER_DAY, now=NIGHT, pick_up_at=at(SATURDAY, "07:45")) > MORNING


def test_a_login_code_is_useful_for_five_minutes() -> None:
    assert useful_until(Kind.LOGIN_CODE, now=NOON) == NOON + 5 * MINUTE


@pytest.mark.parametrize("kind", ABOUT_A_BOOKING)
def test_by_day_a_text_goes_at_once_and_at_night_it_waits_if_the_slot_is_far_away(kind: Kind) -> None:
    assert send_at(kind, now=NOON, pick_up_at=PICK_UP, policy=Policy()) == NOON
    assert send_at(kind, now=NIGHT, pick_up_at=NIGHT + 12 * HOUR, policy=Policy()) == MORNING


@pytest.mark.parametrize("kind", [kind for kind in ABOUT_A_BOOKING if kind not in [*REMINDERS, *AFTERWARDS]])
def test_at_night_news_of_a_slot_less_than_12_hours_away_goes_at_once(kind: Kind) -> None:
    assert send_at(kind, now=NIGHT, pick_up_at=NIGHT + 12 * HOUR - MINUTE, policy=Policy()) == NIGHT


@pytest.mark.parametrize("kind", [*REMINDERS, *AFTERWARDS])
def test_at_night_reminders_and_reproaches_wait_however_near_the_slot_is(kind: Kind) -> None:
    assert send_at(kind, now=NIGHT, pick_up_at=at(SATURDAY, "07:45"), policy=Policy()) == MORNING


def test_a_login_code_goes_at_once_even_at_night() -> None:
    assert send_at(Kind.LOGIN_CODE, now=NIGHT, policy=Policy()) == NIGHT
