"""Staff accounts: who may see and do what, and how an account begins."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from kit_booking.database import read
from kit_booking.models import Commune, Household, Role, Staff, StaffRole


@dataclass(frozen=True)
class StaffMember:
    """Who is signed in as staff, and where."""

    id: int
    session_version: int
    name: str
    mobile: str
    roles: tuple[tuple[Role, int | None], ...]

    @property
    def is_operator(self) -> bool:
        return any(role is Role.OPERATOR for role, _ in self.roles)

    def may_see(self, commune_id: int) -> bool:
        return self.is_operator or any(own == commune_id for _, own in self.roles)

    def may_act(self, commune_id: int) -> bool:
        """Only a clerk of the commune answers its requests."""
        return (Role.CLERK, commune_id) in self.roles

    def may_manage(self, commune_id: int) -> bool:
        """Its clerks and the operator change its settings, its places' keepers and its kits' parts."""
        return self.is_operator or self.may_act(commune_id)


def find_member(staff_id: int, session_version: int) -> StaffMember | None:
    """The active account of a sign-in that was not ended since."""
    rows = read(
        select(Staff.name, Staff.mobile, StaffRole.role, StaffRole.commune_id)
        .outerjoin(StaffRole, StaffRole.staff_id == Staff.id)
        .where(Staff.id == staff_id, Staff.is_active, Staff.session_version == session_version)
        .order_by(StaffRole.id)
    )
    if not rows:
        return None
    roles = tuple((Role(row.role), row.commune_id) for row in rows if row.role)
    return StaffMember(staff_id, session_version, rows[0].name, rows[0].mobile, roles)


@dataclass(frozen=True)
class HouseholdMember:
    """Who is signed in as a household."""

    id: int
    session_version: int
    name: str
    phone: str
    village: str
    craft: str
    sells: str
    streams_on: str


_household = select(
    Household.id,
    Household.session_version,
    Household.name,
    Household.phone,
    Household.village,
    Household.craft,
    Household.sells,
    Household.streams_on,
).where(Household.id == bindparam("household_id"))


def find_household(household_id: int, session_version: int | None = None) -> HouseholdMember | None:
    """The household; with a version, only if its sign-in was not ended since."""
    rows = read(_household, {"household_id": household_id})
    found = HouseholdMember(*rows[0]) if rows else None
    return found if found and session_version in (None, found.session_version) else None


@dataclass(frozen=True)
class SeenCommune:
    id: int
    name: str
    slug: str


def communes_seen(member: StaffMember) -> list[SeenCommune]:
    """The communes whose bookings the member of staff sees."""
    communes = select(Commune.id, Commune.name, Commune.slug).order_by(Commune.slug)
    if not member.is_operator:
        communes = communes.where(Commune.id.in_([own for _, own in member.roles if own is not None]))
    return [SeenCommune(*row) for row in read(communes)]
