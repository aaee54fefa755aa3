"""A day of the demo, for `benchmarks.answers`: who reads, which addresses there are, and who does what when."""

import io
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from PIL import Image

BEGINS = "2026-12-04T10:00+07:00"
"""The demo throws dice of its own by the day; what is named below is there on this one."""
PASSWORD = "phuxuyen"  # noqa: S105 (it opens invented data only)
ACCOUNTS = {
    "clerk": "canbo.phuongduc",
    "leader": "lanhdao.phuongduc",
    "clerk-elsewhere": "canbo.daixuyen",
    "operator": "vanhanh",
}
PHONE_OF = "select phone from household where id = (select household_id from {} limit 1)"
HOMES = {
    "household": PHONE_OF.format("waiting_entry where booking_id is not null order by id"),
    "neighbour": PHONE_OF.format("booking where commune_id = 1 and status = 'no_show' order by id"),
    "borrower": PHONE_OF.format("handover join booking on booking_id = booking.id order by handover.id"),
    "next-in-line": PHONE_OF.format("booking where commune_id = 1 and status = 'offered' order by changed_at desc"),
    "leaver": "select phone from household where id = 13",
    "newcomer-again": "values ('0912 345 678')",
}
"""The numbers with which households sign in."""
READERS = ("nobody", "household", "neighbour", "borrower", *ACCOUNTS)

BOOKING = "select code from booking where commune_id = 1 and {} order by day, id"
WORDS = {
    "requested": BOOKING.format("status = 'requested'"),
    "offered": BOOKING.format("status = 'offered'"),
    "out": BOOKING.format("status = 'out'"),
    "missed": BOOKING.format("status = 'no_show'"),
    "returned": BOOKING.format("status = 'returned' and day > '2026-12-02'"),
    "this_evening": BOOKING.format("status = 'approved' and day = '2026-12-04' and slot_name = 'Tối'"),
    "waited_for": BOOKING.format("status = 'approved' and day = '2026-12-06' and slot_name = 'Tối'"),
    "waited_for_too": BOOKING.format("status = 'approved' and day = '2026-12-12' and slot_name = 'Tối'"),
    "approved": BOOKING.format("status = 'approved' and day > '2026-12-10'"),
    "own": BOOKING.format(
        "status = 'approved' and household_id in (select household_id from booking where status = 'no_show')"
    ),
    "latest": "select code from booking order by id desc",
    "closure": "select max(id) from closure",
    "newest": "select max(id) from household",
    "guest": "select phone from household where commune_id = 2",
    "struck": "select household_id from booking where status = 'no_show'",
    "waiting": "select max(id) from waiting_entry",
    "account": "select max(id) from staff",
}
"""What words in braces stand for: the first column of the first row."""

SLUGS, KITS = "select slug from commune order by id", "select code from kit order by id"
SOME_HOMES = "select id from household where id % 11 = 3 order by id"
DAYS = [
    "2026-12-03",
    "2026-12-04",
    "2026-12-05",
    "2026-12-06",
    "2026-12-10",
    "2026-12-16",
    "2026-12-18",
    "2026-12-19",
]
SLOTS = ["sang", "trua", "chieu", "toi"]
MADE_OF: dict[str, str | list[str]] = {
    "communes": SLUGS,
    "settings": SLUGS,
    "print": SLUGS,
    "kits": KITS,
    "kits/": DAYS,
    "kits//": SLOTS,
    "book": SOME_HOMES,
    "book/": KITS,
    "book//": DAYS,
    "book///": SLOTS,
    "bookings": "select max(code) from booking group by commune_id, status, day > '2026-12-04'",
    "households": SOME_HOMES,
    "waiting": "select id from waiting_entry order by id",
    "closures": "select id from closure order by id",
    "places": "select id from place order by id",
    "staff": "select id from staff order by id",
    "photos": "select id from photo order by id",
    "import": "select id from register_file order by id",
    "language": ["vi", "en", "fr"],
}
"""What stands after each word in an address; for each argument in between a stroke more."""

