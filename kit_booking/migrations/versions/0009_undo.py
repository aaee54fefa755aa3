"""Undo: how the office's last action on a booking is taken back, and the time that it freed until then.

Also when a household last chose another slot itself.
"""

import sqlalchemy as sa
from alembic import op

from kit_booking.database import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CAN_BE_UNDONE = sa.text("undo_until_at IS NOT NULL")
IS_KEPT = sa.text("kept_until_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("booking", sa.Column("chosen_at", UtcDateTime(), nullable=True))
    op.add_column("booking", sa.Column("undo_until_at", UtcDateTime(), nullable=True))
    op.add_column("booking", sa.Column("undo", sa.JSON(none_as_null=True), nullable=True))
    op.create_index(
        "ix_booking_undo_until_at",
        "booking",
        ["undo_until_at"],
        sqlite_where=CAN_BE_UNDONE,
        postgresql_where=CAN_BE_UNDONE,
    )
    op.add_column("hold", sa.Column("kept_until_at", UtcDateTime(), nullable=True))
    # By SQL, because Alembic can't add a column with a foreign key on SQLite without copying the table.
    op.execute(
        "ALTER TABLE hold ADD COLUMN kept_for_id INTEGER CONSTRAINT fk_hold_kept_for_id REFERENCES booking(id)"
    )
    op.create_index("ix_hold_kept_for_id", "hold", ["kept_for_id"])
    op.create_index(
        "ix_hold_kept_until_at", "hold", ["kept_until_at"], sqlite_where=IS_KEPT, postgresql_where=IS_KEPT
    )


def downgrade() -> None:
    op.execute("DELETE FROM hold WHERE kept_until_at IS NOT NULL")
    op.drop_index("ix_hold_kept_until_at", "hold")
    op.drop_index("ix_hold_kept_for_id", "hold")
    op.drop_column("hold", "kept_for_id")
    op.drop_column("hold", "kept_until_at")
    op.drop_index("ix_booking_undo_until_at", "booking")
    op.drop_column("booking", "undo")
    op.drop_column("booking", "undo_until_at")
    op.drop_column("booking", "chosen_at")
