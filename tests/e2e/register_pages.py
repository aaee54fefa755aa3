"""The pages of the register, of booking for others and of the paper register, in every state that looks different."""

from datetime import timedelta

from kit_booking.clock import utc_now
from kit_booking.domain.booking.status import Status
from kit_booking.models import Commune, Household, Role
from tests.e2e.pages import Shown, Visitor
from tests.times import days_ahead

S = Status
HOUSEHOLDS, HOUSEHOLD = "/staff/households", "/staff/households/<int(max=2147483647):household_id>"
BOOK = "/staff/book/<int(max=2147483647):household_id>"
BOOK_SLOT = BOOK + "/<kit_code>/<day>/<slot_key>"
PAPER = "/staff/import/<int(max=2147483647):file_id>"


def household(v: Visitor, name: str = "Nguyễn Thị Hạnh Phúc Nguyên") -> Household:
    """One of the register, which came here just now."""
    return v.world.household(v.demo.commune, name, seen_at=utc_now())


def owner_of(v: Visitor, status: Status) -> Household:
    return v.world.all(Household, id=v.booking(status).household_id)[0]


def missed(v: Visitor, found: Household, *days_ago: int) -> Household:
    """The household, which did not come for its kit so many days ago."""
    for days in days_ago:
        at, day = utc_now() - timedelta(days=days), days_ahead(-days, utc_now())
        booking = v.world.booking(v.kit(), found, day, "trua", status=Status.NO_SHOW)
        v.world.change(booking, strike_at=at)
    return found


def see_household(v: Visitor, found: Household | None = None, after: str = "") -> None:
    v.be_staff(Role.CLERK)
    v.go(f"{HOUSEHOLDS}/{(found or household(v)).id}{after}")


def see_guest(v: Visitor) -> None:
    found = v.world.household(v.world.all(Commune)[-1], "Vũ Thị Xa")
    v.world.booking(v.kit(), found, days_ahead(-40, utc_now()), "trua", status=Status.RETURNED)
    see_household(v, found)


def see_register(v: Visitor, role: Role = Role.CLERK, query: str = "") -> None:
    v.be_staff(role)
    v.go(HOUSEHOLDS + query)


def join_two(v: Visitor) -> None:
    kept, gone = household(v), household(v, "Nguyen Thi Hanh Phuc Nguyen")
    see_household(v, kept, f"/join?with={gone.id}")


def take_a_number_of_others(v: Visitor) -> None:
    see_household(v, after="/number")
    v.page.get_by_text("Đã gọi thử").click()
    v.send("Đổi số", phone=household(v, "Lê Bình").phone)


def correct_wrongly(v: Visitor) -> None:
    see_household(v, after="/edit")
    v.send("Ghi lại", village=" ")


def see_own(v: Visitor, path: str) -> None:
    v.be_owner_of(Status.APPROVED)
    v.go(path)


def book_for(v: Visitor, path: str = "", *, paused: bool = False) -> None:
    """The slots for somebody who called, or the slot at this path."""
    found = household(v)
    if paused:
        missed(v, found, 7, 6)
    v.be_staff(Role.CLERK)
    v.go(f"/staff/book/{found.id}{path.removeprefix('/kits')}")


def choose_whom(v: Visitor, query: str) -> None:
    v.be_staff(Role.CLERK)
    v.go(f"/staff/book{query}")


def enter_wrongly(v: Visitor) -> None:
    choose_whom(v, "?q=zzz")
    v.send("Tiếp tục", phone="024 3385 4321")


def send_register(v: Visitor, *lines: str) -> None:
    v.be_staff(Role.CLERK)
    v.go("/staff/import")
    text = "Tên chủ hộ;Điện thoại;Thôn;Nghề;Ngày;Buổi;Bộ\n" + "\n".join(lines)
    file = {"name": "sổ mượn năm 2026.csv", "mimeType": "text/csv", "buffer": text.encode()}
    v.page.locator("input[type=file]").set_input_files(file)
    v.send("Gửi lên để xem")