ADDRESSES = """
/ /?q=phuong /?q=lưu+thượng /?q=zzz /?province=ha-noi /nowhere /communes/nowhere /staff/nowhere /healthz /readyz
/robots.txt /demo/phones /privacy /sign-in /sign-in?next=/kits/PD-3/2026-12-16/sang /staff/sign-in?next=/staff/queue
/sign-in/code /sign-in/household /bookings /bookings/{offered}?new=1 /bookings/{own}/change?to=PD-1/2026-12-15/sang
/calendar /household /household/data.json /household/erase /household/erased /staff /staff/queue /staff/households
/staff/households?q=nguyễn /staff/households?q=nguyen&page=2 /staff/households?q=zzz /staff/households?q=0912
/staff/households/3/join?with=14 /staff/households/3/join?q=lê /staff/book /staff/book?q=nguyen /staff/book?q={guest}
/staff/book/3?commune=dai-xuyen /staff/audit?from=2026-12-01&until=2026-12-04 /staff/audit?from=x&until=y
/staff/audit?staff=canbo.phuongduc /staff/audit?booking={requested} /staff/audit?commune=dai-xuyen
/staff/audit?action=approved /staff/audit?action=requested /staff/messages?month=2026-11 /staff/messages?month=x
/staff/messages?state=failed /staff/closures/new?kit=PD-1&reason=Hỏng+đèn /staff/import /staff/import/template.xlsx
/staff/print?commune=phuong-duc /staff/print/phuong-duc/week?of=2026-12-14 /staff/print/dai-xuyen/week?of=2026-12-07
/staff/print/phuong-duc/week?of=2026-12-07&names=none /staff/print/phuong-duc/week?of=x /kits/PD-1/x/toi
/kits/PD-1/2027-01-30/toi /staff/print/phuong-duc/day?of=2026-12-10 /staff/print/phuong-duc/day?of=1800-01-01
/staff/print/phuong-duc/poster?kit=PD-1 /staff/print/phuong-duc/poster?kit=DX-1 /staff/operator /staff/operator?q=phu
/staff/operator/staff?q=canbo /staff/operator/staff/new?commune=phuong-duc
/staff/settings/phuong-duc/plan?from=2026-12-25
"""
EVERYBODY = ADDRESSES.split()
SLOT_PAGES = [f"/kits/{kit}/{day}/{slot}" for kit in ("PD-1", "PD-2", "DX-7") for day in DAYS for slot in SLOTS]
"""Taken, free, past, not yet open, and closed."""
ALL_BOOKINGS = "select '/staff/bookings/' || code from booking where commune_id = 1 order by id"
TEXTS = 'select kind, "to", body, state, created_at, due_at from message order by created_at, kind, 2, 3'
BOOKINGS_OF_LATE = ALL_BOOKINGS.replace("order", "and day >= '2026-11-30' order")


class Step(NamedTuple):
    who: str
    page: str = ""
    """Where to go first; nowhere, to go on with the page on which the step before ended."""
    action: str | None = None
    """How the address of the form ends whose button is pressed; none, when the page is only looked at."""
    typed: Mapping[str, str | Callable[[], Any]] = {}


def photo() -> tuple[io.BytesIO, str]:
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(picture, "JPEG")
    picture.seek(0)
    return picture, "den.jpg"


def register() -> tuple[io.BytesIO, str]:
    heads, row = "Tên chủ hộ,Số điện thoại,Thôn,Nghề,Ngày,Buổi,Bộ", "Lê Văn Sổ,0912 000 222,Giẽ Hạ,giày da,,,"
    return io.BytesIO(f"{heads}\n{row}\n".encode()), "so.csv"


