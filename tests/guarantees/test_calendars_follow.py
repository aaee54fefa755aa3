"""After every one of 40 random changes, other people's programs hold exactly what the database holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.text import clean
from kit_booking.domain.time.local_time import ZONE, local_day, to_local
from kit_booking.models import Booking, Hold, Household, Kit, Place
from tests.guarantees.changes import Life
from tests.support.databases import on_both_in_ci
from tests.support.feeds import Subscriber, all_events_by_ical_js, libical_errors, serving_at
from tests.support.subscribing import feed_of
from tests.support.town import Town

CHANGES = 40
SEED = 19
MINUTES = 15
"""All times are multiples of it."""

pytestmark = pytest.mark.timeout(600)  # Half a minute, where nothing else runs.


@dataclass(frozen=True)
class Seen:
    """An event as every program can show it; whole days have dates, the end being the day after."""

    uid: str
    start: datetime | date
    end: datetime | date
    summary: str
    status: str


Wording = Callable[[Booking, Kit, Place, Household], str]


def as_public(booking: Booking, kit: Kit, _place: Place, _household: Household) -> str:
    word = "Chờ duyệt" if booking.status == Status.REQUESTED else "Đã có người"
    return f"{word}: bộ {kit.code}, buổi {booking.slot_name.lower()}"


def as_household(booking: Booking, _kit: Kit, place: Place, _household: Household) -> str:
    word = {
        Status.REQUESTED: "Chờ duyệt: mượn",
        Status.OFFERED: "Có chỗ trống, chờ nhà mình nhận:",
    }.get(booking.status, "Mượn")
    return f"{word} bộ livestream ở {place.name}"


def as_staff(booking: Booking, kit: Kit, _place: Place, household: Household) -> str:
    word = {Status.REQUESTED: "Chờ duyệt: ", Status.OFFERED: "Chờ nhà nhận chỗ: "}.get(booking.status, "")
    return f"{word}bộ {kit.code}, buổi {booking.slot_name.lower()}: {household.name}, {household.village}"


class Truth:
    """What the database holds, read without any of the code that makes feeds."""

    def __init__(self, town: Town) -> None:
        self.town, self.world = town, town.world

    def of(self, name: str) -> list[Seen]:
        kits = {"kit": [self.town.kit.id]}.get(name, [kit.id for kit in self.world.kits(self.town.commune)])
        live = (Status.REQUESTED, Status.OFFERED, Status.APPROVED, Status.OUT, Status.RETURNED)
        bookings = [each for each in self.world.all(Booking) if each.status in live]
        if name == "household":
            own = [each for each in bookings if each.household_id == self.town.owner.id]
            return self._sorted(self._booked(own, as_household, is_told_of_offers=True))
        bookings = [each for each in bookings if each.kit_id in kits]
        wording = as_staff if name == "staff" else as_public
        shown = self._booked(bookings, wording, is_told_of_offers=name == "staff")
        return self._sorted([*shown, *(event for kit_id in kits for event in self._closed(kit_id))])

    @staticmethod
    def _sorted(events: list[Seen]) -> list[Seen]:
        return sorted(events, key=lambda event: event.uid)

    def _booked(self, bookings: list[Booking], wording: Wording, *, is_told_of_offers: bool) -> list[Seen]:
        kits, places, households = ({row.id: row for row in self.world.all(t)} for t in (Kit, Place, Household))
        open_ = {Status.REQUESTED} | ({Status.OFFERED} if is_told_of_offers else set())
        return [
            Seen(
                f"booking-{each.id}-{each.asked_at:%y%m%d%H%M%S}@localhost",
                each.from_at,
                each.until_at,
                clean(wording(each, kits[each.kit_id], places[each.place_id], households[each.household_id]), 300),
                "TENTATIVE" if each.status in open_ else "CONFIRMED",
            )
            for each in bookings
        ]

    def _closed(self, kit_id: int) -> Iterator[Seen]:
        """Runs of closed quarters of an hour."""
        step = timedelta(minutes=MINUTES)
        quarters = sorted(
            hold.from_at + n * step
            for hold in self.world.all(Hold, kit_id=kit_id, booking_id=None, kept_for_id=None)
            for n in range((hold.until_at - hold.from_at) // step)
        )
        begins = [at for at in quarters if at - step not in quarters]
        ends = [at + step for at in quarters if at + step not in quarters]
        (kit,) = self.world.all(Kit, id=kit_id)
        for start, end in zip(begins, ends, strict=True):
            uid = f"closed-{kit_id}-{start:%Y%m%d%H%M}-{end:%Y%m%d%H%M}@localhost"
            days = [to_local(each) for each in (start, end)]
            if all((each.hour, each.minute) == (0, 0) for each in days):
                start, end = (each.date() for each in days)
            yield Seen(uid, start, end, clean(f"Nghỉ, không cho mượn: bộ {kit.code}", 300), "CONFIRMED")


def by_ical_js(found: list[dict[str, Any]]) -> list[Seen]:
    def known(at: datetime) -> datetime | date:
        return at if at.tzinfo else at.date()

    return Truth._sorted(
        [
            Seen(e["uid"], known(e["start"]), known(e["end"]), e["summary"], e["status"])
            for e in found
            if not e["uid"].startswith("nothing@")
        ]
    )


def as_khal_shows(events: list[Seen]) -> list[tuple[Any, ...]]:
    """Sorted, without the UID, for which vdirsyncer puts its own; of whole days the last one is the end."""
    shown = []
    for event in events:
        start, end = event.start, event.end
        if not isinstance(start, datetime):
            start, end = (
                datetime.combine(day, datetime.min.time(), ZONE) for day in (start, end - timedelta(days=1))
            )
        shown.append((start, end, event.summary, event.status))
    return sorted(shown)


def paths_of(town: Town) -> dict[str, str]:
    return {
        "commune": "/communes/phuong-duc.ics",
        "kit": "/kits/PD-1.ics",
        "household": feed_of(town, town.owner),
        "staff": feed_of(town, town.clerk),
    }


@on_both_in_ci
def test_programs_hold_what_the_database_holds_after_each_of_40_changes(town: Town, tmp_path: Path) -> None:
    paths, truth, today = paths_of(town), Truth(town), local_day(utc_now())
    with serving_at(town.app) as url:
        subscriber = Subscriber(tmp_path, {name: url + path for name, path in paths.items()})
        for change in Life(town, SEED).changes(CHANGES):
            seen = subscriber.events(today)
            parsed = all_events_by_ical_js([town.browser().get(path).data for path in paths.values()])
            for name, found in zip(paths, parsed, strict=True):
                expected = truth.of(name)
                assert by_ical_js(found) == expected, (name, change)
                by_khal = [(e["start"], e["end"], e["summary"], e["status"].strip()) for e in seen[name]]
                assert sorted(by_khal) == as_khal_shows(expected), (name, change)


def by_icalendar(feed: bytes) -> list[Seen]:
    return Truth._sorted(
        [
            Seen(str(e["UID"]), e["DTSTART"].dt, e["DTEND"].dt, str(e["SUMMARY"]), str(e["STATUS"]))
            for e in Calendar.from_ical(feed).walk("VEVENT")
            if not e["UID"].startswith("nothing@")
        ]
    )


@pytest.mark.parametrize("seed", range(3))
def test_every_version_is_valid_and_an_event_changes_only_together_with_its_sequence(town: Town, seed: int) -> None:
    paths, truth = paths_of(town), Truth(town)
    before: dict[str, dict[str, Any]] = {name: {} for name in paths}
    for change in Life(town, seed).changes(CHANGES):
        for name, path in paths.items():
            feed = town.browser().get(path).data
            assert libical_errors(feed) == [], (name, change)
            assert by_icalendar(feed) == truth.of(name), (name, change)
            after = {str(event["UID"]): event for event in Calendar.from_ical(feed).walk("VEVENT")}
            for uid in after.keys() & before[name].keys():
                old, new = before[name][uid], after[uid]
                assert (old.to_ical() != new.to_ical()) == (old["SEQUENCE"] < new["SEQUENCE"]), (uid, change)
                assert old["SEQUENCE"] <= new["SEQUENCE"]
                assert old["LAST-MODIFIED"].dt <= new["LAST-MODIFIED"].dt
            before[name] = after
