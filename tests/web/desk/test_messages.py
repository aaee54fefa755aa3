"""The office's page of texts: what it shows, what it never shows, sending again, and who was phoned."""

from datetime import timedelta

import pytest

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Booking, Message, MessageState, PauseReason, SendingPause
from kit_booking.services.sign_in.sign_in import send_code
from tests.support.town import NUMBER, Town, where, words_of

PAGE = "/staff/messages"
THIS_MONTH = f"{local_day(utc_now()):%Y-%m}"


def page(town: Town, query: str = "", who: object = None) -> str:
    return words_of(town.browser(who or town.clerk).get(f"{PAGE}{query}"))  # type: ignore[arg-type]


def test_every_state_has_its_word_and_can_be_chosen(town: Town) -> None:
    codes = {}
    for state in MessageState:
        lease = utc_now() if state is MessageState.SENDING else None
        message = town.message(state=state, lease_until_at=lease)
        codes[state] = town.world.all(Booking, id=message.booking_id)[0].code
    for state in MessageState:
        shown = page(town, f"?state={state}")
        assert [of for of, code in codes.items() if code in shown] == [state]
        assert f"{len(codes)} tin" in shown, state


def test_a_line_says_who_what_and_what_it_cost_with_a_masked_number(town: Town) -> None:
    town.message(state=MessageState.DELIVERED, cost=800)
    shown = page(town)
    for said in ("Báo đã duyệt", "đã tới máy", "Nguyễn Thị Hạnh", "0912 *** 678", "1 đoạn", "800 đ"):
        assert said in shown
    assert "345" not in shown
    assert "LIVEPX" not in shown, "the text itself is on the booking's page"


def test_texts_that_somebody_may_not_have_got_can_be_looked_at_alone(town: Town) -> None:
    town.message(state=MessageState.DELIVERED, kind=Kind.RECEIVED)
    for state in (MessageState.FAILED, MessageState.UNDELIVERED, MessageState.UNKNOWN, MessageState.TO_PHONE):
        town.message(state=state)
    shown = page(town, "?state=problems")
    assert shown.count("Đã gọi điện PD") == 4
    assert "Báo đã nhận phiếu" not in shown


def test_a_commune_sees_its_own_texts_only(town: Town) -> None:
    town.message(cost=800)
    assert "Nguyễn Thị Hạnh" not in page(town, who=town.foreign_clerk)
    assert "800" not in page(town, who=town.foreign_clerk)
    assert "Nguyễn Thị Hạnh" in page(town, who=town.operator)


def test_a_login_code_is_counted_for_the_operator_and_shown_to_nobody(town: Town) -> None:
    town.world.do(send_code, "+84987654321", "10.0.0.1", now=utc_now())
    [code] = town.world.all(Message)
    for who in (town.clerk, town.leader, town.operator):
        shown = page(town, who=who)
        assert "987" not in shown
        assert code.body not in shown
        assert ("Mã đăng nhập của cả hệ thống: 1 tin" in shown) == (who is town.operator)
        for action in ("phoned", "resend"):
            assert town.browser(who).post(f"{PAGE}/{code.id}/{action}").status_code == 404


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (50_000, "Mức định cho một tháng: 100.000 đ."),
        (80_000, "Xã Phượng Dực đã tiêu 80.000 đ, gần hết mức 100.000 đ của tháng này."),
        (100_001, "Xã Phượng Dực đã tiêu 100.001 đ, quá mức 100.000 đ định cho tháng này."),
    ],
)
def test_the_month_s_cost_stands_beside_what_it_was_meant_to_be(town: Town, cost: int, said: str) -> None:
    town.message(cost=cost)
    assert "định" not in page(town), "nothing is meant unless somebody sets it"
    town.world.change(town.commune, policy={"sms_budget": 100_000})
    assert said in page(town)


def test_another_month_has_its_own_texts_and_cost(town: Town) -> None:
    town.message(cost=800, created_at=utc_now() - timedelta(days=40))
    assert "Nguyễn Thị Hạnh" not in page(town)
    month = f"{local_day(utc_now() - timedelta(days=40)):%Y-%m}"
    assert "800 đ" in page(town, f"?month={month}")


