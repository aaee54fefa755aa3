"""Every action that the code writes into the audit list has plain words, for its values too, and says who did it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

import kit_booking
from kit_booking.domain.booking.status import Status
from kit_booking.web.desk.audit_labels import ACTIONS, line_of, sentence

PACKAGE = Path(kit_booking.__file__).parent
COLUMNS = {"now", "commune_id", "booking_id", "household_id", "happened_at"}
VALUES: dict[str, tuple[Any, str]] = {
    "bookings": (2, "2 phiếu"),
    "changed": (["name", "craft"], "tên, nghề"),
    "consent": ("2026-11", "bản 2026-11"),
    "consent_by": ("paper", "theo sổ giấy"),
    "day": ("2026-12-04", "T6 04/12"),
    "from_at": ("2026-12-04T00:42Z", "7h42 T6 04/12"),
    "from_status": ("approved", ""),
    "status": ("requested", "Chờ duyệt"),
    "household": (12, "hộ số 12"),
    "households": (3, "3 hộ"),
    "kind": ("reminder_day", "Nhắc trước một ngày"),
    "kit": ("PD-1", "PD-1"),
    "kits": (23, "23 bộ"),
    "name": ("Phú Túc", "Phú Túc"),
    "old_name": ("Phượng Dực", "Phượng Dực → "),
    "parts": ([["đèn", 2, 3], ["micro", 0, 1]], "đèn 2 → 3, micro 0 → 1"),
    "place": ("Văn Hoàng", "Văn Hoàng"),
    "province": ("Hà Nội", "Hà Nội"),
    "reason": ("nhà có việc", "nhà có việc"),
    "role": ("leader", "Lãnh đạo xã"),
    "slot": ("Tối", "Tối"),
    "source": ("network", "nhà mạng báo"),
    "until_at": ("2026-12-08T17:00Z", "hết T3 08/12"),
    "username": ("canbo1", "canbo1"),
}
"""An example of every value that an entry can hold, and how it is told."""


def recorded() -> Iterator[tuple[str, set[str]]]:
    """The actions that the code records, each with the names of its values.

    Where a function is handed the action or values, those that its callers in the same file hand it.
    """
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text())
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            if function.name == "record_audit":
                continue
            names = [argument.arg for argument in function.args.args]
            for call in (node for node in ast.walk(function) if node in calls and node.func.id == "record_audit"):
                action = call.args[1]
                if isinstance(action, ast.Name) and action.id in names:
                    place, handed = names.index(action.id), [one for one in calls if one.func.id == function.name]
                else:
                    place, handed = 1, [call]
                for one in handed:
                    values = _values(call) | (_values(one) if function.args.kwarg else set())
                    for text in _texts(one.args[place]):
                        yield text, values


def _values(call: ast.Call) -> set[str]:
    return {keyword.arg for keyword in call.keywords if keyword.arg} - COLUMNS


def _texts(node: ast.expr) -> list[str]:
    """The texts that an expression can be."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=other):
            return _texts(body) + _texts(other)
        case ast.Name(id="status" | "to_status"):
            return list(Status)
    raise AssertionError(f"which actions are this? {ast.unparse(node)}")


RECORDED = list(recorded())


def test_all_that_is_recorded_is_seen() -> None:
    assert len({action for action, _ in RECORDED}) > 50
    assert {name for _, names in RECORDED for name in names} == set(VALUES)


def test_every_action_has_words() -> None:
    assert {action for action, _ in RECORDED} - set(ACTIONS) == set()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_action_shows_all_its_values(app: Flask, language: str) -> None:
    untold = []
    with app.test_request_context(headers={"Accept-Language": language}):
        for action, names in RECORDED:
            text = sentence(action, {name: VALUES[name][0] for name in names})
            if language == "vi":
                untold += [(action, name, text) for name in names if VALUES[name][1] not in text]
            for optional in names & {"reason", "consent_by", "from_status", "old_name"}:
                sentence(action, {name: VALUES[name][0] for name in names - {optional}})
            assert sentence(action, {}) == ""
    assert untold == []


@pytest.mark.parametrize(
    ("action", "staff", "by", "whom"),
    [
        ("waits_no_more", None, "nhà Đỗ Thị Lụa", ""),
        ("waits_no_more", "Lan", "cán bộ Lan", "Đỗ Thị Lụa"),
        ("waiting_over", None, "tự động", "Đỗ Thị Lụa"),
        ("forgotten", None, "tự động", "Đỗ Thị Lụa"),
    ],
)
def test_a_household_is_named_as_the_doer_only_of_what_it_did(
    app: Flask, action: str, staff: str | None, by: str, whom: str
) -> None:
    entry: Any = SimpleNamespace(action=action, detail={}, staff_name=staff, household_name="Đỗ Thị Lụa")
    with app.test_request_context():
        line = line_of(entry)
    assert (line.by, line.whom) == (by, whom)
