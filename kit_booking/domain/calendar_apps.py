"""Which calendar program asked for a feed, in words that people know."""

import re

from kit_booking.domain.text import clean

MOST = 24
"""So many characters of a program that is not known here are kept."""

# The first that fits counts: browsers and Outlook all begin with "Mozilla", and Apple's programs name several things.
_APPS = (
    ("Google-Calendar", "Google"),
    ("GoogleCalendar", "Google"),
    ("Thunderbird", "Thunderbird"),
    ("Lightning", "Thunderbird"),
    ("Outlook", "Outlook"),
    ("Microsoft Office", "Outlook"),
    ("Exchange", "Outlook"),
    ("macOS/", "Mac"),
    ("CalendarAgent", "Mac"),
    ("CalendarStore", "Mac"),
    ("dataaccessd", "iPhone, iPad"),
    ("iOS/", "iPhone, iPad"),
    ("ICSx5", "ICSx⁵"),
    ("DAVx5", "DAVx⁵"),
    ("Evolution", "Evolution"),
    ("Proton", "Proton"),
    ("Nextcloud", "Nextcloud"),
    ("Yahoo", "Yahoo"),
    ("Edg/", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def app_name(user_agent: str) -> str:
    """``Google``, ``iPhone, iPad``, …; of an unknown program what it calls itself first, and nothing of nothing."""
    known = next((name for sign, name in _APPS if sign.casefold() in user_agent.casefold()), None)
    return known or clean(re.split(r"[/(;]", clean(user_agent, 200), maxsplit=1)[0], MOST)
