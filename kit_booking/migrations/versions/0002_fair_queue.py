"""The waiting list, strikes, and what the deadlines need to know."""

import sqlalchemy as sa
from alembic import op

from kit_booking.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("state IN ('waiting', 'offered')")

COUNTS_FOR_STANDING = sa.text("strike_at IS NOT NULL OR status = 'out'")


def upgrade() -> None:
    op.create_table(
        "waiting_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot_name", sa.String(length=40), nullable=False),
        sa.Column("place_ids", sa.JSON(), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.Column("put_forward_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'offered', 'served', 'passed', 'left', 'over')",
            name=op.f("ck_waiting_entry_state"),
        ),
        sa.CheckConstraint(
            "put_forward_at IS NULL OR reason <> ''", name=op.f("ck_waiting_entry_put_forward_has_reason")
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_waiting_entry_booking_id")),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_waiting_entry_commune_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_waiting_entry_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_entry")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_waiting_entry_booking_id")),
    )
    op.create_index("ix_waiting_entry_commune_id_state_day", "waiting_entry", ["commune_id", "state", "day"])
    op.create_index("ix_waiting_entry_state_until_at", "waiting_entry", ["state", "until_at"])
    op.create_index(
        "uq_waiting_entry_open",
        "waiting_entry",
        ["household_id", "commune_id", "day", "slot_name"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    for column in ("remind_staff_at", "strike_at", "moved_at"):
        op.add_column("booking", sa.Column(column, UtcDateTime(), nullable=True))
    op.create_index("ix_booking_status_answer_by_at", "booking", ["status", "answer_by_at"])
    op.create_index(
        "ix_booking_household_id_standing",
        "booking",
        ["household_id"],
        sqlite_where=COUNTS_FOR_STANDING,
        postgresql_where=COUNTS_FOR_STANDING,
    )
    op.add_column("household", sa.Column("landline", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("household", sa.Column("takes_texts", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("household", sa.Column("lifted_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    for column in ("lifted_at", "takes_texts", "landline"):
        op.drop_column("household", column)
    op.drop_index("ix_booking_household_id_standing", "booking")
    op.drop_index("ix_booking_status_answer_by_at", "booking")
    for column in ("moved_at", "strike_at", "remind_staff_at"):
        op.drop_column("booking", column)
    op.drop_table("waiting_entry")
