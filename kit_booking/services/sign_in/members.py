"""Members of staff: who may see and do what, and where."""

from dataclasses import dataclass

from sqlalchemy import select

from kit_booking.database import read
from kit_booking.models import Commune, Role, Staff, StaffRole


@dataclass(frozen=True)
class SeenCommune:
    id: int
    name: str
    slug: str


@dataclass(frozen=True)
class StaffMember:
    """Who is signed in as staff, and where."""

    id: int
    session_version: int
    name: str
    mobile: str
    roles: tuple[tuple[Role, int | None], ...]
    """Each with its commune, which an operator has none of."""
    communes: tuple[SeenCommune, ...]
    """Those of the roles."""

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
    commune_name = Commune.name.label("commune_name")
    rows = read(
        select(Staff.name, Staff.mobile, StaffRole.role, StaffRole.commune_id, Commune.slug, commune_name)
        .outerjoin(StaffRole, StaffRole.staff_id == Staff.id)
        .outerjoin(Commune, Commune.id == StaffRole.commune_id)
        .where(Staff.id == staff_id, Staff.is_active, Staff.session_version == session_version)
        .order_by(StaffRole.id)
    )
    if not rows:
        return None
    return StaffMember(
        staff_id,
        session_version,
        rows[0].name,
        rows[0].mobile,
        roles=tuple((row.role, row.commune_id) for row in rows if row.role),
        communes=tuple({SeenCommune(row.commune_id, row.commune_name, row.slug) for row in rows if row.commune_id}),
    )


def communes_seen(member: StaffMember) -> list[SeenCommune]:
    """The communes whose bookings the member of staff sees, in the order of their slugs."""
    communes = member.communes
    if member.is_operator:
        rows = read(select(Commune.id, Commune.name, Commune.slug))
        communes = tuple(SeenCommune(row.id, row.name, row.slug) for row in rows)
    return sorted(communes, key=lambda commune: commune.slug)
