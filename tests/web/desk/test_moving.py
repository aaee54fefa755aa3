"""Moving a booking by click: what is free around it, and one clear outcome whoever clicks first."""

import re
from datetime import timedelta

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import AuditEntry, Booking, Hold, Message
from kit_booking.services.booking.answers import withdraw
from tests.support.town import Browser, Town, where, words_of
from tests.times import days_ahead

DAY = days_ahead(3)


def seat_of(town: Town, booking: Booking) -> str:
    page = town.browser(town.clerk).get(f"/staff/bookings/{booking.code}/move").text
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return found[1]


def click(browser: Browser, town: Town, booking: Booking, to: str, **more: object) -> object:
    fields = {"to": to, "seen": seat_of(town, booking), **more}
    return browser.post(f"/staff/bookings/{booking.code}/move", fields)


def evening(town: Town, status: Status = Status.APPROVED) -> Booking:
    day = local_day(utc_now()) + timedelta(days=3)
    return town.world.booking(town.kit, town.owner, day, status=status, asked_at=utc_now())


def test_what_is_free_is_shown_the_same_time_first(town: Town) -> None:
    booking = evening(town)
    town.world.booking(town.kit, town.neighbour, booking.day, "sang")
    page = town.browser(town.clerk).get(f"/staff/bookings/{booking.code}/move").text
    paths = re.findall(r'name="to" value="([^"]+)"', page)
    assert paths[0] == f"/kits/{town.second_kit.code}/{booking.day}/toi"
    # What is so near that it needs a reason stands last; late in the evening that is so of tomorrow's morning.
    near = [f"/{days_ahead(days, utc_now())}/" for days in (0, 1)]
    own = [path for path in paths if path.startswith(f"/kits/{town.kit.code}/") and not any(d in path for d in near)]
    assert f"/kits/{town.kit.code}/{booking.day}/chieu" in own
    assert paths.index(own[-1]) < paths.index(f"/kits/{town.second_kit.code}/{booking.day}/sang"), "then its own kit"
    assert f"/kits/{town.kit.code}/{booking.day}/sang" not in paths, "taken"
    assert f"/kits/{town.kit.code}/{booking.day}/toi" not in paths, "its own"
    assert len(paths) == len(set(paths))


def test_one_click_moves_it_and_tells_the_household(town: Town) -> None:
    booking, clerk = evening(town), town.browser(town.clerk)
    to = f"/kits/{town.second_kit.code}/{booking.day}/chieu"
    assert where(click(clerk, town, booking, to, reason="Nhường hội chợ")) == f"303 /staff/bookings/{booking.code}"
    page = words_of(clerk.get(f"/staff/bookings/{booking.code}"))
    assert f"Phiếu {booking.code} nay ở bộ {town.second_kit.code}, chiều" in page
    moved = town.world.fresh(booking)
    assert (moved.kit_id, moved.slot_name, moved.status) == (town.second_kit.id, "Chiều", Status.APPROVED)
    assert moved.moved_at
    [text] = town.world.all(Message)
    assert text.kind == Kind.MOVED
    assert text.pick_up_at == moved.pick_up_at
    town.world.let_undo_pass(utc_now())
    [hold] = town.world.all(Hold)
    assert (hold.kit_id, hold.from_at, hold.until_at) == (moved.kit_id, moved.pick_up_at, moved.return_at)
    assert town.world.all(AuditEntry)[-1].detail["reason"] == "Nhường hội chợ"


def test_quotas_do_not_count(town: Town) -> None:
    town.world.change(town.commune, policy={"most_ahead": 1, "most_a_week": 1, "free_hours": 0})
    booking = evening(town)
    town.world.booking(town.kit, town.owner, booking.day, "sang")
    click(town.browser(town.clerk), town, booking, f"/kits/{town.second_kit.code}/{booking.day}/trua")
    assert town.world.fresh(booking).slot_name == "Trưa"


