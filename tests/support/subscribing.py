"""The addresses of feeds, and what stands in them: for the tests of calendars."""

from icalendar import Calendar
from werkzeug.test import TestResponse

from kit_booking.clock import utc_now
from kit_booking.services.audit import Actor
from kit_booking.services.calendars.tokens import add_token
from tests.support.town import Town

PUBLIC = ["/communes/phuong-duc.ics", "/kits/PD-1.ics"]


def feed_of(town: Town, who: object) -> str:
    """A new private address of the clerk or the owner."""
    owner = Actor(staff_id=town.clerk.id) if who is town.clerk else Actor(household_id=town.owner.id)
    return f"/feeds/{town.world.do(add_token, owner, now=utc_now())}.ics"


def events(answer: TestResponse) -> list[dict[str, object]]:
    """The events by icalendar, their properties in small letters, without the one of a feed that has no other."""
    found = Calendar.from_ical(answer.data).walk("VEVENT")
    return [{name.lower(): each[name] for name in each} for each in found if not each["UID"].startswith("nothing@")]
