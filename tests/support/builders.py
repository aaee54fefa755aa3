"""A small world to test in: communes with kits, households, staff and bookings, written straight to the tables."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from kit_booking.database import Base, db
from kit_booking.domain.booking.seen import BookingChanged, SeenBooking
from kit_booking.domain.booking.status import LIVE, Status
from kit_booking.domain.policy import Policy
from kit_booking.domain.text import search_key, slug
from kit_booking.domain.time.hours import EVERY_DAY, WeeklyHours
from kit_booking.domain.time.local_time import local_day
from kit_booking.domain.time.slots import DEFAULT_PLAN, Slot, Timetable
from kit_booking.models import (
    AuditEntry,
    Booking,
    Commune,
    Hold,
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
)
from kit_booking.services.booking.answers import AnswerResult
from kit_booking.services.operator.accounts import bump_communes
from kit_booking.services.sign_in.sign_in import hasher
from kit_booking.services.timeline import undo
from tests.times import NOW

T = TypeVar("T")
M = TypeVar("M", bound=Base)

_OF_STAFF: dict[type[Any], list[Any]] = defaultdict(list, {Staff: [selectinload(Staff.roles)]})
"""What pages load with an account."""

PASSWORD = "day-song-hong"
LONG_AGO = date(2020, 1, 1)


def next_evening(now: datetime) -> date:
    """Tomorrow: its evening, as every slot of it, can be asked for whatever the time is now."""
    return local_day(now) + timedelta(days=1)


class World:
    """Makes rows and reads them back; what it returns is loaded, and belongs to no session."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._number = count(1)

    def do(self, use_case: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call a service as a request would: in an application context of its own."""
        with self.app.app_context():
            return use_case(*args, **kwargs)

    def add(self, *rows: Base) -> None:
        with self.app.app_context(), self._session() as session:
            session.add_all(rows)
            session.commit()

    def change(self, row: M, **columns: Any) -> M:
        """The row with these columns changed; a commune's version rises with every change, as it should."""
        with self.app.app_context(), self._session() as session:
            found = session.get_one(type(row), row.id)
            if isinstance(found, Commune):
                found.version += 1
            for name, value in columns.items():
                setattr(found, name, value)
            if isinstance(found, Staff):
                bump_communes(session, found.id)
            session.commit()
        return found

    def fresh(self, row: M) -> M:
        """The row as the database has it now."""
        with self.app.app_context(), self._session() as session:
            return session.get_one(type(row), row.id)

    def all(self, table: type[M], **columns: Any) -> list[M]:
        """The rows with these values, oldest first."""
        with self.app.app_context(), self._session() as session:
            return list(session.scalars(select(table).filter_by(**columns).order_by(table.id)))

    def seen(self, booking: Booking | str) -> SeenBooking:
        """The booking, or that of this code, as a page would show it now."""
        code = booking if isinstance(booking, str) else booking.code
        with self.app.app_context(), self._session() as session:
            return session.scalars(select(Booking).options(joinedload(Booking.kit)).filter_by(code=code)).one().seen

    def rows_seen(self, table: type[Any], *row_ids: int) -> list[str]:
        """The rows as a page would show them now."""
        with self.app.app_context(), self._session() as session:
            return [row.seen for row_id in row_ids if (row := session.get(table, row_id, options=_OF_STAFF[table]))]

    def acts(self, use_case: Callable[..., Any], booking: Booking, *args: Any, **kwargs: Any) -> Any:
        """Do something with the booking as a page shows it now; for one that changed meanwhile, an answer says so."""
        try:
            return self.do(use_case, self.seen(booking), *args, **kwargs)
        except BookingChanged as error:
            return AnswerResult(False, error.present.status)

    def let_undo_pass(self, now: datetime = NOW) -> None:
        """From now on nothing that the office has done can be undone; what it freed is offered at this moment."""
        with self.app.app_context():
            with self._session() as session:
                session.execute(update(Hold).where(Hold.kept_until_at > now).values(kept_until_at=now))
                session.execute(update(Booking).where(Booking.undo_until_at > now).values(undo_until_at=now))
                session.commit()
            for hold_id in undo.find_kept(now=now):
                undo.keep_no_longer(hold_id, now=now)
            for booking_id in undo.find_over(now=now):
                undo.forget(booking_id, now=now)

    def commune(
        self,
        name: str = "Phượng Dực",
        *,
        kits: int = 1,
        has_clerk: bool = True,
        plan_from: date = LONG_AGO,
        **columns: Any,
    ) -> Commune:
        """A commune with the default plan, its kits in one place, and a clerk; `policy={...}` changes numbers."""
        province = self._province()
        commune = Commune(
            province_id=province.id,
            **{"code": f"{next(self._number):05}", "name": name, "slug": slug(name), "phone": "02433854321"}
            | {"search": search_key(name), "office_hours": EVERY_DAY, "policy": {}}
            | columns,
        )
        self.add(commune)
        self.add(
            *(
                PlannedSlot(
                    commune_id=commune.id,
                    valid_from=plan_from,
                    name=line.name,
                    from_time=line.from_time,
                    until_time=line.until_time,
                )
                for line in DEFAULT_PLAN
            )
        )
        if kits:
            place = self.place(commune)
            for _ in range(kits):
                self.kit(place)
        if has_clerk:
            self.staff(commune)
        return commune

    def _province(self) -> Province:
        found = self.all(Province, slug="ha-noi")
        if not found:
            self.add(Province(name="Hà Nội", slug="ha-noi"))
        return (found or self.all(Province, slug="ha-noi"))[0]

    def place(self, commune: Commune, name: str = "Phú Túc", **columns: Any) -> Place:
        place = Place(
            commune_id=commune.id,
            **{"name": name, "address": f"Trụ sở {name} cũ", "keeper": "Cô Hằng", "keeper_phone": "0912000111"}
            | {"handover_hours": EVERY_DAY}
            | columns,
        )
        self.add(place)
        self.add(Village(place_id=place.id, name=f"Làng {name}", craft="mây tre đan"))
        return place

    def kit(self, place: Place, code: str = "") -> Kit:
        """A kit of two parts; its code is made of the commune's initials unless it is given."""
        with self.app.app_context(), self._session() as session:
            commune = session.get_one(Commune, place.commune_id)
            commune.version += 1
            letters = "".join(word[0] for word in slug(commune.name).upper().split("-"))
            number = 1 + len(session.scalars(select(Kit).where(Kit.code.startswith(f"{letters}-"))).all())
            session.commit()
        kit = Kit(commune_id=place.commune_id, place_id=place.id, code=code or f"{letters}-{number}")
        self.add(kit)
        self.add(Part(kit_id=kit.id, name="điện thoại", count=1), Part(kit_id=kit.id, name="đèn", count=2))
        return kit

    def kits(self, commune: Commune) -> list[Kit]:
        return self.all(Kit, commune_id=commune.id)

    def household(self, commune: Commune, name: str = "Nguyễn Thị Hạnh", **columns: Any) -> Household:
        household = Household(
            commune_id=commune.id,
            name=name,
            **{"phone": f"+84912{next(self._number):06}", "village": "Lưu Thượng", "craft": "mây tre đan"}
            | {"consent_version": "1", "consent_at": NOW, "seen_at": NOW}
            | columns,
        )
        self.add(household)
        return household

    def staff(self, commune: Commune | None, role: Role = Role.CLERK, **columns: Any) -> Staff:
        """An account with one role; an operator's commune is None. Its password is `PASSWORD` if it has one."""
        number = next(self._number)
        member = Staff(**{"username": f"canbo{number}", "name": f"Cán bộ {number}", "password_hash": ""} | columns)
        self.add(member)
        self.add(StaffRole(staff_id=member.id, commune_id=commune and commune.id, role=role))
        return self.change(member)  # Whether a commune has a clerk is a part of its facts.

    def staff_with_password(self, commune: Commune | None, role: Role = Role.CLERK, **columns: Any) -> Staff:
        return self.staff(commune, role, password_hash=hasher.hash(PASSWORD), **columns)

    def clerk(self, commune: Commune) -> Staff:
        """The clerk that the commune came with."""
        role = self.all(StaffRole, commune_id=commune.id, role=Role.CLERK)[0]
        return self.all(Staff, id=role.staff_id)[0]

    def slot(self, kit: Kit, day: date, key: str = "toi") -> Slot:
        """A slot of the default plan, at the hours of the kit's place and commune."""
        with self.app.app_context(), self._session() as session:
            commune, place = session.get_one(Commune, kit.commune_id), session.get_one(Place, kit.place_id)
            timetable = Timetable(
                ((LONG_AGO, DEFAULT_PLAN),),
                WeeklyHours.of(place.handover_hours),
                WeeklyHours.of(commune.office_hours),
                Policy.of(commune.policy),
            )
        slot = timetable.slot(day, key)
        assert slot, f"there is no slot {key} on {day}"
        return slot

    def booking(
        self,
        kit: Kit,
        household: Household,
        day: date,
        key: str = "toi",
        *,
        status: Status = Status.REQUESTED,
        asked_at: datetime = NOW,
        **columns: Any,
    ) -> Booking:
        """A booking of a slot of the default plan that came to this status, with its history and its hold."""
        slot = self.slot(kit, day, key)
        reason = "Bộ đang sửa" if status is Status.DECLINED else ""
        booking = Booking(
            commune_id=kit.commune_id,
            place_id=kit.place_id,
            kit_id=kit.id,
            household_id=household.id,
            status=status,
            day=day,
            slot_name=slot.name,
            asked_at=asked_at,
            changed_at=asked_at,
            **{"from_at": slot.on_air.from_at, "until_at": slot.on_air.until_at}
            | {"pick_up_at": slot.hold.from_at, "return_at": slot.hold.until_at}
            | {"approved_at": asked_at if status in (Status.APPROVED, Status.OUT, Status.RETURNED) else None}
            | {"code": f"{kit.code[:2]}{next(self._number):03}", "reason": reason}
            | {"answer_by_at": min(asked_at + timedelta(hours=8), slot.hold.from_at - timedelta(hours=1))}
            | columns,
        )
        self.add(booking)
        path = [Status.REQUESTED] + ([] if status is Status.REQUESTED else [status])
        self.add(
            *(
                AuditEntry(
                    at=asked_at,
                    happened_at=asked_at,
                    action=to_status,
                    commune_id=kit.commune_id,
                    booking_id=booking.id,
                    household_id=household.id if to_status is Status.REQUESTED else None,
                    detail={"from_status": from_status} if from_status else {},
                )
                for from_status, to_status in zip([None, *path], path, strict=False)
            )
        )
        if status in LIVE:
            self.add(self.hold(kit, slot, booking))
        return booking

    def entry(self, kit: Kit, household: Household, day: date, key: str = "toi", **columns: Any) -> WaitingEntry:
        """The household waits for the slot of this day, at any place unless `place_ids` says where."""
        slot = self.slot(kit, day, key)
        entry = WaitingEntry(
            household_id=household.id,
            commune_id=kit.commune_id,
            day=day,
            slot_name=slot.name,
            **{"joined_at": NOW, "until_at": slot.hold.from_at} | columns,
        )
        self.add(entry)
        return entry

    def hold(self, kit: Kit, slot: Slot, booking: Booking | None = None) -> Hold:
        """A row, not yet added, that says the kit is away or, without a booking, closed."""
        return Hold(
            kit_id=kit.id,
            from_at=slot.hold.from_at,
            until_at=slot.hold.until_at,
            booking_id=booking and booking.id,
            changed_at=None if booking else NOW,
        )

    @staticmethod
    def _session() -> Session:
        session = Session(db.engine, expire_on_commit=False)
        return session


def sign_in(client: FlaskClient, who: Household | Staff) -> str:
    """Give the browser the session of somebody signed in; returns a CSRF token that holds in it."""
    kind = "household" if isinstance(who, Household) else "staff"
    with client.session_transaction() as session:
        session["_user_id"] = f"{kind}.{who.id}.{who.session_version}"
        session["_fresh"] = True
        session["staff_until"] = 2**40
    return csrf_token(client)


def csrf_token(client: FlaskClient) -> str:
    """A token for the forms of this browser."""
    with client.session_transaction() as session:
        secret = session.setdefault("csrf_token", "0" * 40)
    return str(URLSafeTimedSerializer(client.application.secret_key, salt="wtf-csrf-token").dumps(secret))
