"""What the demo is made of: real communes and crafts, invented places' keepers, households and accounts."""

import json
import random
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from kit_booking.domain.counter import Direction
from kit_booking.domain.slots import DEFAULT_PLAN
from kit_booking.domain.status import AHEAD, Status
from kit_booking.domain.text import search_text, slug
from kit_booking.models import (
    Booking,
    Commune,
    HandedPart,
    Handover,
    Household,
    Kit,
    Part,
    Place,
    PlannedSlot,
    Province,
    Role,
    Staff,
    StaffRole,
    Village,
    WaitingEntry,
    WaitingState,
)

COMMUNES = Path(__file__).parents[2] / "data" / "communes.json"
PASSWORD = "phuxuyen"  # noqa: S105 (it opens invented data only, and is printed on the sign-in page)

LETTERS = {"phuong-duc": "PD", "phu-xuyen": "PX", "chuyen-my": "CM", "dai-xuyen": "DX"}
HOUSEHOLDS = {"phuong-duc": 52, "phu-xuyen": 26, "chuyen-my": 22, "dai-xuyen": 24}

NUMBERS = {"answer_office_hours": 16}
"""What the communes changed of the usual: whoever looks at the demo in the evening still has requests to answer."""

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
    session.add(province)
    session.flush()
    kits = []
    for number, data in enumerate(_data()):
        places = data["places"]
        villages = [
            [(place["old_unit"], ""), *((name, "") for name in place.get("includes", []))]
            + [(craft.get("village", ""), craft["name"]) for craft in place["crafts"]]
            + [(name, "") for name in data.get("villages", []) if place["old_unit"] == data["name"]]
            for place in places
        ]
        names = [data["name"], *(name for of_place in villages for name, _ in of_place if name)]
        commune = Commune(
            province_id=province.id,
            code=data["code"],
            name=data["name"],
            slug=slug(data["name"]),
            search=search_text(names),
            phone=f"+84243385{4100 + number:04}",
            policy=NUMBERS,
        )
        session.add(commune)
        session.flush()
        session.add_all(
            PlannedSlot(
                commune_id=commune.id,
                valid_from=valid_from,
                name=line.name,
                from_time=line.from_time,
                until_time=line.until_time,
            )
            for line in DEFAULT_PLAN
        )
        for index, (place_data, of_place) in enumerate(zip(places, villages, strict=True), 1):
            place = Place(
                commune_id=commune.id,
                name=place_data["old_unit"],
                address=f"Trụ sở UBND {place_data['old_unit']} cũ",
                keeper=_name(dice),
                keeper_phone=f"+84{PREFIXES[index][1:]}{dice.randrange(100_000, 999_999)}",
            )
            session.add(place)
            session.flush()
            session.add_all(
                Village(place_id=place.id, name=name or place.name, craft=craft) for name, craft in of_place
            )
            kit = Kit(commune_id=commune.id, place_id=place.id, code=f"{LETTERS[commune.slug]}-{index}")
            session.add(kit)
            session.flush()
            session.add_all(Part(kit_id=kit.id, name=name, count=count) for name, count in PARTS)
            kits.append(kit)
    return kits


def add_households(session: Session, consent_at: datetime) -> None:
    """Invented ones, with crafts that their villages really have."""
    dice = random.Random("households")  # noqa: S311 (nothing here is secret)
    villages: dict[int, list[tuple[str, str]]] = {}
    for commune_id, name, craft in session.query(Place.commune_id, Village.name, Village.craft).join(
        Village, Village.place_id == Place.id
    ):
        villages.setdefault(commune_id, []).append((name, craft))
    for commune in session.query(Commune).order_by(Commune.id):
        known = [entry for entry in villages[commune.id] if entry[1]] or villages[commune.id]
        for _ in range(HOUSEHOLDS[commune.slug]):
            village, craft = dice.choice(known if dice.random() < 0.8 else villages[commune.id])
            session.add(
                Household(
                    commune_id=commune.id,
                    name=_name(dice),
                    phone=f"+84{dice.choice(PREFIXES)[1:]}{dice.randrange(100_000, 999_999)}",
                    village=village,
                    craft=craft or "nghề khác",
                    sells=craft.split(",")[0],
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
    communes = {commune.name: commune.id for commune in session.query(Commune)}
    clerks = {}
    for account in ACCOUNTS:
        member = Staff(
            username=account.username,
            name=_name(dice),
            mobile=f"+84{dice.choice(PREFIXES)[1:]}{dice.randrange(100_000, 999_999)}",
            password_hash=password_hash,
        )
        session.add(member)
        session.flush()
        commune_id = communes.get(account.commune)
        session.add(StaffRole(staff_id=member.id, commune_id=commune_id, role=account.role))
        if account.role is Role.CLERK and commune_id:
            clerks[commune_id] = member.id
    return clerks


def add_handovers(rows: Connection, out: list[dict[str, Any]], clerks: dict[int, int]) -> None:
    """What was seen when these bookings' kits went out: everything was there."""
    for booking in out:
        household = select(Household.name).where(Household.id == booking["household_id"]).scalar_subquery()
        handover_id = rows.execute(
            insert(Handover)
            .values(
                booking_id=booking["id"],
                way=Direction.OUT,
                staff_id=clerks[booking["commune_id"]],
                person=household,
                saw_id=True,
                happened_at=booking["pick_up_at"],
                written_at=booking["pick_up_at"],
            )
            .returning(Handover.id)
        ).scalar_one()
        parts = [{"name": name, "expected": count, "count": count} for name, count in PARTS]
        rows.execute(insert(HandedPart).values(handover_id=handover_id), parts)


def _name(dice: random.Random) -> str:
    return f"{dice.choice(SURNAMES)} {dice.choice(MIDDLES)} {dice.choice(NAMES)}"
