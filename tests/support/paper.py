"""A commune whose paper register is taken over."""

from dataclasses import dataclass
from datetime import datetime

from kit_booking.models import (
    AuditEntry,
    Booking,
    Commune,
    Hold,
    Household,
    Kit,
    RegisterFile,
    Staff,
)
from kit_booking.services.register.adding import Consent
from kit_booking.services.register.paper_plan import RegisterPlan
from kit_booking.services.register.paper_register import (
    Answers,
    answer,
    find_file,
    keep_file,
    look_through,
)
from kit_booking.services.register.paper_taking import TakeBack, Taken, take_back, take_over
from tests.support.builders import World
from tests.times import NOW, days_ahead

HEADINGS = "Tên chủ hộ;Điện thoại;Thôn;Nghề;Ngày;Buổi;Bộ;Bán hàng\n"


D = {n: f"{days_ahead(n):%d/%m/%Y}" for n in (-3, 0, 1, 2, 3, 8, 9, 30)}


@dataclass(frozen=True)
class Office:
    """One commune with a kit and its clerk, and Hạnh, whose number is known."""

    world: World
    commune: Commune
    kit: Kit
    clerk: Staff
    hanh: Household

    def sends(self, *lines: str) -> RegisterFile:
        content = (HEADINGS + "\n".join(lines)).encode()
        file_id = self.world.do(keep_file, self.commune.id, self.clerk.id, "sổ.csv", content, now=NOW)
        assert isinstance(file_id, int), file_id
        return self.world.do(find_file, file_id)

    def sees(self, *lines: str) -> RegisterPlan:
        return self.looks(self.sends(*lines))

    def looks(self, file: RegisterFile) -> RegisterPlan:
        return self.world.do(look_through, self.found(file), now=NOW)[1]

    def answers(self, file: RegisterFile, **answers: object) -> None:
        self.world.do(answer, file.id, Answers(**answers))

    def found(self, file: RegisterFile) -> RegisterFile:
        return self.world.do(find_file, file.id) or file

    def takes(self, file: RegisterFile, override: str = "") -> Taken | None:
        consent = Consent("2026-11", self.clerk.id, self.clerk.name)
        return self.world.do(take_over, self.found(file), consent, override=override, now=NOW)

    def takes_lines(self, *lines: str, override: str = "") -> Taken:
        taken = self.takes(self.sends(*lines), override)
        assert taken
        return taken

    def takes_back(self, file: RegisterFile, now: datetime = NOW) -> TakeBack:
        return self.world.do(take_back, file.id, self.clerk.id, now=now)

    def written(self) -> tuple[int, int, int, int]:
        tables = (Household, Booking, Hold, AuditEntry)
        return tuple(len(self.world.all(table)) for table in tables)


def make_office(world: World) -> Office:
    commune = world.commune()
    hanh = world.household(commune, phone="+84912345678")
    return Office(world, commune, world.kits(commune)[0], world.clerk(commune), hanh)