def send_good_register(v: Visitor) -> None:
    day = f"{days_ahead(25, utc_now()):%d/%m/%Y}"
    send_register(
        v,
        "Đỗ Thị Lụa;0987654321;Giẽ Hạ;giày da",
        f"Trần Thị Nguyên;;Giẽ Hạ;giày da;{day};Sáng;{v.kit().code}",
        f"Ai Đó;{household(v).phone};Giẽ Hạ;giày da",
    )


def send_bad_register(v: Visitor) -> None:
    send_register(v, "Đỗ Thị Lụa;0912;;giày da", "Lê Bình;;Giẽ;giày;32/13/2026;Tối", "A B;;Giẽ;giày;01/01;Khuya;XX")


def send_old_register(v: Visitor) -> None:
    day = days_ahead(-9, utc_now())
    old = f"NguyÔn ThÞ Lôa;;GiÏ H¹;giµy da;{day:%d/%m/%Y};Tèi;{v.kit().code}"
    send_register(v, old, "A B;;Giẽ;giày;T2 08/12;Tối")


def take_register(v: Visitor) -> None:
    send_good_register(v)
    v.page.get_by_label("Các hộ trong sổ đã được nghe").check()
    v.send("Nhập vào máy")


REGISTER_PAGES = [
    Shown("register", HOUSEHOLDS, lambda v: see_register(v, query="?q=nguyen")),
    Shown("register, second page", HOUSEHOLDS, lambda v: see_register(v, query="?page=2")),
    Shown("register, nobody found", HOUSEHOLDS, lambda v: see_register(v, query="?q=zzz")),
    Shown("register, empty", HOUSEHOLDS, lambda v: (v.be_clerk_without_work(), v.go(HOUSEHOLDS))),
    Shown("register of the operator", HOUSEHOLDS, lambda v: see_register(v, Role.OPERATOR)),
    Shown("household", HOUSEHOLD, lambda v: see_household(v, owner_of(v, S.APPROVED))),
    Shown("household that is paused", HOUSEHOLD, lambda v: see_household(v, missed(v, household(v), 21, 12, 1))),
    Shown("household of another commune", HOUSEHOLD, see_guest),
    Shown("name put right", HOUSEHOLD + "/edit", correct_wrongly),
    Shown("number changed", HOUSEHOLD + "/number", lambda v: see_household(v, after="/number")),
    Shown("number of others", HOUSEHOLD + "/number", take_a_number_of_others),
    Shown("who is the same family", HOUSEHOLD + "/join", lambda v: see_household(v, after="/join")),
    Shown("two households joined", HOUSEHOLD + "/join", join_two),
    *(
        Shown(
            f"erasing who has {status}",
            HOUSEHOLD + "/erase",
            lambda v, s=status: see_household(v, owner_of(v, s), "/erase"),
        )
        for status in (S.APPROVED, S.OUT)
    ),
    Shown("own data", "/household", lambda v: see_own(v, "/household")),
    Shown("erasing oneself", "/household/erase", lambda v: see_own(v, "/household/erase")),
    Shown("after erasing oneself", "/household/erased", lambda v: v.go("/household/erased")),
    Shown("whom to book for", "/staff/book", lambda v: choose_whom(v, "?q=nguyen")),
    Shown("whom to book for, new and wrong", "/staff/book", enter_wrongly),
    Shown("slots for somebody", BOOK, book_for),
    Shown("slot for somebody", BOOK_SLOT, lambda v: book_for(v, v.slot("sang", days=9))),
    Shown("slot for somebody paused", BOOK_SLOT, lambda v: book_for(v, v.slot("sang", days=9), paused=True)),
    Shown("taken slot for somebody", BOOK_SLOT, lambda v: book_for(v, v.slot("toi", days=5))),
    Shown("sending the paper register", "/staff/import", lambda v: (v.be_staff(Role.CLERK), v.go("/staff/import"))),
    Shown("paper register looked through", PAPER, send_good_register),
    Shown("paper register with problems", PAPER, send_bad_register),
    Shown("paper register in an old font, with what is over", PAPER, send_old_register),
    Shown("paper register taken over", PAPER, take_register),
]
REGISTER_NO_PAGES = {"/household/data.json", "/staff/import/template.xlsx", PAPER + "/left.xlsx"}
