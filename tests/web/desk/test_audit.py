"""The audit list on screen: plain words, nobody's number, and only what one may see."""

from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.models import AuditEntry, Role, StaffRole
from kit_booking.services.audit import PAGE
from tests.support.town import Town, words_of


def entry(town: Town, action: str = "approved", **columns: object) -> None:
    usual = {"at": utc_now(), "commune_id": town.commune.id, "staff_id": town.clerk.id}
    town.world.add(AuditEntry(action=action, **{**usual, **columns}))


def test_an_entry_says_who_did_what_when_and_to_which_booking(town: Town) -> None:
    booking = town.booking()
    entry(town, booking_id=booking.id)
    page = town.browser(town.clerk).get("/staff/audit")
    words = words_of(page)
    assert f"Duyệt phiếu {booking.code} cán bộ {town.clerk.name}" in words
    assert f'href="/staff/bookings/{booking.code}"' in page.text


def test_settings_are_told_as_from_what_to_what(town: Town) -> None:
    entry(town, "settings_changed", detail="most_ahead: 2 → 3")
    entry(town, "settings_changed", detail="office.6: 07:30-17:00 → ")
    entry(town, "settings_changed", detail="plan.2026-12-10.toi: Tối 19:00-22:00 0123456 → Tối 20:00-22:00 01234")
    entry(town, "settings_changed", detail="handover.0 @Phú Túc: x")
    words = words_of(town.browser(town.leader).get("/staff/audit"))
    assert "phiếu sắp tới: từ 2 phiếu thành 3 phiếu" in words
    assert "Giờ làm việc CN: từ 7h30–17h thành nghỉ" in words
    assert "Buổi Tối, từ T5 10/12: từ 19–22h, cả tuần thành 20–22h, T2–T6" in words
    assert "handover.0 @Phú Túc: x" in words, "what can't be read is shown as it is"


@pytest.mark.parametrize(
    ("action", "detail", "told"),
    [
        ("closed", "PD-2 2026-12-04T00:42Z/2026-12-08T17:00Z đèn", "PD-2 · 7h42 T6 04/12 – hết T3 08/12 · đèn"),
        ("closed", "* 2026-12-03T17:00Z/2026-12-04T17:00Z ", "cả xã · cả ngày T6 04/12"),
        ("closure_changed", "PD-2 soon", "PD-2 soon"),
        ("registered", "2026-11", "bản 2026-11"),
        ("registered", "2026-11, spoken", "bản 2026-11, cán bộ đọc cho hộ nghe"),
        ("registered", "2026-11, paper", "bản 2026-11, theo sổ giấy"),
        ("corrected", "name, craft", "tên, nghề"),
        ("paper_taken_over", "3 households, 2 bookings.", "thêm 3 hộ, 2 phiếu"),
        ("joined", "household 12", "hộ số 12"),
        ("phoned", "approved", "Báo đã duyệt"),
        ("put_forward", "Tối 2026-12-04: nhà có việc", "Tối T6 04/12: nhà có việc"),
    ],
)
def test_what_the_services_write_for_themselves_is_told_in_words(
    town: Town, action: str, detail: str, told: str
) -> None:
    entry(town, action, detail=detail)
    assert f" {told} cán bộ {town.clerk.name}" in words_of(town.browser(town.leader).get("/staff/audit"))


def test_an_action_without_words_is_shown_all_the_same(town: Town) -> None:
    entry(town, "lantern_lit", detail="Tết", staff_id=None)
    words = words_of(town.browser(town.clerk).get("/staff/audit"))
    assert "Việc khác: lantern lit Tết tự động" in words


def test_no_number_of_a_phone_is_shown_even_if_somebody_wrote_one(town: Town) -> None:
    entry(town, "pause_lifted", household_id=town.owner.id, detail="gọi 0912 345 678 ngày 2026-12-05")
    words = words_of(town.browser(town.clerk).get("/staff/audit"))
    assert "Cho hộ đăng ký lại · nhà Nguyễn Thị Hạnh gọi ••• ngày T7 05/12" in words
    assert town.owner.phone not in words


def test_each_sees_the_own_commune_and_the_operator_everything(town: Town) -> None:
    entry(town, "kit_added", detail="here")
    entry(town, "kit_added", detail="there", commune_id=town.elsewhere.id, staff_id=town.foreign_clerk.id)
    entry(town, "demo_filled", detail="nowhere", commune_id=None, staff_id=None)
    seen = {
        name: {
            word for word in ("here", "there", "nowhere") if word in words_of(town.browser(who).get("/staff/audit"))
        }
        for name, who in (("clerk", town.clerk), ("leader", town.leader), ("operator", town.operator))
    }
    assert seen == {"clerk": {"here"}, "leader": {"here"}, "operator": {"here", "there", "nowhere"}}
    assert town.browser(town.clerk).get("/staff/audit?commune=dai-xuyen").status_code == 404
    words = words_of(town.browser(town.operator).get("/staff/audit?commune=dai-xuyen"))
    assert "there" in words
    assert "here Cán" not in words


def test_staff_of_two_communes_choose_one(town: Town) -> None:
    town.world.add(StaffRole(staff_id=town.clerk.id, commune_id=town.elsewhere.id, role=Role.LEADER))
    entry(town, "kit_added", detail="there", commune_id=town.elsewhere.id)
    page = town.browser(town.clerk).get("/staff/audit?commune=dai-xuyen")
    assert "there" in words_of(page)
    assert '<option value="dai-xuyen" selected>' in page.text


def test_older_entries_are_a_page_away_and_keep_the_search(town: Town) -> None:
    for n in range(PAGE + 1):
        entry(town, detail=f"n{n}.", at=utc_now() - timedelta(minutes=n))
    clerk = town.browser(town.clerk)
    page = clerk.get("/staff/audit?action=approved&from=&until=không")
    assert f"n{PAGE}." not in page.text
    link = page.text.partition('class="button quiet small" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "action=approved" in link
    older = clerk.get(f"/staff/audit{link}")
    assert f"n{PAGE}." in older.text
    assert "n0." not in older.text


def test_what_is_not_there_says_so(town: Town) -> None:
    clerk = town.browser(town.clerk)
    assert "Chưa có việc nào được ghi" in words_of(clerk.get("/staff/audit"))
    assert "Không có việc nào như vậy" in words_of(clerk.get("/staff/audit?booking=XX999"))
