"""Closed time of kits in the calendars of the public and of the office."""

from datetime import date, datetime, timedelta

from icalendar import Calendar
from werkzeug.test import TestResponse

from kit_booking.clock import utc_now
from kit_booking.database import transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Closure, Hold, Kit
from kit_booking.services.audit import Actor
from kit_booking.services.register.households import correct
from kit_booking.services.timeline.closed_time import rewrite_closed
from kit_booking.services.timeline.locks import bump_calendar_versions
from tests.support.feeds import events_by_ical_js, libical_errors
from tests.support.subscribing import PUBLIC, events, feed_of
from tests.support.town import Town
from tests.times import at

DAY = timedelta(days=1)


def ahead(days: int) -> date:
    return local_day(utc_now()) + timedelta(days=days)


def close(town: Town, from_at: datetime, until_at: datetime, kit: Kit | None = None) -> None:
    closed = kit or town.kit
    town.world.add(Hold(kit_id=closed.id, from_at=from_at, until_at=until_at, changed_at=utc_now()))
    town.world.change(closed, version=town.world.fresh(closed).version + 1)


def close_days(town: Town, first: int, days: int = 1, kit: Kit | None = None) -> None:
    close(town, at(ahead(first), "00:00"), at(ahead(first + days), "00:00"), kit)


def spans(answer: TestResponse) -> list[tuple[object, object]]:
    return [(event["dtstart"].dt, event["dtend"].dt) for event in events(answer)]


def test_closed_days_are_days_that_leave_the_time_free(town: Town) -> None:
    close_days(town, 3, 2)
    for path in (*PUBLIC, feed_of(town, town.clerk)):
        answer = town.browser().get(path)
        (event,) = events(answer)
        assert spans(answer) == [(ahead(3), ahead(5))]
        assert event["dtstart"].params["VALUE"] == "DATE"
        assert str(event["transp"]) == "TRANSPARENT"
        assert str(event["summary"]) == "Nghỉ, không cho mượn: bộ PD-1"
        assert str(event["location"]).startswith("Phú Túc")
        assert libical_errors(answer.data) == []
        (seen,) = events_by_ical_js(answer.data)
        assert (seen["start"].date(), seen["end"].date()) == (ahead(3), ahead(5))


def test_closed_hours_have_their_times(town: Town) -> None:
    from_at, until_at = at(ahead(3), "07:30"), at(ahead(3), "17:00")
    close(town, from_at, until_at)
    answer = town.browser().get(PUBLIC[0])
    assert spans(answer) == [(from_at, until_at)]
    assert "transp" not in events(answer)[0]
    assert libical_errors(answer.data) == []


def test_days_that_follow_each_other_are_one_event_of_each_kit(town: Town) -> None:
    for day in (3, 4, 5, 8):
        close_days(town, day)
    close_days(town, 4, kit=town.second_kit)
    assert spans(town.browser().get("/kits/PD-1.ics")) == [(ahead(3), ahead(6)), (ahead(8), ahead(9))]
    assert spans(town.browser().get("/kits/PD-2.ics")) == [(ahead(4), ahead(5))]
    everything = town.browser().get(PUBLIC[0])
    assert len(events(everything)) == 3
    assert len({str(event["uid"]) for event in events(everything)}) == 3


def test_days_that_touch_hours_are_one_event_with_times(town: Town) -> None:
    close_days(town, 3)
    close(town, at(ahead(4), "00:00"), at(ahead(4), "12:00"))
    assert spans(town.browser().get(PUBLIC[1])) == [(at(ahead(3), "00:00"), at(ahead(4), "12:00"))]


