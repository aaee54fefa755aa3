"""Codes of bookings, short enough to be read out over the phone."""

import secrets

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from kit_booking.domain.booking import CODE_LETTERS
from kit_booking.models import Booking
from kit_booking.statements import HotStatement

_is_used = HotStatement(select(exists().where(Booking.code == bindparam("code"))))


def new_code(session: Session, kit_code: str) -> str:
    """The commune's letters and three random ones, or more where three are used up."""
    letters = kit_code.partition("-")[0][:2]
    for length in (3, 3, 3, 4, 4, 5, 5, 5):
        code = letters + "".join(secrets.choice(CODE_LETTERS) for _ in range(length))
        [(is_used,)] = _is_used.on(session, code=code)
        if not is_used:
            return code
    raise RuntimeError(f"no free code for {letters}")
