"""The rows of the demo beside its bookings: real communes and crafts, invented keepers, households and accounts."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kit_booking.adapters.holidays import public_holidays
from kit_booking.domain.booking.counter import Direction
from kit_booking.domain.booking.status import AHEAD, Status
from kit_booking.domain.policy import Policy
from kit_booking.domain.text import slug
from kit_booking.domain.time.local_time import local
from kit_booking.domain.time.slots import DEFAULT_PLAN
from kit_booking.models import (
    Booking,
    Closure,
    Commune,
    HandedPart,
    Handover,
    Household,
    Kit,
    Part,
    Place,
    Province,
    Role,
    Staff,
    StaffRole,
    Village,
    WaitingEntry,
    WaitingState,
)
from kit_booking.services.settings.saving import planned_slots

COMMUNES = Path(__file__).parents[2] / "data" / "communes.json"
PASSWORD = "phuxuyen"  # noqa: S105 (it opens invented data only, and is printed on the sign-in page)

LETTERS = {"phuong-duc": "PD", "phu-xuyen": "PX", "chuyen-my": "CM", "dai-xuyen": "DX"}
HOUSEHOLDS = {"phuong-duc": 52, "phu-xuyen": 26, "chuyen-my": 22, "dai-xuyen": 24}

NUMBERS = {"answer_office_hours": 16}
"""What differs from the default policy, so that even in the evening there are requests to answer."""
POLICY = Policy.of(NUMBERS)
BROKEN, RESTING = "DX-7", "PX"
"""The kit that is being repaired, and the letters of the commune that is closed on the next holiday."""

PARTS = (
    ("Điện thoại quay phim", 1),
    ("Chân máy", 1),
    ("Đèn softbox", 2),
    ("Micro cài áo không dây", 2),
    ("Bộ phát wifi 4G", 1),
    ("Phông nền", 1),
    ("Ổ cắm kéo dài", 1),
    ("Thùng đựng", 1),
)
SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Vũ", "Đặng", "Bùi", "Đỗ", "Hoàng", "Ngô", "Dương", "Tạ", "Lưu")
MIDDLES = ("Văn", "Thị", "Đức", "Minh", "Thị Thu", "Quang", "Thị Hồng", "Xuân", "Hữu", "Thị Kim")
NAMES = (
    "An", "Bảo", "Chiến", "Dung", "Đạt", "Giang", "Hạnh", "Hiền", "Hòa", "Huệ", "Khánh", "Lan", "Liên", "Loan",
    "Mai", "Nga", "Nhung", "Oanh", "Phúc", "Quyên", "Sơn", "Tâm", "Thắm", "Thịnh", "Tuyết", "Vinh", "Yến",
)  # fmt: skip
STREAMS = ("Facebook", "TikTok", "Facebook, TikTok", "Shopee", "Zalo")
PREFIXES = ("0912", "0936", "0978", "0983", "0354", "0367", "0388", "0779", "0825", "0868")


@dataclass(frozen=True)
class DemoAccount:
    username: str
    password: str
    role: Role
    commune: str


def _data() -> list[dict[str, Any]]:
    communes: list[dict[str, Any]] = json.loads(COMMUNES.read_text())["communes"]
    return communes


ACCOUNTS = [
    DemoAccount(f"{title}.{slug(commune['name']).replace('-', '')}", PASSWORD, role, commune["name"])
    for commune in _data()
    for title, role in (("canbo", Role.CLERK), ("lanhdao", Role.LEADER))
] + [DemoAccount("vanhanh", PASSWORD, Role.OPERATOR, "")]


def add_communes(session: Session, valid_from: date) -> list[Kit]:
    """The communes with a place and a kit for each of their old units, in order."""
    dice = random.Random("places")  # noqa: S311 (nothing here is secret)
    province = Province(name="Hà Nội", slug="ha-noi")
    kits = []
    for number, data in enumerate(_data()):
        places = [
            Place(
                name=unit["old_unit"],
                address=f"Trụ sở UBND {unit['old_unit']} cũ",
                keeper=_name(dice),
                keeper_phone=f"+84{PREFIXES[index][1:]}{dice.randrange(100_000, 999_999)}",
                villages=list(_villages(data, unit)),
            )
            for index, unit in enumerate(data["places"], 1)
        ]
        commune = Commune(
            province=province,
            code=data["code"],
            name=data["name"],
            slug=slug(data["name"]),
            phone=f"+84243385{4100 + number:04}",
            policy=NUMBERS,
            places=places,
        )
        commune.rewrite_search()
        session.add(commune)
        session.flush()
        session.add_all(planned_slots(commune.id, valid_from, DEFAULT_PLAN))
        for index, place in enumerate(places, 1):
            parts = [Part(name=name, count=count) for name, count in PARTS]
            code = f"{LETTERS[commune.slug]}-{index}"
            kits.append(Kit(commune_id=commune.id, place_id=place.id, code=code, parts=parts))
        session.add_all(kits)
        session.flush()
    return kits


def _villages(commune: dict[str, Any], unit: dict[str, Any]) -> Iterator[Village]:
    """The old unit itself, what it includes, its crafts, and the villages of the commune it gave its name to."""
    yield Village(name=unit["old_unit"])
    yield from (Village(name=name) for name in unit.get("includes", []))
    yield from (
        Village(name=craft.get("village") or unit["old_unit"], craft=craft["name"]) for craft in unit["crafts"]
    )
    if unit["old_unit"] == commune["name"]:
        yield from (Village(name=name) for name in commune.get("villages", []))


def add_households(session: Session, consent_at: datetime) -> None:
    """Invented ones, with crafts that their villages really have."""
    dice = random.Random("households")  # noqa: S311 (nothing here is secret)
    places = selectinload(Commune.places).selectinload(Place.villages)
    for commune in session.scalars(select(Commune).order_by(Commune.id).options(places)):
        villages = [village for place in commune.places for village in place.villages]
        known = [village for village in villages if village.craft] or villages
        for _ in range(HOUSEHOLDS[commune.slug]):
            village = dice.choice(known if dice.random() < 0.8 else villages)
            session.add(
                Household(
                    commune_id=commune.id,
                    name=_name(dice),
                    phone=f"+84{dice.choice(PREFIXES)[1:]}{dice.randrange(100_000, 999_999)}",
                    village=village.name,
                    craft=village.craft or "nghề khác",
                    sells=village.craft.split(",")[0],
                    streams_on=dice.choice(STREAMS),
                    consent_version="2026-11",
                    consent_at=consent_at,
                    seen_at=consent_at,
                )
            )
    session.flush()


def add_waiting(session: Session, today: date, waited_for: dict[int, int], at: datetime) -> None:
    """Households that wait for full evenings, and the entry of the one that was just offered one."""
    dice = random.Random(today.toordinal())  # noqa: S311 (nothing here is secret)
    offered = session.scalars(select(Booking).where(Booking.status == Status.OFFERED)).one()
    ahead = Counter(session.scalars(select(Booking.household_id).where(Booking.status.in_(AHEAD))))
    busy = set(session.execute(select(Booking.household_id, Booking.day)).tuples())
    homes = session.scalars(select(Household.id).where(Household.commune_id == offered.commune_id)).all()
    for days, count in waited_for.items():
        day = today + timedelta(days=days)
        patient = [home for home in homes if (home, day) not in busy]
        patient.sort(key=lambda home: (ahead[home], dice.random()))
        for number, home in enumerate(patient[:count]):
            session.add(_entry(offered, home, day, at - timedelta(hours=2 * number, minutes=7 * days)))
            ahead[home] += 1
    served = _entry(offered, offered.household_id, offered.day, at - timedelta(days=1))
    served.state, served.booking_id = WaitingState.OFFERED, offered.id
    session.add(served)


def _entry(like: Booking, household_id: int, day: date, joined_at: datetime) -> WaitingEntry:
    pick_up_at = like.pick_up_at + (day - like.day)
    return WaitingEntry(
        commune_id=like.commune_id,
        household_id=household_id,
        day=day,
        slot_name=like.slot_name,
        joined_at=joined_at,
        until_at=pick_up_at,
    )


def add_staff(session: Session, password_hash: str) -> dict[int, int]:
    """The demo's accounts; the clerk's id by commune."""
    dice = random.Random("staff")  # noqa: S311 (nothing here is secret)
    communes = {commune.name: commune.id for commune in session.scalars(select(Commune))}
    clerks = {}
    for account in ACCOUNTS:
        commune_id = communes.get(account.commune)
        member = Staff(
            username=account.username,
            name=_name(dice),
            mobile=f"+84{dice.choice(PREFIXES)[1:]}{dice.randrange(100_000, 999_999)}",
            password_hash=password_hash,
            roles=[StaffRole(commune_id=commune_id, role=account.role)],
        )
        session.add(member)
        session.flush()
        if account.role is Role.CLERK and commune_id:
            clerks[commune_id] = member.id
    return clerks


def add_closures(session: Session, kits: list[Kit], clerks: dict[int, int], today: date) -> list[Closure]:
    """A kit that is being repaired for some days, and a commune's next holiday beyond the fortnight."""
    broken = next(kit for kit in kits if kit.code == BROKEN)
    resting = next(kit.commune_id for kit in kits if kit.code.startswith(RESTING))
    holiday = public_holidays(today + timedelta(days=POLICY.window_days + 2), today + timedelta(days=365))[0]
    repair_from = today + timedelta(days=2)
    closures = [
        Closure(
            commune_id=commune_id,
            kit_id=kit_id,
            staff_id=clerks[commune_id],
            from_at=local(first, time()),
            until_at=local(last + timedelta(days=1), time()),
            reason=reason,
            changed_at=local(today, POLICY.day_opens) + timedelta(minutes=5),
        )
        for commune_id, kit_id, first, last, reason in (
            (broken.commune_id, broken.id, repair_from, repair_from + timedelta(days=2), "Hỏng đèn, chờ thay bóng"),
            (resting, None, holiday.first, holiday.last, holiday.name),
        )
    ]
    session.add_all(closures)
    session.flush()
    return closures


def add_handover(session: Session, booking: Booking, clerk_id: int) -> None:
    """What was seen when the booking's kit went out: everything was there."""
    handover = Handover(
        booking_id=booking.id,
        way=Direction.OUT,
        staff_id=clerk_id,
        person=booking.household.name,
        saw_id=True,
        happened_at=booking.pick_up_at,
        written_at=booking.pick_up_at,
        parts=[HandedPart(name=name, expected=count, count=count) for name, count in PARTS],
    )
    session.add(handover)


def _name(dice: random.Random) -> str:
    return f"{dice.choice(SURNAMES)} {dice.choice(MIDDLES)} {dice.choice(NAMES)}"
