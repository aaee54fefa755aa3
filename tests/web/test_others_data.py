"""Nobody gets at what is other people's: by guessed ids, by mixed forms, or by a browser that others used before."""

from io import BytesIO

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.models import Kit, Place, StaffRole
from kit_booking.services.register.adding import HOUSEHOLDS_A_NUMBER, Consent, register_household
from kit_booking.services.register.households import views_of
from tests.support.builders import PASSWORD, csrf_token
from tests.support.town import NUMBER, Town, where
from tests.web.test_authorisation import TABLE, fields_of

SECRETS = ("Đặng Thị Xoan", "Xóm Giấu Kín", "0912 345 678", "0912345678", "84912345678")


def hide_somebody(town: Town) -> None:
    """The owner gets a name and a village that stand nowhere else, with things of every kind about it."""
    town.world.change(town.owner, name=SECRETS[0], village=SECRETS[1])
    for status in (Status.REQUESTED, Status.APPROVED, Status.NO_SHOW, Status.RETURNED):
        town.booking(status)
    town.message()
    town.entry()


@pytest.mark.parametrize("reader", ["anonymous", "neighbour", "foreign_clerk"])
def test_no_page_tells_strangers_who_a_household_is(town: Town, reader: str) -> None:
    hide_somebody(town)
    browser = town.browser(getattr(town, reader, None))
    for (method, rule), row in TABLE.items():
        if method == "GET" and rule not in ("/feeds/<token>.ics", "/demo/phones"):
            answer = browser.get(row.path(town), headers={"Accept-Encoding": "identity"})
            told = [secret for secret in SECRETS if secret in answer.get_data().decode("utf-8", "replace")]
            assert not told, rule


def test_no_form_is_taken_without_its_token(town: Town) -> None:
    for (method, rule), row in TABLE.items():
        if method == "POST" and rule != "/hooks/twilio/status":
            for who in (town.owner, town.clerk, town.operator):
                answer = town.browser(who).client.post(row.path(town), data=fields_of(town, row, 0))
                assert answer.status_code == 400, rule


def test_what_is_of_another_commune_does_not_fit_into_forms_of_this_one(town: Town) -> None:
    [place] = town.world.all(Place, commune_id=town.elsewhere.id)
    [kit] = town.world.kits(town.elsewhere)
    clerk, operator, owner = (town.browser(who) for who in (town.clerk, town.operator, town.owner))
    own, day = town.booking(Status.APPROVED), town.free_slot()[0]
    closing = {"from_day": "2030-01-02", "until_day": "2030-01-02", "reason": "Bộ đang sửa"}
    parts: dict[str, object] = {"parts-0-name": "đèn", "parts-0-count": "1"}
    communes, settings = "/staff/operator/communes/phuong-duc", "/staff/settings/phuong-duc"
    assert clerk.get(f"{settings}/places/{place.id}").status_code == 404
    assert clerk.post(f"{settings}/places/{place.id}", keeper="Tôi").status_code == 404
    assert clerk.post(f"{settings}/kits/{kit.code}", parts).status_code == 404
    assert clerk.get(f"/staff/print/phuong-duc/poster?kit={kit.code}").status_code == 404
    assert clerk.get("/staff/audit?commune=dai-xuyen").status_code == 404
    assert clerk.post("/staff/closures/new", what="*dai-xuyen", **closing).status_code == 422
    assert operator.post(f"{communes}/places/{place.id}", name="Lấy", address="x").status_code == 404
    assert operator.post(f"{communes}/kits/{kit.code}", place_id=town.kit.place_id).status_code == 404
    assert operator.post(f"{communes}/kits/{town.kit.code}", place_id=place.id, confirmed="1").status_code == 422
    assert operator.post(f"{communes}/kits/new", place_id=place.id, code="PD-9").status_code == 422
    assert owner.post(f"/bookings/{own.code}/change", to=f"{kit.code}/{day}/toi").status_code == 404
    assert owner.post(town.taken_slot_path(), places=place.id, until="").status_code == 422
    [role] = town.world.all(StaffRole, staff_id=town.foreign_clerk.id)
    operator.post(f"/staff/operator/staff/{town.clerk.id}/roles/{role.id}/remove")
    assert town.world.all(StaffRole, id=role.id)
    assert town.world.all(Kit, id=kit.id)[0].place_id == place.id


