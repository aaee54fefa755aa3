"""Calendar programs by the names that people know."""

import pytest

from kit_booking.domain.calendar_apps import MOST, app_name

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Google-Calendar-Importer", "Google"),
        ("Mozilla/5.0 (compatible; GoogleCalendar/1.0)", "Google"),
        ("google-calendar-importer", "Google"),
        ("iOS/26.1 (23B85) dataaccessd/1.0", "iPhone, iPad"),
        ("macOS/15.1 (24B83) dataaccessd/1.0 CalendarAgent/988", "Mac"),
        ("macOS/15.1 (24B83) dataaccessd/1.0", "Mac"),
        ("Mac+OS+X/10.15.7 (19H2) CalendarAgent/930.5.1", "Mac"),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)", "Outlook"),
        ("Mozilla/4.0 (compatible; ms-office; MSOffice 16) Outlook-iOS/2.0", "Outlook"),
        (f"{WINDOWS}; rv:140.0) Gecko/20100101 Thunderbird/140.5.0", "Thunderbird"),
        ("Evolution/3.46.4", "Evolution"),
        ("ICSx5/2.4.3 (ical4j/3.2.19 okhttp/4.12.0) Android/16", "ICSx⁵"),
        (f"{WINDOWS}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Chrome"),
        (f"{WINDOWS}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge"),
        (f"{WINDOWS}; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox"),
        ("vdirsyncer/0.20.0", "vdirsyncer"),
        ("Lịch của bác Tư; bản 3", "Lịch của bác Tư"),
        ("", ""),
        ("   ", ""),
        ("/", ""),
    ],
)
def test_a_program_is_called_as_people_call_it(agent: str, name: str) -> None:
    assert app_name(agent) == name


@pytest.mark.parametrize("agent", ["x" * 5000, "a\r\nSet-Cookie: b" * 9, "\x00\x1b[31m" * 50, "🎥" * 100])
def test_an_odd_name_is_short_and_on_one_line(agent: str) -> None:
    name = app_name(agent)
    assert len(name) <= MOST
    assert name.isprintable()
