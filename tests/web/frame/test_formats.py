"""How days, times and statuses read on screen, in Vietnamese and in English."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask import Flask, render_template_string
from flask_babel import Babel, force_locale

from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local
from kit_booking.web.frame import formats

SATURDAY = date(2026, 12, 5)
NOW = local(SATURDAY, time(9, 0))


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    formats.init_app(app)
    return app


@pytest.fixture(autouse=True)
def _request(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


@pytest.fixture
def _english() -> Iterator[None]:
    with force_locale("en"):
        yield


def test_a_day_is_written_as_people_write_it() -> None:
    week = [formats.day(SATURDAY + timedelta(days=n)) for n in range(7)]
    assert week == ["T7 05/12", "CN 06/12", "T2 07/12", "T3 08/12", "T4 09/12", "T5 10/12", "T6 11/12"]


def test_a_long_day_has_the_full_name_of_the_weekday() -> None:
    week = [formats.long_day(date(2026, 12, 7 + n)) for n in range(7)]
    names = ["Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật"]
    assert week == [f"{name} {7 + n:02d}/12" for n, name in enumerate(names)]


def test_the_year_is_written_only_when_it_is_another_one() -> None:
    assert formats.day(SATURDAY, NOW) == "T7 05/12"
    assert formats.day(date(2025, 12, 5), NOW) == "T6 05/12/2025"
    assert formats.long_day(date(2027, 1, 1), NOW) == "Thứ Sáu 01/01/2027"


def test_an_instant_late_in_utc_is_already_the_next_day_in_vietnam() -> None:
    late = datetime(2026, 12, 31, 18, 30, tzinfo=UTC)
    assert formats.moment(late, now=NOW) == "1h30 T6 01/01/2027"
    assert formats.weekday(late) == "T6"


@pytest.mark.usefixtures("_english")
def test_english_days_and_times_come_in_english() -> None:
    assert formats.day(SATURDAY) == "Sat 05/12"
    assert formats.long_day(SATURDAY) == "Saturday 05/12"
    assert formats.clock(time(7, 30)) == "7:30"
    assert formats.hours((time(19), time(22))) == "19:00–22:00"
    assert formats.moment(local(SATURDAY, time(17))) == "17:00 Sat 05/12"
    assert formats.ago(NOW - timedelta(hours=3), NOW) == "3 hours ago"


@pytest.mark.parametrize(
    ("at", "text"), [(time(17), "17h"), (time(7, 30), "7h30"), (time(0, 5), "0h05"), (time(0), "0h")]
)
def test_a_time_of_day_has_no_needless_zeros(at: time, text: str) -> None:
    assert formats.clock(at) == text
    assert formats.clock(local(SATURDAY, at).astimezone(UTC)) == text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (time(19), time(22), "19–22h"),
        (time(11, 30), time(13), "11h30–13h"),
        (time(8), time(11, 30), "8h–11h30"),
        (time(13, 30), time(16, 30), "13h30–16h30"),
    ],
)
def test_hours_are_as_short_as_they_are_clear(start: time, end: time, text: str) -> None:
    assert formats.hours((start, end)) == text
    assert formats.hours((local(SATURDAY, start), local(SATURDAY, end))) == text


@pytest.mark.parametrize(
    ("on", "text"),
    [
        (SATURDAY, "27/10 âl"),
        (date(2026, 2, 17), "1/1 âl"),
        (date(2030, 2, 2), "1/1 âl"),
        (date(2025, 7, 25), "1/6 nhuận âl"),
    ],
)
def test_the_lunar_day_is_the_vietnamese_one(on: date, text: str) -> None:
    """2030 begins a day earlier in Vietnam than in China; 2025 had a second sixth month."""
    assert formats.lunar(on) == text


def test_ago_and_time_left_are_relative_to_now() -> None:
    assert formats.ago(NOW - timedelta(hours=3), NOW) == "3 giờ trước"
    assert formats.time_left(NOW + timedelta(hours=3), NOW) == "còn 3 giờ"
    assert formats.time_left(NOW - timedelta(minutes=20), NOW) == "quá 20 phút"
    assert formats.time_left(NOW, NOW) == "vừa đến giờ"
    assert formats.time_left(NOW + timedelta(hours=21), NOW) == "còn 21 giờ", "a deadline is not rounded up to a day"
    assert formats.time_left(NOW + timedelta(days=6), NOW) == "còn 6 ngày"


def test_every_status_has_a_word() -> None:
    words = {formats.status_word(status) for status in Status}
    assert len(words) == len(Status)
    assert formats.status_word(Status.REQUESTED) == "Chờ duyệt"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Nguyễn Thị Hồng Hạnh", "H.Hạnh"),
        ("Nguyễn Thị Hạnh", "Hạnh"),
        ("Lê Văn An", "An"),
        ("Lê An", "L.An"),
        ("Lan", "Lan"),
    ],
)
def test_a_short_name_calls_nobody_by_thi_or_van(name: str, short: str) -> None:
    assert formats.short_name(name) == short


def test_every_role_has_a_word() -> None:
    assert [formats.role_word(role) for role in ("clerk", "leader", "operator")] == [
        "Cán bộ xã",
        "Lãnh đạo xã",
        "Người vận hành",
    ]


def test_templates_know_every_format() -> None:
    text = render_template_string(
        "{{ at|day }} · {{ (at, at)|hours }} · {{ '+84912345678'|phone }} · "
        "{{ '+84912345678'|masked }} · {{ status|status }}",
        at=NOW,
        status=Status.OUT,
    )
    assert text == "T7 05/12 · 9–9h · 0912 345 678 · 0912 *** 678 · Đang mượn"


@pytest.mark.parametrize(
    ("from_", "until", "said"),
    [
        ((5, "00:00"), (6, "00:00"), "cả ngày T7 05/12"),
        ((5, "00:00"), (7, "00:00"), "T7 05/12 – CN 06/12"),
        ((5, "08:30"), (5, "11:00"), "8h30–11h T7 05/12"),
        ((5, "08:30"), (6, "00:00"), "8h30 – hết T7 05/12"),
        ((5, "08:30"), (7, "00:00"), "8h30 T7 05/12 – hết CN 06/12"),
        ((5, "08:30"), (6, "11:00"), "8h30 T7 05/12 – 11h CN 06/12"),
    ],
)
def test_a_span_is_written_as_short_as_possible(from_: tuple[int, str], until: tuple[int, str], said: str) -> None:
    from_at, until_at = (local(date(2026, 12, day), time.fromisoformat(clock)) for day, clock in (from_, until))
    assert formats.span_word(Span(from_at, until_at)) == said
