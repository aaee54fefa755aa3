"""When closed time, and what calendars show of a household, last changed."""

import sqlalchemy as sa
from alembic import op

from kit_booking.clock import machine_now
from kit_booking.database import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hold", sa.Column("changed_at", UtcDateTime(), nullable=True))
    closed = sa.text(
        "UPDATE hold SET changed_at = CASE WHEN from_at < :now THEN from_at ELSE :now END "
        "WHERE booking_id IS NULL AND kept_for_id IS NULL"
    )
    op.get_bind().execute(closed.bindparams(sa.bindparam("now", machine_now(), UtcDateTime())))
    op.add_column("household", sa.Column("renamed_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("household", "renamed_at")
    op.drop_column("hold", "changed_at")
