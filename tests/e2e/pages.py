"""Every page in every state that looks different: how to get there, and at which rule of the app it stands."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta

from playwright.sync_api import Page

from kit_booking.clock import utc_now
from kit_booking.database import transaction
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local
from kit_booking.models import (
    AuditEntry,
    Booking,
    Commune,
    Handover,
    Household,
    Kit,
    Message,
    MessageState,
    Role,
    Staff,
    StaffRole,
    WaitingEntry,
)
from kit_booking.services.closures.closing import close, end
from kit_booking.services.sign_in.sign_in import CODES_A_NUMBER, CODES_WINDOW
from kit_booking.services.sign_in.throttle import count_try
from tests.e2e.demo import COMMUNE, Demo
from tests.times import days_ahead

NUMBER, SHARED_NUMBER = "+84912345678", "+84912345679"


@dataclass(frozen=True)
class Shown:
    name: str
    rule: str
    """The rule of the app that the address belongs to; a page that came back with its errors has that of its form."""
    reach: Callable[["Visitor"], None]


class Visitor:
    """Somebody at the demo, who can become whoever may see a page."""

    def __init__(self, demo: Demo, page: Page) -> None:
        self.demo, self.page, self.world = demo, page, demo.world

    def go(self, path: str) -> None:
        self.page.goto(path)

    def send(self, name: str, **typed: str) -> None:
        """Fill in the fields and press the button of this name."""
        for field, value in typed.items():
            self.page.locator(f"input[name={field}]:visible").last.fill(value)
        self.page.get_by_role("button", name=name, exact=True).first.click()
        self.page.wait_for_load_state()

    def kit(self) -> Kit:
        return self.world.kits(self.demo.commune)[0]

    def slot(self, key: str = "sang", days: int = 14) -> str:
        """A morning of the last day is hardly ever taken; every evening is."""
        return f"/kits/{self.kit().code}/{days_ahead(days, utc_now())}/{key}"

    def free_slot(self) -> str:
        """The last one, because much is free there."""
        self.go(f"/communes/{COMMUNE}")
        return str(self.page.locator(".by-place a.slot.free").last.get_attribute("href"))

    def choose_a_place(self) -> None:
        self.go(f"/communes/{COMMUNE}/{days_ahead(14, utc_now())}/sang")

    def booking(self, status: Status) -> Booking:
        return self.world.all(Booking, commune_id=self.demo.commune.id, status=status)[-1]

    def be_owner_of(self, status: Status) -> Booking:
        booking = self.booking(status)
        self.demo.sign_in(self.page, self.world.all(Household, id=booking.household_id)[0])
        return booking

    def be_waiting(self) -> int:
        """Somebody who waits, and the number of the entry."""
        entry = self.world.all(WaitingEntry, state="waiting", commune_id=self.demo.commune.id)[-1]
        self.demo.sign_in(self.page, self.world.all(Household, id=entry.household_id)[0])
        return entry.id

    def choose_another_slot(self) -> None:
        self.see_one(Status.APPROVED, "/change")
        self.page.locator("details.choices").last.locator("summary").click()
        self.page.locator("details.choices").last.locator("a.slot").first.click()
        self.page.wait_for_load_state()

    def wait_nowhere(self) -> None:
        self.be_newcomer()
        self.go(self.slot("toi", days=5))
        for tick in self.page.get_by_role("checkbox").all():
            tick.uncheck()
        self.send("Chờ chỗ trống")

    def put_forward_without_a_reason(self) -> None:
        self.be_staff(Role.CLERK)
        self.go("/staff/queue")
        self.page.get_by_text("Ưu tiên hoặc thôi chờ").first.click()
        self.page.locator("input[name=reason]").first.fill(" ")
        self.page.get_by_role("button", name="Đưa lên đầu").first.click()
        self.page.wait_for_load_state()

    def be_newcomer(self) -> None:
        self.demo.sign_in(self.page, self.world.household(self.demo.commune, seen_at=utc_now()))

    def be_staff(self, role: Role) -> None:
        commune_id = None if role is Role.OPERATOR else self.demo.commune.id
        found = self.world.all(StaffRole, commune_id=commune_id, role=role)[0]
        self.demo.sign_in(self.page, self.world.all(Staff, id=found.staff_id)[0])

    def be_clerk_without_work(self) -> str:
        """In a commune without a kit, whose address it gives."""
        commune = self.world.commune(f"Vân Từ {self.kit_count()}", kits=0)
        self.demo.sign_in(self.page, self.world.clerk(commune))
        return commune.slug

    def kit_count(self) -> int:
        return len(self.world.all(Staff))

    def see_one(self, status: Status, after: str = "") -> None:
        self.go(f"/bookings/{self.be_owner_of(status).code}{after}")

    def see_one_as_clerk(self, status: Status, query: str = "") -> None:
        self.be_staff(Role.CLERK)
        self.go(f"/staff/bookings/{self.booking(status).code}{query}")

    def prove(self, number: str, *seen_days_ago: int) -> None:
        """Be somebody whose number is proved, and who has so many households in it."""
        missing = seen_days_ago[len(self.world.all(Household, phone=number)) :]
        for days in missing:
            seen_at = utc_now() - timedelta(days=days)
            self.world.household(self.demo.commune, f"Nguyễn Văn {days}", phone=number, seen_at=seen_at)
        self.demo.prove_number(self.page, number)
        self.go(f"/sign-in/household?next={self.free_slot()}")

    def ask_for_code(self) -> None:
        self.go(self.free_slot())
        self.send("Tiếp tục", phone=f"0912{len(self.world.all(Message)):06}")

    def ask_for_too_many_codes(self) -> None:
        number = f"913{next(_numbers):06}"  # Another one each time: asking again at once is a double tap.
        for _ in range(CODES_A_NUMBER):
            self.world.do(transaction(count_try), f"code:+84{number}", CODES_WINDOW, now=utc_now())
        self.go("/sign-in")
        self.send("Gửi mã về máy", phone=f"0{number}")

    def lose_the_session(self) -> None:
        self.go("/sign-in")
        self.page.context.clear_cookies()
        self.send("Gửi mã về máy", phone="0912 345 678")

    def see_texts_of_every_state(self) -> None:
        booking, now = self.booking(Status.APPROVED), utc_now()
        for state in MessageState:
            self.world.add(
                Message(
                    kind=Kind.APPROVED, commune_id=booking.commune_id, booking_id=booking.id, kit_id=booking.kit_id,
                    pick_up_at=booking.pick_up_at, to=NUMBER, body="", created_at=now, due_at=now, settled_at=now,
                    useful_until_at=booking.pick_up_at, state=state, lease_until_at=now, cost=800,
                )
            )  # fmt: skip
        self.be_staff(Role.CLERK)
        self.go("/staff/messages")

    def see_today_with_someone_to_phone(self) -> None:
        booking, now = self.booking(Status.APPROVED), utc_now()
        self.world.add(
            Message(
                kind=Kind.APPROVED, booking_id=booking.id, kit_id=booking.kit_id, pick_up_at=booking.pick_up_at,
                to=NUMBER, body="", created_at=now, due_at=now, useful_until_at=now, settled_at=now,
                state=MessageState.FAILED,
            )
        )  # fmt: skip
        self.be_staff(Role.CLERK)
        self.go("/staff")

    def see_today_of_a_full_desk(self) -> None:
        """With an offer, a kit that came back broken, and a line that is opened."""
        booking, now = self.booking(Status.RETURNED), utc_now()
        self.be_staff(Role.CLERK)
        if not self.world.all(Handover, booking_id=booking.id):
            staff_id = self.world.clerk(self.demo.commune).id
            self.world.add(
                Handover(
                    booking_id=booking.id, way=Direction.BACK, staff_id=staff_id, person="", has_fault=True,
                    happened_at=now, written_at=now,
                )
            )  # fmt: skip
            offered = self.world.all(Booking, status=Status.REQUESTED, commune_id=self.demo.commune.id)[0]
            self.world.change(offered, status=Status.OFFERED)
        self.go("/staff")
        self.page.locator("#t-" + self.booking(Status.REQUESTED).code + " summary").click()
        self.page.locator("#keys summary").click()

    def at_counter(self, status: Status, action: str) -> None:
        self.be_staff(Role.CLERK)
        booking = self.world.all(Booking, commune_id=self.demo.commune.id, status=status)[0]
        self.go(f"/staff/bookings/{booking.code}/{action}")

    def hand_over_a_kit_that_is_out(self) -> None:
        self.be_staff(Role.CLERK)
        out = self.booking(Status.OUT)
        booking = self.world.all(Booking, kit_id=out.kit_id, status=Status.APPROVED)[0]
        self.go(f"/staff/bookings/{booking.code}/hand-over")
        self.page.locator("input[name='parts-2-count']").fill("-1")
        self.send("Giao bộ")
        self.page.locator("input[name='parts-2-count']").fill("1")
        self.send("Giao bộ", note="giao hộ")

    def judge_a_broken_kit(self) -> None:
        self.see_today_of_a_full_desk()
        broken = self.world.all(Handover, has_fault=True)[0]
        code = self.world.all(Booking, id=broken.booking_id)[0].code
        self.go(f"/staff/bookings/{code}/usable")

    def see_the_phones(self, *, is_empty: bool = False) -> None:
        if is_empty:
            self.demo.sms_file.unlink(missing_ok=True)
        else:
            self.ask_for_code()
            self.demo.work()
        self.go("/demo/phones")

    def add_a_calendar(self) -> None:
        self.be_newcomer()
        self.go("/calendar")
        self.send("Thêm lịch")

    def list_calendars(self) -> None:
        self.add_a_calendar()
        self.go("/calendar")

    def decline_without_a_reason(self) -> None:
        self.see_one_as_clerk(Status.REQUESTED)
        self.page.get_by_text("Không duyệt").first.click()
        self.page.locator("input[name=reason]").first.fill(" ")
        self.page.locator(".own-words button").first.click()
        self.page.wait_for_load_state()

    def closure(self, days: int = 5) -> int:
        """A kit whose evenings are all taken, closed for two days; its id."""
        kit = self.world.kits(self.demo.commune)[2]
        first = days_ahead(days, utc_now())
        span = Span(local(first, time()), local(first + timedelta(days=2), time()))
        clerk = self.world.clerk(self.demo.commune)
        reason = "Hỏng đèn, chờ thợ ở Hà Nội về thay bóng"
        return self.world.do(close, self.demo.commune.id, kit.id, span, reason, clerk.id, now=utc_now())

    def see_a_closure(self) -> None:
        self.be_staff(Role.CLERK)
        self.go(f"/staff/closures/{self.closure()}")
        for part in self.page.locator("summary").all():
            part.click()

    def see_a_closure_that_is_over(self) -> None:
        self.be_staff(Role.CLERK)
        closure = self.closure(days=9)
        self.world.do(end, closure, self.world.clerk(self.demo.commune).id, now=utc_now())
        self.go(f"/staff/closures/{closure}")

    def change_a_closure_without_a_reason(self) -> None:
        self.see_a_closure()
        self.page.locator("input[name=reason]").fill(" ")
        self.page.get_by_role("button", name="Ghi lại").click()
        self.page.wait_for_load_state()

    def write_a_closure_down(self, button: str, **typed: str) -> None:
        self.be_staff(Role.CLERK)
        self.go(f"/staff/closures/new?kit={self.kit().code}&reason=Hỏng đèn")
        self.send(button, until_day=str(days_ahead(6, utc_now())), **typed)

    def approve_a_request(self) -> None:
        """What was just done can be undone: by the notice, and by the list below."""
        self.be_staff(Role.CLERK)
        self.go("/staff")
        self.page.locator("form.approve button").first.click()
        self.page.wait_for_load_state()

    def move_a_booking(self) -> None:
        self.be_staff(Role.CLERK)
        self.go(f"/staff/bookings/{self.booking(Status.APPROVED).code}/move")
        for part in self.page.locator("summary").all():
            part.click()

    def move_a_booking_nowhere(self) -> None:
        self.move_a_booking()
        self.page.locator("button[name=to]").first.evaluate("it => { it.value = '/nowhere' }")
        self.page.locator("button[name=to]").first.click()
        self.page.wait_for_load_state()

    def approve_as_the_leader(self) -> None:
        """With the button of a clerk's page that was left open."""
        self.be_staff(Role.CLERK)
        self.go("/staff")
        clerks_token = self.page.locator("input[name=csrf_token]").first
        token = clerks_token.get_attribute("value")
        self.be_staff(Role.LEADER)
        self.page.locator("form.approve").first.evaluate("(form, token) => form.csrf_token.value = token", token)
        self.page.locator("form.approve button").first.click()
        self.page.wait_for_load_state()

    def settings(self, rest: str = "", role: Role = Role.CLERK) -> None:
        self.be_staff(role)
        self.go(f"/staff/settings/{COMMUNE}{rest}")

    def change_settings(self, section: str, **typed: str) -> None:
        self.settings(f"/{section}")
        self.send("Xem trước thay đổi", **typed)

    def place(self) -> str:
        return f"/places/{self.kit().place_id}"

    def change_settings_too_late(self) -> None:
        self.change_settings("fairness", most_ahead="3")
        commune = self.demo.commune
        self.world.change(commune, phone="+842433854199")
        self.world.add(
            AuditEntry(
                at=utc_now(),
                happened_at=utc_now(),
                action="settings_changed",
                commune_id=commune.id,
                detail={"field": "phone", "old": "0243", "new": "0244"},
            )
        )
        self.send("Lưu thay đổi")

    def be_staff_of_two_communes(self) -> None:
        commune = self.world.commune(f"Vân Từ {self.kit_count()}", kits=0)
        clerk = self.world.clerk(commune)
        self.world.add(StaffRole(staff_id=clerk.id, commune_id=self.demo.commune.id, role=Role.LEADER))
        self.demo.sign_in(self.page, clerk)

    def see_long_names_in_the_audit_list(self) -> None:
        self.be_clerk_without_work()
        commune = self.world.all(Commune)[-1]
        clerk = self.world.clerk(commune)
        self.world.add(
            *(
                AuditEntry(
                    at=utc_now(),
                    happened_at=utc_now(),
                    action=action,
                    commune_id=commune.id,
                    staff_id=clerk.id,
                    detail={"text": text},
                )
                for action in ("kit_moved", "settings_changed", "declined")
                for text in ("most_ahead: 2 → 3", LONG * 2, "khôngcódấucách" * 9)
            )
        )
        self.go("/staff/audit")

    def operate(self, rest: str = "") -> None:
        self.be_staff(Role.OPERATOR)
        self.go(f"/staff/operator{rest}")

    def operate_with_long_names(self) -> None:
        commune = self.world.commune(f"{LONG[:74]} {self.kit_count()}", kits=0)
        self.world.kit(
            self.world.place(commune, LONG[:80], address=LONG * 2, keeper=LONG[:80]), f"LN-{self.kit_count()}"
        )
        self.operate(f"/communes/{commune.slug}")

    def account(self, rest: str = "") -> None:
        role = self.world.all(StaffRole, commune_id=self.demo.commune.id, role=Role.LEADER)[0]
        self.operate(f"/staff/{role.staff_id}{rest}")

    def reset_a_password(self) -> None:
        self.account()
        self.send("Đặt lại mật khẩu")

    def see_a_disabled_account(self) -> None:
        self.be_staff(Role.OPERATOR)
        member = self.world.staff(self.demo.commune, is_active=False, name=LONG[:80])
        self.go(f"/staff/operator/staff/{member.id}")

    def look_at_a_move_of_a_kit(self) -> None:
        self.operate(f"/communes/{COMMUNE}/kits/{self.kit().code}")
        self.page.locator("select[name=place_id]").select_option(index=3)
        self.send("Xem trước ai phải được báo")


