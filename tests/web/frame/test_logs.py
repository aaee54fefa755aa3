"""The log of a whole booking: every request, without numbers, codes, tokens or bookings."""

import json
import logging
import re

import pytest
from sqlalchemy import text

from kit_booking import worker
from kit_booking.clock import utc_now
from kit_booking.database import db
from kit_booking.models import Booking
from kit_booking.web.frame.security import JsonLines
from tests.support.builders import PASSWORD
from tests.support.fakes import FakeSms
from tests.support.town import Town, where

NUMBER = "0987 654 321"


def test_the_log_of_a_whole_booking_has_no_number_code_or_token(
    town: Town, sms: FakeSms, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser, slot = town.browser(), town.slot_path()
    browser.get(slot)
    browser.post(f"/sign-in?next={slot}", phone=NUMBER)
    _work(town)
    code = re.findall(r"\d{6}", sms.texts_to("+84987654321")[0])[0]
    browser.post(f"/sign-in/code?next={slot}", code=code)
    fields = {"name": "Lê Thị Mơ", "village": "Giẽ Hạ", "craft": "da giày", "consent": "y"}
    assert browser.post(f"/sign-in/household?next={slot}", fields).status_code == 303
    booking = town.world.all(Booking)[0].code
    browser.post("/calendar")
    token = re.findall(r"/feeds/([^.]+)\.ics", browser.get("/calendar").text)[0]
    assert town.browser().get(f"/feeds/{token}.ics").status_code == 200
    assert town.browser().get(f"/feeds/{token}x.ics").status_code == 404
    clerk, member = town.browser(), town.world.staff_with_password(town.commune)
    clerk.post("/staff/sign-in", username=member.username, password=PASSWORD)
    assert where(clerk.post(f"/staff/bookings/{booking}/approve")) == "303 /staff"
    assert where(browser.post(f"/bookings/{booking}/cancel")) == f"303 /bookings/{booking}"
    _work(town)

    said = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert said.count("GET ") >= 4
    for secret in ("987654321", "654 321", code, token, booking, PASSWORD, "Mơ", "Giẽ Hạ", member.username):
        assert secret not in said


def _work(town: Town) -> None:
    with town.app.app_context():
        worker.run_once(town.app, utc_now)


def test_a_database_error_logs_no_number(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    town.app.testing = False
    with town.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("DROP TABLE login_code"))
    assert town.browser().post("/sign-in", phone=NUMBER).status_code == 500
    said = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "login_code" in said
    assert "987654321" not in said


def test_a_line_of_the_log_is_json_and_names_its_request(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lines: list[dict[str, str]] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(json.loads(JsonLines().format(record)))  # type: ignore[method-assign]
    logging.getLogger("kit_booking.requests").addHandler(handler)
    try:
        answer = town.browser().get("/communes/phuong-duc")
    finally:
        logging.getLogger("kit_booking.requests").removeHandler(handler)
    (line,) = lines
    assert line["what"] == "GET /communes/<slug> 200"
    assert line["request"] == answer.headers["X-Request-Id"]
