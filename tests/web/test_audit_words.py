"""Every action that the code writes into the audit list has plain words."""

import ast
from pathlib import Path

import kit_booking
from kit_booking.domain.status import Status
from kit_booking.web.audit_words import ACTIONS

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
