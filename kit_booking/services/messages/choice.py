"""Whether a household wants texts; login codes, which it asks for, are sent in any case."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from kit_booking.database import read, transaction
from kit_booking.models import AuditEntry, Household
from kit_booking.services.audit import Actor
from kit_booking.services.timeline.locks import bump_version, lock


@dataclass(frozen=True)
class TextChoice:
    wants_texts: bool
    can_be_reached: bool
    """False when there is no mobile number, or the network said that no text reaches it."""

    @property
    def gets_texts(self) -> bool:
        return self.wants_texts and self.can_be_reached


def text_choice(household_id: int) -> TextChoice:
    columns = (Household.takes_texts, Household.bad_number_at, Household.phone)
    [row] = read(select(*columns).where(Household.id == household_id))
    return TextChoice(bool(row.takes_texts), bool(row.phone) and row.bad_number_at is None)


@transaction
def choose_texts(session: Session, household_id: int, wants_texts: bool, by: Actor, *, now: datetime) -> None:
    """Whoever wants none is phoned by staff instead, also about what waits to be sent."""
    lock(session, Household, household_id)
    household = session.get_one(Household, household_id)
    if household.takes_texts == wants_texts:
        return
    household.takes_texts = wants_texts
    session.execute(
        insert(AuditEntry).values(
            at=now,
            action="texts_wanted" if wants_texts else "texts_stopped",
            commune_id=household.commune_id,
            household_id=household_id,
            staff_id=by.staff_id,
        )
    )
    session.flush()
    bump_version(session, Household, household_id)
