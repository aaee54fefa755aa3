"""What was answered about a paper register, and what was made of it so far."""

import sqlalchemy as sa
from alembic import op

from kit_booking.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("register_file", sa.Column("answers", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("register_file", sa.Column("taken", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("register_file", sa.Column("taken_at", UtcDateTime(), nullable=True))
    # For what deleting a household asks of its history, too.
    op.drop_index("ix_audit_entry_household_id_viewed", "audit_entry")
    op.create_index("ix_audit_entry_household_id_at", "audit_entry", ["household_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_audit_entry_household_id_at", "audit_entry")
    is_view = sa.text("action = 'viewed'")
    op.create_index(
        "ix_audit_entry_household_id_viewed",
        "audit_entry",
        ["household_id", "at"],
        sqlite_where=is_view,
        postgresql_where=is_view,
    )
    for column in ("taken_at", "taken", "answers"):
        op.drop_column("register_file", column)
