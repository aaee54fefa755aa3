"""Whether a household wants texts; login codes, which it asks for, are sent in any case."""

from datetime import datetime

from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.models import Household
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.timeline.locks import bump_version, lock


@transaction
def choose_texts(session: Session, household_id: int, wants_texts: bool, by: Actor, *, now: datetime) -> None:
    """Whoever wants none is phoned by staff instead, also about what waits to be sent."""
    lock(session, Household, household_id)
    household = session.get_one(Household, household_id)
    if household.takes_texts == wants_texts:
        return
    household.takes_texts = wants_texts
    record_audit(
        session,
        "texts_wanted" if wants_texts else "texts_stopped",
        by,
        now=now,
        commune_id=household.commune_id,
        household_id=household_id,
    )
    session.flush()
    bump_version(session, Household, household_id)
