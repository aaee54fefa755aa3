"""Bookings."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from kit_booking.database import Base, enum_text, partial_index
from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.domain.booking.standing import is_late_to_cancel
from kit_booking.domain.booking.status import AHEAD, Status
from kit_booking.domain.policy import Policy
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.slots import spans_night
from kit_booking.models.commune import Commune, Place
from kit_booking.models.household import Household
from kit_booking.models.kit import Kit

COUNTS_FOR_STANDING = text("(booking.strike_at IS NOT NULL OR booking.status = 'out')")
"""The few bookings of a household that its standing is computed from; they have an index of their own."""


def _spans_night(context: DefaultExecutionContext) -> bool:
    row = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return spans_night(Span(row["pick_up_at"], row["return_at"]))


class Booking(Base):
    """One household, one kit, one slot. A later change of the slot plan does not change it; the household or staff
    can move it to another slot or kit.

    `version` is the SEQUENCE of its calendar event, `changed_at` its LAST-MODIFIED.
    """

    __table_args__ = (
        CheckConstraint("status <> 'declined' OR reason <> ''", name="declined_has_reason"),
        CheckConstraint(
            "pick_up_at <= from_at AND from_at < until_at AND until_at <= return_at", name="times_in_order"
        ),
        Index("ix_booking_kit_id_pick_up_at", "kit_id", "pick_up_at"),
        Index("ix_booking_commune_id_status_pick_up_at", "commune_id", "status", "pick_up_at"),
        Index("ix_booking_household_id_pick_up_at", "household_id", "pick_up_at"),
        Index("ix_booking_status_pick_up_at", "status", "pick_up_at"),
        Index("ix_booking_status_answer_by_at", "status", "answer_by_at"),
        partial_index("ix_booking_undo_until_at", "undo_until_at", where="undo_until_at IS NOT NULL"),
        partial_index(
            "ix_booking_household_id_standing", "household_id", where="strike_at IS NOT NULL OR status = 'out'"
        ),
        partial_index("uq_booking_kit_id_out", "kit_id", where="status = 'out'", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    status: Mapped[Status] = mapped_column(enum_text(Status, 10, "status"))
    day: Mapped[date]
    slot_name: Mapped[str] = mapped_column(String(40))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    pick_up_at: Mapped[datetime]
    return_at: Mapped[datetime]
    is_peak: Mapped[bool] = mapped_column(default=_spans_night)
    """Whether its slot was one that many want, as the plan said when it was booked."""
    sells: Mapped[str] = mapped_column(String(120), default="")
    streams_on: Mapped[str] = mapped_column(String(120), default="")
    asked_at: Mapped[datetime]
    answer_by_at: Mapped[datetime]
    """Until when the clerk answers a request, or the household an offer; then it lapses."""
    approved_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(200), default="")
    remind_staff_at: Mapped[datetime | None]
    """When the clerk is reminded to answer; None once that was done."""
    strike_at: Mapped[datetime | None]
    """When it became a strike: not collected, or given up too late."""
    moved_at: Mapped[datetime | None]
    """When the commune last moved it; giving it up is no strike then, until the household chooses another slot."""
    chosen_at: Mapped[datetime | None]
    """When the household itself last changed it to another slot."""
    undo_until_at: Mapped[datetime | None]
    """Until when the office's last action can be undone; its texts are not sent before."""
    undo: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """What that action changed, as `services/timeline/undo.py` writes it."""
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=0)

    is_to_judge: Mapped[bool] = query_expression()
    """Whether its kit came back with a fault that nobody has judged yet; read by `services/desk/today.py` only."""

    commune: Mapped[Commune] = relationship(lazy="raise", innerjoin=True)
    place: Mapped[Place] = relationship(lazy="raise", innerjoin=True)
    kit: Mapped[Kit] = relationship(lazy="raise", innerjoin=True)
    household: Mapped[Household] = relationship(lazy="raise", innerjoin=True)

    @property
    def policy(self) -> Policy:
        """The numbers of its commune, which must be loaded."""
        return Policy.of(self.commune.policy)

    @property
    def seen(self) -> SeenBooking:
        """What a page shows of it, for the forms that act on it; its kit must be loaded."""
        return SeenBooking(self.code, self.kit.code, self.pick_up_at, self.status, self.household_id)

    def is_ahead(self, now: datetime) -> bool:
        return (self.status in AHEAD or self.status == Status.OUT) and self.return_at > now

    def is_over(self, now: datetime) -> bool:
        """Whether its time has passed: then it can only be completed."""
        return self.return_at <= now

    def can_be_undone(self, now: datetime) -> bool:
        """Whether the office's last action on it can still be taken back."""
        return self.undo_until_at is not None and now < self.undo_until_at

    def can_be_withdrawn(self, now: datetime) -> bool:
        return self.status in (Status.REQUESTED, Status.APPROVED) and now < self.pick_up_at

    def is_late_to_cancel(self, now: datetime) -> bool:
        """Whether giving it up now is a strike if its kit is there; its commune must be loaded."""
        return is_late_to_cancel(
            pick_up_at=self.pick_up_at,
            approved_at=self.approved_at,
            moved_at=self.moved_at,
            chosen_at=self.chosen_at,
            policy=self.policy,
            now=now,
        )