@pytest.mark.parametrize(
    "query", ["?month=2026-13", "?month=x", "?month=0000-01", "?state=nonsense", "?before=x", "?before=99999999999"]
)
def test_an_odd_address_shows_this_month(town: Town, query: str) -> None:
    town.message()
    assert "Nguyễn Thị Hạnh" in page(town, query)


def test_a_month_without_a_text_says_so(town: Town) -> None:
    assert "Không có tin nhắn nào." in page(town)


def test_many_texts_come_page_by_page(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    for _ in range(103):
        town.message(booking)
    browser = town.browser(town.clerk)
    first = browser.get(PAGE)
    assert words_of(first).count("Báo đã duyệt") == 100
    last = min(message.id for message in town.world.all(Message)) + 3
    assert f"before={last}" in first.text
    assert words_of(browser.get(f"{PAGE}?month={THIS_MONTH}&before={last}")).count("Báo đã duyệt") == 3


def test_a_large_share_of_failures_warns_and_what_operators_block_is_named(town: Town) -> None:
    booking = town.booking(Status.APPROVED)
    for number in range(20):
        failed = {"state": MessageState.UNDELIVERED, "error_code": 30008}
        town.message(booking, **(failed if number < 4 else {"state": MessageState.SENT}))
    assert "Nhiều tin không tới nơi." in page(town)
    assert "Không tới nơi: 20%" in page(town)
    for message in town.world.all(Message, state=MessageState.UNDELIVERED):
        town.world.change(message, error_code=30007)
    assert "Nhà mạng chặn nhiều tin." in page(town)
    assert "Bị nhà mạng chặn: 20%" in page(town)


def test_a_failed_text_is_sent_again_at_a_click(town: Town) -> None:
    message, clerk = town.message(), town.browser(town.clerk)
    assert where(clerk.post(f"{PAGE}/{message.id}/resend", next=f"{PAGE}?state=problems")) == f"303 {PAGE}"
    assert "Tin sẽ được gửi lại ngay." in words_of(clerk.get(PAGE))
    assert town.world.fresh(message).state == MessageState.QUEUED
    clerk.post(f"{PAGE}/{message.id}/resend")
    assert "đã gửi, đang chờ gửi, hoặc đã bỏ qua" in words_of(clerk.get(PAGE))


def test_an_unknown_text_is_asked_for_first(town: Town) -> None:
    message, clerk = town.message(state=MessageState.UNKNOWN), town.browser(town.clerk)
    assert "Hỏi nhà mạng rồi gửi lại" in page(town)
    clerk.post(f"{PAGE}/{message.id}/resend")
    assert "Đang hỏi nhà mạng." in words_of(clerk.get(PAGE))
    assert town.world.fresh(message).state == MessageState.UNKNOWN
    assert "Hỏi nhà mạng rồi gửi lại" not in page(town)


def test_what_is_not_true_any_more_or_reaches_nobody_is_not_sent_again(town: Town) -> None:
    clerk, gone = town.browser(town.clerk), town.message(town.booking(Status.CANCELLED))
    clerk.post(f"{PAGE}/{gone.id}/resend")
    assert "không còn đúng" in words_of(clerk.get(PAGE))
    town.world.change(town.owner, bad_number_at=utc_now())
    dead = town.message()
    clerk.post(f"{PAGE}/{dead.id}/resend")
    assert "số này không nhận được tin nhắn" in words_of(clerk.get(PAGE))
    assert {message.state for message in town.world.all(Message)} == {MessageState.FAILED}


def test_whoever_was_phoned_is_off_today_s_list(town: Town) -> None:
    message, clerk = town.message(state=MessageState.TO_PHONE), town.browser(town.clerk)
    assert "Cần gọi điện (1)" in words_of(clerk.get("/staff"))
    assert where(clerk.post(f"{PAGE}/{message.id}/phoned")) == "303 /staff"
    today = words_of(clerk.get("/staff"))
    assert "đã gọi điện cho hộ Nguyễn Thị Hạnh" in today
    assert "Cần gọi điện" not in today
    assert "đã gọi điện lúc" in page(town)
    assert town.clerk.name in page(town)


def test_a_text_to_the_clerk_is_not_the_household_s(town: Town) -> None:
    town.message(kind=Kind.STAFF_DUE, to="+84988888777")
    shown = page(town)
    assert "cho cán bộ · 0988 *** 777" in shown
    assert "Đã gọi điện" not in shown
    assert "Cần gọi điện" not in words_of(town.browser(town.clerk).get("/staff"))


@pytest.mark.parametrize("reader", ["leader", "operator"])
def test_who_may_only_look_has_no_buttons_here(town: Town, reader: str) -> None:
    message = town.message()
    browser = town.browser(getattr(town, reader))
    for path in (PAGE, "/staff"):
        assert f"{message.id}/resend" not in browser.get(path).text
        assert f"{message.id}/phoned" not in browser.get(path).text
    for action in ("resend", "phoned"):
        assert browser.post(f"{PAGE}/{message.id}/{action}").status_code == 403
    assert town.world.fresh(message).state == MessageState.FAILED
    assert town.world.fresh(message).phoned_at is None


def test_after_an_action_next_stays_on_this_site(town: Town) -> None:
    answer = town.browser(town.clerk).post(f"{PAGE}/{town.message().id}/phoned", next="https://example.com")
    assert where(answer) == "303 /staff"


@pytest.mark.parametrize("path", ["/staff", PAGE])
def test_a_sender_that_is_set_up_wrongly_is_seen_at_once(town: Town, path: str) -> None:
    since = utc_now() - timedelta(hours=1)
    town.world.add(
        SendingPause(reason=PauseReason.SETUP, since_at=since, until_at=since, fault="HTTP 401 (code 20003)")
    )
    shown = words_of(town.browser(town.clerk).get(path))
    assert "tin nhắn không gửi được (HTTP 401 (code 20003))" in shown
    answer = town.browser().get("/readyz")
    assert (answer.status_code, answer.json["sms"]) == (200, False)


def test_the_account_s_limit_is_told_while_it_lasts(town: Town) -> None:
    now = utc_now()
    limit = SendingPause(reason=PauseReason.LIMIT, since_at=now, until_at=now + timedelta(hours=1), fault="")
    town.world.add(limit)
    assert "Tài khoản nhắn tin hết hạn mức" in words_of(town.browser(town.clerk).get("/staff"))


def test_a_household_switches_its_texts_off_and_on(town: Town) -> None:
    browser = town.browser(town.owner)
    waiting = town.message(state=MessageState.QUEUED)
    assert "Không nhận tin nhắn nữa" in words_of(browser.get("/bookings"))
    for _ in range(2):
        assert where(browser.post("/bookings/texts", wants="0")) == "303 /bookings#texts"
    shown = words_of(browser.get("/bookings"))
    assert "Nhà mình đã tắt tin nhắn. Có việc gì cán bộ xã sẽ gọi điện." in shown
    assert not town.world.fresh(town.owner).takes_texts
    assert town.world.fresh(waiting).state == MessageState.QUEUED
    browser.post("/bookings/texts", wants="1")
    assert town.world.fresh(town.owner).takes_texts
    assert town.world.fresh(town.neighbour).takes_texts


def test_a_household_whose_number_is_bad_reads_that_it_will_be_phoned(town: Town) -> None:
    town.world.change(town.owner, bad_number_at=utc_now())
    assert "Tin nhắn không tới được số này" in words_of(town.browser(town.owner).get("/bookings"))
    assert town.owner.phone == NUMBER


def test_staff_see_at_once_that_a_household_gets_no_texts(town: Town) -> None:
    town.world.change(town.owner, takes_texts=False)
    booking, clerk = town.booking(), town.browser(town.clerk)
    clerk.post(f"/staff/bookings/{booking.code}/approve")
    today = words_of(clerk.get("/staff"))
    assert "Hộ này không nhận tin nhắn, xin gọi điện." in today
    assert "Cần gọi điện" not in today, "it may still be undone"
    town.world.let_undo_pass(utc_now())
    assert "Cần gọi điện (1)" in words_of(clerk.get("/staff"))