NUMBER, NEW_HOME = "0912 345 678", {"name": "Đỗ Thị Lụa", "village": "Giẽ Hạ", "craft": "giày da", "consent": "y"}
PD, OPERATOR = "/staff/settings/phuong-duc", "/staff/operator"
CLOSING = {"until_day": "2026-12-07", "reason": "Hỏng đèn"}
DAY = (
    Step("time", BEGINS),
    # More is allowed from now on, so that whoever waits can have what comes free.
    Step("clerk", f"{PD}/fairness", "", {"most_ahead": "none"}),
    Step("clerk", f"{PD}/fairness", "", {"most_ahead": "3", "most_a_week": "4", "strikes": "1"}),
    Step("clerk", "", ""),
    # Somebody new asks for a slot, errs on each page, asks for another one, waits for a third, and looks around.
    Step("newcomer", "/kits/PD-3/2026-12-16/sang", "/sign-in", {"phone": "12"}),
    Step("newcomer", "/kits/PD-3/2026-12-16/sang", "/sign-in", {"phone": NUMBER}),
    Step("newcomer", "", "", {"code": "12"}),
    Step("newcomer", "", "", {"code": "000000"}),
    Step("newcomer", "", "", {"code": "{code}"}),
    Step("newcomer", "", "", {"name": "Đỗ Thị Lụa"}),
    Step("newcomer", "", "", NEW_HOME | {"sells": "giày trẻ em", "streams_on": "Zalo"}),
    Step("newcomer", "/kits/PD-4/2026-12-16/trua", "", {"sells": "giày"}),
    Step("newcomer", "/bookings/{latest}/change"),
    Step("newcomer", "/bookings/{latest}/change?to=PD-2/2026-12-15/sang"),
    Step("newcomer", "/bookings/{latest}/change?to=PD-2/2026-12-15/sang", "/change"),
    Step("newcomer", "/kits/PD-2/2026-12-17/sang"),
    Step("newcomer", "/kits/PD-1/2026-12-09/toi", "/wait"),
    Step("newcomer", "/bookings"),
    Step("newcomer", "/bookings", "/texts"),
    Step("newcomer", "/bookings", "/texts"),
    Step("newcomer", "/calendar", "/calendar"),
    Step("newcomer", "/calendar", "/revoke"),
    Step("newcomer", "/household", "", {"village": " "}),
    Step("newcomer", "/household", "", {"village": "Giẽ Thượng"}),
    Step("newcomer", "/household/data.json"),
    # Offers, and the queue.
    Step("household", "/bookings/{offered}", "/refuse"),
    Step("next-in-line", "/bookings/{offered}", "/accept"),
    Step("clerk", "/staff/bookings/{waited_for}", "/cancel"),
    Step("clerk", "/staff", "/refuse"),
    Step("clerk", "/staff", "/accept"),
    Step("neighbour", "/bookings/{own}/change?to=PD-1/2026-12-15/sang", "/change"),
    Step("neighbour", "/bookings/{own}/cancel", ""),
    Step("clerk", "/staff/queue", "/forward", {"reason": " "}),
    Step("clerk", "/staff/queue", "/forward", {"reason": "Nhà có hàng cho hội chợ"}),
    Step("clerk", "/staff/queue", "/leave"),
    Step("newcomer", "/waiting/{waiting}", "/leave"),
    Step("newcomer", "/kits/PD-1/2026-12-12/toi", "/wait"),
    # The desk answers, moves, and books for others.
    Step("leader", "/staff/bookings/{requested}"),
    Step("clerk", "/staff", "/approve"),
    Step("clerk", "/staff/bookings/{requested}", "/decline", {"reason": " "}),
    Step("clerk", "/staff/bookings/{requested}", "/decline"),
    Step("clerk", "/staff/bookings/{approved}/move", "/move", {"to": "/nowhere"}),
    Step("clerk", "/staff/bookings/{approved}/move", "/move", {"reason": "Nhường hội chợ"}),
    Step("clerk", "/staff/book?q=zzz", "/book", NEW_HOME | {"name": "Lê Văn Gọi", "phone": "02433854321"}),
    Step("clerk", "/staff/book?q=zzz", "/book", NEW_HOME | {"name": "Lê Văn Gọi", "phone": "0987 654 321"}),
    Step("clerk", "/staff/book/{newest}/PD-5/2026-12-16/trua", "/trua", {"sells": "nón lá"}),
    Step("clerk", "/staff/book/{newest}/PD-1/2026-12-13/toi", "/wait"),
    Step("clerk", "/staff/book/{struck}/PD-5/2026-12-15/sang", "/sang"),
    Step("clerk", "", "/sang", {"override": "Đơn hàng Tết"}),
    Step("clerk", "/staff/book?q={guest}", "/book"),
    # Closed time.
    Step("clerk", "/staff/closures/new?kit=PD-3", "/new", CLOSING | {"preview": "1"}),
    Step("clerk", "", "/new", {"reason": " "}),
    Step("clerk", "/staff/closures/new?kit=PD-3", "/new", CLOSING),
    Step("clerk", "", "/bookings"),
    Step("clerk", "/staff/closures/{closure}", "/{closure}", {"until_day": "2026-12-01"}),
    Step("clerk", "/staff/closures/{closure}", "/{closure}", {"until_day": "2026-12-05", "reason": "Xong sớm"}),
    Step("clerk", "/staff/closures/{closure}", "/end"),
    Step("clerk", "/staff/closures", "/holidays", {"holiday": "*"}),
    Step("clerk-elsewhere", "/staff/closures", "/holidays"),
    # The register, on paper and not.
    Step("clerk", "/staff/import", ""),
    Step("clerk", "/staff/import", "", {"file": register}),
    Step("clerk", "", "", {"consent": "y"}),
    Step("clerk", "/staff/households/9/edit", "", {"name": "Trần Thị Lan", "village": "Giẽ Hạ", "craft": "giày da"}),
    Step("clerk", "/staff/households/9/number", "", {"phone": NUMBER, "checked": "y"}),
    Step("clerk", "/staff/households/9/number", "", {"phone": "0987 000 111", "checked": "y"}),
    Step("clerk", "/staff/households/{struck}", "/lift", {"reason": "Nhà có việc buồn"}),
    Step("clerk", "/staff/households/{newest}/join?with=9", ""),
    Step("clerk", "/staff/households/12/erase", "", {"sure": "y"}),
    # Settings, and the operator's desk.
    Step("clerk", f"{PD}/plan", "", {"valid_from": "2026-12-25", "lines-0-name": "Sớm"}),
    Step("clerk", "", ""),
    Step("clerk", f"{PD}/office", "", {"phone": "024 3385 4199"}),
    Step("clerk", "", ""),
    Step("clerk", f"{PD}/places/1", "", {"keeper": "Cô Hằng"}),
    Step("clerk", "", ""),
    Step("clerk", f"{PD}/kits/PD-1", "", {"parts-0-count": "2"}),
    Step(
        "operator",
        f"{OPERATOR}/communes/new",
        "",
        {"name": "Vân Từ", "code": "10999", "province": "Hà Nội", "phone": "024 3385 4999"},
    ),
    Step(
        "operator",
        f"{OPERATOR}/communes/van-tu/places/new",
        "",
        {"name": "Vân Từ", "address": "Đình", "keeper": "Cô Tư", "keeper_phone": NUMBER, "villages": "Từ Thuận: may"},
    ),
    Step("operator", f"{OPERATOR}/communes/van-tu/kits/new", "", {"code": "VT-1", "place_id": "*"}),
    Step("operator", f"{OPERATOR}/communes/van-tu/edit", "", {"name": "Vân Tự"}),
    Step("operator", f"{OPERATOR}/communes/phuong-duc/places/1", "", {"address": "Nhà văn hóa"}),
    Step("operator", f"{OPERATOR}/communes/phuong-duc/kits/PD-5", "", {"place_id": "1"}),
    Step("operator", "", ""),
    Step(
        "operator",
        f"{OPERATOR}/staff/new",
        "/new",
        {"name": "Vũ Mới", "username": "canbo.vantu", "role": "clerk", "commune": "van-tu"},
    ),
    Step("operator", f"{OPERATOR}/staff/{{account}}", "/{account}", {"name": "Vũ Văn Mới"}),
    Step("operator", f"{OPERATOR}/staff/{{account}}", "/password"),
    Step("operator", f"{OPERATOR}/staff/{{account}}", "/roles", {"role": "leader", "commune": "phuong-duc"}),
    Step("operator", f"{OPERATOR}/staff/{{account}}", "/remove"),
    Step("operator", f"{OPERATOR}/staff/{{account}}", "/disable"),
    Step("operator", f"{OPERATOR}/staff/{{account}}", "/enable"),
    # The counter.
    Step("clerk", "/staff/bookings/{out}/take-back", "/take-back", {"parts-2-is_broken": "y", "photos": photo}),
    Step("clerk", "", "", {"usable": "no"}),
    Step("clerk", "/staff", "/take-back"),
    Step("clerk", "/staff/bookings/{returned}/receipt"),
    Step("leaver", "/household/erase"),
    Step("leaver", "/household/erase", ""),
    Step("time", "2026-12-04T12:00+07:00"),
    Step("time", "2026-12-04T17:10+07:00"),
    Step("clerk", "/staff/bookings/{this_evening}/hand-over", "/hand-over", {"saw_id": "y", "note": "Mượn thêm túi"}),
    Step("clerk", "/staff", "/hand-over"),
    Step("clerk", "/staff", "{this_evening}/hand-over"),
    Step("time", "2026-12-04T18:00+07:00"),
    Step("clerk", "/staff", "/no-show"),
    Step("clerk", "/staff", "{this_evening}/no-show"),
    Step("clerk", "/staff/bookings/{missed}"),
    Step("clerk", "/staff/bookings/{approved}", "/cancel", {"reason": "Xã cần dùng bộ"}),
    Step("time", "2026-12-05T07:30+07:00"),
    Step("clerk", "/staff", "/take-back"),
    Step("clerk", "/staff/import", "", {"file": register}),
    Step("time", "2026-12-05T18:00+07:00"),
    # What is left open in the evening: an offer and a request.
    Step("clerk", "/staff/bookings/{waited_for_too}", "/cancel"),
    Step("newcomer-again", "/kits/PD-4/2026-12-17/trua", ""),
    # A text that did not arrive; this is the one thing that no page can bring about.
    Step("sql", "update message set state = 'failed' where kind in ('approved', 'moved', 'closed')"),
    Step("clerk", "/staff", "/phoned"),
    Step("clerk", "/staff/messages?state=failed", "/resend"),
    Step("newcomer", "/staff/sign-in", "", {"username": "canbo.phuongduc", "password": "none"}),
    Step("clerk", "/staff", "/sign-out"),
)
