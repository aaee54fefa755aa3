"""The audit list is searched by time, action, member of staff and booking."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_audit_entry_at": ["at"],
    "ix_audit_entry_action_at": ["action", "at"],
    "ix_audit_entry_staff_id_at": ["staff_id", "at"],
    "ix_audit_entry_booking_id": ["booking_id"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "audit_entry", columns)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "audit_entry")
