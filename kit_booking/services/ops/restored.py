"""After a backup was put back: nothing that the lost time gave out is taken for the present.

What was given out since the backup, such as tags of pages, sequence numbers of calendars and sign-ins, was made of
versions. They go on above every version that the lost time can have reached: each row changes less than once a
second, so a version is never higher than the seconds since an instant long ago.
"""

from datetime import UTC, datetime

from sqlalchemy import Case, and_, case, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from kit_booking.database import transaction
from kit_booking.domain.messages.delivery import MessageState
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import Booking, Closure, Commune, Hold, Household, Kit, Message, Staff
from kit_booking.models.kit import IS_CLOSED
from kit_booking.services.audit import SYSTEM, record_audit
from kit_booking.services.marks import RESTORED, set_mark_in

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@transaction
def after_restore(session: Session, *, now: datetime) -> int:
    """Raise all versions, end all sign-ins, and ask the provider about texts that may have gone out.

    Returns how many texts these are. It may be done again.
    """
    least = int((now - _LONG_AGO).total_seconds())
    for table in (Commune, Kit, Household, Booking, Closure):
        session.execute(update(table).values(version=_above(table.version, least)))
    for people in (Household, Staff):
        session.execute(update(people).values(session_version=_above(people.session_version, least)))
    session.execute(update(Booking).values(changed_at=now))
    session.execute(update(Hold).where(IS_CLOSED).values(changed_at=now))
    session.execute(update(Household).where(Household.renamed_at.is_not(None)).values(renamed_at=now))
    is_due = and_(Message.state.in_((MessageState.QUEUED, MessageState.SENDING)), Message.due_at <= now)
    session.execute(
        update(Message)
        .where(is_due, Message.kind == Kind.LOGIN_CODE)
        .values(state=MessageState.SKIPPED, settled_at=now, body="")
    )
    asked = update(Message).where(is_due).values(state=MessageState.UNKNOWN, ask_at=now).returning(Message.id)
    texts = len(session.scalars(asked).all())
    set_mark_in(session, RESTORED, now=now)
    record_audit(session, "restored", SYSTEM, now=now)
    return texts


def _above(version: InstrumentedAttribute[int], least: int) -> Case[int]:
    return case((version + 1 > least, version + 1), else_=least)
