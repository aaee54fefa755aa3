"""Finding a slot by kit code, day and key."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, select

from kit_booking.database import read
from kit_booking.domain.time.slots import Slot
from kit_booking.models import Commune, Kit
from kit_booking.services.communes.facts import CommuneFacts, KitFacts, commune_facts


class NoSuchSlot(Exception):
    """The kit has no such slot on that day."""


@dataclass(frozen=True)
class BookableSlot:
    """A slot of one day on one kit, with the facts of the commune and the kit."""

    commune: CommuneFacts
    kit: KitFacts
    slot: Slot


# Read on the read connection: uncommitted changes of a transaction must not get into the cached facts.
_version = select(Commune.id, Commune.version).join(Kit, Kit.commune_id == Commune.id)
_version_by_code = _version.where(Kit.code == bindparam("kit"))
_version_by_id = _version.where(Kit.id == bindparam("kit"))


def find_kit(kit: str | int) -> tuple[CommuneFacts, KitFacts] | None:
    """The kit of this code or id, and its commune."""
    rows = read(_version_by_code if isinstance(kit, str) else _version_by_id, {"kit": kit})
    if not rows:
        return None
    commune = commune_facts(*rows[0])
    facts = next((one for one in commune.kits if kit in (one.id, one.code)), None)
    return (commune, facts) if facts else None


def find_slot(kit_code: str, day: date, slot_key: str) -> BookableSlot:
    """Raises ``NoSuchSlot``."""
    if (facts := find_kit(kit_code)) and (slot := facts[1].timetable.slot(day, slot_key)):
        return BookableSlot(*facts, slot)
    raise NoSuchSlot
