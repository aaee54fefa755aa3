"""Booking for somebody on the phone: who, which slot, done; the rules bind, and a reason is recorded."""

import re
from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import AuditEntry, Booking, Household, Message, MessageState, WaitingEntry
from kit_booking.services.timeline.standing import HouseholdGone
from kit_booking.web.frame.forms import PRIVACY_VERSION
from tests.support.town import Browser, Town, where, words_of

NEW = {"name": "Đỗ Thị Lụa", "village": "Giẽ Hạ", "craft": "giày da"}


@pytest.fixture
def clerk(town: Town) -> Browser:
    return town.browser(town.clerk)


def slot_for(town: Town, household: Household | None = None) -> str:
    return f"/staff/book/{(household or town.owner).id}{town.slot_path().removeprefix('/kits')}"


def test_a_caller_is_booked_for_in_three_pages(town: Town, clerk: Browser) -> None:
    matches = clerk.get("/staff/book?q=hanh luu thuong")
    assert "Bước 1/3" in words_of(matches)
    assert f'href="/staff/book/{town.owner.id}"' in matches.text
    slots = clerk.get(f"/staff/book/{town.owner.id}")
    assert "Bước 2/3" in words_of(slots)
    assert "Gần nhất còn trống" in words_of(slots)
    path = slot_for(town)
    assert f'href="{path}"' in slots.text
    assert "Bước 3/3" in words_of(clerk.get(path))
    done = clerk.post(path, sells="làn mây")
    [booking] = town.world.all(Booking)
    assert where(done) == f"303 /staff/bookings/{booking.code}"
    assert (booking.status, booking.household_id, booking.sells) == (Status.APPROVED, town.owner.id, "làn mây")
    assert f"Đã ghi phiếu {booking.code}" in words_of(clerk.get(f"/staff/bookings/{booking.code}"))
    assert [entry.staff_id for entry in town.world.all(AuditEntry, booking_id=booking.id)] == [town.clerk.id]


def test_the_same_button_twice_makes_one_booking(town: Town, clerk: Browser) -> None:
    path = slot_for(town)
    assert where(clerk.post(path)) == where(clerk.post(path))
    assert len(town.world.all(Booking)) == 1
    assert len(town.world.all(Message)) == 1


def test_somebody_new_is_entered_with_the_consent_it_spoke(town: Town, clerk: Browser) -> None:
    assert clerk.post("/staff/book", NEW).status_code == 422
    answer = clerk.post("/staff/book", NEW, consent="y", phone="", landline="024 3385 4321")
    household = town.world.all(Household)[-1]
    assert where(answer) == f"303 /staff/book/{household.id}"
    assert (household.consent_version, household.consent_to) == (PRIVACY_VERSION, town.clerk.name)
    assert (household.phone, household.landline, household.takes_texts) == ("", "02433854321", False)
    assert household.commune_id == town.commune.id
    page = words_of(clerk.get(f"/staff/households/{household.id}"))
    assert f"Đã nghe và đồng ý, cán bộ {town.clerk.name} ghi" in page


def test_who_gets_no_texts_is_to_be_phoned(town: Town, clerk: Browser) -> None:
    clerk.post("/staff/book", NEW, consent="y", landline="024 3385 4321")
    household = town.world.all(Household)[-1]
    code = clerk.post(slot_for(town, household)).headers["Location"].split("/")[-1]
    assert "xin báo miệng" in words_of(clerk.get(f"/staff/bookings/{code}"))
    [text] = town.world.all(Message)
    assert (text.state, text.to) == (MessageState.TO_PHONE, "02433854321")
    assert "Cần gọi điện (1)" in words_of(clerk.get("/staff"))


@pytest.mark.parametrize("phone", ["", "0987 654 321"])
def test_entered_twice_is_one_household(town: Town, clerk: Browser, phone: str) -> None:
    before = len(town.world.all(Household))
    typed = {**NEW, "consent": "y", "phone": phone}
    ways = {where(clerk.post("/staff/book", typed)) for _ in range(2)}
    assert len(ways) == 1
    assert len(town.world.all(Household)) == before + 1
    assert "đã có trong sổ" in words_of(clerk.get(ways.pop().removeprefix("303 ")))


