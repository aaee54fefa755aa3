"""The queue as staff see it: who waits in which order and why, putting somebody forward, ending a wait."""

from datetime import timedelta

from kit_booking.clock import utc_now
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Household, WaitingEntry, WaitingState
from tests.support.town import Town, where, words_of


def entry(town: Town, household: Household, hours_ago: int) -> WaitingEntry:
    day = local_day(utc_now()) + timedelta(days=4)
    return town.world.entry(town.kit, household, day, joined_at=utc_now() - timedelta(hours=hours_ago))


def test_staff_see_who_waits_in_which_order_and_why_and_may_put_somebody_forward(town: Town):
    first, last = entry(town, town.neighbour, 3), entry(town, town.owner, 1)
    desk = town.browser(town.clerk)
    said = words_of(desk.get("/staff/queue"))
    assert said.index("1. Lê Văn Bình") < said.index("2. Nguyễn Thị Hạnh")
    assert "chưa được mượn lần nào" in said

    refused = desk.post(f"/staff/queue/{last.id}/forward", {"reason": " "})
    assert refused.status_code == 422
    assert "Cần ghi lý do ưu tiên" in words_of(refused)
    assert where(desk.post(f"/staff/queue/{last.id}/forward", {"reason": "Có hội chợ"})) == "303 /staff/queue"
    said = words_of(desk.get("/staff/queue"))
    assert "Đã đưa lên đầu: Tối 19h" in said
    assert said.index("1. Nguyễn Thị Hạnh") < said.index("2. Lê Văn Bình")
    assert "được ưu tiên: Có hội chợ" in said
    assert town.world.fresh(first).state == WaitingState.WAITING


def test_staff_end_a_wait_once_and_are_told_when_it_has_ended_already(town: Town):
    waiting, desk = entry(town, town.owner, 1), town.browser(town.clerk)
    assert where(desk.post(f"/staff/queue/{waiting.id}/leave")) == "303 /staff/queue"
    assert "Đã thôi chờ: Tối 19h" in words_of(desk.get("/staff/queue"))
    assert town.world.fresh(waiting).state == WaitingState.LEFT
    desk.post(f"/staff/queue/{waiting.id}/leave")
    assert "nhà này không còn chờ" in words_of(desk.get("/staff/queue"))