_numbers = itertools.count()
LONG = "Ban quản lý nhà văn hóa trung tâm và chợ đầu mối làng nghề Thượng Yên, trụ sở xã cũ "


def _as(become: Callable[[Visitor], object], path: str) -> Callable[[Visitor], None]:
    def reach(visitor: Visitor) -> None:
        become(visitor)
        visitor.go(path)

    return reach


SLOT = "/kits/<kit_code>/<day>/<slot_key>"
FORTNIGHT = "/communes/<slug>"
WAITING, FORWARD = "/waiting/<int(max=2147483647):entry_id>", "/staff/queue/<int(max=2147483647):entry_id>/forward"
ONE, STAFF_ONE = "/bookings/<code>", "/staff/bookings/<code>"
SETTINGS = "/staff/settings/<slug>"
SECTION = f"{SETTINGS}/<any(plan,office,asking,answering,handover,fairness,waiting,texts,privacy):section>"
OPERATOR, OPERATOR_ONE = "/staff/operator", "/staff/operator/communes/<slug>"
ACCOUNTS, ACCOUNT = f"{OPERATOR}/staff", f"{OPERATOR}/staff/<int(max=2147483647):staff_id>"
ONE_CLOSURE = "/staff/closures/<int(max=2147483647):closure_id>"
S = Status

