"""The audit list on screen: plain words, nobody's number, and only what one may see."""

from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.models import AuditEntry, Role, StaffRole
from kit_booking.services.audit import PAGE
from tests.support.town import Town, words_of

TIMES = {"from_at": "2026-12-04T00:42Z", "until_at": "2026-12-08T17:00Z"}


def entry(town: Town, action: str = "approved", **columns: object) -> None:
    now = utc_now()
    usual = {"at": now, "happened_at": now, "commune_id": town.commune.id, "staff_id": town.clerk.id}
    town.world.add(AuditEntry(action=action, **{**usual, **columns}))


def test_an_entry_says_who_did_what_when_and_to_which_booking(town: Town) -> None:
    booking = town.booking()
    entry(town, booking_id=booking.id)
    page = town.browser(town.clerk).get("/staff/audit")
    words = words_of(page)
    assert f"Duyệt phiếu {booking.code} cán bộ {town.clerk.name}" in words
    assert f'href="/staff/bookings/{booking.code}"' in page.text


def test_settings_are_described_as_from_what_to_what(town: Town) -> None:
    entry(town, "settings_changed", detail={"field": "most_ahead", "old": 2, "new": 3})
    entry(town, "settings_changed", detail={"field": "office", "old": ["07:30", "17:00"], "weekday": 6})
    entry(town, "settings_changed", detail={"field": "sms_budget", "old": 0, "new": 20_000_000})
    entry(town, "settings_changed", detail={"text": "handover.0 @Phú Túc: x"})
    words = words_of(town.browser(town.leader).get("/staff/audit"))
    assert "phiếu sắp tới của các buổi khác: từ 2 phiếu thành 3 phiếu" in words
    assert "Giờ làm việc CN: từ 7h30–17h thành nghỉ" in words
    assert "từ 0 đ thành 20.000.000 đ" in words, "no number of a phone, so it is not hidden"
    assert "handover.0 @Phú Túc: x" in words, "what could not be read is shown as it is"


@pytest.mark.parametrize(
    ("action", "detail", "sentence"),
    [
        ("closed", {"kit": "PD-2", **TIMES, "reason": "đèn"}, "PD-2 · 7h42 T6 04/12 – hết T3 08/12 · đèn"),
        ("closed", {**TIMES, "from_at": "2026-12-07T17:00Z"}, "cả xã · cả ngày T3 08/12"),
        ("closure_changed", {"text": "PD-2 soon"}, "PD-2 soon"),
        ("registered", {"consent": "2026-11", "consent_by": "paper"}, "bản 2026-11, theo sổ giấy"),
        ("phoned", {"kind": "approved"}, "Báo đã duyệt"),
        ("put_forward", {"slot": "Tối", "day": "2026-12-04", "reason": "nhà có việc"}, "Tối T6 04/12: nhà có việc"),
    ],
)
def test_the_details_of_an_entry_are_shown_as_a_sentence(
    town: Town, action: str, detail: dict[str, str], sentence: str
) -> None:
    entry(town, action, detail=detail)
    assert f" {sentence} cán bộ {town.clerk.name}" in words_of(town.browser(town.leader).get("/staff/audit"))


def test_an_action_without_words_is_shown_all_the_same(town: Town) -> None:
    entry(town, "lantern_lit", detail={"reason": "Tết"}, staff_id=None)
    words = words_of(town.browser(town.clerk).get("/staff/audit"))
    assert "Việc khác: lantern lit Tết tự động" in words


def test_no_number_of_a_phone_is_shown_even_if_somebody_wrote_one(town: Town) -> None:
    entry(town, "pause_lifted", household_id=town.owner.id, detail={"reason": "gọi 0912 345 678 ngày 2026-12-05"})
    words = words_of(town.browser(town.clerk).get("/staff/audit"))
    assert "Cho hộ đăng ký lại · nhà Nguyễn Thị Hạnh gọi ••• ngày T7 05/12" in words
    assert town.owner.phone not in words


def test_each_sees_the_own_commune_and_the_operator_everything(town: Town) -> None:
    entry(town, "kit_added", detail={"kit": "PD-9", "place": "here"})
    entry(
        town,
        "kit_added",
        detail={"kit": "DX-9", "place": "there"},
        commune_id=town.elsewhere.id,
        staff_id=town.foreign_clerk.id,
    )
    entry(town, "demo_filled", detail={"text": "nowhere"}, commune_id=None, staff_id=None)
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
    entry(town, "kit_added", detail={"kit": "DX-9", "place": "there"}, commune_id=town.elsewhere.id)
    page = town.browser(town.clerk).get("/staff/audit?commune=dai-xuyen")
    assert "there" in words_of(page)
    assert '<option value="dai-xuyen" selected>' in page.text


def test_older_entries_are_a_page_away_and_keep_the_search(town: Town) -> None:
    for n in range(PAGE + 1):
        entry(town, detail={"reason": f"n{n}."}, at=utc_now() - timedelta(minutes=n))
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
