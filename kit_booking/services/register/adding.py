"""New households: they register on the web, or staff enter them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kit_booking.database import transaction
from kit_booking.domain.text import name_key, search_key
from kit_booking.models import Household
from kit_booking.services.audit import Actor, record_audit
from kit_booking.services.register.households import SENT_TWICE
from kit_booking.services.sign_in.throttle import count_try

HOUSEHOLDS_A_NUMBER = 8
"""A day, on the web; some families share a phone, but each household has a quota of its own."""


@dataclass(frozen=True)
class Consent:
    """Which wording the household agreed to, and which member of staff heard it unless it ticked the box itself."""

    version: str
    staff_id: int | None = None
    staff_name: str = ""


def new_household(commune_id: int, consent: Consent, *, now: datetime, **columns: str) -> Household:
    """A household with these columns, in no session yet; it takes texts if it has a mobile."""
    return Household(
        commune_id=commune_id,
        takes_texts=columns["phone"] != "",
        consent_version=consent.version,
        consent_at=now,
        consent_to=consent.staff_name,
        seen_at=now,
        **columns,
    )


def add_households(
    session: Session,
    commune_id: int,
    households: Collection[Household],
    consent: Consent,
    consent_by: str | None,
    *,
    now: datetime,
) -> None:
    """Write new households of a commune and their audit entries; ``consent_by`` is ``spoken``, ``paper`` or None."""
    session.add_all(households)
    session.flush()
    record_audit(
        session,
        "registered",
        Actor(staff_id=consent.staff_id),
        now=now,
        commune_id=commune_id,
        household_id=[household.id for household in households],
        consent=consent.version,
        consent_by=consent_by,
    )


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
    """The id of the household, and whether it is new: sending the form twice registers it once.

    It is the same household if it has the same number and name. Without a number it is the same for a few minutes,
    if it has the same name and village of this commune. None when too many registered themselves with the number, so
    that nobody who was given somebody else's old number can find out the name by trying.
    """
    key = f"register:{phone}" if phone else f"register-in:{commune_id}"
    tries = count_try(session, key, timedelta(days=1), now=now)  # Locks the counter until the commit.
    if tries > HOUSEHOLDS_A_NUMBER and consent.staff_id is None:
        return None
    alike = select(Household.id, Household.name, Household.village).where(Household.erased_at.is_(None))
    if phone:
        alike = alike.where(Household.phone == phone)
    else:
        search = Household.search.startswith(search_key(name), autoescape=True)
        is_recent = Household.consent_at > now - SENT_TWICE
        alike = alike.where(Household.commune_id == commune_id, Household.phone == "", is_recent, search)
    for row in session.execute(alike.order_by(Household.id)):
        has_village = phone or search_key(row.village) == search_key(village)
        if name_key(row.name) == name_key(name) and has_village:
            return int(row.id), False
    names = {"name": name, "village": village, "craft": craft}
    household = new_household(commune_id, consent, **names, phone=phone, landline=landline, now=now)
    add_households(session, commune_id, [household], consent, "spoken" if consent.staff_name else None, now=now)
    return household.id, True