PAGES = [
    Shown("start", "/", lambda v: v.go("/")),
    Shown("search", "/", lambda v: v.go("/?q=lưu thượng")),
    Shown("search without a result", "/", lambda v: v.go("/?q=zzz")),
    Shown("fortnight", FORTNIGHT, lambda v: v.go(f"/communes/{COMMUNE}")),
    Shown("fortnight, one place", FORTNIGHT, lambda v: v.go(f"/communes/{COMMUNE}?place=phu-tuc")),
    Shown("places of a slot", FORTNIGHT + "/<day>/<slot_key>", Visitor.choose_a_place),
    Shown("fortnight of a household", FORTNIGHT, _as(lambda v: v.be_owner_of(S.APPROVED), f"/communes/{COMMUNE}")),
    Shown("fortnight with an open offer", FORTNIGHT, _as(lambda v: v.be_owner_of(S.OFFERED), f"/communes/{COMMUNE}")),
    Shown("fortnight without a kit", FORTNIGHT, lambda v: v.go(f"/communes/{v.be_clerk_without_work()}")),
    Shown("calendars of a commune", "/communes/<slug>/calendar", lambda v: v.go(f"/communes/{COMMUNE}/calendar")),
    Shown("privacy", "/privacy", lambda v: v.go("/privacy")),
    Shown("slot, asked by nobody known", SLOT, lambda v: v.go(v.free_slot())),
    Shown("slot, asked by a household", SLOT, lambda v: (v.be_newcomer(), v.go(v.free_slot()))),
    Shown("slot that is taken", SLOT, lambda v: v.go(v.slot("toi", days=5))),
    Shown("number", "/sign-in", lambda v: v.go("/sign-in")),
    Shown("number that is none", "/sign-in", lambda v: (v.go("/sign-in"), v.send("Gửi mã về máy", phone="12"))),
    Shown("number of old", "/sign-in", lambda v: (v.go("/sign-in"), v.send("Gửi mã về máy", phone="01662345678"))),
    Shown("too many codes", "/sign-in", Visitor.ask_for_too_many_codes),
    Shown("form of a lost session", "/sign-in", Visitor.lose_the_session),
    Shown("code", "/sign-in/code", Visitor.ask_for_code),
    Shown("wrong code", "/sign-in/code", lambda v: (v.ask_for_code(), v.send("Xác nhận", code="12345"))),
    Shown("new household", "/sign-in/household", lambda v: v.prove("+84912999999")),
    Shown(
        "new household without a name",
        "/sign-in/household",
        lambda v: (v.prove("+84912999999"), v.send("Đăng ký mượn", village="Lưu Thượng")),
    ),
    Shown("which household", "/sign-in/household", lambda v: v.prove(SHARED_NUMBER, 1, 400)),
    Shown("my bookings", "/bookings", _as(lambda v: v.be_owner_of(S.APPROVED), "/bookings")),
    Shown("no bookings", "/bookings", _as(Visitor.be_newcomer, "/bookings")),
    Shown("booking just asked for", ONE, lambda v: v.see_one(S.REQUESTED, "?new=1")),
    *(
        Shown(f"booking, {status}", ONE, lambda v, status=status: v.see_one(status))
        for status in (S.REQUESTED, S.APPROVED, S.DECLINED, S.CANCELLED, S.RETURNED)
    ),
    Shown("question before cancelling", "/bookings/<code>/cancel", lambda v: v.see_one(S.APPROVED, "/cancel")),
    Shown("booking, offered", ONE, lambda v: v.see_one(S.OFFERED)),
    Shown("where to change to", "/bookings/<code>/change", lambda v: v.see_one(S.APPROVED, "/change")),
    Shown("question before changing", "/bookings/<code>/change", Visitor.choose_another_slot),
    Shown("taken slot, waited for by a household", SLOT, lambda v: (v.be_newcomer(), v.go(v.slot("toi", days=5)))),
    Shown("waiting without a place", SLOT + "/wait", Visitor.wait_nowhere),
    Shown("place in the queue", WAITING, lambda v: v.go(f"/waiting/{v.be_waiting()}")),
    Shown("bookings of who waits", "/bookings", _as(Visitor.be_waiting, "/bookings")),
    Shown("queue of a clerk", "/staff/queue", _as(lambda v: v.be_staff(Role.CLERK), "/staff/queue")),
    Shown("queue without anybody", "/staff/queue", _as(Visitor.be_clerk_without_work, "/staff/queue")),
    Shown("putting forward without a reason", FORWARD, Visitor.put_forward_without_a_reason),
    Shown("no calendars", "/calendar", _as(Visitor.be_newcomer, "/calendar")),
    Shown("new calendar", "/calendar", Visitor.add_a_calendar),
    Shown("calendars", "/calendar", Visitor.list_calendars),
    Shown("calendars of staff", "/calendar", _as(lambda v: v.be_staff(Role.CLERK), "/calendar")),
    Shown("calendars of an operator", "/calendar", _as(lambda v: v.be_staff(Role.OPERATOR), "/calendar")),
    Shown("sign-in of staff", "/staff/sign-in", lambda v: v.go("/staff/sign-in")),
    Shown(
        "sign-in without a password",
        "/staff/sign-in",
        lambda v: (v.go("/staff/sign-in"), v.send("Đăng nhập", username="ai")),
    ),
    Shown("today of a clerk", "/staff", Visitor.see_today_with_someone_to_phone),
    Shown("texts of the month", "/staff/messages", Visitor.see_texts_of_every_state),
    Shown(
        "no texts of a state",
        "/staff/messages",
        _as(lambda v: v.be_staff(Role.LEADER), "/staff/messages?month=2025-01"),
    ),
    Shown("today without work", "/staff", _as(Visitor.be_clerk_without_work, "/staff")),
    Shown("today of a leader", "/staff", _as(lambda v: v.be_staff(Role.LEADER), "/staff")),
    Shown("today of the operator", "/staff", _as(lambda v: v.be_staff(Role.OPERATOR), "/staff")),
    Shown(
        "fortnight with names",
        "/staff/communes/<slug>",
        _as(lambda v: v.be_staff(Role.CLERK), f"/staff/communes/{COMMUNE}"),
    ),
    *(
        Shown(f"booking for staff, {status}", STAFF_ONE, lambda v, status=status: v.see_one_as_clerk(status))
        for status in (S.REQUESTED, S.APPROVED, S.DECLINED, S.CANCELLED, S.OUT, S.RETURNED)
    ),
    Shown("today after an approval", "/staff", Visitor.approve_a_request),
    Shown("approving in closed time", STAFF_ONE, lambda v: v.see_one_as_clerk(S.REQUESTED, "?closed=1")),
    Shown("today of a full desk", "/staff", Visitor.see_today_of_a_full_desk),
    Shown("handing over", STAFF_ONE + "/hand-over", lambda v: v.at_counter(S.APPROVED, "hand-over")),
    Shown("handing over a kit that is out", STAFF_ONE + "/hand-over", Visitor.hand_over_a_kit_that_is_out),
    Shown("taking back", STAFF_ONE + "/take-back", lambda v: v.at_counter(S.OUT, "take-back")),
    Shown("a kit that came back broken", STAFF_ONE + "/usable", Visitor.judge_a_broken_kit),
    Shown("paper to sign", STAFF_ONE + "/receipt", lambda v: v.at_counter(S.OUT, "receipt")),
    Shown("paper to sign, still empty", STAFF_ONE + "/receipt", lambda v: v.at_counter(S.APPROVED, "receipt")),
    Shown("closures", "/staff/closures", _as(lambda v: (v.be_staff(Role.CLERK), v.closure()), "/staff/closures")),
    Shown("closures where there are none", "/staff/closures", _as(Visitor.be_clerk_without_work, "/staff/closures")),
    Shown("new closure", "/staff/closures/new", _as(lambda v: v.be_staff(Role.CLERK), "/staff/closures/new")),
    Shown(
        "look before closing", "/staff/closures/new", lambda v: v.write_a_closure_down("Xem trước các phiếu bị vướng")
    ),
    Shown(
        "closing without a reason", "/staff/closures/new", lambda v: v.write_a_closure_down("Ghi nghỉ", reason=" ")
    ),
    Shown("closure", ONE_CLOSURE, Visitor.see_a_closure),
    Shown("closure that is over", ONE_CLOSURE, Visitor.see_a_closure_that_is_over),
    Shown("changing a closure without a reason", ONE_CLOSURE, Visitor.change_a_closure_without_a_reason),
    Shown("moving a booking", STAFF_ONE + "/move", Visitor.move_a_booking),
    Shown("moving a booking nowhere", STAFF_ONE + "/move", Visitor.move_a_booking_nowhere),
    Shown("what can be printed", "/staff/print", _as(lambda v: v.be_staff(Role.OPERATOR), "/staff/print")),
    *(
        Shown(
            f"paper, {path}",
            "/staff/print/<slug>/" + path.partition("?")[0],
            _as(lambda v: v.be_staff(Role.CLERK), f"/staff/print/{COMMUNE}/{path}"),
        )
        for path in ("week", "week?names=none", "day", "poster", "poster?kit=PD-1")
    ),
    Shown("declining without a reason", STAFF_ONE + "/decline", Visitor.decline_without_a_reason),
    Shown("what an account may not do", STAFF_ONE + "/approve", Visitor.approve_as_the_leader),
    Shown("own account", "/staff/account", _as(lambda v: v.be_staff(Role.CLERK), "/staff/account")),
    Shown("settings of a clerk", SETTINGS, Visitor.settings),
    Shown("settings of a leader", SETTINGS, lambda v: v.settings(role=Role.LEADER)),
    Shown("settings without a place", SETTINGS, lambda v: v.go(f"/staff/settings/{v.be_clerk_without_work()}")),
    Shown("settings of which commune", "/staff/settings", _as(Visitor.be_staff_of_two_communes, "/staff/settings")),
    *(
        Shown(f"settings, {section}", SECTION, lambda v, section=section: v.settings(f"/{section}"))
        for section in ("plan", "office", "asking", "fairness", "texts")
    ),
    Shown(
        "settings that can't be",
        SECTION,
        lambda v: v.change_settings("office", phone="12", **{"days-3-opens": "sáng", "days-5-closes": ""}),
    ),
    Shown("plan that can't be", SECTION, lambda v: v.change_settings("plan", **{"lines-1-name": "Sáng"})),
    Shown("settings before they are saved", SECTION, lambda v: v.change_settings("asking", window_days="5")),
    Shown("settings that somebody else changed", SECTION, Visitor.change_settings_too_late),
    Shown(
        "settings of a place",
        SETTINGS + "/places/<int(max=2147483647):place_id>",
        lambda v: v.settings(v.place()),
    ),
    Shown("parts of a kit", SETTINGS + "/kits/<code>", lambda v: v.settings(f"/kits/{v.kit().code}")),
    Shown("audit list", "/staff/audit", Visitor.see_long_names_in_the_audit_list),
    Shown("audit list of the operator", "/staff/audit", _as(lambda v: v.be_staff(Role.OPERATOR), "/staff/audit")),
    Shown(
        "audit list without a result",
        "/staff/audit",
        _as(lambda v: v.be_staff(Role.CLERK), "/staff/audit?booking=XX999&from=2026-12-01"),
    ),
    Shown("communes of the operator", OPERATOR, Visitor.operate),
    Shown("communes without a result", OPERATOR, lambda v: v.operate("?q=zzz")),
    Shown("commune of the operator", OPERATOR_ONE, lambda v: v.operate(f"/communes/{COMMUNE}")),
    Shown("commune with long names", OPERATOR_ONE, Visitor.operate_with_long_names),
    Shown("new commune", OPERATOR + "/communes/new", lambda v: v.operate("/communes/new")),
    Shown(
        "new commune without a name",
        OPERATOR + "/communes/new",
        lambda v: (v.operate("/communes/new"), v.send("Lưu", code="x", phone="1")),
    ),
    Shown("name of a commune", OPERATOR_ONE + "/edit", lambda v: v.operate(f"/communes/{COMMUNE}/edit")),
    Shown("new place", OPERATOR_ONE + "/places/new", lambda v: v.operate(f"/communes/{COMMUNE}/places/new")),
    Shown(
        "place",
        OPERATOR_ONE + "/places/<int(max=2147483647):place_id>",
        lambda v: v.operate(f"/communes/{COMMUNE}{v.place()}"),
    ),
    Shown("new kit", OPERATOR_ONE + "/kits/new", lambda v: v.operate(f"/communes/{COMMUNE}/kits/new")),
    Shown("move of a kit", OPERATOR_ONE + "/kits/<code>", Visitor.look_at_a_move_of_a_kit),
    Shown("accounts", ACCOUNTS, lambda v: v.operate("/staff")),
    Shown("accounts without a result", ACCOUNTS, lambda v: v.operate("/staff?q=zzz")),
    Shown("new account", ACCOUNTS + "/new", lambda v: v.operate(f"/staff/new?commune={COMMUNE}")),
    Shown(
        "new account without a name",
        ACCOUNTS + "/new",
        lambda v: (v.operate("/staff/new"), v.send("Thêm tài khoản", username="a b", mobile="12")),
    ),
    Shown("account", ACCOUNT, Visitor.account),
    Shown("account with a new password", ACCOUNT, Visitor.reset_a_password),
    Shown("account that is disabled", ACCOUNT, Visitor.see_a_disabled_account),
    Shown("page that is not there", "", lambda v: v.go("/nothing/here")),
    Shown("phones of the demo", "/demo/phones", Visitor.see_the_phones),
    Shown("phones without a text", "/demo/phones", lambda v: v.see_the_phones(is_empty=True)),
]

NO_PAGES = {
    "/static/<path:filename>", "/robots.txt", "/healthz", "/readyz", "/language/<code>",
    "/staff/photos/<int(max=2147483647):photo_id>",
    "/communes/<slug>.ics", "/kits/<code>.ics", "/feeds/<token>.ics", "/bookings/<code>.ics",
}  # fmt: skip
"""Rules that answer with something else than a page to look at."""
