"""What was seen when a kit went out and came back."""

import sqlalchemy as sa
from alembic import op

from kit_booking.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("way = 'back' AND has_fault AND is_usable IS NULL")


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(length=4), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("saw_id", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("has_fault", sa.Boolean(), nullable=False),
        sa.Column("is_usable", sa.Boolean(), nullable=True),
        sa.CheckConstraint("way IN ('out', 'back')", name=op.f("ck_handover_way")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_handover_booking_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_handover_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
        sa.UniqueConstraint("booking_id", "way", name=op.f("uq_handover_booking_id_way")),
    )
    op.create_index(
        "ix_handover_open_question",
        "handover",
        ["booking_id"],
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_table(
        "handed_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handover_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("is_broken", sa.Boolean(), nullable=False),
        sa.CheckConstraint("count >= 0 AND expected > 0", name=op.f("ck_handed_part_counts")),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"], name=op.f("fk_handed_part_handover_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handed_part")),
    )
    op.create_index(op.f("ix_handed_part_handover_id"), "handed_part", ["handover_id"])
    op.create_table(
        "photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handover_id", sa.Integer(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"], name=op.f("fk_photo_handover_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
    )
    op.create_index(op.f("ix_photo_handover_id"), "photo", ["handover_id"])


def downgrade() -> None:
    op.drop_table("photo")
    op.drop_table("handed_part")
    op.drop_table("handover")
