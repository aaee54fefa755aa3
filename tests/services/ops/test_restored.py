"""A backup is put back: what the lost time gave out is not taken for the present."""

from datetime import timedelta

import pytest
from flask import Flask

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import AuditEntry, Booking, Commune, Household, Kit, Message, MessageState
from kit_booking.services.messages import reminders
from kit_booking.services.ops.restored import after_restore
from tests.support.builders import World
from tests.support.subscribing import PUBLIC, events, feed_of
from tests.support.town import Town, where
from tests.times import NOW, days_ahead


def restore(town: Town) -> None:
    town.world.do(after_restore, now=utc_now())


def test_no_tag_of_the_lost_time_is_answered_304(town: Town) -> None:
    town.booking(Status.APPROVED)
    paths = [*PUBLIC, feed_of(town, town.owner), feed_of(town, town.clerk), "/communes/phuong-duc", "/"]
    tags = {path: town.browser().get(path).headers["ETag"] for path in paths}
    restore(town)
    for path, tag in tags.items():
        answer = town.browser().get(path, {"If-None-Match": tag})
        assert (answer.status_code, path) == (200, path)


def test_versions_are_above_all_that_the_lost_time_reached_also_after_a_second_restore(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    rows = (Commune, Kit, Household, Booking)
    before = {table: max(row.version for row in town.world.all(table)) for table in rows}
    restore(town)
    first = {table: min(row.version for row in town.world.all(table)) for table in rows}
    assert all(first[table] > before[table] + 1_000_000 for table in rows)
    town.world.do(after_restore, now=utc_now() + timedelta(hours=1))
    assert all(min(row.version for row in town.world.all(table)) > first[table] for table in rows)
    assert max(row.version for row in town.world.all(Booking)) < 2**31
    assert town.world.fresh(booking).changed_at > booking.changed_at


def test_what_comes_back_in_calendars_keeps_its_uid_with_a_higher_sequence(town: Town) -> None:
    town.booking(Status.APPROVED)
    [old] = events(town.browser().get(PUBLIC[0]))
    restore(town)
    [new] = events(town.browser().get(PUBLIC[0]))
    assert new["uid"] == old["uid"]
    assert new["sequence"] > old["sequence"]
    assert new["last-modified"].dt >= old["last-modified"].dt


def test_another_booking_of_the_same_id_has_another_uid(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    [old] = events(town.browser().get(PUBLIC[0]))
    town.world.change(booking, asked_at=booking.asked_at + timedelta(seconds=1), version=booking.version + 1)
    town.world.change(town.kit, version=99)
    [new] = events(town.browser().get(PUBLIC[0]))
    assert new["uid"] != old["uid"]


def test_every_sign_in_ends_and_none_fits_a_household_that_gets_the_id_of_a_lost_one(town: Town) -> None:
    phone, desk = town.browser(town.owner), town.browser(town.clerk)
    restore(town)
    assert where(phone.get("/bookings")) == "303 /sign-in"
    assert where(desk.get("/staff")) == "303 /staff/sign-in"
    new = [town.world.household(town.commune, f"Nhà {n}").session_version for n in range(9)]
    assert len(set(new)) > 5


@pytest.fixture
def due(world: World) -> Booking:
    """A booking whose day-before reminder is due."""
    commune = world.commune()
    return world.booking(world.kits(commune)[0], world.household(commune), days_ahead(1), status=Status.APPROVED)


def test_a_text_that_may_have_gone_out_is_asked_after_and_not_sent_again(world: World, due: Booking) -> None:
    evening = NOW + timedelta(hours=10)
    world.do(reminders.write_due, due.id, now=evening)
    assert world.do(after_restore, now=evening + timedelta(hours=1)) == 1
    [text] = world.all(Message)
    assert (text.state, text.ask_at) == (MessageState.UNKNOWN, evening + timedelta(hours=1))


def test_what_is_due_later_is_sent_as_ever_and_login_codes_are_not(world: World, due: Booking) -> None:
    later = {"kind": Kind.APPROVED, "to": "+84912345678", "body": "x", "useful_until_at": NOW + timedelta(days=2)}
    world.add(
        Message(created_at=NOW, due_at=NOW + timedelta(hours=9), **later),
        Message(created_at=NOW, due_at=NOW, **(later | {"kind": Kind.LOGIN_CODE})),
    )
    assert world.do(after_restore, now=NOW + timedelta(hours=1)) == 0
    assert [text.state for text in world.all(Message)] == [MessageState.QUEUED, MessageState.SKIPPED]


def test_reminders_of_the_lost_time_are_asked_after_when_they_are_written_anew(world: World, due: Booking) -> None:
    evening = NOW + timedelta(hours=12)
    world.do(after_restore, now=evening)
    world.do(reminders.write_due, due.id, now=evening + timedelta(minutes=1))
    [text] = world.all(Message)
    assert (text.kind, text.state) == (Kind.REMINDER_DAY, MessageState.UNKNOWN)
    assert text.created_at == text.due_at < evening


def test_reminders_after_it_are_sent_as_ever(world: World, due: Booking) -> None:
    world.do(after_restore, now=NOW)
    world.do(reminders.write_due, due.id, now=NOW + timedelta(hours=12))
    assert [text.state for text in world.all(Message)] == [MessageState.QUEUED]


def test_an_overdue_text_of_the_lost_time_is_asked_after(world: World, due: Booking) -> None:
    world.change(due, status=Status.OUT)
    late = due.return_at + timedelta(hours=5)
    world.do(after_restore, now=late)
    world.do(reminders.write_overdue, due.code, now=late + timedelta(minutes=1))
    assert [(text.kind, text.state) for text in world.all(Message)] == [(Kind.OVERDUE, MessageState.UNKNOWN)]


def test_the_commands_say_what_was_done(app: Flask, world: World) -> None:
    said = app.test_cli_runner().invoke(args=["after-restore"])
    assert said.exit_code == 0, said.output
    assert "Everybody signs in again; 0 texts" in said.output
    assert [entry.action for entry in world.all(AuditEntry)] == ["restored"]
