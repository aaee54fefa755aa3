"""Every action that the code writes into the audit list has plain words, and says who did it."""

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

import kit_booking
from kit_booking.domain.status import Status
from kit_booking.services.audit import Entry
from kit_booking.web.desk.audit_labels import ACTIONS, line_of

PACKAGE = Path(kit_booking.__file__).parent
WRITERS = {"_write_down", "_audit", "audit", "write_down"}
"""The functions that write an entry; the action is one of their first arguments."""


def written_actions() -> set[str]:
    """The actions that stand in the code: of `action=…`, and the first text given to what writes entries."""
    found: set[str] = set(Status)
    for file in PACKAGE.glob("services/*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                values = [keyword.value for keyword in node.keywords if keyword.arg == "action"]
                values += node.args[:3] if name in WRITERS else []
                found |= {
                    part.value
                    for value in values
                    for part in ([value.body, value.orelse] if isinstance(value, ast.IfExp) else [value])
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
    return found


def test_every_action_has_words() -> None:
    assert written_actions() - set(ACTIONS) == set()


@pytest.mark.parametrize(
    ("action", "staff", "by", "whom"),
    [
        ("waits_no_more", "", "nhà Đỗ Thị Lụa", ""),
        ("waits_no_more", "Lan", "cán bộ Lan", "Đỗ Thị Lụa"),
        ("waiting_over", "", "tự động", "Đỗ Thị Lụa"),
    ],
)
def test_a_household_is_named_as_the_doer_only_of_what_it_did(
    app: Flask, action: str, staff: str, by: str, whom: str
) -> None:
    entry = Entry(1, datetime(2026, 11, 24, tzinfo=UTC), action, "toi 2026-11-24", staff, "Đỗ Thị Lụa", "", "", "")
    with app.test_request_context():
        line = line_of(entry)
    assert (line.by, line.whom) == (by, whom)
