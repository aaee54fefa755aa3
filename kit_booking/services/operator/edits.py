"""Who edits which version of a commune, and why an edit is denied."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session, selectinload

from kit_booking.database import Rollback
from kit_booking.models import Commune, Place
from kit_booking.services.audit import Actor
from kit_booking.services.settings.saving import lock_commune


class Denied(StrEnum):
    """Why nothing was changed."""

    OUTDATED = "outdated"
    """Somebody changed the commune since the form was opened."""
    CODE_TAKEN = "code_taken"
    NAME_TAKEN = "name_taken"
    USERNAME_TAKEN = "username_taken"
    LAST_OPERATOR = "last_operator"
    LAST_ROLE = "last_role"
    HAS_ROLE = "has_role"


@dataclass(frozen=True)
class Editor(Actor):
    """Who changes a commune, and on which version of it the form was filled in."""

    version: int = 0


def commune_to_edit(session: Session, commune_id: int, by: Editor) -> Commune:
    """The commune with its places and villages, locked, and with its version raised.

    If it has another version than the form was filled in on, everything is undone and the use case returns OUTDATED.
    """
    commune = lock_commune(session, commune_id, selectinload(Commune.places).selectinload(Place.villages))
    if commune.version != by.version:
        raise Rollback(Denied.OUTDATED)
    commune.version += 1
    return commune