def test_what_was_typed_wrong_is_kept(clerk: Browser) -> None:
    answer = clerk.post("/staff/book", NEW, consent="y", phone="024 3385 4321")
    assert answer.status_code == 422
    assert 'value="Đỗ Thị Lụa"' in answer.text
    assert "ghi vào ô máy bàn" in words_of(answer)
    assert "<details" in answer.text
    assert " open>" in answer.text


def test_a_rule_refuses_until_a_reason_is_given(town: Town, clerk: Browser) -> None:
    town.world.change(town.commune, policy={"most_ahead": 1, "most_a_week": 99, "free_hours": 0})
    clerk.post(slot_for(town))
    path = slot_for(town)
    page = words_of(clerk.get(path))
    assert "Hộ đang có đủ 1 phiếu ban ngày." in page
    assert "Vẫn cho mượn vì" in page
    refused = clerk.post(path, sells="làn mây", override="  ")
    assert refused.status_code == 409
    assert 'value="làn mây"' in refused.text
    assert clerk.post(path, sells="làn mây", override="Nhà có đám cưới").status_code == 303
    booking = town.world.all(Booking)[-1]
    assert booking.reason == "Nhà có đám cưới"
    assert town.world.all(AuditEntry, booking_id=booking.id)[0].detail == {"reason": "Nhà có đám cưới"}


def test_a_day_that_is_not_open_yet_can_be_given_with_a_reason_only(town: Town, clerk: Browser) -> None:
    day = local_day(utc_now()) + timedelta(days=16)
    path = f"/staff/book/{town.owner.id}/{town.kit.code}/{day}/toi"
    assert "mới mở" in words_of(clerk.get(path))
    assert clerk.post(path).status_code == 409
    assert clerk.post(path, override="Hội làng").status_code == 303


def test_a_reason_does_not_override_a_taken_slot(town: Town, clerk: Browser) -> None:
    day, key = town.free_slot()
    town.world.booking(town.kit, town.neighbour, day, key)
    path = f"/staff/book/{town.owner.id}/{town.kit.code}/{day}/{key}"
    refused = clerk.post(path, override="Cứ cho mượn")
    assert refused.status_code == 409
    assert "Buổi này đã có nhà khác" in words_of(refused)
    assert len(town.world.all(Booking)) == 1


def test_of_a_taken_slot_the_other_place_is_named(town: Town, clerk: Browser) -> None:
    day, key = town.free_slot()
    town.world.booking(town.kit, town.neighbour, day, key)
    page = clerk.get(f"/staff/book/{town.owner.id}/{town.kit.code}/{day}/{key}")
    assert f'href="/staff/book/{town.owner.id}/{town.second_kit.code}/{day}/{key}"' in page.text


def test_for_a_taken_slot_the_caller_waits(town: Town, clerk: Browser) -> None:
    day, key = town.free_slot()
    path = f"/staff/book/{town.owner.id}/{town.kit.code}/{day}/{key}"
    for kit in (town.kit, town.second_kit):
        town.world.booking(kit, town.neighbour, day, key)
    assert "Ghi hộ chờ chỗ trống" in words_of(clerk.get(path))
    assert where(clerk.post(f"{path}/wait")) == f"303 /staff/households/{town.owner.id}"
    [entry] = town.world.all(WaitingEntry)
    assert entry.household_id == town.owner.id
    assert [e.staff_id for e in town.world.all(AuditEntry, action="waits")] == [town.clerk.id]
    assert "Đang chờ chỗ trống" in words_of(clerk.get(f"/staff/households/{town.owner.id}"))


def test_a_free_slot_has_no_waiting_list(town: Town, clerk: Browser) -> None:
    path = slot_for(town)
    assert where(clerk.post(f"{path}/wait")) == f"303 {path}"
    assert "ghi phiếu được ngay" in words_of(clerk.get(path))
    assert town.world.all(WaitingEntry) == []


def test_the_slots_page_leads_to_what_the_household_has(town: Town, clerk: Browser) -> None:
    booking = town.booking(Status.APPROVED)
    assert f'href="/staff/bookings/{booking.code}"' in clerk.get(f"/staff/book/{town.owner.id}").text
    assert where(clerk.get(f"/staff/book/{town.owner.id}/{town.kit.code}/{booking.day}/sang")).startswith(
        ("200", "303")
    )


def test_a_slot_that_the_household_has_says_so_also_where_other_kits_are_free(town: Town, clerk: Browser) -> None:
    place = town.world.place(town.commune, "Hồng Minh")
    for _ in range(2):
        town.world.kit(place)
    booking = town.booking(Status.APPROVED)
    page = clerk.get(f"/staff/book/{town.owner.id}").text
    [link] = re.findall(rf'href="/staff/bookings/{booking.code}">.*?</a>', page, re.DOTALL)
    assert "đã có" in link


