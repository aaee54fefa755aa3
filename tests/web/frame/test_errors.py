"""The error pages in Vietnamese with advice, and the health checks."""

import logging
import sqlite3

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from kit_booking.database import db
from tests.support.town import Town, words_of


@pytest.mark.parametrize("path", ["/no-such-page", "/communes/xxx", "/kits/PD-1/2026-13-40/toi", "/kits/PD-1/x/toi"])
def test_a_page_that_does_not_exist_says_so_in_vietnamese(town: Town, path: str) -> None:
    answer = town.browser().get(path)
    assert answer.status_code == 404
    assert "Không có trang này" in words_of(answer)
    assert "Giờ làm gì?" in words_of(answer)


def test_a_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    answer = client.delete("/bookings")
    assert answer.status_code == 405
    assert "Không làm được việc này" in words_of(answer)
    assert "GET" in answer.headers["Allow"]


def test_what_is_too_large_is_refused_in_vietnamese(client: FlaskClient) -> None:
    answer = client.post("/sign-in", data={"phone": "0" * 70_000})
    assert answer.status_code == 413
    assert "Gửi nhiều quá" in words_of(answer)


@pytest.mark.parametrize("reader", [None, "owner", "clerk"])
def test_a_database_error_still_gives_an_error_page(
    town: Town, caplog: pytest.LogCaptureFixture, reader: str | None
) -> None:
    browser = town.browser(getattr(town, str(reader), None))
    town.app.testing = False  # In life, what nobody caught becomes a page.
    with town.app.app_context(), db.engine.begin() as connection:
        for table in ("hold", "household", "staff", "kit"):
            connection.execute(text(f"ALTER TABLE {table} RENAME TO away_{table}"))
    with caplog.at_level(logging.CRITICAL + 1):
        answer = browser.get("/communes/phuong-duc")
    assert answer.status_code == 500
    assert "Máy của xã gặp trục trặc" in words_of(answer)
    assert "Traceback" not in answer.text
    assert "SELECT" not in answer.text


def test_head_answers_as_get_without_a_body(town: Town) -> None:
    for path in ("/", "/communes/phuong-duc", "/communes/phuong-duc.ics", "/healthz"):
        head, get = town.browser().client.head(path), town.browser().get(path)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers.get("ETag") == get.headers.get("ETag")
        assert head.headers["Content-Type"] == get.headers["Content-Type"]


# For those who watch the machine


def test_the_process_is_healthy_even_without_a_database(app: Flask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE mark RENAME TO away"))
    assert app.test_client().get("/healthz").json == {"status": "ok"}
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["database"]) == (503, False)


def test_it_is_ready_only_with_a_living_worker(app: Flask) -> None:
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (
        503,
        {"database": True, "schema": True, "worker": False, "sms": True},
    )
    Town(app)  # Its worker lives.
    assert app.test_client().get("/readyz").status_code == 200


@pytest.mark.parametrize(("name", "said"), [("SQLITE_BUSY", "Máy đang bận"), ("SQLITE_FULL", "hết chỗ ghi")])
def test_where_nothing_can_be_written_it_says_why_and_reading_goes_on(
    town: Town, caplog: pytest.LogCaptureFixture, name: str, said: str
) -> None:
    town.app.testing = False
    fault = sqlite3.OperationalError("no writing")
    fault.sqlite_errorname = name
    browser, path = town.browser(town.owner), town.slot_path()
    with town.app.app_context():
        engine = db.engine

    def refuse(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "BEGIN IMMEDIATE")):
            raise OperationalError(statement, None, fault)

    event.listen(engine, "before_cursor_execute", refuse)
    with caplog.at_level(logging.CRITICAL + 1):
        answer = browser.post(path)
        assert browser.get("/communes/phuong-duc").status_code == 200
    event.remove(engine, "before_cursor_execute", refuse)
    assert answer.status_code == 503
    assert said in words_of(answer)
