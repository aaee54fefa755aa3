"""A commune office on one day in December, as it stands in the morning, and a clerk whose clicks are counted."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time, timedelta

from playwright.sync_api import Locator, Page

from kit_booking.domain.booking.status import Status
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import EVERY_DAY, WeeklyHours
from kit_booking.domain.time.local_time import local
from kit_booking.domain.time.slots import DEFAULT_PLAN, Timetable
from kit_booking.models import Booking, Household, Kit, Part
from tests.e2e.demo import Demo
from tests.support.builders import LONG_AGO
from tests.times import at, set_clock

DAY = date(2026, 12, 4)
"""A Friday."""
USERNAME = "canbo.phuongduc"
PLACES = (
    ("Hồng Minh", "Hồng Minh", "mộc dân dụng"),
    ("Phượng Dực", "Xuân La", "tò he"),
    ("Văn Hoàng", "Đại Thắng", "cơ kim khí"),
    ("Phú Túc", "Lưu Thượng", "cỏ tế, guột tế"),
    ("Hoàng Long", "Cổ Hoàng", "kẹo lạc, chè lam"),
)
"""Where each of the five kits stands, with a village and its craft."""
OFFICE = WeeklyHours.of(EVERY_DAY)
TIMETABLE = Timetable(((LONG_AGO, DEFAULT_PLAN),), OFFICE, OFFICE, Policy())
PARTS = (("Chân máy", 1), ("Micro cài áo không dây", 2), ("Thùng đựng", 1))


def stop_clock(shown: str) -> None:
    """Let it be this time of the day from here on."""
    set_clock(at(DAY, shown), runs=False)


class Office:
    """Five kits, and who has asked for them by the morning of the day."""

    def __init__(self, demo: Demo) -> None:
        self.world = demo.world
        self.commune = self.world.commune("Phượng Dực", kits=0, has_clerk=False, phone="02433854100")
        self.clerk = self.world.staff_with_password(self.commune, username=USERNAME, name="Nguyễn Thị Thu Hà")
        self.kits = [self._kit(*place) for place in PLACES]
        self.households: list[Household] = []
        self._yesterday()
        self.requests = self._requests()
        self.in_the_way = self._in_the_way()
        self._taken_already()

    def _kit(self, place: str, village: str, craft: str) -> Kit:
        found = self.world.place(self.commune, place)
        kit = self.world.kit(found)
        [camera, lamps] = self.world.all(Part, kit_id=kit.id)
        self.world.change(camera, name="Điện thoại quay phim")
        self.world.change(lamps, name="Đèn softbox")
        self.world.add(*(Part(kit_id=kit.id, name=name, count=count) for name, count in PARTS))
        return kit

    def _book(self, who: str, kit: int, days: int, key: str, status: Status = Status.APPROVED) -> Booking:
        """A booking of a household that exists for it, made in the afternoon before."""
        _place, village, craft = PLACES[len(self.households) % len(PLACES)]
        household = self.world.household(self.commune, who, village=village, craft=craft)
        self.households.append(household)
        asked_at = local(DAY - timedelta(days=1), time(14, 20)) - timedelta(days=max(0, 1 - days))
        slot = self.world.slot(self.kits[kit - 1], DAY + timedelta(days=days), key)
        return self.world.booking(
            self.kits[kit - 1],
            household,
            DAY + timedelta(days=days),
            key,
            status=status,
            asked_at=asked_at,
            answer_by_at=TIMETABLE.answer_by(asked_at, slot.hold.from_at),
        )

    def _yesterday(self) -> None:
        self.broken = self._book("Trần Thị Quyên", 1, -1, "toi", Status.OUT)
        self.late = self._book("Nguyễn Văn Sơn", 2, -1, "chieu", Status.OUT)

    def _requests(self) -> list[Booking]:
        return [
            self._book("Vũ Thị Hạnh", 3, 5, "toi", Status.REQUESTED),
            self._book("Đỗ Quang Chiến", 4, 6, "toi", Status.REQUESTED),
            self._book("Tạ Thị Hồng Nhung", 5, 8, "sang", Status.REQUESTED),
            self._book("Lưu Hữu Phúc", 2, 10, "toi", Status.REQUESTED),
        ]

    def _in_the_way(self) -> list[Booking]:
        """The four that have the first kit in the five days in which it will be closed."""
        return [
            self._book("Bùi Thị Kim Oanh", 1, 0, "toi"),
            self._book("Dương Minh Đạt", 1, 1, "chieu"),
            self._book("Hoàng Thị Thắm", 1, 2, "toi"),
            self._book("Ngô Xuân Khánh", 1, 3, "trua"),
        ]

    def _taken_already(self) -> None:
        """The midday of the day, Sunday evening on all other kits, and some of next week."""
        self.midday = self._book("Lê Thị Thu Loan", 3, 0, "trua")
        for number, who in enumerate(("Đặng Văn An", "Phạm Thị Mai", "Lê Đức Giang", "Vũ Minh Tâm"), 2):
            self._book(who, number, 2, "toi")
        week = (("Trần Văn Thịnh", 3, 4, "toi"), ("Nguyễn Thị Yến", 5, 4, "toi"), ("Phạm Xuân Vinh", 2, 5, "toi"))
        for who, kit, days, key in (*week, ("Đỗ Thị Huệ", 4, 7, "toi"), ("Lê Hữu Bảo", 2, 8, "chieu")):
            self._book(who, kit, days, key)


@dataclass(frozen=True)
class Step:
    at: str
    what: str
    clicks: int
    pages: int
    """Those between the page it begins on and the one that says it is done."""


class Clerk:
    """Somebody at the office PC, who does one thing after the other."""

    def __init__(self, demo: Demo, page: Page) -> None:
        self.demo, self.page = demo, page
        self.steps: list[Step] = []
        self._clicks = 0
        self._worked_on: set[str] = set()
        self._done_at = ""

    @contextmanager
    def step(self, at: str, what: str) -> Iterator[None]:
        """What is clicked inside is counted; before and after it the worker makes its round."""
        stop_clock(at)
        self.demo.work()
        self._clicks, self._worked_on, begun_at, self._done_at = 0, set(), self._path(), ""
        yield
        self.demo.work()
        pages = self._worked_on - {begun_at, self._done_at or self._path()}
        self.steps.append(Step(at, what, self._clicks, len(pages)))

    def click(self, target: Locator) -> None:
        self._clicks += 1
        self._worked_on.add(self._path())
        target.click()
        self.page.wait_for_load_state()

    def back_to_today(self) -> None:
        """From the page that said that it is done."""
        self._done_at = self._path()
        self.open_tab("Hôm nay")

    def press(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True))

    def follow(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name, exact=True))

    def open_tab(self, name: str) -> None:
        """A tab may have a number behind its name."""
        self.click(self.page.locator(".top nav").get_by_role("link", name=re.compile(rf"^{name}( \d+)?$")))

    def _path(self) -> str:
        return self.page.url.removeprefix(self.demo.url).partition("?")[0]
