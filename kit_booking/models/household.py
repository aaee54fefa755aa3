"""Households, the codes by which they sign in, and the counters that limit tries."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship, validates

from kit_booking.database import Base, partial_index, seen_text
from kit_booking.domain.policy import Policy
from kit_booking.domain.register.household import SEARCH_WIDTH, gets_texts, search_text
from kit_booking.models.commune import Commune
from kit_booking.models.staff import first_session_version


def _search_text(context: DefaultExecutionContext) -> str:
    """Of a new row; whoever changes a name, village or number later calls `Household.set_search`."""
    row = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return search_text(row["name"], row["village"], row["phone"], row["landline"])


class Household(Base):
    """Who borrows. It exists once in the whole system; several may share one number.

    `version` rises with every change of its bookings; `session_version` ends every sign-in when it rises.
    One that was erased stays as an empty row, because its bookings count on.
    """

    __table_args__ = (
        Index("ix_household_commune_id_search", "commune_id", "search"),
        Index("ix_household_seen_at", "seen_at"),
        partial_index("ix_household_erased_at", "erased_at", where="erased_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str] = mapped_column(String(16), index=True)
    village: Mapped[str] = mapped_column(String(80))
    craft: Mapped[str] = mapped_column(String(80))
    sells: Mapped[str] = mapped_column(String(120), default="")
    streams_on: Mapped[str] = mapped_column(String(120), default="")
    consent_version: Mapped[str] = mapped_column(String(20))
    consent_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """When it last signed in or was registered; numbers are given to other people after a while."""
    landline: Mapped[str] = mapped_column(String(16), default="")
    """Where to phone people who have no mobile; their `phone` is empty then."""
    takes_texts: Mapped[bool] = mapped_column(default=True)
    """False for those who switched messages off; they are phoned."""
    bad_number_at: Mapped[datetime | None]
    """When the network said that no text can reach its number; forgotten with the number."""
    lifted_at: Mapped[datetime | None]
    """When staff last lifted a pause."""
    search: Mapped[str] = mapped_column(String(SEARCH_WIDTH), default=_search_text)
    """Plain name, village and numbers; empty once it is erased."""
    consent_to: Mapped[str] = mapped_column(String(80), default="")
    """The member of staff who heard it agree; empty when it ticked the box itself."""
    number_key: Mapped[str | None] = mapped_column(String(64), index=True)
    """The keyed hash of its number, kept after it was erased for as long as a pause would have lasted."""
    erased_at: Mapped[datetime | None]
    """When it was erased or joined to another one."""
    renamed_at: Mapped[datetime | None]
    """When what staff's calendars show of it last changed."""
    version: Mapped[int] = mapped_column(default=1)
    session_version: Mapped[int] = mapped_column(default=first_session_version)

    offer_code: Mapped[str | None] = query_expression()
    """The code of the slot that is held for it now, until it takes or refuses it; read for who is signed in."""

    commune: Mapped[Commune] = relationship(lazy="raise", innerjoin=True)

    @property
    def policy(self) -> Policy:
        """The numbers of its commune, which must be loaded."""
        return Policy.of(self.commune.policy)

    @property
    def seen(self) -> str:
        """What a page shows of it, for the forms that act on it."""
        values = {name: getattr(self, name) for name in ("name", "village", "craft", "phone", "landline")}
        return seen_text(self, **values, texts=self.takes_texts)

    @property
    def signed_in_at(self) -> datetime | None:
        """When it last signed in; None for one that staff registered and that never did."""
        return None if self.consent_to and self.seen_at == self.consent_at else self.seen_at

    @property
    def any_phone(self) -> str:
        """The mobile, or the landline of people who have none; empty when there is neither."""
        return self.phone or self.landline

    @property
    def can_be_reached(self) -> bool:
        """False when there is no mobile number, or the network said that no text reaches it."""
        return gets_texts(self.phone, True, self.bad_number_at)

    @property
    def gets_texts(self) -> bool:
        """Login codes are tried in any case: somebody is asking for them."""
        return gets_texts(self.phone, self.takes_texts, self.bad_number_at)

    def set_search(self) -> None:
        """Write `search` after a change of the name, village or a number."""
        self.search = search_text(self.name, self.village, self.phone, self.landline)

    @validates("phone")
    def _forget_bad_number(self, _name: str, phone: str) -> str:
        if self.phone and phone != self.phone:
            self.bad_number_at = None
        return phone


class LoginCode(Base):
    """The code last sent to a number; only its keyed hash is kept."""

    __table_args__ = (CheckConstraint("tries >= 0", name="tries"),)

    phone: Mapped[str] = mapped_column(String(16), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)


class Throttle(Base):
    """How often something was tried in the window that began at `window_at`."""

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    window_at: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    count: Mapped[int] = mapped_column(default=0)