def test_what_opens_again_disappears_and_a_longer_stretch_is_another_event(town: Town) -> None:
    close_days(town, 3)
    first = town.browser().get(PUBLIC[1])
    close_days(town, 4)
    longer = town.browser().get(PUBLIC[1], {"If-None-Match": first.headers["ETag"]})
    assert longer.status_code == 200
    assert events(first)[0]["uid"] != events(longer)[0]["uid"]
    with town.app.app_context():
        for hold in town.world.all(Hold):
            town.world.change(hold, from_at=hold.from_at - 400 * DAY, until_at=hold.until_at - 400 * DAY)
    town.world.change(town.kit, version=town.world.fresh(town.kit).version + 1)
    assert events(town.browser().get(PUBLIC[1])) == []


def test_a_booking_elsewhere_leaves_the_closed_event_as_it_is(town: Town) -> None:
    close_days(town, 40)
    before = town.browser().get(PUBLIC[1])
    town.booking(Status.APPROVED)
    town.world.change(town.kit, version=town.world.fresh(town.kit).version + 1)
    after = town.browser().get(PUBLIC[1])
    closed = [event for event in Calendar.from_ical(after.data).walk("VEVENT") if "closed" in event["UID"]]
    assert [event.to_ical() for event in closed] == [
        event.to_ical() for event in Calendar.from_ical(before.data).walk("VEVENT")
    ]


def test_a_stretch_that_began_long_ago_keeps_its_beginning(town: Town) -> None:
    for day in range(-60, 3):
        close_days(town, day)
    assert spans(town.browser().get(PUBLIC[1])) == [(ahead(-60), ahead(3))]


def test_a_households_own_calendar_holds_its_bookings_only(town: Town) -> None:
    close_days(town, 3)
    assert events(town.browser().get(feed_of(town, town.owner))) == []


def test_a_feed_is_never_without_an_event(town: Town) -> None:
    """Evolution and vdirsyncer keep what they had for ever when a feed becomes empty."""
    booking = town.booking(Status.APPROVED)
    paths = [*PUBLIC, feed_of(town, town.owner), feed_of(town, town.clerk)]
    assert [len(events(town.browser().get(path))) for path in paths] == [1, 1, 1, 1]
    town.browser(town.owner).post(f"/bookings/{booking.code}/cancel")
    for path in paths:
        first, again = town.browser().get(path), town.browser().get(path)
        [event] = Calendar.from_ical(first.data).walk("VEVENT")
        assert event["UID"] == "nothing@localhost"
        assert event["DTSTART"].dt < booking.day
        assert first.data == again.data


def test_closed_time_is_dated_when_it_was_closed_and_rises_with_a_new_name(town: Town) -> None:
    from_at = at(ahead(5), "00:00")
    close(town, from_at, from_at + DAY)
    [old] = events(town.browser().get(PUBLIC[1]))
    assert old["dtstamp"].dt <= utc_now()
    assert old["last-modified"].dt == old["dtstamp"].dt
    town.world.do(transaction(bump_calendar_versions), town.commune.id, now=utc_now())
    [new] = events(town.browser().get(PUBLIC[1]))
    assert new["sequence"] > old["sequence"]
    assert new["last-modified"].dt > old["last-modified"].dt
    closure = {"commune_id": town.commune.id, "reason": "Tết", "changed_at": utc_now()}
    town.world.add(Closure(from_at=from_at, until_at=from_at + DAY, **closure))
    town.world.do(transaction(rewrite_closed), town.kit.id, now=utc_now())
    assert events(town.browser().get(PUBLIC[1])) == [new]


def test_a_new_name_of_a_household_changes_nothing_in_public_and_a_newer_event_for_staff(town: Town) -> None:
    town.booking(Status.APPROVED)
    paths = [*PUBLIC, feed_of(town, town.clerk)]
    before = [events(town.browser().get(path)) for path in paths]
    by = Actor(staff_id=town.clerk.id)
    village = town.owner.village
    town.world.do(correct, town.owner.id, by, name="Đỗ Thị Tên Mới", village=village, craft="mộc", now=utc_now())
    after = [events(town.browser().get(path)) for path in paths]
    assert after[:2] == before[:2]
    assert "Đỗ Thị Tên Mới" in after[2][0]["summary"]
    assert after[2][0]["sequence"] > before[2][0]["sequence"]
