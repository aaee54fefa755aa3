"""A paper register that staff uploaded, with what they answered about it and what was made of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kit_booking.database import Base


class RegisterFile(Base):
    """An uploaded paper register; it is deleted a day after it was uploaded or taken over."""

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    name: Mapped[str] = mapped_column(String(120))
    uploaded_at: Mapped[datetime] = mapped_column(index=True)
    content: Mapped[bytes]
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """How the file is to be read, and who is who, as `services/register/paper_register.py` writes it."""
    taken: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Which lines were taken over, and what was made of them; see `services/register/paper_taking.py`."""
    taken_at: Mapped[datetime | None]
    """When lines were last taken over."""
