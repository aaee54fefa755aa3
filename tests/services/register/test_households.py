"""The register: who is found where, putting right, another number, joining, erasing, forgetting."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, insert

from kit_booking.database import db
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import (
    AuditEntry,
    Booking,
    Household,
    Message,
    MessageState,
)
from kit_booking.services.audit import Actor
from kit_booking.services.calendars.feeds import private_feed
from kit_booking.services.calendars.tokens import add_token
from kit_booking.services.register.households import (
    correct,
    find_household,
    note_view,
    search_households,
)
from kit_booking.services.sign_in.sign_in import enter_household
from tests.support.builders import World
from tests.support.register import Village, at_once, make_village
from tests.times import NOW, days_ahead

YEAR = timedelta(days=366)
NEW_NUMBER = "+84987654321"


@pytest.fixture
def village(world: World) -> Village:
    return make_village(world)


# Finding


def test_a_household_is_found_with_or_without_accents_by_name_village_and_number(village: Village):
    typed = ["nguyen thi hanh", "Hạnh", "dong vinh", "đồng vinh", "0912 345", "678"]
    assert [text for text in typed if village.finds(text) != ["Nguyễn Thị Hạnh"]] == []


def test_signs_of_the_search_language_are_letters_like_others(village: Village):
    typed = ["100%", "_", "\\", "'; --"]
    assert [text for text in typed if village.finds(text)] == []


def test_nobody_of_another_commune_is_found(village: Village, world: World):
    other = world.commune("Đại Xuyên")
    world.household(other, "Nguyễn Thị Hạnh")
    assert village.finds("hanh") == ["Nguyễn Thị Hạnh"]
    everywhere, _has_more = world.do(search_households, None, "hanh")
    assert {household.commune_name for household in everywhere} == {"Phượng Dực", "Đại Xuyên"}


def test_long_registers_come_page_by_page(village: Village, world: World):
    world.add(
        *(
            Household(
                commune_id=village.commune.id, name=f"Hộ {n:03}", phone="", landline="", village="Giẽ", craft="giày",
                consent_version="1", consent_at=NOW, seen_at=NOW,
            )
            for n in range(60)
        )
    )  # fmt: skip
    first, more_after_first = world.do(search_households, [village.commune.id], "ho gie")
    second, more_after_second = world.do(search_households, [village.commune.id], "ho gie", page=2)
    assert [len(first), more_after_first, len(second), more_after_second] == [50, True, 10, False]


def test_a_row_written_without_the_orm_can_be_found_too(village: Village, app: Flask):
    values = {"commune_id": village.commune.id, "name": "Đỗ Văn Kỳ", "phone": "", "village": "", "craft": ""}
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(Household).values(**values, consent_version="", consent_at=NOW, seen_at=NOW))
    assert village.finds("do van ky") == ["Đỗ Văn Kỳ"]


def test_the_search_reads_the_own_commune_by_an_index(village: Village, app: Flask):
    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *got: statements.append((got[2], got[3])))
        search_households([village.commune.id], "hanh")
        [(statement, values)] = statements
        with db.engine.connect() as connection:
            if connection.dialect.name != "sqlite":
                return
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert any("ix_household_commune_id_search" in row[-1] for row in plan), plan


# Putting right


def test_a_corrected_household_is_found_by_its_new_name_and_calendars_follow(village: Village, world: World):
    booking = world.booking(village.kit, village.hanh, days_ahead(1))
    kit_version = world.fresh(village.kit).version
    values = {"name": "Đỗ Thị Hạnh", "village": "Giẽ Hạ", "craft": "giày da"}
    assert world.do(correct, village.hanh.id, village.by_clerk, **values, now=NOW)
    assert village.finds("do thi hanh gie ha") == ["Đỗ Thị Hạnh"]
    assert village.finds("dong vinh") == []
    assert world.fresh(booking).version == booking.version
    assert (world.fresh(village.hanh).renamed_at, world.fresh(village.kit).version > kit_version) == (NOW, True)
    [entry] = world.all(AuditEntry, action="corrected")
    assert (entry.staff_id, entry.detail) == (village.clerk.id, {"changed": ["name", "village", "craft"]})


def test_correcting_nothing_writes_nothing(village: Village, world: World):
    hanh = village.hanh
    assert world.do(correct, hanh.id, village.by_clerk, village=hanh.village, craft=hanh.craft, now=NOW)
    assert world.all(AuditEntry, action="corrected") == []


def test_a_view_of_a_household_is_recorded_once_a_day_and_member_of_staff(village: Village, world: World):
    colleague = world.staff(village.commune)
    household = world.do(find_household, village.hanh.id)
    for staff, now in [(village.clerk, NOW), (village.clerk, NOW), (colleague, NOW), (village.clerk, NOW + YEAR)]:
        world.do(note_view, household, staff.id, now=now)
    views = world.all(AuditEntry, action="viewed")
    assert [(view.staff_id, view.at) for view in views] == [
        (village.clerk.id, NOW),
        (colleague.id, NOW),
        (village.clerk.id, NOW + YEAR),
    ]


def test_views_at_the_same_time_are_recorded_once(village: Village, world: World, app: Flask):
    household = world.do(find_household, village.hanh.id)
    at_once(app, *[lambda: world.do(note_view, household, village.clerk.id, now=NOW)] * 4)
    assert len(world.all(AuditEntry, action="viewed")) == 1


# Another number


def test_another_number_ends_the_sign_ins_of_the_old_one(village: Village, world: World):
    token = world.do(add_token, Actor(household_id=village.hanh.id), now=NOW)
    assert village.changes_number()
    changed = world.fresh(village.hanh)
    assert (changed.phone, changed.session_version) == (NEW_NUMBER, village.hanh.session_version + 1)
    assert world.do(private_feed, token, now=NOW)[0].ended_on  # An empty calendar from now on.
    assert village.finds("0987") == ["Nguyễn Thị Hạnh"]
    assert village.finds("0912345678") == []
    [entry] = world.all(AuditEntry, action="number_changed")
    assert entry.detail == {}


def test_a_code_of_the_old_number_no_longer_signs_in(village: Village, world: World):
    assert world.do(enter_household, village.hanh.id, village.hanh.phone, now=NOW) == village.hanh.session_version
    village.changes_number()
    assert world.do(enter_household, village.hanh.id, village.hanh.phone, now=NOW) is None
    assert world.do(enter_household, village.hanh.id, NEW_NUMBER, now=NOW) == village.hanh.session_version + 1


def test_queued_texts_go_to_the_new_number(village: Village, world: World):
    village.asks(village.hanh)
    village.asks(village.binh, days=2)
    village.changes_number()
    assert [message.to for message in world.all(Message)] == [NEW_NUMBER, village.binh.phone]


def test_without_a_mobile_staff_are_to_phone_about_queued_texts(village: Village, world: World):
    village.asks(village.hanh)
    village.changes_number("", "02433854321")
    [message] = world.all(Message)
    assert (message.state, message.to) == (MessageState.TO_PHONE, "02433854321")
    assert world.fresh(village.hanh).takes_texts is False


def test_the_clerks_own_texts_are_left_alone(village: Village, world: World):
    code = village.asks(village.hanh)
    booking = world.all(Booking, code=code)[0]
    soon = NOW + timedelta(hours=1)
    world.add(
        Message(
            kind=Kind.STAFF_DUE, booking_id=booking.id, kit_id=village.kit.id, pick_up_at=booking.pick_up_at,
            to="+84911111111", body="", created_at=NOW, due_at=soon, useful_until_at=soon,
        )
    )  # fmt: skip
    village.changes_number()
    assert world.all(Message, kind=Kind.STAFF_DUE)[0].to == "+84911111111"


def test_the_same_number_with_a_landline_signs_nobody_out(village: Village, world: World):
    village.changes_number(village.hanh.phone, "02433854321", takes_texts=False)
    changed = world.fresh(village.hanh)
    assert (changed.session_version, changed.landline, changed.takes_texts) == (
        village.hanh.session_version,
        "02433854321",
        False,
    )
