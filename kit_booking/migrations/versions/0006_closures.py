"""Closures, from which the closed stretches of the kits' time lines follow."""

import sqlalchemy as sa
from alembic import op

from kit_booking.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "closure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("kit_id", sa.Integer(), nullable=True),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("called_off_at", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("from_at < until_at", name=op.f("ck_closure_from_before_until")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_closure_has_reason")),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_closure_commune_id")),
        sa.ForeignKeyConstraint(["kit_id"], ["kit.id"], name=op.f("fk_closure_kit_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_closure_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closure")),
    )
    op.create_index("ix_closure_commune_id_until_at", "closure", ["commune_id", "until_at"])


def downgrade() -> None:
    op.execute("DELETE FROM hold WHERE booking_id IS NULL")
    op.drop_table("closure")
