"""Saving a commune's settings: one of two at a time, and never what others read meanwhile."""

import threading
from dataclasses import replace
from datetime import timedelta

from kit_booking.domain.booking.status import Status
from kit_booking.domain.policy import Policy
from kit_booking.models import AuditEntry, Booking, Commune
from kit_booking.services.audit import Actor
from kit_booking.services.booking.answers import cancel
from kit_booking.services.booking.ask import request_booking
from kit_booking.services.calendars.feeds import bookings_of, private_feed
from kit_booking.services.calendars.tokens import add_token
from kit_booking.services.communes.facts import commune_facts, find_version_key
from kit_booking.services.settings.saving import Saved, find_settings, save
from tests.support.builders import World
from tests.times import NOW, days_ahead


def test_of_two_who_save_at_once_one_is_outdated(world: World) -> None:
    commune = world.commune()
    clerk = world.clerk(commune)
    old = world.do(find_settings, commune.slug)
    changes = [replace(old, policy=Policy(most_ahead=3)), replace(old, policy=Policy(most_a_week=3))]
    together, answers = threading.Barrier(2), []

    def save_one(new: object) -> None:
        together.wait()
        answers.append(world.do(save, old, new, clerk.id, now=NOW))

    threads = [threading.Thread(target=save_one, args=(new,)) for new in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [Saved.DONE, Saved.OUTDATED]
    after = world.fresh(commune)
    assert after.version == old.version + 1
    assert after.policy in ({"most_ahead": 3}, {"most_a_week": 3})
    assert len(world.all(AuditEntry, action="settings_changed")) == 1


def test_facts_of_the_new_version_have_the_new_numbers(world: World) -> None:
    commune = world.commune()
    old = world.do(find_settings, commune.slug)
    world.do(lambda: commune_facts(commune.id, old.version))
    world.do(save, old, replace(old, policy=Policy(window_days=7)), world.clerk(commune).id, now=NOW)
    key = world.do(find_version_key, commune.slug)
    assert world.do(lambda: commune_facts(key.commune_id, key.version)).policy.window_days == 7


def test_asking_goes_on_by_what_was_just_saved(world: World) -> None:
    commune = world.commune()
    [kit], household = world.kits(commune), world.household(commune)
    old = world.do(find_settings, commune.slug)
    world.do(save, old, replace(old, policy=Policy(most_peak_ahead=2)), world.clerk(commune).id, now=NOW)
    asked = [
        world.do(request_booking, kit.code, days_ahead(n), "toi", household.id, sells="", streams_on="", now=NOW)
        for n in (3, 4, 8)
    ]
    assert [bool(one.code) for one in asked] == [True, True, False]
    assert [(refusal.reason, refusal.most) for refusal in asked[2].refusals] == [("peak_ahead", 2)]


def test_nothing_new_is_not_saved(world: World) -> None:
    commune = world.commune()
    old = world.do(find_settings, commune.slug)
    assert world.do(save, old, old, world.clerk(commune).id, now=NOW) is Saved.NOTHING
    assert world.all(Commune)[0].version == old.version


def test_a_plan_of_the_past_stays_as_it_was(world: World) -> None:
    commune = world.commune()
    old = world.do(find_settings, commune.slug)
    begins = days_ahead(3)
    new = replace(old, plans=old.with_plan(begins, old.plan_on(begins)[:1]))
    world.do(save, old, new, world.clerk(commune).id, now=NOW)
    saved = world.do(find_settings, commune.slug)
    assert [line.name for line in saved.plan_on(begins)] == ["Sáng"]
    assert saved.plan_on(begins - timedelta(days=1)) == old.plan_on(begins)


def test_calendars_show_the_new_number_of_the_office(world: World) -> None:
    commune = world.commune()
    [kit], household = world.kits(commune), world.household(commune)
    booking = world.booking(kit, household, days_ahead(2))
    token = world.do(add_token, Actor(household_id=household.id), now=NOW)
    before, _ = world.do(private_feed, token, now=NOW)
    old = world.do(find_settings, commune.slug)
    world.do(save, old, replace(old, phone="0912345678"), world.clerk(commune).id, now=NOW)
    after, _ = world.do(private_feed, token, now=NOW)
    assert after.version_key != before.version_key
    [booked] = world.do(bookings_of, after)
    assert (booked.office_phone, booked.version, booked.changed_at) == ("0912345678", booking.version + 1, NOW)


def test_who_waits_for_a_slot_that_gets_another_name_waits_for_it_by_that(world: World) -> None:
    commune = world.commune()
    [kit], waiting = world.kits(commune), world.household(commune)
    day, begins = days_ahead(5), days_ahead(4)
    other = world.entry(kit, world.household(commune, "Hoa"), days_ahead(3), "toi", joined_at=NOW)
    entry = world.entry(kit, waiting, day, "toi", joined_at=NOW)
    old = world.do(find_settings, commune.slug)
    evening = old.plan_on(day)[-1]
    plan = (*old.plan_on(day)[:-1], replace(evening, name="Buổi tối"))
    world.do(save, old, replace(old, plans=old.with_plan(begins, plan)), world.clerk(commune).id, now=NOW)
    assert world.fresh(entry).slot_name == "Buổi tối"
    assert world.fresh(other).slot_name == "Tối", "the plan of its day is as it was"
    lan = world.household(commune, "Lan")
    asked = world.do(request_booking, kit.code, day, "buoi-toi", lan.id, sells="", streams_on="", now=NOW)
    [booking] = world.all(Booking, code=asked.code)
    world.acts(cancel, booking, world.clerk(commune).id, "Bộ đang sửa", now=NOW)
    world.let_undo_pass()
    assert world.all(Booking, status=Status.OFFERED)[0].household_id == waiting.id