def test_somebody_of_elsewhere_is_found_by_the_whole_number_only(town: Town, clerk: Browser) -> None:
    far = town.world.household(town.elsewhere, "Vũ Thị Xa", phone="+84987654321")
    assert "Vũ Thị Xa" not in words_of(clerk.get("/staff/book?q=vu thi xa"))
    assert "Vũ Thị Xa" not in words_of(clerk.get("/staff/book?q=0987 654"))
    assert clerk.get(f"/staff/book/{far.id}").status_code == 404
    assert clerk.post("/staff/book", {"household": far.id, "q": "0987 654"}).status_code == 404
    assert "Vũ Thị Xa" in words_of(clerk.get("/staff/book?q=0987 654 321"))
    chosen = clerk.post("/staff/book", {"household": far.id, "q": "0987 654 321"})
    assert where(chosen) == f"303 /staff/book/{far.id}"
    assert clerk.post(slot_for(town, far)).status_code == 303
    assert town.world.all(Booking)[0].household_id == far.id


def test_a_kit_of_another_commune_is_not_given(town: Town, clerk: Browser) -> None:
    kit = town.world.kits(town.elsewhere)[0]
    day, key = town.free_slot()
    path = f"/staff/book/{town.owner.id}/{kit.code}/{day}/{key}"
    assert clerk.get(path).status_code == 404
    assert clerk.post(path).status_code == 404
    assert clerk.post(f"{path}/wait").status_code == 404


@pytest.mark.parametrize(
    "end", ["XX-9/2026-12-05/toi", "PD-1/2026-13-05/toi", "PD-1/0001-01-01/toi", "PD-1/9999-12-31/toi"]
)
def test_slots_that_are_none_are_not_found(town: Town, clerk: Browser, end: str) -> None:
    path = f"/staff/book/{town.owner.id}/{end}"
    assert {clerk.get(path).status_code, clerk.post(path).status_code} == {404}


def test_the_clerks_own_household_is_flagged(town: Town, clerk: Browser) -> None:
    town.world.change(town.clerk, mobile=town.owner.phone)
    assert "Nhà của chính cán bộ này" in words_of(clerk.get(slot_for(town)))


def test_a_commune_without_kits_says_so(town: Town) -> None:
    bare = town.world.commune("Vân Từ", kits=0)
    household = town.world.household(bare)
    clerk = town.browser(town.world.clerk(bare))
    assert "Xã chưa có bộ nào" in words_of(clerk.get(f"/staff/book/{household.id}"))


def test_a_household_that_goes_while_it_is_booked_for_is_said_to_be_gone(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def book() -> None:
        raise HouseholdGone

    monkeypatch.setitem(town.app.view_functions, "communes.privacy", book)
    answer = town.browser().get("/privacy")
    assert answer.status_code == 409
    assert "Hộ này không còn trong sổ" in words_of(answer)


@pytest.mark.parametrize(
    ("name", "phone", "shown"),
    [
        ("Nguyễn Thị Hạnh", "0987654321", "0912 *** 678"),
        ("Nguyễn Thị Hạnh", "", "0912 *** 678"),
        ("Lê Thị Cũ", "", "Lê Thị Cũ"),
        ("Trần Ba", "0912345678", "Nguyễn Thị Hạnh"),
    ],
)
def test_somebody_new_who_may_be_known_is_asked_about(
    town: Town, clerk: Browser, name: str, phone: str, shown: str
) -> None:
    fields = {"name": name, "village": town.owner.village, "craft": "mây tre", "phone": phone, "consent": "y"}
    long_ago = utc_now() - timedelta(days=9)
    town.world.household(town.commune, "Lê Thị Cũ", phone="", consent_at=long_ago, village=town.owner.village)
    before = len(town.world.all(Household))
    page = clerk.post("/staff/book", fields)
    assert page.status_code == 409
    assert "Có phải một trong các hộ này không?" in words_of(page)
    assert shown in words_of(page)
    assert f'value="{name}"' in page.text
    assert len(town.world.all(Household)) == before
    assert clerk.post("/staff/book", fields, other="y").status_code == 303
    assert len(town.world.all(Household)) == before + 1
