"""The same booking in several windows at the same moment: one clear outcome, and the others are told of it."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from threading import Barrier

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.models import AuditEntry, Closure, Household, Staff
from tests.support.town import Browser, Town, where, words_of
from tests.web.desk.test_today import now_at_the_counter

ROUNDS = 6


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.APPROVED])
def test_approving_handing_over_and_cancelling_at_once_never_ends_in_an_error(
    town: Town, caplog: pytest.LogCaptureFixture, status: Status
) -> None:
    windows = [town.browser(town.clerk) for _ in range(4)] + [town.browser(town.owner)]
    start = Barrier(len(windows))

    def press(window: Browser, path: str, **fields: object) -> tuple[int, str]:
        """The status, and what the window then says."""
        start.wait(30)
        answer = window.post(path, **fields)
        code, _, path = where(answer).partition(" ")
        return int(code), words_of(window.get(path) if path else answer)

    for _ in range(ROUNDS):
        booking = now_at_the_counter(town, status, 0.1)
        desk, own = f"/staff/bookings/{booking.code}", f"/bookings/{booking.code}"
        presses = [
            (f"{desk}/approve", {}),
            (f"{desk}/hand-over", {"all": "1"}),
            (f"{desk}/hand-over", {"all": "1"}),
            (f"{desk}/cancel", {"reason": "Bộ đang sửa"}),
            (f"{own}/cancel", {}),
        ]
        with ThreadPoolExecutor(len(windows)) as threads:
            asked = [
                threads.submit(press, window, path, **fields)
                for window, (path, fields) in zip(windows, presses, strict=True)
            ]
            answers = [answer.result() for answer in asked]
        assert {code for code, _ in answers} <= {303, 409}, answers
        final = town.world.fresh(booking).status
        path = [entry.action for entry in town.world.all(AuditEntry, booking_id=booking.id)]
        assert path[-1] == final
        assert path.count(Status.OUT) + path.count(Status.CANCELLED) <= 1
        assert len(path) == len(set(path)), "nothing was done twice"
        for code, said in answers[:4]:
            assert any(word in said for word in (booking.code, "Đã giao bộ"))
            assert code == 303 or "Chưa làm gì cả" in said, "what changed meanwhile is said"
        if final == Status.OUT:
            windows[0].post(f"{desk}/take-back", all="1")
        elif final == Status.APPROVED:
            windows[0].post(f"{desk}/cancel", reason="Bộ đang sửa")
        town.world.let_undo_pass(utc_now())
    assert not [record for record in caplog.records if record.exc_info]


def page_of(town: Town, kind: str) -> tuple[str, str, dict[str, object], str]:
    """A page, the action on it, what is typed there, and what the page of an error then calls what changed."""
    if kind == "household":
        path = f"/staff/households/{town.owner.id}"
        return path, f"{path}/edit", {"name": "Lê Thị Mơ", "village": "Giẽ Hạ", "craft": "giày da"}, "tên chủ hộ"
    if kind == "number":
        path = f"/staff/households/{town.owner.id}"
        return path, f"{path}/number", {"phone": "0987654321", "checked": "y"}, "tên chủ hộ"
    if kind == "account":
        path = f"/staff/operator/staff/{town.leader.id}"
        return path, f"{path}/disable", {}, "tên"
    path = f"/staff/closures/{town.closure()}"
    return path, f"{path}/end", {}, "lý do"


@pytest.mark.parametrize("kind", ["household", "number", "account", "closure"])
def test_an_old_page_of_a_household_an_account_or_a_closure_changes_nothing(town: Town, kind: str) -> None:
    browser = town.browser(town.operator if kind == "account" else town.clerk)
    path, action, typed, changed = page_of(town, kind)
    opened = action if kind in ("household", "number") else path
    old = unescape(re.findall(r'name="seen" value="([^"]+)"', browser.get(opened).text)[0])
    table, column = {"account": (Staff, "name"), "closure": (Closure, "reason")}.get(kind, (Household, "name"))
    number = int(re.findall(r"\d+", path)[-1])
    row = town.world.all(table, id=number)[0]
    town.world.change(row, **{column: "Trần Thị Mới"})
    for seen in (old, "", "x", "[1]"):
        answer = browser.post(action, typed, seen=seen)
        assert answer.status_code == 409
        assert "Thông tin này vừa thay đổi" in words_of(answer)
        assert f'href="{path}"' in answer.text
    assert changed in words_of(browser.post(action, typed, seen=old))
    assert "Trần Thị Mới" in str(getattr(town.world.all(table, id=number)[0], column)), "nothing was done"
    assert browser.post(action, typed).status_code == 303, "as it is now"
