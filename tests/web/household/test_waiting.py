"""Waiting for a taken slot as households see it: joining in two taps, the place, the offer, the change."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from kit_booking.clock import utc_now
from kit_booking.database import db
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Booking, Hold, WaitingEntry, WaitingState
from kit_booking.services.booking import answers
from tests.support.builders import World
from tests.support.town import Town, where, words_of
from tests.times import days_ahead


def evening() -> date:
    return local_day(utc_now()) + timedelta(days=4)


def fill_up(town: Town, day: date) -> list[Booking]:
    """Both kits of the commune are taken in this evening."""
    third = town.world.household(town.commune, "Trần Văn Cường")
    asked_at = utc_now() - timedelta(days=1)
    return [
        town.world.booking(kit, third, day, status=Status.APPROVED, asked_at=asked_at)
        for kit in (town.kit, town.second_kit)
    ]


def only_entry(world: World) -> WaitingEntry:
    [entry] = world.all(WaitingEntry)
    return entry


def test_a_taken_slot_leads_to_waiting_and_one_button_more_does_it(town: Town):
    day = evening()
    fill_up(town, day)
    phone = town.browser(town.owner)
    assert f'href="/kits/PD-1/{day}/toi"' in phone.get("/communes/phuong-duc").text
    assert "Chưa có hộ nào chờ buổi này." in words_of(phone.get(f"/kits/PD-1/{day}/toi"))

    assert where(phone.post(f"/kits/PD-1/{day}/toi/wait", {"places": [town.kit.place_id], "until": ""})).startswith(
        "303 /waiting/"
    )
    entry = only_entry(town.world)
    assert (entry.household_id, entry.day, entry.slot_name) == (town.owner.id, day, "Tối")
    assert entry.place_ids == []  # Every place there is, is any place.
    assert "Nhà mình đứng đầu" in words_of(phone.get(f"/waiting/{entry.id}"))


def test_joining_twice_is_joining_once(town: Town):
    day = evening()
    fill_up(town, day)
    phone = town.browser(town.owner)
    answers = {
        where(phone.post(f"/kits/PD-1/{day}/toi/wait", {"places": [town.kit.place_id], "until": ""}))
        for _ in range(2)
    }
    assert answers == {f"303 /waiting/{only_entry(town.world).id}"}
    assert where(phone.get(f"/kits/PD-1/{day}/toi")) == f"303 /waiting/{only_entry(town.world).id}"


def test_without_a_place_nobody_waits_and_the_page_says_what_is_missing(town: Town):
    fill_up(town, evening())
    answer = town.browser(town.owner).post(f"/kits/PD-1/{evening()}/toi/wait")
    assert answer.status_code == 422
    assert "Bà con chọn ít nhất một nơi." in words_of(answer)
    assert town.world.all(WaitingEntry) == []


def test_a_slot_that_came_free_meanwhile_is_asked_for_instead(town: Town):
    day = evening()
    first, _second = fill_up(town, day)
    town.world.do(answers.cancel, town.world.seen(first), town.clerk.id, "Bộ đang sửa", now=utc_now())
    town.world.let_undo_pass(utc_now())
    answer = town.browser(town.owner).post(f"/kits/PD-1/{day}/toi/wait", {"places": [town.kit.place_id], "until": ""})
    assert answer.status_code == 409
    assert "Buổi này vừa có chỗ trống" in words_of(answer)


def test_the_place_and_its_reason_are_shown_without_naming_anybody(town: Town):
    day = evening()
    fill_up(town, day)
    town.world.booking(town.kit, town.owner, local_day(utc_now()) - timedelta(days=9), status=Status.RETURNED)
    for name in ("Đỗ Thị Mai", "Phạm Văn Sáu"):
        town.world.entry(town.kit, town.world.household(town.commune, name), day, joined_at=utc_now())
    entry = town.world.entry(town.kit, town.owner, day, joined_at=utc_now() - timedelta(days=1))

    said = words_of(town.browser(town.owner).get(f"/waiting/{entry.id}"))
    assert "Đứng thứ 3" in said
    assert "Trước nhà mình có 2 hộ: 2 hộ chưa được mượn lần nào." in said
    assert "Mai" not in said


def test_what_is_offered_is_taken_with_one_tap(town: Town):
    booking = offered(town)
    phone = town.browser(town.owner)
    assert "Có chỗ trống, xã giữ cho nhà mình" in words_of(phone.get(f"/bookings/{booking.code}"))
    assert where(phone.post(f"/bookings/{booking.code}/accept")) == f"303 /bookings/{booking.code}"
    assert town.world.fresh(booking).status == Status.APPROVED
    assert only_entry(town.world).state == WaitingState.SERVED


def test_what_is_refused_says_so(town: Town):
    booking = offered(town)
    phone = town.browser(town.owner)
    phone.post(f"/bookings/{booking.code}/refuse")
    assert "đã không nhận chỗ này" in words_of(phone.get(f"/bookings/{booking.code}"))
    assert only_entry(town.world).state == WaitingState.PASSED


def offered(town: Town) -> Booking:
    day = evening()
    first, _second = fill_up(town, day)
    town.world.entry(town.kit, town.owner, day, joined_at=utc_now())
    town.world.do(answers.cancel, town.world.seen(first), town.clerk.id, "Bộ đang sửa", now=utc_now())
    town.world.let_undo_pass(utc_now())
    [booking] = town.world.all(Booking, status=Status.OFFERED)
    assert booking.household_id == town.owner.id
    return booking


def test_an_offered_slot_can_not_be_had_from_the_page(town: Town):
    offered(town)
    neighbour = town.browser(town.neighbour)
    assert "Chờ chỗ trống" in words_of(neighbour.get(f"/kits/PD-1/{evening()}/toi"))
    assert neighbour.post(f"/kits/PD-1/{evening()}/toi").status_code == 409


def test_leaving_is_asked_once_and_keeps_the_page(town: Town):
    fill_up(town, evening())
    entry = town.world.entry(town.kit, town.owner, evening(), joined_at=utc_now())
    phone = town.browser(town.owner)
    assert "Thôi chờ" in words_of(phone.get(f"/waiting/{entry.id}"))
    assert where(phone.post(f"/waiting/{entry.id}/leave")) == f"303 /waiting/{entry.id}"
    assert "Nhà mình đã thôi chờ" in words_of(phone.get(f"/waiting/{entry.id}"))


def test_a_booking_is_changed_to_another_free_slot_in_one_step(town: Town):
    booking = town.booking(Status.APPROVED)
    day, slot = town.free_slot()
    phone = town.browser(town.owner)
    to = f"{town.second_kit.code}/{day}/{slot}"
    assert "Đổi sang buổi này" in words_of(phone.get(f"/bookings/{booking.code}/change?to={to}"))
    assert where(phone.post(f"/bookings/{booking.code}/change", {"to": to})) == f"303 /bookings/{booking.code}"
    changed = town.world.fresh(booking)
    assert (changed.kit_id, changed.day, changed.status) == (town.second_kit.id, day, Status.APPROVED)


def test_who_wants_to_change_to_a_slot_just_taken_keeps_the_old_one(town: Town):
    booking = town.booking(Status.APPROVED)
    taken = fill_up(town, evening())[0]
    to = f"{town.kit.code}/{taken.day}/toi"
    answer = town.browser(town.owner).post(f"/bookings/{booking.code}/change", {"to": to})
    assert answer.status_code == 409
    assert "Phiếu cũ của nhà mình vẫn còn nguyên." in words_of(answer)
    assert town.world.fresh(booking).day == booking.day


@pytest.mark.parametrize("to", ["", "nothing", "PD-1/2026-13-01/toi", "XX-9/2026-12-05/toi", "PD-1/9999-12-31/toi"])
def test_a_slot_that_does_not_exist_can_not_be_changed_to(town: Town, to: str):
    booking = town.booking(Status.APPROVED)
    assert town.browser(town.owner).post(f"/bookings/{booking.code}/change", {"to": to}).status_code == 404


def test_the_household_sees_its_strikes_until_when_they_count_and_who_lifts_a_pause(town: Town):
    phone = town.browser(town.owner)
    strike(town, 20)
    assert "Nhà mình có 1 lần không đến nhận hoặc hủy quá muộn" in words_of(phone.get("/bookings"))
    strike(town, 2)
    said = words_of(phone.get("/bookings"))
    assert "Nhà mình tạm nghỉ đăng ký đến" in said
    assert "bà con gọi xã Phượng Dực: 024 3385 4321" in said
    day, slot = town.free_slot()
    refused = phone.post(f"/kits/PD-1/{day}/{slot}")
    assert refused.status_code == 409
    assert "tạm nghỉ đăng ký" in words_of(refused)


def strike(town: Town, days_ago: int) -> None:
    at = utc_now() - timedelta(days=days_ago)
    town.world.booking(town.kit, town.owner, local_day(at), "sang", status=Status.NO_SHOW, asked_at=at, strike_at=at)


def test_giving_up_late_says_beforehand_what_it_costs(town: Town):
    now = utc_now()
    pick_up_at = now + timedelta(hours=3)
    booking = town.booking(
        Status.APPROVED,
        approved_at=now - timedelta(days=1),
        pick_up_at=pick_up_at,
        from_at=pick_up_at + timedelta(hours=1),
        until_at=pick_up_at + timedelta(hours=2),
        return_at=pick_up_at + timedelta(hours=3),
    )
    phone = town.browser(town.owner)
    assert "tính là một lần hủy muộn" in words_of(phone.get(f"/bookings/{booking.code}/cancel"))
    assert "Đổi sang buổi khác" not in words_of(phone.get(f"/bookings/{booking.code}"))
    phone.post(f"/bookings/{booking.code}/cancel", strike="1")
    assert town.world.fresh(booking).strike_at is not None


# An open offer


def held_for_owner(town: Town) -> Booking:
    booking = town.world.booking(
        town.kit, town.owner, days_ahead(5, utc_now()), "toi", status=Status.OFFERED, answer_by_at=at_noon()
    )
    town.world.change(town.owner, version=town.world.fresh(town.owner).version + 1)
    return booking


def at_noon() -> datetime:
    return utc_now() + timedelta(hours=3)


@pytest.mark.parametrize("path", ["/", "/bookings", "/communes/phuong-duc", "/privacy", "/calendar", "/nowhere"])
def test_an_open_offer_stands_first_on_every_page_of_the_household(town: Town, path: str) -> None:
    owner = town.browser(town.owner)
    etag = owner.get(path).headers.get("ETag", "x")
    booking = held_for_owner(town)
    page = owner.get(path, {"If-None-Match": etag})
    words = words_of(page)
    assert "◔ Có chỗ trống giữ cho nhà mình đến" in words
    for said in ("Tối", "Phú Túc", "Nhận lúc", "trả trước"):
        assert said in words
    assert page.text.index("Có chỗ trống giữ cho nhà mình") < page.text.index("<h1")
    assert f'class="button" href="/bookings/{booking.code}"' in page.text
    for other in (None, town.neighbour, town.clerk):
        assert "giữ cho nhà mình đến" not in words_of(town.browser(other).get("/privacy"))


def test_the_offers_own_page_does_not_say_it_twice(town: Town) -> None:
    booking = held_for_owner(town)
    words = words_of(town.browser(town.owner).get(f"/bookings/{booking.code}"))
    assert "Có chỗ trống, xã giữ cho nhà mình" in words
    assert "◔ Có chỗ trống" not in words


@pytest.mark.parametrize("status", [Status.LAPSED, Status.REFUSED])
def test_an_offer_that_ended_says_what_is_so_now(town: Town, status: Status) -> None:
    booking = held_for_owner(town)
    town.world.entry(town.kit, town.owner, booking.day, state=WaitingState.PASSED, booking_id=booking.id)
    with town.app.app_context(), Session(db.engine) as session:
        session.execute(delete(Hold).where(Hold.booking_id == booking.id))
        session.commit()
    town.world.change(booking, status=status)
    owner, path = town.browser(town.owner), f"/bookings/{booking.code}"
    page = owner.get(path)
    assert "Chỗ này đang còn trống. Đăng ký ngay" in words_of(page)
    assert f'href="/kits/{town.kit.code}/{booking.day}/toi"' in page.text
    town.world.booking(town.kit, town.neighbour, booking.day, "toi", status=Status.APPROVED)
    assert "Chỗ này nay đã có nhà khác." in words_of(owner.get(path))