def test_a_slot_that_was_just_taken_is_refused_and_others_are_shown(town: Town) -> None:
    booking, clerk = evening(town), town.browser(town.clerk)
    town.world.booking(town.second_kit, town.neighbour, booking.day)
    answer = click(clerk, town, booking, f"/kits/{town.second_kit.code}/{booking.day}/toi", reason="Hội chợ")
    assert answer.status_code == 409
    assert "Buổi đó vừa có người khác." in words_of(answer)
    assert 'value="Hội chợ"' in answer.text
    assert town.world.fresh(booking).kit_id == town.kit.id


def test_outside_of_what_can_be_asked_for_it_takes_a_reason(town: Town) -> None:
    booking, clerk = evening(town), town.browser(town.clerk)
    town.world.change(town.commune, policy={"window_days": 4})
    to = f"/kits/{town.kit.code}/{booking.day + timedelta(days=4)}/toi"
    answer = click(clerk, town, booking, to)
    assert answer.status_code == 422
    assert "Xin ghi lý do rồi bấm lại." in words_of(answer)
    assert town.world.fresh(booking).day == booking.day
    assert where(click(clerk, town, booking, to, reason="Nhà có việc")) == f"303 /staff/bookings/{booking.code}"
    assert town.world.fresh(booking).day == booking.day + timedelta(days=4)


def test_of_two_windows_the_second_is_told_where_it_is_now(town: Town) -> None:
    booking, clerk = evening(town), town.browser(town.clerk)
    seen = seat_of(town, booking)
    first, second = (f"/kits/{town.second_kit.code}/{booking.day}/{key}" for key in ("sang", "trua"))
    for to in (first, first):
        clerk.post(f"/staff/bookings/{booking.code}/move", to=to, seen=seen)
    answer = clerk.post(f"/staff/bookings/{booking.code}/move", to=second, seen=seen)
    assert answer.status_code == 409
    assert f"bộ {town.kit.code} nay là bộ {town.second_kit.code}" in words_of(answer)
    assert town.world.fresh(booking).slot_name == "Sáng"
    assert len(town.world.all(Message)) == 1, "the same sent twice is one move"


def test_what_is_over_can_not_be_moved(town: Town) -> None:
    booking, clerk = evening(town), town.browser(town.clerk)
    seen = seat_of(town, booking)
    town.world.do(withdraw, town.world.seen(booking), town.owner.id, now=utc_now())
    assert where(clerk.get(f"/staff/bookings/{booking.code}/move")) == f"303 /staff/bookings/{booking.code}"
    to = f"/kits/{town.second_kit.code}/{booking.day}/toi"
    assert clerk.post(f"/staff/bookings/{booking.code}/move", to=to, seen=seen).status_code == 409
    assert town.world.fresh(booking).kit_id == town.kit.id


def test_nonsense_and_foreign_kits_move_nothing(town: Town) -> None:
    booking, clerk = evening(town), town.browser(town.clerk)
    [foreign] = town.world.kits(town.elsewhere)
    path, seen = f"/staff/bookings/{booking.code}/move", seat_of(town, booking)
    answers = [
        clerk.post(path, to=to, seen=seat).status_code
        for to, seat in [
            ("", seen),
            ("/nowhere", seen),
            (f"/kits/{town.second_kit.code}/{booking.day}/toi", "PD-1"),
            (f"/kits/{town.second_kit.code}/{booking.day}/toi", "PD-1 2026-12-01T00:00:00"),
            (f"/kits/{town.second_kit.code}/never/toi", seen),
            (f"/kits/{foreign.code}/{booking.day}/toi", seen),
        ]
    ]
    assert answers == [422, 422, 400, 400, 404, 409]
    assert town.world.fresh(booking).kit_id == town.kit.id


def test_the_booking_leads_here(town: Town) -> None:
    booking = evening(town)
    link = f'href="/staff/bookings/{booking.code}/move"'
    assert link in town.browser(town.clerk).get(f"/staff/bookings/{booking.code}").text
    assert link not in town.browser(town.leader).get(f"/staff/bookings/{booking.code}").text
