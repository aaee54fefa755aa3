"""Who may open what: one table of every route, and what each of seven readers gets there."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from flask import Flask

from kit_booking import create_app
from kit_booking.clock import utc_now
from kit_booking.config import Settings
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.status import Status
from kit_booking.models import Booking, FeedToken, Handover, Photo, Role, StaffRole
from kit_booking.services.audit import Actor
from kit_booking.services.calendars.tokens import add_token
from kit_booking.services.register.paper_register import keep_file
from tests.support.fakes import FakeSms
from tests.support.town import Town, where
from tests.times import days_ahead

READERS = ("anonymous", "neighbour", "owner", "foreign_clerk", "clerk", "leader", "operator")
HOUSEHOLD, STAFF = "303 /sign-in", "303 /staff/sign-in"


@dataclass(frozen=True)
class Case:
    path: Callable[[Town], str]
    """The address, made anew for each reader, because some answers use up what they are about."""
    expected: tuple[str, ...]
    fields: dict[str, str]


TABLE: dict[tuple[str, str], Case] = {}


def case(
    route: str, expected: str | tuple[str, ...], path: Callable[[Town], str] | None = None, **fields: str
) -> None:
    """One answer for everybody, or one for each reader."""
    method, rule = route.split(" ")
    answers = (expected,) * len(READERS) if isinstance(expected, str) else expected
    TABLE[method, rule] = Case(path or (lambda _town: rule), answers, fields)


def households(others: str, own: str | None = None) -> tuple[str, ...]:
    """Households only; everybody else is asked to sign in with a number."""
    return HOUSEHOLD, others, own or others, HOUSEHOLD, HOUSEHOLD, HOUSEHOLD, HOUSEHOLD


def without_code() -> tuple[str, ...]:
    """Back to the number; a household that is in already came by the back button and goes on."""
    return ("303 /sign-in", *("303 /bookings",) * 2, *("303 /sign-in",) * 4)


def staff(foreign_clerk: str, clerk: str, leader: str, operator: str) -> tuple[str, ...]:
    """Staff only; everybody else is asked for a password."""
    return STAFF, STAFF, STAFF, foreign_clerk, clerk, leader, operator


def signed_in(answer: str) -> tuple[str, ...]:
    """Whoever signed in, as household or staff."""
    return HOUSEHOLD, *(answer,) * 6


def of_booking(pattern: str) -> Callable[[Town], str]:
    return lambda town: pattern.format(town.booking().code)


def of_offer(pattern: str) -> Callable[[Town], str]:
    return lambda town: pattern.format(town.booking(Status.OFFERED).code)


def of_entry(pattern: str) -> Callable[[Town], str]:
    return lambda town: pattern.format(town.entry().id)


def at_counter(status: Status, action: str) -> Callable[[Town], str]:
    """A booking whose pick-up was an hour ago; no other one has the kit."""

    def path(town: Town) -> str:
        for other in town.world.all(Booking, status=Status.OUT):
            town.world.change(other, status=Status.RETURNED)
        now, hour = utc_now(), timedelta(hours=1)
        times = {"pick_up_at": now - hour, "from_at": now - hour, "until_at": now, "return_at": now + hour}
        return f"/staff/bookings/{town.world.change(town.booking(status), **times).code}/{action}"

    return path


def with_a_fault(pattern: str) -> Callable[[Town], str]:
    return lambda town: pattern.format(_broken(town).code)


def _broken(town: Town) -> Booking:
    booking, now = town.booking(Status.RETURNED), utc_now()
    handover = Handover(
        booking_id=booking.id,
        way=Direction.BACK,
        staff_id=town.clerk.id,
        person="",
        happened_at=now,
        written_at=now,
        has_fault=True,
    )
    town.world.add(handover)
    town.world.add(Photo(handover_id=handover.id, jpeg=b""))
    return booking


def photo_path(town: Town) -> str:
    _broken(town)
    return f"/staff/photos/{town.world.all(Photo)[-1].id}"


def of_closure(pattern: str) -> Callable[[Town], str]:
    return lambda town: pattern.format(town.closure())


def own_feed(town: Town) -> str:
    return town.world.do(add_token, Actor(household_id=town.owner.id), now=utc_now())


def revoke_path(town: Town) -> str:
    own_feed(town)
    return f"/calendar/{town.world.all(FeedToken)[-1].id}/revoke"


# What everybody may see.
case("GET /", "200")
case("GET /static/<path:filename>", "200", lambda _: "/static/style.css")
case("GET /language/<code>", "303 /", lambda _: "/language/en")
case("GET /communes/<slug>", "200", lambda _: "/communes/phuong-duc")
case("GET /communes/<slug>.ics", "200", lambda _: "/communes/phuong-duc.ics")
case("GET /communes/<slug>/<day>/<slot_key>", "200", lambda _: f"/communes/phuong-duc/{days_ahead(3)}/toi")
case("GET /communes/<slug>/calendar", "200", lambda _: "/communes/phuong-duc/calendar")
case("GET /kits/<code>.ics", "200", lambda _: "/kits/PD-1.ics")
case("GET /kits/<kit_code>/<day>/<slot_key>", "200", Town.slot_path)
case("GET /feeds/<token>.ics", "200", lambda town: f"/feeds/{own_feed(town)}.ics")  # Who has the address has it.
case("GET /privacy", "200")
case("GET /robots.txt", "200")
case("GET /healthz", "200")
case("GET /readyz", "200")
case("GET /demo/phones", "200")
case("POST /hooks/twilio/status", "403")  # It takes Twilio's signature, and no account.

# Signing in and out; the later steps lead back to the first one for whoever did not take it.
case("GET /sign-in", "200")
case("POST /sign-in", "303 /sign-in/code", phone="0912 345 67{}")  # Each its own number: codes are rationed.
case("GET /sign-in/code", without_code())
case("POST /sign-in/code", without_code(), code="123456")
case("GET /sign-in/household", without_code())
case("POST /sign-in/household", without_code(), name="Nguyễn Văn A")
case("POST /sign-out", "303 /")
case("POST /sign-out/everywhere", households("303 /sign-in"))
case("GET /staff/sign-in", "200")
case("POST /staff/sign-in", "422", username="nobody", password="none")

# A household's own things; those of others don't exist for it.
case(
    "POST /kits/<kit_code>/<day>/<slot_key>",
    households("303 /bookings/CODE"),
    Town.slot_path,
)
case("GET /bookings", households("200"))
case("POST /bookings/texts", households("303 /bookings#texts"), wants="0")
case("GET /bookings/<code>", households("404", "200"), of_booking("/bookings/{}"))
case("GET /bookings/<code>.ics", households("404", "200"), of_booking("/bookings/{}.ics"))
case("GET /bookings/<code>/cancel", households("404", "200"), of_booking("/bookings/{}/cancel"))
case("POST /bookings/<code>/cancel", households("404", "303 /bookings/CODE"), of_booking("/bookings/{}/cancel"))
case("GET /bookings/<code>/change", households("404", "200"), of_booking("/bookings/{}/change"))
case(
    "POST /bookings/<code>/change",
    households("404", "303 /bookings/CODE"),
    of_booking("/bookings/{}/change"),
    to="PD-1/{day}/{slot}",
)
case("POST /bookings/<code>/accept", households("404", "303 /bookings/CODE"), of_offer("/bookings/{}/accept"))
case("POST /bookings/<code>/refuse", households("404", "303 /bookings/CODE"), of_offer("/bookings/{}/refuse"))
case(
    "POST /kits/<kit_code>/<day>/<slot_key>/wait",
    households("303 /waiting/ID"),
    Town.taken_slot_path,
    places="1",
    until="",
)
case("GET /waiting/<int(max=2147483647):entry_id>", households("404", "200"), of_entry("/waiting/{}"))
case(
    "POST /waiting/<int(max=2147483647):entry_id>/leave",
    households("404", "303 /waiting/ID"),
    of_entry("/waiting/{}/leave"),
)
case("GET /calendar", signed_in("200"))
case("POST /calendar", (*signed_in("303 /calendar")[:-1], "403"))  # An operator has no commune to show.
case(
    "POST /calendar/<int(max=2147483647):token_id>/revoke",
    (HOUSEHOLD, "404", "303 /calendar", "404", "404", "404", "404"),
    revoke_path,
)
case("GET /household", households("200"))
case("POST /household", households("303 /household"), village="Giẽ Hạ", craft="giày da")
case("GET /household/data.json", households("200"))
case("GET /household/erase", households("200"))
case("POST /household/erase", households("303 /household/erased"))
case("GET /household/erased", "200")

# The office: a clerk sees and acts in the own commune, a leader sees it, an operator sees all of them.
case("GET /staff", staff("200", "200", "200", "200"))
case("GET /staff/account", staff("200", "200", "200", "200"))
case("POST /staff/account", staff("422", "422", "422", "422"))
case("POST /staff/account/sign-out", staff(*["303 /staff/sign-in"] * 4))
case("GET /staff/communes/<slug>", staff("404", "200", "200", "200"), lambda _: "/staff/communes/phuong-duc")
case("GET /staff/bookings/<code>", staff("404", "200", "200", "200"), of_booking("/staff/bookings/{}"))
ACTING = staff("404", "303 /staff", "403", "403")
case("POST /staff/bookings/<code>/approve", ACTING, of_booking("/staff/bookings/{}/approve"))
case("POST /staff/bookings/<code>/decline", ACTING, of_booking("/staff/bookings/{}/decline"), reason="Bộ đang sửa")
case("GET /staff/queue", staff("200", "200", "200", "200"))
FORWARD, LEAVE = "/staff/queue/{}/forward", "/staff/queue/{}/leave"
case(
    "POST /staff/queue/<int(max=2147483647):entry_id>/forward",
    staff("404", "303 /staff/queue", "403", "403"),
    of_entry(FORWARD),
    reason="Nhà có hàng cho hội chợ",
)
case(
    "POST /staff/queue/<int(max=2147483647):entry_id>/leave",
    staff("404", "303 /staff/queue", "403", "403"),
    of_entry(LEAVE),
)
case("POST /staff/bookings/<code>/cancel", ACTING, of_booking("/staff/bookings/{}/cancel"), reason="Bộ đang sửa")
case("GET /staff/messages", staff("200", "200", "200", "200"))
MESSAGE = "/staff/messages/<int(max=2147483647):message_id>"
case(f"POST {MESSAGE}/phoned", ACTING, lambda town: f"/staff/messages/{town.message().id}/phoned")
case(
    f"POST {MESSAGE}/resend",
    staff("404", "303 /staff/messages", "403", "403"),
    lambda town: f"/staff/messages/{town.message().id}/resend",
)

# The register: a clerk changes that of the own commune; of others' households only guests are seen, and little.
HOUSEHOLD_ID = "<int(max=2147483647):household_id>"


def of_household(pattern: str) -> Callable[[Town], str]:
    """A household with nothing ahead, so that the pages are about it alone."""
    return lambda town: pattern.format(town.world.household(town.commune, "Trần Thị Lan").id)


def changing(answer: str) -> tuple[str, ...]:
    return staff("404", answer, "403", "403")


case("GET /staff/households", staff("200", "200", "200", "200"))
case(f"GET /staff/households/{HOUSEHOLD_ID}", staff("404", "200", "200", "200"), of_household("/staff/households/{}"))
for page in ("edit", "number", "join", "erase"):
    case(
        f"GET /staff/households/{HOUSEHOLD_ID}/{page}",
        changing("200"),
        of_household(f"/staff/households/{{}}/{page}"),
    )
case(
    f"POST /staff/households/{HOUSEHOLD_ID}/edit",
    changing("303 /staff/households/ID"),
    of_household("/staff/households/{}/edit"),
    name="Trần Thị Lan",
    village="Giẽ Hạ",
    craft="giày da",
)
case(
    f"POST /staff/households/{HOUSEHOLD_ID}/number",
    changing("303 /staff/households/ID"),
    of_household("/staff/households/{}/number"),
    phone="0987 654 321",
    checked="y",
    shared="y",
)
case(
    f"POST /staff/households/{HOUSEHOLD_ID}/sign-out",
    staff("404", "303 /staff/households/ID", "403", "403"),
    of_household("/staff/households/{}/sign-out"),
)
case(
    f"POST /staff/households/{HOUSEHOLD_ID}/lift",
    changing("303 /staff/households/ID"),
    of_household("/staff/households/{}/lift"),
    reason="Nhà có việc buồn",
)
case(
    f"POST /staff/households/{HOUSEHOLD_ID}/join",
    changing("303 /staff/households/ID"),
    lambda town: "/staff/households/{}/join?with={}".format(
        *(town.world.household(town.commune).id for _ in range(2))
    ),
)
case(
    f"POST /staff/households/{HOUSEHOLD_ID}/erase",
    changing("303 /staff/households"),
    of_household("/staff/households/{}/erase"),
    sure="y",
)

# Booking for others: clerks only, for households of their register, and only on kits of their commune.
SLOT_FOR = f"/staff/book/{HOUSEHOLD_ID}/<kit_code>/<day>/<slot_key>"


def booking_for(after: str = "") -> Callable[[Town], str]:
    return lambda town: f"/staff/book/{town.owner.id}{town.slot_path().removeprefix('/kits')}{after}"


def taken_for(town: Town) -> str:
    """A slot that is taken at both kits, which somebody without a booking may wait for."""
    day, key = town.free_slot()
    for kit in (town.kit, town.second_kit):
        town.world.booking(kit, town.neighbour, day, key)
    return f"/staff/book/{town.world.household(town.commune).id}/{town.kit.code}/{day}/{key}/wait"


case("GET /staff/book", staff("200", "200", "403", "403"))
case(
    "POST /staff/book",
    staff("303 /staff/book/ID", "303 /staff/book/ID", "403", "403"),
    name="Đỗ Thị Lụa",
    village="Giẽ Hạ",
    craft="giày da",
    consent="y",
)
case(f"GET /staff/book/{HOUSEHOLD_ID}", staff("404", "200", "403", "403"), of_household("/staff/book/{}"))
case(f"GET {SLOT_FOR}", staff("404", "200", "403", "403"), booking_for())
case(f"POST {SLOT_FOR}", staff("404", "303 /staff/bookings/CODE", "403", "403"), booking_for())
case(f"POST {SLOT_FOR}/wait", staff("404", "303 /staff/households/ID", "403", "403"), taken_for)


# The counter: a kit goes out and comes back by a clerk's hand; the paper and the photos are seen by the whole office.
CLERK_ONLY = staff("404", "200", "403", "403")
case("POST /staff/bookings/<code>/no-show", ACTING, at_counter(Status.APPROVED, "no-show"))
case("POST /staff/bookings/<code>/accept", ACTING, of_offer("/staff/bookings/{}/accept"))
case("POST /staff/bookings/<code>/refuse", ACTING, of_offer("/staff/bookings/{}/refuse"))
case("GET /staff/bookings/<code>/hand-over", CLERK_ONLY, at_counter(Status.APPROVED, "hand-over"))
case("POST /staff/bookings/<code>/hand-over", ACTING, at_counter(Status.APPROVED, "hand-over"), all="1")
case("GET /staff/bookings/<code>/take-back", CLERK_ONLY, at_counter(Status.OUT, "take-back"))
case("POST /staff/bookings/<code>/take-back", ACTING, at_counter(Status.OUT, "take-back"), all="1")
STAYS = staff("404", "303 /staff/bookings/CODE", "403", "403")
WHY = {"reason": "Ghi nhầm hộ"}
case("POST /staff/undo", ACTING, lambda town: town.booking() and "/staff/undo", undo="{seen}")
case("POST /staff/bookings/<code>/correct", STAYS, at_counter(Status.OUT, "correct"), **WHY)
case("POST /staff/bookings/<code>/remove-strike", STAYS, at_counter(Status.NO_SHOW, "remove-strike"), **WHY)
case("GET /staff/bookings/<code>/usable", CLERK_ONLY, with_a_fault("/staff/bookings/{}/usable"))
case("POST /staff/bookings/<code>/usable", ACTING, with_a_fault("/staff/bookings/{}/usable"), usable="yes")
case(
    "GET /staff/bookings/<code>/receipt", staff("404", "200", "200", "200"), of_booking("/staff/bookings/{}/receipt")
)
case("GET /staff/photos/<int(max=2147483647):photo_id>", staff("404", "200", "200", "200"), photo_path)


# The paper register: clerks only, and each its own commune's files.
def kept_file(town: Town) -> str:
    content = "Tên chủ hộ,Thôn,Nghề\nĐỗ Thị Lụa,Giẽ Hạ,giày da\n".encode()
    name, now = "so.csv", utc_now()
    file_id = town.world.do(keep_file, town.commune.id, town.clerk.id, name, content, now=now)
    return f"/staff/import/{file_id}"


FILE = "<int(max=2147483647):file_id>"
case("GET /staff/import", staff("200", "200", "403", "403"))
case("POST /staff/import", staff("422", "422", "403", "403"))
case("GET /staff/import/template.xlsx", staff("200", "200", "403", "403"))
case(f"GET /staff/import/{FILE}", staff("404", "200", "403", "403"), kept_file)
case(
    f"POST /staff/import/{FILE}", staff("404", "303 /staff/import/ID", "403", "403"), kept_file, take="y", consent="y"
)
case(
    f"GET /staff/import/{FILE}/left.xlsx",
    staff("404", "200", "403", "403"),
    lambda town: f"{kept_file(town)}/left.xlsx",
)
case(
    f"POST /staff/import/{FILE}/take-back",
    staff("404", "303 /staff/import/ID", "403", "403"),
    lambda town: f"{kept_file(town)}/take-back",
)


# The settings of a commune: its staff see them, its clerks and the operator change them.
SETTINGS, CHANGING = "/staff/settings/phuong-duc", staff("404", "200", "403", "200")
SECTION = "/staff/settings/<slug>/<any(plan,office,asking,answering,handover,fairness,waiting,texts,privacy):section>"
PLACE = "/staff/settings/<slug>/places/<int(max=2147483647):place_id>"
case(
    "GET /staff/settings",
    staff("303 /staff/settings/dai-xuyen", f"303 {SETTINGS}", f"303 {SETTINGS}", "303 /staff/operator"),
)
case("GET /staff/settings/<slug>", staff("404", "200", "200", "200"), lambda _: SETTINGS)
case(f"GET {SECTION}", CHANGING, lambda _: f"{SETTINGS}/fairness")
case(f"POST {SECTION}", staff("404", "422", "403", "422"), lambda _: f"{SETTINGS}/fairness", strikes="none")
case(f"GET {PLACE}", CHANGING, lambda town: f"{SETTINGS}/places/{town.kit.place_id}")
case(
    f"POST {PLACE}",
    staff("404", "422", "403", "422"),
    lambda town: f"{SETTINGS}/places/{town.kit.place_id}",
    **{"days-0-opens": "none"},
)
case("GET /staff/audit", staff("200", "200", "200", "200"))
PARTS = "/staff/settings/<slug>/kits/<code>"
case(f"GET {PARTS}", CHANGING, lambda town: f"{SETTINGS}/kits/{town.kit.code}")
case(
    f"POST {PARTS}",
    staff("404", "422", "403", "422"),
    lambda town: f"{SETTINGS}/kits/{town.kit.code}",
    **{"parts-0-name": "đèn", "parts-0-count": "0"},
)

# The operator's desk.
OPERATOR, ONE_COMMUNE = "/staff/operator", "/staff/operator/communes/phuong-duc"
ACCOUNTS, ACCOUNT = f"{OPERATOR}/staff", f"{OPERATOR}/staff/<int(max=2147483647):staff_id>"


def operator(answer: str) -> tuple[str, ...]:
    return staff("403", "403", "403", answer)


def account(town: Town) -> str:
    return f"{ACCOUNTS}/{town.world.staff(town.commune).id}"


def new_role(town: Town) -> str:
    member = town.world.staff(town.commune)
    town.world.add(StaffRole(staff_id=member.id, commune_id=town.commune.id, role=Role.LEADER))
    role = town.world.all(StaffRole, staff_id=member.id)[-1]
    return f"{ACCOUNTS}/{member.id}/roles/{role.id}/remove"


case(f"GET {OPERATOR}", operator("200"))
case(f"GET {OPERATOR}/communes/new", operator("200"))
case(f"POST {OPERATOR}/communes/new", operator("422"), name="")
case(f"GET {OPERATOR}/communes/<slug>", operator("200"), lambda _: ONE_COMMUNE)
case(f"GET {OPERATOR}/communes/<slug>/edit", operator("200"), lambda _: f"{ONE_COMMUNE}/edit")
case(f"POST {OPERATOR}/communes/<slug>/edit", operator("422"), lambda _: f"{ONE_COMMUNE}/edit", name="")
for kind, rule, found in (
    ("places", "<int(max=2147483647):place_id>", lambda town: town.kit.place_id),
    ("kits", "<code>", lambda town: town.kit.code),
):
    new, one = f"{OPERATOR}/communes/<slug>/{kind}/new", f"{OPERATOR}/communes/<slug>/{kind}/{rule}"
    path, path_of_one = (
        f"{ONE_COMMUNE}/{kind}/new",
        lambda town, kind=kind, of=found: f"{ONE_COMMUNE}/{kind}/{of(town)}",
    )
    case(f"GET {new}", operator("200"), lambda _, path=path: path)
    case(f"POST {new}", operator("422"), lambda _, path=path: path, name="")
    case(f"GET {one}", operator("200"), path_of_one)
    case(f"POST {one}", operator("422"), path_of_one, name="")
case(f"GET {ACCOUNTS}", operator("200"))
case(f"GET {ACCOUNTS}/new", operator("200"))
case(f"POST {ACCOUNTS}/new", operator("422"), name="")
case(f"GET {ACCOUNT}", operator("200"), account)
case(f"POST {ACCOUNT}", operator("422"), account, name="")
for action in ("password", "disable", "enable"):
    case(f"POST {ACCOUNT}/{action}", operator(f"303 {ACCOUNTS}/ID"), lambda town, a=action: f"{account(town)}/{a}")
case(f"POST {ACCOUNT}/roles", operator("422"), lambda town: f"{account(town)}/roles", role="mayor")
case(f"POST {ACCOUNT}/roles/<int(max=2147483647):role_id>/remove", operator(f"303 {ACCOUNTS}/ID"), new_role)


case("GET /staff/closures", staff("200", "200", "200", "200"))
case("GET /staff/closures/new", staff("200", "200", "403", "403"))
case(
    "POST /staff/closures/new",
    staff("422", "303 /staff/closures/ID", "403", "403"),
    what="PD-1",
    from_day="2030-01-02",
    until_day="2030-01-02",
    reason="Bộ đang sửa",
)
case("POST /staff/closures/holidays", staff("303 /staff/closures", "303 /staff/closures", "403", "403"))
ONE_CLOSURE = "/staff/closures/<int(max=2147483647):closure_id>"
case(f"GET {ONE_CLOSURE}", staff("404", "200", "200", "200"), of_closure("/staff/closures/{}"))
case(f"POST {ONE_CLOSURE}", staff("404", "422", "403", "403"), of_closure("/staff/closures/{}"))
case(
    f"POST {ONE_CLOSURE}/end", staff("404", "303 /staff/closures", "403", "403"), of_closure("/staff/closures/{}/end")
)
case(
    f"POST {ONE_CLOSURE}/bookings",
    staff("404", "303 /staff/closures/ID", "403", "403"),
    of_closure("/staff/closures/{}/bookings"),
)
case("GET /staff/print", staff("200", "200", "200", "200"))
for paper in ("week", "day", "poster"):
    case(
        f"GET /staff/print/<slug>/{paper}",
        staff("404", "200", "200", "200"),
        lambda _, paper=paper: f"/staff/print/phuong-duc/{paper}",
    )
case("GET /staff/bookings/<code>/move", staff("404", "200", "403", "403"), of_booking("/staff/bookings/{}/move"))
case("POST /staff/bookings/<code>/move", staff("404", "422", "403", "403"), of_booking("/staff/bookings/{}/move"))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, demo=True)  # It has one page more.


@pytest.mark.parametrize(("method", "rule"), TABLE)
def test_each_reader_gets_what_the_table_says(town: Town, method: str, rule: str) -> None:
    row = TABLE[method, rule]
    got = {reader: _ask(town, reader, method, row) for reader in READERS}
    assert got == dict(zip(READERS, row.expected, strict=True))


def _ask(town: Town, reader: str, method: str, row: Case) -> str:
    browser = town.browser(getattr(town, reader, None))
    path = row.path(town)
    fields = fields_of(town, row, READERS.index(reader))
    answer = browser.post(path, fields) if method == "POST" else browser.get(path)
    status, _, location = where(answer).partition(" ")
    location = re.sub("(?<=/bookings/).+", "CODE", re.sub(r"/\d+(?=/|$)", "/ID", location))
    return f"{status} {location}".strip()


def fields_of(town: Town, row: Case, number: int) -> dict[str, str]:
    """What is posted: the fields of the row, which name a free slot or what the last booking is."""
    day, slot = town.free_slot()
    bookings = town.world.all(Booking)
    given = {"day": day, "slot": slot, "seen": town.world.seen(bookings[-1]) if bookings else ""}
    return {name: text.format(number, **given) for name, text in row.fields.items()}


def test_every_route_is_in_the_table(app: Flask) -> None:
    routes = {(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    asked = {route for route in routes if route[0] not in ("HEAD", "OPTIONS")}
    assert asked == set(TABLE)


def test_the_demo_page_exists_in_a_demo_only(settings: Settings) -> None:
    app = create_app(replace(settings, demo=False), FakeSms())
    assert app.test_client().get("/demo/phones").status_code == 404


@pytest.mark.parametrize("action", ["approve", "decline", "cancel"])
def test_who_may_not_act_changes_nothing(town: Town, action: str) -> None:
    booking = town.booking()
    for reader in (None, town.owner, town.foreign_clerk, town.leader, town.operator):
        town.browser(reader).post(f"/staff/bookings/{booking.code}/{action}", reason="Bộ đang sửa")
    assert town.world.fresh(booking).status == "requested"
