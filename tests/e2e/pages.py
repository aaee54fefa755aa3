"""Every page in every state that looks different: how to get there, and at which rule of the app it stands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from playwright.sync_api import Page

from kit_booking.clock import utc_now
from kit_booking.domain.messages import Kind
from kit_booking.domain.status import Status
from kit_booking.models import Booking, Household, Kit, Message, MessageState, Role, Staff, StaffRole
from tests.builders import days_ahead
from tests.e2e.demo import COMMUNE, Demo

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
        return str(self.page.locator("a.slot.free").last.get_attribute("href"))

    def booking(self, status: Status) -> Booking:
        return self.world.all(Booking, commune_id=self.demo.commune.id, status=status)[-1]

    def be_owner_of(self, status: Status) -> Booking:
        booking = self.booking(status)
        self.demo.sign_in(self.page, self.world.all(Household, id=booking.household_id)[0])
        return booking

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

    def see_one_as_clerk(self, status: Status) -> None:
        self.be_staff(Role.CLERK)
        self.go(f"/staff/bookings/{self.booking(status).code}")

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
        for _ in range(4):
            self.go("/sign-in")
            self.send("Gửi mã về máy", phone="0912 000 001")

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
        self.page.get_by_text("Bỏ lịch này").first.click()

    def decline_without_a_reason(self) -> None:
        self.see_one_as_clerk(Status.REQUESTED)
        self.page.get_by_text("Không duyệt").first.click()
        self.page.locator("input[name=reason]").first.fill(" ")
        self.page.locator(".own-words button").first.click()
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


def _as(become: Callable[[Visitor], object], path: str) -> Callable[[Visitor], None]:
    def reach(visitor: Visitor) -> None:
        become(visitor)
        visitor.go(path)

    return reach


SLOT = "/kits/<kit_code>/<day>/<slot_key>"
FORTNIGHT = "/communes/<slug>"
ONE, STAFF_ONE = "/bookings/<code>", "/staff/bookings/<code>"
S = Status

PAGES = [
    Shown("start", "/", lambda v: v.go("/")),
    Shown("search", "/", lambda v: v.go("/?q=lưu thượng")),
    Shown("search without a result", "/", lambda v: v.go("/?q=zzz")),
    Shown("fortnight, one place", FORTNIGHT, lambda v: v.go(f"/communes/{COMMUNE}#{v.kit().code}")),
    Shown("fortnight of a household", FORTNIGHT, _as(lambda v: v.be_owner_of(S.APPROVED), f"/communes/{COMMUNE}")),
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
    Shown("no calendars", "/calendar", _as(Visitor.be_newcomer, "/calendar")),
    Shown("new calendar", "/calendar", Visitor.add_a_calendar),
    Shown("calendars", "/calendar", Visitor.list_calendars),
    Shown("calendars of staff", "/calendar", _as(lambda v: v.be_staff(Role.CLERK), "/calendar")),
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
    Shown("declining without a reason", STAFF_ONE + "/decline", Visitor.decline_without_a_reason),
    Shown("what an account may not do", STAFF_ONE + "/approve", Visitor.approve_as_the_leader),
    Shown("page that is not there", "", lambda v: v.go("/nothing/here")),
    Shown("phones of the demo", "/demo/phones", Visitor.see_the_phones),
    Shown("phones without a text", "/demo/phones", lambda v: v.see_the_phones(is_empty=True)),
]

NO_PAGES = {
    "/static/<path:filename>", "/robots.txt", "/healthz", "/readyz", "/language/<code>",
    "/communes/<slug>.ics", "/kits/<code>.ics", "/feeds/<token>.ics", "/bookings/<code>.ics",
}  # fmt: skip
"""Rules that answer with something else than a page to look at."""
