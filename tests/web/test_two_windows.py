"""The same booking in several windows at the same moment: one clear outcome, and the others are told of it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.models import AuditEntry
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
