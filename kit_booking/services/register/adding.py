"""A new household: it registers itself on the web, or staff enter it for somebody who agreed aloud."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.text import search_key
from kit_booking.models import Household
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.sign_in.throttle import count_try

HOUSEHOLDS_A_NUMBER = 8
"""A day, on the web; some families share a phone, but each household has a quota of its own."""


@dataclass(frozen=True)
class Consent:
    """Which wording the household agreed to, and who heard it where it did not tick the box itself."""

    version: str
    staff_id: int | None = None
    staff_name: str = ""


@transaction
def register_household(
    session: Session,
    commune_id: int,
    consent: Consent,
    *,
    name: str,
    village: str,
    craft: str,
    phone: str,
    landline: str = "",
    now: datetime,
) -> tuple[int, bool] | None:
    """The id of the household, and whether it is new; of the same one again when it is sent twice.

    None when the number entered too many by itself: nor can whoever has an old number of others guess their name.
    The same one has the same number and name or, without a number, the same name and village of this commune.
    """
    # Whoever comes second waits here.
    key = f"register:{phone}" if phone else f"register-in:{commune_id}"
    tries = count_try(session, key, timedelta(days=1), now=now)
    if tries > HOUSEHOLDS_A_NUMBER and consent.staff_id is None:
        return None
    if phone:
        alike = select(Household.id, Household.name, Household.village).where(Household.phone == phone)
    else:
        alike = select(Household.id, Household.name, Household.village).where(
            Household.commune_id == commune_id, Household.search.startswith(search_key(name), autoescape=True)
        )
    for known in session.execute(alike.where(Household.erased_at.is_(None)).order_by(Household.id)):
        same_village = phone or search_key(known.village) == search_key(village)
        if search_key(known.name) == search_key(name) and same_village:
            return int(known.id), False
    household = Household(
        commune_id=commune_id,
        name=name,
        phone=phone,
        landline=landline,
        takes_texts=phone != "",
        village=village,
        craft=craft,
        consent_version=consent.version,
        consent_at=now,
        consent_to=consent.staff_name,
        seen_at=now,
    )
    session.add(household)
    session.flush()
    record_audit(
        session,
        "registered",
        Actor(staff_id=consent.staff_id),
        now=now,
        commune_id=commune_id,
        household_id=household.id,
        consent=consent.version,
        consent_by="spoken" if consent.staff_name else None,
    )
    return household.id, True