def test_a_form_for_a_commune_that_is_not_the_clerks_is_not_taken_for_another_one(town: Town) -> None:
    clerk = town.browser(town.clerk)
    new = {"name": "Đỗ Thị Lụa", "village": "Giẽ Hạ", "craft": "giày da", "consent": "y"}
    file = (BytesIO("Tên chủ hộ,Thôn,Nghề\nĐỗ Thị Lụa,Giẽ Hạ,giày da\n".encode()), "so.csv")
    assert clerk.post("/staff/book", new, commune="dai-xuyen").status_code == 404
    assert clerk.post("/staff/import", file=file, commune="dai-xuyen").status_code == 404


def test_whom_one_clerk_proved_by_the_number_the_next_one_in_this_browser_does_not_see(town: Town) -> None:
    third = town.world.household(town.world.commune("Tri Trung"), "Lê Thị Mơ", phone="+84987654321")
    other = town.world.staff_with_password(town.elsewhere)
    browser = town.browser(town.clerk)
    browser.post("/staff/book", household=third.id, q="0987 654 321")
    assert browser.get(f"/staff/book/{third.id}").status_code == 200
    assert where(browser.post("/staff/sign-in", username=other.username, password=PASSWORD)) == "303 /staff"
    assert browser.get(f"/staff/book/{third.id}").status_code == 404


@pytest.mark.parametrize("form", ["lift", "number"])
def test_a_form_sent_back_with_personal_data_counts_as_a_look_at_it(town: Town, form: str) -> None:
    answer = town.browser(town.clerk).post(f"/staff/households/{town.owner.id}/{form}", phone="12")
    assert answer.status_code == 422
    with town.app.app_context():
        assert [view.staff_name for view in views_of(town.owner.id)] == [town.clerk.name]


def test_one_number_enters_a_few_households_a_day_and_guesses_no_names(town: Town) -> None:
    words = {"village": "Giẽ Hạ", "craft": "giày da"}
    for number in range(HOUSEHOLDS_A_NUMBER):
        name = f"Nhà {number}"
        more = {"name": name, **words, "phone": NUMBER}
        assert town.world.do(register_household, town.commune.id, Consent("1"), **more, now=utc_now())
    browser = town.browser()
    with browser.client.session_transaction() as session:
        session["verified"] = [NUMBER, utc_now().timestamp()]
    answer = browser.post(f"/sign-in/household?next={town.slot_path()}", name=town.owner.name, consent="y", **words)
    assert answer.status_code == 429
    assert "gọi điện cho xã" in answer.text
    assert f'value="{town.owner.name}"' in answer.text
    assert where(browser.get("/bookings")) == "303 /sign-in"


def test_files_and_json_are_not_taken_for_text(town: Town) -> None:
    owner, clerk, nobody = town.browser(town.owner), town.browser(town.clerk), town.browser()
    decline = f"/staff/bookings/{town.booking().code}/decline"
    assert nobody.post("/sign-in", phone=(BytesIO(b"x"), "x.txt")).status_code == 422
    assert where(owner.post(town.slot_path(), sells=(BytesIO(b"x"), "x.txt"))).startswith("303 /bookings/")
    assert clerk.post(decline, reason=(BytesIO(b"x"), "x.txt")).status_code == 422
    for sent in ({"phone": 5}, ["phone"], "phone", {"phone": ["0912345678"]}):
        answer = nobody.client.post("/sign-in", json=sent, headers={"X-CSRFToken": csrf_token(nobody.client)})
        assert answer.status_code == 422


def test_addresses_that_no_browser_could_read_lead_nowhere(town: Town) -> None:
    clerk, code = town.browser(town.clerk), town.booking(Status.APPROVED).code
    for target in ("//[", "http://[", "//\u2100"):
        assert clerk.post(f"/staff/bookings/{code}/move", to=target).status_code == 422
    for target in ("/%09/[", "/%0a/evil.example", "/%09/evil.example"):
        assert clerk.get(f"/language/en?next={target}").headers["Location"] == "/"


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_the_list_of_what_was_done_takes_any_day(town: Town, day: str) -> None:
    for name in ("from", "until"):
        assert town.browser(town.clerk).get(f"/staff/audit?{name}={day}").status_code == 200
